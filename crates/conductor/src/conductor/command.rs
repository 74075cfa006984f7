//! Operators' wishes come in (SHOW-4, SHOW-5): checked, numbered, given one applyAt, answered once.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use cuelight_wire::beat::BeatGrid;
use cuelight_wire::caps::Ext;
use cuelight_wire::control::Text;
use cuelight_wire::ids::{Mac, NodeId, Revision};
use cuelight_wire::scene::{PatternPlay, Scene};
use cuelight_wire::time::{Local, Show, Span, Time};
use cuelight_wire::universes::UniverseRanges;

use super::{Conductor, MAX_ANSWERS};
use crate::command::{Answer, Command, CommandError, CommandId, NodeRef, Scope, Start};
use crate::edit::check_zone_ids;
use crate::event::Event;
use crate::fanout::Due;
use crate::roster::Node;
use crate::show::{Group, LEADS, MAX_GROUPS, Moment, SceneChange, Target};
use crate::tempo::{self, BPM_X100};
use crate::track::Ticks;

/// The longest cross-fade: an hour.
const MAX_FADE_MS: u32 = 3_600_000;
/// The longest bar.
const BEATS_PER_BAR: RangeInclusive<u8> = 1..=32;
/// The farthest the beat is shifted at once: 16 beats.
const MAX_NUDGE: u32 = 16_000_000;

type Change = Result<(Revision, Time<Show>), CommandError>;

impl Conductor {
    /// An operator's wish. With an id, a repeat of one of the last 256 commands is not carried out again and gets the
    /// first one's answer. A refused command changes nothing and may be repeated.
    pub fn handle_command(
        &mut self,
        id: Option<CommandId>,
        command: Command,
        now: Time<Local>,
    ) -> Result<Answer, CommandError> {
        if let Some((_, same, answer)) = self.answers.iter().find(|(known, ..)| Some(known) == id.as_ref()) {
            return if *same == command {
                Ok(Answer { repeated: true, ..*answer })
            } else {
                Err(CommandError::IdReused)
            };
        }
        // What is announced ahead of the tick counts from now.
        self.counts_from_now = self.is_ahead_open(now);
        let answer = self.carry_out(&command, now);
        self.counts_from_now = false;
        let answer = answer?;
        self.saved_revision += 1;
        if let Some(id) = id {
            if self.answers.len() == MAX_ANSWERS {
                self.answers.pop_front();
            }
            self.answers.push_back((id, command.remembered(), answer));
        }
        Ok(answer)
    }

