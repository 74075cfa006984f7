//! An authority as people give it: `sha256:HEX`, or a file with certificates (PEM).

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use thiserror::Error;

use crate::pin::Pin;

/// Certificates in one file, at most: an authority, its successor, and what large houses have between.
const MAX_CERTIFICATES: usize = 16;
/// Bytes of such a file, at most.
const MAX_FILE: u64 = 256 * 1024;

/// One or several authorities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    text: String,
    pub(crate) pins: Vec<Pin>,
    /// Those of the file: a hub need not send them.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
}

/// The text names no authority.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadAuthority {
    /// Something that begins like a fingerprint.
    #[error("\"{0}\" is no fingerprint: expected sha256: and 64 hex digits")]
    Pin(String),
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {problem}; expected a file with certificates (PEM) or sha256:HEX")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The file has no certificates, or something that is none.
    #[error("{0} holds no certificate (PEM): the hub gives its own at /ca.pem")]
    NoCertificate(PathBuf),
}

impl Authority {
    /// Its fingerprints, at least one.
    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }
    /// The authority of a certificate file's text.
    pub fn of_pem(text: &[u8]) -> Option<Self> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).take(MAX_CERTIFICATES).collect();
        let certificates = read.ok().filter(|certificates| !certificates.is_empty())?;
        let pins: Option<Vec<_>> = certificates.iter().map(Pin::of).collect();
        let pins = pins?;
        Some(Self { text: pins[0].to_string(), pins, certificates })
    }
}

impl From<Pin> for Authority {
    fn from(pin: Pin) -> Self {
        Self { text: pin.to_string(), pins: vec![pin], certificates: Vec::new() }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Authority {
    type Err = BadAuthority;
    fn from_str(text: &str) -> Result<Self, BadAuthority> {
        if text.starts_with("sha256:") {
            return text.parse().map(Pin::into).map_err(|_| BadAuthority::Pin(text.to_owned()));
        }
        let path = PathBuf::from(text);
        let unread = |problem: String| BadAuthority::File { path: path.clone(), problem };
        let length = fs::metadata(&path).map_err(|error| unread(error.to_string()))?.len();
        if length > MAX_FILE {
            return Err(unread(format!("it has {length} bytes, at most {MAX_FILE} are read")));
        }
        let pem = fs::read(&path).map_err(|error| unread(error.to_string()))?;
        let authority = Self::of_pem(&pem).ok_or_else(|| BadAuthority::NoCertificate(path.clone()))?;
        Ok(Self { text: text.to_owned(), ..authority })
    }
}

impl From<Pin> for String {
    fn from(pin: Pin) -> Self {
        pin.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_a_fingerprint_or_a_file_of_certificates() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let made = rcgen::generate_simple_self_signed(vec!["hub".to_owned()]).unwrap();
        fs::write(&file, made.cert.pem()).unwrap();
        let of_file: Authority = file.to_str().unwrap().parse().unwrap();
        assert_eq!(of_file.pins(), [Pin::of(made.cert.der()).unwrap()]);
        let of_text: Authority = of_file.pins()[0].to_string().parse().unwrap();
        assert_eq!((of_text.pins(), of_text.certificates.len()), (of_file.pins(), 0));
    }

    #[test]
    fn what_names_no_authority_is_told_with_what_to_give() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let message = |text: &str| text.parse::<Authority>().unwrap_err().to_string();
        assert!(message("sha256:12").contains("64 hex digits"));
        assert!(message(file.to_str().unwrap()).contains("cannot be read"));
        for text in ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            fs::write(&file, text).unwrap();
            assert!(message(file.to_str().unwrap()).contains("/ca.pem"), "{text}");
        }
    }
}
