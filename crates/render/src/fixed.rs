//! Fixed-point arithmetic: sines, noise, hashes, interpolation. The same integers on every machine.
//!
//! Angles and positions are `u16`, a full circle or length in 65,536 steps; levels are `u16`, 65,535 is full.

/// Full level.
pub(crate) const FULL: u16 = u16::MAX;

/// sin of a quarter circle in 256 steps, 32,767 is 1.
const QUARTER_SINE: [i16; 257] = quarter_sine();

const fn quarter_sine() -> [i16; 257] {
    // pi / 2 in units of 2^-30; Taylor's series to x^11, whose remainder is below 2^-24 at pi / 2.
    const HALF_PI: i64 = 1_686_629_713;
    let mut table = [0; 257];
    let mut i = 0;
    while i < 257 {
        let x = HALF_PI * i as i64 / 256;
        let x2 = (x * x) >> 30;
        let mut term = x;
        let mut sum = x;
        let mut n = 1;
        while n <= 5 {
            term = -((term * x2) >> 30) / (2 * n * (2 * n + 1));
            sum += term;
            n += 1;
        }
        let rounded = (sum * 32_767 + (1 << 29)) >> 30;
        table[i] = if rounded > 32_767 { 32_767 } else { rounded as i16 };
        i += 1;
    }
    table
}

/// sin of `angle`, -32,767..=32,767.
pub(crate) fn sin(angle: u16) -> i32 {
    let within = angle & 0x3fff;
    let at = if angle & 0x4000 == 0 { within } else { 0x4000 - within };
    let (step, rest) = (usize::from(at >> 6), i32::from(at & 63));
    let low = i32::from(QUARTER_SINE[step]);
    let high = i32::from(QUARTER_SINE[(step + 1).min(256)]);
    let value = low + (((high - low) * rest) >> 6);
    if angle & 0x8000 == 0 { value } else { -value }
}

/// cos of `angle`, -32,767..=32,767.
pub(crate) fn cos(angle: u16) -> i32 {
    sin(angle.wrapping_add(0x4000))
}

/// A sine wave as a level: half at angle 0, full at a quarter circle.
pub(crate) fn wave(angle: u16) -> u16 {
    (sin(angle) + 32_768) as u16
}

/// A triangle wave as a level: none at angle 0, full at half a circle.
pub(crate) fn triangle(angle: u16) -> u16 {
    if angle < 0x8000 { angle << 1 } else { FULL - (angle << 1) }
}

/// 3 x^2 - 2 x^3: from 0 to full with flat ends.
pub(crate) fn ease(x: u16) -> u16 {
    // 0..=65,536, so that both ends are exact without a division.
    let t = u64::from(x) + u64::from(x >> 15);
    ((t * t * (3 * 65_536 - 2 * t)) >> 32).min(65_535) as u16
}

/// `value` times `level`; full leaves it unchanged.
pub(crate) const fn scale(value: u16, level: u16) -> u16 {
    ((value as u32 * (level as u32 + 1)) >> 16) as u16
}

/// Level squared: a tail that fades like light does.
pub(crate) const fn squared(level: u16) -> u16 {
    scale(level, level)
}

/// An 8-bit level as a 16-bit one: 255 becomes full.
pub(crate) const fn widen(level: u8) -> u16 {
    level as u16 * 257
}

/// From `a` at 0 to almost `b` at full; `b` itself is reached at full.
pub(crate) const fn lerp(a: u16, b: u16, t: u16) -> u16 {
    let t = t as u32 + (t >> 15) as u32;
    // (2^16 - t) + t = 2^16, so the sum is below 2^32.
    ((a as u32 * (65_536 - t) + b as u32 * t) >> 16) as u16
}

