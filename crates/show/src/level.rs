//! Levels: 16 bits from off to full, the arithmetic of fades on them, and how they become slots.

use core::fmt;

use serde::{Deserialize, Serialize};

/// What a parameter is set to: 0 is off, 65,535 full. An 8-bit value v is the level v * 257.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Level(pub u16);

/// A level in thousandths of a percent is at most this.
pub const FULL_PERCENT_MILLI: u32 = 100_000;

impl Level {
    /// Nothing.
    pub const OFF: Self = Self(0);
    /// Everything.
    pub const FULL: Self = Self(u16::MAX);

    /// The level of an 8-bit slot.
    pub const fn from_byte(byte: u8) -> Self {
        Self(byte as u16 * 257)
    }
    /// The level nearest to thousandths of a percent; `None` above 100 %.
    pub const fn from_percent_milli(milli: u32) -> Option<Self> {
        if milli > FULL_PERCENT_MILLI {
            return None;
        }
        let full = FULL_PERCENT_MILLI as u64;
        Some(Self(((milli as u64 * 65_535 + full / 2) / full) as u16))
    }
    /// The level in thousandths of a percent, rounded to the nearest. Levels lie 1.5 thousandths apart, so each has a number
    /// of its own and [`Self::from_percent_milli`] finds it again.
    pub const fn percent_milli(self) -> u32 {
        ((self.0 as u64 * FULL_PERCENT_MILLI as u64 + 32_767) / 65_535) as u32
    }
    /// The level on the straight way to `other`: itself at progress 0, `other` at 65,535, rounded to the nearest between.
    #[must_use]
    pub const fn toward(self, other: Self, progress: u16) -> Self {
        // At most 65,535^2 + 32,767, which is below 2^32.
        let sum = self.0 as u32 * (65_535 - progress as u32) + other.0 as u32 * progress as u32;
        Self(((sum + 32_767) / 65_535) as u16)
    }
    /// The level at `by` of its strength, rounded to the nearest; full leaves it unchanged, off is off.
    #[must_use]
    pub const fn scaled(self, by: Self) -> Self {
        Self::OFF.toward(self, by.0)
    }
    /// Slot `index` of a channel that spreads the level over several slots, coarse first. Two slots hold it exactly; one
    /// holds the upper byte, as the coarse slot of two does; a third and a fourth repeat the two, so that full is full.
    pub const fn byte(self, index: usize) -> u8 {
        self.0.to_be_bytes()[index % 2]
    }
}

impl fmt::Display for Level {
    /// Percent with at most three decimals: `80`, `33.333`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milli = self.percent_milli();
        let (whole, rest) = (milli / 1_000, milli % 1_000);
        match rest {
            0 => write!(f, "{whole}"),
            _ if rest % 100 == 0 => write!(f, "{whole}.{}", rest / 100),
            _ if rest % 10 == 0 => write!(f, "{whole}.{:02}", rest / 10),
            _ => write!(f, "{whole}.{rest:03}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn every_level_is_read_again_from_its_percent() {
        for level in (0..=u16::MAX).map(Level) {
            assert_eq!(Level::from_percent_milli(level.percent_milli()), Some(level));
        }
        assert_eq!(Level::from_percent_milli(100_001), None);
        assert_eq!((Level(0).to_string(), Level::FULL.to_string(), Level(32_768).to_string()).2, "50.001");
        assert_eq!(Level::from_percent_milli(12_500).unwrap().to_string(), "12.5");
    }

    #[test]
    fn a_way_ends_exactly_and_never_leaves_its_ends() {
        for (a, b) in [(0, 65_535), (65_535, 0), (7, 7), (1, 2), (40_000, 39_998)] {
            let (a, b) = (Level(a), Level(b));
            assert_eq!((a.toward(b, 0), a.toward(b, u16::MAX)), (a, b));
            for progress in (0..=u16::MAX).step_by(97) {
                let level = a.toward(b, progress);
                assert!(level >= a.min(b) && level <= a.max(b), "{a:?} {b:?} {progress}");
            }
        }
    }

    #[test]
    fn a_byte_comes_out_as_it_went_in_and_full_is_full_in_every_slot() {
        for byte in 0..=u8::MAX {
            assert_eq!(Level::from_byte(byte).byte(0), byte);
        }
        assert_eq!([0, 1, 2, 3].map(|i| Level::FULL.byte(i)), [255; 4]);
        assert_eq!([0, 1].map(|i| Level(0x1234).byte(i)), [0x12, 0x34]);
    }
}
