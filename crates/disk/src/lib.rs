//! Files that are replaced whole, or not at all: after a crash, a power cut or on a full disk there is the old file or the new one,
//! and nothing beside it that takes room.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Replaces the file `path` by one with `bytes` and Unix permissions `mode`. It is written beside it, as `NAME.new`, and renamed;
/// `durable` waits until the bytes and the name are on the disk.
///
/// Two writers of one file at once are not told apart: whoever calls this is the only one.
///
/// # Errors
/// When the new file cannot be written or take the name. The old one is untouched then, and what was written is removed.
///
/// # Panics
/// When `path` names no file.
pub fn replace(path: &Path, bytes: &[u8], mode: u32, durable: bool) -> io::Result<()> {
    let fresh = path.with_added_extension("new");
    let written = write(&fresh, bytes, mode, durable).and_then(|()| fs::rename(&fresh, path));
    if let Err(error) = written {
        // On a full disk half a file would keep out the one that is tried next. What cannot be removed is written over then.
        let _ = fs::remove_file(&fresh);
        return Err(error);
    }
    if durable {
        let folder = path.parent().expect("a file is in a folder");
        File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?.sync_all()?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8], mode: u32, durable: bool) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    if durable { file.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_replaced_with_its_permissions_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        for (bytes, durable) in [(&b"old"[..], false), (b"new", true)] {
            replace(&path, bytes, 0o600, durable).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_fails_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        // A file cannot take the name of a folder that has something in it.
        let path = folder.path().join("state");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("old"), b"old").unwrap();
        assert!(replace(&path, b"new", 0o644, true).is_err());
        assert_eq!(fs::read(path.join("old")).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_crash_left_half_written_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        fs::write(folder.path().join("state.json.new"), b"half of something longer").unwrap();
        replace(&path, b"whole", 0o644, true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }
}
