//! Pictures of the figures.

use crate::plot::{Axis, Bar, Bars, Figure, Group, Lines, Series};
use crate::profiles;

use super::Comparison;
use super::case::{Case, Clock};
use super::figures::{JUDGED_FROM_S, Tally};
use super::filter::Kind;
use super::trace::{TICK_NS, trace};

/// Points of a distribution: one a thousandth.
const QUANTILES: usize = 1_000;

/// The errors of every filter in every case of these clocks, one panel a clock.
pub fn errors(title: &str, comparisons: &[Comparison], clocks: &[Clock]) -> String {
    clocks.iter().fold(Figure::new(title), |figure, clock| figure.with(bars(comparisons, *clock))).svg()
}

fn bars(comparisons: &[Comparison], clock: Clock) -> Bars {
    let of_clock = comparisons.iter().filter(|comparison| comparison.case.clock == clock);
    let bar = |figures: &super::Figures| {
        let bar = Bar { value: figures.p95_us, low: figures.p50_us, high: figures.max_us };
        bar.value.is_finite().then_some(bar)
    };
    let group = |comparison: &Comparison| Group {
        name: comparison.case.name(),
        bars: comparison.figures.iter().map(bar).collect(),
    };
    Bars {
        series: names(),
        groups: of_clock.map(group).collect(),
        marks: vec![(1_000.0, "1 ms".to_owned())],
        ..Bars::new(
            format!("{}: p95 of the error (marker, number), p50 to largest (line)", clock.name()),
            Axis::log("error, us"),
        )
    }
}

/// One run on busy Wi-Fi over time, and the distributions of all seeds there, on a wired path and under Gaussian jitter.
pub fn runs(seeds: u64, seconds: i64) -> String {
    let wifi = Case { path: profiles::WIFI_U20_LOSS_10, clock: Clock::Ppm50, probe_hz: 5 };
    let others = [profiles::ETHERNET_PATH, profiles::GAUSSIAN].map(|path| Case { path, ..wifi });
    let figure = Figure::new("Clock error of four filters on identical exchanges").with(over_time(&wifi, seconds));
    [wifi].iter().chain(&others).fold(figure, |figure, case| figure.with(distribution(case, seeds, seconds))).svg()
}

/// The signed error of seed 1.
fn over_time(case: &Case, seconds: i64) -> Lines {
    let mut stream = case.stream(seconds, 1);
    let curve = |kind: Kind| {
        let point = |(tick, i): (super::Tick, i64)| {
            let error = tick.error_ns.map_or(f64::NAN, |ns| ns as f64 / 1e6);
            ((i * TICK_NS) as f64 / 1e9, error)
        };
        Series::new(kind.name(), trace(kind, &mut stream).into_iter().zip(0..).map(point).collect())
    };
    Lines {
        series: Kind::ALL.map(curve).into(),
        ..Lines::new(
            format!("{}, one run", case.name()),
            Axis::linear("seconds since the first question").within(0.0, seconds as f64),
            Axis::linear("error, ms").within(-10.0, 10.0),
        )
    }
}

fn distribution(case: &Case, seeds: u64, seconds: i64) -> Lines {
    let mut tallies: [Tally; Kind::ALL.len()] = Default::default();
    for seed in 1..=seeds {
        let mut stream = case.stream(seconds, seed);
        for (tally, kind) in tallies.iter_mut().zip(Kind::ALL) {
            tally.add(&trace(kind, &mut stream));
        }
    }
    let named = names().into_iter().zip(tallies.iter().map(|tally| quantiles(tally.errors_ns())));
    let title = format!("{}, {seeds} seeds, from second {JUDGED_FROM_S} on", case.name());
    Lines::cumulative(title, Axis::log("error, us"), named)
}

/// The quantiles of absolute errors in microseconds; nothing below 10 ns, which no stamp resolves.
fn quantiles(errors_ns: &[i64]) -> Vec<f64> {
    let mut sorted = errors_ns.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().saturating_sub(1);
    (0..=QUANTILES).filter_map(|q| sorted.get(last * q / QUANTILES)).map(|ns| (*ns).max(10) as f64 / 1e3).collect()
}

fn names() -> Vec<String> {
    Kind::ALL.map(|kind| kind.name().to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_run_from_the_smallest_to_the_largest_error() {
        let shown = quantiles(&[4_000, 3, 2_000_000]);
        assert_eq!((shown[0], shown[QUANTILES / 2], shown[QUANTILES]), (0.01, 4.0, 2_000.0));
        assert!(quantiles(&[]).is_empty());
    }

    #[test]
    fn the_pictures_name_every_filter_and_case() {
        let case = Case { path: profiles::ETHERNET_PATH, clock: Clock::Ramp, probe_hz: 5 };
        let svg = errors("title", &[super::super::compare(case, 1, 65)], &[Clock::Ramp]);
        for name in names().iter().map(String::as_str).chain(["ethernet", "ramp", "title"]) {
            assert!(svg.contains(name), "{name}");
        }
    }
}
