//! Why a client does not get what it asked for.

use std::io;
use std::time::Duration;

use cuelight_wire::tlv::{ErrorCode, OlderError, WriteError};
use thiserror::Error;

/// Why a client does not get what it asked for.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Nobody is there.
    #[error("no connection to {address}: {source}; is a hub or node running there?")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The other side is not believed, or speaks no TLS.
    #[error("no TLS with {address}: {problem}")]
    NoTls {
        /// Where.
        address: String,
        /// Why.
        problem: String,
    },
    /// Nobody answers.
    #[error("no answer from {address} within {limit:?}")]
    Silent {
        /// Where.
        address: String,
        /// How long.
        limit: Duration,
    },
    /// Somebody is there who is no pattern store, or who does not let this client in.
    #[error("{address} does not take patterns: {problem}")]
    NoStore {
        /// Where.
        address: String,
        /// What it said instead.
        problem: String,
    },
    /// The connection broke off.
    #[error("the connection to {address} broke off: {problem}")]
    Broken {
        /// Where.
        address: String,
        /// How.
        problem: String,
    },
    /// The store says no.
    #[error("the store refuses: {code}{}{text}", if text.is_empty() { "" } else { ": " })]
    Refused {
        /// What kind.
        code: ErrorCode,
        /// In its words.
        text: String,
    },
    /// An older device says no.
    #[error("the device refuses: {0}")]
    RefusedByOlder(OlderError),
    /// The store answers something else than was asked.
    #[error("{address} answers what is no answer: {problem}")]
    Nonsense {
        /// Where.
        address: String,
        /// What.
        problem: String,
    },
    /// The request cannot be said.
    #[error("{0}")]
    Request(&'static str),
}

impl ClientError {
    /// Whether the same might succeed later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Silent { .. } | Self::Broken { .. } => true,
            Self::Refused { code, .. } => *code == ErrorCode::MaxClientsReached,
            // What a transmission spoiled.
            Self::RefusedByOlder(error) => matches!(error, OlderError::Frame | OlderError::Crc),
            Self::NoTls { .. } | Self::NoStore { .. } | Self::Nonsense { .. } | Self::Request(_) => false,
        }
    }
}

impl From<WriteError> for ClientError {
    fn from(error: WriteError) -> Self {
        Self::Request(match error {
            WriteError::Truncated => "the name is too long, or a chunk does not fit into a frame",
            WriteError::NotInDialect => "the plain dialect cannot say this",
        })
    }
}
