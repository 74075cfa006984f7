//! `cuelight dmx test`: patterns for people who stand before the fixtures.

use anyhow::Result;
use clap::{Args, ValueEnum};
use cuelight_dmx::MAX_SLOTS;

use super::sender::Target;
use crate::{print, shutdown};

/// `cuelight dmx test`.
#[derive(Args, Debug)]
pub(super) struct Test {
    /// What to send
    #[arg(value_enum)]
    pattern: Pattern,
    #[command(flatten)]
    target: Target,
    /// Slots of each universe
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u16).range(1..=512))]
    slots: u16,
    /// Level of what is on, 1 to 255
    #[arg(long, default_value_t = 255, value_parser = clap::value_parser!(u8).range(1..=255))]
    level: u8,
    /// Frames of each step of a chase, and of a ramp from one level to the next
    #[arg(long, value_name = "FRAMES", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    step: u16,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Pattern {
    /// One slot after the other, through all universes
    Chase,
    /// All slots from 0 up to the level, and again
    Ramp,
    /// All slots at the level
    All,
}

impl Pattern {
    /// The level of slot `slot` (from 0) of universe `i` of `universes` in step `step`.
    fn level(self, step: i64, (i, universes): (usize, usize), (slot, slots): (usize, usize), level: u8) -> u8 {
        match self {
            Self::All => level,
            Self::Ramp => step.rem_euclid(i64::from(level) + 1) as u8,
            Self::Chase => {
                let lit = step.rem_euclid((universes * slots) as i64);
                if lit == (i * slots + slot) as i64 { level } else { 0 }
            }
        }
    }
}

impl Test {
    /// Sends until it is stopped.
    pub(super) fn run(self) -> Result<()> {
        let stop = shutdown::flag()?;
        eprintln!("{}; Ctrl-C ends it", self.target.described());
        let (slots, universes) = (usize::from(self.slots), self.target.count());
        let sent = self.target.play(&stop, |k, i, levels: &mut [u8; MAX_SLOTS]| {
            let step = k / i64::from(self.step);
            for (slot, level) in levels[..slots].iter_mut().enumerate() {
                *level = self.pattern.level(step, (i, universes), (slot, slots), self.level);
            }
            Some(slots)
        })?;
        print::text(&sent.told())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The levels of two universes of three slots.
    fn levels(pattern: Pattern, step: i64) -> [[u8; 3]; 2] {
        [0, 1].map(|i| [0, 1, 2].map(|slot| pattern.level(step, (i, 2), (slot, 3), 200)))
    }

    #[test]
    fn a_chase_lights_each_slot_of_all_universes_once_a_round_and_one_at_a_time() {
        let mut lit = Vec::new();
        for step in 0..12 {
            let all = levels(Pattern::Chase, step).concat();
            assert_eq!(all.iter().map(|level| usize::from(*level)).sum::<usize>(), 200);
            lit.push(all.iter().position(|level| *level > 0).unwrap());
        }
        assert_eq!(lit, [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_ramp_goes_through_every_level_and_begins_again_at_0() {
        assert_eq!([0, 1, 200, 201].map(|step| levels(Pattern::Ramp, step)[1][2]), [0, 1, 200, 0]);
        assert_eq!(levels(Pattern::All, 5), [[200; 3]; 2]);
    }
}
