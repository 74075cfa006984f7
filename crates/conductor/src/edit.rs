//! Parts of a scene, as an operator asks for them.

use cuelight_wire::change::{ScenePatch, ZonePatch};
use cuelight_wire::limits::MAX_ZONES;
use cuelight_wire::scene::{Rgb, Scene};

use crate::command::CommandError;

/// Parts of a scene: what is `None` stays as each node of the scope has it. Everything is done by the conductor, over the
/// newest scene of each node, so two operators who change different parts at the same time both get what they asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SceneEdit {
    /// Effect, palette, parameters, and parts of one zone.
    pub patch: ScenePatch,
    /// The scene's own colours.
    pub colors: Option<[Rgb; 3]>,
    /// The seed.
    pub seed: Option<u32>,
    /// All zones, distinct ids below 4 in rising order, in place of those there are; an empty list switches zones off. What
    /// a zone leaves out it has from the scene.
    pub zones: Option<heapless::Vec<ZonePatch, MAX_ZONES>>,
}

impl From<ScenePatch> for SceneEdit {
    fn from(patch: ScenePatch) -> Self {
        Self { patch, ..Self::default() }
    }
}

impl SceneEdit {
    /// Changes `scene` in place: what is the scene's own, then all zones, then the one zone.
    pub fn apply_to(&self, scene: &mut Scene) {
        ScenePatch { zone: None, ..self.patch }.apply_to(scene);
        scene.colors = self.colors.unwrap_or(scene.colors);
        scene.seed = self.seed.unwrap_or(scene.seed);
        if self.zones.is_some() {
            scene.zones.clear();
        }
        for zone in self.zones.iter().flatten().chain(&self.patch.zone) {
            zone.apply_to(scene);
        }
    }
    /// Whether every zone it names can be.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        if self.patch.zone.is_some_and(|zone| usize::from(zone.id) >= MAX_ZONES) {
            return Err(CommandError::BadValue { field: "zone.id", problem: "must be 0, 1, 2 or 3" });
        }
        check_zone_ids(self.zones.iter().flatten().map(|zone| zone.id))
    }
}

/// Zones are named once each, in rising order.
pub(crate) fn check_zone_ids(ids: impl Iterator<Item = u8> + Clone) -> Result<(), CommandError> {
    let is_rising = ids.clone().is_sorted_by(|a, b| a < b);
    if !is_rising || ids.clone().any(|id| usize::from(id) >= MAX_ZONES) {
        return Err(CommandError::BadValue {
            field: "zones",
            problem: "must have distinct ids 0 to 3 in rising order",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cuelight_wire::ids::EffectId;

    use super::*;

    #[test]
    fn new_zones_have_what_they_leave_out_from_the_scene_as_it_becomes() {
        let mut scene = Scene::default();
        let old = ZonePatch { id: 3, ..ZonePatch::default() };
        SceneEdit::from(ScenePatch { zone: Some(old), ..ScenePatch::default() }).apply_to(&mut scene);
        let zone = ZonePatch { id: 1, from: Some(0), to: Some(9), ..ZonePatch::default() };
        let edit = SceneEdit {
            patch: ScenePatch { effect: Some(EffectId(5)), speed: Some(77), ..ScenePatch::default() },
            seed: Some(9),
            zones: Some(heapless::Vec::from_slice(&[zone]).unwrap()),
            ..SceneEdit::default()
        };
        edit.apply_to(&mut scene);
        let [zone] = scene.zones.as_slice() else { panic!("the zone before is gone: {:?}", scene.zones) };
        assert_eq!((zone.id, zone.effect, zone.speed, zone.brightness), (1, EffectId(5), 77, 255));
        assert_eq!((scene.seed, scene.colors), (9, Scene::default().colors));
    }
}
