//! Gamma: from code values, in which people choose colours, to amounts of light, which LEDs make.

use crate::color::Rgb16;

/// The curve `light = code ^ gamma`, built with integers only, so that it is the same everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gamma {
    /// The curve at every 256th code value. The last, at 65,536, lies on the line through full.
    table: [u32; 257],
}

impl Gamma {
    /// The curve with exponent `gamma_x100` / 100, taken to 0.1..=10.
    pub fn new(gamma_x100: u16) -> Self {
        let gamma = u64::from(gamma_x100.clamp(10, 1_000));
        let mut table = [0; 257];
        for (i, value) in table.iter_mut().enumerate().skip(1) {
            // code / 65,535, in units of 2^-32; the last point is full itself.
            let code = ((i as u64) << 8).min(65_535);
            // x^g = 2^(g log2 x); log2 x <= 0, so its size is used: at most 8, times 10.
            let exponent = neg_log2(code) * gamma / 100;
            *value = u32::from(exp2_neg(exponent));
        }
        // From 65,280 to full are 255 steps; continued to 256 and rounded up, the line meets full exactly.
        table[256] = table[255] + ((65_535 - table[255]) * 256).div_ceil(255);
        Self { table }
    }

    /// The light of a code value. On the straight line between two points of the table, which is within one step of
    /// 65,535 for gammas from 1 to 3.
    pub fn level(&self, code: u16) -> u16 {
        let (step, rest) = (usize::from(code >> 8), u32::from(code & 0xff));
        let (low, high) = (self.table[step], self.table[step + 1]);
        (low + (((high - low) * rest) >> 8)) as u16
    }

    /// The light of a colour.
    pub fn light(&self, code: Rgb16) -> Rgb16 {
        Rgb16::new(self.level(code.r), self.level(code.g), self.level(code.b))
    }
}

/// -log2(code / 65,535) in units of 2^-32, for code in 1..=65,535: bit by bit, by squaring.
fn neg_log2(code: u64) -> u64 {
    let log2 = |value: u64| {
        let whole = value.ilog2();
        // The mantissa in 1..2, units of 2^-31.
        let mut mantissa = value << (31 - whole);
        let mut bits = u64::from(whole);
        for _ in 0..32 {
            mantissa = (mantissa * mantissa) >> 31;
            bits <<= 1;
            if mantissa >= 1 << 32 {
                mantissa >>= 1;
                bits |= 1;
            }
        }
        bits
    };
    log2(65_535).saturating_sub(log2(code))
}

/// 65,535 * 2^-exponent, rounded, for an exponent in units of 2^-32: a square root of 1/2 for each bit.
fn exp2_neg(exponent: u64) -> u16 {
    let whole = exponent >> 32;
    if whole > 32 {
        return 0;
    }
    // 2^-1, units of 2^-62; its roots are 2^-(1/2), 2^-(1/4), ...
    let mut root: u128 = 1 << 61;
    let mut value: u128 = 65_535 << 62;
    for bit in (0..32).rev() {
        root = (root << 62).isqrt();
        if exponent >> bit & 1 == 1 {
            value = (value >> 31) * (root >> 31);
        }
    }
    ((value + (1_u128 << (61 + whole))) >> (62 + whole)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_keeps_dark_and_full_and_rises_between() {
        for gamma_x100 in [10, 45, 100, 180, 220, 280, 1_000] {
            let gamma = Gamma::new(gamma_x100);
            assert_eq!((gamma.level(0), gamma.level(65_535)), (0, 65_535), "gamma {gamma_x100}");
            assert!((1..=65_535).all(|code| gamma.level(code - 1) <= gamma.level(code)), "gamma {gamma_x100}");
        }
    }

    #[test]
    fn the_curve_is_within_a_step_of_the_power_function() {
        for gamma_x100 in [100, 180, 220, 280] {
            let gamma = Gamma::new(gamma_x100);
            for code in (0..=65_535_u16).step_by(13) {
                let exact = (f64::from(code) / 65_535.0).powf(f64::from(gamma_x100) / 100.0) * 65_535.0;
                let off = (f64::from(gamma.level(code)) - exact).abs();
                assert!(off < 1.6, "gamma {gamma_x100} at {code}: {} for {exact}", gamma.level(code));
            }
        }
    }
}
