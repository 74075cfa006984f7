//! Limits and how they were met, as tables and as JSON.

use cuelight_sim::scenario::{Bound, Row};
use serde::Serialize;

use crate::print;

/// A limit and how it was met, for JSON.
#[derive(Serialize)]
pub(super) struct LimitReport {
    figure: &'static str,
    rule: &'static str,
    means: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    most: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    least: Option<f64>,
    measured: Option<f64>,
    margin: Option<f64>,
    is_met: bool,
}

impl LimitReport {
    pub(super) fn of(row: &Row) -> Self {
        let (most, least) = match row.limit.bound {
            Bound::Most(most) => (Some(most), None),
            Bound::Least(least) => (None, Some(least)),
        };
        let figure = row.limit.figure;
        let (measured, margin, is_met) = (row.measured, row.margin(), row.is_met());
        let (rule, means) = (figure.rule(), figure.means());
        Self { figure: figure.name(), rule, means, most, least, measured, margin, is_met }
    }
}

/// The table for people.
pub(super) fn table<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let row = |row: &Row| {
        let figure = row.limit.figure;
        [
            row.limit.to_string(),
            row.measured.map_or_else(|| "nothing".to_owned(), |value| figure.text(value)),
            row.margin().map_or_else(String::new, |margin| figure.text(margin)),
            (if row.is_met() { "ok" } else { "MISSED" }).to_owned(),
            figure.means().to_owned(),
        ]
    };
    let rows: Vec<_> = rows.map(row).collect();
    print::table(["LIMIT", ">MEASURED", ">MARGIN", "", "WHAT IT IS"], &rows)
}
