//! What must hold, whatever happens.

use std::collections::BTreeMap;

use cuelight_conductor::Answer;
use cuelight_proto::session::State;
use cuelight_wire::change::Change;
use cuelight_wire::ids::Revision;
use cuelight_wire::time::{Local, Show, Time};

use super::hub::Hub;
use super::node::Node;

/// What the checks know of what was said and done.
pub(super) struct Truth {
    /// Nobody forges, damages or makes clocks jump.
    pub(super) is_honest: bool,
    /// The hub has been one and the same since the start, so its timeline and its numbers are.
    is_one_hub: bool,
    /// The applyAt of each change, as its operator was told.
    promised: BTreeMap<Revision, Time<Show>>,
}

impl Truth {
    pub(super) fn new(is_honest: bool) -> Self {
        Self { is_honest, is_one_hub: true, promised: BTreeMap::new() }
    }
    pub(super) fn hub_started_again(&mut self) {
        self.is_one_hub = false;
        self.promised.clear();
    }
    /// An operator has an answer. Before the first node is welcomed show time may still be set, and with it the applyAt.
    pub(super) fn accepted(&mut self, answer: Answer, hub: &Hub) {
        if hub.has_welcomed
            && self.is_one_hub
            && self.promised.last_key_value().is_none_or(|(rev, _)| *rev < answer.rev)
        {
            self.promised.insert(answer.rev, answer.apply_at);
        }
    }
    /// A node has a change for its schedule.
    pub(super) fn taken(&self, change: &Change) {
        let (rev, at) = match change {
            Change::Layer(layer) => (layer.rev, layer.at),
            Change::Tempo(tempo) => (tempo.rev, tempo.grid.at),
            Change::Master(master) => (master.rev, master.at),
            Change::Patch { .. } => return,
        };
        if let Some(promised) = self.promised.get(&rev).filter(|_| self.is_honest) {
            assert_eq!(at, *promised, "change {rev:?} holds at another instant than was promised");
        }
    }
    pub(super) fn check(&self, hub: &Hub, nodes: &mut [Node], now: Time<Local>) {
        for node in nodes {
            node.watch_clock(now);
            let local = node.local(now);
            let map = node.role.map(local);
            let show = map.state.is_usable().then(|| map.show_at(local));
            let truth = hub.conductor.show_clock().show_at(now);
            if let Some(show) = show.filter(|_| self.is_honest && self.is_one_hub) {
                let error = (show - truth).abs();
                assert!(error <= map.bound, "wrong by {error:?}, and the bound is {:?}", map.bound);
            }
        }
    }
    /// The network has been quiet for long enough.
    pub(super) fn check_recovered(&self, hub: &Hub, nodes: &mut [Node], now: Time<Local>) {
        for node in nodes {
            let status = node.role.status(node.local(now));
            assert_eq!(status.session, State::Live, "{status:?}");
            assert!(!status.degraded.clock, "{status:?}");
            assert!(!status.is_fallback, "{status:?}");
            let id = status.node_id.expect("it is live");
            let snapshot = hub.conductor.snapshot(now);
            let known = snapshot.nodes.iter().find(|known| known.id == id).expect("the hub knows its nodes");
            assert!(known.state.is_streaming(), "{:?} at the hub, and {status:?}", known.state);
            if node.takes_full_state() {
                assert!(status.newest >= known.scene.rev, "{:?} is not {:?}", status.newest, known.scene.rev);
            }
        }
    }
}
