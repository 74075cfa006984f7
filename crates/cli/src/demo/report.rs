//! The report of a measured show: its keys, its limits, and how a person reads it.

use cuelight_measure::hub_api::Tick;
use cuelight_measure::quantiles::Quantiles;
use cuelight_measure::verdict::Verdict;
use serde::Serialize;

/// What `--report FILE` holds. Times are in the unit their key ends in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// What was asked for.
    pub(crate) nodes: u8,
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
    pub(crate) loss_pct: f64,
    /// From welcome to the first lock, one for each node.
    pub(crate) lock_ms: Vec<f64>,
    /// Recorded show time against the true one, all nodes, from `clock_error_from_s` after the lock on.
    pub(crate) clock_error_us: Quantiles,
    pub(crate) clock_error_from_s: f64,
    /// Readings whose error lay within the bound the node gave with them.
    pub(crate) clock_within_bound: Share,
    pub(crate) scene_changes: SceneChanges,
    /// First to last output of one frame across nodes.
    pub(crate) frame_spread_us: Quantiles,
    /// Frames in which equal nodes did not show equal pixels.
    pub(crate) unequal_frames: usize,
    /// Frames nodes left out.
    pub(crate) missed_frames: i64,
    pub(crate) tick: Tick,
    pub(crate) render_us_p99: f64,
    pub(crate) rss_mib: HubAndNodes,
    /// What of it is the process's own; the rest is program text.
    pub(crate) own_memory_mib: HubAndNodes,
    /// A node killed and started again.
    pub(crate) node_restart: Option<NodeRestart>,
    /// The hub killed and started again, with another clock.
    pub(crate) hub_restart: Option<HubRestart>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Share {
    pub(crate) inside: usize,
    pub(crate) of: usize,
}

impl Share {
    fn percent_outside(self) -> f64 {
        100.0 * (self.of - self.inside) as f64 / self.of.max(1) as f64
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct SceneChanges {
    pub(crate) sent: usize,
    /// First shown in the same frame by all nodes.
    pub(crate) same_frame: usize,
    /// Of those, had by every node from the stream in time, so that no other delivery was needed.
    pub(crate) same_frame_udp_alone: usize,
}

/// A figure of the hub, and the largest of the nodes.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct HubAndNodes {
    pub(crate) hub: f64,
    pub(crate) node_max: f64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct NodeRestart {
    /// From its start to READY.
    pub(crate) ready_ms: f64,
    /// Frames the other nodes left out meanwhile.
    pub(crate) others_missed_frames: i64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct HubRestart {
    /// From the moment it listens until every node plays on a locked clock and takes its stream.
    pub(crate) resumed_ms: f64,
    /// Show time after against show time before, had the old hub gone on.
    pub(crate) show_step_us: f64,
    /// Frames nodes left out meanwhile.
    pub(crate) missed_frames: i64,
}

impl Report {
    /// The report against what must hold and what is wished for. Over a lossy link only what loss must not change is
    /// judged: timing there is the link's.
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let lossless = self.loss_pct == 0.0;
        let worst_lock = self.lock_ms.iter().copied().fold(0.0, f64::max);
        let all_locked = self.lock_ms.len() == usize::from(self.nodes);
        let changes = self.scene_changes;
        let mut verdicts = vec![
            Verdict::below(
                "first lock after welcome, slowest node",
                if all_locked { worst_lock } else { f64::INFINITY },
                "ms",
                5000.0,
                1200.0,
            ),
            Verdict::all("scene changes in the same frame on all nodes", changes.same_frame, changes.sent)
                .with_goal("all, by UDP alone", changes.same_frame_udp_alone == changes.sent),
            Verdict::none("frames in which equal nodes differ", self.unequal_frames as f64),
            Verdict::below(
                "readings outside the published bound",
                self.clock_within_bound.percent_outside(),
                "%",
                1.0,
                0.001,
            ),
        ];
        if lossless {
            verdicts.push(Verdict::below("clock error, p99", self.clock_error_us.p99, "us", 100.0, 2.0));
            verdicts.push(Verdict::below(
                "spread of one frame's output, p99",
                self.frame_spread_us.p99,
                "us",
                1000.0,
                150.0,
            ));
        }
        verdicts.extend([
            Verdict::around("hub tick rate", self.tick.hz, "Hz", 100.0, 0.5),
            Verdict::none("hub tick overruns", self.tick.overruns as f64),
            Verdict::below("hub tick cost, p99", self.tick.cost_us_p99, "us", 5000.0, 200.0),
            Verdict::below("render a frame, p99", self.render_us_p99, "us", 2000.0, 100.0),
            Verdict::below("memory of its own, hub", self.own_memory_mib.hub, "MiB", 8.0, 4.0),
            Verdict::below("memory of its own, largest node", self.own_memory_mib.node_max, "MiB", 6.0, 3.0),
            of_shipped_build(Verdict::below("resident memory, hub", self.rss_mib.hub, "MiB", 24.0, 12.0)),
            of_shipped_build(Verdict::below("resident memory, largest node", self.rss_mib.node_max, "MiB", 12.0, 6.0)),
        ]);
        if let Some(restart) = self.node_restart {
            verdicts.push(Verdict::below("node killed and restarted, READY", restart.ready_ms, "ms", 10_000.0, 2000.0));
            verdicts.push(Verdict::none("frames the others left out meanwhile", restart.others_missed_frames as f64));
        }
        if let Some(restart) = self.hub_restart {
            // TCP's own retransmissions decide how long a rejoin takes on a lossy link: three losses in a row are 1.4 s.
            if lossless {
                verdicts.push(Verdict::below(
                    "hub killed and restarted, resumed",
                    restart.resumed_ms,
                    "ms",
                    2000.0,
                    1000.0,
                ));
            }
            verdicts.push(Verdict::below(
                "step of show time over that restart",
                restart.show_step_us.abs(),
                "us",
                5000.0,
                500.0,
            ));
        }
        verdicts
    }
}

/// Judges only the build that is shipped: one with assertions has more text, and how much of it the kernel keeps beside a process
/// depends on who else runs it.
fn of_shipped_build(verdict: Verdict) -> Verdict {
    if cfg!(debug_assertions) { verdict.unjudged() } else { verdict }
}
