//! ORACLE-4: how far a node's show time is from the hub's, and whether the published bound contains that (SYNC-3). Between
//! its start and its first welcome a hub's show time is not fixed, so nothing is measured by it.

use crate::entry::What;
use crate::figures::{Figure, Figures};
use crate::judge::Scene;
use crate::samples::Samples;

#[derive(Debug, Default)]
pub(crate) struct Clocks {
    errors: Samples,
    broken: u64,
}

impl Clocks {
    pub(crate) fn take(&mut self, scene: &Scene<'_>) {
        let What::Clock(n, sample) = &scene.entry.what else { return };
        if !sample.is_usable || !scene.counts() || !scene.presence.is_show_fixed() {
            return;
        }
        let error = sample.show - scene.entry.show;
        self.broken += u64::from(error.abs() > sample.bound);
        self.errors.add((error.as_ns() as f64 - scene.cast.unavoidable_ns[n.0]).abs() as i64);
    }
    pub(crate) fn finish(mut self, figures: &mut Figures) {
        figures.count(Figure::ClockSamples, self.errors.len() as u64);
        if self.errors.len() > 0 {
            figures.count(Figure::BoundBroken, self.broken);
        }
        figures.set_some(Figure::ClockErrorP50, self.errors.quantile(0.5));
        figures.set_some(Figure::ClockErrorP95, self.errors.quantile(0.95));
        figures.set_some(Figure::ClockErrorMax, self.errors.quantile(1.0));
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts and whole nanoseconds are exact")]
mod tests {
    use crate::figures::Figure;
    use crate::rules::traces::Trace;

    #[test]
    fn an_error_beyond_the_bound_is_broken_trust() {
        let mut trace = Trace::of_two();
        trace.clock(0, 50, 4_000, true, 5_000);
        trace.clock(1, 50, -5_001, true, 5_000);
        let figures = trace.figures();
        assert_eq!(figures.get(Figure::BoundBroken), Some(1.0));
        assert_eq!(figures.get(Figure::ClockErrorMax), Some(5_001.0));
    }

    #[test]
    fn what_a_path_makes_unavoidable_is_no_error_but_the_bound_must_contain_it() {
        let mut trace = Trace::of_two();
        trace.cast.unavoidable_ns[0] = 4_000.0;
        trace.clock(0, 50, 4_100, true, 4_000);
        let figures = trace.figures();
        assert_eq!((figures.get(Figure::ClockErrorMax), figures.get(Figure::BoundBroken)), (Some(100.0), Some(1.0)));
    }

    #[test]
    fn until_its_first_welcome_a_restarted_hub_has_no_show_time_to_measure_by() {
        let mut trace = Trace::of_two();
        trace.restart_hub(30, [40, 50]);
        trace.clock(0, 36, 1_000_000_000, true, 5_000);
        trace.clock(0, 46, 3_000, true, 5_000);
        assert_eq!(trace.figures().get(Figure::ClockErrorMax), Some(3_000.0));
    }

    #[test]
    fn an_unusable_clock_is_not_measured() {
        let mut trace = Trace::of_two();
        trace.clock(0, 50, 1_000_000_000, false, 0);
        assert_eq!(trace.figures().get(Figure::ClockErrorMax), None);
    }
}
