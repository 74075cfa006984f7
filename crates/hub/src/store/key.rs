//! The operator key: who may command the hub from another machine.

use std::fmt;
use std::fs;
use std::io;

use tracing::info;

use super::DataFolder;

const FILE: &str = "operator.key";

/// A secret of 320 random bits. It is never logged.
#[derive(Clone)]
pub(crate) struct OperatorKey(String);

impl OperatorKey {
    /// Reads the folder's key; the first start makes one, readable by its owner only.
    pub(crate) fn load_or_create(folder: &DataFolder, fresh: impl FnOnce() -> String) -> io::Result<Self> {
        let path = folder.path().join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) if text.trim().len() >= 32 => return Ok(Self(text.trim().to_owned())),
            Ok(_) => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!(
                        "{} is too short to be a key; remove it and the next start makes a new one",
                        path.display()
                    ),
                ));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let key = Self(fresh());
        folder.replace(FILE, format!("{}\n", key.0).as_bytes(), 0o600, true)?;
        info!("a new operator key is in {}; control calls from other machines need it", path.display());
        Ok(key)
    }

    /// Whether `given` is the key; takes the same time for every wrong key of the same length.
    pub(crate) fn matches(&self, given: &str) -> bool {
        let (key, given) = (self.0.as_bytes(), given.as_bytes());
        key.len() == given.len() && key.iter().zip(given).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }
}

impl fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let key = OperatorKey::load_or_create(&data, || "k".repeat(43)).unwrap();
        assert!(key.matches(&"k".repeat(43)) && !key.matches(&"k".repeat(42)) && !key.matches(&"x".repeat(43)));
        let again = OperatorKey::load_or_create(&data, || "other".repeat(9)).unwrap();
        assert!(again.matches(&"k".repeat(43)));
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(format!("{key:?}"), "OperatorKey(..)");
    }
}
