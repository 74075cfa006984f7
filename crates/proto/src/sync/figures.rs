//! What the estimator tells about itself; for status lines, metrics and the keepalive.

use cuelight_wire::time::Span;

use super::lock::SyncState;

/// Measured quality of synchronisation at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Lock state.
    pub state: SyncState,
    /// Estimated standard deviation of the map in use.
    pub sigma: Span,
    /// The true show time is within this of the map in use.
    pub bound: Span,
    /// Offset as measured minus offset in use: what is still to be slewed. The keepalive's `drift_us`.
    pub drift: Span,
    /// Smallest round trip of the window.
    pub floor_rtt: Span,
    /// Show clock rate against the local clock, ppm.
    pub skew_ppm: f64,
    /// Share of the two-state filter in the estimate, 0 to 1; the rest is the delay floor's.
    pub filter_share: f64,
    /// Exchanges that count.
    pub accepted: u32,
    /// Exchanges that were refused, for whatever reason.
    pub rejected: u32,
    /// Windows emptied because the path changed.
    pub flushes: u32,
    /// Times measuring began anew: another clock behind the exchanges.
    pub restarts: u32,
    /// Times lock was reached.
    pub locks: u32,
    /// Times lock was lost (unlocked).
    pub unlocks: u32,
}
