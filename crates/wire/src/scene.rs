//! What a show looks like: scenes, zones, layers, and the two levels above them.

use heapless::Vec;
use serde::{Deserialize, Serialize};

use crate::beat::BeatGrid;
use crate::ids::{EffectId, PaletteId, PatternId, Revision};
use crate::limits::{MAX_LAYERS, MAX_ZONES};
use crate::time::{Show, Span, Time};

/// An 8-bit colour, before gamma.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rgb {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
}

impl Rgb {
    /// No light.
    pub const BLACK: Self = Self::new(0, 0, 0);

    /// A colour from its three parts.
    pub const fn new(r: u8, g: u8, b: u8) -> Self {
        Self { r, g, b }
    }
}

/// The parameters every effect has. 0..=255 unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Output level; 255 is full.
    pub brightness: u8,
    /// Rate of the effect's phase; 128 is the effect's natural rate, 0 stands still.
    pub speed: u8,
    /// Rotation of all hues, a full circle in 65,536 steps (deployed packets carry the upper byte).
    pub hue: u16,
    /// Contrast between the effect's figure and its ground; 255 is strongest.
    pub intensity: u8,
    /// Colour saturation; 255 is full colour, 0 white.
    pub saturation: u8,
    /// Amount of structure: more figures, finer detail.
    pub complexity: u8,
    /// Departure from regularity: offsets, sizes, directions.
    pub variation: u8,
}

impl Parameters {
    /// What a hub without saved state starts with.
    pub const DEFAULT: Self =
        Self { brightness: 200, speed: 128, hue: 0, intensity: 200, saturation: 255, complexity: 128, variation: 0 };
}

impl Default for Parameters {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How a zone's colour combines with what lies below it. The numbers are the wire's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum BlendMode {
    /// The zone hides what is below.
    #[default]
    Overwrite = 0,
    /// Sum, limited to full.
    Add = 1,
    /// Product.
    Multiply = 2,
    /// Inverse product of inverses.
    Screen = 3,
    /// The larger of the two, per colour.
    Lighten = 4,
    /// The smaller of the two, per colour.
    Darken = 5,
    /// Half of each.
    Average = 6,
    /// Absolute difference.
    Difference = 7,
}

impl BlendMode {
    /// All modes, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Overwrite,
        Self::Add,
        Self::Multiply,
        Self::Screen,
        Self::Lighten,
        Self::Darken,
        Self::Average,
        Self::Difference,
    ];
    /// The mode with this number on the wire.
    pub fn from_wire(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// A part of the geometry with its own effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// The zone's number, 0..=3; a scene holds each number at most once, in rising order.
    pub id: u8,
    /// Its effect.
    pub effect: EffectId,
    /// Its palette.
    pub palette: PaletteId,
    /// Its level, before the scene's brightness is applied.
    pub brightness: u8,
    /// Its rate, in place of the scene's.
    pub speed: u8,
    /// How it combines with the scene's own effect below it and with lower-numbered zones.
    pub blend: BlendMode,
    /// Its first point, in 256ths of the geometry's pixels.
    pub from: u8,
    /// Its last point, inclusive, in 256ths; a zone with `to < from` covers nothing.
    pub to: u8,
}

/// A pattern that is played (`docs/protocol/85-pattern-files.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatternPlay {
    /// Which.
    pub id: PatternId,
    /// Whether it begins anew after its last frame; else that one stays.
    pub repeats: bool,
    /// When its first frame begins: the applyAt of the change that played it, whatever has changed since.
    pub starts_at: Time<Show>,
}

/// Everything an effect needs, except geometry and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// The effect.
    pub effect: EffectId,
    /// The palette; 0 stands for `colors`, except for effects with a palette of their own (fire, rainbow, ...), which use
    /// that.
    pub palette: PaletteId,
    /// Its parameters.
    pub parameters: Parameters,
    /// The scene's own colours: primary, secondary, tertiary.
    pub colors: [Rgb; 3],
    /// Varies everything random in the scene.
    pub seed: u32,
    /// Zones over the effect, in rising order of id; empty when zones are off.
    pub zones: Vec<Zone, MAX_ZONES>,
    /// What is shown in place of the effect, by nodes that have it; the others show the effect.
    pub pattern: Option<PatternPlay>,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            effect: EffectId(0),
            palette: PaletteId(0),
            parameters: Parameters::DEFAULT,
            colors: [Rgb::new(255, 147, 41), Rgb::new(0, 40, 255), Rgb::new(255, 0, 80)],
            seed: 1,
            zones: Vec::new(),
            pattern: None,
        }
    }
}

/// Where in its cycle an effect is: units of 2^-32 cycle, wrapping.
pub type Phase = u64;

/// A phase moved on by `span` at the rate of `speed`, wrapping (WIRE-13).
///
/// The rate is speed^2 / 2^16 cycles a second: a quarter of a cycle at 128, just under one at 255, none at 0;
/// the square gives slow speeds a fine control. In units of 2^-32 cycle a second that is speed^2 * 2^16.
pub fn advance(phase: Phase, speed: u8, span: Span) -> Phase {
    let rate = i128::from(u32::from(speed) * u32::from(speed)) << 16;
    let moved = (rate * i128::from(span.as_ns())).div_euclid(1_000_000_000);
    phase.wrapping_add(moved as u64)
}

