//! What a node sends and tells: messages, pings, events.

use cuelight_wire::caps::Ext;
use cuelight_wire::control::{ExchangeReport, Hello, Keepalive, NodeMessage, ShowHint, SyncReport};
use cuelight_wire::exchange::{PING_LEN, Ping};
use cuelight_wire::limits::PROTO_VER;
use cuelight_wire::seal::TAG_LEN;
use cuelight_wire::time::{Local, Time};

use super::{NodeEvent, NodeRole};
use crate::session::State;

impl NodeRole {
    /// The next probe of the time exchange, when one is due. Send it at once.
    pub fn poll_ping(&mut self, now: Time<Local>) -> Option<Ping> {
        if self.session.state() == State::Live { self.sync.poll_ping(now) } else { None }
    }

    /// The datagram of a ping that was polled.
    pub fn ping_datagram(&self, ping: &Ping) -> heapless::Vec<u8, { PING_LEN + TAG_LEN }> {
        self.sync.datagram(ping)
    }

    /// The next message for the control connection.
    pub fn poll_message(&mut self) -> Option<NodeMessage> {
        self.messages.pop_front()
    }

    /// The next thing to do or to know.
    pub fn poll_event(&mut self) -> Option<NodeEvent> {
        let heard = |(rev, apply_at)| NodeEvent::Heard { rev, apply_at };
        self.events.pop_front().or_else(|| self.arrivals.pop_front().map(heard))
    }

    pub(super) fn event(&mut self, event: NodeEvent) {
        if self.events.is_full() {
            self.events.pop_front();
        }
        // There is room: one was just removed if there was none.
        let _ = self.events.push_back(event);
    }

    pub(super) fn message(&mut self, message: NodeMessage) {
        if self.messages.is_full() {
            self.counters.messages_dropped = self.counters.messages_dropped.saturating_add(1);
            self.make_room();
        }
        // There is room: one was just removed if there was none.
        let _ = self.messages.push_back(message);
    }

    /// Takes the oldest message that another will replace, else the oldest, out of a full queue.
    fn make_room(&mut self) {
        let is_periodic = |m: &NodeMessage| matches!(m, NodeMessage::Keepalive(_) | NodeMessage::TsPing(_));
        let victim = self.messages.iter().position(is_periodic).unwrap_or(0);
        for i in 0..self.messages.len() {
            let message = self.messages.pop_front().expect("the queue is as long as it was");
            if i != victim {
                // One was just removed.
                let _ = self.messages.push_back(message);
            }
        }
    }

    /// `NODE-37`: a node whose clock is usable tells show time in its hello, so that a hub that lost it can go on, and
    /// the newest change it knows, so that the hub numbers its own above it.
    pub(super) fn hello(&self, now: Time<Local>) -> NodeMessage {
        let map = self.sync.map(now);
        let show = map.state.is_usable().then(|| ShowHint {
            now_us: map.show_at(now).as_us(),
            bound_us: map.bound.as_us(),
            rev: self.newest.0,
        });
        let config = &self.config;
        NodeMessage::Hello(Hello {
            proto: PROTO_VER,
            mac: config.mac,
            fw: config.fw.clone(),
            caps: config.caps,
            topo: config.topo,
            udp_port: config.udp_port,
            name: config.name.clone(),
            ext: config.ext,
            hardware: config.hardware.clone(),
            universes: config.universes.clone(),
            page_port: config.page_port,
            geometry: config.geometry.clone(),
            show,
        })
    }

    pub(super) fn keepalive(&self, now: Time<Local>) -> Option<NodeMessage> {
        let map = self.sync.map(now);
        let figures = self.sync.figures(now);
        let identity = self.session.identity()?;
        let sync = SyncReport {
            locked: map.state.is_usable(),
            sigma_ns: map.sigma.as_ns(),
            bound_ns: map.bound.as_ns(),
            late: self.frames.late,
            output_late_ns: self.frames.output_late.as_ns(),
            frames_missed: self.frames.frames_missed,
            exchange: self.sync.reach().map(|reach| ExchangeReport {
                asked: reach.asked,
                lost: reach.lost,
                rtt_min_ns: reach.rtt_min.as_ns(),
                rtt_median_ns: reach.rtt_median.as_ns(),
                rtt_max_ns: reach.rtt_max.as_ns(),
            }),
        };
        Some(NodeMessage::Keepalive(Keepalive {
            node_id: identity.node_id,
            token: identity.token.clone(),
            rssi: 0,
            loss_pct: self.stream.loss_pct(now),
            drift_us: figures.drift.as_us(),
            uptime_s: (now - self.started_at).as_ns().max(0).unsigned_abs() / 1_000_000_000,
            render_fps: self.frames.fps,
            heap_free: 0,
            sync: Some(sync),
            cues: self.cue_report.filter(|_| self.ext.has(Ext::CUES)),
        }))
    }
}
