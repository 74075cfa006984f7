//! What is shown.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use cuelight_wire::time::{Local, Time};

use super::Conductor;
use super::update::{last_version, node_platform};
use crate::roster::{Node, State};
use crate::snapshot::{GroupSnapshot, NodeSnapshot, SceneSnapshot, Snapshot, Totals};
use crate::track::TrackId;

impl Conductor {
    /// Everything there is to show. Allocates; meant for some ten calls a second, outside the tick.
    pub fn snapshot(&self, now: Time<Local>) -> Snapshot {
        let show = self.clock.show_at(now);
        let holding = |at| at <= show;
        let groups = self.show.groups.iter().map(|(name, group)| GroupSnapshot {
            name: name.clone(),
            members: group.members.iter().copied().collect(),
            lead: group.lead,
            scene: self.scene(group.track),
        });
        let mut payloads = Payloads::default();
        let nodes = self.roster.nodes().iter().map(|node| self.node(node, payloads.place(node.track))).collect();
        Snapshot {
            local: now,
            show,
            clock: self.clock,
            boot_id: self.config.boot_id,
            rev: self.show.rev,
            tempo: self.show.tempo.packet().filter(|t| holding(t.grid.at)).last().unwrap_or(self.show.tempo.in_force()),
            master: self.show.master.packet().filter(|m| holding(m.at)).last().unwrap_or(self.show.master.in_force()),
            scene: self.scene(self.show.show),
            groups: groups.collect(),
            nodes,
            full_states: payloads.tracks.iter().map(|track| self.show.tracks.payload(*track).to_vec()).collect(),
            totals: self.totals(),
            tick: self.meter.figures(),
            connections: self.conns.len(),
            refused: self.refused,
            armed: self.armed.clone(),
            rollout: self.running.as_ref().map(|running| running.snapshot(self.durable_revision, now)),
            past_rollouts: self.past_rollouts.clone(),
            cues: self.cues.snapshot(),
            last_version: last_version(self.running.as_ref(), &self.past_rollouts),
        }
    }
    fn scene(&self, track: TrackId) -> SceneSnapshot {
        let newest = self.show.tracks.layers(track).newest();
        SceneSnapshot { rev: newest.rev, at: newest.at, fade_ms: newest.fade_ms, scene: newest.scene.clone() }
    }
    fn node(&self, node: &Node, full_state: usize) -> NodeSnapshot {
        NodeSnapshot {
            id: node.id,
            mac: node.mac,
            name: node.name.clone(),
            state: node.state,
            ip: node.ip,
            conn: node.session.as_ref().map(|session| session.conn),
            udp_port: node.udp_port,
            seen_at: node.seen_at,
            reconnects: node.reconnects,
            loss_pct: node.loss_pct,
            drift_us: node.drift_us,
            rssi: node.rssi,
            uptime_s: node.uptime_s,
            render_fps: node.render_fps,
            heap_free: node.heap_free,
            sync: node.sync,
            cues: node.cues,
            fw: node.fw.clone(),
            caps: node.caps,
            topo: node.topo,
            own_universes: node.own_universes.clone(),
            assigned: node.assigned.clone(),
            page_port: node.page_port,
            own_geometry: node.own_geometry.clone(),
            laid_out: node.laid_out.clone(),
            ext: node.ext,
            platform: node_platform(node),
            is_legacy: !node.takes_full_state(),
            packets: node.packets,
            bytes: node.bytes,
            scene: self.scene(node.track),
            full_state,
        }
    }
    fn totals(&self) -> Totals {
        let mut totals = Totals {
            packets: self.fan_out.packets,
            bytes: self.fan_out.bytes,
            unsent: self.fan_out.unsent,
            copies_skipped: self.fan_out.copies_skipped,
            messages_dropped: self.messages_dropped,
            ..Totals::default()
        };
        for node in self.roster.nodes() {
            match node.state {
                State::Ready => totals.ready += 1,
                State::Degraded(_) => totals.degraded += 1,
                State::Lost => totals.lost += 1,
                State::Pending | State::Authed => {}
                State::Removed => continue,
            }
            totals.total += 1;
        }
        totals
    }
}

/// The histories of the nodes, each once.
#[derive(Default)]
struct Payloads {
    places: BTreeMap<TrackId, usize>,
    tracks: Vec<TrackId>,
}

impl Payloads {
    /// The place of a history in the list.
    fn place(&mut self, track: TrackId) -> usize {
        *self.places.entry(track).or_insert_with(|| {
            self.tracks.push(track);
            self.tracks.len() - 1
        })
    }
}
