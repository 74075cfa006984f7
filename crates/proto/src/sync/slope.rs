//! The skew as the floors see it, remembered beyond the window. Implements SYNC-2.
//!
//! A window of two minutes finds the slope of a jittery path only roughly, but an oscillator's skew hardly changes in that
//! time: what many windows say is worth more than the last one. While a window grows, its fit contains all there is and
//! is combined with what was known before it; once old points leave, a scalar filter goes on, in which each fit counts
//! for the share of the window that is new since the last one.

/// Variance of the skew before anything is measured: 100 ppm.
const FIRST_VAR: f64 = 1e10;
/// Random walk of the skew: 3e-9 per square root of a second, squared.
const WALK: f64 = 9.0;
/// A window this old has forgotten something, nanoseconds.
const FULL_NS: i64 = 126_000_000_000;
/// A fit this many standard deviations off says the skew has moved: the memory fades.
const SURPRISE: f64 = 3.0;

#[derive(Clone, Debug)]
pub(super) struct SlopeMemory {
    mean: f64,
    var: f64,
    /// What was known before the window began.
    before: (f64, f64),
    /// When the window was first full and the last fit was taken.
    taken_at: Option<i64>,
}

impl SlopeMemory {
    pub(super) const fn new() -> Self {
        Self { mean: 0.0, var: FIRST_VAR, before: (0.0, FIRST_VAR), taken_at: None }
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    pub(super) fn get(&self) -> (f64, f64) {
        (self.mean, self.var)
    }

    /// What is known without the window, as far as that can be told apart.
    pub(super) fn before(&self) -> (f64, f64) {
        if self.taken_at.is_some() { self.get() } else { self.before }
    }

    /// The window was emptied but for its newest part: what is known now is what was known before it.
    pub(super) fn window_shortened(&mut self) {
        self.before = (self.mean, self.var);
        self.taken_at = None;
    }

    /// Takes the fit of a window of that age.
    pub(super) fn learn(&mut self, fit: (f64, f64), age_ns: i64, at: i64) {
        let Some(taken_at) = self.taken_at else {
            (self.mean, self.var) = combined(self.before, fit);
            if age_ns >= FULL_NS {
                self.taken_at = Some(at);
            }
            return;
        };
        self.taken_at = Some(at);
        let elapsed = (at.saturating_sub(taken_at).max(1) as f64 * 1e-9).min(FULL_NS as f64 * 1e-9);
        let share = elapsed / (FULL_NS as f64 * 1e-9);
        self.var += WALK * elapsed;
        let surprise = fit.0 - self.mean;
        if surprise * surprise > SURPRISE * SURPRISE * (self.var + fit.1) {
            self.var += surprise * surprise * share;
        }
        (self.mean, self.var) = combined((self.mean, self.var), (fit.0, fit.1 / share));
    }
}

fn combined(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let gain = a.1 / (a.1 + b.1);
    (a.0 + gain * (b.0 - a.0), a.1 * (1.0 - gain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    /// SYNC-2
    #[test]
    fn while_the_window_grows_its_fit_is_not_counted_twice() {
        let mut memory = SlopeMemory::new();
        for i in 1..=60 {
            memory.learn((5_000.0, 1e6), i * S, i * S);
        }
        let (mean, var) = memory.get();
        assert!((mean - 5_000.0).abs() < 1.0 && var > 0.99e6, "{mean} {var}");
    }

    /// SYNC-2
    #[test]
    fn many_full_windows_say_more_than_one() {
        let mut memory = SlopeMemory::new();
        // Fits that are 1 ppm off, to and fro, in turn for each window.
        for i in 1..=3_000 {
            let off = if i / 128 % 2 == 0 { 1_000.0 } else { -1_000.0 };
            memory.learn((20_000.0 + off, 1e6), (i * S).min(FULL_NS), i * S);
        }
        let (mean, var) = memory.get();
        assert!((mean - 20_000.0).abs() < 500.0 && var < 0.3e6, "{mean} {var}");
    }

    #[test]
    fn a_skew_that_has_moved_is_followed() {
        let mut memory = SlopeMemory::new();
        for i in 1..=1_000 {
            memory.learn((0.0, 1e4), (i * S).min(FULL_NS), i * S);
        }
        for i in 1_001..=1_200 {
            memory.learn((10_000.0, 1e4), FULL_NS, i * S);
        }
        assert!(memory.mean() > 9_000.0, "{}", memory.mean());
    }
}