/// One scene on the show's timeline.
///
/// The phase anchor of the layer is (`at`, `phase`); its rate follows from the scene's speed. A change of speed
/// makes a new layer whose `phase` is the old one's at the new `at`, so speed never multiplies absolute time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The change that made the layer.
    pub rev: Revision,
    /// From when it holds.
    pub at: Time<Show>,
    /// Cross-fade from the layers below, milliseconds from `at`; 0 is a cut.
    pub fade_ms: u32,
    /// What it shows.
    pub scene: Scene,
    /// Phase of the scene's effect at `at`.
    pub phase: Phase,
    /// Phases of the scene's zones at `at`, one for each of `scene.zones`; the rest is 0.
    pub zone_phases: [Phase; MAX_ZONES],
}

impl Layer {
    /// The phase of the scene's effect at `t`.
    pub fn phase_at(&self, t: Time<Show>) -> Phase {
        advance(self.phase, self.scene.parameters.speed, t - self.at)
    }
    /// The phases of the scene's zones at `t`.
    pub fn zone_phases_at(&self, t: Time<Show>) -> [Phase; MAX_ZONES] {
        let mut phases = [0; MAX_ZONES];
        for ((phase, zone), at_start) in phases.iter_mut().zip(&self.scene.zones).zip(self.zone_phases) {
            *phase = advance(at_start, zone.speed, t - self.at);
        }
        phases
    }
    /// The layer that follows this one when its scene becomes `scene` at `at`: every effect goes on from the phase it
    /// has then, zones by their ids (WIRE-14).
    pub fn followed_by(&self, rev: Revision, at: Time<Show>, fade_ms: u32, scene: Scene) -> Self {
        let old = self.zone_phases_at(at);
        let mut zone_phases = [0; MAX_ZONES];
        for (phase, zone) in zone_phases.iter_mut().zip(&scene.zones) {
            let before = self.scene.zones.iter().position(|z| z.id == zone.id);
            *phase = before.and_then(|i| old.get(i)).copied().unwrap_or(0);
        }
        Self { rev, at, fade_ms, phase: self.phase_at(at), scene, zone_phases }
    }
}

/// Grand master and blackout from one instant on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Master {
    /// The change that made it.
    pub rev: Revision,
    /// From when it holds.
    pub at: Time<Show>,
    /// Level of everything, 255 is full.
    pub level: u8,
    /// Everything dark, whatever the level.
    pub blackout: bool,
}

impl Master {
    /// Full, from the beginning.
    pub const DEFAULT: Self = Self { rev: Revision(0), at: Time::ZERO, level: 255, blackout: false };
}

/// A beat grid as a numbered change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tempo {
    /// The change that made it.
    pub rev: Revision,
    /// The grid; `grid.at` is the change's applyAt.
    pub grid: BeatGrid,
}

impl Tempo {
    /// The default grid, from the beginning.
    pub const DEFAULT: Self = Self { rev: Revision(0), grid: BeatGrid::DEFAULT };
}

/// Everything one node shows and is about to show. Each list is oldest first and holds what is in force and what is
/// announced; any one copy brings a node up to date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FullState {
    /// Scenes.
    pub layers: Vec<Layer, MAX_LAYERS>,
    /// Beat grids: the one in force and at most one announced.
    pub tempos: Vec<Tempo, 2>,
    /// Masters: the one in force and at most one announced.
    pub masters: Vec<Master, 2>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WIRE-13
    #[test]
    fn a_change_of_speed_is_continuous_in_phase() {
        let slow = Layer {
            rev: Revision(1),
            at: Time::from_us(1_000_000),
            fade_ms: 0,
            scene: Scene::default(),
            phase: 7,
            zone_phases: [0; MAX_ZONES],
        };
        let mut faster = slow.scene.clone();
        faster.parameters.speed = 255;
        let at = Time::from_us(86_400_000_000);
        let fast = slow.followed_by(Revision(2), at, 0, faster);
        assert_eq!(fast.phase_at(at), slow.phase_at(at));
        let ms = Span::from_ms(1);
        // 255^2 * 2^16 / 1000, rounded down.
        assert_eq!(fast.phase_at(at + ms).wrapping_sub(fast.phase_at(at)), 4_261_478);
    }

    /// WIRE-14
    #[test]
    fn a_zone_that_stays_goes_on_and_a_new_one_starts_at_0() {
        let zone = |id, speed| Zone {
            id,
            effect: EffectId(1),
            palette: PaletteId(0),
            brightness: 255,
            speed,
            blend: BlendMode::Add,
            from: 0,
            to: 255,
        };
        let mut scene = Scene { zones: Vec::from_array([zone(0, 128), zone(3, 255)]), ..Scene::default() };
        let old = Layer {
            rev: Revision(1),
            at: Time::ZERO,
            fade_ms: 0,
            scene: scene.clone(),
            phase: 0,
            zone_phases: [10, 20, 0, 0],
        };
        scene.zones = Vec::from_array([zone(1, 128), zone(3, 0)]);
        // 255^2 / 2^16 cycles a second, for 4 s: 255^2 * 2^16 * 4.
        let moved = 65_025 * 65_536 * 4;
        let new = old.followed_by(Revision(2), Time::from_us(4_000_000), 0, scene);
        assert_eq!(new.zone_phases, [0, 20 + moved, 0, 0]);
    }

    /// WIRE-13
    #[test]
    fn at_the_natural_speed_a_cycle_lasts_four_seconds() {
        assert_eq!(advance(5, 128, Span::from_s(4)), 5 + (1 << 32));
        assert_eq!(advance(0, 128, -Span::from_s(4)), (1_u64 << 32).wrapping_neg());
        assert_eq!(advance(9, 0, Span::MAX), 9);
    }
}
