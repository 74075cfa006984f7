//! What a deployed hub's packets and messages change (`NODE-35`).
//!
//! A deployed hub repeats: the same change with the same applyAt within its lead, the whole state with ever new applyAts
//! afterwards, everything once more on the control plane. Only what differs from what the node was told last becomes a
//! change, so that a hundred refreshes a second do not fill the schedule.

use cuelight_wire::beat::BeatGrid;
use cuelight_wire::change::{Change, ScenePatch, ZonePatch};
use cuelight_wire::control::{ParametersSet, SetEffect, Snapshot, ZoneState, ZoneUpdate};
use cuelight_wire::ids::{EffectId, PaletteId, Revision};
use cuelight_wire::limits::MAX_ZONES;
use cuelight_wire::scene::{BlendMode, Layer, Parameters, Scene, Tempo, Zone};
use cuelight_wire::stream::payload::{BeatTick, ParamDelta, SceneChange};
use cuelight_wire::time::{Show, Time};
use heapless::{Deque, Vec};

/// Changes remembered with their applyAt, to know a repeat that overtakes its successor. More than the 25 ticks of the
/// longest lead (250 ms) hold no more distinct changes than a person makes in that time.
const REMEMBERED: usize = 16;
/// A beat phase this close to the grid's is the grid's, in 256ths of a beat: twice what rounding to 256ths and the
/// hundredths of a tempo make.
const PHASE_TOLERANCE: u8 = 4;

/// What a deployed hub has told so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Deployed {
    /// The scene in the order of applyAt, as far as it is known.
    global: ScenePatch,
    zones: [ZonePatch; MAX_ZONES],
    newest_at: Option<Time<Show>>,
    /// Full: the oldest is forgotten.
    recent: Deque<(Time<Show>, ScenePatch), REMEMBERED>,
    grid: Option<BeatGrid>,
    /// Deployed hubs do not number their changes; whole layers and grids are numbered here, from 1.
    revision: u32,
}

impl Deployed {
    /// Nothing is known any more: whatever comes is new.
    pub(super) fn forget(&mut self) {
        *self = Self { revision: self.revision, ..Self::default() };
    }

    /// `patch` is announced for `at`: the change, unless it is a repeat, changes nothing, or names a zone beyond the fourth.
    pub(super) fn on_patch(&mut self, at: Time<Show>, patch: ScenePatch) -> Option<Change> {
        let is_possible = patch.zone.is_none_or(|zone| usize::from(zone.id) < MAX_ZONES);
        if !is_possible || self.recent.iter().any(|told| *told == (at, patch)) {
            return None;
        }
        let is_in_order = self.newest_at.is_none_or(|newest| at >= newest);
        if is_in_order && self.is_known(&patch) {
            return None;
        }
        if self.recent.is_full() {
            self.recent.pop_front();
        }
        // There is room: one was just removed if there was none.
        let _ = self.recent.push_back((at, patch));
        self.learn(&patch, is_in_order);
        self.newest_at = self.newest_at.max(Some(at));
        Some(Change::Patch { at, patch })
    }

    /// A snapshot: the whole scene as one layer, unless it is what is known already.
    pub(super) fn on_snapshot(&mut self, snapshot: &Snapshot) -> Option<Change> {
        let at = Time::from_us(snapshot.apply_at_us);
        let scene = scene_of(snapshot);
        let (global, zones) = known_from(&scene);
        if self.newest_at.is_some() && self.global == global && self.zones == zones {
            return None;
        }
        (self.global, self.zones, self.newest_at) = (global, zones, self.newest_at.max(Some(at)));
        let rev = self.next_revision();
        Some(Change::Layer(Layer { rev, at, fade_ms: 0, scene, phase: 0, zone_phases: [0; MAX_ZONES] }))
    }

    /// A beat tick whose phase holds at `at`: a new grid, unless the known one says the same.
    pub(super) fn on_beat(&mut self, at: Time<Show>, tick: BeatTick) -> Option<Change> {
        if self.grid.is_some_and(|grid| agrees(&grid, at, tick)) {
            return None;
        }
        let mut grid = self.grid.unwrap_or(BeatGrid::DEFAULT);
        grid = BeatGrid { at, micro_beats: position_near(&grid, at, tick), bpm_x100: tick.bpm_x100, ..grid };
        self.grid = Some(grid);
        Some(Change::Tempo(Tempo { rev: self.next_revision(), grid }))
    }

