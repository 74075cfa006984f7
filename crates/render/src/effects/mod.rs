//! The effects: each a pure function of phase, beat, scene, geometry and seed, one a file.
//!
//! An effect's number never changes its meaning (RENDER-8). An unknown number is shown as `solid`, so that a show made with
//! a newer version is never dark. Every effect moves, and every parameter does something visible in it (RENDER-3):
//! brightness, hue and saturation act on its colours; speed is the rate of its phase; intensity, complexity and variation
//! are what the effect's own file says.

mod solid;
mod view;

use cuelight_wire::ids::{EffectId, PaletteId};

use crate::color::Rgb16;
use crate::palettes;
pub(crate) use view::{Beat, View};

/// One effect.
#[derive(Clone, Copy, Debug)]
pub struct EffectInfo {
    /// Its number, below 256; never changes its meaning.
    pub id: EffectId,
    /// Its name, in lower case with hyphens.
    pub name: &'static str,
    /// What it looks like.
    pub description: &'static str,
    /// Whether it follows the beat grid rather than the speed.
    pub beat_driven: bool,
    /// The palette it shows when the scene's is 0; 0 means the scene's own colours.
    pub palette: PaletteId,
    draw: fn(&View<'_>, &mut [Rgb16]),
}

impl EffectInfo {
    /// The palette to draw with when the scene or zone says `palette`.
    pub(crate) const fn palette_for(&self, palette: u16) -> PaletteId {
        if palette == palettes::COLORS.0 { self.palette } else { PaletteId(palette) }
    }
}

/// The effect with this number.
pub fn by_id(id: EffectId) -> Option<&'static EffectInfo> {
    ALL.iter().find(|effect| effect.id == id)
}

/// The effect with this name.
pub fn by_name(name: &str) -> Option<&'static EffectInfo> {
    ALL.iter().find(|effect| effect.name == name)
}

/// The effect that is shown for this number.
pub(crate) fn by_id_or_solid(id: u16) -> &'static EffectInfo {
    by_id(EffectId(id)).unwrap_or(&ALL[0])
}

/// All effects, in the order of their numbers.
pub const ALL: &[EffectInfo] = &[EffectInfo {
    id: EffectId(0),
    name: "solid",
    description: "One colour over all, with a faint shimmer",
    beat_driven: false,
    palette: palettes::COLORS,
    draw: solid::draw,
}];
