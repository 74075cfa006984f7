//! The scenes of one history: in force, announced, waiting (SHOW-1, SHOW-3).
//!
//! A packet carries at most three layers, of which at most two are announced and not yet in force. What has been
//! announced is never taken back or changed. A third change waits; later ones coalesce with it. Every change waits
//! until a packet announces it, so changes that come between two packets are one.

use cuelight_wire::ids::Revision;
use cuelight_wire::limits::MAX_LAYERS;
use cuelight_wire::scene::{Layer, Scene};
use cuelight_wire::time::{Show, Span, Time};
use heapless::Vec;

use super::Ticks;
use super::line::Advanced;

/// Changes announced and not yet in force.
const MAX_PENDING: usize = 2;

/// A change that no packet has carried yet.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiting {
    rev: Revision,
    at: Time<Show>,
    fade_ms: u32,
    scene: Scene,
    /// The layer whose phases it goes on from, where that is not this history's own last one (SHOW-4).
    from: Option<Layer>,
}

impl Waiting {
    /// The layer it becomes in a history with this last layer.
    fn after(self, last: &Layer) -> Layer {
        let Self { rev, at, fade_ms, scene, from } = self;
        from.as_ref().unwrap_or(last).followed_by(rev, at, fade_ms, scene)
    }
}

/// The newest scene of a history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newest<'a> {
    pub(crate) rev: Revision,
    pub(crate) at: Time<Show>,
    pub(crate) fade_ms: u32,
    pub(crate) scene: &'a Scene,
}

/// The scenes of one history.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    /// What the packet carries, oldest first, never empty.
    packet: Vec<Layer, MAX_LAYERS>,
    waiting: Option<Waiting>,
}

impl Layers {
    pub(crate) fn new(layer: Layer) -> Self {
        Self { packet: Vec::from_array([layer]), waiting: None }
    }
    /// Layers as they were saved, oldest first. `None` when there are none.
    pub(crate) fn restored(layers: &[Layer]) -> Option<Self> {
        let packet = Vec::from_slice(layers).ok().filter(|packet: &Vec<_, MAX_LAYERS>| !packet.is_empty())?;
        Some(Self { packet, waiting: None })
    }
    /// What the packet carries, oldest first.
    pub(crate) fn packet(&self) -> &[Layer] {
        &self.packet
    }
    /// The newest layer of the packet.
    pub(crate) fn last(&self) -> &Layer {
        self.packet.last().expect("a track always has a layer in force")
    }
    /// The newest scene that was accepted.
    pub(crate) fn newest(&self) -> Newest<'_> {
        let Layer { rev, at, fade_ms, scene, .. } = self.last();
        let announced = Newest { rev: *rev, at: *at, fade_ms: *fade_ms, scene };
        self.waiting.as_ref().map_or(announced, |w| Newest {
            rev: w.rev,
            at: w.at,
            fade_ms: w.fade_ms,
            scene: &w.scene,
        })
    }
    /// The layers that are announced and not yet in force.
    pub(crate) fn pending(&self, now: Time<Show>) -> &[Layer] {
        let first = self.packet.iter().position(|layer| layer.at > now).unwrap_or(self.packet.len());
        self.packet.get(first..).unwrap_or_default()
    }
    /// The earliest applyAt a change accepted now can have: the first packet that can announce it, plus the lead.
    pub(crate) fn earliest(&self, ticks: Ticks, now: Time<Show>, lead: Span) -> Time<Show> {
        let sent_at = match self.pending(now) {
            [oldest, _, ..] => ticks.first_at_or_after(oldest.at),
            _ => ticks.soonest_at,
        };
        (sent_at + lead).max(self.newest().at)
    }
    /// Takes a change with an applyAt that is not before [`Self::earliest`]. A whole scene goes on from the phases of
    /// `whole`, the last layer of the history that leads; a patch from this history's own. A patch that coalesces with a
    /// change that waits goes on from what that one does, and keeps the longer fade.
    pub(crate) fn accept(
        &mut self,
        rev: Revision,
        at: Time<Show>,
        fade_ms: u32,
        whole: Option<&Layer>,
        edit: impl FnOnce(&mut Scene),
    ) {
        let mut scene = self.newest().scene.clone();
        edit(&mut scene);
        let (fade_ms, from) = match (whole, self.waiting.take()) {
            (None, Some(waiting)) => (waiting.fade_ms.max(fade_ms), waiting.from),
            (whole, _) => (fade_ms, whole.cloned()),
        };
        self.waiting = Some(Waiting { rev, at, fade_ms, scene, from });
    }
    /// A packet is to leave: layers under a finished fade go, and what waits is announced when there is room.
    pub(crate) fn advance(&mut self, now: Time<Show>) -> Advanced {
        let mut advanced = Advanced::default();
        let covered = self.packet.iter().rposition(|l| l.at + Span::from_ms(l.fade_ms.into()) <= now).unwrap_or(0);
        if covered > 0 {
            self.packet.drain(..covered);
            advanced.changed = true;
        }
        if self.pending(now).len() < MAX_PENDING
            && let Some(waiting) = self.waiting.take()
        {
            self.make_room();
            let layer = waiting.after(self.last());
            self.packet.push(layer).expect("room was just made");
            advanced = Advanced { changed: true, announced: true };
        }
        advanced
    }
    /// The two oldest layers become one, as a cut: the oldest leaves, and the oldest of a packet always shows in full.
    /// With fewer than two pending both are in force. Nodes that know the older one cut when the new one holds.
    fn make_room(&mut self) {
        if self.packet.is_full() {
            self.packet.remove(0);
        }
    }
    /// What a restarted hub continues with: the packet's layers and what waits, oldest first, at most three.
    pub(crate) fn saved(&self) -> Vec<Layer, MAX_LAYERS> {
        let mut copy = self.clone();
        if let Some(waiting) = copy.waiting.take() {
            copy.make_room();
            let layer = waiting.after(copy.last());
            copy.packet.push(layer).expect("room was just made");
        }
        copy.packet
    }
    /// Show time was set anew: what lies after `limit` holds from `now` on.
    pub(crate) fn rebase(&mut self, now: Time<Show>, limit: Time<Show>) {
        let waiting = self.waiting.iter_mut().map(|waiting| (&mut waiting.at, &mut waiting.scene));
        for (at, scene) in self.packet.iter_mut().map(|layer| (&mut layer.at, &mut layer.scene)).chain(waiting) {
            let starts_at = scene.pattern.as_mut().map(|pattern| &mut pattern.starts_at);
            for instant in starts_at.into_iter().chain([at]).filter(|instant| **instant > limit) {
                *instant = now;
            }
        }
    }
}
