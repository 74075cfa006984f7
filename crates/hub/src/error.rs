//! Why a hub does not start, or does not end well: what went wrong, where, and what to do.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use cuelight_output::record::RecordError;
use cuelight_pattern::store::OpenError;
use thiserror::Error;

use crate::access_point::AccessPointError;
use crate::database::OpenError as OpenDatabaseError;
use crate::images::OpenError as OpenImagesError;
use crate::pairing::BadKeys;
use crate::store::FolderError;
use crate::tls::TlsError;

/// Why a hub does not start.
#[derive(Debug, Error)]
pub enum HubError {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A database of the data folder.
    #[error(transparent)]
    Database(#[from] OpenDatabaseError),
    /// The access point.
    #[error(transparent)]
    AccessPoint(#[from] AccessPointError),
    /// Certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Keys that were given.
    #[error(transparent)]
    AdmitKeys(#[from] BadKeys),
    /// The folder of patterns.
    #[error(transparent)]
    Patterns(#[from] OpenError),
    /// The folder of images.
    #[error(transparent)]
    Images(#[from] OpenImagesError),
    /// A port is taken or not allowed.
    #[error("{what} {at} cannot be opened: {source}; {advice}")]
    Port {
        /// What it is for.
        what: &'static str,
        /// Which address.
        at: SocketAddr,
        /// Why.
        source: io::Error,
        /// What to do.
        advice: String,
    },
    /// The operator key cannot be read or made.
    #[error("the operator key in {folder} cannot be used: {source}")]
    Key {
        /// Where.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The record file.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Something the system should always give.
    #[error("the system refuses {what}: {source}")]
    System {
        /// What.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A thread of the hub failed while it ran; the log says how.
    #[error("the {0} thread failed; its message is in the log. Start the hub again: it goes on with the saved show")]
    Failed(&'static str),
}

impl HubError {
    /// Wraps what the system said to a request for `what`.
    pub(crate) fn system(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}
