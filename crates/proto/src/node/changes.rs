//! From packets to changes: which are new, and when each is to be applied.

use cuelight_wire::beat::BeatGrid;
use cuelight_wire::caps::Ext;
use cuelight_wire::change::{Change, ScenePatch};
use cuelight_wire::ids::Revision;
use cuelight_wire::limits::SCHEDULE_HORIZON;
use cuelight_wire::scene::FullState;
use cuelight_wire::time::{Local, Show, Time};

use super::seen::Seen;
use super::{EVENTS, EVENTS_KEPT_FREE, NodeEvent, NodeRole, SyncUse, Via, deployed};
use crate::stream::{Packet, Payload};

impl NodeRole {
    pub(super) fn on_packet(&mut self, packet: &Packet, now: Time<Local>) {
        let at = packet.header.apply_at;
        match &packet.payload {
            Payload::FullState(state) => {
                if self.negotiated(Ext::FULL_STATE) {
                    self.on_full_state(state, Via::Stream, now);
                }
            }
            Payload::SameState => self.on_same_state(now),
            Payload::Cues(state) => self.on_cues(state),
            Payload::Heartbeat => {}
            Payload::ParamDelta(delta) => {
                if self.is_deployed_hub() {
                    self.on_patch(at, deployed::of_param_delta(delta), Via::Stream, now);
                }
            }
            Payload::SceneChange(change) => {
                if self.is_deployed_hub() {
                    self.on_patch(at, deployed::of_scene_change(change), Via::Stream, now);
                }
            }
            Payload::BeatTick(tick) => {
                if self.is_deployed_hub() && self.is_within_horizon(at, now) {
                    let change = self.deployed.on_beat(at, *tick);
                    self.give_deployed(change, Via::Stream, now);
                }
            }
        }
    }

    pub(super) fn on_patch(&mut self, at: Time<Show>, patch: ScenePatch, via: Via, now: Time<Local>) {
        if self.is_within_horizon(at, now) {
            let change = self.deployed.on_patch(at, patch);
            self.give_deployed(change, via, now);
        }
    }

    pub(super) fn give_deployed(&mut self, change: Option<Change>, via: Via, now: Time<Local>) {
        let Some(change) = change else { return };
        let catch_up = core::mem::take(&mut self.is_catching_up);
        if !self.give(change, via, catch_up, now) {
            // Lost here; whatever the hub refreshes is new again.
            self.deployed.forget();
        }
    }

    /// The bytes of the last full state again: nothing to do, unless a change in it has come within the horizon.
    fn on_same_state(&mut self, now: Time<Local>) {
        if let Some(retry_at) = self.retry_at
            && self.show_now(now) >= retry_at
        {
            self.retry_at = None;
            self.stream.forget_state();
        }
    }

    /// `NODE-32`: gives every change of `state` that was not given before. Levels first, so that a blackout is in force
    /// before the scene it hides.
    pub(super) fn on_full_state(&mut self, state: &FullState, via: Via, now: Time<Local>) {
        let catch_up = if via == Via::Stream { core::mem::take(&mut self.is_catching_up) } else { self.is_catching_up };
        if via == Via::Stream {
            self.retry_at = None;
        } else if newest_of(state) < self.newest {
            // The stream has overtaken this copy.
            self.counters.stale_states = self.counters.stale_states.saturating_add(1);
            return;
        }
        for master in &state.masters {
            self.on_numbered(Kind::Master, master.rev, Change::Master(*master), (via, catch_up), now);
        }
        for tempo in &state.tempos {
            self.on_numbered(Kind::Tempo, tempo.rev, Change::Tempo(*tempo), (via, catch_up), now);
        }
        for layer in &state.layers {
            if !self.layers.has(layer.rev) {
                self.on_numbered(Kind::Layer, layer.rev, Change::Layer(layer.clone()), (via, catch_up), now);
            }
        }
        if via == Via::Stream {
            self.note_heard(state);
        }
    }

    /// Tells of layers the stream brings for the first time.
    fn note_heard(&mut self, state: &FullState) {
        for layer in &state.layers {
            if !self.heard.has(layer.rev) && self.arrivals.push_back((layer.rev, layer.at)).is_ok() {
                self.heard.insert(layer.rev);
            }
        }
    }

