//! Why a store does not do what it was asked.

use std::io;
use std::path::{Path, PathBuf};

use cuelight_wire::tlv::Name;
use thiserror::Error;

/// Why a folder of patterns cannot be used.
#[derive(Debug, Error)]
pub enum OpenError {
    /// It cannot be made, read or written.
    #[error(
        "the folder of patterns {folder} cannot be used: {source}; choose another data folder, or change its owner"
    )]
    Unwritable {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it.
    #[error("another process already uses the folder of patterns {folder}; give each its own data folder")]
    InUse {
        /// Which.
        folder: PathBuf,
    },
}

impl OpenError {
    pub(super) fn unwritable(folder: &Path, source: io::Error) -> Self {
        Self::Unwritable { folder: folder.to_owned(), source }
    }
}

/// What is wrong with a stored pattern.
#[derive(Debug, Error)]
pub enum Damage {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// It has another length.
    #[error("it has {found} bytes instead of {expected}")]
    Size {
        /// What it had.
        expected: u32,
        /// What it has.
        found: u64,
    },
    /// Its bytes are others.
    #[error("its bytes are not those its name says")]
    Bytes,
}

/// Why a store did not do something.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no such pattern.
    #[error("there is no pattern {0}")]
    NotFound(Name),
    /// There is no room for it.
    #[error("the store is full")]
    Full,
    /// It was damaged and is set aside.
    #[error("the pattern {name} is damaged and is set aside: {damage}")]
    Damaged {
        /// Which.
        name: Name,
        /// How.
        damage: Damage,
    },
    /// An upload without a byte.
    #[error("a pattern has at least one byte")]
    Empty,
    /// The disk refuses.
    #[error("the disk refuses: {0}")]
    Disk(io::Error),
}

impl StoreError {
    /// Whether there is no room, by the store's own limits or on the disk.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Full => true,
            Self::Disk(error) => matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
            ),
            Self::NotFound(_) | Self::Damaged { .. } | Self::Empty => false,
        }
    }
}
