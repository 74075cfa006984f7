//! What is compared: something that takes exchanges and tells show time.

use cuelight_proto::sync::{Exchange, Profile};
use cuelight_wire::time::{Local, Show, Time};

use super::cuelight::Cuelight;
use super::deployed::Deployed;
use super::minimum::MinimumDelay;
use super::ntp::Ntp;

/// What a filter says at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Show time; `None` before anything is known.
    pub show: Option<Time<Show>>,
    /// Whether changes may be scheduled by it.
    pub is_locked: bool,
}

/// Takes exchanges and tells show time. Calls come in the order of local time.
pub trait Filter {
    /// An exchange was completed at its `t4`.
    fn handle_exchange(&mut self, exchange: Exchange);
    /// Show time at `now`.
    fn read(&mut self, now: Time<Local>) -> Reading;
}

/// The filters that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The estimator that ships, its output timeline included.
    Cuelight,
    /// What deployed nodes do.
    Deployed,
    /// The sample with the smallest delay of the last eight.
    MinimumDelay,
    /// NTP's clock filter and clock discipline.
    Ntp,
}

impl Kind {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 4] = [Self::Cuelight, Self::Deployed, Self::MinimumDelay, Self::Ntp];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cuelight => "cuelight",
            Self::Deployed => "deployed",
            Self::MinimumDelay => "minimum of 8",
            Self::Ntp => "NTP",
        }
    }

    /// A new one. It knows nothing yet, except that NTP has a frequency file: hub seconds per second of the node's clock,
    /// minus one.
    pub fn filter(self, frequency_file: f64) -> Box<dyn Filter> {
        match self {
            Self::Cuelight => Box::new(Cuelight::new(Profile::DEFAULT)),
            Self::Deployed => Box::new(Deployed::new()),
            Self::MinimumDelay => Box::new(MinimumDelay::new()),
            Self::Ntp => Box::new(Ntp::new(frequency_file)),
        }
    }
}

/// Offset of one exchange, show minus local, nanoseconds: the average of what both directions say.
pub(super) fn midpoint(exchange: &Exchange) -> i64 {
    let up = exchange.t2.as_ns() - exchange.t1.as_ns();
    let down = exchange.t3.as_ns() - exchange.t4.as_ns();
    up.midpoint(down)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An exchange of a hub whose clock is `offset` ahead, asked at `t1`, with these delays.
    pub(in super::super) fn exchange(t1: i64, offset: i64, up: i64, down: i64) -> Exchange {
        let t2 = t1 + up + offset;
        Exchange {
            t1: Time::from_ns(t1),
            t2: Time::from_ns(t2),
            t3: Time::from_ns(t2 + 20_000),
            t4: Time::from_ns(t1 + up + 20_000 + down),
        }
    }

    #[test]
    fn the_midpoint_is_off_by_half_the_difference_of_the_delays() {
        assert_eq!(midpoint(&exchange(5_000, 7_000_000, 300, 300)), 7_000_000);
        assert_eq!(midpoint(&exchange(5_000, -7_000_000, 500, 300)), -7_000_000 + 100);
    }

    #[test]
    fn nobody_knows_show_time_before_the_first_exchange() {
        for kind in Kind::ALL {
            let reading = kind.filter(0.0).read(Time::from_ns(1_000_000_000));
            assert_eq!(reading, Reading { show: None, is_locked: false }, "{}", kind.name());
        }
    }

    #[test]
    fn on_a_path_without_jitter_everybody_is_right() {
        for kind in Kind::ALL {
            let mut filter = kind.filter(0.0);
            let offset = 1_234_567_890_123;
            for i in 0..300 {
                filter.handle_exchange(exchange(i * 200_000_000, offset, 150_000, 150_000));
            }
            let now = Time::from_ns(300 * 200_000_000);
            let reading = filter.read(now);
            let error = reading.show.unwrap().as_ns() - now.as_ns() - offset;
            assert!(reading.is_locked && error.abs() <= 1_000, "{}: {error} ns", kind.name());
        }
    }
}
