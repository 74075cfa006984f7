//! The hub's data folder.

use std::fs;
use std::io;
use std::path::Path;

use super::Finding;
use crate::folders;

const NAME: &str = "data folder";

pub(super) fn check() -> Finding {
    finding(&folders::state("hub"))
}

fn finding(folder: &Path) -> Finding {
    let shown = folder.display();
    match try_write(folder) {
        Ok(()) => Finding::ok(NAME, format!("{shown} can be written")),
        Err(error) => Finding::fail(
            NAME,
            format!("{shown}: {error}"),
            "change its owner, or use another with cuelight hub --data-dir DIR",
        ),
    }
}

/// Makes the folder, as the hub would, and a file in it that does not stay.
fn try_write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let probe = folder.join(format!("doctor-{}", std::process::id()));
    fs::write(&probe, b"")?;
    fs::remove_file(probe)
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_folder_below_a_file_fails_and_a_fresh_one_is_made() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(finding(&root.path().join("a/b")).state, State::Ok);
        assert_eq!(fs::read_dir(root.path().join("a/b")).unwrap().count(), 0);
        fs::write(root.path().join("file"), b"").unwrap();
        let failed = finding(&root.path().join("file/b"));
        assert_eq!(failed.state, State::Fail);
        assert!(failed.advice.unwrap().contains("--data-dir"));
    }
}
