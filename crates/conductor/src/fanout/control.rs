//! Show messages on the control plane: the deployed nodes' first path for changes, a Cuelight node's backstop
//! (FANOUT-5).
//!
//! What a node is still to get is a set of flags, and a message is written only when the shell fetches it. So a slow
//! connection costs no memory, and what it gets late is the newest state.

use cuelight_wire::control::{
    FullStateMessage, GlobalState, HexPayload, HubMessage, ParametersSet, SetEffect, Snapshot, ZoneState, ZoneUpdate,
};
use cuelight_wire::ids::NodeId;
use cuelight_wire::limits::MAX_ZONES;
use cuelight_wire::scene::{Layer, Master, Scene, Zone};

use super::legacy::{brightness, look_at};
use crate::event::What;
use crate::show::ShowState;

/// Show messages a node is still to get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Due(u16);

impl Due {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const FULL_STATE: Self = Self(1);
    pub(crate) const SNAPSHOT: Self = Self(2);
    const EFFECT: Self = Self(4);
    const PARAMETERS: Self = Self(8);
    const BRIGHTNESS: Self = Self(16);
    /// Zone 0; the other zones are the bits above.
    const ZONE: u16 = 32;
    pub(crate) const SHOW_LOCK: Self = Self(Self::ZONE << MAX_ZONES);
    pub(crate) const UNIVERSES: Self = Self(Self::ZONE << (MAX_ZONES + 3));
    pub(crate) const GEOMETRY: Self = Self(Self::ZONE << (MAX_ZONES + 4));

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }
    /// Takes the first one out.
    pub(crate) const fn take_first(&mut self) -> Self {
        let first = Self(self.0 & self.0.wrapping_neg());
        self.0 &= !first.0;
        first
    }
}

/// What a deployed node must be told after a scene was announced: `packet` is its track, the announced layer last.
pub(crate) fn due_after_scene(packet: &[Layer], show: &ShowState) -> Due {
    let [.., before, after] = packet else { return Due::SNAPSHOT };
    // A grand master that is to follow must find the new scene's brightness.
    let is_master_to_follow = show.master.pending_at().is_some_and(|at| at > after.at);
    let then = if is_master_to_follow { Due::BRIGHTNESS } else { Due::NONE };
    let (before, after) = (&before.scene, &after.scene);
    if !before.zones.iter().map(|zone| zone.id).eq(after.zones.iter().map(|zone| zone.id)) {
        // Which zones there are can only be said by a snapshot, which says everything else too.
        return Due::SNAPSHOT.or(then);
    }
    let mut due = then;
    if before.effect != after.effect {
        due = due.or(Due::EFFECT);
    }
    if before.parameters != after.parameters || before.palette != after.palette {
        due = due.or(Due::PARAMETERS);
    }
    for (before, after) in before.zones.iter().zip(&after.zones) {
        if before != after {
            due = due.or(Due(Due::ZONE << after.id));
        }
    }
    due
}

/// What a deployed node must be told after a grand master was announced.
pub(crate) const fn due_after_master() -> Due {
    Due::BRIGHTNESS
}

/// What is written for one flag.
#[derive(Debug)]
pub(crate) struct Message {
    /// Nothing where the numbers do not fit the deployed form.
    pub(crate) message: Option<HubMessage>,
    /// The number that does not fit, if one does not.
    pub(crate) too_large: Option<(What, u16)>,
}

