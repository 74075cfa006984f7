//! Lock, degrade, hold over, unlock: which evidence leads where. Implements SYNC-5.

/// Whether and how show time may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SyncState {
    /// Never measured well enough.
    #[default]
    Acquiring,
    /// Measured and good.
    Locked,
    /// Usable, but coarse or without fresh measurements.
    Degraded,
    /// Usable, without measurements; the bound grows.
    Holdover,
    /// Not usable: apply changes on arrival.
    Unlocked,
}

impl SyncState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Acquiring, Self::Locked, Self::Degraded, Self::Holdover, Self::Unlocked];

    /// Whether changes may be scheduled in show time.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Locked | Self::Degraded | Self::Holdover)
    }
}

/// What measuring shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// Enough good samples, sigma small, slope steady.
    Converged,
    /// Enough samples, but sigma will not become good soon; it is surely within what is usable.
    Tolerable,
    /// Sigma beyond what is called good.
    Coarse,
    /// No accepted sample for 3 s.
    Quiet,
    /// No accepted sample for 5 s, or the session ended.
    Silent,
    /// Another clock is behind the exchanges.
    NewSource,
    /// Sigma or drift beyond what is usable.
    Runaway,
}

impl Evidence {
    /// Every kind of evidence.
    pub const ALL: [Self; 7] =
        [Self::Converged, Self::Tolerable, Self::Coarse, Self::Quiet, Self::Silent, Self::NewSource, Self::Runaway];
}

/// The state after `evidence`.
pub const fn transition(state: SyncState, evidence: Evidence) -> SyncState {
    use Evidence::{Coarse, Converged, NewSource, Quiet, Runaway, Silent, Tolerable};
    use SyncState::{Acquiring, Degraded, Holdover, Locked, Unlocked};
    match (state, evidence) {
        (Acquiring, Converged) => Locked,
        (Acquiring, Tolerable) => Degraded,
        (Acquiring, Coarse | Quiet | Silent | NewSource | Runaway) => Acquiring,

        (Locked, Converged | Tolerable) => Locked,
        (Locked, Coarse | Quiet) => Degraded,
        (Locked, Silent | NewSource) => Holdover,
        (Locked, Runaway) => Unlocked,

        (Degraded, Converged) => Locked,
        (Degraded, Tolerable | Coarse | Quiet) => Degraded,
        (Degraded, Silent | NewSource) => Holdover,
        (Degraded, Runaway) => Unlocked,

        (Holdover, Converged) => Locked,
        (Holdover, Tolerable | Coarse | Quiet | Silent | NewSource) => Holdover,
        (Holdover, Runaway) => Unlocked,

        (Unlocked, Converged) => Locked,
        (Unlocked, Tolerable) => Degraded,
        (Unlocked, Coarse | Quiet | Silent | NewSource | Runaway) => Unlocked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::fmt::Write;
    use std::string::String;

    /// SYNC-5
    #[test]
    fn the_whole_table_is_as_written() {
        let mut table = String::new();
        for state in SyncState::ALL {
            for evidence in Evidence::ALL {
                writeln!(table, "{state:?} + {evidence:?} -> {:?}", transition(state, evidence)).unwrap();
            }
        }
        insta::assert_snapshot!(table);
    }

    /// SYNC-5
    #[test]
    fn only_good_measurements_make_time_usable_again() {
        for state in [SyncState::Acquiring, SyncState::Unlocked] {
            for evidence in Evidence::ALL {
                let usable = transition(state, evidence).is_usable();
                assert_eq!(
                    usable,
                    matches!(evidence, Evidence::Converged | Evidence::Tolerable),
                    "{state:?} {evidence:?}"
                );
            }
        }
    }
}
