//! How fast the clock can be read.

use std::fs;

use cuelight_net::clock::mono_now_ns;

use super::Finding;

const NAME: &str = "clock";
const CLOCK_SOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
const READS: u32 = 10_000;
/// Reading through the vDSO takes tens of nanoseconds, a system call a few hundred at least.
const FAST_NS: i64 = 200;

pub(super) fn check() -> Finding {
    let source = fs::read_to_string(CLOCK_SOURCE).map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned());
    let before = mono_now_ns();
    for _ in 0..READS {
        std::hint::black_box(mono_now_ns());
    }
    finding(&source, (mono_now_ns() - before) / i64::from(READS))
}

fn finding(source: &str, read_ns: i64) -> Finding {
    let found = format!("source {source}, one reading takes {read_ns} ns");
    if read_ns <= FAST_NS {
        Finding::ok(NAME, found)
    } else {
        Finding::warn(
            NAME,
            found,
            "readings are system calls: choose a source the vDSO can read (tsc, kvm-clock, arch_sys_counter) in \
             /sys/devices/system/clocksource/clocksource0/ or on the kernel's command line",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_slow_clock_is_a_warning() {
        assert_eq!(finding("tsc", 25).state, State::Ok);
        assert_eq!(finding("hpet", 900).state, State::Warn);
    }
}