    fn carry_out(&mut self, command: &Command, now: Time<Local>) -> Result<Answer, CommandError> {
        if !self.is_clock_fixed {
            // The show begins without nodes: what was saved on another timeline holds from now on.
            self.rebase(now);
        }
        let change = match command {
            Command::SetScene { scope, scene, fade_ms } => {
                check_zone_ids(scene.zones.iter().map(|zone| zone.id))?;
                let change = whole(*fade_ms, |old: &mut Scene, _| old.clone_from(scene));
                return self.change_scene(scope, &change, now);
            }
            Command::Edit { scope, edit, fade_ms } => {
                edit.check()?;
                return self.change_scene(scope, &part(*fade_ms, |scene: &mut Scene, _| edit.apply_to(scene)), now);
            }
            Command::PlayPattern { scope, id, repeats, start, fade_ms } => {
                // PLAY-5: its first frame begins when the change holds.
                let play = |starts_at| PatternPlay { id: *id, repeats: *repeats, starts_at };
                let change = part(*fade_ms, |scene: &mut Scene, at| scene.pattern = Some(play(at)));
                return self.change_scene(scope, &SceneChange { start: *start, ..change }, now);
            }
            Command::StopPattern { scope, fade_ms } => {
                return self.change_scene(scope, &part(*fade_ms, |scene: &mut Scene, _| scene.pattern = None), now);
            }
            Command::Blackout { on } => {
                let moment = self.moment(now, |_| true);
                self.show.change_master(|master| master.blackout = *on, moment)
            }
            Command::Master { level } => {
                let moment = self.moment(now, |_| true);
                self.show.change_master(|master| master.level = *level, moment)
            }
            Command::Tempo { bpm_x100, beats_per_bar } => self.set_tempo(*bpm_x100, *beats_per_bar, now),
            Command::Tap => self.tap(now),
            Command::Downbeat => {
                let show_now = self.clock.show_at(now);
                self.change_tempo(|grid, at| tempo::downbeat(grid, show_now, at), now)
            }
            Command::Nudge { micro_beats } if micro_beats.unsigned_abs() > MAX_NUDGE => {
                Err(CommandError::BadValue { field: "micro_beats", problem: "must be within 16 beats either way" })
            }
            Command::Nudge { micro_beats } => self.change_tempo(|grid, at| tempo::nudged(grid, *micro_beats, at), now),
            Command::NameNode { node, name } => return self.name_node(node, name, now),
            Command::SetGroup { name, members, lead } => return self.set_group(name, members, *lead, now),
            Command::DeleteGroup { name } => return self.delete_group(name, now),
            Command::Forget { node } => return self.forget_node(node, now),
            Command::RestartNode { node, in_spite_of } => return self.restart_node(node, in_spite_of.as_deref(), now),
            Command::AssignUniverses { node, universes } => return self.assign(node, universes.as_ref(), now),
            Command::LayOut { node, geometry } => return self.lay_out(node, geometry.as_ref(), now),
            Command::Arm { show } => return self.arm(show.as_ref(), now),
            Command::BeginRollout(order) => return self.begin_rollout(order, now),
            Command::Rollout(word) => return self.rollout_word(*word, now),
            Command::Cue { list, order } => return self.order(*list, *order, now),
            Command::LoadShow(load) => return self.load(load, now),
            Command::UnloadShow => return self.unload(now),
        };
        let (rev, apply_at) = change?;
        let nodes = self.roster.nodes().iter().filter(|node| node.session.is_some()).count();
        Ok(self.answer(rev, apply_at, nodes))
    }
    pub(super) fn answer(&mut self, rev: Revision, apply_at: Time<Show>, nodes: usize) -> Answer {
        self.log(Event::Changed { rev, apply_at, nodes });
        Answer { apply_at, rev, repeated: false, nodes, cue: None }
    }
    /// When a change for these nodes is decided: from when its lead counts, and how long that is. A deployed node hears of it
    /// in the tick (FANOUT-4), so where one is among them the lead counts from there.
    pub(super) fn moment(&self, now: Time<Local>, is_meant: impl Fn(&Node) -> bool) -> Moment {
        let (show_now, next_at) = (self.clock.show_at(now), self.clock.show_at(self.poll_timeout().max(now)));
        let mut present = self.roster.nodes().iter().filter(|node| node.session.is_some() && is_meant(node));
        let is_ahead = self.counts_from_now && present.all(Node::takes_full_state);
        let soonest_at = if is_ahead { show_now } else { next_at };
        Moment { now: show_now, ticks: Ticks { next_at, soonest_at }, lead: self.lead_over(is_meant) }
    }

    pub(super) fn change_scene(
        &mut self,
        scope: &Scope,
        change: &SceneChange<impl Fn(&mut Scene, Time<Show>)>,
        now: Time<Local>,
    ) -> Result<Answer, CommandError> {
        if change.fade_ms > MAX_FADE_MS {
            return Err(CommandError::BadValue { field: "fade_ms", problem: "must be at most 3600000, an hour" });
        }
        let (target, group) = match scope {
            Scope::Show => (Target::Show, None),
            Scope::Group(name) => {
                let group = self.show.groups.get(name).ok_or_else(|| CommandError::UnknownGroup(name.clone()))?;
                (Target::Group(name.clone()), Some(group.clone()))
            }
            Scope::Node(node) => (Target::Node(self.mac_of(node)?), None),
        };
        let is_meant = |mac: Mac| match &target {
            Target::Show => true,
            Target::Group(_) => group.as_ref().is_some_and(|group| group.members.contains(&mac)),
            Target::Node(wanted) => mac == *wanted,
        };
        let mut moment = self.moment(now, |node| is_meant(node.mac));
        if let Some(own) = group.as_ref().and_then(|group| group.lead) {
            moment.lead = moment.lead.max(own);
        }
        let present = self.roster.nodes().iter().filter(|node| node.session.is_some() && is_meant(node.mac)).count();
        let nodes = self.roster.nodes_mut().iter_mut().map(|node| (node.mac, &mut node.track));
        let (rev, at) = self.show.change_scene(&target, nodes, change, moment)?;
        Ok(self.answer(rev, at, present))
    }

    /// A node knows a change that this hub, started again, does not: what the hub has becomes the newest change, so that
    /// all nodes show the same again.
    pub(super) fn reassert(&mut self, above: Revision, now: Time<Local>) {
        self.show.rev = above;
        self.saved_revision += 1;
        let moment = self.moment(now, |_| true);
        let nodes = self.roster.nodes_mut().iter_mut().map(|node| (node.mac, &mut node.track));
        // A fade that is running goes on to its end: whoever says such a hello does not cut the show.
        let newest = self.show.tracks.layers(self.show.show).newest();
        let ends_at = newest.at + Span::from_ms(i64::from(newest.fade_ms));
        let fade_ms = u32::try_from((ends_at - moment.now).as_ms().max(0)).unwrap_or(0);
        let same = part(fade_ms, |_: &mut Scene, _| {});
        // Numbers are far from used up: a hint is taken below half of them only.
        let scene = self.show.change_scene(&Target::Show, nodes, &same, moment);
        let tempo = self.show.change_tempo(tempo::continued, moment);
        let master = self.show.change_master(|_| {}, moment);
        for (rev, apply_at) in [scene, tempo, master].into_iter().flatten() {
            self.answer(rev, apply_at, 0);
        }
    }

