//! A soak as curves over time.

use cuelight_sim::plot::{Axis, Figure, Lines, Mark, Series};

use super::sample::Sample;
use super::vitals::Vitals;

/// The picture: memory, descriptors, processor, clocks, and what went wrong.
pub(super) fn svg(names: &[String], samples: &[Sample], warm_s: f64) -> String {
    let minutes = || Axis::linear("minutes");
    let warm = || vec![Mark::vertical(warm_s / 60.0, "judged from here")];
    let each = |value: fn(&Vitals) -> f64| {
        let points = |index: usize| {
            let look = |sample: &Sample| Some((sample.at_s / 60.0, value(sample.processes.get(index)?.as_ref()?)));
            samples.iter().filter_map(look).collect()
        };
        names.iter().enumerate().map(|(index, name)| Series::new(name, points(index))).collect::<Vec<_>>()
    };
    let told = |name: &str, value: fn(&Sample) -> Option<f64>| {
        let points = samples.iter().filter_map(|sample| Some((sample.at_s / 60.0, value(sample)?)));
        Series::new(name, points.collect())
    };
    let count = |name: &str, value: fn(&Sample) -> u64| {
        let first = samples.first().map_or(0, value);
        let points = samples.iter().map(|sample| (sample.at_s / 60.0, value(sample).saturating_sub(first) as f64));
        Series::new(name, points.collect())
    };
    Figure::new("Soak")
        .with(Lines {
            series: each(|vitals| vitals.own_bytes as f64 / f64::from(1 << 20)),
            marks: warm(),
            ..Lines::new("Memory of its own", minutes(), Axis::linear("MiB"))
        })
        .with(Lines {
            series: each(|vitals| vitals.descriptors as f64),
            ..Lines::new("Open descriptors", minutes(), Axis::linear("count"))
        })
        .with(Lines { series: busy(names, samples), ..Lines::new("Processor", minutes(), Axis::linear("% of one")) })
        .with(Lines {
            series: vec![
                told("clock error, p50", |sample| Some(sample.clock?.p50_us)),
                told("clock error, p99", |sample| Some(sample.clock?.p99_us)),
                told("outputs of one frame apart, p99", |sample| Some(sample.apart?.p99_us)),
            ],
            ..Lines::new("Clocks and outputs", minutes(), Axis::log("us"))
        })
        .with(Lines {
            series: vec![
                count("ticks that took too long", |sample| sample.overruns),
                count("ticks left out", |sample| sample.ticks_missed),
                count("frames left out", |sample| sample.frames_missed),
                count("changes late at a node", |sample| sample.arrivals_late),
                count("changes not in one frame", |sample| sample.changes_out_of_step),
            ],
            ..Lines::new("What went wrong, since the beginning", minutes(), Axis::linear("count"))
        })
        .svg()
}

/// Shares of a processor between one look and the next.
fn busy(names: &[String], samples: &[Sample]) -> Vec<Series> {
    let share = |index: usize, pair: &[Sample]| {
        let vitals = |sample: &Sample| *sample.processes.get(index)?;
        let (before, after) = (vitals(&pair[0])?, vitals(&pair[1])?);
        let passed_s = pair[1].at_s - pair[0].at_s;
        let is_one_run = before.pid == after.pid && passed_s > 0.0;
        is_one_run.then(|| (pair[1].at_s / 60.0, 100.0 * (after.processor_s - before.processor_s) / passed_s))
    };
    let points = |index| samples.windows(2).filter_map(|pair| share(index, pair)).collect();
    names.iter().enumerate().map(|(index, name)| Series::new(name, points(index))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_has_a_curve_and_a_restart_is_no_negative_work() {
        let vitals = |pid, processor_s| Vitals {
            pid,
            own_bytes: 1 << 20,
            resident_bytes: 1 << 21,
            descriptors: 9,
            threads: 3,
            processor_s,
        };
        let sample = |at_s, processes| Sample { at_s, processes, ..Sample::default() };
        let samples = [
            sample(0.0, vec![Some(vitals(1, 1.0)), Some(vitals(2, 50.0))]),
            sample(10.0, vec![Some(vitals(1, 2.0)), Some(vitals(3, 0.1))]),
            sample(20.0, vec![Some(vitals(1, 3.0)), None]),
        ];
        let names = ["hub".to_owned(), "node-1".to_owned()];
        let busy = busy(&names, &samples);
        assert_eq!(busy[0].points, [(10.0 / 60.0, 10.0), (20.0 / 60.0, 10.0)]);
        assert!(busy[1].points.is_empty());
        let svg = svg(&names, &samples, 5.0);
        assert!(svg.contains("hub") && svg.contains("node-1") && svg.contains("judged from here"));
    }
}
