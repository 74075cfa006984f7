//! ORACLE-11: a change reaches a deployed node before its applyAt, by the stream or by the control plane (FANOUT-4,
//! FANOUT-5).

use std::collections::BTreeMap;

use cuelight_wire::control::HubMessage;
use cuelight_wire::stream::MsgType;
use cuelight_wire::time::{Show, Span, Time};

use crate::entry::{Entry, What};
use crate::figures::{Figure, Figures};
use crate::judge::{Leavers, Scene};

#[derive(Debug)]
pub(crate) struct Deployed {
    /// For each node: changes it is to hear of, by their applyAt in microseconds, and whether it has.
    pending: Vec<BTreeMap<i64, bool>>,
    changes: u64,
    late: u64,
}

impl Deployed {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { pending: vec![BTreeMap::new(); nodes], changes: 0, late: 0 }
    }
    pub(crate) fn take(&mut self, scene: &Scene<'_>) {
        match scene.leavers() {
            Leavers::None => {}
            // What was under way is not judged.
            Leavers::One(n) => self.close(n.0, scene.entry.show, false),
            Leavers::All => (0..self.pending.len()).for_each(|n| self.close(n, scene.entry.show, false)),
        }
        match &scene.entry.what {
            What::Ordered(_, at) if scene.counts() => {
                for (n, place) in scene.presence.nodes() {
                    let is_deployed = place.session.is_some_and(|session| !session.takes_full_state);
                    if is_deployed && place.is_in_show(scene.entry.at_ns) {
                        self.close(n.0, scene.entry.show, true);
                        self.pending[n.0].insert(at.as_us(), false);
                    }
                }
            }
            What::Sent(n, sent) => {
                let Some(Ok(packet)) = scene.packet else { return };
                if packet.header.msg_type == MsgType::ParamDelta {
                    let first = sent.arrivals.into_iter().flatten().min();
                    self.hear(n.0, packet.header.apply_at.as_us(), first, scene.entry);
                }
            }
            What::Told(n, message, arrives_at) => {
                let apply_at_us = match &**message {
                    HubMessage::SetEffect(set) => set.apply_at_us,
                    HubMessage::ParametersSet(set) => set.apply_at_us,
                    HubMessage::ZoneUpdate(update) => update.apply_at_us,
                    HubMessage::Snapshot(snapshot) => snapshot.apply_at_us,
                    _ => return,
                };
                self.hear(n.0, apply_at_us, *arrives_at, scene.entry);
            }
            _ => {}
        }
    }
    fn hear(&mut self, n: usize, apply_at_us: i64, arrives_at: Option<i64>, entry: &Entry) {
        let Some(in_time) = self.pending[n].get_mut(&apply_at_us) else { return };
        // Show time and true time differ by parts in ten thousand: microseconds over the time a datagram travels.
        let arrival = arrives_at.map(|at_ns| entry.show + Span::from_ns(at_ns - entry.at_ns));
        *in_time |= arrival.is_some_and(|arrival| arrival.as_us() <= apply_at_us);
    }
    /// Counts what is past; what is ahead is given up, or waited for.
    fn close(&mut self, n: usize, show: Time<Show>, waits: bool) {
        let ahead = self.pending[n].split_off(&show.as_us());
        self.changes += self.pending[n].len() as u64;
        self.late += self.pending[n].values().filter(|in_time| !**in_time).count() as u64;
        self.pending[n] = if waits { ahead } else { BTreeMap::new() };
    }
    pub(crate) fn finish(mut self, _end_ns: i64, figures: &mut Figures) {
        for n in 0..self.pending.len() {
            self.close(n, Time::from_us(i64::MAX), false);
        }
        if self.changes > 0 {
            figures.count(Figure::DeployedChanges, self.changes);
            figures.count(Figure::DeployedLate, self.late);
            figures.set(Figure::DeployedLateShare, 100.0 * self.late as f64 / self.changes as f64);
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts and whole nanoseconds are exact")]
mod tests {
    use crate::figures::Figure;
    use crate::rules::traces::Trace;

    #[test]
    fn a_change_that_comes_after_its_apply_at_or_never_is_late() {
        for (delay_us, expected) in [(Some(20_000), 0.0), (Some(200_000), 1.0), (None, 1.0)] {
            let mut trace = Trace::of_deployed();
            trace.order(5, 100_000);
            trace.delay_datagrams(delay_us);
            trace.param_delta(0, 100_000);
            let figures = trace.figures();
            assert_eq!(figures.get(Figure::DeployedChanges), Some(1.0));
            assert_eq!(figures.get(Figure::DeployedLate), Some(expected), "{delay_us:?}");
        }
    }
}
