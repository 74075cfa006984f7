//! The older shape of `.prism` files, from the studio's packer: recognised, so that it can be refused by its name or taken
//! over where LED count and rate are known (PRISM-5).
//!
//! A header of 64 bytes (version 1.0 as two bytes, its own length at 6, effect at 8, a name of 20 bytes at 12, brightness at
//! 32, colours of a palette and where it lies at 48 to 56, CRC-32 of bytes 0..60 at 60), a palette of four bytes a colour,
//! then raw RGB frames. How many LEDs a frame has and how fast frames follow is not in it.

use super::{BASE_LEN, MAGIC};

/// Most colours of its palette.
const MAX_COLORS: u8 = 16;

/// A studio file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Studio<'a> {
    /// The effect it stands for.
    pub effect: u8,
    /// Its name, as far as it is text.
    pub name: &'a str,
    /// Its brightness.
    pub brightness: u8,
    /// Its frames: red, green, blue of every LED of every frame.
    pub frames: &'a [u8],
}

impl<'a> Studio<'a> {
    /// Reads a studio file; `None` when it is none.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk::<BASE_LEN>()?;
        if header[..4] != MAGIC || !is_studio(header) {
            return None;
        }
        let colors = header[49].min(MAX_COLORS);
        let frames = rest.get(4 * usize::from(colors)..)?;
        let name = bytes.get(12..32)?;
        let name = &name[..name.iter().position(|byte| *byte == 0).unwrap_or(name.len())];
        let name = match core::str::from_utf8(name) {
            Ok(name) => name,
            Err(error) => core::str::from_utf8(&name[..error.valid_up_to()]).unwrap_or_default(),
        };
        Some(Self { effect: header[8], name, brightness: header[32], frames })
    }
}

/// Whether a header that begins with the magic is of this shape: major 1, minor 0 in single bytes, and its own length. Read
/// as the deployed players' header that would be version 0.1.
pub(super) fn is_studio(header: &[u8; BASE_LEN]) -> bool {
    header[4..8] == [1, 0, 64, 0]
}
