//! Layers within layers: four bits of flags and twelve of length in front of each.

use cuelight_wire::bytes::{Reader, Truncated, Writer};

use super::packet::{BadSacn, Layer};

/// Bytes of flags and length.
pub(super) const HEAD_LEN: usize = 2;
/// What the flags always are: length, vector and header are there.
const FLAGS: u16 = 0x7000;
const LENGTH_MASK: u16 = 0x0FFF;

/// Bytes before the root layer: preamble, postamble, identifier.
pub(super) const PREAMBLE: [u8; 16] = *b"\x00\x10\x00\x00ASC-E1.17\0\0\0";

/// What a layer holds behind its flags and length. Bytes behind the layer are ignored.
pub(super) fn take<'a>(rest: &'a [u8], layer: Layer) -> Result<Reader<'a>, BadSacn> {
    let head = Reader::new(rest).u16_be()?;
    let len = usize::from(head & LENGTH_MASK);
    if head & !LENGTH_MASK != FLAGS || len < HEAD_LEN {
        return Err(BadSacn::Head { layer, found: head });
    }
    Ok(Reader::new(rest.get(HEAD_LEN..len).ok_or(BadSacn::Truncated)?))
}

/// Begins a layer of `len` bytes, these two among them.
pub(super) fn put(w: &mut Writer<'_>, len: usize) -> Result<(), Truncated> {
    debug_assert!(len <= usize::from(LENGTH_MASK), "a datagram of ours is at most 1144 bytes long");
    w.u16_be(FLAGS | len as u16 & LENGTH_MASK)
}

/// Checks a vector.
pub(super) fn expect(layer: Layer, found: u32, expected: u32) -> Result<(), BadSacn> {
    if found == expected { Ok(()) } else { Err(BadSacn::Vector { layer, found }) }
}
