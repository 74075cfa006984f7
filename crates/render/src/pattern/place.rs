//! Which LED of a pattern each pixel of a node shows, and from when on (PLAY-3).
//!
//! A pattern is a line of LEDs. A node with as many pixels shows them one to one; a strip with exactly twice as many is taken
//! for two channels, as a K1 has, and shows the line on both; any other geometry shows the nearest LED.

use cuelight_wire::prism::{Direction, Motion, SyncMode};

use crate::fixed::{FULL, wave};
use crate::geometry::Geometry;

/// How a line of LEDs lies on a geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// One to one, in the order of the wiring.
    Line,
    /// One to one, row by row from the top left, however the matrix is wired.
    Cells {
        /// Cells of a row.
        width: usize,
    },
    /// Twice, one channel after the other.
    TwoChannels,
    /// The nearest LED along the strip or ring.
    Nearest {
        /// Pixels.
        pixels: usize,
    },
    /// The nearest LED along a row; every row alike.
    Columns {
        /// Cells of a row.
        width: usize,
    },
}

impl Place {
    pub(super) const fn new(geometry: &Geometry, leds: usize) -> Self {
        let pixels = geometry.len();
        match *geometry {
            Geometry::Matrix { width, .. } if pixels == leds => Self::Cells { width: width as usize },
            Geometry::Matrix { width, .. } => Self::Columns { width: width as usize },
            _ if pixels == leds => Self::Line,
            Geometry::Strip { .. } if pixels == 2 * leds => Self::TwoChannels,
            _ => Self::Nearest { pixels },
        }
    }
    /// The LED a pixel shows, and whether the pixel is of the second channel.
    pub(super) const fn led(self, geometry: &Geometry, pixel: usize, leds: usize) -> (usize, bool) {
        match self {
            Self::Line => (pixel, false),
            Self::Cells { width } => {
                let (column, row) = geometry.cell(pixel);
                (row * width + column, false)
            }
            Self::TwoChannels if pixel >= leds => (pixel - leds, true),
            Self::TwoChannels => (pixel, false),
            Self::Nearest { pixels } => (nearest(pixel, pixels, leds), false),
            Self::Columns { width } => (nearest(geometry.cell(pixel).0, width, leds), false),
        }
    }
}

/// The LED whose share of the line holds the middle of a pixel's.
const fn nearest(pixel: usize, pixels: usize, leds: usize) -> usize {
    (2 * pixel + 1) * leds / (2 * pixels)
}

/// How much later than the first channel an LED of the second one begins, microseconds.
pub(super) fn delay_us(motion: Motion, led: usize, leds: usize) -> u32 {
    // The last LED counted from where the movement begins; at most 4,095.
    let (place, last) = match motion.direction {
        Direction::Left => (led, leds - 1),
        Direction::Right => (leds - 1 - led, leds - 1),
        Direction::Edge => (led.min(leds - 1 - led), (leds - 1) / 2),
        Direction::Centre => ((leds - 1) / 2 - led.min(leds - 1 - led), (leds - 1) / 2),
        Direction::Static => (0, 0),
    };
    let longest_us = u32::from(motion.parameter) * 1_000;
    let share = |level: u64, full: u64| (u64::from(longest_us) * level / full.max(1)) as u32;
    match motion.sync {
        SyncMode::Sync | SyncMode::Custom => 0,
        SyncMode::Offset => longest_us,
        SyncMode::Progressive => share(place as u64, last as u64),
        SyncMode::Wave => {
            // A quarter of a circle earlier, the wave begins at none.
            let angle = (place as u64 * 65_536 / (last as u64 + 1)) as u16;
            share(wave(angle.wrapping_sub(0x4000)).into(), FULL.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(geometry: &str, leds: usize) -> heapless::Vec<(usize, bool), 32> {
        let geometry: Geometry = geometry.parse().unwrap();
        let place = Place::new(&geometry, leds);
        (0..geometry.len()).map(|pixel| place.led(&geometry, pixel, leds)).collect()
    }

    /// PLAY-3
    #[test]
    fn a_line_lies_one_to_one_twice_or_by_its_nearest_leds() {
        let leds =
            |geometry, leds| places(geometry, leds).iter().map(|(led, _)| *led).collect::<heapless::Vec<_, 32>>();
        assert_eq!(leds("strip:4", 4), [0, 1, 2, 3]);
        assert_eq!(places("strip:4", 2), [(0, false), (1, false), (0, true), (1, true)]);
        // A ring is one line, however many pixels it has.
        assert_eq!(leds("ring:4", 2), [0, 0, 1, 1]);
        assert_eq!(leds("strip:3", 9), [1, 4, 7]);
        assert_eq!(leds("strip:5", 2), [0, 0, 1, 1, 1]);
        // Cells row by row, whatever the wiring; else along every row.
        assert_eq!(leds("matrix:3x2:serpentine", 6), [0, 1, 2, 5, 4, 3]);
        assert_eq!(leds("matrix:3x2:serpentine", 9), [1, 4, 7, 7, 4, 1]);
    }

    /// PLAY-3
    #[test]
    fn the_second_channel_begins_later_as_sync_mode_and_direction_say() {
        use Direction::{Centre, Edge, Left, Right, Static};
        let delays = |sync, direction| {
            let motion = Motion { sync, direction, parameter: 100 };
            core::array::from_fn::<u32, 5, _>(|led| delay_us(motion, led, 5) / 1_000)
        };
        for direction in [Left, Right, Centre, Edge, Static] {
            assert_eq!(delays(SyncMode::Sync, direction), [0; 5]);
            assert_eq!(delays(SyncMode::Custom, direction), [0; 5]);
            assert_eq!(delays(SyncMode::Offset, direction), [100; 5]);
        }
        assert_eq!(delays(SyncMode::Progressive, Left), [0, 25, 50, 75, 100]);
        assert_eq!(delays(SyncMode::Progressive, Right), [100, 75, 50, 25, 0]);
        assert_eq!(delays(SyncMode::Progressive, Centre), [100, 50, 0, 50, 100]);
        assert_eq!(delays(SyncMode::Progressive, Edge), [0, 50, 100, 50, 0]);
        assert_eq!(delays(SyncMode::Progressive, Static), [0; 5]);
        // 50 - 50 cos(72 degrees n).
        assert_eq!(delays(SyncMode::Wave, Left), [0, 34, 90, 90, 34]);
        assert_eq!(delays(SyncMode::Wave, Static), [0; 5]);
        // One LED, the longest delay.
        let one = Motion { sync: SyncMode::Progressive, direction: Edge, parameter: u16::MAX };
        assert_eq!(delay_us(one, 0, 1), 0);
        assert_eq!(delay_us(Motion { sync: SyncMode::Offset, ..one }, 0, 1), 65_535_000);
    }
}
