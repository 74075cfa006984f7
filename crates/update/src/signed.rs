//! A text and its signatures.
//!
//! What is signed travels as the very text that was signed, inside a string, so that no two readers can disagree on its
//! bytes. Each signature is over `cuelight PURPOSE v1`, a line feed, and that text: a signature for one purpose is worth
//! nothing for another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::key::{KeyId, SecretKey};
use crate::trust::Trust;

/// The longest document that is looked at, bytes.
pub const MAX_LEN: usize = 64 * 1024;
/// Signatures of one document, at most.
pub const MAX_SIGNATURES: usize = 8;

/// What a text is signed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A manifest: an image may be installed.
    Image,
    /// A list of keys that replaces the one before.
    Keys,
}

impl Purpose {
    fn message(self, text: &str) -> Vec<u8> {
        let word = match self {
            Self::Image => "image",
            Self::Keys => "keys",
        };
        format!("cuelight {word} v1\n{text}").into_bytes()
    }
}

/// Why a signed document is not believed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotSigned {
    /// Not even looked at.
    #[error("the signed document has {0} bytes; at most {MAX_LEN} are read")]
    TooLong(usize),
    /// Not of the form.
    #[error("the signed document cannot be read: {0}")]
    Malformed(String),
    /// Too many signatures to check.
    #[error("the document has {0} signatures; at most {MAX_SIGNATURES} are checked")]
    TooMany(usize),
    /// Not enough of the signatures are of keys this node trusts, and right.
    #[error("the document is signed by {valid} of the {needed} trusted keys it needs (trusted: {trusted:?})")]
    Untrusted {
        /// Trusted keys that have signed it.
        valid: usize,
        /// How many must.
        needed: usize,
        /// The keys that are trusted.
        trusted: Vec<KeyId>,
    },
}

/// A text and its signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    signed: String,
    signatures: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// The signer's [`KeyId`]: for people; every trusted key is tried.
    key: String,
    /// 64 bytes in base64.
    signature: String,
}

impl Signed {
    /// A text that nobody has signed yet.
    pub fn new(text: String) -> Self {
        Self { signed: text, signatures: Vec::new() }
    }

    /// Reads a document of at most [`MAX_LEN`] bytes. Its signatures are not checked yet.
    ///
    /// # Errors
    /// When it is too long, is no such document, or has too many signatures.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotSigned> {
        if bytes.len() > MAX_LEN {
            return Err(NotSigned::TooLong(bytes.len()));
        }
        let document: Self = serde_json::from_slice(bytes).map_err(|error| NotSigned::Malformed(error.to_string()))?;
        match document.signatures.len() {
            0..=MAX_SIGNATURES => Ok(document),
            count => Err(NotSigned::TooMany(count)),
        }
    }

    /// Adds a signature, in place of an earlier one of the same key.
    pub fn sign(&mut self, purpose: Purpose, key: &SecretKey) {
        let id = key.public().id().to_string();
        self.signatures.retain(|entry| entry.key != id);
        let signature = STANDARD.encode(key.sign(&purpose.message(&self.signed)));
        self.signatures.push(Entry { key: id, signature });
    }

    /// The text, once as many trusted keys have signed it for `purpose` as `trust` wants. One key counts once.
    ///
    /// # Errors
    /// When they have not.
    pub fn open(&self, purpose: Purpose, trust: &Trust) -> Result<&str, NotSigned> {
        let message = purpose.message(&self.signed);
        let has_signed = |key: &&crate::key::PublicKey| {
            self.signatures.iter().take(MAX_SIGNATURES).any(|entry| {
                STANDARD.decode(&entry.signature).is_ok_and(|signature| key.has_signed(&message, &signature))
            })
        };
        let valid = trust.keys().iter().filter(has_signed).count();
        if valid >= trust.threshold() {
            return Ok(&self.signed);
        }
        let trusted = trust.keys().iter().map(|key| key.id()).collect();
        Err(NotSigned::Untrusted { valid, needed: trust.threshold(), trusted })
    }

    /// The text, believed by nobody: to show it, never to act on it.
    pub fn unverified(&self) -> &str {
        &self.signed
    }

    /// The names of those who say they have signed.
    pub fn signers(&self) -> impl Iterator<Item = &str> {
        self.signatures.iter().map(|entry| entry.key.as_str())
    }

    /// The document as JSON text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings are always JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_seed([seed; 32])
    }
    fn trust(threshold: usize) -> Trust {
        Trust::new(vec![key(1).public(), key(2).public(), key(3).public()], threshold).unwrap()
    }
    fn signed_by(seeds: &[u8]) -> Signed {
        let mut document = Signed::new("text".into());
        seeds.iter().for_each(|seed| document.sign(Purpose::Image, &key(*seed)));
        document
    }

    #[test]
    fn one_trusted_signature_opens_where_one_is_needed() {
        for seed in 1..=3 {
            let document = Signed::parse(signed_by(&[9, seed]).to_json().as_bytes()).unwrap();
            assert_eq!(document.open(Purpose::Image, &trust(1)), Ok("text"));
        }
        let refusal = signed_by(&[9]).open(Purpose::Image, &trust(1)).unwrap_err();
        assert!(matches!(refusal, NotSigned::Untrusted { valid: 0, needed: 1, .. }), "{refusal}");
    }

    #[test]
    fn one_key_that_signs_twice_counts_once() {
        let mut document = signed_by(&[1]);
        document.signatures.push(Entry { key: "another name".into(), ..document.signatures[0].clone() });
        assert!(matches!(document.open(Purpose::Image, &trust(2)), Err(NotSigned::Untrusted { valid: 1, .. })));
        assert!(signed_by(&[1, 3]).open(Purpose::Image, &trust(2)).is_ok());
    }

    #[test]
    fn a_signature_holds_for_its_text_and_its_purpose_only() {
        let mut other = signed_by(&[1]);
        other.signed.push('.');
        assert!(other.open(Purpose::Image, &trust(1)).is_err());
        assert!(signed_by(&[1]).open(Purpose::Keys, &trust(1)).is_err());
    }

    #[test]
    fn what_is_too_long_or_too_much_is_not_looked_at() {
        assert_eq!(Signed::parse(&vec![b' '; MAX_LEN + 1]), Err(NotSigned::TooLong(MAX_LEN + 1)));
        let many: Vec<u8> = (1..=9).collect();
        assert_eq!(Signed::parse(signed_by(&many).to_json().as_bytes()), Err(NotSigned::TooMany(9)));
        assert!(matches!(Signed::parse(b"{}"), Err(NotSigned::Malformed(_))));
    }
}
