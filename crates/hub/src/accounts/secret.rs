//! Secrets that the hub makes: API keys, sessions of browsers, setup codes (ACC-2, ACC-5).
//!
//! A key or session is `PREFIX_ID_SECRET`: eight letters and digits by which it is found and listed, and 43 that nobody can
//! guess. Of the whole only the SHA-256 is kept. It is no password, so a slow hash would protect nothing: there are 2^256.

use std::fmt;
use std::io;

use cuelight_fetch::Digest as Sha256;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// Letters and digits of the id.
const ID: usize = 8;
/// Letters and digits of the secret: 62^43 = 2^256.03.
const SECRET: usize = 43;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Crockford's base 32: nothing that looks like something else.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code: 32^8 = 2^40.
const CODE: usize = 8;

/// What a secret is for, as it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A key of a program.
    Key,
    /// A session of a browser.
    Session,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Key => "cue",
            Self::Session => "ses",
        }
    }
}

/// The public part of a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct SecretId(String);

impl SecretId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
    /// An id that somebody names; one that cannot be is not found.
    pub(crate) fn named(text: &str) -> Self {
        Self(text.to_owned())
    }
    /// The id of something that may be a secret of this kind.
    pub(crate) fn of(kind: Kind, text: &str) -> Option<Self> {
        let rest = text.strip_prefix(kind.prefix())?.strip_prefix('_')?;
        let (id, secret) = rest.split_once('_')?;
        let is_base62 = |text: &str, len| text.len() == len && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_base62(id, ID) && is_base62(secret, SECRET)).then(|| Self(id.to_owned()))
    }
}

/// What is kept of a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digest(Sha256);

impl Digest {
    pub(crate) fn of(text: &str) -> Self {
        Self(Sha256::of(text.as_bytes()))
    }
    /// Whether `text` has this digest; takes the same time whatever differs.
    pub(crate) fn is_of(&self, text: &str) -> bool {
        self.0.0.ct_eq(&Self::of(text).0.0).into()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

/// A new secret: its id and the whole of it, which is shown once.
pub(crate) fn fresh(kind: Kind) -> io::Result<(SecretId, String)> {
    let id = base62(ID)?;
    let whole = format!("{}_{id}_{}", kind.prefix(), base62(SECRET)?);
    Ok((SecretId(id), whole))
}

/// A code for a person to type, as `XXXX-XXXX`.
pub(crate) fn fresh_code() -> io::Result<String> {
    let mut bytes = [0; CODE];
    fill(&mut bytes)?;
    let code: String = bytes.iter().map(|byte| char::from(CROCKFORD[usize::from(byte % 32)])).collect();
    let (first, second) = code.split_at(CODE / 2);
    Ok(format!("{first}-{second}"))
}

/// A code as a person types it, without what does not matter: case, spaces, hyphens, and letters taken for digits.
pub(crate) fn code_as_meant(typed: &str) -> String {
    let meant = |letter: char| match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    typed.chars().filter(|letter| !matches!(letter, '-' | ' ')).map(meant).take(CODE + 1).collect()
}

fn base62(len: usize) -> io::Result<String> {
    let mut text = String::with_capacity(len);
    while text.len() < len {
        let mut bytes = [0; 64];
        fill(&mut bytes)?;
        // Four times 62 is 248: bytes above would make some characters likelier.
        let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(BASE62[usize::from(byte % 62)]));
        text.extend(fair.take(len - text.len()));
    }
    Ok(text)
}

fn fill(bytes: &mut [u8]) -> io::Result<()> {
    getrandom::fill(bytes).map_err(|error| io::Error::other(format!("no random numbers: {error}")))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// ACC-2
    #[test]
    fn secrets_have_an_id_and_256_bits_and_never_the_same() {
        let all: HashSet<String> = (0..200).map(|_| fresh(Kind::Key).unwrap().1).collect();
        assert_eq!(all.len(), 200);
        let used: HashSet<char> = all.iter().flat_map(|key| key.chars()).collect();
        assert_eq!(used.len(), 63, "all letters and digits, and the hyphen between");
        let (id, key) = fresh(Kind::Key).unwrap();
        assert_eq!(key.len(), 3 + 1 + 8 + 1 + 43);
        assert_eq!(SecretId::of(Kind::Key, &key), Some(id));
        assert_eq!(SecretId::of(Kind::Session, &key), None);
        for wrong in ["", "cue", "cue_a_b", &key[..key.len() - 1], &format!("{key}x"), &key.replace('_', "-")] {
            assert_eq!(SecretId::of(Kind::Key, wrong), None, "{wrong}");
        }
    }

    /// ACC-2
    #[test]
    fn of_a_secret_only_its_digest_is_kept() {
        let (_, key) = fresh(Kind::Session).unwrap();
        let digest = Digest::of(&key);
        let kept = serde_json::to_string(&digest).unwrap() + &format!("{digest:?}");
        assert!(!kept.contains(&key[13..]), "{kept}");
        assert!(digest.is_of(&key) && !digest.is_of(&key[1..]) && !digest.is_of(""));
    }

    /// ACC-5
    #[test]
    fn a_code_is_understood_as_people_type_it() {
        let code = fresh_code().unwrap();
        assert!(code.len() == 9 && code.as_bytes()[4] == b'-', "{code}");
        assert_eq!(code_as_meant(&code), code_as_meant(&format!(" {} ", code.to_lowercase().replace('-', " "))));
        assert_eq!(code_as_meant("oIl0-abcd"), "0110ABCD");
        assert_eq!(code_as_meant(&"x".repeat(1_000)).len(), 9, "what is too long stays wrong");
    }
}
