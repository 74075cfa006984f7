//! What reaches a node: connection, datagrams, time exchange, frame reports, time.

use cuelight_wire::caps::Ext;
use cuelight_wire::control::{HubMessage, NodeMessage, TsPing};
use cuelight_wire::time::{Local, Time};

use super::{FrameReport, NodeEvent, NodeRole, SyncUse, Via};
use crate::stream::Silence;

impl NodeRole {
    /// The control connection stands.
    pub fn handle_connected(&mut self, now: Time<Local>) {
        self.session.handle_connected(now);
        self.settle(now);
    }

    /// The control connection is gone, or could not be made.
    pub fn handle_disconnected(&mut self, now: Time<Local>) {
        self.session.handle_disconnected(now);
        self.settle(now);
    }

    /// A message from the hub, received at `now`.
    pub fn handle_message(&mut self, message: &HubMessage, now: Time<Local>) {
        self.session.handle_heard(now);
        self.on_message(message, now);
        self.settle(now);
    }

    /// A datagram on the stream port.
    pub fn handle_datagram(&mut self, bytes: &[u8], now: Time<Local>) {
        // What is dropped has been counted by reason.
        if let Ok(packet) = self.stream.handle_datagram(bytes, now) {
            self.session.handle_heard(now);
            self.hub_told = Some((now, packet.header.hub_now));
            if core::mem::take(&mut self.is_fallback) {
                self.event(NodeEvent::Live);
            }
            self.on_packet(&packet, now);
        }
        self.settle(now);
    }

    /// A datagram of the time exchange, received at `rx_at` (the kernel's stamp where there is one).
    pub fn handle_exchange(&mut self, bytes: &[u8], rx_at: Time<Local>, now: Time<Local>) {
        if self.sync.handle_datagram(bytes, rx_at, now).is_ok() {
            self.session.handle_heard(now);
        }
        self.settle(now);
    }

    /// The kernel's transmit stamp of ping `seq`, where the platform has one.
    pub fn handle_exchange_sent(&mut self, seq: u32, tx_at: Time<Local>) {
        self.sync.handle_sent(seq, tx_at);
    }

    /// What the frame loop measured; the next keepalive tells it.
    pub fn handle_frames(&mut self, report: FrameReport, _now: Time<Local>) {
        self.frames = report;
    }

    /// Uses the show clock differently from now on. What is in force is given again, at once or at its own applyAt.
    pub fn handle_sync_use(&mut self, sync: SyncUse, now: Time<Local>) {
        if self.config.sync != sync {
            if sync == SyncUse::OnArrival {
                // The free timeline parts from show time here and now.
                let show_now = self.sync.map(now).show_at(now);
                self.free = super::free_running(now, show_now);
            }
            self.config.sync = sync;
            self.give_again();
        }
        self.settle(now);
    }

    /// Time has come to `now`.
    pub fn handle_timeout(&mut self, now: Time<Local>) {
        self.session.handle_timeout(now);
        self.sync.handle_timeout(now);
        if let Some((seq, t1)) = self.sync.poll_ts_ping(now)
            && let Some(me) = self.session.identity()
        {
            let (node_id, token) = (me.node_id, me.token.clone());
            self.message(NodeMessage::TsPing(TsPing { node_id, token, seq, t1_us: t1.as_us() }));
        }
        self.settle(now);
    }

    /// When `handle_timeout` is wanted next.
    pub fn poll_timeout(&self) -> Option<Time<Local>> {
        let silent_at = (!self.is_fallback).then(|| self.stream.fails_at());
        let due = [Some(self.session.poll_timeout()), self.sync.poll_timeout(), silent_at];
        due.into_iter().flatten().min()
    }

    /// Draws the conclusions of an input: what the session wants, what the clock has become, whether the hub is missing.
    fn settle(&mut self, now: Time<Local>) {
        self.follow_session(now);
        let is_usable = self.sync.state().is_usable();
        if is_usable != self.was_usable {
            self.was_usable = is_usable;
            self.event(if is_usable { NodeEvent::Locked } else { NodeEvent::Unlocked });
            if is_usable && self.config.sync == SyncUse::Scheduled {
                // NODE-33: what was applied on arrival is given again with its own applyAt, now and not with the next
                // packet, so that no frame on the show clock shows the picture from before it.
                let last = self.stream.last_state().filter(|_| self.ext.has(Ext::FULL_STATE));
                self.give_again();
                if let Some(state) = last {
                    self.on_full_state(&state, Via::Stream, now);
                }
            }
        }
        if !self.is_fallback && self.stream.silence(now) == Silence::Failed {
            // NODE-36
            self.is_fallback = true;
            self.counters.fallbacks = self.counters.fallbacks.saturating_add(1);
            self.event(NodeEvent::Fallback);
            // A hub that was restarted answers a keepalive by resetting the connection.
            self.session.hurry_keepalive(now);
            self.follow_session(now);
        }
    }
}
