//! Whether a numbered packet is late.

/// E1.31-2018, 6.7.2: a number at most 19 behind the last one, or the last one again, is late; one farther behind is that
/// of a source that began anew (DMX-17).
pub(crate) const fn is_late(number: u8, last: u8) -> bool {
    let ahead = number.wrapping_sub(last) as i8;
    ahead <= 0 && ahead > -20
}

/// The same for Art-Net, whose numbers leave out 0, which is never late (DMX-23).
pub(super) const fn is_late_artnet(number: u8, last: u8) -> bool {
    if number == 0 || last == 0 {
        return false;
    }
    // 1..=255 is a ring of 255.
    let ahead = (number as i16 - last as i16).rem_euclid(255);
    ahead == 0 || ahead > 255 - 20
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// DMX-17
    #[test]
    fn exactly_the_last_twenty_numbers_are_late() {
        for last in 0..=u8::MAX {
            let late: Vec<u8> = (0..=u8::MAX).filter(|number| is_late(*number, last)).collect();
            let mut expected: Vec<u8> = (0..20).map(|behind| last.wrapping_sub(behind)).collect();
            expected.sort();
            assert_eq!(late, expected);
        }
    }

    /// DMX-23
    #[test]
    fn on_art_nets_ring_the_same_and_zero_never() {
        for last in 1..=u8::MAX {
            let late: Vec<u8> = (0..=u8::MAX).filter(|number| is_late_artnet(*number, last)).collect();
            let mut expected: Vec<u8> =
                (0..20).map(|behind| ((i16::from(last) - 1 - behind).rem_euclid(255) + 1) as u8).collect();
            expected.sort();
            assert_eq!(late, expected, "{last}");
        }
        assert!(!is_late_artnet(7, 0));
    }
}
