//! Changes: what a node's schedule holds and its frame loop applies, each at its applyAt.

use crate::ids::{EffectId, PaletteId};
use crate::limits::MAX_ZONES;
use crate::scene::{BlendMode, Layer, Master, Scene, Tempo};
use crate::time::{Show, Time};

/// One change of a node's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A whole layer begins (from a full state).
    Layer(Layer),
    /// Parts of the newest scene change (from a deployed hub's packets and messages).
    Patch {
        /// From when it holds.
        at: Time<Show>,
        /// What changes.
        patch: ScenePatch,
    },
    /// A new beat grid begins.
    Tempo(Tempo),
    /// A new master level or blackout begins.
    Master(Master),
}

impl Change {
    /// The change's applyAt.
    pub const fn at(&self) -> Time<Show> {
        match self {
            Self::Layer(layer) => layer.at,
            Self::Patch { at, .. } => *at,
            Self::Tempo(tempo) => tempo.grid.at,
            Self::Master(master) => master.at,
        }
    }
}

/// Parts of a scene: what is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of Scene and Parameters")]
pub struct ScenePatch {
    pub effect: Option<EffectId>,
    pub palette: Option<PaletteId>,
    pub brightness: Option<u8>,
    pub speed: Option<u8>,
    pub hue: Option<u16>,
    pub intensity: Option<u8>,
    pub saturation: Option<u8>,
    pub complexity: Option<u8>,
    pub variation: Option<u8>,
    pub zone: Option<ZonePatch>,
}

/// Parts of one zone: what is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of Zone")]
pub struct ZonePatch {
    pub id: u8,
    pub effect: Option<EffectId>,
    pub palette: Option<PaletteId>,
    pub brightness: Option<u8>,
    pub speed: Option<u8>,
    pub blend: Option<BlendMode>,
    pub from: Option<u8>,
    pub to: Option<u8>,
}

impl ScenePatch {
    /// Changes `scene` in place. A zone that the scene does not have yet is added with the scene's own effect, palette
    /// and speed, over its own quarter of the pixels; zone ids of 4 and more are passed over. An effect takes the place of a
    /// pattern that plays.
    pub fn apply_to(&self, scene: &mut Scene) {
        if self.effect.is_some() {
            scene.pattern = None;
        }
        let p = &mut scene.parameters;
        set(&mut scene.effect, self.effect);
        set(&mut scene.palette, self.palette);
        set(&mut p.brightness, self.brightness);
        set(&mut p.speed, self.speed);
        set(&mut p.hue, self.hue);
        set(&mut p.intensity, self.intensity);
        set(&mut p.saturation, self.saturation);
        set(&mut p.complexity, self.complexity);
        set(&mut p.variation, self.variation);
        if let Some(zone) = &self.zone {
            zone.apply_to(scene);
        }
    }
}

impl ZonePatch {
    /// Changes the zone of `scene` that it names, as [`ScenePatch::apply_to`] says.
    pub fn apply_to(&self, scene: &mut Scene) {
        if usize::from(self.id) >= MAX_ZONES {
            return;
        }
        let index = scene.zones.iter().position(|z| z.id >= self.id).unwrap_or(scene.zones.len());
        if scene.zones.get(index).is_none_or(|z| z.id != self.id) {
            let quarter = (256 / MAX_ZONES) as u8;
            let fresh = crate::scene::Zone {
                id: self.id,
                effect: scene.effect,
                palette: scene.palette,
                brightness: 255,
                speed: scene.parameters.speed,
                blend: BlendMode::Overwrite,
                from: self.id * quarter,
                to: self.id * quarter + (quarter - 1),
            };
            // Ids are distinct and below MAX_ZONES, so there is always room.
            let _ = scene.zones.insert(index, fresh);
        }
        let Some(zone) = scene.zones.get_mut(index) else { return };
        set(&mut zone.effect, self.effect);
        set(&mut zone.palette, self.palette);
        set(&mut zone.brightness, self.brightness);
        set(&mut zone.speed, self.speed);
        set(&mut zone.blend, self.blend);
        set(&mut zone.from, self.from);
        set(&mut zone.to, self.to);
    }
}

fn set<T: Copy>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patching_a_missing_zone_adds_it_in_order() {
        let mut scene = Scene::default();
        for id in [2, 0, 3, 1, 2, 9] {
            let zone = Some(ZonePatch { id, brightness: Some(id * 10), ..ZonePatch::default() });
            ScenePatch { zone, ..ScenePatch::default() }.apply_to(&mut scene);
        }
        let zones: heapless::Vec<_, 4> = scene.zones.iter().map(|z| (z.id, z.brightness, z.from, z.to)).collect();
        assert_eq!(zones, [(0, 0, 0, 63), (1, 10, 64, 127), (2, 20, 128, 191), (3, 30, 192, 255)]);
    }
}
