//! What was met first is kept: one authority in a file of a node, many hubs with theirs in a file of a command line.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::pin::Pin;

/// Hubs in one file; the oldest goes for one more.
const MAX_HUBS: usize = 256;

/// A file that cannot be used.
#[derive(Debug, Error)]
#[error("{path} cannot be used: {source}; correct it, or remove it to begin anew")]
pub struct KeepError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// The authority kept in the file; `None` when there is no file yet.
///
/// # Errors
/// [`KeepError`]: a file that holds something else is not passed over, for it would be passed over by whoever damages it.
pub fn kept(path: &Path) -> Result<Option<Pin>, KeepError> {
    let failed = |source| KeepError { path: path.to_owned(), source };
    let Some(text) = text_of(path).map_err(failed)? else { return Ok(None) };
    let pin = text.trim().parse().map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    Ok(Some(pin))
}

/// Keeps an authority in a file, readable by its owner.
///
/// # Errors
/// [`KeepError`].
pub fn keep(path: &Path, pin: Pin) -> Result<(), KeepError> {
    replace(path, &format!("{pin}\n")).map_err(|source| KeepError { path: path.to_owned(), source })
}

/// The hubs a command line has met: lines of `HOST:PORT sha256:HEX`.
#[derive(Clone, Debug)]
pub struct KnownHubs {
    path: PathBuf,
}

impl KnownHubs {
    /// Those of a file, which need not be there yet.
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }
    /// Where they are.
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// The authority of a hub; `None` when it was never met.
    ///
    /// # Errors
    /// [`KeepError`], also where a line is none.
    pub fn of(&self, hub: &str) -> Result<Option<Pin>, KeepError> {
        Ok(self.lines()?.into_iter().rev().find(|(known, _)| known == hub).map(|(_, pin)| pin))
    }
    /// Keeps the authority of a hub.
    ///
    /// # Errors
    /// [`KeepError`].
    pub fn keep(&self, hub: &str, pin: Pin) -> Result<(), KeepError> {
        let mut lines = self.lines()?;
        lines.retain(|(known, _)| known != hub);
        lines.push((hub.to_owned(), pin));
        let from = lines.len().saturating_sub(MAX_HUBS);
        let text: String = lines[from..].iter().map(|(hub, pin)| format!("{hub} {pin}\n")).collect();
        replace(&self.path, &text).map_err(|source| KeepError { path: self.path.clone(), source })
    }

    fn lines(&self) -> Result<Vec<(String, Pin)>, KeepError> {
        let failed = |source| KeepError { path: self.path.clone(), source };
        let text = text_of(&self.path).map_err(failed)?.unwrap_or_default();
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let read = lines.map(|(number, line)| {
            let (hub, pin) = line.trim().split_once(' ')?;
            Some((hub.to_owned(), pin.parse().ok()?)).ok_or(number).ok()
        });
        let read: Option<Vec<_>> = read.collect();
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "expected lines of HOST:PORT sha256:HEX");
        read.ok_or_else(|| failed(wrong()))
    }
}

fn text_of(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces a file by one that is on the disk.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    cuelight_disk::replace(path, text.as_bytes(), 0o600, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TRUST-3
    #[test]
    fn what_was_kept_is_found_again_and_damage_is_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below/hub-ca");
        assert_eq!(kept(&path).unwrap(), None);
        keep(&path, Pin([7; 32])).unwrap();
        assert_eq!(kept(&path).unwrap(), Some(Pin([7; 32])));
        fs::write(&path, "").unwrap();
        assert!(kept(&path).unwrap_err().to_string().contains("hub-ca"));
    }

    #[test]
    fn each_hub_has_its_own_authority_and_the_oldest_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownHubs::new(folder.path().join("known_hubs"));
        assert_eq!(known.of("hub:8080").unwrap(), None);
        for n in 0..=u8::MAX {
            known.keep(&format!("hub{n}:8080"), Pin([n; 32])).unwrap();
        }
        known.keep("hub1:8080", Pin([0xaa; 32])).unwrap();
        known.keep("more:8080", Pin([0xbb; 32])).unwrap();
        assert_eq!(known.of("hub0:8080").unwrap(), None);
        assert_eq!(known.of("hub1:8080").unwrap(), Some(Pin([0xaa; 32])));
        assert_eq!(known.of("hub2:8080").unwrap(), Some(Pin([2; 32])));
        fs::write(known.path(), "hub1:8080\n").unwrap();
        assert!(known.of("hub1:8080").is_err() && known.keep("x:1", Pin([0; 32])).is_err());
    }
}
