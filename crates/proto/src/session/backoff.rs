//! How long to wait before the next dial (`CTRL-32`).
//!
//! A node that was in a good session during the last minute redials eagerly, so that a restarted hub has it back within
//! a second of listening: 100 ms doubling to 500 ms. Otherwise 250 ms doubling to 5 s. Each delay is dithered over its
//! upper half, so that the nodes of one hub do not come back in step.

use cuelight_wire::limits::KEEPALIVE_TIMEOUT;
use cuelight_wire::time::{Local, Span, Time};

const EAGER_FIRST: Span = Span::from_ms(100);
/// With dial, hello and welcome a fraction of this on a LAN, a node is back well within a second.
const EAGER_CAP: Span = Span::from_ms(500);
const EAGER_FOR: Span = Span::from_s(60);
const PATIENT_FIRST: Span = Span::from_ms(250);
const PATIENT_CAP: Span = Span::from_s(5);
/// A session that lived this long was a good one; shorter ones (a hub that refuses soon after welcome, two nodes with
/// one MAC address that push each other out) do not shorten the delays.
const GOOD_SESSION: Span = Span::from_s(2);

/// The redial delays of one node.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    dither: u64,
    attempts: u32,
    /// When the last good session ended.
    good_until: Option<Time<Local>>,
}

impl Backoff {
    /// No attempt made yet; `seed` varies the dither.
    pub const fn new(seed: u64) -> Self {
        Self { dither: seed, attempts: 0, good_until: None }
    }

    /// A session that began at `began_at` is over.
    pub fn on_session_ended(&mut self, began_at: Time<Local>, now: Time<Local>) {
        if now - began_at >= GOOD_SESSION {
            self.attempts = 0;
            self.good_until = Some(now);
        }
    }

    /// The delay before the next dial.
    pub fn next_delay(&mut self, now: Time<Local>) -> Span {
        let (first, cap) = if self.is_eager(now) { (EAGER_FIRST, EAGER_CAP) } else { (PATIENT_FIRST, PATIENT_CAP) };
        let full = first.times(1 << self.attempts.min(16));
        let full = if full > cap { cap } else { full };
        self.attempts = self.attempts.saturating_add(1);
        let half = full.as_ns() / 2;
        Span::from_ns(half + (self.next_random() % (half.unsigned_abs() + 1)) as i64)
    }

    /// How long to wait for a dial to be answered: no longer than a second while eager, because the system repeats a
    /// lost connection request only after one.
    pub fn dial_timeout(&self, now: Time<Local>) -> Span {
        if self.is_eager(now) { Span::from_s(1) } else { KEEPALIVE_TIMEOUT }
    }

    fn is_eager(&self, now: Time<Local>) -> bool {
        self.good_until.is_some_and(|until| now - until <= EAGER_FOR)
    }

    /// SplitMix64.
    fn next_random(&mut self) -> u64 {
        self.dither = self.dither.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.dither ^ self.dither >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time<Local> {
        Time::ZERO + Span::from_ms(ms)
    }

    fn is_dithered(delay: Span, full_ms: i64) -> bool {
        (Span::from_ms(full_ms / 2)..=Span::from_ms(full_ms)).contains(&delay)
    }

    #[test]
    fn without_a_session_delays_double_from_a_quarter_second_to_five() {
        // CTRL-32
        let mut backoff = Backoff::new(1);
        for full_ms in [250, 500, 1000, 2000, 4000, 5000, 5000] {
            assert!(is_dithered(backoff.next_delay(at(0)), full_ms), "{full_ms}");
        }
    }

    #[test]
    fn after_a_good_session_redials_stay_under_half_a_second_for_a_minute() {
        // CTRL-32
        let mut backoff = Backoff::new(2);
        let _ = backoff.next_delay(at(0));
        backoff.on_session_ended(at(1_000), at(10_000));
        let mut now = at(10_000);
        for full_ms in [100, 200, 400, 500, 500] {
            let delay = backoff.next_delay(now);
            assert!(is_dithered(delay, full_ms), "{full_ms}");
            now += delay;
        }
        while now <= at(70_000) {
            let delay = backoff.next_delay(now);
            assert!(is_dithered(delay, 500));
            now += delay;
        }
        assert!(is_dithered(backoff.next_delay(now), 5_000));
    }

    #[test]
    fn a_session_that_ends_at_once_does_not_shorten_the_delays() {
        let mut backoff = Backoff::new(3);
        for full_ms in [250, 500, 1000] {
            backoff.on_session_ended(at(0), at(100));
            assert!(is_dithered(backoff.next_delay(at(100)), full_ms));
        }
    }

    #[test]
    fn nodes_with_different_seeds_do_not_come_back_in_step() {
        let delays = |seed| [0; 4].map(|_: i32| seed).map(|s| Backoff::new(s).next_delay(at(0)));
        assert_eq!(delays(5)[0], delays(5)[1]);
        assert_ne!(delays(5)[0], delays(6)[0]);
    }
}
