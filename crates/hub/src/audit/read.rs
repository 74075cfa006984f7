//! Entries as people look at them: the newest first.

use std::fs;
use std::io;
use std::path::Path;

use super::chain::{self, Entry};
use super::files::files;

/// At most `count` entries before the one with the number `before`, newest first. One file is in memory at a time.
pub(crate) fn newest(folder: &Path, before: Option<u64>, count: usize) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for file in files(folder)?.iter().rev() {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            // It was put aside, or removed as the oldest, meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        // What is not whole `cuelight audit verify` tells; here it is left out.
        let lines = text.lines().rev().filter_map(|line| chain::read(line).ok()).map(|(entry, _)| entry);
        let wanted = lines.filter(|entry| before.is_none_or(|before| entry.number < before));
        entries.extend(wanted.take(count - entries.len()));
        if entries.len() == count {
            break;
        }
    }
    Ok(entries)
}