    fn next_revision(&mut self) -> Revision {
        self.revision = self.revision.saturating_add(1);
        Revision(self.revision)
    }

    fn is_known(&self, patch: &ScenePatch) -> bool {
        let g = &self.global;
        let global = says(g.effect, patch.effect)
            && says(g.palette, patch.palette)
            && says(g.brightness, patch.brightness)
            && says(g.speed, patch.speed)
            && says(g.hue, patch.hue)
            && says(g.intensity, patch.intensity)
            && says(g.saturation, patch.saturation)
            && says(g.complexity, patch.complexity)
            && says(g.variation, patch.variation);
        global && patch.zone.is_none_or(|zone| self.is_zone_known(&zone))
    }

    fn is_zone_known(&self, zone: &ZonePatch) -> bool {
        self.zones.get(usize::from(zone.id)).is_some_and(|z| {
            says(z.effect, zone.effect)
                && says(z.palette, zone.palette)
                && says(z.brightness, zone.brightness)
                && says(z.speed, zone.speed)
                && says(z.blend, zone.blend)
        })
    }

    /// A change in order is known from now on. One that comes after a change of a later applyAt leaves open which of
    /// them decides: what it touches is unknown until told again.
    fn learn(&mut self, patch: &ScenePatch, is_in_order: bool) {
        let g = &mut self.global;
        note(&mut g.effect, patch.effect, is_in_order);
        note(&mut g.palette, patch.palette, is_in_order);
        note(&mut g.brightness, patch.brightness, is_in_order);
        note(&mut g.speed, patch.speed, is_in_order);
        note(&mut g.hue, patch.hue, is_in_order);
        note(&mut g.intensity, patch.intensity, is_in_order);
        note(&mut g.saturation, patch.saturation, is_in_order);
        note(&mut g.complexity, patch.complexity, is_in_order);
        note(&mut g.variation, patch.variation, is_in_order);
        let Some(zone) = patch.zone else { return };
        let Some(z) = self.zones.get_mut(usize::from(zone.id)) else { return };
        note(&mut z.effect, zone.effect, is_in_order);
        note(&mut z.palette, zone.palette, is_in_order);
        note(&mut z.brightness, zone.brightness, is_in_order);
        note(&mut z.speed, zone.speed, is_in_order);
        note(&mut z.blend, zone.blend, is_in_order);
    }
}

fn says<T: PartialEq>(known: Option<T>, told: Option<T>) -> bool {
    told.is_none() || known == told
}

fn note<T>(known: &mut Option<T>, told: Option<T>, is_in_order: bool) {
    if told.is_some() {
        *known = if is_in_order { told } else { None };
    }
}

fn agrees(grid: &BeatGrid, at: Time<Show>, tick: BeatTick) -> bool {
    let off = grid.phase(at).wrapping_sub(tick.phase);
    let is_close = off.min(off.wrapping_neg()) <= PHASE_TOLERANCE;
    // Next to the edge of a beat, rounding decides which beat it is.
    let is_edge = tick.phase.min(tick.phase.wrapping_neg()) <= PHASE_TOLERANCE;
    grid.bpm_x100 == tick.bpm_x100 && is_close && (is_edge || grid.is_downbeat(at) == tick.downbeat)
}

/// The position with the tick's phase and downbeat that is nearest to where `grid` is at `at`.
fn position_near(grid: &BeatGrid, at: Time<Show>, tick: BeatTick) -> i64 {
    const BEAT: i64 = 1_000_000;
    let phase = i64::from(tick.phase) * BEAT / 256;
    let bar = i64::from(grid.beats_per_bar.max(1));
    // Half a beat on, rounding down is rounding to the nearest.
    let mut beat = (grid.position(at).saturating_sub(phase).saturating_add(BEAT / 2)).div_euclid(BEAT);
    let in_bar = beat.rem_euclid(bar);
    if tick.downbeat {
        beat = if in_bar > bar / 2 { beat + bar - in_bar } else { beat - in_bar };
    } else if in_bar == 0 && bar > 1 {
        beat += 1;
    }
    beat.saturating_mul(BEAT).saturating_add(phase)
}

