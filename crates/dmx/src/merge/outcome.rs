//! What the sources of one place came to, as one contribution to a merge elsewhere.
//!
//! Merging in two steps comes to what merging all at once does (DMX-11): of the priorities of a slot the highest is left, of
//! equal ones the highest level, or the one with the latest stamp.

use crate::MAX_SLOTS;

/// The owner of a slot that nobody says anything about.
pub const NOBODY: u8 = u8::MAX;

/// Levels, and what another merge needs to know of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// From slot 1 on.
    pub levels: [u8; MAX_SLOTS],
    /// Priorities plus one; 0: nobody says anything about the slot.
    pub ranks: [u8; MAX_SLOTS],
    /// The place of the slot's source in the table; [`NOBODY`].
    pub owners: [u8; MAX_SLOTS],
    /// In LTP: the count of packets at which the level last changed.
    pub stamps: [u32; MAX_SLOTS],
    /// The newest such count; it begins again once in years.
    pub stamp: u32,
    /// How many slots there are.
    pub slots: u16,
    /// Whether any source counts. If none does the levels are what is left on loss (DMX-24).
    pub is_speaking: bool,
}

impl Outcome {
    /// Nobody has said anything.
    pub const NOTHING: Self = Self {
        levels: [0; MAX_SLOTS],
        ranks: [0; MAX_SLOTS],
        owners: [NOBODY; MAX_SLOTS],
        stamps: [0; MAX_SLOTS],
        stamp: 0,
        slots: 0,
        is_speaking: false,
    };
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use cuelight_wire::time::{Span, Time};
    use proptest::prelude::*;

    use super::*;
    use crate::merge::{Contribution, Merged, Mode};
    use crate::priority::Priority;

    const SLOTS: usize = 6;

    #[derive(Clone, Debug)]
    enum Said {
        Levels(usize, Vec<u8>),
        Priority(usize, u8),
        Priorities(usize, Vec<u8>),
        Silent(usize),
    }

    fn any_said() -> impl Strategy<Value = Said> {
        let levels = || prop::collection::vec(0..3_u8, 0..=SLOTS);
        let priority = || prop::sample::select(&[0, 90, 100, 200][..]);
        prop_oneof![
            4 => (0..4_usize, levels()).prop_map(|(i, levels)| Said::Levels(i, levels)),
            1 => (0..4_usize, priority()).prop_map(|(i, priority)| Said::Priority(i, priority)),
            1 => (0..4_usize, prop::collection::vec(priority(), 0..=SLOTS)).prop_map(|(i, p)| Said::Priorities(i, p)),
            1 => (0..4_usize).prop_map(Said::Silent),
        ]
    }

    proptest! {
        /// DMX-11, DMX-56
        #[test]
        fn merging_in_two_steps_comes_to_what_merging_all_at_once_does(
            said in prop::collection::vec(any_said(), 0..60), is_ltp: bool,
        ) {
            let mode = if is_ltp { Mode::Ltp } else { Mode::Htp };
            let mut all: [Contribution; 4] = core::array::from_fn(|_| Contribution::new(Priority::DEFAULT));
            let mut speaks = [false; 4];
            // The first source is of this machine, the others come by the network.
            let (mut network, mut local) = (Merged::new(), Contribution::new(Priority::DEFAULT));
            let (mut at_once, mut in_steps) = (Merged::new(), Merged::new());
            let mut outcome = Outcome::NOTHING;
            for (said, stamp) in said.into_iter().zip(1_u32..) {
                let now = Time::ZERO + Span::from_ms(stamp.into());
                match said {
                    Said::Levels(i, levels) => {
                        all[i].set_levels(&levels, stamp);
                        speaks[i] = true;
                    }
                    Said::Priority(i, priority) => {
                        all[i].set_priority(Priority::new(priority).unwrap());
                    }
                    Said::Priorities(i, priorities) => {
                        all[i].set_priorities(&priorities);
                    }
                    Said::Silent(i) => speaks[i] = false,
                }
                let speaking = || all.iter().enumerate().filter(|(i, _)| speaks[*i]);
                at_once.merge(mode, speaking(), now);
                network.merge(mode, speaking().filter(|(i, _)| *i > 0), now);
                network.write(&mut outcome);
                local.set_outcome(&outcome);
                let own = speaks[0].then_some((0, &all[0]));
                in_steps.merge(mode, own.into_iter().chain([(9, &local)]), now);
                prop_assert_eq!(at_once.levels(), &in_steps.levels()[..at_once.levels().len()]);
                for slot in 0..SLOTS {
                    let owner = |merged: &Merged| merged.owner(slot).map(|owned| (owned.source, owned.priority));
                    let there = owner(&in_steps).map(|(source, priority)| match source {
                        9 => (usize::from(outcome.owners[slot]), priority),
                        own => (own, priority),
                    });
                    prop_assert_eq!(owner(&at_once), there, "slot {}", slot);
                }
            }
        }
    }
}
