//! Sixteen characters by which a person compares what the node and the hub see of each other (TRUST-7).
//!
//! They are a hash over the node's key and the hub's authority. A machine in the middle has to show the node an authority of
//! its own, so the node's code is another than the hub's.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::key::KeyHash;
use crate::pin::Pin;

/// Crockford's base 32: no letter that is taken for another or for a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters: 80 bits. Whoever stands in between chooses the authority that the node sees and the key that the hub sees, and
/// looks for two of the same code. Authorities have to be tried on the node, one by one, because it has another key for each
/// ([`crate::NodeSecret::key`]); after a million of them the hub's side still takes 2^60 keys.
const LENGTH: usize = 16;
/// Keeps this hash apart from every other use of SHA-256.
const CONTEXT: &[u8] = b"cuelight pairing code 1\0";

/// A pairing code; shown as `XXXX-XXXX-XXXX-XXXX`, read with or without hyphens and however it was typed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code([u8; LENGTH]);

/// The text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a pairing code has 16 characters, like 7Q2M-0X4K-9T3B-5HWE")]
pub struct BadCode;

impl Code {
    /// The code of a node's key and a hub's authority.
    pub fn of(key: KeyHash, authority: Pin) -> Self {
        let hash = Sha256::new().chain_update(CONTEXT).chain_update(key.0).chain_update(authority.0).finalize();
        let bits = hash.iter().take(10).fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        Self(std::array::from_fn(|n| ALPHABET[(bits >> (75 - 5 * n) & 31) as usize]))
    }
    /// The sixteen characters, without hyphens.
    pub fn plain(&self) -> String {
        self.0.iter().map(|byte| char::from(*byte)).collect()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.plain();
        write!(f, "{}-{}-{}-{}", &plain[..4], &plain[4..8], &plain[8..12], &plain[12..])
    }
}
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for Code {
    type Err = BadCode;
    fn from_str(text: &str) -> Result<Self, BadCode> {
        let mut code = [0; LENGTH];
        let mut count = 0;
        for typed in text.bytes().filter(|byte| !matches!(byte, b'-' | b' ')) {
            let meant = match typed.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            if !ALPHABET.contains(&meant) {
                return Err(BadCode);
            }
            *code.get_mut(count).ok_or(BadCode)? = meant;
            count += 1;
        }
        if count == LENGTH { Ok(Self(code)) } else { Err(BadCode) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TRUST-7: worked out beside, with Python's hashlib.
    #[test]
    fn the_code_of_two_keys_is_that_of_the_protocol() {
        let code = Code::of(KeyHash([1; 32]), Pin([2; 32]));
        assert_eq!(code.to_string(), "CVYS-0T3C-HWKW-89P5");
    }

    /// TRUST-7
    #[test]
    fn another_key_on_either_side_has_another_code() {
        let code = Code::of(KeyHash([1; 32]), Pin([2; 32]));
        assert_ne!(code, Code::of(KeyHash([2; 32]), Pin([2; 32])));
        assert_ne!(code, Code::of(KeyHash([1; 32]), Pin([1; 32])));
    }

    #[test]
    fn a_code_is_read_however_it_was_typed() {
        let code = Code::of(KeyHash([1; 32]), Pin([2; 32]));
        let typed = code.to_string().to_lowercase().replace('-', " ").replace('1', "l").replace('0', "o");
        assert_eq!(typed.parse(), Ok(code));
        assert_eq!(code.plain().parse(), Ok(code));
        for text in ["", "7Q2M", "7Q2M-0X4K-9T3B-5HWU", "7Q2M-0X4K-9T3B-5HWEE"] {
            assert_eq!(text.parse::<Code>(), Err(BadCode), "{text}");
        }
    }
}
