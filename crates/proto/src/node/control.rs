//! The control connection: what the session wants, and what the hub's messages mean.

use cuelight_wire::caps::Ext;
use cuelight_wire::change::ScenePatch;
use cuelight_wire::control::{FullStateMessage, HubMessage, Snapshot, Us, Welcome};
use cuelight_wire::exchange::Form;
use cuelight_wire::ids::{NodeId, Revision, Token};
use cuelight_wire::limits::TS_UDP_PORT;
use cuelight_wire::seal::Seal;
use cuelight_wire::stream::full_state;
use cuelight_wire::time::{Local, Time};

use super::{NodeEvent, NodeRole, Via, deployed, free_running};
use crate::session::{Output, State};

impl NodeRole {
    pub(super) fn on_message(&mut self, message: &HubMessage, now: Time<Local>) {
        if !self.is_for_me(message) {
            self.counters.misdirected = self.counters.misdirected.saturating_add(1);
            return;
        }
        match message {
            HubMessage::Welcome(welcome) => self.on_welcome(welcome, now),
            HubMessage::Error(error) => {
                self.session.handle_error();
                self.event(NodeEvent::HubError(error.clone()));
            }
            HubMessage::TsPong(pong) => {
                // What is wrong with it the sync client counts.
                let _ = self.sync.handle_ts_pong(pong, now, now);
            }
            HubMessage::OtaUpdate(update) => self.event(NodeEvent::Update(update.clone())),
            HubMessage::OtaStop(stop) => {
                // OTA-21
                if self.negotiated(Ext::OTA_STOP) {
                    self.event(NodeEvent::StopUpdate(stop.clone()));
                }
            }
            HubMessage::Restart(_) => {
                // CTRL-10
                if self.negotiated(Ext::RESTART) {
                    self.event(NodeEvent::Restart);
                }
            }
            HubMessage::ShowLock(lock) => {
                // CTRL-9
                if self.negotiated(Ext::SHOW_LOCK) {
                    self.event(NodeEvent::ShowLock(lock.show.clone()));
                }
            }
            HubMessage::Universes(assigned) => {
                // CTRL-12
                if self.negotiated(Ext::UNIVERSES) {
                    self.event(NodeEvent::Universes(assigned.universes.clone()));
                }
            }
            HubMessage::Geometry(laid_out) => {
                // CTRL-13
                if self.negotiated(Ext::GEOMETRY) {
                    self.event(NodeEvent::Geometry(laid_out.geometry.clone()));
                }
            }
            HubMessage::FullState(copy) => self.on_state_copy(copy, now),
            HubMessage::Snapshot(snapshot) => self.on_snapshot(snapshot, now),
            HubMessage::SetEffect(set) => self.on_control_patch(set.apply_at_us, deployed::of_set_effect(set), now),
            HubMessage::ParametersSet(set) => self.on_control_patch(set.apply_at_us, deployed::of_parameters(set), now),
            HubMessage::ZoneUpdate(update) => self.on_control_patch(update.apply_at_us, deployed::of_zone(update), now),
        }
    }

    /// Welcomes and errors are for whoever holds the connection; everything else is for a welcomed node, and names it
    /// where its form has room for a name.
    fn is_for_me(&self, message: &HubMessage) -> bool {
        let me = self.session.identity();
        let is_my_number = |number: NodeId| me.is_some_and(|me| me.node_id == number);
        let is_my_session = |number, token: &Token| is_my_number(number) && me.is_some_and(|me| me.token == *token);
        match message {
            HubMessage::Welcome(_) | HubMessage::Error(_) => true,
            HubMessage::TsPong(pong) => is_my_number(pong.node_id),
            HubMessage::OtaUpdate(update) => is_my_session(update.node_id, &update.token),
            HubMessage::OtaStop(stop) => is_my_session(stop.node_id, &stop.token),
            HubMessage::Restart(restart) => is_my_session(restart.node_id, &restart.token),
            HubMessage::ShowLock(lock) => is_my_session(lock.node_id, &lock.token),
            HubMessage::Universes(assigned) => is_my_session(assigned.node_id, &assigned.token),
            HubMessage::Geometry(laid_out) => is_my_session(laid_out.node_id, &laid_out.token),
            HubMessage::FullState(copy) => is_my_number(copy.node_id),
            HubMessage::Snapshot(snapshot) => is_my_number(snapshot.node_id),
            HubMessage::SetEffect(_) | HubMessage::ParametersSet(_) | HubMessage::ZoneUpdate(_) => me.is_some(),
        }
    }

