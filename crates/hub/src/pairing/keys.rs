//! A file of keys that are admitted without asking: lines of `HASH`, for any node, or `MAC,HASH`, for one. What begins with `#`
//! is a comment. The hash of a node's key is what `cuelight pairing key` tells on the node.

use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::rules::Expected;

/// Bytes of the file, at most: 65,536 nodes of 84.
const MAX_FILE: u64 = 6 * 1024 * 1024;

/// The file cannot be used.
#[derive(Debug, Error)]
#[error("the keys in {path} cannot be used: {problem}; correct it, or leave --admit-keys out")]
pub struct BadKeys {
    path: PathBuf,
    problem: String,
}

pub(super) fn read(path: &Path) -> Result<Expected, BadKeys> {
    let bad = |problem: String| BadKeys { path: path.to_owned(), problem };
    let length = fs::metadata(path).map_err(|error| bad(error.to_string()))?.len();
    if length > MAX_FILE {
        return Err(bad(format!("it has {length} bytes, at most {MAX_FILE} are read")));
    }
    let text = fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    parse(&text).map_err(|line| bad(format!("line {line} is neither HASH nor MAC,HASH")))
}

/// The number of the line that is wrong, if one is.
fn parse(text: &str) -> Result<Expected, usize> {
    let mut expected = Expected::default();
    for (line, number) in text.lines().map(str::trim).zip(1_usize..) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once(',') {
            None => {
                expected.keys.insert(line.parse().map_err(|_| number)?);
            }
            Some((mac, key)) => {
                let mac = mac.trim().parse().map_err(|_| number)?;
                expected.nodes.insert(mac, key.parse().map_err(|_| number)?);
            }
        }
    }
    Ok(expected)
}

#[cfg(test)]
mod tests {
    use cuelight_trust::KeyHash;
    use cuelight_wire::ids::Mac;

    use super::*;

    #[test]
    fn keys_of_any_node_and_of_one_are_read_and_a_wrong_line_is_named() {
        let text = format!("# made by the factory\n{}\n\n02:00:00:00:00:01, {}\n", "11".repeat(32), "22".repeat(32));
        let expected = parse(&text).unwrap();
        assert_eq!(expected.keys, [KeyHash([0x11; 32])].into());
        assert_eq!(expected.nodes, [(Mac([2, 0, 0, 0, 0, 1]), KeyHash([0x22; 32]))].into());
        assert_eq!(parse(&format!("{text}mac,key")), Err(5));
        assert_eq!(parse("1111"), Err(1));
        assert!(read(Path::new("/missing")).unwrap_err().to_string().contains("--admit-keys"));
    }
}
