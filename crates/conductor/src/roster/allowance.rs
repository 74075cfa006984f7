//! How often somebody may do something: a bucket that refills steadily.

use cuelight_wire::time::{Local, Span, Time};

/// A rate with a burst: each use costs `cost`, and at most `window / cost` uses may come at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) cost: Span,
    pub(crate) window: Span,
}

/// Messages of one connection: 100 a second and 200 at once. A node sends one keepalive a second and, in a start burst
/// over the control plane, about 25 `ts_ping` a second.
pub(crate) const MESSAGES: Rate = Rate { cost: Span::from_ms(10), window: Span::from_ms(2_000) };
/// Hellos of one connection or one node: five in ten seconds.
pub(crate) const HELLOS: Rate = Rate { cost: Span::from_ms(2_000), window: Span::from_ms(10_000) };

/// What is left of a rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// When the bucket is full again.
    full_at: Time<Local>,
}

impl Allowance {
    /// All of it.
    pub(crate) const FULL: Self = Self { full_at: Time::from_ns(i64::MIN) };

    /// Uses it once. `false`: nothing is left, nothing was used.
    pub(crate) fn take(&mut self, rate: Rate, now: Time<Local>) -> bool {
        let full_at = self.full_at.max(now) + rate.cost;
        let is_left = full_at - now <= rate.window;
        if is_left {
            self.full_at = full_at;
        }
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_hellos_at_once_are_taken_and_the_sixth_waits_two_seconds() {
        let mut hellos = Allowance::FULL;
        let at = |ms: i64| Time::ZERO + Span::from_ms(ms);
        assert!((0..5).all(|_| hellos.take(HELLOS, at(0))));
        assert!(!hellos.take(HELLOS, at(0)));
        assert!(!hellos.take(HELLOS, at(1_999)));
        assert!(hellos.take(HELLOS, at(2_000)));
        assert!(!hellos.take(HELLOS, at(2_001)));
    }
}