    fn on_numbered(&mut self, kind: Kind, rev: Revision, change: Change, how: (Via, bool), now: Time<Local>) {
        if self.seen(kind).has(rev) {
            return;
        }
        let at = change.at();
        if !self.is_within_horizon(at, now) {
            let retry_at = at - SCHEDULE_HORIZON;
            self.retry_at = Some(self.retry_at.map_or(retry_at, |earlier| earlier.min(retry_at)));
            return;
        }
        let (via, catch_up) = how;
        if self.give(change, via, catch_up, now) {
            self.seen(kind).insert(rev);
            self.newest = self.newest.max(rev);
        } else {
            self.stream.forget_state();
        }
    }

    fn seen(&mut self, kind: Kind) -> &mut Seen {
        match kind {
            Kind::Layer => &mut self.layers,
            Kind::Tempo => &mut self.tempos,
            Kind::Master => &mut self.masters,
        }
    }

    /// Everything in force is new again.
    pub(super) fn give_again(&mut self) {
        self.layers.forget();
        self.tempos.forget();
        self.masters.forget();
        self.deployed.forget();
        self.stream.forget_state();
        self.is_catching_up = true;
    }

    fn is_on_arrival(&self) -> bool {
        self.config.sync == SyncUse::OnArrival || !self.sync.state().is_usable()
    }

    fn show_now(&self, now: Time<Local>) -> Time<Show> {
        self.map(now).show_at(now)
    }

    /// `NODE-34`: whether a change for `at` can be scheduled now; counted when it lies too far ahead.
    pub(super) fn is_within_horizon(&mut self, at: Time<Show>, now: Time<Local>) -> bool {
        let is_within = self.is_on_arrival() || at - self.show_now(now) <= SCHEDULE_HORIZON;
        if !is_within {
            self.counters.beyond_horizon = self.counters.beyond_horizon.saturating_add(1);
        }
        is_within
    }

    /// Queues a change for the driver; `false` when there is no room.
    fn give(&mut self, change: Change, via: Via, catch_up: bool, now: Time<Local>) -> bool {
        if self.events.len() >= EVENTS - EVENTS_KEPT_FREE {
            self.counters.events_full = self.counters.events_full.saturating_add(1);
            return false;
        }
        let show_now = self.show_now(now);
        let on_arrival = self.is_on_arrival();
        let change = if on_arrival {
            let hub_now = self.hub_told.map(|(told_at, show)| show + (now - told_at));
            moved_to_present(change, hub_now, show_now)
        } else {
            if change.at() < show_now && !catch_up {
                self.counters.late = self.counters.late.saturating_add(1);
            }
            change
        };
        self.counters.changes = self.counters.changes.saturating_add(1);
        self.event(NodeEvent::Change { change, via, on_arrival, catch_up });
        true
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Layer,
    Tempo,
    Master,
}

fn newest_of(state: &FullState) -> Revision {
    let layers = state.layers.iter().map(|l| l.rev);
    let tempos = state.tempos.iter().map(|t| t.rev);
    layers.chain(tempos).chain(state.masters.iter().map(|m| m.rev)).max().unwrap_or_default()
}

/// `NODE-33`: `change` on a timeline that reads `show_now` while the hub's reads `hub_now`. What is in force keeps its
/// age, so that fades and phases go on; what is announced begins now.
fn moved_to_present(change: Change, hub_now: Option<Time<Show>>, show_now: Time<Show>) -> Change {
    let at = change.at();
    let reached_of = |at: Time<Show>| hub_now.map_or(at, |hub_now| at.min(hub_now));
    let moved_of = |reached| hub_now.map_or(show_now, |hub_now| show_now - (hub_now - reached));
    let reached = reached_of(at);
    let moved = moved_of(reached);
    match change {
        Change::Layer(mut layer) => {
            layer.at = moved;
            if let Some(pattern) = &mut layer.scene.pattern {
                // A pattern keeps its age too, which is not its layer's.
                pattern.starts_at = moved_of(reached_of(pattern.starts_at));
            }
            Change::Layer(layer)
        }
        Change::Patch { patch, .. } => Change::Patch { at: moved, patch },
        Change::Tempo(mut tempo) => {
            let micro_beats = tempo.grid.position(reached);
            tempo.grid = BeatGrid { at: moved, micro_beats, ..tempo.grid };
            Change::Tempo(tempo)
        }
        Change::Master(mut master) => {
            master.at = moved;
            Change::Master(master)
        }
    }
}
