//! Clock filters side by side: the estimator that ships against three others, on identical exchanges.
//!
//! A [`Case`] is a path, a clock and a rate of asking. For each seed a [`Stream`] of exchanges is recorded once; every
//! [`Filter`] sees the same delays, losses and stamps of the same clock, and is looked at every 10 ms. [`Figures`] say what
//! came of it.
//!
//! | file | idea |
//! |---|---|
//! | [`case`], [`stream`] | what is measured, with which clock |
//! | [`filter`] | the trait and the four that are compared |
//! | `cuelight` | the estimator of `proto` with its output timeline |
//! | `deployed`, `minimum`, `ntp` | the others, written from their descriptions |
//! | [`mod@trace`], [`figures`] | what a filter said, and what that comes to |
//! | [`report`], `goals`, [`charts`] | tables and pictures of the figures |

pub mod case;
pub mod charts;
pub mod figures;
pub mod filter;
pub mod report;
pub mod stream;
pub mod trace;

mod cuelight;
mod deployed;
mod goals;
mod minimum;
mod ntp;

pub use case::{Case, Clock};
pub use figures::{Figures, Spread, Tally};
pub use filter::{Filter, Kind, Reading};
pub use goals::p95_must_us;
pub use stream::Stream;
pub use trace::{Tick, trace};

/// Figures of every filter in one case.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What they were compared on.
    pub case: Case,
    /// In the order of [`Kind::ALL`].
    pub figures: [Figures; Kind::ALL.len()],
}

impl Comparison {
    /// The figures of one filter.
    pub fn of(&self, kind: Kind) -> &Figures {
        let place = Kind::ALL.iter().position(|k| *k == kind).expect("every kind is in ALL");
        &self.figures[place]
    }
}

/// Compares all filters in a case: seeds 1 to `seeds`, `seconds` each.
pub fn compare(case: Case, seeds: u64, seconds: i64) -> Comparison {
    let mut tallies: [Tally; Kind::ALL.len()] = Default::default();
    for seed in 1..=seeds {
        let mut stream = case.stream(seconds, seed);
        for (tally, kind) in tallies.iter_mut().zip(Kind::ALL) {
            tally.add(&trace(kind, &mut stream));
        }
    }
    Comparison { case, figures: tallies.map(Tally::figures) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles;

    #[test]
    fn the_estimator_is_ten_times_better_than_the_deployed_filter_on_busy_wifi() {
        for path in [profiles::WIFI_U20_LOSS_10, profiles::WIFI_U20_LOSS_20] {
            let comparison = compare(Case { path, clock: Clock::Ppm50, probe_hz: 5 }, 16, 240);
            let ratio = report::times_better(&comparison);
            println!("{}: {ratio:.1} times better at p95; must 10, goal 40", path.name);
            assert!(ratio >= 10.0, "{}: {ratio:.1} times", path.name);
        }
    }

    #[test]
    fn the_same_case_gives_the_same_figures() {
        let case = Case { path: profiles::WIFI_EXP, clock: Clock::Ramp, probe_hz: 5 };
        assert_eq!(compare(case, 2, 90), compare(case, 2, 90));
    }
}
