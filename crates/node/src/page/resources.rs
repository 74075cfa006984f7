//! What this process takes of its machine, as the kernel counts it (Linux; elsewhere nothing is told).

use std::fs;

use cuelight_wire::time::{Local, Span, Time};
use serde::Serialize;

/// Ticks of `/proc/self/stat` in a second: part of the kernel's interface to programs, 100 on every platform of Linux.
const TICKS_PER_S: f64 = 100.0;
/// Of shorter spans a share of the processor says little.
const LEAST: Span = Span::from_ms(900);

/// Figures of this process and its machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Resources {
    /// Per cent of one processor, since the look before.
    pub(crate) cpu_pct: Option<f64>,
    /// Bytes of memory that it holds.
    pub(crate) memory: Option<u64>,
    pub(crate) threads: Option<u64>,
    /// Processes of the machine that want to run, averaged over a minute.
    pub(crate) load: Option<f64>,
    /// Bytes of the machine's memory that are free for programs.
    pub(crate) available: Option<u64>,
}

/// Looks, at most once a second.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    last: Option<(Time<Local>, f64)>,
    resources: Resources,
}

impl Gauge {
    pub(crate) fn read(&mut self, now: Time<Local>) -> Resources {
        if self.last.is_some_and(|(at, _)| now - at < LEAST) {
            return self.resources;
        }
        let text = |path: &str| fs::read_to_string(path).ok();
        let spent_s = text("/proc/self/stat").as_deref().and_then(spent_s);
        let cpu_pct = spent_s
            .zip(self.last)
            .map(|(spent_s, (at, before_s))| 100.0 * (spent_s - before_s) / ((now - at).as_ns() as f64 / 1e9));
        self.last = spent_s.map(|spent_s| (now, spent_s));
        let status = text("/proc/self/status");
        let field = |name: &str| status.as_deref().and_then(|status| number_of(status, name));
        self.resources = Resources {
            cpu_pct,
            memory: field("VmRSS:").map(|kib| kib * 1024),
            threads: field("Threads:"),
            load: text("/proc/loadavg").and_then(|load| load.split(' ').next()?.parse().ok()),
            available: text("/proc/meminfo").and_then(|memory| Some(number_of(&memory, "MemAvailable:")? * 1024)),
        };
        self.resources
    }
}

/// Seconds of the processor: fields 14 and 15 of `/proc/PID/stat`, after the name in brackets, which may hold anything.
fn spent_s(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_S)
}

/// The number of a line such as `VmRSS:     9504 kB`.
fn number_of(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_read_whatever_the_process_is_called() {
        let stat = "42 (a) b) (c) S 1 1 1 0 -1 4194304 100 0 0 0 250 150 0 0 20 0 4 0 100 1 2 3";
        assert_eq!(spent_s(stat), Some(4.0));
        assert_eq!(spent_s("42 (short) S 1"), None);
        assert_eq!(number_of("VmPeak:\t 10 kB\nVmRSS:\t    9504 kB\n", "VmRSS:"), Some(9504));
        assert_eq!(number_of("VmRSS: many\n", "VmRSS:"), None);
    }

    #[test]
    fn shares_are_of_the_time_between_two_looks() {
        let mut gauge = Gauge::default();
        assert_eq!(gauge.read(Time::ZERO).cpu_pct, None, "one look is no span");
        let second = gauge.read(Time::from_ns(1_000_000_000));
        if cfg!(target_os = "linux") {
            assert!(second.cpu_pct.is_some_and(|pct| pct >= 0.0) && second.memory.is_some_and(|bytes| bytes > 100_000));
        }
        assert_eq!(gauge.read(Time::from_ns(1_100_000_000)), second, "looked at a moment ago");
    }
}
