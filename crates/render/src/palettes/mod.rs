//! Palettes: the colours an effect draws from, by number or name.
//!
//! A palette's number never changes its meaning (RENDER-8). An unknown number is shown as the rainbow, so that a show made
//! with a newer version is never dark. Hue and saturation of the scene are applied here, once for each of 256 colours.

mod table;

use cuelight_wire::ids::PaletteId;
use cuelight_wire::scene::Rgb;

use crate::color::Rgb16;
use crate::fixed::triangle;
pub use table::ALL;

/// The palette that stands for the scene's own colours, unless an effect brings its own (see
/// [`EffectInfo::palette`](crate::effects::EffectInfo::palette)).
pub const COLORS: PaletteId = PaletteId(0);
/// The palette that stands in for unknown ones.
pub const RAINBOW: PaletteId = PaletteId(1);
/// The scene's own colours, for every effect.
pub const SCENE_COLORS: PaletteId = PaletteId(2);

/// One palette.
#[derive(Clone, Copy, Debug)]
pub struct PaletteInfo {
    /// Its number, below 256; never changes its meaning.
    pub id: PaletteId,
    /// Its name, in lower case with hyphens.
    pub name: &'static str,
    /// What it looks like.
    pub description: &'static str,
    /// Whether its end meets its beginning. Palettes that do not are run through there and back.
    pub closed: bool,
    /// Colours at positions 0..=255, rising, the first at 0 and the last at 255. Empty: the scene's three colours.
    stops: &'static [(u8, Rgb)],
}

/// The palette with this number.
pub fn by_id(id: PaletteId) -> Option<&'static PaletteInfo> {
    ALL.iter().find(|palette| palette.id == id)
}

/// The palette with this name.
pub fn by_name(name: &str) -> Option<&'static PaletteInfo> {
    ALL.iter().find(|palette| palette.name == name)
}

/// The colour at `index` / 65,536 of the palette's circle: a closed palette once round, an open one there and back.
/// `colors` are the scene's own, for the palettes that stand for them.
pub fn sample(palette: &PaletteInfo, index: u16, colors: [Rgb; 3]) -> Rgb16 {
    palette.at(if palette.closed { index } else { triangle(index) }, colors)
}

impl PaletteInfo {
    /// Whether its colours are the scene's own three.
    pub fn takes_own_colors(&self) -> bool {
        self.stops.is_empty()
    }

    /// The colour at `position` between the first stop (0) and the last (65,535).
    fn at(&self, position: u16, colors: [Rgb; 3]) -> Rgb16 {
        let [a, b, c] = colors;
        let own = [(0, a), (85, b), (170, c), (255, a)];
        let stops = if self.stops.is_empty() { &own } else { self.stops };
        // Positions are 257ths of 65,535.
        let above = stops.iter().position(|(stop, _)| u32::from(*stop) * 257 >= u32::from(position));
        let above = above.unwrap_or(stops.len() - 1);
        let (high, high_color) = stops[above];
        let (low, low_color) = stops[above.saturating_sub(1)];
        let width = u32::from(high - low) * 257;
        let rest = u32::from(position) - u32::from(low.min(high)) * 257;
        let t = (rest * 65_535).checked_div(width).unwrap_or(0);
        Rgb16::from_rgb(low_color).toward(Rgb16::from_rgb(high_color), t as u16)
    }
}

/// A palette with the scene's hue and saturation, ready to be sampled for every pixel.
#[derive(Clone, Debug)]
pub(crate) struct Colors {
    /// The circle at every 256th index; the last closes it.
    circle: [Rgb16; 257],
    closed: bool,
}

impl Colors {
    pub(crate) fn new(palette: PaletteId, colors: [Rgb; 3], hue: u16, saturation: u8) -> Self {
        let palette = by_id(palette).or_else(|| by_id(RAINBOW)).expect("the rainbow is a palette");
        let mut circle = [Rgb16::BLACK; 257];
        for (i, color) in (0_u16..).zip(&mut circle[..256]) {
            *color = sample(palette, i << 8, colors).with_hue_moved(hue).with_saturation(saturation);
        }
        circle[256] = circle[0];
        Self { circle, closed: palette.closed }
    }

    /// The colour at `index` / 65,536 of the circle.
    pub(crate) fn round(&self, index: u16) -> Rgb16 {
        let step = usize::from(index >> 8);
        self.circle[step].toward(self.circle[step + 1], (index & 0xff) * 257)
    }

    /// The colour from the palette's first (0) to its last (65,535).
    pub(crate) fn ramp(&self, level: u16) -> Rgb16 {
        self.round(if self.closed { level } else { level >> 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [Rgb; 3] = [Rgb::new(200, 0, 0), Rgb::new(0, 100, 0), Rgb::new(0, 0, 50)];

    #[test]
    fn palettes_are_numbered_in_order_and_well_formed() {
        // RENDER-8.
        assert!(ALL.len() >= 28);
        for (i, palette) in (0..).zip(ALL) {
            assert_eq!(palette.id, PaletteId(i));
            assert!(core::ptr::eq(by_name(palette.name).expect("it has this name"), palette), "{} twice", palette.name);
            let Some(((first, first_color), (last, last_color))) = palette.stops.first().zip(palette.stops.last())
            else {
                continue;
            };
            assert_eq!((*first, *last), (0, 255), "{}", palette.name);
            assert!(palette.stops.windows(2).all(|pair| pair[0].0 < pair[1].0), "{}", palette.name);
            assert!(!palette.closed || first_color == last_color, "{} does not close", palette.name);
        }
        assert_eq!(by_id(RAINBOW).map(|p| p.name), Some("rainbow"));
        assert_eq!(by_id(SCENE_COLORS).map(|p| p.name), Some("scene-colors"));
    }

    #[test]
    fn the_scenes_own_colours_lie_at_thirds_of_the_circle() {
        let palette = by_id(SCENE_COLORS).expect("it exists");
        for (i, color) in (0_u16..).zip(OWN) {
            assert_eq!(sample(palette, i * 85 * 257, OWN), Rgb16::from_rgb(color));
        }
    }

    #[test]
    fn every_palette_runs_round_without_a_jump() {
        for palette in ALL {
            let colors = Colors::new(palette.id, OWN, 0, 255);
            for index in (0..=u16::MAX).step_by(64) {
                let (a, b) = (colors.round(index), colors.round(index.wrapping_add(64)));
                let jump = a.r.abs_diff(b.r).max(a.g.abs_diff(b.g)).max(a.b.abs_diff(b.b));
                // The steepest palette goes from one primary to the other in 8 of 255.
                assert!(jump < 2_100, "{} jumps by {jump} at {index}", palette.name);
            }
        }
    }

    #[test]
    fn a_ramp_goes_from_the_first_colour_to_the_last() {
        let grey = Colors::new(by_name("grey").expect("it exists").id, OWN, 0, 255);
        assert_eq!(grey.ramp(0), Rgb16::BLACK);
        assert!(grey.ramp(65_535).r > 65_000);
        assert!(grey.ramp(0x8000).r.abs_diff(0x8000) < 300);
    }
}