fn scene_of(snapshot: &Snapshot) -> Scene {
    let g = &snapshot.global;
    let parameters = Parameters {
        brightness: g.brightness,
        speed: g.speed,
        hue: u16::from(g.hue) << 8,
        intensity: g.intensity,
        saturation: g.saturation,
        complexity: g.complexity,
        variation: g.variation,
    };
    let mut scene = Scene {
        effect: EffectId(u16::from(g.effect_id)),
        palette: PaletteId(u16::from(g.palette_id)),
        parameters,
        ..Scene::default()
    };
    if snapshot.zones_enabled {
        // A zone told twice is as told last; zone numbers beyond the fourth are passed over.
        scene.zones = (0..MAX_ZONES as u8)
            .filter_map(|id| snapshot.zones.iter().rfind(|zone| zone.zone_id == id).map(zone_of))
            .collect::<Vec<Zone, MAX_ZONES>>();
    }
    scene
}

fn zone_of(zone: &ZoneState) -> Zone {
    const QUARTER: u8 = (256 / MAX_ZONES) as u8;
    Zone {
        id: zone.zone_id,
        effect: EffectId(u16::from(zone.effect_id)),
        palette: PaletteId(u16::from(zone.palette_id)),
        brightness: zone.brightness,
        speed: zone.speed,
        blend: BlendMode::from_wire(zone.blend_mode).unwrap_or_default(),
        from: zone.zone_id * QUARTER,
        to: zone.zone_id * QUARTER + (QUARTER - 1),
    }
}

fn known_from(scene: &Scene) -> (ScenePatch, [ZonePatch; MAX_ZONES]) {
    let p = &scene.parameters;
    let global = ScenePatch {
        effect: Some(scene.effect),
        palette: Some(scene.palette),
        brightness: Some(p.brightness),
        speed: Some(p.speed),
        hue: Some(p.hue),
        intensity: Some(p.intensity),
        saturation: Some(p.saturation),
        complexity: Some(p.complexity),
        variation: Some(p.variation),
        zone: None,
    };
    let mut zones = [ZonePatch::default(); MAX_ZONES];
    for zone in &scene.zones {
        if let Some(known) = zones.get_mut(usize::from(zone.id)) {
            known.effect = Some(zone.effect);
            known.palette = Some(zone.palette);
            known.brightness = Some(zone.brightness);
            known.speed = Some(zone.speed);
            known.blend = Some(zone.blend);
        }
    }
    (global, zones)
}

/// What a PARAM_DELTA changes.
pub(super) fn of_param_delta(delta: &ParamDelta) -> ScenePatch {
    ScenePatch {
        effect: Some(delta.effect),
        palette: Some(delta.palette),
        brightness: Some(delta.brightness),
        speed: Some(delta.speed),
        hue: Some(delta.hue),
        ..ScenePatch::default()
    }
}

/// What a SCENE_CHANGE changes.
pub(super) fn of_scene_change(change: &SceneChange) -> ScenePatch {
    ScenePatch { effect: Some(change.effect), palette: Some(change.palette), ..ScenePatch::default() }
}

/// What an `effects.setCurrent` changes.
pub(super) fn of_set_effect(set: &SetEffect) -> ScenePatch {
    ScenePatch { effect: Some(EffectId(u16::from(set.effect_id))), ..ScenePatch::default() }
}

/// What a `parameters.set` changes.
pub(super) fn of_parameters(set: &ParametersSet) -> ScenePatch {
    ScenePatch {
        effect: None,
        palette: set.palette_id.map(|id| PaletteId(u16::from(id))),
        brightness: set.brightness,
        speed: set.speed,
        hue: set.hue.map(|hue| u16::from(hue) << 8),
        intensity: set.intensity,
        saturation: set.saturation,
        complexity: set.complexity,
        variation: set.variation,
        zone: None,
    }
}

/// What a `zones.update` changes.
pub(super) fn of_zone(update: &ZoneUpdate) -> ScenePatch {
    let zone = ZonePatch {
        id: update.zone_id,
        effect: update.effect_id.map(|id| EffectId(u16::from(id))),
        palette: update.palette_id.map(|id| PaletteId(u16::from(id))),
        brightness: update.brightness,
        speed: update.speed,
        blend: update.blend_mode.and_then(BlendMode::from_wire),
        from: None,
        to: None,
    };
    ScenePatch { zone: Some(zone), ..ScenePatch::default() }
}
