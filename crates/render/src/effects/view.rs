//! What an effect sees, and the few strokes all effects share.

use cuelight_wire::beat::BeatGrid;
use cuelight_wire::scene::Phase;
use cuelight_wire::time::{Show, Time};

use crate::color::Rgb16;
use crate::fixed::{FULL, ease, hash, lerp, noise1, scale, widen};
use crate::geometry::Point;
use crate::palettes::Colors;

/// Where the show is in its music.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beat {
    /// Beats since beat 0, in 65,536ths; `None` when there is no tempo. Millionths fill 64 bits, so these do not.
    position: Option<i64>,
    beats_per_bar: u8,
}

impl Beat {
    pub(crate) fn at(grid: &BeatGrid, show: Time<Show>) -> Self {
        let micro = grid.position(show);
        let (beats, rest) = (micro.div_euclid(1_000_000), micro.rem_euclid(1_000_000));
        let position = (beats << 16) + (rest << 16) / 1_000_000;
        Self { position: (grid.bpm_x100 > 0).then_some(position), beats_per_bar: grid.beats_per_bar.max(1) }
    }
}

/// The kinds of figure that effects tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A strip, or a part of a strip or ring.
    Line,
    /// A whole ring.
    Circle,
    /// A matrix, or a part of one.
    Plane,
}

/// Everything an effect draws from.
pub(crate) struct View<'a> {
    /// The places of the pixels to draw.
    pub(crate) points: &'a [Point],
    pub(crate) shape: Shape,
    /// The distance of neighbouring pixels along the figure.
    pub(crate) pitch: u16,
    pub(crate) phase: Phase,
    pub(crate) beat: Beat,
    pub(crate) intensity: u8,
    pub(crate) complexity: u8,
    pub(crate) variation: u8,
    pub(crate) seed: u32,
    pub(crate) colors: Colors,
}

impl View<'_> {
    /// Sets every pixel to what `color` gives for its number and place.
    pub(crate) fn paint(&self, out: &mut [Rgb16], mut color: impl FnMut(u32, &Point) -> Rgb16) {
        for (i, (pixel, point)) in (0..).zip(out.iter_mut().zip(self.points)) {
            *pixel = color(i, point);
        }
    }

    /// The place within a cycle that runs `times` times as fast as the phase.
    pub(crate) const fn turn(&self, times: u32) -> u16 {
        (self.phase.wrapping_mul(times as u64) >> 16) as u16
    }
    /// The same with 65,536 steps a cycle and 65,536 cycles before it wraps: a coordinate for noise.
    pub(crate) const fn travel(&self, times: u32) -> u32 {
        (self.phase.wrapping_mul(times as u64) >> 16) as u32
    }
    /// As [`View::travel`], `times_256` / 256 times as fast as the phase: for figures each with a pace of its own.
    pub(crate) const fn travel_256(&self, times_256: u32) -> u32 {
        (self.phase.wrapping_mul(times_256 as u64) >> 24) as u32
    }
    /// Beats, in 65,536ths. Without a tempo the beat follows the phase, eight in a cycle, so that beat effects live.
    pub(crate) fn beats(&self) -> i64 {
        self.beat.position.unwrap_or((self.phase.wrapping_mul(8) >> 16) as i64)
    }
    /// The number of the beat and the place in it.
    pub(crate) fn beat(&self) -> (u32, u16) {
        let beats = self.beats();
        ((beats >> 16) as u32, beats as u16)
    }
    /// The number of the bar and the place in it.
    pub(crate) fn bar(&self) -> (u32, u16) {
        let per_bar = i64::from(self.beat.beats_per_bar);
        let (beats, bar) = (self.beats(), per_bar << 16);
        (beats.div_euclid(bar) as u32, (beats.rem_euclid(bar) / per_bar) as u16)
    }
    /// Whether the beat is the first of its bar.
    pub(crate) fn is_downbeat(&self) -> bool {
        (self.beats() >> 16).rem_euclid(i64::from(self.beat.beats_per_bar)) == 0
    }

    /// How many figures there are, `low` at complexity 0 up to `high` at 255.
    pub(crate) const fn count(&self, low: u32, high: u32) -> u32 {
        low + (self.complexity as u32 * (high - low) + 127) / 255
    }
    /// A length that complexity makes finer: from `coarse` at 0 to `fine` at 255.
    pub(crate) const fn grain(&self, coarse: u16, fine: u16) -> u16 {
        lerp(coarse, fine, widen(self.complexity))
    }
    /// A figure that reaches `radius` to either side, or one pixel if that is more, so that it never slips between two.
    pub(crate) fn bump(&self, radius: u16) -> Bump {
        Bump::new(radius.max(self.pitch))
    }
    /// Where a point lies on the way along which flames, drops and balls move: up from the bottom of a plane, along a
    /// line, both ways round a circle from its first pixel.
    pub(crate) const fn height(&self, point: &Point) -> u16 {
        match self.shape {
            Shape::Plane => FULL - point.y,
            Shape::Line => point.along,
            Shape::Circle => point.reach,
        }
    }
    /// The distance of a point from (x, y), as a part of the figure; on a line or circle only x counts. On a plane two
    /// straight lines stand for the square root, at most 1.3 % off.
    pub(crate) fn distance(&self, point: &Point, x: u16, y: u16) -> u16 {
        let dx = point.along.abs_diff(x);
        match self.shape {
            Shape::Line => dx,
            Shape::Circle => dx.min(dx.wrapping_neg()),
            Shape::Plane => {
                let (dx, dy) = (u32::from(dx), u32::from(point.y.abs_diff(y)));
                let (large, small) = (dx.max(dy), dx.min(dy));
                let flat = large + small * 5 / 32;
                let steep = large * 27 / 32 + small * 71 / 128;
                flat.max(steep).min(u32::from(FULL)) as u16
            }
        }
    }

    /// The least level: what the ground keeps. Nothing at full intensity, three quarters at none.
    pub(crate) const fn ground(&self) -> u16 {
        (255 - self.intensity as u16) * 192
    }
    /// A level of the figure, lifted to the ground.
    pub(crate) const fn lit(&self, level: u16) -> u16 {
        lerp(self.ground(), FULL, level)
    }
    /// The colour at `index` of the palette's circle, as bright as a figure's `level` over the ground.
    pub(crate) fn shade(&self, index: u16, level: u16) -> Rgb16 {
        self.colors.round(index).scaled(self.lit(level))
    }
    /// A random offset for figure `key`, up to half a cycle either way at full variation, 0 at none.
    pub(crate) fn stray(&self, key: u32) -> i32 {
        let random = (hash(self.seed, key, 0x57) >> 16) as i32 - 32_768;
        random * i32::from(self.variation) / 256
    }
    /// [`View::stray`] for a position or index, wrapping.
    pub(crate) fn strayed(&self, position: u16, key: u32) -> u16 {
        position.wrapping_add(self.stray(key) as u16)
    }
    /// A random level for figure `key`: full at variation 0, anything at 255.
    pub(crate) fn uneven(&self, key: u32) -> u16 {
        FULL - scale((hash(self.seed, key, 0x11) >> 16) as u16, widen(self.variation))
    }
    /// How far slow noise moves the place `at`, by up to a quarter of the figure either way at full variation.
    fn bend(&self, at: u16) -> i32 {
        if self.variation == 0 {
            return 0;
        }
        let noise = noise1(self.seed ^ 0xbe, (u32::from(at) * 4).wrapping_add(self.travel(1)));
        (i32::from(noise) - 32_768) * i32::from(self.variation) / 512
    }
    /// The place along the figure, bent, for patterns that repeat: it wraps at the ends.
    pub(crate) fn bent(&self, point: &Point) -> u16 {
        // A circle's noise goes there and back, so that it closes.
        let at = if matches!(self.shape, Shape::Circle) { point.reach } else { point.along };
        point.along.wrapping_add(self.bend(at) as u16)
    }
    /// A place on an open way, bent, that stays between its ends.
    pub(crate) fn bent_within(&self, place: u16) -> u16 {
        (i32::from(place) + self.bend(place)).clamp(0, i32::from(FULL)) as u16
    }
}

