//! Tags that datagrams end with where the word `seal` was agreed (WIRE-17): who does not know the session's token can neither
//! make one nor change one.
//!
//! HMAC-SHA-256 (RFC 2104, FIPS 198-1), cut to its first 128 bits as RFC 2104 section 5 allows. The token, 160 random bits
//! that go only through the control connection, is no key itself: each plane has its own, so that a datagram of one means
//! nothing on the other.

use core::fmt;

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::bytes::Truncated;

/// Length of a tag, bytes.
pub const TAG_LEN: usize = 16;

/// What the key of the stream is made for.
const STREAM: &[u8] = b"cuelight stream 1";
/// What the key of the time exchange is made for.
const EXCHANGE: &[u8] = b"cuelight exchange 1";

/// Closes and opens the datagrams of one session on one plane.
#[derive(Clone)]
pub struct Seal(Hmac<Sha256>);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A key is in no log.
        f.write_str("Seal")
    }
}

impl Seal {
    /// For the stream of the session with this token.
    pub fn of_stream(token: &[u8]) -> Self {
        Self::derived(token, STREAM)
    }
    /// For the time exchange of the session with this token, both ways.
    pub fn of_exchange(token: &[u8]) -> Self {
        Self::derived(token, EXCHANGE)
    }
    fn derived(token: &[u8], purpose: &[u8]) -> Self {
        let mut key = keyed(token);
        key.update(purpose);
        Self(keyed(&key.finalize().into_bytes()))
    }

    /// Writes the tag of the datagram in the first `len` bytes of `buf` behind it, and returns the length of both.
    pub fn close(&self, buf: &mut [u8], len: usize) -> Result<usize, Truncated> {
        let (datagram, behind) = buf.split_at_mut_checked(len).ok_or(Truncated)?;
        let place = behind.first_chunk_mut::<TAG_LEN>().ok_or(Truncated)?;
        let mut mac = self.0.clone();
        mac.update(datagram);
        let tag = mac.finalize().into_bytes();
        place.copy_from_slice(&tag[..TAG_LEN]);
        Ok(len + TAG_LEN)
    }

    /// The datagram in front of its tag, if the tag is right. How long that takes tells nothing of the right one.
    pub fn open<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let (datagram, tag) = bytes.split_last_chunk::<TAG_LEN>()?;
        let mut mac = self.0.clone();
        mac.update(datagram);
        mac.verify_truncated_left(tag).ok()?;
        Some(datagram)
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of HMAC has any length")
}
