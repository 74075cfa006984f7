//! The datagrams of one tick (FANOUT-3, FANOUT-6).
//!
//! A Cuelight node gets its full state once in every tick, and three times, each with its own number, from a change's
//! announcement until its applyAt. A deployed node gets exactly one datagram. First copies go to all nodes before the
//! second ones, so that a burst of loss does not take all copies of one node. A shell that runs out of its tick leaves
//! out the copies that are left (FANOUT-22).
//!
//! A node with the word `cues` gets the state of the cues as a datagram of its own, after the full states of the same copy:
//! three times in every tick while a step is announced, in every 10th tick of the second after that, and of the node's
//! first, and in every 50th later (CUE-2). While no show was ever loaded there is none.
//!
//! What a command decides does not wait for the tick: ahead of it, the Cuelight nodes that it concerns get the three copies
//! that a tick would send them (FANOUT-23). The ticks go on as if that had not been.

mod control;
mod legacy;

pub(crate) use control::{Due, Message, due_after_master, due_after_scene};

use alloc::vec::Vec;

use cuelight_wire::limits::UDP_TICK_HZ;
use cuelight_wire::stream::MsgType;
use cuelight_wire::time::{Show, Span, Time};

use crate::conductor::Transmit;
use crate::cues::Cues;
use crate::roster::{Node, Roster};
use crate::show::{Announced, ShowState};

/// Copies of a full state while a change is announced.
const COPIES: u8 = 3;
/// Sweeps over the nodes that one copy takes: full states, then cues.
const SWEEPS: u8 = 2;
/// The cues are repeated in every tenth tick of the first second, as deployed nodes' changes are.
const CUES_SOON: u64 = 10;
/// Later twice a second, for a node that was out of reach.
const CUES_LATER: u64 = 50;
/// For so long after a step it may have been missed.
const CUES_NEW: Span = Span::from_ms(1_000);

/// What leaves ahead of a tick, and to whom.
#[derive(Clone, Copy, Debug)]
struct Ahead {
    /// Tempo or master: it is for everybody.
    is_common: bool,
    /// A scene, or what is common.
    has_states: bool,
    /// A step of the cues.
    has_cues: bool,
}

/// Where the fan-out of a tick stands.
#[derive(Debug, Default)]
pub(crate) struct FanOut {
    /// Places in the roster of the nodes that take the stream, as of `revision`.
    live: Vec<usize>,
    revision: Option<u64>,
    tick: u64,
    hub_now: Time<Show>,
    common_pending_at: Option<Time<Show>>,
    cues_pending_at: Option<Time<Show>>,
    /// In every how many ticks cues that are not announced are repeated; none where there are no cues.
    cues_every: Option<u64>,
    /// The newest step of the cues that a packet had room for.
    cues_told: u32,
    /// What leaves ahead of the next tick; none in a tick.
    ahead: Option<Ahead>,
    /// Sweeps over the live nodes in this tick.
    sweeps: u8,
    sweep: u8,
    /// The place in `live` that each sweep begins with.
    first: usize,
    /// Nodes of this sweep that had their turn.
    next: usize,
    /// Datagrams sent.
    pub(crate) packets: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Datagrams that were not fetched before the next tick, or that the shell could not send.
    pub(crate) unsent: u64,
    /// Second and third copies that were left out.
    pub(crate) copies_skipped: u64,
}

