//! The judgement of a soak: nothing grows, nothing is late, nothing drifts.

use cuelight_measure::verdict::Verdict;
use serde::Serialize;

use super::sample::Sample;
use super::tally::Told;
use super::trend::{Trend, trend};
use super::vitals::Vitals;

/// Share of the time in which buffers, caches and the allocator's pools may still fill.
const WARM_UP_SHARE: f64 = 0.2;
/// The same, seconds: never shorter, and never longer.
const WARM_UP_S: (f64, f64) = (30.0, 600.0);
/// Memory a process may gain in the judged time, KiB, with 99 % confidence: it must be less, and better. An allocator takes
/// memory from the system in steps of 132 KiB, and a thread's pool may take a few of them late.
const GROWTH_KIB: (f64, f64) = (1024.0, 132.0);
/// Share of ticks that may take too long, and that may be left out, percent.
const TICKS_PERCENT: (f64, f64) = (0.1, 0.01);
/// Share of frames that may be left out, percent.
const FRAMES_PERCENT: (f64, f64) = (0.1, 0.001);
/// Share of changes that may not be in one frame on all nodes, percent: one that came late to one of them is not.
const STEP_PERCENT: (f64, f64) = (0.5, 0.05);
/// Share of arrivals that may come after their applyAt, percent: 20 % of a spell's packets are lost.
const LATE_PERCENT: (f64, f64) = (1.0, 0.1);
/// 99th percentile of the clock error and of what outputs of one frame are apart, microseconds.
const CLOCK_US: (f64, f64) = (100.0, 10.0);
const APART_US: (f64, f64) = (1000.0, 150.0);
/// What the clock error may drift in the judged time, microseconds, with 99 % confidence.
const DRIFT_US: (f64, f64) = (50.0, 5.0);

/// How one process did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ProcessReport {
    /// Its name in the show.
    pub(super) name: String,
    /// Starts that ran long enough to be judged.
    pub(super) runs: usize,
    /// Own memory at the beginning of the judged time, bytes.
    pub(super) own_first_bytes: u64,
    /// The same at its end.
    pub(super) own_last_bytes: u64,
    /// All resident memory at its end, bytes.
    pub(super) resident_bytes: u64,
    /// The trend of its own memory, bytes a second; of the run that grew most.
    pub(super) memory: Option<Trend>,
    /// Length of that run, seconds.
    pub(super) judged_s: f64,
    /// Open descriptors, at least and at most.
    pub(super) descriptors: (usize, usize),
    /// Threads, at least and at most.
    pub(super) threads: (u64, u64),
    /// Share of one processor, percent.
    pub(super) processor_percent: f64,
}

/// Everything that is judged.
pub(super) struct Soak<'a> {
    /// Names: the hub's, then the nodes'.
    pub(super) names: &'a [String],
    /// All looks.
    pub(super) samples: &'a [Sample],
    /// Clock errors of the whole time.
    pub(super) clock: Option<Told>,
    /// What outputs of one frame were apart in the whole time.
    pub(super) apart: Option<Told>,
    /// Whether timing can be judged.
    pub(super) is_timed: bool,
}

/// The judgement.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Judgement {
    /// Seconds from which on growth is judged.
    pub(super) warm_s: f64,
    /// One a process.
    pub(super) processes: Vec<ProcessReport>,
    /// What must hold.
    pub(super) verdicts: Vec<Verdict>,
}

/// Judges a soak.
pub(super) fn judge(soak: &Soak<'_>) -> Judgement {
    let length_s = soak.samples.last().map_or(0.0, |sample| sample.at_s);
    let warm_s = (length_s * WARM_UP_SHARE).clamp(WARM_UP_S.0, WARM_UP_S.1);
    let mut verdicts = Vec::new();
    let mut processes = Vec::new();
    for (index, name) in soak.names.iter().enumerate() {
        let runs = runs(soak.samples, index, warm_s);
        verdicts.extend(growth(name, &runs));
        processes.push(report(name, &runs));
    }
    let warm: Vec<&Sample> = soak.samples.iter().filter(|sample| sample.at_s >= warm_s).collect();
    verdicts.extend(shares(&warm));
    verdicts.extend(timing(soak, &warm));
    Judgement { warm_s, processes, verdicts }
}