    fn set_tempo(&mut self, bpm_x100: Option<u16>, beats_per_bar: Option<u8>, now: Time<Local>) -> Change {
        if bpm_x100.is_some_and(|bpm| bpm != 0 && !BPM_X100.contains(&bpm)) {
            return Err(CommandError::BadValue { field: "bpm", problem: "must be 0 (no beat) or 20 to 600" });
        }
        if beats_per_bar.is_some_and(|beats| !BEATS_PER_BAR.contains(&beats)) {
            return Err(CommandError::BadValue { field: "beats_per_bar", problem: "must be 1 to 32" });
        }
        self.show.taps.clear();
        let set = |grid: BeatGrid, at| BeatGrid {
            bpm_x100: bpm_x100.unwrap_or(grid.bpm_x100),
            beats_per_bar: beats_per_bar.unwrap_or(grid.beats_per_bar),
            ..tempo::continued(grid, at)
        };
        self.change_tempo(set, now)
    }
    fn tap(&mut self, now: Time<Local>) -> Change {
        // No number left means no tap either.
        self.show.next_rev()?;
        let tapped_at = self.clock.show_at(now);
        let bpm_x100 = self.show.taps.tap(tapped_at);
        let tapped_at = self.show.taps.newest().unwrap_or(tapped_at);
        self.change_tempo(|grid, at| tempo::tapped(grid, tapped_at, bpm_x100, at), now)
    }
    fn change_tempo(&mut self, make: impl FnOnce(BeatGrid, Time<Show>) -> BeatGrid, now: Time<Local>) -> Change {
        let moment = self.moment(now, |_| true);
        self.show.change_tempo(make, moment)
    }

