//! What survives a restart: written out, and taken back with suspicion (SHOW-7).

use alloc::sync::Arc;
use alloc::vec::Vec;

use cuelight_wire::control::HexPayload;
use cuelight_wire::ids::Revision;
use cuelight_wire::scene::FullState;
use cuelight_wire::stream::full_state::{self, MAX_LEN};
use cuelight_wire::time::Span;

use super::Conductor;
use super::update::MAX_PAST;
use crate::event::Event;
use crate::rollout::Running;
use crate::roster::Node;
use crate::saved::{Saved, SavedGroup, SavedNode};
use crate::show::{Group, LEADS, MAX_GROUPS};
use crate::track::{Layers, Line, TrackId};

impl Conductor {
    /// What survives a restart. What was accepted and not announced yet is in it.
    pub fn saved(&self) -> Saved {
        let ids: Vec<TrackId> = self.show.tracks.ids().collect();
        let place = |track: TrackId| ids.iter().position(|id| *id == track).unwrap_or(0);
        let layers = |id: &TrackId| FullState { layers: self.show.tracks.layers(*id).saved(), ..FullState::default() };
        let common = FullState {
            tempos: self.show.tempo.saved().collect(),
            masters: self.show.master.saved().collect(),
            ..FullState::default()
        };
        Saved {
            version: Saved::VERSION,
            rev: self.show.rev,
            common: Some(payload(&common)),
            tracks: ids.iter().map(layers).map(|state| payload(&state)).collect(),
            show: place(self.show.show),
            groups: self.show.groups.iter().map(|(name, group)| saved_group(name, group, place(group.track))).collect(),
            nodes: self.roster.nodes().iter().map(|node| saved_node(node, place(node.track))).collect(),
            armed: self.armed.clone(),
            cues: self.cues.saved(),
            // Spans are counted up to the next tick: at most 10 ms too long.
            rollout: self.running.as_ref().map(|running| running.saved(self.poll_timeout())),
            past_rollouts: self.past_rollouts.as_ref().clone(),
            next_rollout: self.next_rollout,
        }
    }
    /// Takes back what was saved. What cannot be used is left out and logged.
    pub(super) fn restore(&mut self, saved: Saved) {
        if saved.version == 0 && saved == Saved::default() {
            return;
        }
        if saved.version != Saved::VERSION {
            return self.log(Event::SavedIgnored { what: "the saved show has a form this version does not know" });
        }
        self.show.rev = saved.rev;
        self.restore_rollouts(&saved);
        if let Some(cues) = saved.cues.clone() {
            self.show.rev = self.show.rev.max(cues.rev);
            self.cues.restore(cues);
        }
        self.restore_common(saved.common.as_ref());
        let tracks: Vec<Option<TrackId>> = saved.tracks.iter().map(|payload| self.restore_track(payload)).collect();
        if tracks.contains(&None) {
            self.log(Event::SavedIgnored { what: "a saved scene cannot be read" });
        }
        let track = |place: usize| tracks.get(place).copied().flatten();
        if let Some(show) = track(saved.show) {
            self.show.tracks.release(self.show.show);
            self.show.show = self.show.tracks.hold(show);
        }
        for SavedGroup { name, members, lead_us, track: place } in saved.groups {
            if name.is_empty() || self.show.groups.len() >= MAX_GROUPS || self.show.groups.contains_key(&name) {
                self.log(Event::SavedIgnored { what: "a saved group has no name, a name twice, or is one too many" });
                continue;
            }
            let lead = lead_us.map(Span::from_us).filter(|lead| LEADS.contains(lead));
            let members = members.into_iter().take(self.config.max_nodes).collect();
            let track = self.show.tracks.hold(track(place).unwrap_or(self.show.show));
            self.show.groups.insert(name, Group { members, lead, track });
        }
        for SavedNode { mac, id, name, track: place, universes: assigned, geometry: laid_out } in saved.nodes {
            let is_known = id.0 == 0 || self.roster.get(id).is_some() || self.roster.id_of(mac).is_some();
            if is_known || self.is_name_taken(id, &name) || self.roster.nodes().len() >= self.config.max_nodes {
                self.log(Event::SavedIgnored { what: "a saved node has a number, address or name of another" });
                continue;
            }
            let track = self.show.tracks.hold(track(place).unwrap_or(self.show.show));
            let is_named = !name.is_empty();
            self.roster.insert(Node {
                name,
                is_named,
                assigned,
                laid_out,
                ..Node::new(id, mac, track, self.config.lead)
            });
        }
        // Each restored track was held once for itself.
        for track in tracks.into_iter().flatten() {
            self.show.tracks.release(track);
        }
        self.refresh_leads();
    }
    /// The armed show and the rollouts go on where they were (OTA-5, OTA-6).
    fn restore_rollouts(&mut self, saved: &Saved) {
        self.armed = saved.armed.clone();
        self.next_rollout = saved.next_rollout.max(1);
        let surplus = saved.past_rollouts.len().saturating_sub(MAX_PAST);
        self.past_rollouts = Arc::new(saved.past_rollouts[surplus..].to_vec());
        let Some(rollout) = saved.rollout.clone() else { return };
        let now = self.started_at;
        self.running = Running::restored(rollout, now);
        match &mut self.running {
            Some(running) => running.rollout.handle_armed(self.armed.as_deref(), now),
            None => self.log(Event::SavedIgnored { what: "a saved rollout has no nodes" }),
        }
    }
    fn restore_common(&mut self, saved: Option<&HexPayload>) {
        let state = saved.and_then(|payload| full_state::decode(&payload.0).ok());
        let lines = state.and_then(|state| Some((Line::restored(&state.tempos)?, Line::restored(&state.masters)?)));
        match lines {
            Some((tempo, master)) => self.show.restore_common(tempo, master),
            None => self.log(Event::SavedIgnored { what: "the saved tempo and master cannot be read" }),
        }
    }
    fn restore_track(&mut self, saved: &HexPayload) -> Option<TrackId> {
        let state = full_state::decode(&saved.0).ok()?;
        // Numbers above the counter would let a change repeat one.
        let newest = state.layers.iter().map(|layer| layer.rev).max().unwrap_or_default();
        self.show.rev = Revision(self.show.rev.0.max(newest.0));
        Layers::restored(&state.layers).map(|layers| self.show.tracks.add(layers))
    }
}

fn payload(state: &FullState) -> HexPayload {
    let mut bytes = heapless::Vec::new();
    bytes.resize_default(MAX_LEN).expect("MAX_LEN is the capacity");
    let len = full_state::encode(state, &mut bytes).expect("MAX_LEN is always enough");
    bytes.truncate(len);
    HexPayload(bytes)
}

fn saved_group(name: &str, group: &Group, track: usize) -> SavedGroup {
    SavedGroup {
        name: name.try_into().expect("a group's name is at most 32 bytes long"),
        members: group.members.iter().copied().collect(),
        lead_us: group.lead.map(Span::as_us),
        track,
    }
}

fn saved_node(node: &Node, track: usize) -> SavedNode {
    // A name the node gave itself comes with its next hello.
    let name = if node.is_named { node.name.clone() } else { Default::default() };
    let (universes, geometry) = (node.assigned.clone(), node.laid_out.clone());
    SavedNode { mac: node.mac, id: node.id, name, track, universes, geometry }
}
