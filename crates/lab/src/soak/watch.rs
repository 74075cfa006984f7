//! Following a show: what its processes record is read and judged bit by bit, and forgotten.

use anyhow::Result;
use cuelight_measure::figures;
use cuelight_measure::follow::Follower;
use cuelight_measure::record::Record;
use cuelight_net::clock::mono_now_ns;

use super::sample::Sample;
use super::tally::Tally;
use super::vitals::Vitals;
use crate::cast::Cast;

const S: i64 = 1_000_000_000;
/// What happened so long ago is on record: records are flushed ten times a second, and a lane may be a tenth of a second
/// behind another.
const SETTLED_NS: i64 = S;
/// A change so long ago is in force everywhere, or it is late.
const IN_FORCE_NS: i64 = 2 * S;
/// What is needed around what is judged.
const MARGIN_NS: i64 = 2 * S;

/// A scene change that is not judged yet.
#[derive(Clone, Copy, Debug)]
struct Sent {
    rev: u32,
    at_ns: i64,
}

/// What is known of one node beside its record.
#[derive(Clone, Copy, Debug)]
struct Presence {
    /// From when on it is in the show; the end of all time while it is not.
    since_ns: i64,
    /// The last of its frames that was counted.
    last_frame_ns: Option<i64>,
}

/// The follower of a show.
pub(super) struct Watch {
    began_ns: i64,
    /// Up to here everything is judged.
    judged_ns: i64,
    hub: Follower,
    nodes: Vec<Follower>,
    presence: Vec<Presence>,
    sent: Vec<Sent>,
    so_far: Sample,
    clock: Tally,
    apart: Tally,
}

impl Watch {
    /// Begins to follow a show whose nodes all play.
    pub(super) fn new(cast: &Cast) -> Self {
        let now_ns = mono_now_ns();
        let presence = Presence { since_ns: now_ns, last_frame_ns: None };
        Self {
            began_ns: now_ns,
            judged_ns: now_ns,
            hub: Follower::new(&cast.hub_record()),
            nodes: (0..cast.len()).map(|index| Follower::new(&cast.node_record(index))).collect(),
            presence: vec![presence; cast.len()],
            sent: Vec::new(),
            so_far: Sample::default(),
            clock: Tally::default(),
            apart: Tally::default(),
        }
    }

    /// Seconds since it began.
    pub(super) fn at_s(&self) -> f64 {
        (mono_now_ns() - self.began_ns) as f64 / S as f64
    }

    /// A scene change was sent.
    pub(super) fn handle_change(&mut self, rev: u32) {
        self.sent.push(Sent { rev, at_ns: mono_now_ns() });
    }
    /// A node is off, and out of the show until [`Self::look`] finds it playing.
    pub(super) fn handle_off(&mut self, node: usize) {
        self.presence[node] = Presence { since_ns: i64::MAX, last_frame_ns: None };
    }

    /// Clock errors and what outputs of one frame were apart, since the beginning.
    pub(super) fn tallies(&self) -> (&Tally, &Tally) {
        (&self.clock, &self.apart)
    }

    /// Looks at everything.
    pub(super) fn look(&mut self, cast: &mut Cast) -> Result<Sample> {
        cast.check()?;
        let show = cast.api().show()?;
        for follower in self.nodes.iter_mut().chain([&mut self.hub]) {
            follower.read()?;
        }
        let now_ns = mono_now_ns();
        for (index, presence) in self.presence.iter_mut().enumerate().filter(|(_, p)| p.since_ns == i64::MAX) {
            let mac = cast.host(index).mac();
            if show.nodes.iter().any(|node| node.mac == mac && node.is_playing()) {
                presence.since_ns = now_ns;
            }
        }
        let until_ns = now_ns - SETTLED_NS;
        self.judge_frames(until_ns);
        self.judge_changes(now_ns);
        self.so_far.at_s = (now_ns - self.began_ns) as f64 / S as f64;
        self.so_far.ticks = show.tick.count;
        self.so_far.overruns = show.tick.overruns;
        self.so_far.ticks_missed = show.tick.missed;
        let pids = [cast.hub_pid()].into_iter().chain((0..cast.len()).map(|index| cast.node_pid(index)));
        let vitals = pids.map(|pid| pid.map(Vitals::of).transpose());
        self.so_far.processes = vitals.collect::<Result<_>>()?;
        self.judged_ns = until_ns;
        self.forget();
        Ok(self.so_far.clone())
    }