impl FanOut {
    /// A tick begins. What was not fetched of the last one is given up.
    pub(crate) fn begin(&mut self, roster: &mut Roster, show: &ShowState, cues: &Cues, tick: u64, hub_now: Time<Show>) {
        if self.sweep == 0 && self.ahead.is_none() {
            self.unsent += self.live.len().saturating_sub(self.next) as u64;
        }
        self.tick = tick;
        self.start(show, cues, hub_now, None);
        let is_scene_pending = self.common_pending_at.is_some() || show.tracks.is_any_pending();
        let copies = if is_scene_pending || self.cues_pending_at.is_some() { COPIES } else { 1 };
        self.sweeps = copies * SWEEPS;
        if self.revision != Some(roster.revision) {
            self.revision = Some(roster.revision);
            self.look_who_is_live(roster);
            for node in roster.nodes_mut() {
                let is_live = node.takes_stream();
                let Some(session) = &mut node.session else { continue };
                session.streams_from = if is_live { session.streams_from.or(Some(tick)) } else { None };
            }
        }
    }
    /// What was announced since the last packets leaves ahead of the next tick, to whom it concerns. Returns whether there is
    /// anything. What of it is not fetched before the tick is given up.
    pub(crate) fn begin_ahead(
        &mut self,
        roster: &Roster,
        show: &ShowState,
        cues: &Cues,
        announced: Announced,
        hub_now: Time<Show>,
    ) -> bool {
        let is_common = announced.tempo || announced.master;
        let ahead = Ahead { is_common, has_states: announced.is_any(), has_cues: cues.number() != self.cues_told };
        if !ahead.has_states && !ahead.has_cues {
            return false;
        }
        self.start(show, cues, hub_now, Some(ahead));
        self.sweeps = COPIES * SWEEPS;
        if self.revision != Some(roster.revision) {
            // The tick looks again: for whoever has come since the last one, it is the first.
            self.revision = None;
            self.look_who_is_live(roster);
        }
        true
    }
    fn start(&mut self, show: &ShowState, cues: &Cues, hub_now: Time<Show>, ahead: Option<Ahead>) {
        (self.hub_now, self.sweep, self.next, self.ahead) = (hub_now, 0, 0, ahead);
        self.common_pending_at = show.common_pending_at();
        self.cues_pending_at = cues.pending_at(hub_now);
        self.cues_told = cues.number();
        let is_new = hub_now - cues.newest_at() < CUES_NEW;
        self.cues_every = (!cues.payload().is_empty()).then_some(if is_new { CUES_SOON } else { CUES_LATER });
    }
    fn look_who_is_live(&mut self, roster: &Roster) {
        let nodes = roster.nodes().iter().enumerate();
        self.live.clear();
        self.live
            .extend(nodes.filter(|(_, node)| node.session.is_some() && node.takes_stream()).map(|(index, _)| index));
    }
    /// What is left of what leaves ahead of the tick is left to the tick.
    pub(crate) const fn leave_ahead(&mut self) {
        if self.ahead.is_some() {
            self.sweep = self.sweeps;
        }
    }
    /// The next datagram of the tick.
    pub(crate) fn poll(
        &mut self,
        roster: &mut Roster,
        show: &ShowState,
        cues: &Cues,
        buf: &mut [u8],
    ) -> Option<Transmit> {
        while let Some(index) = self.next_index() {
            // The roster may have changed since the tick began; then the places are wrong until the next one.
            let node = roster.nodes_mut().get_mut(index).filter(|node| node.state.is_streaming());
            let transmit = if self.is_cues() {
                node.and_then(|node| self.cues_datagram(node, cues, buf))
            } else {
                node.and_then(|node| self.datagram(node, show, buf))
            };
            if let Some(transmit) = transmit {
                self.packets += 1;
                self.bytes += transmit.len as u64;
                return Some(transmit);
            }
        }
        None
    }
    /// Leaves out what is left of the tick's second and third copies; first copies are sent all the same. The next tick
    /// begins with the nodes that missed theirs (FANOUT-22).
    pub(crate) fn skip_copies(&mut self, roster: &Roster, show: &ShowState) {
        if self.ahead.is_some() {
            return;
        }
        let is_in_sweep = self.next < self.live.len();
        let are_firsts_left = match self.sweep {
            0 => is_in_sweep || self.cues_every.is_some(),
            1 => is_in_sweep && self.cues_every.is_some(),
            _ => false,
        };
        if are_firsts_left {
            return;
        }
        let begin_with = (self.first + self.next).checked_rem(self.live.len()).unwrap_or(0);
        let mut skipped = 0;
        while let Some(index) = self.next_index() {
            let node = roster.nodes().get(index).filter(|node| node.takes_full_state());
            let is_pending = |node: &Node| match self.is_cues() {
                true => node.follows_cues() && self.cues_pending_at.is_some(),
                false => self.pending_at(node, show).is_some(),
            };
            skipped += u64::from(node.is_some_and(is_pending));
        }
        self.copies_skipped += skipped;
        if skipped > 0 {
            self.first = begin_with;
        }
    }
    /// The place in the roster of the next node that has its turn.
    fn next_index(&mut self) -> Option<usize> {
        while self.sweep < self.sweeps {
            let has_turns = match (&self.ahead, self.is_cues()) {
                (None, is_cues) => !is_cues || self.cues_every.is_some(),
                (Some(ahead), true) => ahead.has_cues,
                (Some(ahead), false) => ahead.has_states,
            };
            if has_turns && self.next < self.live.len() {
                let place = (self.first + self.next) % self.live.len();
                self.next += 1;
                return self.live.get(place).copied();
            }
            (self.sweep, self.next) = (self.sweep + 1, 0);
        }
        None
    }
    /// Whether this sweep is one of cues.
    const fn is_cues(&self) -> bool {
        self.sweep % SWEEPS == 1
    }
    const fn copy(&self) -> u8 {
        self.sweep / SWEEPS
    }
    fn cues_datagram(&self, node: &mut Node, cues: &Cues, buf: &mut [u8]) -> Option<Transmit> {
        if !node.follows_cues() {
            return None;
        }
        let (copy, pending_at) = (self.copy(), self.cues_pending_at);
        let session = node.session.as_mut()?;
        let is_first = session.streams_from.is_none_or(|from| from == self.tick);
        let is_young = self.tick.saturating_sub(session.streams_from.unwrap_or(self.tick)) < u64::from(UDP_TICK_HZ);
        let every = if is_young { CUES_SOON } else { self.cues_every? };
        let is_turn = is_first || self.tick.wrapping_add(u64::from(node.id.0)).is_multiple_of(every);
        if pending_at.is_none() && (copy > 0 || !is_turn) {
            return None;
        }
        let apply_at = pending_at.unwrap_or(self.hub_now + node.lead);
        let len = session.sender.packet(MsgType::Cues, self.hub_now, apply_at, cues.payload(), buf).ok()?;
        node.packets += 1;
        node.bytes += len as u64;
        Some(Transmit { to: session.to, len, copy })
    }
    /// The oldest announced change that the node is to know.
    fn pending_at(&self, node: &Node, show: &ShowState) -> Option<Time<Show>> {
        show.tracks.pending_at(node.track).into_iter().chain(self.common_pending_at).min()
    }
    fn datagram(&self, node: &mut Node, show: &ShowState, buf: &mut [u8]) -> Option<Transmit> {
        let takes_full_state = node.takes_full_state();
        let is_concerned = |ahead: Ahead| ahead.is_common || show.tracks.was_announced(node.track);
        if self.ahead.is_some_and(|ahead| !takes_full_state || !is_concerned(ahead)) {
            return None;
        }
        let pending_at = self.pending_at(node, show);
        let session = node.session.as_mut()?;
        let (hub_now, nothing_new) = (self.hub_now, self.hub_now + node.lead);
        let len = if takes_full_state {
            if self.copy() > 0 && pending_at.is_none() {
                return None;
            }
            let apply_at = pending_at.unwrap_or(nothing_new);
            session.sender.packet(MsgType::FullState, hub_now, apply_at, show.tracks.payload(node.track), buf)
        } else {
            if self.copy() > 0 {
                return None;
            }
            let when = legacy::When {
                tick: self.tick,
                stagger: u64::from(node.id.0),
                ticks_in_stream: self.tick.saturating_sub(session.streams_from.unwrap_or(self.tick)),
                now: hub_now,
                nothing_new,
            };
            let datagram = legacy::datagram(show.tracks.layers(node.track).packet(), show, when);
            session.sender.packet(datagram.msg_type, hub_now, datagram.apply_at, datagram.payload.bytes(), buf)
        };
        let len = len.ok()?;
        node.packets += 1;
        node.bytes += len as u64;
        Some(Transmit { to: session.to, len, copy: self.copy() })
    }
}
