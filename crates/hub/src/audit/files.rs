//! The files of an audit log: the one that is written, `audit.jsonl`, and earlier ones, named by the number of their first entry.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file that is written.
pub(super) const CURRENT: &str = "audit.jsonl";

/// What an earlier file is called, whose first entry is `first`: in the order of their names they follow one another.
pub(super) fn earlier(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("audit-{first:012}.jsonl"))
}

/// The files of the audit log in a data folder, oldest first.
///
/// # Errors
/// When the folder cannot be read.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_prefix("audit-").and_then(|name| name.strip_suffix(".jsonl"));
        if number.is_some_and(|number| number.len() == 12 && number.bytes().all(|byte| byte.is_ascii_digit())) {
            files.push(path);
        }
    }
    files.sort();
    let current = folder.join(CURRENT);
    files.extend(current.exists().then_some(current));
    Ok(files)
}
