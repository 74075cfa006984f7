//! The header of a pattern file: how many LEDs and frames, how fast, and how it moves over a second channel.

use crate::time::{Show, Time};

/// How many frames a second, exactly: in 256ths of a frame.
///
/// Files say it in either of two units, told apart by size (PRISM-3): 1 to 255 are frames a second, 256 and more are 256ths,
/// which the deployed packers write (24 frames a second as 6144).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u32);

impl Rate {
    /// The fastest: 255 frames a second.
    pub const MAX: Self = Self(255 * 256);

    /// The rate a file's field means; `None` when it is 0 or above [`Self::MAX`].
    pub const fn from_field(field: u32) -> Option<Self> {
        match field {
            1..=255 => Some(Self(field * 256)),
            256..=65_280 => Some(Self(field)),
            _ => None,
        }
    }
    /// What a file says for it: whole frames where they are whole.
    pub const fn to_field(self) -> u32 {
        if self.0.is_multiple_of(256) { self.0 / 256 } else { self.0 }
    }
    /// 256ths of a frame a second, 256 to 65,280.
    pub const fn x256(self) -> u32 {
        self.0
    }
    /// The number of the frame that holds in frame `k` of the show, when frame 0 begins at `from`: the floor of
    /// (k/120 s - from) times the rate, exactly, negative before `from` (PLAY-1).
    ///
    /// It counts from k/120 s itself and not from [`crate::time::FrameIndex::show_at`], which is rounded down to nanoseconds:
    /// a pattern of 120 frames a second that begins with a frame would else show some frames twice and leave others out.
    pub const fn frame_at(self, k: crate::time::FrameIndex, from: Time<Show>) -> i64 {
        // Frame k begins at k * 25,000,000 / 3 ns. |k| and |from| are below 2^63, so the product is below 2^63 * 2^25 * 2^16
        // = 2^104; the quotient of any instants that are days apart is small, others are cut.
        let thirds_ns = k.0 as i128 * 25_000_000 - from.as_ns() as i128 * 3;
        let frames = (thirds_ns * self.0 as i128).div_euclid(3 * 256 * 1_000_000_000);
        if frames > i64::MAX as i128 {
            i64::MAX
        } else if frames < i64::MIN as i128 {
            i64::MIN
        } else {
            frames as i64
        }
    }
}

/// When the second channel of a node with two shows what the first does. The numbers are the file's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SyncMode {
    /// At the same time.
    #[default]
    Sync = 0,
    /// All of it later.
    Offset = 1,
    /// Later from LED to LED, evenly.
    Progressive = 2,
    /// Later and less later again, as a wave.
    Wave = 3,
    /// By a table that files do not hold; shown as [`Self::Sync`].
    Custom = 4,
}

impl SyncMode {
    /// The mode with this number.
    pub const fn from_wire(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Sync,
            1 => Self::Offset,
            2 => Self::Progressive,
            3 => Self::Wave,
            4 => Self::Custom,
            _ => return None,
        })
    }
}

/// Where the second channel begins, in the modes in which it begins somewhere. The numbers are the file's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "the words are those of the format")]
pub enum Direction {
    Left = 0,
    Right = 1,
    Centre = 2,
    Edge = 3,
    Static = 4,
}

impl Direction {
    /// The direction with this number.
    pub const fn from_wire(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Left,
            1 => Self::Right,
            2 => Self::Centre,
            3 => Self::Edge,
            4 => Self::Static,
            _ => return None,
        })
    }
}

/// How a pattern moves over a second channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Motion {
    /// When the second channel shows the frame.
    pub sync: SyncMode,
    /// From where it begins to.
    pub direction: Direction,
    /// The longest delay, milliseconds.
    pub parameter: u16,
}

impl Motion {
    /// Both channels alike: what files of version 1.0 mean.
    pub const NONE: Self = Self { sync: SyncMode::Sync, direction: Direction::Static, parameter: 0 };
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// LEDs of one channel, 1 to [`super::MAX_LEDS`].
    pub leds: u16,
    /// Frames, at least 1.
    pub frames: u32,
    /// How fast they follow.
    pub rate: Rate,
    /// Colour format, as the file says; deployed packers write 1. No rule is known, so it is not judged: the payload is a
    /// palette with indices in every file there is.
    pub color_format: u8,
    /// Compression, as the file says; deployed packers write 0 although frames are packed. Not judged: each frame says for
    /// itself how it is packed.
    pub compression: u8,
    /// How it moves over a second channel.
    pub motion: Motion,
}

impl Header {
    /// How long all frames last, microseconds, rounded down.
    pub const fn duration_us(&self) -> u64 {
        // Below 2^32 * 2^28 = 2^60.
        self.frames as u64 * 256_000_000 / self.rate.x256() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::FrameIndex;

    /// PRISM-3
    #[test]
    fn a_rate_is_read_in_either_unit() {
        for (field, x256) in
            [(1, Some(256)), (24, Some(6_144)), (255, Some(65_280)), (256, Some(256)), (6_144, Some(6_144))]
        {
            assert_eq!(Rate::from_field(field).map(Rate::x256), x256, "{field}");
        }
        assert_eq!([0, 65_281, u32::MAX].map(Rate::from_field), [None; 3]);
        // 29.97 frames a second.
        assert_eq!(Rate::from_field(7_672).map(Rate::to_field), Some(7_672));
        assert_eq!(Rate::from_field(6_144).map(Rate::to_field), Some(24));
    }

    /// PLAY-1
    #[test]
    fn a_pattern_of_the_frame_rate_steps_once_a_frame_wherever_it_begins() {
        let rate = Rate::from_field(120).unwrap();
        for first in [-1_000, 0, 1, 2, 3, 1_000_000_007] {
            for early_ns in [0, 1, 333, 8_333_000] {
                let from = Time::from_ns(FrameIndex(first).show_at().as_ns() - early_ns);
                let played = |k: i64| rate.frame_at(FrameIndex(first + k), from);
                assert!((0..1_000).all(|k| played(k) == k), "first {first}, {early_ns} ns before it");
                assert_eq!(played(-1), -1);
            }
        }
    }

    /// PLAY-1
    #[test]
    fn slower_patterns_hold_each_frame_for_its_share() {
        let (thirty, odd) = (Rate::from_field(30).unwrap(), Rate::from_field(7_672).unwrap());
        for k in 0..10_000_i64 {
            assert_eq!(thirty.frame_at(FrameIndex(k), Time::ZERO), k / 4);
            // 7672/256 frames a second are 7672 * k / (256 * 120) frames until frame k.
            assert_eq!(odd.frame_at(FrameIndex(k), Time::ZERO), k * 7_672 / 30_720);
        }
        assert_eq!(Rate::MAX.frame_at(FrameIndex(i64::MAX), Time::from_ns(i64::MIN)), i64::MAX);
    }
}
