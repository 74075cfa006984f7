//! Tables of the figures, in Markdown.

use std::fmt::Write;

use super::Comparison;
use super::case::Clock;
use super::figures::{Figures, Spread};
use super::filter::Kind;
use super::goals;

/// What [`cells`] are, errors in microseconds and spans in seconds.
pub const HEADINGS: [&str; 9] = [
    "p50",
    "p95",
    "p99",
    "max",
    "locked after, s",
    "within 1 ms after, s",
    "false unlocks",
    "unlocked, %",
    "largest step",
];

/// The figures of one filter as people read them.
pub fn cells(figures: &Figures) -> [String; HEADINGS.len()] {
    [
        micros(figures.p50_us),
        micros(figures.p95_us),
        micros(figures.p99_us),
        micros(figures.max_us),
        spread(figures.lock_s),
        spread(figures.settled_s),
        figures.false_unlocks.to_string(),
        format!("{:.1}", figures.unlocked_percent),
        micros(figures.largest_step_us),
    ]
}

/// How many times larger the deployed filter's 95th percentile is than the estimator's.
pub fn times_better(comparison: &Comparison) -> f64 {
    comparison.of(Kind::Deployed).p95_us / comparison.of(Kind::Cuelight).p95_us
}

/// All tables: goals, the short one of each clock, and every figure.
pub fn markdown(comparisons: &[Comparison], seeds: u64, seconds: i64) -> String {
    let mut text = format!(
        "{seeds} seeds of {seconds} s each; errors in microseconds, from second {} on.\n",
        super::figures::JUDGED_FROM_S
    );
    text.push_str(&goals::markdown(comparisons));
    for clock in Clock::ALL {
        let of_clock: Vec<&Comparison> = comparisons.iter().filter(|c| c.case.clock == clock).collect();
        if of_clock.is_empty() {
            continue;
        }
        let _ = write!(text, "\n### {}\n\n", title(clock));
        text.push_str(&short(&of_clock));
    }
    for clock in Clock::ALL {
        let of_clock: Vec<&Comparison> = comparisons.iter().filter(|c| c.case.clock == clock).collect();
        if of_clock.is_empty() {
            continue;
        }
        let _ = write!(text, "\n### Every figure: {}\n\n", title(clock).to_lowercase());
        text.push_str(&long(&of_clock));
    }
    text
}

fn title(clock: Clock) -> &'static str {
    match clock {
        Clock::Ppm50 => "Clocks 50 ppm off",
        Clock::Ppm100 => "Clocks 100 ppm off",
        Clock::Ramp => "Clocks 50 ppm off that warm up by 1 ppm a minute",
    }
}

/// One line a case: p50, p95 and largest error of each filter.
fn short(comparisons: &[&Comparison]) -> String {
    let mut text = String::from("| p50 / p95 / max, us |");
    for kind in Kind::ALL {
        let _ = write!(text, " {} |", kind.name());
    }
    text.push_str(" deployed : cuelight, p95 |\n|---|");
    text.push_str(&"---|".repeat(Kind::ALL.len() + 1));
    text.push('\n');
    for comparison in comparisons {
        let _ = write!(text, "| {} |", comparison.case.name());
        for (kind, figures) in Kind::ALL.into_iter().zip(&comparison.figures) {
            let strong = if kind == Kind::Cuelight { "**" } else { "" };
            let [p50, p95, max] = [figures.p50_us, figures.p95_us, figures.max_us].map(micros);
            let _ = write!(text, " {strong}{p50} / {p95} / {max}{strong} |");
        }
        let _ = writeln!(text, " {} |", times(times_better(comparison)));
    }
    text
}

/// One line for each filter of each case.
fn long(comparisons: &[&Comparison]) -> String {
    let mut text = format!("| case | filter | {} |\n|---|---|", HEADINGS.join(" | "));
    text.push_str(&"---:|".repeat(HEADINGS.len()));
    text.push('\n');
    for comparison in comparisons {
        for (kind, figures) in Kind::ALL.into_iter().zip(&comparison.figures) {
            let _ = writeln!(text, "| {} | {} | {} |", comparison.case.name(), kind.name(), cells(figures).join(" | "));
        }
    }
    text
}

/// Microseconds: a decimal below ten.
pub(super) fn micros(us: f64) -> String {
    if us.is_nan() {
        "-".to_owned()
    } else if us < 9.95 {
        format!("{us:.1}")
    } else {
        format!("{us:.0}")
    }
}

/// A ratio: a decimal below ten.
pub(super) fn times(ratio: f64) -> String {
    if ratio.is_nan() { "-".to_owned() } else { format!("{}x", micros(ratio)) }
}

fn spread(spread: Spread) -> String {
    let seconds = |s: f64| if s.is_finite() { format!("{s:.1}") } else { "never".to_owned() };
    format!("{} / {}", seconds(spread.median), seconds(spread.slowest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Case;

    fn figures(p95_us: f64) -> Figures {
        let spread = Spread { median: 0.61, slowest: f64::INFINITY };
        Figures {
            p50_us: 0.14,
            p95_us,
            p99_us: 300.4,
            max_us: 12_345.6,
            lock_s: spread,
            settled_s: spread,
            false_unlocks: 3,
            unlocked_percent: 1.25,
            largest_step_us: 9.96,
        }
    }

    #[test]
    fn cells_are_as_people_read_them() {
        let expected = ["0.1", "9.9", "300", "12346", "0.6 / never", "0.6 / never", "3", "1.2", "10"];
        assert_eq!(cells(&figures(9.94)), expected);
    }

    #[test]
    fn the_tables_hold_every_case_and_filter_and_say_how_much_better() {
        let comparisons: Vec<Comparison> = Case::all()
            .into_iter()
            .map(|case| Comparison { case, figures: [10.0, 400.0, 500.0, 600.0].map(figures) })
            .collect();
        let text = markdown(&comparisons, 16, 240);
        assert!(text.starts_with("16 seeds of 240 s each"));
        for case in Case::all() {
            assert!(text.matches(&format!("| {} |", case.name())).count() >= 5, "{}", case.name());
        }
        assert_eq!(text.matches("| 40x |").count(), comparisons.len() + 2, "and for both among the goals");
        let columns = |line: &str| line.matches('|').count();
        for table in text.split("\n\n").filter(|part| part.starts_with('|')) {
            let heading = columns(table.lines().next().unwrap());
            assert!(table.trim_end().lines().all(|line| columns(line) == heading), "{table}");
        }
    }
}
