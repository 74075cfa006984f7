//! What a figure may be, and the neighbour at which that must fail.

use std::fmt;

use cuelight_oracle::{Figure, Figures, Unit};
use serde::Deserialize;

use super::units::{Length, Share};

/// A limit on a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// On what.
    pub figure: Figure,
    /// What it may be.
    pub bound: Bound,
}

/// What a figure may be, in its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// Not more.
    Most(f64),
    /// Not less.
    Least(f64),
}

/// What the protocol allows in no scenario: these are 0 wherever they are measured, unless a file says otherwise. That a
/// judge sees each is proven by the oracle's own tests.
pub(super) const NEVER: &[Figure] = &[
    Figure::Wrong,
    Figure::BackSteps,
    Figure::BoundBroken,
    Figure::SentToLost,
    Figure::SessionFaults,
    Figure::FanOutFaults,
    Figure::MovedApplyAt,
];

/// A limit, and how it was met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The limit.
    pub limit: Limit,
    /// What was measured; `None` where there was nothing to measure, which misses any limit.
    pub measured: Option<f64>,
}

impl Limit {
    /// The limit, and how these figures meet it.
    pub fn judge(self, figures: &Figures) -> Row {
        Row { limit: self, measured: figures.get(self.figure) }
    }
    pub(super) fn tightened(self, value: f64) -> Self {
        let bound = match self.bound {
            Bound::Most(_) => Bound::Most(value),
            Bound::Least(_) => Bound::Least(value),
        };
        Self { bound, ..self }
    }
}

impl Row {
    /// Whether the limit holds.
    pub fn is_met(&self) -> bool {
        self.measured.is_some_and(|value| match self.limit.bound {
            Bound::Most(most) => value <= most,
            Bound::Least(least) => value >= least,
        })
    }
    /// How much of the limit is left, in the figure's unit; negative when it is missed.
    pub fn margin(&self) -> Option<f64> {
        self.measured.map(|value| match self.limit.bound {
            Bound::Most(most) => most - value,
            Bound::Least(least) => value - least,
        })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, value) = match self.bound {
            Bound::Most(most) => ("at most", most),
            Bound::Least(least) => ("at least", least),
        };
        write!(f, "{} {words} {}", self.figure, self.figure.text(value))
    }
}

/// A limit as a file states it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stated {
    most: Option<Value>,
    least: Option<Value>,
    /// The tighter value at which the judgement fails.
    pub(super) beyond: Option<Value>,
    /// Or the worse conditions.
    pub(super) worse: Option<toml::Table>,
}

/// A value: a count, or a quantity with its unit.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a count (50), or a quantity with its unit (\"30 ms\", \"1 %\")")]
pub(super) enum Value {
    Count(u32),
    Quantity(String),
}

impl Value {
    fn read(&self, unit: Unit) -> Result<f64, String> {
        match (self, unit) {
            (Self::Count(count), Unit::Count) => Ok(f64::from(*count)),
            (Self::Quantity(text), Unit::Percent) => Share::read(text).map(|share| share.part * 100.0),
            (Self::Quantity(text), Unit::Nanoseconds) => Length::read(text).map(|length| length.ns),
            (Self::Quantity(text), Unit::Count) => Err(format!("{text:?} is a quantity, and this counts: write 50")),
            (Self::Count(count), Unit::Percent) => Err(format!("{count} has no unit: write \"{count} %\"")),
            (Self::Count(count), Unit::Nanoseconds) => Err(format!("{count} has no unit: write \"{count} ms\"")),
        }
    }
    /// The number, of a value that was checked.
    pub(super) fn number(&self) -> f64 {
        let units = [Unit::Count, Unit::Percent, Unit::Nanoseconds];
        units.into_iter().find_map(|unit| self.read(unit).ok()).expect("a value was checked")
    }
}

impl Stated {
    /// What is wrong with a limit of that name, if something is.
    pub(super) fn check(&self, name: &str) -> Result<(), String> {
        let wrong = |problem: &str| Err(format!("limits.{name}: {problem}"));
        let Some(figure) = Figure::named(name) else {
            let all: Vec<&str> = Figure::ALL.iter().map(|figure| figure.name()).collect();
            return wrong(&format!("no such figure; there are {}", all.join(", ")));
        };
        let read = |value: &Value| value.read(figure.unit()).map_err(|problem| format!("limits.{name}: {problem}"));
        let beyond = self.beyond.as_ref().map(read).transpose()?;
        let is_tighter = match (&self.most, &self.least) {
            (Some(most), None) => read(most).map(|most| beyond.is_none_or(|beyond| beyond < most))?,
            (None, Some(least)) => read(least).map(|least| beyond.is_none_or(|beyond| beyond > least))?,
            _ => return wrong("state one of most and least"),
        };
        match (beyond.is_some(), self.worse.is_some()) {
            (true, true) | (false, false) => wrong("state one of beyond (a tighter value) and worse (conditions)"),
            _ if !is_tighter => wrong("beyond must be the tighter of the two values"),
            _ => Ok(()),
        }
    }
    /// The limit of that name, which was checked.
    pub(super) fn of(&self, name: &str) -> Limit {
        let figure = Figure::named(name).expect("a limit was checked");
        let value = |value: &Value| value.read(figure.unit()).expect("a limit was checked");
        let most = self.most.as_ref().map(|most| Bound::Most(value(most)));
        let bound = most.or(self.least.as_ref().map(|least| Bound::Least(value(least))));
        Limit { figure, bound: bound.expect("a limit was checked") }
    }
}
