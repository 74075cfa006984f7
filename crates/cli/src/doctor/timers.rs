//! How late the machine wakes a thread that asked for an instant, measured.

use std::thread;

use cuelight_net::clock::mono_now_ns;
use cuelight_net::realtime::{make_thread_realtime, make_timers_exact};
use cuelight_net::timer::sleep_until;

use super::Finding;

const NAME: &str = "timers";
const WAKE_UPS: usize = 200;
const PERIOD_NS: i64 = 2_000_000;
/// A node spins over this much before each deadline, so that wake-ups late by less are not seen in its output.
const UNSEEN_NS: i64 = 150_000;
/// A frame lasts 8.33 ms; wake-ups late by half of one make frames miss their instant.
const TOO_LATE_NS: i64 = 4_000_000;

pub(super) fn check() -> Finding {
    let measured = thread::spawn(|| {
        // As the frame loop does; without permission the figures show what that costs.
        if make_thread_realtime(super::priority::PRIORITY).is_err() {
            make_timers_exact();
        }
        let start = mono_now_ns();
        let wake_up = |k: usize| {
            let deadline = start + (k as i64 + 1) * PERIOD_NS;
            sleep_until(deadline) - deadline
        };
        (0..WAKE_UPS).map(wake_up).collect::<Vec<_>>()
    });
    match measured.join() {
        Ok(late) => finding(late),
        Err(_) => Finding::fail(NAME, "the check itself failed", "report this with the message above"),
    }
}

/// What the lateness of wake-ups means, nanoseconds.
fn finding(mut late: Vec<i64>) -> Finding {
    late.sort_unstable();
    let at = |percent: usize| late.get((late.len() * percent / 100).min(late.len().saturating_sub(1))).copied();
    let (p50, p99, max) = (at(50).unwrap_or(0), at(99).unwrap_or(0), at(100).unwrap_or(0));
    let found = format!(
        "{} wake-ups late by {} us p50, {} us p99, {} us at most",
        late.len(),
        p50 / 1000,
        p99 / 1000,
        max / 1000
    );
    if p99 <= UNSEEN_NS {
        Finding::ok(NAME, found)
    } else if p99 <= TOO_LATE_NS {
        let advice = "output instants spread by that much: permit real-time priority, stop other work, raise cuelight \
                      node --spin-us";
        Finding::warn(NAME, found, advice)
    } else {
        let advice = "frames will miss their instants: this machine is overloaded or starved by its host";
        Finding::fail(NAME, found, advice)
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn lateness_is_judged_by_what_a_node_can_hide() {
        assert_eq!(finding(vec![60_000; 200]).state, State::Ok);
        assert_eq!(finding(vec![400_000; 200]).state, State::Warn);
        assert_eq!(finding(vec![9_000_000; 200]).state, State::Fail);
        let one_outlier = [vec![60_000; 199], vec![9_000_000]].concat();
        let finding = finding(one_outlier);
        assert_eq!(finding.found, "200 wake-ups late by 60 us p50, 60 us p99, 9000 us at most");
        assert_eq!(finding.state, State::Ok);
    }
}
