//! What one machine believes of hubs. Cheap to clone: all its connections share it, and what was learned by one holds for
//! all.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;

use crate::authority::Authority;
use crate::pin::Pin;
use crate::verify::{Refused, Verifier};

/// The cryptography of every connection.
pub(crate) static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(ring::default_provider()));

/// Which authorities this machine believes. Where it knows none yet it believes the first it meets (TRUST-3); who then
/// keeps it says so with [`Trust::keep`].
#[derive(Clone, Default)]
pub struct Trust {
    believed: Arc<RwLock<Believed>>,
    met: Arc<Mutex<Option<Pin>>>,
}

/// What is believed, and what to do where a hub shows something else.
#[derive(Clone, Default)]
pub(crate) struct Believed {
    /// Empty: the first that comes.
    pub(crate) pins: Vec<Pin>,
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    /// Where that comes from.
    pub(crate) origin: String,
    /// What to do.
    pub(crate) advice: String,
}

impl Trust {
    /// Nobody is known yet.
    pub fn nobody_yet() -> Self {
        Self::default()
    }
    /// These authorities and no other. `origin` says where that comes from ("kept in FILE", "given with --hub-ca"), `advice`
    /// what to do when a hub shows another.
    pub fn pinned(authority: &Authority, origin: impl Into<String>, advice: impl Into<String>) -> Self {
        let trust = Self::default();
        trust.keep(authority, origin, advice);
        trust
    }
    /// From now on these and no other, as for [`Trust::pinned`].
    pub fn keep(&self, authority: &Authority, origin: impl Into<String>, advice: impl Into<String>) {
        // Nothing that panics is done under the lock.
        *self.believed.write().unwrap_or_else(PoisonError::into_inner) = Believed {
            pins: authority.pins.clone(),
            certificates: authority.certificates.clone(),
            origin: origin.into(),
            advice: advice.into(),
        };
    }
    /// The fingerprints it believes; none where it believes the first that comes.
    pub fn pins(&self) -> Vec<Pin> {
        self.believed().pins
    }
    /// The authority that the newest handshake was believed for.
    pub fn met(&self) -> Option<Pin> {
        *self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub(crate) fn believed(&self) -> Believed {
        self.believed.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// The client's side of one TLS connection.
    pub fn begin(&self) -> Attempt {
        let outcome = Outcome { found: Arc::default(), met: self.met.clone() };
        let verifier = Verifier { believed: self.believed(), outcome: outcome.clone() };
        let builder = ClientConfig::builder_with_provider(PROVIDER.clone())
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for both versions");
        let mut config = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
        // A resumed session shows no certificate, so nothing could be compared with what is believed.
        config.resumption = Resumption::disabled();
        Attempt { config: Arc::new(config), outcome }
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trust").field(&self.pins()).finish()
    }
}

/// What the verifier found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    found: Arc<Mutex<Option<Result<Pin, Refused>>>>,
    met: Arc<Mutex<Option<Pin>>>,
}

impl Outcome {
    pub(crate) fn set(&self, found: Result<Pin, Refused>) {
        if let Ok(pin) = &found {
            *self.met.lock().unwrap_or_else(PoisonError::into_inner) = Some(*pin);
        }
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
    }
    fn get(&self) -> Option<Result<Pin, Refused>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One connection being made.
#[derive(Debug)]
pub struct Attempt {
    config: Arc<ClientConfig>,
    outcome: Outcome,
}

impl Attempt {
    /// What the TLS library is given.
    pub fn config(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }
    /// The authority that the handshake, which is over, was believed for.
    pub fn authority(&self) -> Option<Pin> {
        self.outcome.get()?.ok()
    }
    /// Why what the hub showed was refused, if that is why the handshake failed.
    pub fn refused(&self) -> Option<Refused> {
        self.outcome.get()?.err()
    }
}
