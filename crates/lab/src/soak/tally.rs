//! How often which values occurred, in so little room that it can go on for days: buckets one per cent wide.

use serde::Serialize;

/// Upper end of the first bucket, microseconds.
const FIRST_US: f64 = 0.01;
/// Each bucket's upper end over the one before.
const RATIO: f64 = 1.01;
/// Buckets: up to 0.01 us * 1.01^2100, 12 s; what is larger counts as that.
const BUCKETS: usize = 2100;

/// A tally of microseconds.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    buckets: Vec<u64>,
    count: u64,
    max_us: f64,
}

/// Quantiles of a tally, microseconds; exact to one per cent, the maximum exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Told {
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) max_us: f64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0, max_us: 0.0 }
    }
}

impl Tally {
    /// Adds a value without sign.
    pub(super) fn add_ns(&mut self, ns: i64) {
        let us = ns.unsigned_abs() as f64 / 1e3;
        let bucket = ((us / FIRST_US).ln() / RATIO.ln()).ceil().clamp(0.0, (BUCKETS - 1) as f64) as usize;
        self.buckets[bucket] += 1;
        self.count += 1;
        self.max_us = self.max_us.max(us);
    }

    /// Its quantiles; nothing when there is no value.
    pub(super) fn told(&self) -> Option<Told> {
        let at = |part: f64| {
            let rank = (part * self.count as f64).ceil() as u64;
            let mut below = 0;
            let bucket = self.buckets.iter().position(|count| {
                below += count;
                below >= rank
            });
            (FIRST_US * RATIO.powi(i32::try_from(bucket.unwrap_or(0)).unwrap_or(0))).min(self.max_us)
        };
        (self.count > 0).then(|| Told { p50_us: at(0.5), p99_us: at(0.99), max_us: self.max_us })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_one_per_cent_and_the_maximum_exactly() {
        let mut tally = Tally::default();
        assert_eq!(tally.told(), None);
        (1..=1000).for_each(|us| tally.add_ns(if us % 2 == 0 { us * 1000 } else { -us * 1000 }));
        let told = tally.told().unwrap();
        assert!((495.0..=506.0).contains(&told.p50_us), "{told:?}");
        assert!((985.0..=1000.0).contains(&told.p99_us), "{told:?}");
        assert!((told.max_us - 1000.0).abs() < 1e-9, "{told:?}");
    }

    #[test]
    fn nothing_and_more_than_anything_have_a_bucket() {
        let mut tally = Tally::default();
        tally.add_ns(0);
        tally.add_ns(i64::MIN);
        assert!(tally.told().unwrap().p50_us <= FIRST_US);
        assert!(tally.told().unwrap().max_us > 1e12);
    }
}
