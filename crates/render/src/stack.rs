//! What is in force: the layers, the tempo and the master level.
//!
//! The stack decides what a frame shows, whatever the order in which changes arrived: layers lie by (applyAt, rev), the
//! newest tempo and master by (applyAt, rev) hold. The oldest layer shows in full; each layer above fades in over those
//! below. Three layers are kept: when a fourth comes into force the oldest goes, which turns the second oldest into the
//! new ground (the two oldest merge as a cut, RENDER-4). A node that is given only the layers of a full state thus shows
//! what the others show (RENDER-2).

use cuelight_wire::change::{Change, ScenePatch};
use cuelight_wire::ids::Revision;
use cuelight_wire::limits::{MAX_LAYERS, MAX_ZONES};
use cuelight_wire::scene::{FullState, Layer, Master, Scene, Tempo};
use cuelight_wire::time::{Show, Span, Time};
use heapless::Vec;

use crate::fixed::FULL;

/// The layers, tempo and master in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    layers: Vec<Layer, MAX_LAYERS>,
    tempo: Tempo,
    master: Master,
}

impl Default for Stack {
    fn default() -> Self {
        Self::new()
    }
}

impl Stack {
    /// No layer (dark), the default tempo, full master.
    pub const fn new() -> Self {
        Self { layers: Vec::new(), tempo: Tempo::DEFAULT, master: Master::DEFAULT }
    }

    /// A stack that shows one layer: an idle scene, a preview.
    pub fn of(layer: Layer) -> Self {
        let mut stack = Self::new();
        let at = layer.at;
        stack.apply(Change::Layer(layer), at);
        stack
    }

    /// Puts a change in force. `now` is the show time of the frame; the change may be late, repeated or out of order.
    ///
    /// A layer with the (applyAt, rev) of one that is there replaces it. A patch builds on the layer in force at its
    /// applyAt: it changes that layer if the two begin together, else it begins a new layer (a cut) that goes on from the
    /// phases of the old one; its revision is the next one. A patch older than every layer is passed over: those layers
    /// were whole scenes and have replaced whatever it changed.
    pub fn apply(&mut self, change: Change, now: Time<Show>) {
        match change {
            Change::Layer(layer) => self.put(layer, now),
            Change::Patch { at, patch } => self.patch(at, &patch, now),
            // Any real change replaces a default, even one from before show time 0.
            Change::Tempo(tempo) => {
                if (tempo.grid.at, tempo.rev) >= (self.tempo.grid.at, self.tempo.rev) || self.tempo == Tempo::DEFAULT {
                    self.tempo = tempo;
                }
            }
            Change::Master(master) => {
                if (master.at, master.rev) >= (self.master.at, self.master.rev) || self.master == Master::DEFAULT {
                    self.master = master;
                }
            }
        }
    }

    /// Puts everything in force that a full state holds for `now`; what it announces for later is left to the schedule.
    pub fn apply_state(&mut self, state: &FullState, now: Time<Show>) {
        let layers = state.layers.iter().cloned().map(Change::Layer);
        let tempos = state.tempos.iter().copied().map(Change::Tempo);
        let masters = state.masters.iter().copied().map(Change::Master);
        for change in layers.chain(tempos).chain(masters).filter(|c| c.at() <= now) {
            self.apply(change, now);
        }
    }

    /// Drops the layers that a finished fade covers at `show`.
    pub fn prune(&mut self, show: Time<Show>) {
        let ground = self.layers.iter().rposition(|layer| weight(layer, show) == FULL).unwrap_or(0);
        self.layers.drain(..ground);
    }

    /// The revision of the newest layer; 0 when there is none.
    pub fn newest_rev(&self) -> Revision {
        self.layers.last().map_or(Revision(0), |layer| layer.rev)
    }
    /// The layers in force, oldest first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }
    /// The tempo in force.
    pub const fn tempo(&self) -> &Tempo {
        &self.tempo
    }
    /// The master in force.
    pub const fn master(&self) -> &Master {
        &self.master
    }
    /// Forgets everything: for a node that joins another show.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    fn put(&mut self, layer: Layer, now: Time<Show>) {
        let key = |l: &Layer| (l.at, l.rev);
        let index = self.layers.partition_point(|l| key(l) < key(&layer));
        if let Some(same) = self.layers.get_mut(index).filter(|l| key(l) == key(&layer)) {
            *same = layer;
        } else if !self.layers.is_full() {
            self.layers.insert(index, layer).expect("a stack that is not full has room");
        } else if index > 0 {
            // The oldest goes, everything below the new layer's place moves down by one.
            self.layers[..index].rotate_left(1);
            self.layers[index - 1] = layer;
        }
        self.prune(now);
    }

    fn patch(&mut self, at: Time<Show>, patch: &ScenePatch, now: Time<Show>) {
        let Some(base) = self.layers.iter().rposition(|layer| layer.at <= at) else {
            if self.layers.is_empty() {
                let mut scene = Scene::default();
                patch.apply_to(&mut scene);
                let (rev, zone_phases) = (Revision(1), [0; MAX_ZONES]);
                self.put(Layer { rev, at, fade_ms: 0, scene, phase: 0, zone_phases }, now);
            }
            return;
        };
        let old = &mut self.layers[base];
        let mut scene = old.scene.clone();
        patch.apply_to(&mut scene);
        let (rev, fade_ms) =
            if old.at == at { (old.rev, old.fade_ms) } else { (Revision(old.rev.0.wrapping_add(1)), 0) };
        let next = old.followed_by(rev, at, fade_ms, scene);
        self.put(next, now);
    }
}

/// How much of a layer shows over those below at `show`, from its fade alone: full from `at` + fade on. A layer that is
/// in force before its `at` (applied on arrival) has no more than begun to fade.
pub(crate) fn weight(layer: &Layer, show: Time<Show>) -> u16 {
    let elapsed = show.since(layer.at).max(Span::ZERO).as_ns();
    let fade = Span::from_ms(i64::from(layer.fade_ms)).as_ns();
    if elapsed >= fade {
        return FULL;
    }
    // In microseconds both fit 43 bits (a fade lasts at most 2^32 ms), so the product fits 64 bits.
    let (elapsed, fade) = (elapsed / 1_000, fade / 1_000);
    (elapsed * i64::from(FULL) / fade) as u16
}
