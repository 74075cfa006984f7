//! ORACLE-6: after the hub's restart every node has its stream again, and a node whose power or network was away comes back
//! into the show, by themselves.

use crate::entry::What;
use crate::figures::{Figure, Figures};
use crate::judge::Scene;
use crate::presence::Presence;

#[derive(Clone, Copy, Debug, Default)]
struct OfNode {
    has_started: bool,
    /// It is to join since then.
    joining_since: Option<i64>,
    /// That it joins is measured: it has been in the show before.
    is_return: bool,
    /// It is to have its stream again since the hub's restart.
    resuming_since: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct Recovery {
    nodes: Vec<OfNode>,
    hub_starts: u64,
    resume_max_ns: Option<i64>,
    rejoin_max_ns: Option<i64>,
}

impl Recovery {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { nodes: vec![OfNode::default(); nodes], hub_starts: 0, resume_max_ns: None, rejoin_max_ns: None }
    }
    pub(crate) fn take(&mut self, scene: &Scene<'_>) {
        let at_ns = scene.entry.at_ns;
        match &scene.entry.what {
            What::HubStarted => {
                self.hub_starts += 1;
                for (node, (_, place)) in self.nodes.iter_mut().zip(scene.presence.nodes()) {
                    let is_there = place.is_running && !place.is_cut;
                    node.resuming_since = (self.hub_starts > 1 && is_there).then_some(at_ns);
                    node.joining_since = node.joining_since.map(|_| at_ns);
                }
            }
            What::NodeStarted(n) => {
                let node = &mut self.nodes[n.0];
                let is_return = std::mem::replace(&mut node.has_started, true);
                (node.joining_since, node.is_return) = (Some(at_ns), is_return);
            }
            What::NodeStopped(n) | What::Cut(n, true) => {
                let node = &mut self.nodes[n.0];
                (node.joining_since, node.resuming_since) = (None, None);
            }
            What::Cut(n, false) => {
                let node = &mut self.nodes[n.0];
                (node.joining_since, node.is_return) = (Some(at_ns), true);
            }
            What::Sent(n, _) => {
                let node = &mut self.nodes[n.0];
                if let Some(since) = node.resuming_since
                    && let Some(from) = scene.presence.of(*n).streams_from_ns
                {
                    self.resume_max_ns = self.resume_max_ns.max(Some(from - since));
                    node.resuming_since = None;
                }
            }
            What::Frame(n, frame) => {
                let node = &mut self.nodes[n.0];
                let is_back = frame.is_synced && scene.presence.of(*n).is_in_show(at_ns);
                if let Some(since) = node.joining_since.filter(|_| is_back) {
                    if node.is_return {
                        self.rejoin_max_ns = self.rejoin_max_ns.max(Some(at_ns - since));
                    }
                    node.joining_since = None;
                }
            }
            _ => {}
        }
    }
    pub(crate) fn finish(self, presence: &Presence, figures: &mut Figures) {
        let is_out = |(node, (_, place)): &(&OfNode, (_, &crate::presence::Place))| {
            let is_there = place.is_running && !place.is_cut;
            is_there && (node.resuming_since.is_some() || node.joining_since.is_some())
        };
        figures.count(Figure::NotBack, self.nodes.iter().zip(presence.nodes()).filter(is_out).count() as u64);
        figures.set_some(Figure::ResumeMax, self.resume_max_ns);
        figures.set_some(Figure::RejoinMax, self.rejoin_max_ns);
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts and whole nanoseconds are exact")]
mod tests {
    use crate::figures::Figure;
    use crate::rules::traces::{FRAME_NS, Trace};

    #[test]
    fn a_restarted_hub_is_timed_until_the_last_node_has_its_stream() {
        let mut trace = Trace::of_two();
        trace.restart_hub(30, [40, 50]);
        let resumed = trace.figures().get(Figure::ResumeMax).unwrap();
        assert!((resumed - 20.0 * FRAME_NS as f64).abs() < 2e6, "{resumed}");
    }

    #[test]
    fn a_node_without_its_stream_at_the_end_is_not_back() {
        let mut trace = Trace::of_two();
        trace.frames_until(60, |_, own| own);
        assert_eq!(trace.figures().get(Figure::NotBack), Some(0.0));
        let mut trace = Trace::of_two();
        trace.restart_hub(30, [40, i64::MAX]);
        trace.frames_until(60, |_, own| own);
        assert_eq!(trace.figures().get(Figure::NotBack), Some(1.0));
    }

    #[test]
    fn a_node_that_was_cut_off_is_timed_until_a_synced_frame_with_its_stream() {
        let mut trace = Trace::of_two();
        trace.cut_between(1, 20, 40, 55);
        trace.frames_until(100, |_, own| own);
        let rejoined = trace.figures().get(Figure::RejoinMax).unwrap();
        assert!((rejoined - 15.0 * FRAME_NS as f64).abs() < 1.1 * FRAME_NS as f64, "{rejoined}");
    }
}
