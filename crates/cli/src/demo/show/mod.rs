//! `cuelight demo --show`: a show of cues on universes - a hub, some nodes that each work out their share of the universes,
//! and a receiver that looks at what they put on the wire.
//!
//! | module | is |
//! |---|---|
//! | `piece` | the show file, and which node has which of its universes |
//! | `course` | what was ordered and what follows from it: every list at every instant |
//! | `theatre` | the processes, the receiver, and the calls to the hub |
//! | `live` | the show in the terminal, GO after GO |
//! | `measured` | the show that is measured, over a hub that is killed |
//! | `latency` | how long a GO takes to the wire |
//! | `judge` | what came over the wire against what the show says |
//! | `report` | what it came to, and its limits |
//!
//! The judge works out every level of every instant from the show and the orders alone. What a node says of itself counts for
//! nothing.

mod course;
mod judge;
mod latency;
mod live;
mod measured;
mod piece;
mod report;
mod theatre;

use std::path::PathBuf;

use anyhow::Result;

use report::Report;

/// What is to be played.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The show file; `None`: the one that comes with the program.
    pub(super) file: Option<PathBuf>,
    pub(super) nodes: u8,
    pub(super) seed: u64,
    pub(super) loss_pct: f64,
    /// Where records and logs stay; `None` removes them at the end.
    pub(super) out: Option<PathBuf>,
    /// What hangs on each node besides its universes.
    pub(super) geometry: String,
}

/// What is to be measured besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial {
    /// How long the show is played.
    pub(super) seconds: u64,
    /// GOs whose way to the wire is timed.
    pub(super) goes: u8,
    /// Whether the hub is killed in a fade, and started again.
    pub(super) faults: bool,
}

/// Plays in the terminal until the show is over.
pub(super) fn play(plan: &Plan) -> Result<()> {
    live::run(plan)
}

/// Plays, and measures it.
pub(super) fn measure(plan: &Plan, trial: Trial) -> Result<Report> {
    measured::run(plan, trial)
}
