//! The report of a measured show of cues: its keys, its limits, and how a person reads it.

use cuelight_measure::quantiles::Quantiles;
use cuelight_measure::verdict::Verdict;
use serde::Serialize;

use super::judge::Found;

/// What `--report FILE` holds. Times are in the unit their key ends in.
#[derive(Clone, Debug, Serialize)]
pub(in crate::demo) struct Report {
    pub(super) label: String,
    pub(super) nodes: u8,
    pub(super) universes: usize,
    pub(super) seconds: u64,
    pub(super) seed: u64,
    pub(super) loss_pct: f64,
    /// Whether timing is judged: the machine grants real-time priority, and nothing is lost on purpose.
    pub(super) is_timed: bool,
    pub(super) levels: Levels,
    pub(super) hub_killed: Option<HubKilled>,
    /// First to last arrival of one frame's universes across nodes.
    pub(super) apart_us: Option<Quantiles>,
    /// Percent of those frames that are not judged because the machine stood still.
    pub(super) stalled_pct: f64,
    pub(super) go: Option<Goes>,
}

/// What came over the wire against what the show says.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Levels {
    /// Packets, and those with the levels of their instant.
    pub(super) packets: usize,
    pub(super) right: usize,
    /// Frames of a universe that differ from the one before, and those that did not come.
    pub(super) changes: usize,
    pub(super) skipped: usize,
    /// Packets that came more than a millisecond after their instant.
    pub(super) late: usize,
}

impl From<&Found> for Levels {
    fn from(found: &Found) -> Self {
        let Found { packets, right, changes, skipped, late, .. } = *found;
        Self { packets, right, changes, skipped, late }
    }
}

/// A hub killed in a fade and started again with another clock.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct HubKilled {
    /// For how long the longest fade lasted when it was killed, and for how long it was still to last.
    pub(super) fade_for_ms: i64,
    pub(super) fade_left_ms: i64,
    /// From the kill until every node played with a hub again.
    pub(super) away_ms: f64,
    /// Packets from the kill until three seconds after that, and those with the levels of their instant.
    pub(super) packets: usize,
    pub(super) right: usize,
}

/// GOs, from the call to slots changed in every universe.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Goes {
    pub(super) called: usize,
    /// Of those, seen in every universe.
    pub(super) seen: usize,
    pub(super) lead_ms: f64,
    /// From the call to the last universe.
    pub(super) took_us: Quantiles,
    /// Of that, the wait of a change for the next frame of DMX.
    pub(super) frame_wait_us: Quantiles,
    /// The rest without the lead: the call, the wait for the hub's tick, the way out.
    pub(super) beyond_us: Quantiles,
}

impl Report {
    /// The report against what must hold and what is wished for.
    pub(in crate::demo) fn verdicts(&self) -> Vec<Verdict> {
        let Levels { packets, right, changes, skipped, late } = self.levels;
        let mut verdicts = vec![
            Verdict::at_least("frames of universes that changed", changes as f64, "", 1.0),
            Verdict::all("packets with the levels of their instant", right, packets),
        ];
        if let Some(killed) = self.hub_killed {
            let ms = |ms: i64| ms as f64;
            verdicts.extend([
                Verdict::all("of these, since the hub was killed in a fade", killed.right, killed.packets),
                Verdict::at_least("the fade was still to last for", ms(killed.fade_left_ms), "ms", 1.0),
                Verdict::reported("killed until every node played again", killed.away_ms, "ms"),
            ]);
        }
        let apart = self.apart_us.map_or(f64::INFINITY, |apart| apart.p99);
        let mut timed = vec![
            Verdict::none("frames that changed and did not come", skipped as f64),
            Verdict::none("packets more than 1 ms after their instant", late as f64),
            Verdict::below("universes of one frame apart, p99", apart, "us", 1000.0, 200.0),
            Verdict::must_be_below("frames not judged for stalls of the machine", self.stalled_pct, "%", 10.0),
        ];
        if let Some(go) = self.go {
            verdicts.push(Verdict::all("GOs that came to every universe", go.seen, go.called));
            let ms = |us: f64| us / 1e3;
            timed.extend([
                Verdict::must_be_below("GO to the wire, beyond lead and frame, p50", ms(go.beyond_us.p50), "ms", 10.0),
                Verdict::reported("the same, p99", ms(go.beyond_us.p99), "ms"),
                Verdict::reported("the wait for the next frame of DMX, p99", ms(go.frame_wait_us.p99), "ms"),
                Verdict::reported("GO to the wire, all in all, p50", ms(go.took_us.p50), "ms"),
                Verdict::reported("the same, p99", ms(go.took_us.p99), "ms"),
            ]);
        }
        verdicts.extend(timed.into_iter().map(|verdict| if self.is_timed { verdict } else { verdict.unjudged() }));
        verdicts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let us = |p50: f64| Quantiles { p50, p99: 2.0 * p50, max: 2.0 * p50 };
        Report {
            label: "Two minutes".into(),
            nodes: 4,
            universes: 12,
            seconds: 20,
            seed: 1,
            loss_pct: 0.0,
            is_timed: true,
            levels: Levels { packets: 100, right: 100, changes: 90, skipped: 0, late: 0 },
            hub_killed: None,
            apart_us: Some(us(40.0)),
            stalled_pct: 0.0,
            go: Some(Goes {
                called: 60,
                seen: 60,
                lead_ms: 30.0,
                took_us: us(48_000.0),
                frame_wait_us: us(11_000.0),
                beyond_us: us(6_000.0),
            }),
        }
    }
    fn missed(report: &Report) -> usize {
        report.verdicts().iter().filter(|verdict| !verdict.is_met).count()
    }

    #[test]
    fn one_wrong_packet_or_a_late_one_is_a_limit_missed() {
        assert_eq!(missed(&report()), 0);
        let with = |change: fn(&mut Levels)| {
            let mut report = report();
            change(&mut report.levels);
            report
        };
        assert_eq!(missed(&with(|levels| levels.right = 99)), 1);
        assert_eq!(missed(&with(|levels| levels.late = 1)), 1);
        assert_eq!(missed(&with(|levels| levels.skipped = 1)), 1);
        assert_eq!(missed(&with(|levels| levels.changes = 0)), 1);
        assert_eq!(missed(&Report { apart_us: None, ..report() }), 1);
    }

    #[test]
    fn without_real_time_priority_timing_is_told_and_levels_are_judged() {
        let mut report = Report { is_timed: false, apart_us: None, ..report() };
        report.levels.late = 7;
        assert_eq!(missed(&report), 0);
        report.levels.right = 99;
        assert_eq!(missed(&report), 1);
    }
}