/// A soft spot: full in its middle, nothing at its radius.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bump {
    radius: u16,
    /// 65,535 / radius in 2^-16.
    factor: u32,
}

impl Bump {
    pub(crate) const fn new(radius: u16) -> Self {
        let radius = if radius == 0 { 1 } else { radius };
        Self { radius, factor: (65_535 << 16) / radius as u32 }
    }
    /// The level at a distance, along a straight slope.
    pub(crate) const fn cone(&self, distance: u16) -> u16 {
        if distance >= self.radius {
            return 0;
        }
        // distance < radius, so the product is below 65,535 * 2^16.
        FULL - ((distance as u32 * self.factor) >> 16) as u16
    }
    /// The level at a distance, along a smooth slope.
    pub(crate) fn level(&self, distance: u16) -> u16 {
        ease(self.cone(distance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bump_is_full_in_its_middle_and_ends_at_its_radius() {
        for radius in [1, 2, 100, 0x8000, FULL] {
            let bump = Bump::new(radius);
            assert_eq!((bump.level(0), bump.level(radius), bump.level(FULL)), (FULL, 0, 0), "radius {radius}");
        }
        assert_eq!(Bump::new(1_000).cone(500), 32_768);
    }

    #[test]
    fn distances_on_a_plane_are_right_to_a_seventieth() {
        let view = View {
            points: &[],
            shape: Shape::Plane,
            pitch: 0,
            phase: 0,
            beat: Beat::at(&BeatGrid::DEFAULT, Time::ZERO),
            intensity: 0,
            complexity: 0,
            variation: 0,
            seed: 0,
            colors: Colors::new(crate::palettes::RAINBOW, Default::default(), 0, 0),
        };
        for x in (0..40_000).step_by(997) {
            for y in (0..40_000).step_by(991) {
                let exact = f64::from(x).hypot(f64::from(y));
                let point = Point { along: x, x, y, angle: 0, reach: 0 };
                let off = (f64::from(view.distance(&point, 0, 0)) - exact).abs();
                assert!(off <= exact / 70.0 + 2.0, "({x}, {y}) is {off} off");
            }
        }
    }

    #[test]
    fn beats_and_bars_before_beat_zero_count_on() {
        let grid = BeatGrid { beats_per_bar: 3, ..BeatGrid::DEFAULT };
        for beat in [-1_000_i64, -4, -1, 0, 1, 5] {
            let at = Beat::at(&grid, Time::from_us(beat * 500_000 + 125_000));
            let position = at.position.unwrap();
            assert_eq!((position >> 16) as u32, beat as u32);
            assert_eq!(position as u16, 0x4000);
        }
    }
}
