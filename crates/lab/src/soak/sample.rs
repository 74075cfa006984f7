//! What one look at a show found.

use serde::Serialize;

use super::tally::Told;
use super::vitals::Vitals;

/// One look. Counts are since the start of the soak.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Sample {
    /// Seconds since the soak began.
    pub(super) at_s: f64,
    /// The hub, then the nodes; `None` for one that does not run.
    pub(super) processes: Vec<Option<Vitals>>,
    /// Ticks of the hub.
    pub(super) ticks: u64,
    /// Ticks that took too long.
    pub(super) overruns: u64,
    /// Ticks left out.
    pub(super) ticks_missed: u64,
    /// Frames of all nodes.
    pub(super) frames: u64,
    /// Frames left out.
    pub(super) frames_missed: u64,
    /// Frames in which nodes showed different pixels.
    pub(super) frames_unequal: u64,
    /// Changes that have been looked at.
    pub(super) changes: u64,
    /// Of those the ones that not all nodes first showed in one frame.
    pub(super) changes_out_of_step: u64,
    /// Arrivals of a change at a node after its applyAt.
    pub(super) arrivals_late: u64,
    /// Clock errors since the look before.
    pub(super) clock: Option<Told>,
    /// What outputs of one frame were apart since the look before.
    pub(super) apart: Option<Told>,
}
