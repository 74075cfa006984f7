//! The hub's list of patterns, and what of it is missing here.

use cuelight_pattern::store::{Listing, Sha256};
use cuelight_wire::tlv::Name;
use serde::Deserialize;

/// Patterns of one list, at most: those beyond are passed over.
const MAX_FILES: usize = 1024;

/// A pattern the hub has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: Name,
    pub(super) size: u32,
    pub(super) sha256: Sha256,
}

#[derive(Deserialize)]
struct Line {
    name: String,
    size: u32,
    sha256: String,
}

/// Reads `GET /patterns`. A line that makes no sense spoils the list: a hub that writes one is not to be believed.
pub(super) fn parse(text: &[u8]) -> Result<Vec<File>, String> {
    let lines: Vec<Line> =
        serde_json::from_slice(text).map_err(|error| format!("the hub's list of patterns: {error}"))?;
    let file = |line: Line| {
        let name = Name::normalised(line.name.as_bytes()).map_err(|error| error.to_string())?;
        let sha256 = line.sha256.parse().map_err(|error| format!("{error}"))?;
        Ok(File { name, size: line.size, sha256 })
    };
    let files: Result<Vec<File>, String> = lines.into_iter().take(MAX_FILES).map(file).collect();
    files.map_err(|error| format!("the hub's list of patterns: {error}"))
}

/// What is not here under its name, in the order of the list.
pub(super) fn missing<'a>(files: &'a [File], listing: &'a Listing) -> impl Iterator<Item = &'a File> {
    files.iter().filter(|file| listing.named(&file.name).is_none_or(|entry| entry.sha256 != file.sha256))
}

#[cfg(test)]
mod tests {
    use cuelight_pattern::store::{Limits, Store};

    use super::*;

    /// DIST-1
    #[test]
    fn what_is_here_under_its_name_with_its_bytes_is_not_missing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Limits::default()).unwrap();
        store.put(&"waves".parse().unwrap(), b"waves").unwrap();
        store.put(&"fire".parse().unwrap(), b"an older fire").unwrap();
        let line = |name: &str, bytes: &[u8]| {
            format!(r#"{{"name":"{name}","size":{},"sha256":"{}"}}"#, bytes.len(), Sha256::of(bytes))
        };
        let text = format!("[{},{},{}]", line("fire", b"fire"), line("ice", b"ice"), line("waves", b"waves"));
        let files = parse(text.as_bytes()).unwrap();
        let names: Vec<_> = missing(&files, &store.listing()).map(|file| file.name.as_str().to_owned()).collect();
        assert_eq!(names, ["fire", "ice"]);
    }

    #[test]
    fn a_list_with_a_line_that_makes_no_sense_is_refused() {
        let sha256 = Sha256::of(b"");
        let bad = [
            "{}".to_owned(),
            format!(r#"[{{"name":"","size":1,"sha256":"{sha256}"}}]"#),
            r#"[{"name":"a","size":1,"sha256":"00"}]"#.to_owned(),
            format!(r#"[{{"name":"a","size":-1,"sha256":"{sha256}"}}]"#),
        ];
        for text in bad {
            assert!(parse(text.as_bytes()).unwrap_err().contains("list of patterns"), "{text}");
        }
    }
}
