//! What an effect sees, and the few strokes all effects share.

use cuelight_wire::beat::BeatGrid;
use cuelight_wire::scene::Phase;
use cuelight_wire::time::{Show, Time};

use super::EffectInfo;
use crate::color::Rgb16;
use crate::fixed::{FULL, hash, lerp, noise1, scale, widen};
use crate::geometry::{Geometry, Point};
use crate::palettes::Colors;

/// Where the show is in its music.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beat {
    /// Beats since beat 0, in 65,536ths, wrapping; `None` when there is no tempo.
    position: Option<u64>,
    beats_per_bar: u8,
}

impl Beat {
    pub(crate) fn at(grid: &BeatGrid, show: Time<Show>) -> Self {
        let micro = grid.position(show);
        let (beats, rest) = (micro.div_euclid(1_000_000), micro.rem_euclid(1_000_000));
        let position = ((beats as u64) << 16).wrapping_add(((rest as u64) << 16) / 1_000_000);
        Self { position: (grid.bpm_x100 > 0).then_some(position), beats_per_bar: grid.beats_per_bar.max(1) }
    }
}

/// Everything an effect draws from.
pub(crate) struct View<'a> {
    pub(crate) effect: &'static EffectInfo,
    /// The places of the pixels to draw.
    pub(crate) points: &'a [Point],
    pub(crate) phase: Phase,
    pub(crate) beat: Beat,
    pub(crate) intensity: u8,
    pub(crate) complexity: u8,
    pub(crate) variation: u8,
    pub(crate) seed: u32,
    pub(crate) colors: Colors,
}

impl View<'_> {
    /// Draws the effect; `out` is as long as the points.
    pub(crate) fn draw(&self, _geometry: &Geometry, out: &mut [Rgb16]) {
        (self.effect.draw)(self, out);
    }

    /// The place within a cycle that runs `times` times as fast as the phase.
    pub(crate) const fn turn(&self, times: u32) -> u16 {
        (self.phase.wrapping_mul(times as u64) >> 16) as u16
    }
    /// The same with 65,536 steps a cycle and 65,536 cycles before it wraps: a coordinate for noise.
    pub(crate) const fn travel(&self, times: u32) -> u32 {
        (self.phase.wrapping_mul(times as u64) >> 16) as u32
    }
    /// The number of the cycle in which that place lies.
    pub(crate) const fn cycle(&self, times: u32) -> u32 {
        (self.phase.wrapping_mul(times as u64) >> 32) as u32
    }
    /// Beats, in 65,536ths. Without a tempo the beat follows the phase, eight in a cycle, so that beat effects live.
    pub(crate) fn beats(&self) -> u64 {
        self.beat.position.unwrap_or(self.phase.wrapping_mul(8) >> 16)
    }
    /// The number of the bar and the place in it.
    pub(crate) fn bar(&self) -> (u32, u16) {
        let bar = u64::from(self.beat.beats_per_bar) << 16;
        let beats = self.beats();
        ((beats / bar) as u32, ((beats % bar) / u64::from(self.beat.beats_per_bar)) as u16)
    }

    /// How many figures there are, `low` at complexity 0 up to `high` at 255.
    pub(crate) const fn count(&self, low: u32, high: u32) -> u32 {
        low + (self.complexity as u32 * (high - low) + 127) / 255
    }
    /// A length that complexity makes finer: from `coarse` at 0 to `fine` at 255.
    pub(crate) const fn grain(&self, coarse: u16, fine: u16) -> u16 {
        lerp(coarse, fine, widen(self.complexity))
    }
    /// The least level: what the ground keeps. Nothing at full intensity, three quarters at none.
    pub(crate) const fn ground(&self) -> u16 {
        let missing = 255 - self.intensity as u16;
        missing * 192
    }
    /// A level of the figure, lifted to the ground.
    pub(crate) const fn lit(&self, level: u16) -> u16 {
        lerp(self.ground(), FULL, level)
    }
    /// The colour at `index` of the palette's circle, as bright as a figure's `level` over the ground.
    pub(crate) fn shade(&self, index: u16, level: u16) -> Rgb16 {
        self.colors.round(index).scaled(self.lit(level))
    }
    /// A random offset for figure `key`, -32,767..=32,767 at full variation, 0 at none.
    pub(crate) fn stray(&self, key: u32) -> i32 {
        let random = (hash(self.seed, key, 0x57) >> 16) as i32 - 32_768;
        random * i32::from(self.variation) / 256
    }
    /// A random level for figure `key`: full at variation 0, anything at 255.
    pub(crate) fn uneven(&self, key: u32) -> u16 {
        let random = (hash(self.seed, key, 0x11) >> 16) as u16;
        FULL - scale(random, widen(self.variation))
    }
    /// A position that is moved to and fro by slow noise, up to a quarter of the figure at full variation.
    pub(crate) fn bent(&self, position: u16) -> u16 {
        if self.variation == 0 {
            return position;
        }
        let noise = i32::from(noise1(self.seed ^ 0xbe, u32::from(position) * 3 + self.travel(1))) - 32_768;
        position.wrapping_add((noise * i32::from(self.variation) / 512) as u16)
    }
}
