//! `cuelight sim compare`: clock filters on identical exchanges.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use cuelight_measure::marked;
use cuelight_sim::compare::report::{self, HEADINGS};
use cuelight_sim::compare::{Case, Clock, Comparison, Figures, Kind, Spread, charts, compare};
use cuelight_sim::profiles;
use serde_json::{Value, json};

use crate::print;

/// Markers of the generated part of the page.
const MARKER: &str = "cuelight sim compare";
/// The page and the pictures that `--out` writes.
const PAGE: &str = "sync.md";
const ERRORS: &str = "sync-errors.svg";
const CLOCKS: &str = "sync-clocks.svg";
const RUNS: &str = "sync-runs.svg";

const MORE: &str = "\
Four filters see the same exchanges of the same simulated node: the estimator that ships, the filter of deployed nodes,
the fastest of the last eight exchanges, and NTP's clock filter and discipline (RFC 5905). Every delay profile, with clocks
50 and 100 ppm off and one that warms up, and busy Wi-Fi at 20 Hz as well. Errors are those of the show time a filter tells,
against what exchanges can know, from the second minute on. The same command prints the same bytes.

Examples:
  cuelight sim compare --seeds 2 --profile ethernet --profile wifi-u20-loss10
  cuelight sim compare --out docs/validation      write the tables and pictures of the page on synchronisation";

/// `cuelight sim compare`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(super) struct Compare {
    /// Runs of each case, each with its own randomness
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=64))]
    seeds: u64,
    /// Simulated seconds of each run; the first 60 are not judged
    #[arg(long, value_name = "N", default_value_t = 240, value_parser = clap::value_parser!(i64).range(70..=1_800))]
    seconds: i64,
    /// Only this delay profile; may be given several times
    #[arg(long = "profile", value_name = "NAME", value_parser = profile_name, conflicts_with = "out")]
    profiles: Vec<String>,
    /// Print JSON: {"seeds": .., "seconds": .., "cases": [{"profile": .., "filters": {NAME: {"p50_us": .., ..}}}, ..]}
    #[arg(long, conflicts_with_all = ["markdown", "out"])]
    json: bool,
    /// Print Markdown
    #[arg(long, conflicts_with = "out")]
    markdown: bool,
    /// Write pictures into this folder and the tables into its sync.md, between the markers there
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Compare {
    /// Compares and shows.
    pub(super) fn run(self) -> Result<()> {
        let is_chosen = |case: &Case| self.profiles.is_empty() || self.profiles.iter().any(|p| p == case.path.name);
        let cases: Vec<Case> = Case::all().into_iter().filter(is_chosen).collect();
        let comparisons = compare_all(&cases, self.seeds, self.seconds);
        if let Some(folder) = &self.out {
            return print::text(&self.write(folder, &comparisons)?);
        }
        if self.json {
            return print::json(&as_json(&comparisons, self.seeds, self.seconds));
        }
        if self.markdown {
            return print::text(&report::markdown(&comparisons, self.seeds, self.seconds));
        }
        print::text(&as_text(&comparisons, self.seeds, self.seconds))
    }

    /// Writes the page and its pictures; returns what was written, for people.
    fn write(&self, folder: &Path, comparisons: &[Comparison]) -> Result<String> {
        let tables = report::markdown(comparisons, self.seeds, self.seconds);
        marked::replace(&folder.join(PAGE), MARKER, &tables)?;
        let pictures = [
            (
                ERRORS,
                charts::errors(
                    "Clock error of four filters, 5 and 20 exchanges a second",
                    comparisons,
                    &[Clock::Ppm50],
                ),
            ),
            (CLOCKS, charts::errors("Clock error with worse clocks", comparisons, &[Clock::Ppm100, Clock::Ramp])),
            (RUNS, charts::runs(self.seeds, self.seconds)),
        ];
        for (name, picture) in pictures {
            let file = folder.join(name);
            fs::write(&file, picture).with_context(|| format!("cannot write {}", file.display()))?;
        }
        let shown = folder.display();
        Ok(format!("{shown}/{PAGE}, {shown}/{ERRORS}, {shown}/{CLOCKS} and {shown}/{RUNS} are written"))
    }
}

fn profile_name(name: &str) -> Result<String> {
    if profiles::named(name).is_some() {
        return Ok(name.to_owned());
    }
    let names = profiles::ALL.map(|profile| profile.name);
    let likeness = |candidate: &str| strsim::jaro_winkler(candidate, name);
    let nearest = names.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint =
        nearest.filter(|nearest| likeness(nearest) > 0.7).map_or(String::new(), |n| format!("; did you mean '{n}'"));
    Err(anyhow!("there is no profile '{name}'{hint}; there are {}", names.join(", ")))
}

/// All comparisons in the order of the cases, on as many threads as there are processors.
fn compare_all(cases: &[Case], seeds: u64, seconds: i64) -> Vec<Comparison> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = cases.get(i) else { return done };
            done.push((i, compare(*case, seeds, seconds)));
        }
    };
    let mut all: Vec<(usize, Comparison)> = thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("comparing does not panic")).collect()
    });
    all.sort_by_key(|(i, _)| *i);
    all.into_iter().map(|(_, comparison)| comparison).collect()
}

