//! Ed25519 keys as lines of text.
//!
//! A public key is `cuelight-public:` and 32 bytes in base64, a secret key `cuelight-secret:` and its 32-byte seed (RFC 8032
//! section 5.1.5). The secret key belongs on a machine that is not part of any show.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use cuelight_fetch::Digest;

const PUBLIC: &str = "cuelight-public:";
const SECRET: &str = "cuelight-secret:";

/// The text is no key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadKey {
    /// It begins like the other kind of key.
    #[error("this is a {found} key; a {wanted} key is needed, which begins with `{prefix}`")]
    OtherKind {
        /// The kind it is.
        found: &'static str,
        /// The kind that is needed.
        wanted: &'static str,
        /// How that kind begins.
        prefix: &'static str,
    },
    /// It is something else.
    #[error("this is no key: a {wanted} key is `{prefix}` and 44 characters of base64")]
    NoKey {
        /// The kind that is needed.
        wanted: &'static str,
        /// How that kind begins.
        prefix: &'static str,
    },
}

/// The name of a key: the first 8 bytes of its SHA-256, 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What signatures are checked with.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Its name.
    pub fn id(&self) -> KeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&Digest::of(self.0.as_bytes()).0[..8]);
        KeyId(id)
    }

    /// Whether `signature` (64 bytes) is this key's over `message`. Strict: small-order points and non-canonical forms, with
    /// which one signature could fit several messages or keys, are refused.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC}{}", STANDARD.encode(self.0.as_bytes()))
    }
}
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}
impl FromStr for PublicKey {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        let none = BadKey::NoKey { wanted: "public", prefix: PUBLIC };
        if text.trim().starts_with(SECRET) {
            return Err(BadKey::OtherKind { found: "secret", wanted: "public", prefix: PUBLIC });
        }
        let bytes = key_bytes(text, PUBLIC).ok_or(none.clone())?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| none.clone())?;
        if key.is_weak() { Err(none) } else { Ok(Self(key)) }
    }
}
impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}
impl TryFrom<String> for PublicKey {
    type Error = BadKey;
    fn try_from(text: String) -> Result<Self, BadKey> {
        text.parse()
    }
}

/// What signs. Its text is only given out by [`SecretKey::to_text`], so that no log holds it by accident.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key of a seed of 32 random bytes.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }
    /// The public key that belongs to it.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }
    /// Its text, for a file that only its owner may read.
    pub fn to_text(&self) -> String {
        format!("{SECRET}{}", STANDARD.encode(self.0.to_bytes()))
    }
    /// Its signature over `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public().id())
    }
}
impl FromStr for SecretKey {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        if text.trim().starts_with(PUBLIC) {
            return Err(BadKey::OtherKind { found: "public", wanted: "secret", prefix: SECRET });
        }
        key_bytes(text, SECRET).map(Self::from_seed).ok_or(BadKey::NoKey { wanted: "secret", prefix: SECRET })
    }
}

fn key_bytes(text: &str, prefix: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text.trim().strip_prefix(prefix)?).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 section 7.1, test 2.
    const SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    const PUBLIC_KEY: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    const SIGNATURE: &str = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
    }
    fn secret() -> SecretKey {
        SecretKey::from_seed(hex(SEED).try_into().unwrap())
    }

    #[test]
    fn keys_sign_as_the_standard_says() {
        assert_eq!(secret().public().0.as_bytes().as_slice(), hex(PUBLIC_KEY));
        assert_eq!(secret().sign(&[0x72]).as_slice(), hex(SIGNATURE));
        assert!(secret().public().has_signed(&[0x72], &hex(SIGNATURE)));
        assert!(!secret().public().has_signed(&[0x73], &hex(SIGNATURE)));
        assert!(!secret().public().has_signed(&[0x72], &hex(SIGNATURE)[..63]));
    }

    #[test]
    fn keys_survive_their_text() {
        let public = secret().public();
        assert_eq!(public.to_string().parse::<PublicKey>(), Ok(public));
        let again: SecretKey = format!("{}\n", secret().to_text()).parse().unwrap();
        assert_eq!(again.public(), public);
        assert!(!format!("{:?}", secret()).contains(&secret().to_text()[20..30]), "a secret must not be in a log");
    }

    #[test]
    fn the_wrong_kind_of_key_is_named() {
        let error = secret().to_text().parse::<PublicKey>().unwrap_err().to_string();
        assert!(error.contains("this is a secret key; a public key is needed"), "{error}");
        let error = secret().public().to_string().parse::<SecretKey>().unwrap_err().to_string();
        assert!(error.contains("this is a public key; a secret key is needed"), "{error}");
        for text in ["", "cuelight-public:", "cuelight-public:AAAA", "ssh-ed25519 AAAA"] {
            assert!(matches!(text.parse::<PublicKey>(), Err(BadKey::NoKey { .. })), "{text}");
        }
    }

    #[test]
    fn a_key_under_which_anything_verifies_is_refused() {
        // The neutral point: y = 1.
        let mut bytes = [0; 32];
        bytes[0] = 1;
        let text = format!("{PUBLIC}{}", STANDARD.encode(bytes));
        assert!(matches!(text.parse::<PublicKey>(), Err(BadKey::NoKey { .. })));
    }
}