/// Mixes three numbers into 32 even bits (the finalizer of MurmurHash3, by Austin Appleby, public domain).
pub(crate) const fn hash(seed: u32, a: u32, b: u32) -> u32 {
    let mut h = seed ^ a.wrapping_mul(0x9e37_79b1) ^ b.wrapping_mul(0x85eb_ca77).rotate_left(13);
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

/// An even level from three numbers.
pub(crate) const fn hash16(seed: u32, a: u32, b: u32) -> u16 {
    (hash(seed, a, b) >> 16) as u16
}

/// Smooth noise on a line: one random level per 65,536 steps of `x`, eased between.
pub(crate) fn noise1(seed: u32, x: u32) -> u16 {
    let (cell, rest) = (x >> 16, ease(x as u16));
    lerp(hash16(seed, cell, 0), hash16(seed, cell.wrapping_add(1) & 0xffff, 0), rest)
}

/// Smooth noise on a plane: one random level per 65,536 steps of `x` and of `y`, eased between.
pub(crate) fn noise2(seed: u32, x: u32, y: u32) -> u16 {
    let (cell_x, cell_y) = (x >> 16, y >> 16);
    let next_x = cell_x.wrapping_add(1) & 0xffff;
    let next_y = cell_y.wrapping_add(1) & 0xffff;
    let rest_x = ease(x as u16);
    let near = lerp(hash16(seed, cell_x, cell_y), hash16(seed, next_x, cell_y), rest_x);
    let far = lerp(hash16(seed, cell_x, next_y), hash16(seed, next_x, next_y), rest_x);
    lerp(near, far, ease(y as u16))
}

/// Smooth noise on a plane that changes with `z`, 65,536 steps of it from one picture to the next.
pub(crate) fn noise3(seed: u32, x: u32, y: u32, z: u32) -> u16 {
    let layer = z >> 16;
    let near = noise2(hash(seed, layer, 1), x, y);
    let far = noise2(hash(seed, layer.wrapping_add(1) & 0xffff, 1), x, y);
    lerp(near, far, ease(z as u16))
}

/// The angle of the vector (x, y), 0 along x, a quarter circle along y; 0 for no vector. Both below 2^15 in size.
pub(crate) fn angle_of(x: i32, y: i32) -> u16 {
    if x == 0 && y == 0 {
        return 0;
    }
    // Halve the arc that holds the vector: the sign of the cross product says on which side of its middle it lies.
    let mut low: u32 = if y < 0 { 0x8000 } else { 0 };
    let mut width: u32 = 0x8000;
    while width > 1 {
        width /= 2;
        let middle = (low + width) as u16;
        if cos(middle) * y - sin(middle) * x >= 0 {
            low += width;
        }
    }
    low as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sines_are_right_to_the_last_bit_but_one() {
        for angle in (0..=u16::MAX).step_by(7) {
            let exact = (f64::from(angle) * core::f64::consts::TAU / 65_536.0).sin() * 32_767.0;
            assert!((f64::from(sin(angle)) - exact).abs() < 1.6, "{angle}: {} for {exact}", sin(angle));
        }
        assert_eq!((sin(0), sin(0x4000), sin(0x8000), sin(0xc000)), (0, 32_767, 0, -32_767));
    }

    #[test]
    fn interpolation_reaches_both_ends() {
        for (a, b) in [(0, FULL), (FULL, 0), (17, 17), (FULL, FULL)] {
            assert_eq!((lerp(a, b, 0), lerp(a, b, FULL)), (a, b));
        }
        assert_eq!((ease(0), ease(FULL), scale(FULL, FULL), scale(FULL, 0)), (0, FULL, FULL, 0));
    }

    #[test]
    fn angles_of_the_axes_and_diagonals_are_eighths_of_a_circle() {
        let eighths = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)];
        for (i, (x, y)) in (0_u16..).zip(eighths) {
            let off = angle_of(x * 9_000, y * 9_000).wrapping_sub(i * 0x2000).cast_signed().unsigned_abs();
            assert!(off <= 4, "({x}, {y}) is {off} off");
        }
    }

    #[test]
    fn noise_is_continuous_across_its_cells() {
        for x in (0..0x0004_0000_u32).step_by(0x100) {
            let step = noise1(7, x).abs_diff(noise1(7, x + 0x100));
            assert!(step < 700, "noise jumps by {step} at {x:#x}");
            let step = noise3(7, 99, x, 3 * x).abs_diff(noise3(7, 99, x + 0x100, 3 * x + 0x300));
            assert!(step < 2_800, "noise jumps by {step} at {x:#x}");
        }
    }
}