    fn on_state_copy(&mut self, copy: &FullStateMessage, now: Time<Local>) {
        if !self.negotiated(Ext::FULL_STATE) {
            return;
        }
        match full_state::decode(&copy.payload.0) {
            Ok(state) => self.on_full_state(&state, Via::Control, now),
            Err(_) => self.counters.bad_states = self.counters.bad_states.saturating_add(1),
        }
    }

    fn on_snapshot(&mut self, snapshot: &Snapshot, now: Time<Local>) {
        if self.is_deployed_hub() && self.is_within_horizon(Time::from_us(snapshot.apply_at_us), now) {
            let change = self.deployed.on_snapshot(snapshot);
            self.give_deployed(change, Via::Control, now);
        }
    }

    fn on_control_patch(&mut self, at_us: Us, patch: ScenePatch, now: Time<Local>) {
        if self.is_deployed_hub() {
            self.on_patch(Time::from_us(at_us), patch, Via::Control, now);
        }
    }

    /// Whether `word` was negotiated; counted when not.
    pub(super) fn negotiated(&mut self, word: Ext) -> bool {
        let has = self.ext.has(word);
        if !has {
            self.counters.not_negotiated = self.counters.not_negotiated.saturating_add(1);
        }
        has
    }

    /// Whether the hub speaks the deployed protocol. A hub with full state sends everything there; what it sends besides
    /// in the deployed form is passed over and counted.
    pub(super) fn is_deployed_hub(&mut self) -> bool {
        let is_deployed = !self.ext.has(Ext::FULL_STATE);
        if !is_deployed {
            self.counters.not_negotiated = self.counters.not_negotiated.saturating_add(1);
        }
        is_deployed
    }

    fn on_welcome(&mut self, welcome: &Welcome, now: Time<Local>) {
        if self.session.handle_welcome(welcome, now).is_err() || self.session.state() != State::Live {
            return;
        }
        // Words this node did not offer are not used, whatever the hub says.
        self.ext = welcome.ext.and(self.config.ext);
        // A hub that does not number its runs may be another one each time.
        let new_hub = welcome.boot_id.is_none() || welcome.boot_id != self.boot_id;
        self.boot_id = welcome.boot_id;
        let epoch = Time::from_us(welcome.hub_epoch_us);
        self.hub_told = Some((now, epoch));
        self.is_catching_up = true;
        if new_hub {
            // NODE-32: a hub without memory numbers its changes from the start again.
            self.layers.forget();
            self.tempos.forget();
            self.masters.forget();
            self.newest = Revision::default();
            self.cues = None;
            if self.has_been_welcomed {
                self.sync.new_source(now);
            }
        }
        if self.ext.has(Ext::FULL_STATE) {
            self.deployed.forget();
        }
        if !self.has_been_welcomed {
            self.has_been_welcomed = true;
            self.free = free_running(now, epoch);
        }
        let ts_port = welcome.ts_port.unwrap_or(TS_UDP_PORT);
        self.begin_session(ts_port, new_hub, now);
    }

    fn begin_session(&mut self, ts_port: u16, new_hub: bool, now: Time<Local>) {
        let Some(me) = self.session.identity() else { return };
        let (node_id, token_hash, token) = (me.node_id, me.token_hash, me.token.as_bytes());
        // WIRE-17
        let is_sealed = self.ext.has(Ext::SEAL);
        self.stream.start(token_hash, is_sealed.then(|| Seal::of_stream(token)));
        let form = if self.ext.has(Ext::NS_EXCHANGE) { Form::Nanosecond } else { Form::Deployed };
        self.sync.start(token_hash, form, now);
        if is_sealed {
            self.sync.seal(Seal::of_exchange(token));
        }
        // What ended before comes first.
        self.follow_session(now);
        self.event(NodeEvent::Welcomed { node_id, token_hash, ts_port, ext: self.ext, new_hub });
        self.tell_kept_update(now);
    }

    /// Does what the session wants done.
    pub(super) fn follow_session(&mut self, now: Time<Local>) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Dial => self.event(NodeEvent::Connect),
                Output::HangUp(why) => {
                    self.messages.clear();
                    self.event(NodeEvent::Disconnect(why));
                }
                Output::Hello => {
                    self.messages.clear();
                    let hello = self.hello(now);
                    self.message(hello);
                }
                Output::Ended(why) => {
                    self.messages.clear();
                    // The stream's token stays: what the hub still sends is shown until the next welcome.
                    if self.session.state() != State::Live {
                        self.sync.stop(now);
                    }
                    self.event(NodeEvent::SessionEnded(why));
                }
                Output::Keepalive => {
                    if let Some(keepalive) = self.keepalive(now) {
                        self.message(keepalive);
                    }
                }
            }
        }
    }
}
