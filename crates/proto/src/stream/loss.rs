//! How much of the stream is lost: over the last five seconds and in all (`STREAM-33`).

use cuelight_wire::time::{Local, Span, Time};

/// One bucket's span. Ten of them are the window: 500 packets at 100 Hz, so one lost packet is 0.2 %.
const BUCKET: Span = Span::from_ms(500);
const BUCKETS: usize = 10;

/// Counts since the receiver was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LossTotals {
    /// Packets accepted.
    pub received: u64,
    /// Packets missing in front of accepted ones, less those that came late.
    pub lost: u64,
    /// Gaps of at least [`super::LARGE_GAP`] packets.
    pub large_gaps: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    number: i64,
    received: u32,
    lost: u32,
}

/// Received and lost packets of the last five seconds, in buckets of half a second. A bucket is reused when its turn
/// comes again.
#[derive(Clone, Copy, Debug, Default)]
pub struct LossWindow {
    buckets: [Bucket; BUCKETS],
}

impl LossWindow {
    /// Nothing received, nothing lost.
    pub fn new() -> Self {
        Self::default()
    }

    /// A packet was accepted after `gap` missing ones.
    pub fn on_accepted(&mut self, gap: u32, now: Time<Local>) {
        let bucket = self.bucket(now);
        bucket.received = bucket.received.saturating_add(1);
        bucket.lost = bucket.lost.saturating_add(gap);
    }

    /// A packet counted as lost came after all.
    pub fn on_found(&mut self, now: Time<Local>) {
        let newest = number(now);
        let of_window = |b: &&mut Bucket| b.lost > 0 && is_within(b.number, newest);
        if let Some(bucket) = self.buckets.iter_mut().filter(of_window).max_by_key(|b| b.number) {
            bucket.lost -= 1;
        }
    }

    /// Percent of the packets of the last five seconds that were lost; 0 when there were none.
    pub fn percent(&self, now: Time<Local>) -> f32 {
        let newest = number(now);
        let within = self.buckets.iter().filter(|b| is_within(b.number, newest));
        let (received, lost) = within
            .fold((0_u64, 0_u64), |(received, lost), b| (received + u64::from(b.received), lost + u64::from(b.lost)));
        if lost == 0 { 0.0 } else { (lost as f64 * 100.0 / (received + lost) as f64) as f32 }
    }

    fn bucket(&mut self, now: Time<Local>) -> &mut Bucket {
        let number = number(now);
        let index = number.rem_euclid(BUCKETS as i64) as usize;
        let bucket = &mut self.buckets[index];
        if bucket.number != number {
            *bucket = Bucket { number, ..Bucket::default() };
        }
        bucket
    }
}

fn number(now: Time<Local>) -> i64 {
    now.as_ns().div_euclid(BUCKET.as_ns())
}

fn is_within(number: i64, newest: i64) -> bool {
    (0..BUCKETS as i64).contains(&newest.saturating_sub(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time<Local> {
        Time::ZERO + Span::from_ms(ms)
    }

    #[test]
    fn one_packet_in_five_lost_is_twenty_percent() {
        // STREAM-33
        let mut window = LossWindow::new();
        for i in 0..400 {
            window.on_accepted(u32::from(i % 4 == 3), at(i * 10));
        }
        assert!((window.percent(at(4000)) - 20.0).abs() < 1e-3);
    }

    #[test]
    fn loss_is_forgotten_after_five_seconds() {
        let mut window = LossWindow::new();
        window.on_accepted(10, at(0));
        for i in 1..=499 {
            window.on_accepted(0, at(i * 10));
        }
        assert!(window.percent(at(4_990)) > 1.9);
        assert_eq!(window.percent(at(5_000)).to_bits(), 0);
        assert_eq!(window.percent(at(1_000_000)).to_bits(), 0);
    }

    #[test]
    fn what_comes_late_was_not_lost() {
        let mut window = LossWindow::new();
        window.on_accepted(1, at(0));
        window.on_found(at(20));
        assert_eq!(window.percent(at(20)).to_bits(), 0);
        window.on_found(at(20));
        assert_eq!(window.percent(at(20)).to_bits(), 0);
    }
}