    pub(super) fn id_of(&self, node: &NodeRef) -> Result<NodeId, CommandError> {
        let id = match node {
            NodeRef::Id(id) => self.roster.get(*id).map(|node| node.id),
            NodeRef::Mac(mac) => self.roster.id_of(*mac),
            NodeRef::Name(name) => {
                self.roster.nodes().iter().find(|node| !name.is_empty() && node.name == *name).map(|node| node.id)
            }
        };
        id.ok_or_else(|| CommandError::UnknownNode(node.clone()))
    }
    pub(super) fn mac_of(&self, node: &NodeRef) -> Result<Mac, CommandError> {
        let id = self.id_of(node)?;
        self.roster.get(id).map(|node| node.mac).ok_or_else(|| CommandError::UnknownNode(node.clone()))
    }
    /// What names and groups are answered with: nothing on the show's timeline changes.
    pub(super) fn settled(&self, now: Time<Local>) -> Result<Answer, CommandError> {
        Ok(Answer { apply_at: self.clock.show_at(now), rev: self.show.rev, repeated: false, nodes: 0, cue: None })
    }
    fn name_node(&mut self, node: &NodeRef, name: &Text<32>, now: Time<Local>) -> Result<Answer, CommandError> {
        let id = self.id_of(node)?;
        check_node_name(name)?;
        if self.is_name_taken(id, name) {
            return Err(CommandError::NameTaken(name.clone()));
        }
        if let Some(node) = self.roster.get_mut(id) {
            node.name = name.clone();
            node.is_named = !name.is_empty();
        }
        self.log(Event::Renamed { node: id, name: name.clone() });
        self.settled(now)
    }
    /// What it is told then holds for the node at once, without a restart (CTRL-12).
    fn assign(
        &mut self,
        node: &NodeRef,
        universes: Option<&UniverseRanges>,
        now: Time<Local>,
    ) -> Result<Answer, CommandError> {
        let refusal = CommandError::NoUniverses(node.clone());
        let known = self.node_to_tell(node, (Ext::UNIVERSES, Due::UNIVERSES), refusal)?;
        known.assigned = universes.cloned();
        let event = Event::Assigned { node: known.id, universes: universes.cloned() };
        self.log(event);
        self.settled(now)
    }
    /// What it is told then holds for the node at once, without a restart (CTRL-13).
    fn lay_out(
        &mut self,
        node: &NodeRef,
        geometry: Option<&Text<48>>,
        now: Time<Local>,
    ) -> Result<Answer, CommandError> {
        let refusal = CommandError::NoGeometry(node.clone());
        let known = self.node_to_tell(node, (Ext::GEOMETRY, Due::GEOMETRY), refusal)?;
        known.laid_out = geometry.cloned();
        let event = Event::LaidOut { node: known.id, geometry: geometry.cloned() };
        self.log(event);
        self.settled(now)
    }
    /// A node that is to be told something, if it knows that word. One that is away is told when it comes.
    fn node_to_tell(
        &mut self,
        node: &NodeRef,
        (word, due): (Ext, Due),
        refusal: CommandError,
    ) -> Result<&mut Node, CommandError> {
        let id = self.id_of(node)?;
        self.due_from = Some(0);
        let Some(known) = self.roster.get_mut(id) else { return Err(CommandError::UnknownNode(node.clone())) };
        if let Some(session) = &mut known.session {
            if !known.ext.has(word) {
                return Err(refusal);
            }
            session.due = session.due.or(due);
        }
        Ok(known)
    }
    fn set_group(
        &mut self,
        name: &Text<32>,
        members: &[NodeRef],
        lead: Option<Span>,
        now: Time<Local>,
    ) -> Result<Answer, CommandError> {
        check_name("group", name)?;
        if name.is_empty() {
            return Err(CommandError::BadValue { field: "group", problem: "must have a name" });
        }
        if lead.is_some_and(|lead| !LEADS.contains(&lead)) {
            return Err(CommandError::BadValue { field: "lead_ms", problem: "must be 10 to 2000" });
        }
        if members.len() > self.config.max_nodes {
            return Err(CommandError::TooMany { what: "members of a group", limit: self.config.max_nodes });
        }
        let is_new = !self.show.groups.contains_key(name);
        if is_new && self.show.groups.len() >= MAX_GROUPS {
            return Err(CommandError::TooMany { what: "groups", limit: MAX_GROUPS });
        }
        let member = |node: &NodeRef| if let NodeRef::Mac(mac) = node { Ok(*mac) } else { self.mac_of(node) };
        let members: BTreeSet<Mac> = members.iter().map(member).collect::<Result<_, _>>()?;
        if let Some(group) = self.show.groups.get_mut(name) {
            (group.members, group.lead) = (members, lead);
        } else {
            let track = self.show.tracks.hold(self.show.show);
            self.show.groups.insert(name.clone(), Group { members, lead, track });
        }
        self.refresh_leads();
        self.settled(now)
    }
    fn delete_group(&mut self, name: &Text<32>, now: Time<Local>) -> Result<Answer, CommandError> {
        let group = self.show.groups.remove(name).ok_or_else(|| CommandError::UnknownGroup(name.clone()))?;
        self.show.tracks.release(group.track);
        self.refresh_leads();
        self.settled(now)
    }
    fn forget_node(&mut self, node: &NodeRef, now: Time<Local>) -> Result<Answer, CommandError> {
        let (id, mac) = (self.id_of(node)?, self.mac_of(node)?);
        if self.roster.get(id).is_some_and(|node| node.session.is_some()) {
            return Err(CommandError::Connected(node.clone()));
        }
        for group in self.show.groups.values_mut() {
            group.members.remove(&mac);
        }
        self.forget(id);
        self.settled(now)
    }
    /// Groups changed, and with them the leads of their members.
    pub(super) fn refresh_leads(&mut self) {
        let leads: Vec<Span> =
            self.roster.nodes().iter().map(|node| self.show.lead_of(node.mac, self.config.lead)).collect();
        for (node, lead) in self.roster.nodes_mut().iter_mut().zip(leads) {
            node.lead = lead;
        }
    }
}

/// A change to a whole scene.
fn whole<E: Fn(&mut Scene, Time<Show>)>(fade_ms: u32, edit: E) -> SceneChange<E> {
    SceneChange { fade_ms, is_patch: false, start: Start::Soonest, edit }
}

/// A change to parts of each scene.
fn part<E: Fn(&mut Scene, Time<Show>)>(fade_ms: u32, edit: E) -> SceneChange<E> {
    SceneChange { fade_ms, is_patch: true, start: Start::Soonest, edit }
}

pub(super) fn check_name(field: &'static str, name: &str) -> Result<(), CommandError> {
    if name.trim() != name || name.chars().any(char::is_control) {
        return Err(CommandError::BadValue {
            field,
            problem: "must have no control characters and no spaces around it",
        });
    }
    Ok(())
}

/// A node can be asked for by number, address or name: a name is neither of the others.
pub(super) fn check_node_name(name: &str) -> Result<(), CommandError> {
    if name.parse::<u32>().is_ok() || name.parse::<Mac>().is_ok() {
        return Err(CommandError::BadValue { field: "name", problem: "must not look like a number or an address" });
    }
    check_name("name", name)
}
