//! The little arithmetic the stages need beyond + - * /: the same bits on every machine, without a maths library.

/// Square root by Newton's method, from a first guess that halves the exponent; exact within 2 units in the last place.
/// Zero for what is not positive.
pub(super) fn sqrt(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 || x.is_infinite() {
        return if x > 0.0 { x } else { 0.0 };
    }
    // Halving the bits of a positive double halves its exponent: within 6 % of the root after re-biasing.
    let mut root = f64::from_bits((x.to_bits() >> 1) + (1023 << 51));
    for _ in 0..4 {
        root = 0.5 * (root + x / root);
    }
    root
}

/// `x` as a whole number of nanoseconds, rounded; saturates.
pub(super) fn whole(x: f64) -> i64 {
    // `as` saturates and takes NaN to 0.
    if x >= 0.0 { (x + 0.5) as i64 } else { (x - 0.5) as i64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_those_of_the_standard_library() {
        for x in [1e-300_f64, 4e-18, 0.25, 1.0, 2.0, 9.0, 12345.678, 1e12, 3.3e200] {
            let exact = x.sqrt();
            assert!((sqrt(x) - exact).abs() <= exact * 4.5e-16, "{x}: {} {exact}", sqrt(x));
        }
        assert_eq!([sqrt(0.0), sqrt(-1.0), sqrt(f64::NAN)].map(f64::to_bits), [0; 3]);
    }

    #[test]
    fn whole_numbers_round_and_saturate() {
        assert_eq!([1.4, 1.5, -1.5, 1e300, f64::NAN].map(whole), [1, 2, -2, i64::MAX, 0]);
    }
}
