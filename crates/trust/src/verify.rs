//! Whether what a hub shows is of an authority that is believed.
//!
//! Promises: the authority is known by its public key alone, so renewed certificates pass (TRUST-2). A hub's own authority
//! signs for that hub and nobody else, so its certificates are good whatever address leads there; those of any other must
//! name the host (TRUST-4). A clock that is behind, as after a power cut on a machine without a battery, keeps nobody
//! out (TRUST-5).

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::pin::Pin;
use crate::trust::{Believed, Outcome, PROVIDER};

/// How the name of every hub's own authority begins. A certificate carries its issuer's name signed by the issuer, so
/// nobody can give it to certificates of an authority that has another.
pub const OWN_AUTHORITY: &str = "Cuelight hub CA";

/// Why a hub is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Another authority (TRUST-1).
    #[error("it shows the authority {seen}, but the one {origin} is {wanted}; {advice}")]
    OtherAuthority {
        /// The one it shows.
        seen: String,
        /// The one that is believed.
        wanted: Pin,
        /// Where that comes from.
        origin: String,
        /// What to do.
        advice: String,
    },
    /// A certificate that the authority did not make, or not for this hub, or that is over.
    #[error("its certificate does not hold: {0}")]
    Certificate(String),
}

#[derive(Debug)]
pub(crate) struct Verifier {
    pub(crate) believed: Believed,
    pub(crate) outcome: Outcome,
}

impl std::fmt::Debug for Believed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Believed").field("pins", &self.pins).field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Verifier {
    /// The authority of a chain that is to be believed.
    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<Pin, Refused> {
        let unreadable = || Refused::Certificate("it cannot be read".into());
        let own = Pin::of(leaf).ok_or_else(unreadable)?;
        let top = chain.last().map_or(Some(own), Pin::of).ok_or_else(unreadable)?;
        let is_wanted = |pin: &Pin| match self.believed.pins.as_slice() {
            [] => *pin == top,
            pins => pins.contains(pin),
        };
        // The handshake proves that the hub has this key.
        if is_wanted(&own) {
            return Ok(own);
        }
        let candidates = chain.iter().chain(&self.believed.certificates);
        let mut problem = None;
        for anchor in candidates {
            let Some(pin) = Pin::of(anchor).filter(is_wanted) else { continue };
            match is_signed(leaf, chain, anchor, name, now) {
                Ok(()) => return Ok(pin),
                Err(error) => problem = Some(Refused::Certificate(told(&error))),
            }
        }
        Err(problem.unwrap_or_else(|| Refused::OtherAuthority {
            seen: top.to_string(),
            wanted: *self.believed.pins.first().unwrap_or(&top),
            origin: self.believed.origin.clone(),
            advice: self.believed.advice.clone(),
        }))
    }
}

/// Whether `anchor` has signed for the hub, itself or through others.
fn is_signed(
    leaf: &CertificateDer<'_>,
    chain: &[CertificateDer<'_>],
    anchor: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    let mut roots = RootCertStore::empty();
    roots.add(anchor.clone().into_owned())?;
    let subject = roots.roots.first().map_or(&[][..], |root| root.subject.as_ref());
    let is_hubs_own = subject.windows(OWN_AUTHORITY.len()).any(|part| part == OWN_AUTHORITY.as_bytes());
    let leaf = ParsedCertificate::try_from(leaf)?;
    let between = if is_hubs_own { &[] } else { chain };
    let algorithms = PROVIDER.signature_verification_algorithms.all;
    let holds_at = |at| verify_server_cert_signed_by_trust_anchor(&leaf, &roots, between, at, algorithms);
    match holds_at(now) {
        Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. })) => {
            holds_at(not_before)?;
        }
        other => other?,
    }
    if is_hubs_own { Ok(()) } else { verify_server_name(&leaf, name) }
}