/// The looks at a process after it was warm, one list for each of its starts.
fn runs(samples: &[Sample], index: usize, warm_s: f64) -> Vec<Vec<(f64, Vitals)>> {
    let mut runs: Vec<(f64, Vec<(f64, Vitals)>)> = Vec::new();
    for sample in samples {
        let Some(Some(vitals)) = sample.processes.get(index) else { continue };
        match runs.last_mut() {
            Some((_, run)) if run.last().is_some_and(|(_, before)| before.pid == vitals.pid) => {
                run.push((sample.at_s, *vitals));
            }
            _ => runs.push((sample.at_s, vec![(sample.at_s, *vitals)])),
        }
    }
    let warm = |(began_s, run): (f64, Vec<(f64, Vitals)>)| -> Vec<_> {
        run.into_iter().filter(|(at_s, _)| *at_s >= began_s + warm_s).collect()
    };
    runs.into_iter().map(warm).filter(|run| !run.is_empty()).collect()
}

fn memory(run: &[(f64, Vitals)]) -> Option<Trend> {
    trend(&run.iter().map(|(at_s, vitals)| (*at_s, vitals.own_bytes as f64)).collect::<Vec<_>>())
}

fn length_s(run: &[(f64, Vitals)]) -> f64 {
    run.last().map_or(0.0, |last| last.0) - run.first().map_or(0.0, |first| first.0)
}

/// What the run may have gained, KiB, with 99 % confidence.
fn gained_kib(run: &[(f64, Vitals)]) -> Option<f64> {
    memory(run).map(|trend| trend.high * length_s(run) / 1024.0)
}

/// Memory, descriptors and threads of a process. A process too short to be judged misses its limit: nothing was shown.
fn growth(name: &str, runs: &[Vec<(f64, Vitals)>]) -> [Verdict; 3] {
    let gained = runs
        .iter()
        .filter_map(|run| gained_kib(run))
        .fold(None, |most: Option<f64>, kib| Some(most.map_or(kib, |most| most.max(kib))));
    let memory = gained.unwrap_or(f64::INFINITY);
    let climbed = |count: fn(&Vitals) -> u64| {
        let climb = |run: &Vec<(f64, Vitals)>| {
            // The least of the first fifth, and of the last, is what stays: connections come and go.
            let part = (run.len() / 5).max(1);
            let least = |looks: &[(f64, Vitals)]| looks.iter().map(|(_, vitals)| count(vitals)).min().unwrap_or(0);
            least(&run[run.len() - part..]).saturating_sub(least(&run[..part]))
        };
        runs.iter().map(climb).max().unwrap_or(u64::MAX) as f64
    };
    [
        Verdict::below(format!("{name}: memory gained"), memory, "KiB", GROWTH_KIB.0, GROWTH_KIB.1),
        Verdict::none(format!("{name}: descriptors that stay"), climbed(|vitals| vitals.descriptors as u64)),
        Verdict::none(format!("{name}: threads that stay"), climbed(|vitals| vitals.threads)),
    ]
}

fn report(name: &str, runs: &[Vec<(f64, Vitals)>]) -> ProcessReport {
    let most = runs.iter().max_by(|a, b| {
        let kib = |run: &[(f64, Vitals)]| gained_kib(run).unwrap_or(f64::NEG_INFINITY);
        kib(a).total_cmp(&kib(b))
    });
    let run = most.map_or(&[][..], Vec::as_slice);
    let all = || runs.iter().flatten().map(|(_, vitals)| vitals);
    let ends = |count: fn(&Vitals) -> u64| (all().map(count).min().unwrap_or(0), all().map(count).max().unwrap_or(0));
    let descriptors = ends(|vitals| vitals.descriptors as u64);
    let used_s = |run: &Vec<(f64, Vitals)>| run[run.len() - 1].1.processor_s - run[0].1.processor_s;
    let lengths: f64 = runs.iter().map(|run| length_s(run)).sum();
    ProcessReport {
        name: name.to_owned(),
        runs: runs.len(),
        own_first_bytes: run.first().map_or(0, |(_, vitals)| vitals.own_bytes),
        own_last_bytes: run.last().map_or(0, |(_, vitals)| vitals.own_bytes),
        resident_bytes: run.last().map_or(0, |(_, vitals)| vitals.resident_bytes),
        memory: memory(run),
        judged_s: length_s(run),
        descriptors: (descriptors.0 as usize, descriptors.1 as usize),
        threads: ends(|vitals| vitals.threads),
        processor_percent: 100.0 * runs.iter().map(used_s).sum::<f64>() / lengths.max(f64::MIN_POSITIVE),
    }
}

