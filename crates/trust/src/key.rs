//! The key by which a hub knows a node again. The node makes it once and shows it to hubs it believes, over TLS only; the
//! hub keeps its hash (TRUST-6).

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::{hex, keep};

/// 256 random bits; as text 64 hex digits. It is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct NodeKey([u8; 32]);

/// What a hub keeps of a key: its SHA-256. As text 64 hex digits. A key has 256 random bits, so nobody finds it by trying.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHash(pub [u8; 32]);

/// The text is no key, and no hash of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected 64 hex digits")]
pub struct BadKey;

/// A key that cannot be kept.
#[derive(Debug, Error)]
#[error("the node's key in {path} cannot be used: {source}; remove it and the next start makes a new one")]
pub struct KeyError {
    /// Where.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl NodeKey {
    /// The key in a file; the first start makes one, readable by its owner only.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError { path: path.to_owned(), source };
        match fs::read_to_string(path) {
            Ok(text) => text.parse().map_err(|error: BadKey| failed(io::Error::new(io::ErrorKind::InvalidData, error))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut bytes = [0; 32];
                getrandom::fill(&mut bytes).map_err(|error| failed(io::Error::other(error.to_string())))?;
                let key = Self(bytes);
                keep::replace(path, &format!("{}\n", key.secret())).map_err(failed)?;
                Ok(key)
            }
            Err(error) => Err(failed(error)),
        }
    }
    /// What a hub keeps of it.
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.0).into())
    }
    /// The key itself, as it is shown to a hub.
    pub fn secret(&self) -> String {
        struct Hex<'a>(&'a [u8; 32]);
        impl fmt::Display for Hex<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex::write(self.0, f)
            }
        }
        Hex(&self.0).to_string()
    }
}

impl FromStr for NodeKey {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        hex::read(text.trim()).map(Self).ok_or(BadKey)
    }
}
impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeKey(..)")
    }
}
impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}
impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for KeyHash {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        hex::read(text.trim()).map(Self).ok_or(BadKey)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// TRUST-6
    #[test]
    fn a_key_is_made_once_only_its_owner_reads_it_and_it_is_in_no_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node-key");
        let key = NodeKey::load_or_create(&path).unwrap();
        assert_eq!(NodeKey::load_or_create(&path).unwrap(), key);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_ne!(NodeKey::load_or_create(&folder.path().join("other")).unwrap(), key);
        assert_eq!(format!("{key:?}"), "NodeKey(..)");
        assert_ne!(key.hash().to_string(), key.secret());
        fs::write(&path, "short").unwrap();
        assert!(NodeKey::load_or_create(&path).unwrap_err().to_string().contains("node-key"));
    }
}