impl Message {
    /// The copy of the stream's payload.
    pub(crate) fn full_state(node_id: NodeId, payload: &[u8]) -> Self {
        let payload = heapless::Vec::from_slice(payload).expect("payloads are at most MAX_LEN long");
        let message = HubMessage::FullState(FullStateMessage { node_id, payload: HexPayload(payload) });
        Self { message: Some(message), too_large: None }
    }
    /// The deployed message for a flag: the newest of `packet`, or the newest master.
    pub(crate) fn deployed(first: Due, node_id: NodeId, packet: &[Layer], show: &ShowState) -> Self {
        let layer = packet.last().expect("a track has a layer");
        let (_, master) = look_at(packet, show, layer.at);
        let scene = &layer.scene;
        match first {
            Due::SNAPSHOT => snapshot(node_id, layer, master),
            Due::EFFECT => {
                let effect = small(scene.effect.0, What::Effect);
                let apply_at_us = layer.at.as_us();
                Self::of(effect, |effect_id| HubMessage::SetEffect(SetEffect { effect_id, apply_at_us }))
            }
            Due::PARAMETERS => parameters(layer, master),
            Due::BRIGHTNESS => {
                let at = show.master.packet().map(|master| master.at).max().unwrap_or_default();
                let (layer, master) = look_at(packet, show, at);
                let set = ParametersSet {
                    brightness: Some(brightness(layer.scene.parameters.brightness, master)),
                    apply_at_us: at.as_us(),
                    ..ParametersSet::default()
                };
                Self { message: Some(HubMessage::ParametersSet(set)), too_large: None }
            }
            Due(bit) => {
                let id = (bit / Due::ZONE).trailing_zeros() as u8;
                let zone = scene.zones.iter().find(|zone| zone.id == id);
                zone.map_or(Self { message: None, too_large: None }, |zone| zone_update(zone, layer.at.as_us()))
            }
        }
    }
    fn of<T>(value: Result<T, (What, u16)>, message: impl FnOnce(T) -> HubMessage) -> Self {
        match value {
            Ok(value) => Self { message: Some(message(value)), too_large: None },
            Err(too_large) => Self { message: None, too_large: Some(too_large) },
        }
    }
}

fn small(number: u16, what: What) -> Result<u8, (What, u16)> {
    u8::try_from(number).map_err(|_| (what, number))
}

fn parameters(layer: &Layer, master: Master) -> Message {
    let p = &layer.scene.parameters;
    let palette = small(layer.scene.palette.0, What::Palette);
    let set = ParametersSet {
        brightness: Some(brightness(p.brightness, master)),
        speed: Some(p.speed),
        palette_id: palette.ok(),
        hue: Some((p.hue >> 8) as u8),
        intensity: Some(p.intensity),
        saturation: Some(p.saturation),
        complexity: Some(p.complexity),
        variation: Some(p.variation),
        apply_at_us: layer.at.as_us(),
    };
    Message { message: Some(HubMessage::ParametersSet(set)), too_large: palette.err() }
}

fn zone_update(zone: &Zone, apply_at_us: i64) -> Message {
    let (effect, palette) = (small(zone.effect.0, What::Effect), small(zone.palette.0, What::Palette));
    let update = ZoneUpdate {
        zone_id: zone.id,
        effect_id: effect.ok(),
        brightness: Some(zone.brightness),
        speed: Some(zone.speed),
        palette_id: palette.ok(),
        blend_mode: Some(zone.blend as u8),
        apply_at_us,
    };
    Message { message: Some(HubMessage::ZoneUpdate(update)), too_large: effect.err().or(palette.err()) }
}

fn snapshot(node_id: NodeId, layer: &Layer, master: Master) -> Message {
    let snapshot = global(&layer.scene, master).and_then(|global| {
        Ok(HubMessage::Snapshot(Snapshot {
            node_id,
            apply_at_us: layer.at.as_us(),
            global,
            zones_enabled: !layer.scene.zones.is_empty(),
            zones: layer.scene.zones.iter().map(zone_state).collect::<Result<heapless::Vec<_, MAX_ZONES>, _>>()?,
        }))
    });
    Message::of(snapshot, |message| message)
}

fn global(scene: &Scene, master: Master) -> Result<GlobalState, (What, u16)> {
    let p = &scene.parameters;
    Ok(GlobalState {
        effect_id: small(scene.effect.0, What::Effect)?,
        palette_id: small(scene.palette.0, What::Palette)?,
        brightness: brightness(p.brightness, master),
        speed: p.speed,
        hue: (p.hue >> 8) as u8,
        intensity: p.intensity,
        saturation: p.saturation,
        complexity: p.complexity,
        variation: p.variation,
    })
}

fn zone_state(zone: &Zone) -> Result<ZoneState, (What, u16)> {
    Ok(ZoneState {
        zone_id: zone.id,
        effect_id: small(zone.effect.0, What::Effect)?,
        brightness: zone.brightness,
        speed: zone.speed,
        palette_id: small(zone.palette.0, What::Palette)?,
        blend_mode: zone.blend as u8,
    })
}
