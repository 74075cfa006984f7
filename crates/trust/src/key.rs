//! By what a hub knows a node again. The node draws a secret once and tells it nobody; each hub is shown a key of its own that
//! follows from the secret and the hub's authority, over TLS only, and keeps the key's hash (TRUST-6, TRUST-14).

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::pin::Pin;
use crate::{hex, keep};

/// Keeps this hash apart from every other use of SHA-256.
const CONTEXT: &[u8] = b"cuelight node key 1\0";

/// 256 random bits that stay on the node; in its file 64 hex digits. They are never logged and never sent.
#[derive(Clone, PartialEq, Eq)]
pub struct NodeSecret([u8; 32]);

/// What one hub is shown; as text 64 hex digits. It is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct NodeKey([u8; 32]);

/// What a hub keeps of a key: its SHA-256. As text 64 hex digits. A key has 256 bits that look random, so nobody finds it by
/// trying.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHash(pub [u8; 32]);

/// The text is no key, and no hash of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected 64 hex digits")]
pub struct BadKey;

/// A secret that cannot be kept.
#[derive(Debug, Error)]
#[error("the node's key in {path} cannot be used: {source}; remove it and the next start makes a new one")]
pub struct KeyError {
    /// Where.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl NodeSecret {
    /// The secret in a file; the first start draws one, readable by its owner only.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError { path: path.to_owned(), source };
        match fs::read_to_string(path) {
            Ok(text) => {
                let secret = hex::read(text.trim()).map(Self);
                secret.ok_or_else(|| failed(io::Error::new(io::ErrorKind::InvalidData, BadKey)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut bytes = [0; 32];
                getrandom::fill(&mut bytes).map_err(|error| failed(io::Error::other(error.to_string())))?;
                keep::replace(path, &format!("{}\n", Hex(&bytes))).map_err(failed)?;
                Ok(Self(bytes))
            }
            Err(error) => Err(failed(error)),
        }
    }
    /// The key for hubs of one authority. No other hub, and nobody in between, learns anything of it from the key that it is
    /// shown itself. Everything that is hashed has a fixed length, so no key can be lengthened into another.
    pub fn key(&self, authority: Pin) -> NodeKey {
        NodeKey(Sha256::new().chain_update(CONTEXT).chain_update(self.0).chain_update(authority.0).finalize().into())
    }
}

impl NodeKey {
    /// What a hub keeps of it.
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.0).into())
    }
    /// The key itself, as it is shown to the hub.
    pub fn revealed(&self) -> String {
        Hex(&self.0).to_string()
    }
}

struct Hex<'a>(&'a [u8; 32]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(self.0, f)
    }
}
impl FromStr for NodeKey {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        hex::read(text.trim()).map(Self).ok_or(BadKey)
    }
}
impl fmt::Debug for NodeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeSecret(..)")
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
    fn a_secret_is_drawn_once_only_its_owner_reads_it_and_it_is_in_no_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node-key");
        let secret = NodeSecret::load_or_create(&path).unwrap();
        assert_eq!(NodeSecret::load_or_create(&path).unwrap(), secret);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_ne!(NodeSecret::load_or_create(&folder.path().join("other")).unwrap(), secret);
        assert_eq!(format!("{secret:?} {:?}", secret.key(Pin([2; 32]))), "NodeSecret(..) NodeKey(..)");
        fs::write(&path, "short").unwrap();
        assert!(NodeSecret::load_or_create(&path).unwrap_err().to_string().contains("node-key"));
    }

    /// TRUST-14: worked out beside, with Python's hashlib.
    #[test]
    fn each_authority_has_its_own_key_and_neither_tells_the_other_or_the_secret() {
        let secret = NodeSecret([1; 32]);
        let key = secret.key(Pin([2; 32]));
        assert_eq!(key.revealed(), "072e3cd4b94424a79ded5a657aea158629cc1b955651af32f4b203d695a96839");
        assert_eq!(key.hash().to_string(), "27db6f1b2f09186cfec25c38c8ad28e17b4b7e8baf242fe2f1db856422ddde2a");
        assert_eq!(key.revealed().parse::<NodeKey>(), Ok(key.clone()));
        assert_ne!(key, secret.key(Pin([3; 32])));
        assert_ne!(key, NodeSecret([2; 32]).key(Pin([2; 32])));
    }
}
