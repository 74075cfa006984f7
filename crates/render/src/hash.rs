//! The hash by which two machines, or two records, say that they showed the same picture.

use cuelight_wire::scene::Rgb;

/// FNV-1a, 64 bits, over the bytes r, g, b of each pixel in order (offset basis 14695981039346656037, prime
/// 1099511628211). No pixels hash to the offset basis. This is the `hash` of the record output and never changes
/// (RENDER-9).
pub fn pixel_hash(pixels: &[Rgb]) -> u64 {
    let bytes = pixels.iter().flat_map(|p| [p.r, p.g, p.b]);
    bytes.fold(14_695_981_039_346_656_037, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a_over_the_bytes_in_order() {
        // RENDER-9. FNV-1a 64 of "", "foobar" from the published reference vectors.
        assert_eq!(pixel_hash(&[]), 0xcbf2_9ce4_8422_2325);
        let foobar = [Rgb::new(b'f', b'o', b'o'), Rgb::new(b'b', b'a', b'r')];
        assert_eq!(pixel_hash(&foobar), 0x8594_4171_f739_67e8);
    }
}
