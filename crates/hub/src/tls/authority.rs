//! The hub's own authority (TRUST-8): a key in the data folder that signs for this hub and nobody else.

use std::fs;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cuelight_trust::{OWN_AUTHORITY, Pin};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType, date_time_ymd,
};
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use tracing::info;

use super::TlsError;
use crate::store::DataFolder;

/// The key of the authority, readable by the owner of the folder.
const KEY_FILE: &str = "ca-key.pem";
/// Its certificate.
const CERTIFICATE_FILE: &str = "ca.pem";
/// How long the authority's own certificate is good: ten years and their leap days.
const AUTHORITY_LIFE: Duration = Duration::from_secs(3_653 * 86_400);
/// How far back a certificate begins: clocks of nodes and browsers that are behind.
const BACKDATED: Duration = Duration::from_secs(86_400);
/// 2026-01-01: a clock before it has not been set yet, and certificates must still be good when it is.
const EARLIEST: Duration = Duration::from_secs(1_767_225_600);
const REMEDY: &str =
    "restore it, or remove ca-key.pem and ca.pem: the next start makes a new authority, which every node must be told";

pub(crate) struct HubAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
    pin: Pin,
}

impl HubAuthority {
    /// The authority in the folder; the first start makes it.
    pub(crate) fn load_or_create(folder: &DataFolder) -> Result<Self, TlsError> {
        let path = folder.path().join(KEY_FILE);
        let unusable = |problem: String| TlsError::File { path: path.clone(), problem, advice: REMEDY };
        let key = match fs::read_to_string(&path) {
            Ok(text) => KeyPair::from_pem(&text).map_err(|error| unusable(error.to_string()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = KeyPair::generate().map_err(made)?;
                folder
                    .replace(KEY_FILE, key.serialize_pem().as_bytes(), 0o600, true)
                    .map_err(|error| unusable(error.to_string()))?;
                info!("a new authority for TLS is in {}; its certificate is beside it", path.display());
                key
            }
            Err(error) => return Err(unusable(error.to_string())),
        };
        Self::with_key(key, folder)
    }

    fn with_key(key: KeyPair, folder: &DataFolder) -> Result<Self, TlsError> {
        let params = params_of(&key);
        let path = folder.path().join(CERTIFICATE_FILE);
        let unusable = |problem: String| TlsError::File { path: path.clone(), problem, advice: REMEDY };
        let kept = fs::read_to_string(&path).ok();
        let pem = match kept {
            Some(pem) => pem,
            None => {
                let pem = params.self_signed(&key).map_err(made)?.pem();
                folder
                    .replace(CERTIFICATE_FILE, pem.as_bytes(), 0o644, true)
                    .map_err(|error| unusable(error.to_string()))?;
                pem
            }
        };
        let certificate =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| unusable(error.to_string()))?;
        let pin = Pin::of(&certificate).ok_or_else(|| unusable("it is no certificate".into()))?;
        // What the key has signed must be of the certificate that is shown with it.
        let own = params.self_signed(&key).map_err(made)?;
        if Pin::of(own.der()) != Some(pin) {
            return Err(unusable(format!("it is of another key than {KEY_FILE}")));
        }
        Ok(Self { issuer: Issuer::new(params, key), certificate, pem, pin })
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }
    pub(crate) const fn pin(&self) -> Pin {
        self.pin
    }

    /// A certificate with a new key, good for `life` from `now` on.
    pub(crate) fn sign(&self, names: &[SanType], now: SystemTime, life: Duration) -> Result<CertifiedKey, TlsError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Cuelight hub");
        params.subject_alt_names = names.to_vec();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let from = since_epoch(now);
        params.not_before = date_time_ymd(1970, 1, 1) + (from - BACKDATED);
        params.not_after = date_time_ymd(1970, 1, 1) + (from + life);
        let key = KeyPair::generate().map_err(made)?;
        let leaf = params.signed_by(&key, &self.issuer).map_err(made)?;
        let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signer = any_ecdsa_type(&der).map_err(|error| TlsError::Make(error.to_string()))?;
        Ok(CertifiedKey::new(vec![leaf.der().clone(), self.certificate.clone()], signer))
    }
}

impl std::fmt::Debug for HubAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HubAuthority").field(&self.pin).finish()
    }
}

/// What the certificate of a key says. Its name has a part of the key, so that two hubs' are told apart in lists.
fn params_of(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    let part: String = key.public_key_raw().iter().skip(1).take(4).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name.push(DnType::CommonName, format!("{OWN_AUTHORITY} {part}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let from = since_epoch(SystemTime::now());
    params.not_before = date_time_ymd(1970, 1, 1) + (from - BACKDATED);
    params.not_after = date_time_ymd(1970, 1, 1) + (from + AUTHORITY_LIFE);
    params
}

/// The wall clock, if it has been set.
fn since_epoch(now: SystemTime) -> Duration {
    now.duration_since(UNIX_EPOCH).unwrap_or_default().max(EARLIEST)
}

fn made(error: rcgen::Error) -> TlsError {
    TlsError::Make(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// TRUST-8
    #[test]
    fn the_authority_is_made_once_and_only_its_owner_reads_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let authority = HubAuthority::load_or_create(&data).unwrap();
        let again = HubAuthority::load_or_create(&data).unwrap();
        assert_eq!((authority.pin(), authority.pem()), (again.pin(), again.pem()));
        let mode = fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // A lost certificate is made again, of the same key.
        fs::remove_file(folder.path().join(CERTIFICATE_FILE)).unwrap();
        assert_eq!(HubAuthority::load_or_create(&data).unwrap().pin(), authority.pin());
    }

    #[test]
    fn a_certificate_of_another_key_is_refused_with_what_to_do() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let data = DataFolder::open(folder.path()).unwrap();
        HubAuthority::load_or_create(&data).unwrap();
        let foreign = HubAuthority::load_or_create(&DataFolder::open(other.path()).unwrap()).unwrap();
        fs::write(folder.path().join(CERTIFICATE_FILE), foreign.pem()).unwrap();
        let refusal = HubAuthority::load_or_create(&data).unwrap_err().to_string();
        assert!(refusal.contains("another key") && refusal.contains("remove"), "{refusal}");
    }
}
