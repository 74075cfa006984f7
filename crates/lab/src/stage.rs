//! What a scenario is given, and what it answers.

use std::path::PathBuf;

use anyhow::Result;
use cuelight_measure::verdict::Verdict;

/// What a scenario is given.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// The program `cuelight`.
    pub(crate) program: PathBuf,
    /// Another build of it, with another version, where there is one.
    pub(crate) next_program: Option<PathBuf>,
    /// A Python that has the package `websockets`.
    pub(crate) python: PathBuf,
    /// An empty folder for records, logs and state.
    pub(crate) dir: PathBuf,
    /// Decides losses, delays and scenes.
    pub(crate) seed: u64,
    /// Whether to be quick rather than thorough.
    pub(crate) is_quick: bool,
    /// Whether timing is judged where it can be, and not only told.
    pub(crate) judges_timing: bool,
}

impl Stage {
    /// One of two lengths or counts: of a thorough run, or of a quick one.
    pub(crate) fn choose<T>(&self, full: T, quick: T) -> T {
        if self.is_quick { quick } else { full }
    }
}

/// Something that happens to a show, and the limits it is judged by.
pub(crate) struct Scenario {
    /// What it is called on the command line and in reports.
    pub(crate) name: &'static str,
    /// What it shows, in a sentence without a full stop.
    pub(crate) claim: &'static str,
    /// Whether it belongs to the short set.
    pub(crate) is_short: bool,
    /// Plays it and judges it. An error is a show that could not be judged, and counts as a missed limit, unless it is [`Unfit`].
    pub(crate) run: fn(&Stage) -> Result<Vec<Verdict>>,
}

/// A scenario that this machine cannot play: it is reported as not run, with what is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfit(pub(crate) String);

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unfit {}
