//! Certificates that were given: read at the start, and again when they change, as programs that renew them do.

use std::fs;
use std::path::{Path, PathBuf};

use cuelight_trust::Pin;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::{TlsError, TlsFiles};

/// Certificates of one chain, at most.
const MAX_CHAIN: usize = 16;
const REMEDY: &str = "correct --tls-cert and --tls-key, or leave both out: the hub then is its own authority";

#[derive(Debug)]
pub(crate) struct GivenFiles {
    files: TlsFiles,
}

/// What the files hold.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Texts {
    certificates: Vec<u8>,
    key: Vec<u8>,
}

impl GivenFiles {
    pub(crate) const fn new(files: TlsFiles) -> Self {
        Self { files }
    }
    /// What they hold now.
    pub(crate) fn texts(&self) -> Result<Texts, TlsError> {
        let read = |path: &Path| fs::read(path).map_err(|error| unusable(path, error.to_string()));
        Ok(Texts { certificates: read(&self.files.certificates)?, key: read(&self.files.key)? })
    }
    /// The chain and its key, and the fingerprint of the last certificate: what nodes pin.
    pub(crate) fn certified(&self, texts: &Texts) -> Result<(CertifiedKey, Pin), TlsError> {
        let TlsFiles { certificates, key } = &self.files;
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&texts.certificates).take(MAX_CHAIN).collect();
        let chain = read.map_err(|error| unusable(certificates, error.to_string()))?;
        let last = chain.last().ok_or_else(|| unusable(certificates, "it holds no certificate (PEM)".into()))?;
        let pin = Pin::of(last).ok_or_else(|| unusable(certificates, "its last certificate cannot be read".into()))?;
        let der = PrivateKeyDer::from_pem_slice(&texts.key).map_err(|error| unusable(key, error.to_string()))?;
        let signer = any_supported_type(&der).map_err(|error| unusable(key, error.to_string()))?;
        let certified = CertifiedKey::new(chain, signer);
        certified
            .keys_match()
            .map_err(|_| unusable(key, format!("it is not the key of {}", certificates.display())))?;
        Ok((certified, pin))
    }
}

fn unusable(path: &Path, problem: String) -> TlsError {
    TlsError::File { path: PathBuf::from(path), problem, advice: REMEDY }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_do_not_belong_together_or_hold_something_else_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = [(); 2].map(|()| rcgen::generate_simple_self_signed(vec!["hub".to_owned()]).unwrap());
        let at = |name: &str| folder.path().join(name);
        let given = GivenFiles::new(TlsFiles { certificates: at("cert.pem"), key: at("key.pem") });
        let outcome = || given.texts().and_then(|texts| given.certified(&texts));
        let refusal = || outcome().unwrap_err().to_string();
        assert!(refusal().contains("cert.pem") && refusal().contains("--tls-cert"));
        fs::write(at("cert.pem"), one.cert.pem()).unwrap();
        fs::write(at("key.pem"), "none").unwrap();
        assert!(refusal().contains("key.pem"));
        fs::write(at("key.pem"), two.signing_key.serialize_pem()).unwrap();
        assert!(refusal().contains("not the key of"), "{}", refusal());
        fs::write(at("key.pem"), one.signing_key.serialize_pem()).unwrap();
        assert_eq!(outcome().unwrap().1, Pin::of(one.cert.der()).unwrap());
        fs::write(at("cert.pem"), "").unwrap();
        assert!(refusal().contains("no certificate"), "{}", refusal());
    }
}
