//! How often to try when nobody answers: pauses that grow, until patience is over (PATTERN-23).

use std::fmt::Display;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cuelight_pattern::client::Backoff;

/// Attempts, the first of which is made in any case.
pub(super) struct Attempts {
    backoff: Backoff,
    end: Instant,
}

impl Attempts {
    /// None was made yet; none begins later than `patience` from now.
    pub(super) fn for_at_most(patience: Duration) -> Self {
        // Programs that were started together differ in their number, or in the moment.
        let moment = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
        let seed = u64::from(std::process::id()) << 32 | u64::from(moment);
        Self { backoff: Backoff::new(seed), end: Instant::now() + patience }
    }

    /// The pauses of an upload, which begin anew with each.
    pub(super) fn backoff(&self) -> Backoff {
        self.backoff.clone()
    }

    /// The pause before the next attempt; `None` when there is to be none.
    pub(super) fn next_pause(&mut self) -> Option<Duration> {
        let pause = self.backoff.next_pause();
        self.is_worth(pause).then_some(pause)
    }

    /// Whether an attempt after this pause is still in time.
    pub(super) fn is_worth(&self, pause: Duration) -> bool {
        Instant::now() + pause <= self.end
    }
}

/// What people read while an attempt is waited for.
pub(super) fn told(error: &dyn Display, pause: Duration) -> String {
    format!("cuelight: {error}; again in {:.1} s", pause.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_patience_there_is_one_attempt_and_with_a_minute_there_are_several() {
        assert_eq!(Attempts::for_at_most(Duration::ZERO).next_pause(), None);
        let mut attempts = Attempts::for_at_most(Duration::from_secs(60));
        // The test takes no time: 1, 2, 4, 8, 16, 30, 30 s, each at least half as long and each within the minute.
        let pauses: Vec<f64> = std::iter::from_fn(|| attempts.next_pause()).take(7).map(|p| p.as_secs_f64()).collect();
        assert!(
            pauses.len() == 7 && (0.5..=1.0).contains(&pauses[0]) && (15.0..=30.0).contains(&pauses[6]),
            "{pauses:?}"
        );
        assert!(!attempts.is_worth(Duration::from_secs(61)));
        assert_eq!(told(&"no", Duration::from_millis(850)), "cuelight: no; again in 0.8 s");
    }
}
