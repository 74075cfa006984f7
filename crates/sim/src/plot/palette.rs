//! Colours and markers that tell series apart, for colour-blind people and in grey too.
//!
//! The first three are Paul Tol's "high contrast" scheme, made to stay apart in grey; the others are from his "bright"
//! one. Each series has a marker of its own as well. After eight series colours repeat, with other markers.

use plotters::style::RGBColor;

/// What stands on a line so that it can be told without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Disc,
    Square,
    Triangle,
    Diamond,
    Ring,
    Cross,
    Plus,
}

const MARKERS: [Marker; 7] =
    [Marker::Disc, Marker::Square, Marker::Triangle, Marker::Diamond, Marker::Ring, Marker::Cross, Marker::Plus];

const SERIES: [RGBColor; 8] = [
    RGBColor(0x00, 0x44, 0x88),
    RGBColor(0xDD, 0xAA, 0x33),
    RGBColor(0xBB, 0x55, 0x66),
    RGBColor(0x66, 0xCC, 0xEE),
    RGBColor(0x22, 0x88, 0x33),
    RGBColor(0x22, 0x22, 0x22),
    RGBColor(0xAA, 0x33, 0x77),
    RGBColor(0x99, 0x99, 0x99),
];

/// From good to bad is from light to dark.
const STATES: [RGBColor; 6] = [
    RGBColor(0xDC, 0xEF, 0xD9),
    RGBColor(0xE9, 0xC4, 0x6A),
    RGBColor(0x5F, 0xB0, 0xA5),
    RGBColor(0xC8, 0x50, 0x1E),
    RGBColor(0x9B, 0x23, 0x35),
    RGBColor(0x1F, 0x22, 0x33),
];

pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
pub(super) const QUIET: RGBColor = RGBColor(0x66, 0x66, 0x66);
pub(super) const GRID: RGBColor = RGBColor(0xE2, 0xE2, 0xE2);
pub(super) const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);

pub(super) fn series(index: usize) -> (RGBColor, Marker) {
    (SERIES[index % SERIES.len()], MARKERS[index % MARKERS.len()])
}

pub(super) fn state(index: usize) -> RGBColor {
    STATES[index.min(STATES.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Luma of ITU-R BT.601, 0 to 255: what a grey print shows.
    fn grey(RGBColor(r, g, b): RGBColor) -> f64 {
        0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b)
    }

    #[test]
    fn the_first_series_and_all_states_differ_in_grey() {
        for pair in STATES.windows(2) {
            assert!(grey(pair[0]) - grey(pair[1]) > 25.0, "{pair:?}");
        }
        for (i, a) in SERIES[..3].iter().enumerate() {
            assert!(SERIES[i + 1..3].iter().all(|b| (grey(*a) - grey(*b)).abs() > 40.0), "{a:?}");
        }
    }

    #[test]
    fn fifty_six_series_have_fifty_six_looks() {
        let looks: Vec<(RGBColor, Marker)> = (0..56).map(series).collect();
        assert!(looks.iter().enumerate().all(|(i, look)| !looks[..i].contains(look)));
    }
}
