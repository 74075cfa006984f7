//! NTP's way, by RFC 5905: the clock filter (section 10) and the clock discipline (section 11.3) for one server.
//!
//! Selecting and combining servers (section 11.2) has nothing to do where there is one; what is left of it is the test
//! of the root distance: an update is used only when delay, dispersion and jitter say it is within a second.
//!
//! NTP asks once in 16 s or more, here exchanges come five times a second. All time constants of the loop are therefore
//! divided by `FASTER`: a poll exponent p means 2^p / 64 seconds instead of 2^p, and the step-out threshold and the
//! Allan intercept shrink alike. The loop is then the RFC's, 64 times as fast. Its clock adjustment once a second becomes
//! continuous.
//!
//! Two things are chosen in its favour. It has a frequency file that holds the right frequency of the node's clock (what
//! wanders is not in it): without one it needs minutes for 50 ppm, or measures the frequency in 14 s, which radio paths
//! make worse than not to measure it. And the largest poll exponent is the one with the best results here.

mod clock_filter;
mod discipline;

use cuelight_proto::sync::Exchange;
use cuelight_wire::time::{Local, Time};

use super::filter::{Filter, Reading};
use clock_filter::{ClockFilter, Sample};
use discipline::Discipline;

/// How much faster than in the RFC the loop runs: its shortest poll interval of 16 s becomes a quarter of a second.
const FASTER: f64 = 64.0;
/// The largest poll exponent: 1 s, a time constant of 16 s. Of 4 to 10 (measured over all profiles, 16 seeds) this has the
/// smallest p95 on ten of fourteen and is close on the others; with 10 busy Wi-Fi at 20 Hz has four times as much.
const MAX_POLL: i32 = 6;
/// Frequency tolerance, s/s (section 7.2: PHI, 15 ppm).
const PHI: f64 = 15e-6;
/// What a timestamp resolves, nanoseconds (2^rho of the RFC).
const PRECISION: f64 = 100.0;
/// Beyond this root distance a server is not used, nanoseconds (section 7.2: MAXDIST).
const MAX_DISTANCE: f64 = 1e9;

pub(super) struct Ntp {
    filter: ClockFilter,
    discipline: Discipline,
}

impl Ntp {
    /// An NTP client with that frequency file: server seconds per local second, minus one.
    pub(super) fn new(frequency_file: f64) -> Self {
        Self { filter: ClockFilter::new(), discipline: Discipline::new(frequency_file, MAX_POLL) }
    }
}

impl Filter for Ntp {
    fn handle_exchange(&mut self, exchange: Exchange) {
        let Some(delay) = exchange.delay() else { return };
        // NTP stamps with the clock it disciplines.
        let asked = self.discipline.show_at(exchange.t1).as_ns();
        let answered = self.discipline.show_at(exchange.t4).as_ns();
        let (up, down) = (exchange.t2.as_ns() - asked, exchange.t3.as_ns() - answered);
        let sample = Sample {
            offset: up.midpoint(down) as f64,
            delay: (delay.as_ns() as f64).max(PRECISION),
            dispersion: 2.0 * PRECISION + PHI * exchange.t4.since(exchange.t1).as_ns() as f64,
            at: exchange.t4.as_ns(),
        };
        let Some(update) = self.filter.handle_sample(sample, self.discipline.poll_ns()) else { return };
        if update.distance > MAX_DISTANCE {
            return;
        }
        self.filter.use_up(&update);
        if self.discipline.handle_offset(update.offset, exchange.t4) {
            self.filter.clear();
        }
    }

    fn read(&mut self, now: Time<Local>) -> Reading {
        let is_set = self.discipline.is_set();
        Reading { show: is_set.then(|| self.discipline.show_at(now)), is_locked: self.discipline.is_synchronised() }
    }
}
