//! What a parameter drives, packed into 32 bits: all that is asked for every parameter in every frame.

use crate::fixture::{MAX_CHANNEL_SLOTS, SLOTS};
use crate::level::Level;
use crate::show::MAX_UNIVERSES;

const SLOT_BITS: u32 = 21;
const COUNT_BITS: u32 = 2;
const _: () = assert!(MAX_UNIVERSES * SLOTS as usize <= 1 << SLOT_BITS && MAX_CHANNEL_SLOTS <= 1 << COUNT_BITS);
/// Marks a channel whose slots do not follow one another.
const IS_SCATTERED: u32 = 1 << (SLOT_BITS + COUNT_BITS);
const IS_INTENSITY: u32 = IS_SCATTERED << 1;
const SNAPS: u32 = IS_SCATTERED << 2;
const HAS_DEFAULT: u32 = IS_SCATTERED << 3;

/// What a parameter drives and how it is worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drive(u32);

impl Drive {
    /// A parameter that drives these places in the picture of all universes, coarse first; at least one, at most
    /// [`MAX_CHANNEL_SLOTS`].
    pub(crate) fn new(slots: &[u32], is_intensity: bool, snaps: bool, default: Level) -> Self {
        let is_scattered = slots.windows(2).any(|pair| pair[0] + 1 != pair[1]);
        let flag = |is: bool, bit: u32| if is { bit } else { 0 };
        Self(
            slots[0]
                | (slots.len() as u32 - 1) << SLOT_BITS
                | flag(is_scattered, IS_SCATTERED)
                | flag(is_intensity, IS_INTENSITY)
                | flag(snaps, SNAPS)
                | flag(default != Level::OFF, HAS_DEFAULT),
        )
    }
    /// Its first slot in the picture of all universes.
    pub(crate) const fn slot(self) -> usize {
        (self.0 & ((1 << SLOT_BITS) - 1)) as usize
    }
    /// How many slots it has.
    pub(crate) const fn slot_count(self) -> usize {
        ((self.0 >> SLOT_BITS) & ((1 << COUNT_BITS) - 1)) as usize + 1
    }
    /// Whether its slots do not follow one another.
    pub(crate) const fn is_scattered(self) -> bool {
        self.0 & IS_SCATTERED != 0
    }
    pub(crate) const fn is_intensity(self) -> bool {
        self.0 & IS_INTENSITY != 0
    }
    pub(crate) const fn snaps(self) -> bool {
        self.0 & SNAPS != 0
    }
    /// Whether its level is not off when nothing sets it.
    pub(crate) const fn has_default(self) -> bool {
        self.0 & HAS_DEFAULT != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        let last = (MAX_UNIVERSES * usize::from(SLOTS) - 1) as u32;
        let drive = Drive::new(&[last], true, false, Level::OFF);
        assert_eq!((drive.slot(), drive.slot_count()), (last as usize, 1));
        assert!(drive.is_intensity() && !drive.snaps() && !drive.has_default() && !drive.is_scattered());
        let drive = Drive::new(&[7, 8, 9, 10], false, true, Level(1));
        assert_eq!((drive.slot(), drive.slot_count()), (7, 4));
        assert!(!drive.is_intensity() && drive.snaps() && drive.has_default() && !drive.is_scattered());
        assert!(Drive::new(&[7, 6], false, false, Level::OFF).is_scattered());
    }
}
