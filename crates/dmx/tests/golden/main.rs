//! The golden vectors of `vectors/`, which are written from the layouts and not by our encoders.

#![allow(clippy::unwrap_used, reason = "test code; the exemption of clippy.toml covers only functions with #[test]")]

use std::collections::BTreeMap;

mod artnet;
mod ddp;
mod sacn;

/// The vectors of a file, by name.
fn vectors(text: &'static str) -> BTreeMap<&'static str, Vec<u8>> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let (name, hex) = line.split_once(':').unwrap();
            let digits: Vec<u8> =
                hex.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16).unwrap() as u8).collect();
            assert!(digits.len().is_multiple_of(2), "{name} ends within a byte");
            (name, digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        })
        .collect()
}
