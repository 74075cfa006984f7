//! What the estimator has to reach, and what it does reach.

use std::fmt::Write;

use super::case::Clock;
use super::filter::Kind;
use super::report::{micros, times, times_better};
use super::{Case, Comparison};

/// What is measured against a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    P50,
    P95,
    Max,
    /// How many times smaller its p95 is than the deployed filter's.
    TimesBetter,
}

/// A figure of the estimator with clocks 50 ppm off.
struct Goal {
    /// Name of the case, as [`Case::name`].
    case: &'static str,
    measure: Measure,
    /// It has to be this at least (microseconds, or a ratio)...
    must: f64,
    /// ...and this is wished for.
    goal: f64,
}

const fn goal(case: &'static str, measure: Measure, must: f64, goal: f64) -> Goal {
    Goal { case, measure, must, goal }
}

const GOALS: [Goal; 15] = [
    goal("ethernet", Measure::P95, 10.0, 2.0),
    goal("wifi-u20-loss10", Measure::P50, 100.0, 50.0),
    goal("wifi-u20-loss10", Measure::P95, 400.0, 200.0),
    goal("wifi-u20-loss10", Measure::Max, 2_000.0, 1_000.0),
    goal("wifi-u20-loss20", Measure::P50, 100.0, 50.0),
    goal("wifi-u20-loss20", Measure::P95, 400.0, 200.0),
    goal("wifi-u20-loss20", Measure::Max, 2_000.0, 1_000.0),
    goal("wifi-u20-loss10 20 Hz", Measure::P95, 150.0, 75.0),
    goal("wifi-u20-loss20 20 Hz", Measure::P95, 150.0, 75.0),
    goal("one-sided", Measure::P95, 300.0, 150.0),
    goal("unequal-floors", Measure::P95, 100.0, 50.0),
    goal("gaussian", Measure::P95, 600.0, 350.0),
    goal("websocket", Measure::P95, 200.0, 100.0),
    goal("wifi-u20-loss10", Measure::TimesBetter, 10.0, 40.0),
    goal("wifi-u20-loss20", Measure::TimesBetter, 10.0, 40.0),
];

impl Goal {
    fn measured(&self, comparisons: &[Comparison]) -> Option<f64> {
        let is_it = |case: &Case| case.clock == Clock::Ppm50 && case.name() == self.case;
        let comparison = comparisons.iter().find(|comparison| is_it(&comparison.case))?;
        let figures = comparison.of(Kind::Cuelight);
        Some(match self.measure {
            Measure::P50 => figures.p50_us,
            Measure::P95 => figures.p95_us,
            Measure::Max => figures.max_us,
            Measure::TimesBetter => times_better(comparison),
        })
    }

    /// Whether a limit is kept.
    fn is_within(&self, measured: f64, limit: f64) -> bool {
        if self.measure == Measure::TimesBetter { measured >= limit } else { measured < limit }
    }

    fn shown(&self, value: f64) -> String {
        if self.measure == Measure::TimesBetter { times(value) } else { micros(value) }
    }

    fn verdict(&self, measured: f64) -> &'static str {
        if self.is_within(measured, self.goal) {
            "goal"
        } else if self.is_within(measured, self.must) {
            "must"
        } else {
            "**missed**"
        }
    }
}

/// What the 95th percentile of the clock error on a path has to stay below, microseconds, where that is stated.
pub fn p95_must_us(path: &str) -> Option<f64> {
    GOALS.iter().find(|goal| goal.case == path && goal.measure == Measure::P95).map(|goal| goal.must)
}

/// The goals that these comparisons can tell about.
pub(super) fn markdown(comparisons: &[Comparison]) -> String {
    let rows: Vec<(&Goal, f64)> = GOALS.iter().filter_map(|goal| Some((goal, goal.measured(comparisons)?))).collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut text = "\n### Against the goals\n\n| case | figure | must | goal | measured | reached |\n".to_owned();
    text.push_str("|---|---|---:|---:|---:|---|\n");
    for (goal, measured) in rows {
        let figure = match goal.measure {
            Measure::P50 => "p50, us",
            Measure::P95 => "p95, us",
            Measure::Max => "max, us",
            Measure::TimesBetter => "deployed : cuelight, p95",
        };
        let [must, wished, shown] = [goal.must, goal.goal, measured].map(|value| goal.shown(value));
        let verdict = goal.verdict(measured);
        let _ = writeln!(text, "| {} | {figure} | {must} | {wished} | {shown} | {verdict} |", goal.case);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_goal_is_about_a_case_there_is() {
        let cases = Case::all();
        for goal in &GOALS {
            assert!(cases.iter().any(|case| case.name() == goal.case), "{}", goal.case);
            assert!(goal.is_within(goal.goal * 0.999, goal.must) || goal.measure == Measure::TimesBetter);
        }
    }

    #[test]
    fn a_verdict_is_the_best_limit_kept() {
        let wired = &GOALS[0];
        assert_eq!([1.9, 2.0, 9.9, 10.0].map(|us| wired.verdict(us)), ["goal", "must", "must", "**missed**"]);
        let ratio = &GOALS[13];
        assert_eq!([9.9, 10.0, 40.0].map(|times| ratio.verdict(times)), ["**missed**", "must", "goal"]);
    }
}