fn as_text(comparisons: &[Comparison], seeds: u64, seconds: i64) -> String {
    let row = |comparison: &Comparison, kind: Kind| {
        let [p50, p95, p99, max, lock, settled, unlocks, unlocked, step] = report::cells(comparison.of(kind));
        let clock = comparison.case.clock.name().to_owned();
        [
            comparison.case.name(),
            clock,
            kind.name().to_owned(),
            p50,
            p95,
            p99,
            max,
            lock,
            settled,
            unlocks,
            unlocked,
            step,
        ]
    };
    let rows: Vec<_> = comparisons.iter().flat_map(|comparison| Kind::ALL.map(|kind| row(comparison, kind))).collect();
    let [p50, p95, p99, max, lock, settled, unlocks, unlocked, step] = HEADINGS.map(|heading| format!(">{heading}"));
    let headings = ["case", "clock", "filter", &p50, &p95, &p99, &max, &lock, &settled, &unlocks, &unlocked, &step];
    let mut text =
        format!("{seeds} seeds of {seconds} s each; errors in microseconds; median / slowest of the seeds.\n\n");
    text.push_str(&print::table(headings, &rows));
    text.push('\n');
    for comparison in comparisons {
        let (case, ratio) = (&comparison.case, report::times_better(comparison));
        text.push_str(&format!("{}, {}: p95 {ratio:.1} times better than deployed\n", case.name(), case.clock.name()));
    }
    text
}

fn as_json(comparisons: &[Comparison], seeds: u64, seconds: i64) -> Value {
    let case = |comparison: &Comparison| {
        let filters = Kind::ALL.map(|kind| (kind.name().to_owned(), figures(comparison.of(kind))));
        json!({
            "profile": comparison.case.path.name,
            "clock": comparison.case.clock.name(),
            "probe_hz": comparison.case.probe_hz,
            "filters": Value::Object(filters.into_iter().collect()),
            "times_better_than_deployed_at_p95": report::times_better(comparison),
        })
    };
    json!({ "seeds": seeds, "seconds": seconds, "cases": comparisons.iter().map(case).collect::<Vec<_>>() })
}

fn figures(figures: &Figures) -> Value {
    // JSON knows no infinity: never is null.
    let spread = |spread: Spread| json!({ "median": spread.median, "slowest": spread.slowest });
    json!({
        "p50_us": figures.p50_us,
        "p95_us": figures.p95_us,
        "p99_us": figures.p99_us,
        "max_us": figures.max_us,
        "locked_after_s": spread(figures.lock_s),
        "within_1_ms_after_s": spread(figures.settled_s),
        "false_unlocks": figures.false_unlocks,
        "unlocked_percent": figures.unlocked_percent,
        "largest_step_us": figures.largest_step_us,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Vec<Comparison> {
        let case = |path| Case { path, clock: Clock::Ppm50, probe_hz: 5 };
        compare_all(&[case(profiles::ETHERNET_PATH), case(profiles::LOOPBACK_PATH)], 1, 70)
    }

    #[test]
    fn whatever_thread_is_faster_the_order_and_the_bytes_are_the_same() {
        let text = as_text(&two(), 1, 70);
        assert_eq!(text, as_text(&two(), 1, 70));
        assert!(text.find("ethernet").unwrap() < text.find("loopback").unwrap());
    }

    #[test]
    fn the_json_has_every_figure_and_null_for_never() {
        let mut comparisons = two();
        comparisons[0].figures[0].lock_s.slowest = f64::INFINITY;
        let json = as_json(&comparisons, 1, 70);
        let filters = &json["cases"][0]["filters"];
        assert_eq!(filters["cuelight"]["locked_after_s"]["slowest"], Value::Null);
        for kind in Kind::ALL {
            assert!(filters[kind.name()]["p95_us"].as_f64().unwrap() > 0.0, "{}", kind.name());
            assert!(filters[kind.name()].as_object().unwrap().len() == HEADINGS.len());
        }
    }

    #[test]
    fn the_page_and_its_pictures_are_the_same_whenever_they_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let page = format!("above\n<!-- begin {MARKER} -->\n<!-- end {MARKER} -->\nbelow\n");
        fs::write(folder.path().join(PAGE), page).unwrap();
        let (seeds, seconds, profiles, out) = (1, 70, Vec::new(), None);
        let compare = Compare { seeds, seconds, profiles, json: false, markdown: false, out };
        let write = || {
            compare.write(folder.path(), &compare_all(&Case::all(), seeds, seconds)).unwrap();
            [PAGE, ERRORS, CLOCKS, RUNS].map(read)
        };
        let (first, second) = (write(), write());
        assert!(first == second, "the second time other bytes were written");
        assert!(first[0].starts_with("above\n") && first[0].contains("| gaussian |") && first[0].ends_with("below\n"));
        assert!(first[1..].iter().all(|picture| picture.starts_with("<svg") && picture.contains("cuelight")));
    }

    #[test]
    fn an_unknown_profile_is_answered_with_the_nearest_and_all() {
        let error = profile_name("wifi-exponential").unwrap_err().to_string();
        assert!(error.contains("'wifi-exp'") && error.contains("gaussian"), "{error}");
        assert_eq!(profile_name("gamma").unwrap(), "gamma");
    }
}
