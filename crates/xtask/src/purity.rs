//! What the sources of the pure crates must not name, and where `unsafe` may stand.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process;

/// Crates without clock, I/O or threads. Those for bare metal cannot name the standard library at all; this also holds
/// for `show` and `conductor`, which may allocate.
const PURE: [&str; 6] = ["wire", "proto", "render", "dmx", "show", "conductor"];

/// What they must not name.
const IMPURE: [&str; 8] =
    ["std::time", "std::net", "std::fs", "std::thread", "std::io", "std::env", "Instant::now", "SystemTime"];

/// The files that may lift the denial of `unsafe`, each for system calls that no safe wrapper offers.
const UNSAFE_FILES: [&str; 2] = ["crates/net/src/realtime.rs", "crates/net/src/udp/sys.rs"];

/// Everything that is wrong, one sentence each.
pub(crate) fn check() -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for path in rust_files(&process::root().join("crates"))? {
        let shown = path.strip_prefix(process::root()).unwrap_or(&path).display().to_string();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if shown != "crates/xtask/src/purity.rs" {
            wrong.extend(sentences(&shown, &text));
        }
    }
    Ok(wrong)
}

fn sentences(file: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.contains("allow(unsafe_code") && !UNSAFE_FILES.contains(&file) {
        wrong.push(format!("{file} allows unsafe code and is not listed in crates/xtask/src/purity.rs"));
    }
    let pure = PURE.iter().any(|name| file.starts_with(&format!("crates/{name}/src/")));
    // Unit tests stand at the end of a file and may use what they need.
    let code = text.split("\n#[cfg(test)]").next().unwrap_or_default();
    for (number, line) in (1..).zip(code.lines()) {
        let line = line.split("//").next().unwrap_or_default();
        if let Some(word) = IMPURE.iter().find(|word| pure && line.contains(**word)) {
            wrong.push(format!("{file}:{number} names {word}; this crate has no clock, no I/O and no threads"));
        }
    }
    wrong
}

/// All Rust files under a folder, in one order.
pub(crate) fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != "target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_in_a_pure_crate_is_found_but_not_in_its_tests_or_comments() {
        let text = "use std::time::Instant;\n// std::net\n\n#[cfg(test)]\nmod tests { use std::fs; }";
        assert_eq!(sentences("crates/conductor/src/x.rs", text).len(), 1);
        assert_eq!(sentences("crates/net/src/x.rs", text).len(), 0);
    }

    #[test]
    fn unsafe_code_is_allowed_only_where_it_is_listed() {
        let text = "#![allow(unsafe_code, reason = \"...\")]";
        assert_eq!(sentences(UNSAFE_FILES[0], text).len(), 0);
        assert_eq!(sentences("crates/hub/src/x.rs", text).len(), 1);
    }
}
