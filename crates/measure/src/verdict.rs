//! A figure against what must hold and what is wished for.

use std::fmt;

use serde::Serialize;

/// One line of a judgement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// What was measured.
    pub what: String,
    /// The figure as a number, in the unit that [`Self::measured`] names.
    pub value: f64,
    /// The figure as people read it.
    pub measured: String,
    /// What must hold.
    pub must: String,
    /// What is wished for; empty where the must is all there is.
    pub goal: String,
    /// Whether what must hold does.
    pub is_met: bool,
    /// Whether the wish is fulfilled.
    pub reaches_goal: bool,
    /// Whether it is about the machine and not about the show: where such a limit is missed, the measurement says nothing.
    pub is_premise: bool,
}

impl Verdict {
    /// A figure that must stay below `must`, and better below `goal`.
    pub fn below(what: impl Into<String>, value: f64, unit: &str, must: f64, goal: f64) -> Self {
        Self { goal: format!("< {goal}"), reaches_goal: value < goal, ..Self::must_be_below(what, value, unit, must) }
    }

    /// A figure that must stay below `must`.
    pub fn must_be_below(what: impl Into<String>, value: f64, unit: &str, must: f64) -> Self {
        Self {
            what: what.into(),
            value,
            measured: format!("{value:.1} {unit}"),
            must: format!("< {must}"),
            goal: String::new(),
            is_met: value < must,
            reaches_goal: true,
            is_premise: false,
        }
    }

    /// A figure that must be at least `must`.
    pub fn at_least(what: impl Into<String>, value: f64, unit: &str, must: f64) -> Self {
        Self {
            what: what.into(),
            value,
            measured: format!("{value:.1} {unit}"),
            must: format!(">= {must}"),
            goal: String::new(),
            is_met: value >= must,
            reaches_goal: true,
            is_premise: false,
        }
    }

    /// A figure that must be within `width` of `middle`.
    pub fn around(what: impl Into<String>, value: f64, unit: &str, middle: f64, width: f64) -> Self {
        Self {
            what: what.into(),
            value,
            measured: format!("{value:.2} {unit}"),
            must: format!("{middle} +- {width}"),
            goal: String::new(),
            is_met: (value - middle).abs() <= width,
            reaches_goal: true,
            is_premise: false,
        }
    }

    /// A count that must be zero.
    pub fn none(what: impl Into<String>, count: f64) -> Self {
        Self {
            what: what.into(),
            value: count,
            measured: format!("{count}"),
            must: "0".into(),
            goal: String::new(),
            is_met: count == 0.0,
            reaches_goal: true,
            is_premise: false,
        }
    }

    /// Something that all of `of` must do.
    pub fn all(what: impl Into<String>, count: usize, of: usize) -> Self {
        Self {
            what: what.into(),
            value: count as f64,
            measured: format!("{count} of {of}"),
            must: "all".into(),
            goal: String::new(),
            is_met: count == of,
            reaches_goal: true,
            is_premise: false,
        }
    }

    /// A figure without limit, for the reader.
    pub fn reported(what: impl Into<String>, value: f64, unit: &str) -> Self {
        Self {
            what: what.into(),
            value,
            measured: format!("{value:.1} {unit}"),
            must: "-".into(),
            goal: String::new(),
            is_met: true,
            reaches_goal: true,
            is_premise: false,
        }
    }

    /// The same, told and not judged.
    pub fn unjudged(self) -> Self {
        Self { must: "-".into(), goal: String::new(), is_met: true, reaches_goal: true, ..self }
    }

    /// The same as a limit that the machine must keep for the measurement to be one.
    pub fn premise(self) -> Self {
        Self { is_premise: true, ..self }
    }

    /// The same with a wish beyond what must hold.
    pub fn with_goal(self, goal: impl Into<String>, reaches_goal: bool) -> Self {
        Self { goal: goal.into(), reaches_goal, ..self }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match (self.is_met, self.reaches_goal) {
            (false, _) if self.is_premise => "VOID",
            (false, _) => "MISSED",
            (true, false) => "met",
            (true, true) if self.must == "-" => "told",
            (true, true) if self.goal.is_empty() => "met",
            (true, true) => "goal",
        };
        let Self { what, measured, must, goal, .. } = self;
        write!(f, "{word:<7} {what:<45} {measured:>12}   must {must:<11}")?;
        if goal.is_empty() { Ok(()) } else { write!(f, " goal {goal}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_itself_is_missed_and_a_goal_beyond_it_is_told_apart() {
        let verdict = |value| Verdict::below("lock", value, "ms", 5000.0, 1200.0);
        assert!(verdict(5000.0).to_string().starts_with("MISSED"));
        assert!(verdict(4999.9).to_string().starts_with("met "));
        assert!(verdict(1199.9).to_string().starts_with("goal"));
        assert!(!verdict(f64::NAN).is_met && !verdict(f64::INFINITY).is_met);
        assert!(!Verdict::must_be_below("x", 3.0, "us", 3.0).is_met);
    }

    #[test]
    fn a_premise_that_does_not_hold_is_no_missed_limit() {
        let verdict = |value| Verdict::must_be_below("stalls", value, "%", 10.0).premise();
        assert!(verdict(10.0).to_string().starts_with("VOID") && verdict(9.9).to_string().starts_with("met "));
    }

    #[test]
    fn counts_and_ranges_are_held_exactly() {
        assert!(Verdict::none("gaps", 0.0).is_met && !Verdict::none("gaps", 1.0).is_met);
        assert!(Verdict::all("changes", 50, 50).is_met && !Verdict::all("changes", 49, 50).is_met);
        assert!(Verdict::around("rate", 100.5, "Hz", 100.0, 0.5).is_met);
        assert!(!Verdict::around("rate", 100.51, "Hz", 100.0, 0.5).is_met);
        assert!(
            Verdict::at_least("samples", 10.0, "", 10.0).is_met && !Verdict::at_least("samples", 9.0, "", 10.0).is_met
        );
    }
}
