//! TLS of the hub: whose certificates it shows, and that they never run out (`docs/protocol/15-trust.md`).
//!
//! | module | idea |
//! |---|---|
//! | `authority` | the hub's own authority, made at the first start, and the certificates it signs for this machine |
//! | `names` | by which names and addresses this machine is called |
//! | `files` | certificates that were given |
//! | `shown` | what connections are shown now; renewed without touching those that are there |

mod authority;
mod files;
mod names;
mod shown;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cuelight_trust::Pin;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::NoServerSessionStorage;
use thiserror::Error;

use crate::store::DataFolder;
use authority::HubAuthority;
use files::GivenFiles;
pub(crate) use shown::Shown;

/// How long a certificate of the hub's own authority is good.
const LEAF_LIFE: Duration = Duration::from_secs(90 * 86_400);

/// How the hub shows who it is.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// Certificate chain and key (PEM) that were given; without them the hub is its own authority.
    pub files: Option<TlsFiles>,
    /// How long a certificate of its own authority is good. Renewed when a third of it is left.
    pub leaf_life: Duration,
}

/// Two files with PEM text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The hub's certificate and those that lead to its authority.
    pub certificates: PathBuf,
    /// The key of the first.
    pub key: PathBuf,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self { files: None, leaf_life: LEAF_LIFE }
    }
}

/// Why the hub cannot speak TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file of its own authority, or a given one.
    #[error("{path} cannot be used for TLS: {problem}; {advice}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: &'static str,
    },
    /// A certificate cannot be made.
    #[error("no certificate can be made for this machine: {0}; give one with --tls-cert and --tls-key")]
    Make(String),
}

/// Who the hub is to those that speak TLS with it.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    shown: Arc<Shown>,
    config: Arc<ServerConfig>,
    /// The certificate of its own authority (PEM); none where certificates were given.
    authority_pem: Option<Arc<str>>,
}

impl Tls {
    pub(crate) fn open(settings: &TlsSettings, folder: &DataFolder, machine: Machine) -> Result<Self, TlsError> {
        let (source, authority_pem) = match &settings.files {
            Some(files) => (shown::Source::Given(GivenFiles::new(files.clone())), None),
            None => {
                let authority = HubAuthority::load_or_create(folder)?;
                let pem = Arc::from(authority.pem());
                (shown::Source::Own { authority, life: settings.leaf_life, machine }, Some(pem))
            }
        };
        let shown = Arc::new(Shown::new(source)?);
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Make(error.to_string()))?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(shown.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Nodes connect rarely and compare the certificate each time; a store of sessions would only take memory.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { shown, config: Arc::new(config), authority_pem })
    }

    /// What the TLS library is given.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }
    /// The fingerprint by which nodes know the hub.
    pub(crate) fn pin(&self) -> Pin {
        self.shown.pin()
    }
    /// The certificate of the hub's own authority (PEM).
    pub(crate) fn authority_pem(&self) -> Option<&str> {
        self.authority_pem.as_deref()
    }
    /// What is shown, to look after it.
    pub(crate) fn shown(&self) -> Arc<Shown> {
        self.shown.clone()
    }
}

/// The machine a certificate is for.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// The label of the name the hub has in mDNS.
    pub(crate) label: String,
    /// The address it listens on.
    pub(crate) bind: IpAddr,
    /// Further addresses it will have, as an access point.
    pub(crate) more: Vec<IpAddr>,
}
