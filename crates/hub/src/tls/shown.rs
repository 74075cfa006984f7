//! What connections are shown. It is looked after by a task of its own: an own certificate is renewed when a third of its life
//! is left or when the machine is called differently, given files are read again when they change. Connections that are
//! there keep what they were shown (TRUST-9).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use cuelight_trust::Pin;
use rcgen::SanType;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::time::sleep;
use tracing::{info, warn};

use super::authority::HubAuthority;
use super::files::{GivenFiles, Texts};
use super::{Machine, TlsError};

/// How often it is looked after, at most and at least.
const LOOKS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// Where certificates come from.
pub(crate) enum Source {
    /// The hub's own authority, for this machine.
    Own { authority: HubAuthority, life: Duration, machine: Machine },
    /// Files.
    Given(GivenFiles),
}

/// What the present certificate was made of.
#[derive(PartialEq, Eq)]
enum Basis {
    Own { names: Vec<SanType>, made_at: SystemTime },
    Given(Texts),
}

/// The certificate that new connections are shown.
pub(crate) struct Shown {
    source: Source,
    now: ArcSwap<CertifiedKey>,
    state: Mutex<(Basis, Pin)>,
}

impl Shown {
    pub(crate) fn new(source: Source) -> Result<Self, TlsError> {
        let (certified, basis, pin) = source.make(SystemTime::now())?;
        Ok(Self { source, now: ArcSwap::from_pointee(certified), state: Mutex::new((basis, pin)) })
    }

    pub(crate) fn pin(&self) -> Pin {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Looks after it for as long as the hub runs.
    pub(crate) async fn look_after(self: Arc<Self>) {
        let pause = match &self.source {
            // Often enough to renew a short-lived one in time.
            Source::Own { life, .. } => (*life / 20).clamp(LOOKS[0], LOOKS[1]),
            Source::Given(_) => LOOKS[1],
        };
        let mut complaint = None;
        loop {
            sleep(pause).await;
            match self.look(SystemTime::now()) {
                Ok(()) => complaint = None,
                Err(error) => {
                    let problem = error.to_string();
                    if complaint.as_ref() != Some(&problem) {
                        warn!("the certificate is not renewed: {problem}; the present one stays");
                    }
                    complaint = Some(problem);
                }
            }
        }
    }

    /// Renews what is due.
    fn look(&self, now: SystemTime) -> Result<(), TlsError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.source.is_due(&state.0, now)? {
            return Ok(());
        }
        let (certified, basis, pin) = self.source.make(now)?;
        self.now.store(Arc::new(certified));
        if pin == state.1 {
            info!("the certificate is renewed; connections go on");
        } else {
            warn!(authority = %pin, was = %state.1, "the given certificate is of another authority: nodes that pinned the one before refuse it");
        }
        *state = (basis, pin);
        Ok(())
    }
}

impl Source {
    fn make(&self, now: SystemTime) -> Result<(CertifiedKey, Basis, Pin), TlsError> {
        match self {
            Self::Own { authority, life, machine } => {
                let names = machine.names();
                let certified = authority.sign(&names, now, *life)?;
                Ok((certified, Basis::Own { names, made_at: now }, authority.pin()))
            }
            Self::Given(files) => {
                let texts = files.texts()?;
                let (certified, pin) = files.certified(&texts)?;
                Ok((certified, Basis::Given(texts), pin))
            }
        }
    }

    fn is_due(&self, basis: &Basis, now: SystemTime) -> Result<bool, TlsError> {
        match (self, basis) {
            (Self::Own { life, machine, .. }, Basis::Own { names, made_at }) => {
                // A clock that was set back makes a certificate of the future: it is made anew as well.
                let is_old = now.duration_since(*made_at).map_or(true, |age| age >= *life / 3 * 2);
                Ok(is_old || machine.names() != *names)
            }
            (Self::Given(files), Basis::Given(texts)) => Ok(files.texts()? != *texts),
            _ => Ok(true),
        }
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now.load_full())
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shown").field(&self.pin()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::store::DataFolder;
    use crate::tls::TlsFiles;

    /// TRUST-9
    #[test]
    fn an_own_certificate_is_renewed_when_a_third_of_its_life_is_left_and_its_authority_stays() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let machine = Machine { label: "cuelight-1".into(), bind: [127, 0, 0, 1].into(), more: Vec::new() };
        let life = Duration::from_secs(900);
        let authority = HubAuthority::load_or_create(&data).unwrap();
        let shown = Shown::new(Source::Own { authority, life, machine }).unwrap();
        let (first, pin) = (shown.now.load_full(), shown.pin());
        let began = SystemTime::now();
        shown.look(began + life / 2).unwrap();
        assert_eq!(shown.now.load_full().cert, first.cert);
        shown.look(began + life).unwrap();
        let second = shown.now.load_full();
        assert_ne!(second.cert[0], first.cert[0]);
        assert_eq!((second.cert[1].clone(), shown.pin()), (first.cert[1].clone(), pin));
        // A clock that is set back.
        shown.look(began).unwrap();
        assert_ne!(shown.now.load_full().cert[0], second.cert[0]);
    }

    /// TRUST-9
    #[test]
    fn given_files_are_read_again_when_they_change_and_damage_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = [(); 2].map(|()| rcgen::generate_simple_self_signed(vec!["hub".to_owned()]).unwrap());
        let files = TlsFiles { certificates: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
        let put = |made: &rcgen::CertifiedKey<rcgen::KeyPair>| {
            fs::write(&files.certificates, made.cert.pem()).unwrap();
            fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        };
        put(&one);
        let shown = Shown::new(Source::Given(GivenFiles::new(files.clone()))).unwrap();
        let now = SystemTime::now();
        shown.look(now).unwrap();
        assert_eq!(shown.now.load_full().cert[0], *one.cert.der());
        fs::write(&files.key, "half").unwrap();
        assert!(shown.look(now).is_err());
        assert_eq!(shown.now.load_full().cert[0], *one.cert.der());
        put(&two);
        shown.look(now).unwrap();
        assert_eq!(shown.now.load_full().cert[0], *two.cert.der());
    }
}