/// Ticks, frames and changes, as shares of all there were after the warm-up.
fn shares(warm: &[&Sample]) -> Vec<Verdict> {
    let since = |count: fn(&Sample) -> u64| match (warm.first(), warm.last()) {
        (Some(first), Some(last)) => count(last).saturating_sub(count(first)) as f64,
        _ => 0.0,
    };
    let share = |part: fn(&Sample) -> u64, of: f64| if of > 0.0 { 100.0 * since(part) / of } else { f64::INFINITY };
    let (ticks, frames, changes) = (since(|s| s.ticks), since(|s| s.frames), since(|s| s.changes));
    let nodes = warm.first().map_or(0, |sample| sample.processes.len().saturating_sub(1));
    let arrivals = changes * nodes as f64;
    let missed = since(|sample| sample.frames_missed);
    let percent = |what: &str, part, of, limits: (f64, f64)| Verdict {
        measured: format!("{:.4} %", share(part, of)),
        ..Verdict::below(what, share(part, of), "%", limits.0, limits.1)
    };
    vec![
        percent("hub: ticks that took too long", |s| s.overruns, ticks, TICKS_PERCENT),
        percent("hub: ticks left out", |s| s.ticks_missed, ticks, TICKS_PERCENT),
        percent("frames left out", |s| s.frames_missed, frames + missed, FRAMES_PERCENT),
        Verdict::none("frames in which equal nodes differ", since(|s| s.frames_unequal)),
        percent("scene changes not in one frame on all nodes", |s| s.changes_out_of_step, changes, STEP_PERCENT),
        percent("changes that came late to a node", |s| s.arrivals_late, arrivals, LATE_PERCENT),
    ]
}

