//! What measuring says at one instant: offset, skew, how sure, and the limits that hold without statistics.

use cuelight_wire::time::{Local, Show, Time};

use super::exchange::Exchange;
use super::leg::WANDER;
use super::number::sqrt;

/// The first exchange of a source: all arithmetic is on differences to it, so that any offset keeps its nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Base {
    local: i64,
    show: i64,
}

/// An exchange as differences to the base, nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// Local stamps.
    pub(super) t1: i64,
    pub(super) t4: i64,
    /// t2 - t1: offset plus upward delay.
    pub(super) up: i64,
    /// t4 - t3: downward delay minus offset.
    pub(super) down: i64,
}

impl Base {
    pub(super) fn of(exchange: &Exchange) -> Self {
        Self { local: exchange.t1.as_ns(), show: exchange.t2.as_ns() }
    }

    /// Show minus local beyond the base's; `None` when that is no `i64`.
    pub(super) fn offset(&self, local: Time<Local>, show: Time<Show>) -> Option<i64> {
        let shown = show.as_ns().checked_sub(self.show)?;
        shown.checked_sub(local.as_ns().checked_sub(self.local)?)
    }

    /// `None` for stamps so far from the base that they cannot be of its clocks.
    pub(super) fn sample(&self, exchange: &Exchange) -> Option<Sample> {
        Some(Sample {
            t1: exchange.t1.as_ns(),
            t4: exchange.t4.as_ns(),
            up: self.offset(exchange.t1, exchange.t2)?,
            down: self.offset(exchange.t4, exchange.t3)?.checked_neg()?,
        })
    }

    /// Show time at a local instant for an offset beyond the base's; saturates.
    pub(super) fn show_at(&self, local: Time<Local>, offset: i64) -> Time<Show> {
        let show = i128::from(local.as_ns()) - i128::from(self.local) + i128::from(self.show) + i128::from(offset);
        Time::from_ns(i64::try_from(show).unwrap_or(if show < 0 { i64::MIN } else { i64::MAX }))
    }
}

/// An estimate and how it ages. Nanoseconds and nanoseconds a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    pub(super) base: Base,
    pub(super) at: i64,
    pub(super) offset: f64,
    pub(super) skew: f64,
    pub(super) sigma: f64,
    pub(super) skew_sigma: f64,
    /// The offset is between these...
    pub(super) lower: f64,
    pub(super) upper: f64,
    /// ...and the skew between these.
    pub(super) skew_low: f64,
    pub(super) skew_high: f64,
    pub(super) floor_rtt: f64,
    pub(super) filter_share: f64,
}

impl Estimate {
    fn age(&self, now: Time<Local>) -> f64 {
        now.as_ns().saturating_sub(self.at).max(0) as f64 * 1e-9
    }

    /// Offset at a local instant.
    pub(super) fn offset_at(&self, now: Time<Local>) -> f64 {
        self.offset + self.skew * (now.as_ns().saturating_sub(self.at) as f64 * 1e-9)
    }

    /// Standard deviation of the offset at a local instant: grows with what the skew may be wrong by and with wander.
    pub(super) fn sigma_at(&self, now: Time<Local>) -> f64 {
        let age = self.age(now);
        let (drifted, bent) = (self.skew_sigma * age, 0.5 * WANDER * age * age);
        sqrt(self.sigma * self.sigma + drifted * drifted + bent * bent)
    }

    /// Lower and upper limit of the offset at a local instant.
    pub(super) fn limits_at(&self, now: Time<Local>) -> (f64, f64) {
        let age = self.age(now);
        let bent = 0.5 * WANDER * age * age;
        (self.lower + self.skew_low * age - bent, self.upper + self.skew_high * age + bent)
    }
}
