//! Levels of slots as people write them: `1=255,5..10=128,20=50%`.

use std::str::FromStr;

use cuelight_dmx::MAX_SLOTS;
use thiserror::Error;

/// Levels of a universe, up to the last slot that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slots(Vec<u8>);

/// The text is no list of levels.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "expected slots of 1 to 512 and levels of 0 to 255 or 0% to 100%, like 1=255,5..10=128,20=50%; cannot read \"{0}\""
)]
pub(super) struct BadSlots(String);

impl Slots {
    pub(super) fn levels(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for Slots {
    type Err = BadSlots;
    fn from_str(text: &str) -> Result<Self, BadSlots> {
        let mut levels = Vec::new();
        for part in text.split(',') {
            let (first, last, level) = assignment(part.trim()).ok_or_else(|| BadSlots(part.to_owned()))?;
            if levels.len() < last {
                levels.resize(last, 0);
            }
            levels[first - 1..last].fill(level);
        }
        Ok(Self(levels))
    }
}

/// First and last slot, level.
fn assignment(text: &str) -> Option<(usize, usize, u8)> {
    let (slots, level) = text.split_once('=')?;
    let (first, last) = slots.split_once("..").unwrap_or((slots, slots));
    let slot = |text: &str| text.parse().ok().filter(|slot| (1..=MAX_SLOTS).contains(slot));
    let (first, last) = (slot(first)?, slot(last)?);
    let level = match level.strip_suffix('%') {
        Some(percent) => percent.parse().ok().filter(|percent: &u16| *percent <= 100).map(of_percent)?,
        None => level.parse().ok()?,
    };
    (first <= last).then_some((first, last, level))
}

/// 100 % is 255; halves are rounded up.
fn of_percent(percent: u16) -> u8 {
    ((percent * 255 + 50) / 100) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_named_one_by_one_in_ranges_and_in_percent_and_the_last_word_counts() {
        let slots: Slots = "1=255, 3..5=128,5=100%,7=50%".parse().unwrap();
        assert_eq!(slots.levels(), [255, 0, 128, 128, 255, 0, 128]);
        assert_eq!("512=1".parse::<Slots>().unwrap().levels().len(), 512);
        assert_eq!("1=0%".parse::<Slots>().unwrap().levels(), [0]);
    }

    #[test]
    fn what_is_no_slot_or_level_is_shown() {
        for bad in ["", "1", "0=1", "513=1", "1=256", "1=101%", "5..3=1", "1=1,,2=2", "a=1", "1=-1"] {
            assert!(bad.parse::<Slots>().is_err(), "{bad}");
        }
        assert!("1=1,x=2".parse::<Slots>().unwrap_err().to_string().ends_with("cannot read \"x=2\""));
    }
}