/// Clocks and outputs, where timing can be judged; a soak without a reading shows nothing and misses.
fn timing(soak: &Soak<'_>, warm: &[&Sample]) -> Vec<Verdict> {
    if !soak.is_timed {
        return Vec::new();
    }
    let p99 = |told: Option<Told>| told.map_or(f64::INFINITY, |told| told.p99_us);
    let medians: Vec<(f64, f64)> = warm.iter().filter_map(|sample| Some((sample.at_s, sample.clock?.p50_us))).collect();
    let length_s = medians.last().map_or(0.0, |last| last.0) - medians.first().map_or(0.0, |first| first.0);
    let drift = trend(&medians).map_or(f64::INFINITY, |trend| trend.high * length_s);
    vec![
        Verdict::below("clock error, p99", p99(soak.clock), "us", CLOCK_US.0, CLOCK_US.1),
        Verdict::below("drift of the clock error", drift, "us", DRIFT_US.0, DRIFT_US.1),
        Verdict::below("outputs of one frame apart, p99", p99(soak.apart), "us", APART_US.0, APART_US.1),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["hub", "node-1"];

    /// Twenty minutes, a look every five seconds; `shape` says what is there at each.
    fn samples(shape: impl Fn(f64, &mut Sample)) -> Vec<Sample> {
        let sound = |step: u64| {
            let at_s = step as f64 * 5.0;
            let vitals = Vitals {
                pid: 7,
                own_bytes: 2 << 20,
                resident_bytes: 10 << 20,
                descriptors: 20 + usize::from(step.is_multiple_of(7)),
                threads: 5,
                processor_s: at_s * 0.02,
            };
            let told = Told { p50_us: 1.0, p99_us: 3.0, max_us: 20.0 };
            let mut sample = Sample {
                at_s,
                processes: vec![Some(vitals), Some(vitals)],
                ticks: step * 500,
                frames: step * 600,
                changes: step,
                clock: Some(told),
                apart: Some(told),
                ..Sample::default()
            };
            shape(at_s, &mut sample);
            sample
        };
        (0..240).map(sound).collect()
    }

    /// What is missed by such samples.
    fn missed(samples: &[Sample]) -> Vec<String> {
        let names = NAMES.map(str::to_owned);
        let told = Some(Told { p50_us: 1.0, p99_us: 3.0, max_us: 20.0 });
        let soak = Soak { names: &names, samples, clock: told, apart: told, is_timed: true };
        let verdicts = judge(&soak).verdicts;
        verdicts.into_iter().filter(|verdict| !verdict.is_met).map(|verdict| verdict.what).collect()
    }

    fn of_node(sample: &mut Sample) -> &mut Vitals {
        sample.processes[1].as_mut().unwrap()
    }

    #[test]
    fn a_sound_show_misses_nothing() {
        assert_eq!(missed(&samples(|_, _| {})), Vec::<String>::new());
    }

    #[test]
    fn a_leak_is_found_whatever_its_shape() {
        let steady = samples(|at_s, sample| of_node(sample).own_bytes += (at_s * 2048.0) as u64);
        assert_eq!(missed(&steady), ["node-1: memory gained"]);
        let stairs = samples(|at_s, sample| of_node(sample).own_bytes += (at_s / 60.0) as u64 * 135_168);
        assert_eq!(missed(&stairs), ["node-1: memory gained"]);
        // It comes and goes by 4 MiB, and what is left grows by 3 KiB a second.
        let below_noise = samples(|at_s, sample| {
            of_node(sample).own_bytes += (at_s * 3072.0) as u64 + (at_s as u64 / 5 % 5) * (1 << 20);
        });
        assert_eq!(missed(&below_noise), ["node-1: memory gained"]);
    }

    #[test]
    fn an_allocators_step_and_a_warm_up_are_no_leak() {
        let step = samples(|at_s, sample| of_node(sample).own_bytes += if at_s > 700.0 { 135_168 } else { 0 });
        assert_eq!(missed(&step), Vec::<String>::new());
        let warm_up = samples(|at_s, sample| of_node(sample).own_bytes += at_s.min(200.0) as u64 * 65_536);
        assert_eq!(missed(&warm_up), Vec::<String>::new());
    }

    #[test]
    fn descriptors_and_threads_that_stay_are_found_and_such_that_come_and_go_are_not() {
        let leaking = samples(|at_s, sample| of_node(sample).descriptors += (at_s / 400.0) as usize);
        assert_eq!(missed(&leaking), ["node-1: descriptors that stay"]);
        let spawning = samples(|at_s, sample| of_node(sample).threads += (at_s / 1000.0) as u64);
        assert_eq!(missed(&spawning), ["node-1: threads that stay"]);
    }

    #[test]
    fn a_restarted_process_is_judged_for_each_run() {
        let restarted = samples(|at_s, sample| {
            let vitals = of_node(sample);
            if at_s > 600.0 {
                // A new process has more, and does not grow.
                *vitals = Vitals { pid: 8, own_bytes: 4 << 20, descriptors: 30, ..*vitals };
            }
        });
        assert_eq!(missed(&restarted), Vec::<String>::new());
        let leaking_later = samples(|at_s, sample| {
            let vitals = of_node(sample);
            if at_s > 600.0 {
                *vitals = Vitals { pid: 8, own_bytes: vitals.own_bytes + (at_s * 8192.0) as u64, ..*vitals };
            }
        });
        assert_eq!(missed(&leaking_later), ["node-1: memory gained"]);
    }

    #[test]
    fn overruns_gaps_and_late_changes_beyond_their_share_are_missed() {
        let at = |share: u64| {
            samples(move |at_s, sample| {
                sample.overruns = sample.ticks * share / 10_000;
                sample.ticks_missed = sample.ticks * share / 10_000;
                sample.frames_missed = sample.frames * share / 10_000;
                sample.arrivals_late = if share > 9 { at_s as u64 / 100 } else { 0 };
            })
        };
        assert_eq!(missed(&at(9)), Vec::<String>::new());
        let all = [
            "hub: ticks that took too long",
            "hub: ticks left out",
            "frames left out",
            "changes that came late to a node",
        ];
        assert_eq!(missed(&at(11)), all);
        let once = samples(|at_s, sample| {
            sample.frames_unequal = u64::from(at_s > 600.0);
            sample.changes_out_of_step = if at_s > 600.0 { 2 } else { 0 };
        });
        assert_eq!(
            missed(&once),
            ["frames in which equal nodes differ", "scene changes not in one frame on all nodes"]
        );
    }

    #[test]
    fn a_clock_error_that_grows_is_drift() {
        let drifting = samples(|at_s, sample| {
            sample.clock = Some(Told { p50_us: 1.0 + at_s / 10.0, p99_us: 3.0, max_us: 200.0 });
        });
        assert_eq!(missed(&drifting), ["drift of the clock error"]);
    }

    #[test]
    fn what_was_not_measured_is_missed() {
        let missed = missed(&samples(|_, _| {})[..12]);
        assert!(missed.contains(&"hub: memory gained".to_owned()), "{missed:?}");
        let names = NAMES.map(str::to_owned);
        let nothing = Soak { names: &names, samples: &[], clock: None, apart: None, is_timed: true };
        let verdicts = judge(&nothing).verdicts;
        let met: Vec<_> = verdicts.iter().filter(|verdict| verdict.is_met).map(|verdict| &verdict.what).collect();
        // There was none, indeed; whatever is a figure is missed.
        assert_eq!(met, ["frames in which equal nodes differ"]);
    }
}