fn told(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "it is over; set the clocks of both machines, or renew it".into()
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "it is for another name; call the hub by the name it was made for".into(),
        Error::InvalidCertificate(reason) => reason.to_string(),
        other => other.to_string(),
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = self.judge(leaf, chain, name, now);
        self.outcome.set(judged.clone());
        match judged {
            Ok(_) => Ok(ServerCertVerified::assertion()),
            Err(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signed, &PROVIDER.signature_verification_algorithms)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &PROVIDER.signature_verification_algorithms)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        PROVIDER.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};

    use super::*;

    struct Ca {
        issuer: Issuer<'static, KeyPair>,
        certificate: CertificateDer<'static>,
    }

    fn ca(name: &str) -> Ca {
        ca_with(name, KeyPair::generate().unwrap())
    }
    fn ca_with(name: &str, key: KeyPair) -> Ca {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Ca { issuer: Issuer::new(params, key), certificate }
    }
    impl Ca {
        fn pin(&self) -> Pin {
            Pin::of(&self.certificate).unwrap()
        }
        /// For `hub.local`, from 2026 to 2027.
        fn leaf(&self) -> CertificateDer<'static> {
            let mut params = CertificateParams::new(vec!["hub.local".to_owned()]).unwrap();
            params.not_before = date_time_ymd(2026, 1, 1);
            params.not_after = date_time_ymd(2027, 1, 1);
            let key = KeyPair::generate().unwrap();
            params.signed_by(&key, &self.issuer).unwrap().der().clone()
        }
    }

    /// In the midst of 2026.
    fn summer() -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(1_782_000_000))
    }

    fn judge_at(pins: &[Pin], chain: &[CertificateDer<'_>], name: &str, now: UnixTime) -> Result<Pin, Refused> {
        let believed = Believed {
            pins: pins.to_vec(),
            certificates: Vec::new(),
            origin: "kept in FILE".into(),
            advice: "remove FILE".into(),
        };
        let verifier = Verifier { believed, outcome: Outcome::default() };
        verifier.judge(&chain[0], &chain[1..], &ServerName::try_from(name).unwrap(), now)
    }
    fn judge(pins: &[Pin], chain: &[CertificateDer<'_>], name: &str) -> Result<Pin, Refused> {
        judge_at(pins, chain, name, summer())
    }

    /// TRUST-2, TRUST-4
    #[test]
    fn every_leaf_of_a_hubs_own_authority_passes_whatever_the_address() {
        let hub = ca("Cuelight hub CA 0a1b2c3d");
        for name in ["hub.local", "192.168.4.1", "other.example"] {
            for _renewed in 0..2 {
                assert_eq!(judge(&[hub.pin()], &[hub.leaf(), hub.certificate.clone()], name), Ok(hub.pin()), "{name}");
            }
        }
    }

    /// TRUST-1
    #[test]
    fn another_authority_is_refused_with_both_fingerprints_and_what_to_do() {
        let (hub, other) = (ca("Cuelight hub CA 1"), ca("Cuelight hub CA 1"));
        let refused = judge(&[hub.pin()], &[other.leaf(), other.certificate.clone()], "hub.local").unwrap_err();
        let text = refused.to_string();
        for part in [&hub.pin().to_string(), &other.pin().to_string(), "kept in FILE", "remove FILE"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        // Showing the right authority's certificate does not help whoever lacks its key.
        for chain in [
            vec![other.leaf(), hub.certificate.clone()],
            vec![other.leaf(), other.certificate, hub.certificate.clone()],
        ] {
            assert!(matches!(judge(&[hub.pin()], &chain, "hub.local"), Err(Refused::Certificate(_))));
        }
    }

    /// TRUST-3
    #[test]
    fn where_nobody_is_known_the_first_is_believed_if_its_certificates_fit_together() {
        let (hub, other) = (ca("Cuelight hub CA 1"), ca("Cuelight hub CA 2"));
        assert_eq!(judge(&[], &[hub.leaf(), hub.certificate.clone()], "hub.local"), Ok(hub.pin()));
        assert!(judge(&[], &[other.leaf(), hub.certificate.clone()], "hub.local").is_err());
        let alone = hub.leaf();
        assert_eq!(judge(&[], std::slice::from_ref(&alone), "hub.local"), Ok(Pin::of(&alone).unwrap()));
    }

    /// TRUST-4
    #[test]
    fn any_other_authority_must_have_signed_for_the_name_of_the_host() {
        let house = ca("A house of many servers");
        let chain = [house.leaf(), house.certificate.clone()];
        assert_eq!(judge(&[house.pin()], &chain, "hub.local"), Ok(house.pin()));
        let refused = judge(&[house.pin()], &chain, "mail.local").unwrap_err().to_string();
        assert!(refused.contains("another name"), "{refused}");
        // A certificate that gives the house's key the name of a hub's own authority is no way around.
        let key = KeyPair::from_pem(&house.issuer.key().serialize_pem()).unwrap();
        let named = ca_with("Cuelight hub CA 1", key);
        assert!(judge(&[house.pin()], &[house.leaf(), named.certificate], "mail.local").is_err());
    }

    /// TRUST-5
    #[test]
    fn a_clock_that_is_behind_keeps_nobody_out_and_one_that_is_ahead_is_told() {
        let hub = ca("Cuelight hub CA 1");
        let chain = [hub.leaf(), hub.certificate.clone()];
        let at = |s| judge_at(&[hub.pin()], &chain, "hub.local", UnixTime::since_unix_epoch(Duration::from_secs(s)));
        assert_eq!(at(0), Ok(hub.pin()));
        let refused = at(2_000_000_000).unwrap_err().to_string();
        assert!(refused.contains("clocks"), "{refused}");
    }
}
