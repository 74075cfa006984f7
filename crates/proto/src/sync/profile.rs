//! What a network is expected to be like: the thresholds of lock and unlock.

use cuelight_wire::limits::{DRIFT_DEGRADED, TS_LOCK_SAMPLES_N, TS_PING_PERIOD};
use cuelight_wire::time::Span;

/// Thresholds and limits of one node's synchronisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// Lock (and return from degraded) when sigma is at most this.
    pub lock_sigma: Span,
    /// Degraded when sigma is beyond this.
    pub degrade_sigma: Span,
    /// Unlocked when sigma or the drift is beyond this.
    pub unlock: Span,
    /// Good samples before lock.
    pub lock_samples: u32,
    /// Good samples must span at least this before lock.
    pub lock_span: Span,
    /// The largest rate of the output map against the local clock, ppm.
    pub max_rate_ppm: f64,
    /// The largest difference of two oscillators that is believed, ppm. Crystals are within +-100 each.
    pub max_skew_ppm: f64,
    /// How the rate of the output map may change, ppm a second.
    pub max_ramp_ppm: f64,
    /// Time between probes after the start-up burst; 200 ms is the least a deployed hub expects.
    pub probe_period: Span,
    /// A message may look so much faster than it was: whole microseconds rounded down, kernel stamps converted from
    /// another clock.
    pub stamp_error: Span,
    /// What a timestamp cannot resolve: sigma never says less.
    pub stamp_sigma: Span,
}

impl Profile {
    /// Any network, Wi-Fi included.
    pub const DEFAULT: Self = Self {
        lock_sigma: Span::from_us(500),
        degrade_sigma: Span::from_ms(1),
        unlock: DRIFT_DEGRADED,
        lock_samples: TS_LOCK_SAMPLES_N + 2,
        lock_span: Span::from_ms(500),
        max_rate_ppm: 500.0,
        max_skew_ppm: 300.0,
        max_ramp_ppm: 100.0,
        probe_period: TS_PING_PERIOD,
        stamp_error: Span::from_us(2),
        stamp_sigma: Span::from_ns(100),
    };
    /// A wired network: lock waits for 20 us.
    pub const LAN: Self = Self { lock_sigma: Span::from_us(20), degrade_sigma: Span::from_us(200), ..Self::DEFAULT };
}

impl Default for Profile {
    fn default() -> Self {
        Self::DEFAULT
    }
}
