//! ORACLE-12: what the network did to the stream. Nothing here is a fault; limits on it keep a scenario honest.

use crate::entry::What;
use crate::figures::{Figure, Figures};
use crate::judge::Scene;

#[derive(Clone, Copy, Debug, Default)]
struct OfNode {
    sent: u64,
    lost: u64,
    newest_arrival: i64,
}

#[derive(Debug)]
pub(crate) struct Network {
    nodes: Vec<OfNode>,
    doubled: u64,
    overtaken: u64,
    overflowed: u64,
    refused: u64,
}

impl Network {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { nodes: vec![OfNode::default(); nodes], doubled: 0, overtaken: 0, overflowed: 0, refused: 0 }
    }
    pub(crate) fn take(&mut self, scene: &Scene<'_>) {
        match &scene.entry.what {
            What::Overflowed(_) => self.overflowed += 1,
            What::Refused(..) => self.refused += 1,
            What::Sent(n, sent) => {
                let place = scene.presence.of(*n);
                if !place.is_running || place.is_cut {
                    return;
                }
                let node = &mut self.nodes[n.0];
                node.sent += 1;
                let Some(first) = sent.arrivals.into_iter().flatten().min() else {
                    node.lost += 1;
                    return;
                };
                self.doubled += u64::from(sent.arrivals.iter().all(Option::is_some));
                self.overtaken += u64::from(first < node.newest_arrival);
                node.newest_arrival = node.newest_arrival.max(first);
            }
            _ => {}
        }
    }
    pub(crate) fn finish(self, figures: &mut Figures) {
        let share = |node: &OfNode| 100.0 * node.lost as f64 / node.sent as f64;
        let shares: Vec<f64> = self.nodes.iter().filter(|node| node.sent > 0).map(share).collect();
        if !shares.is_empty() {
            figures.set(Figure::StreamLossMin, shares.iter().copied().fold(f64::INFINITY, f64::min));
            figures.set(Figure::StreamLossMax, shares.iter().copied().fold(0.0, f64::max));
        }
        figures.count(Figure::Doubled, self.doubled);
        figures.count(Figure::Overtaken, self.overtaken);
        figures.count(Figure::Overflowed, self.overflowed);
        figures.count(Figure::Refused, self.refused);
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts and whole nanoseconds are exact")]
mod tests {
    use crate::figures::Figure;
    use crate::rules::traces::Trace;

    #[test]
    fn losses_doubles_and_overtaking_are_counted() {
        let mut trace = Trace::of_two();
        trace.delay_datagrams(Some(25_000));
        trace.tick(0, 1);
        trace.delay_datagrams(Some(1_000));
        trace.tick(0, 1);
        trace.delay_datagrams(None);
        trace.tick(0, 1);
        let figures = trace.figures();
        assert_eq!(figures.get(Figure::Overtaken), Some(1.0));
        assert!((figures.get(Figure::StreamLossMax).unwrap() - 25.0).abs() < 0.1, "one of four");
    }
}