    /// The records of the nodes that were in the show from an instant on.
    fn present(&self, from_ns: i64) -> Vec<Record> {
        let present = self.nodes.iter().zip(&self.presence).filter(|(_, presence)| presence.since_ns <= from_ns);
        present.map(|(node, _)| node.record.clone()).collect()
    }

    /// Frames and clocks up to an instant.
    fn judge_frames(&mut self, until_ns: i64) {
        let (mut clock, mut apart) = (Tally::default(), Tally::default());
        for (node, presence) in self.nodes.iter().zip(&mut self.presence) {
            let from_ns = presence.last_frame_ns.unwrap_or(presence.since_ns);
            if from_ns >= until_ns {
                continue;
            }
            // The last frame that was counted is the first here, so that a gap between two looks is one, too.
            let within = || node.record.frames.values().filter(|line| (from_ns..until_ns).contains(&line.mono_ns));
            let is_new = |at_ns: i64| presence.last_frame_ns.is_none_or(|last| at_ns > last);
            self.so_far.frames += within().filter(|line| is_new(line.mono_ns)).count() as u64;
            let missing = figures::missing_frames(&node.record, from_ns, until_ns);
            self.so_far.frames_missed += u64::try_from(missing).unwrap_or(0);
            for (error_ns, _) in figures::clock_errors(&self.hub.record, &node.record, self.judged_ns, until_ns) {
                clock.add_ns(error_ns);
                self.clock.add_ns(error_ns);
            }
            presence.last_frame_ns = within().map(|line| line.mono_ns).max().or(presence.last_frame_ns);
        }
        let present = self.present(self.judged_ns);
        self.so_far.frames_unequal += figures::unequal_frames(&present, self.judged_ns, until_ns) as u64;
        for (first_ns, last_ns) in figures::frame_outputs(&present, self.judged_ns, until_ns) {
            apart.add_ns(last_ns - first_ns);
            self.apart.add_ns(last_ns - first_ns);
        }
        (self.so_far.clock, self.so_far.apart) = (clock.told(), apart.told());
    }

    /// Changes that are in force by now, on the nodes that were there all the time.
    fn judge_changes(&mut self, now_ns: i64) {
        let is_due = |sent: &Sent| now_ns - sent.at_ns >= IN_FORCE_NS;
        let due: Vec<Sent> = self.sent.iter().copied().filter(is_due).collect();
        self.sent.retain(|sent| !is_due(sent));
        for Sent { rev, at_ns } in due {
            let present = self.present(at_ns - MARGIN_NS.min(at_ns - self.began_ns));
            if present.is_empty() {
                continue;
            }
            self.so_far.changes += 1;
            self.so_far.changes_out_of_step += u64::from(!figures::is_same_frame(&present, rev));
            let is_late =
                |node: &&Record| node.changes.get(&rev).is_none_or(|change| change.arrived_us > change.apply_at_us);
            self.so_far.arrivals_late += present.iter().filter(is_late).count() as u64;
        }
    }

    /// Lets go of what is judged.
    fn forget(&mut self) {
        let oldest_sent_ns = self.sent.iter().map(|sent| sent.at_ns).min().unwrap_or(i64::MAX);
        let oldest_rev = self.sent.iter().map(|sent| sent.rev).min().unwrap_or(0);
        let before_ns = self.judged_ns.min(oldest_sent_ns) - MARGIN_NS;
        for follower in self.nodes.iter_mut().chain([&mut self.hub]) {
            follower.forget(before_ns, oldest_rev);
        }
    }
}
