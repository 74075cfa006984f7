//! Text in a field of fixed length, as E1.31 and Art-Net carry names.

use core::fmt;

/// Text in a field of `N` bytes: UTF-8, ended by a NUL, the rest of the field zero when it was made here.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Text<const N: usize>([u8; N]);

impl<const N: usize> Text<N> {
    /// As much of `text` as fits before the NUL, in whole characters. What stands behind a NUL within it is left out.
    pub fn new(text: &str) -> Self {
        let text = text.split('\0').next().unwrap_or_default();
        let mut len = text.len().min(N.saturating_sub(1));
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        let mut bytes = [0; N];
        bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        Self(bytes)
    }
    /// The field as it was read.
    pub const fn from_bytes(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
    /// The whole field.
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }
    /// The text: up to the NUL, or as far as it is UTF-8. Not every sender keeps to either.
    pub fn as_str(&self) -> &str {
        let text = self.0.split(|byte| *byte == 0).next().unwrap_or_default();
        match core::str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => core::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default(),
        }
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self([0; N])
    }
}
impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_between_characters_and_a_nul_is_always_there() {
        assert_eq!(Text::<8>::new("stage").as_bytes(), b"stage\0\0\0");
        assert_eq!(Text::<8>::new("backstage").as_bytes(), b"backsta\0");
        // Seven bytes would cut the second of ü's two.
        assert_eq!(Text::<8>::new("abcdefü").as_bytes(), b"abcdef\0\0");
        assert_eq!(Text::<8>::new("a\0b").as_str(), "a");
        assert_eq!(Text::<1>::new("abc").as_str(), "");
    }

    #[test]
    fn a_field_without_nul_or_with_other_bytes_is_read_as_far_as_it_is_text() {
        assert_eq!(Text::from_bytes(*b"no end").as_str(), "no end");
        assert_eq!(Text::from_bytes(*b"a\xFFb\0").as_str(), "a");
        assert_eq!(Text::from_bytes(*b"a\0rest").as_str(), "a");
    }
}
