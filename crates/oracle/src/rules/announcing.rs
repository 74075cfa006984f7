//! ORACLE-10: every repeat of a change carries the same applyAt, to every node, as in the answer to the operator (SHOW-1,
//! SHOW-4).

use std::collections::{BTreeMap, BTreeSet};

use cuelight_wire::ids::Revision;
use cuelight_wire::stream::MsgType;
use cuelight_wire::time::{Show, Time};

use crate::entry::What;
use crate::figures::{Figure, Figures};
use crate::judge::Scene;

#[derive(Debug, Default)]
pub(crate) struct Announcing {
    /// What was said first of each change. It grows with the changes of a trace.
    known: BTreeMap<Revision, Time<Show>>,
    /// All applyAt there are, as the wire says them.
    all_us: BTreeSet<i64>,
    moved: BTreeSet<Revision>,
    /// Announcements to deployed nodes, which name no change, of an applyAt that no change has.
    unknown: BTreeSet<i64>,
    count: u64,
}

impl Announcing {
    pub(crate) fn take(&mut self, scene: &Scene<'_>) {
        match &scene.entry.what {
            // Another run may give a number again.
            What::HubStarted => self.known.clear(),
            What::Ordered(rev, at) => self.note(*rev, *at),
            What::Sent(..) => {
                let Some(Ok(packet)) = scene.packet else { return };
                for (rev, at) in &packet.layers {
                    self.note(*rev, *at);
                }
                let (header, at_us) = (&packet.header, packet.header.apply_at.as_us());
                let announces = header.msg_type == MsgType::ParamDelta && header.apply_at > header.hub_now;
                if announces && !self.all_us.contains(&at_us) {
                    self.unknown.insert(at_us);
                }
            }
            _ => {}
        }
    }
    fn note(&mut self, rev: Revision, at: Time<Show>) {
        let first = *self.known.entry(rev).or_insert_with(|| {
            self.count += 1;
            at
        });
        if first.as_us() != at.as_us() {
            self.moved.insert(rev);
        }
        self.all_us.insert(at.as_us());
    }
    pub(crate) fn finish(self, figures: &mut Figures) {
        if self.count > 0 {
            figures.count(Figure::MovedApplyAt, (self.moved.len() + self.unknown.len()) as u64);
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts and whole nanoseconds are exact")]
mod tests {
    use crate::figures::Figure;
    use crate::rules::traces::Trace;

    #[test]
    fn a_repeat_with_another_apply_at_is_seen_whether_on_the_wire_or_in_the_answer() {
        let mut trace = Trace::of_two();
        trace.tick_announcing(0, 3, 5, 100_000);
        trace.tick_announcing(0, 3, 5, 100_000);
        assert_eq!(trace.figures().get(Figure::MovedApplyAt), Some(0.0));
        let mut trace = Trace::of_two();
        trace.tick_announcing(0, 3, 5, 100_000);
        trace.tick_announcing(1, 3, 5, 100_001);
        assert_eq!(trace.figures().get(Figure::MovedApplyAt), Some(1.0));
        let mut trace = Trace::of_two();
        trace.order(5, 100_002);
        trace.tick_announcing(0, 3, 5, 100_000);
        assert_eq!(trace.figures().get(Figure::MovedApplyAt), Some(1.0));
    }

    #[test]
    fn a_deployed_announcement_has_the_apply_at_of_a_change_there_is() {
        for (told_us, expected) in [(100_000, 0.0), (100_001, 1.0)] {
            let mut trace = Trace::of_deployed();
            trace.order(5, 100_000);
            trace.param_delta(0, told_us);
            assert_eq!(trace.figures().get(Figure::MovedApplyAt), Some(expected));
        }
    }
}
