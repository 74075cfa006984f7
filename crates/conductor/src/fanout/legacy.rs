//! What a deployed node is sent in a tick: exactly one datagram of the deployed types (FANOUT-4).
//!
//! * While a change is announced: `PARAM_DELTA` in every tick, always with the change's applyAt; where two are announced
//!   they take turns.
//! * After that: the same `PARAM_DELTA` with the same applyAt in every 10th tick for one second (and for a node's first
//!   second in the stream), in every 50th later.
//! * In between: `BEAT_TICK` and `HEARTBEAT` in turn. The beat is that of the header's applyAt.
//!
//! Grand master and blackout reach a deployed node as its brightness.

use cuelight_wire::limits::{UDP_TICK_HZ, UDP_TICK_PERIOD};
use cuelight_wire::scene::{Layer, Master};
use cuelight_wire::stream::MsgType;
use cuelight_wire::stream::payload::{BeatTick, ParamDelta};
use cuelight_wire::time::{Show, Time};

use crate::show::ShowState;

/// A refresh in every tenth tick of the first second: with 20 % loss all ten are lost once in 10 million changes.
const REFRESH_SOON: u64 = 10;
/// Later twice a second, for a node that was out of reach.
const REFRESH_LATER: u64 = 50;

/// When a datagram is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    pub(super) tick: u64,
    /// Spreads the refreshes of many nodes over the ticks.
    pub(super) stagger: u64,
    /// 0 in the node's first tick.
    pub(super) ticks_in_stream: u64,
    pub(super) now: Time<Show>,
    /// The applyAt of a datagram without a change.
    pub(super) nothing_new: Time<Show>,
}

/// A deployed datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Datagram {
    pub(super) msg_type: MsgType,
    pub(super) apply_at: Time<Show>,
    pub(super) payload: Payload,
}

/// A deployed payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    Params([u8; 8]),
    Beat([u8; 4]),
    Empty,
}

impl Payload {
    pub(super) const fn bytes(&self) -> &[u8] {
        match self {
            Self::Params(bytes) => bytes,
            Self::Beat(bytes) => bytes,
            Self::Empty => &[],
        }
    }
}

/// The datagram of a node with these layers.
pub(super) fn datagram(layers: &[Layer], show: &ShowState, when: When) -> Datagram {
    let mut pending: heapless::Vec<Time<Show>, 4> = heapless::Vec::new();
    let mut newest = Time::from_ns(i64::MIN);
    for at in layers.iter().map(|layer| layer.at).chain(show.master.packet().map(|master| master.at)) {
        newest = newest.max(at);
        if at > when.now && !pending.contains(&at) {
            // At most two layers and one master are pending.
            let _ = pending.push(at);
        }
    }
    if !pending.is_empty() {
        let turn = (when.tick % pending.len() as u64) as usize;
        return params(layers, show, pending[turn]);
    }
    let ticks_since = (when.now - newest).as_ns() / UDP_TICK_PERIOD.as_ns();
    let is_soon = when.ticks_in_stream.min(ticks_since.unsigned_abs()) < u64::from(UDP_TICK_HZ);
    let every = if is_soon { REFRESH_SOON } else { REFRESH_LATER };
    let turn = when.tick.wrapping_add(when.stagger);
    if when.ticks_in_stream == 0 || turn.is_multiple_of(every) {
        return params(layers, show, newest);
    }
    let apply_at = when.nothing_new;
    if turn.is_multiple_of(2) {
        return Datagram { msg_type: MsgType::Heartbeat, apply_at, payload: Payload::Empty };
    }
    let grid =
        show.tempo.packet().filter(|tempo| tempo.grid.at <= apply_at).last().unwrap_or(show.tempo.in_force()).grid;
    let beat = BeatTick { bpm_x100: grid.bpm_x100, phase: grid.phase(apply_at), downbeat: grid.is_downbeat(apply_at) };
    Datagram { msg_type: MsgType::BeatTick, apply_at, payload: Payload::Beat(beat.encode()) }
}

/// What holds at `at`, as a change of that instant.
fn params(layers: &[Layer], show: &ShowState, at: Time<Show>) -> Datagram {
    let (layer, master) = look_at(layers, show, at);
    let scene = &layer.scene;
    let delta = ParamDelta {
        effect: scene.effect,
        palette: scene.palette,
        brightness: brightness(scene.parameters.brightness, master),
        speed: scene.parameters.speed,
        hue: scene.parameters.hue,
    };
    Datagram { msg_type: MsgType::ParamDelta, apply_at: at, payload: Payload::Params(delta.encode()) }
}

/// The scene and the grand master that hold at `at`.
pub(super) fn look_at<'a>(layers: &'a [Layer], show: &ShowState, at: Time<Show>) -> (&'a Layer, Master) {
    let layer = layers.iter().rfind(|layer| layer.at <= at).or(layers.first()).expect("a track has a layer");
    let master = show.master.packet().filter(|master| master.at <= at).last().unwrap_or(show.master.in_force());
    (layer, master)
}

/// A brightness under a grand master: brightness * level / 255, rounded; 0 in a blackout.
pub(super) fn brightness(brightness: u8, master: Master) -> u8 {
    if master.blackout { 0 } else { ((u32::from(brightness) * u32::from(master.level) + 127) / 255) as u8 }
}
