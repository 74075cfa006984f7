//! The effects: each a pure function of phase, beat, scene, geometry and seed, one a file.
//!
//! An effect's number never changes its meaning (RENDER-8). An unknown number is shown as `solid`, so that a show made with
//! a newer version is never dark. Every effect moves, and every parameter does something visible in it (RENDER-3):
//! brightness, hue and saturation act on its colours; speed is the rate of its phase; intensity, complexity and variation
//! are what the effect's own file says.

mod aurora;
mod bar_sweep;
mod beat_chase;
mod beat_color;
mod beat_pulse;
mod beat_ripple;
mod beat_strobe;
mod bouncing_balls;
mod breathe;
mod candle;
mod chase;
mod checker;
mod color_wipe;
mod comet;
mod confetti;
mod fire;
mod fireflies;
mod fireworks;
mod gradient;
mod juggle;
mod lava;
mod lightning;
mod meteor;
mod noise;
mod ocean;
mod plasma;
mod police;
mod pulse;
mod rain;
mod rainbow;
mod ripple;
mod scanner;
mod solid;
mod sparkle;
mod spiral;
mod stripes;
mod strobe;
mod theater_chase;
mod twinkle;
mod view;
mod wave;

use cuelight_wire::ids::{EffectId, PaletteId};

use crate::color::Rgb16;
use crate::palettes;
pub(crate) use view::{Beat, Shape, View};

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
    pub(crate) fn palette_for(&self, palette: PaletteId) -> PaletteId {
        if palette == palettes::COLORS { self.palette } else { palette }
    }
    /// Draws the effect; `out` is as long as the view's points.
    pub(crate) fn draw(&self, view: &View<'_>, out: &mut [Rgb16]) {
        (self.draw)(view, out);
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
pub(crate) fn by_id_or_solid(id: EffectId) -> &'static EffectInfo {
    by_id(id).unwrap_or(&ALL[0])
}

const fn effect(
    id: u16,
    name: &'static str,
    description: &'static str,
    beat_driven: bool,
    palette: u16,
    draw: fn(&View<'_>, &mut [Rgb16]),
) -> EffectInfo {
    EffectInfo { id: EffectId(id), name, description, beat_driven, palette: PaletteId(palette), draw }
}

const BEAT: bool = true;
const FREE: bool = false;

/// All effects, in the order of their numbers. Append only: a number, once given, keeps its meaning.
pub static ALL: &[EffectInfo] = &[
    effect(0, "solid", "One colour over all, with a faint shimmer", FREE, 0, solid::draw),
    effect(1, "rainbow", "All hues, moving along the figure", FREE, 1, rainbow::draw),
    effect(2, "chase", "Blocks of light that run one after the other", FREE, 0, chase::draw),
    effect(3, "comet", "Bright heads with long fading tails", FREE, 0, comet::draw),
    effect(
        4,
        "fire",
        "Flames that rise from the beginning of the figure, or from the bottom of a matrix",
        FREE,
        7,
        fire::draw,
    ),
    effect(5, "plasma", "Soft colour clouds of overlaid waves", FREE, 1, plasma::draw),
    effect(6, "noise", "Drifting clouds of colour", FREE, 0, noise::draw),
    effect(7, "twinkle", "Lights that slowly come and go, each at its own time", FREE, 0, twinkle::draw),
    effect(8, "wave", "Waves of light that run along the figure", FREE, 0, wave::draw),
    effect(9, "pulse", "Beats of light that start sharply and die away", FREE, 0, pulse::draw),
    effect(10, "gradient", "The palette spread over the figure, slowly drifting", FREE, 0, gradient::draw),
    effect(11, "theater-chase", "Every few pixels a light, all stepping on together", FREE, 0, theater_chase::draw),
    effect(12, "meteor", "Meteors that fall along the figure and leave a crumbling trail", FREE, 0, meteor::draw),
    effect(13, "scanner", "A light that runs to and fro with a fading trail", FREE, 0, scanner::draw),
    effect(14, "aurora", "Curtains of polar light", FREE, 11, aurora::draw),
    effect(15, "sparkle", "White sparks on a coloured ground", FREE, 0, sparkle::draw),
    effect(16, "confetti", "Coloured dots that flash up anywhere and fade", FREE, 10, confetti::draw),
    effect(17, "ripple", "Rings that spread like drops on water", FREE, 0, ripple::draw),
    effect(18, "breathe", "The whole figure breathes, a colour a breath", FREE, 0, breathe::draw),
    effect(19, "strobe", "Flashes: three a second at the natural speed", FREE, 0, strobe::draw),
    effect(20, "color-wipe", "One colour wipes over the other from end to end", FREE, 0, color_wipe::draw),
    effect(21, "juggle", "Dots that swing past each other at different rates", FREE, 1, juggle::draw),
    effect(22, "bouncing-balls", "Balls that are thrown up and fall back", FREE, 0, bouncing_balls::draw),
    effect(23, "fireworks", "Bursts of sparks that spread, slow down and go out", FREE, 10, fireworks::draw),
    effect(24, "lightning", "Dim clouds and sudden flashes", FREE, 0, lightning::draw),
    effect(25, "candle", "Candle light: steady, now and then restless", FREE, 3, candle::draw),
    effect(26, "checker", "A board of fields that change places", FREE, 0, checker::draw),
    effect(27, "spiral", "Arms that turn round the centre", FREE, 1, spiral::draw),
    effect(28, "beat-pulse", "The whole figure flashes up on every beat and dies away", BEAT, 0, beat_pulse::draw),
    effect(29, "beat-chase", "Blocks that jump on with every beat", BEAT, 0, beat_chase::draw),
    effect(30, "beat-strobe", "Short flashes on the beat and its parts", BEAT, 0, beat_strobe::draw),
    effect(31, "bar-sweep", "A sweep over the figure once in every bar", BEAT, 0, bar_sweep::draw),
    effect(32, "rain", "Drops that fall down the figure", FREE, 0, rain::draw),
    effect(33, "lava", "Slow, heavy blobs that rise, merge and part", FREE, 5, lava::draw),
    effect(34, "ocean", "Layered swell with bright crests", FREE, 4, ocean::draw),
    effect(35, "police", "Two colours that flash in turn, side by side", FREE, 16, police::draw),
    effect(36, "beat-ripple", "A ring that leaves the centre on every beat", BEAT, 0, beat_ripple::draw),
    effect(37, "beat-color", "A new colour on every beat, melting into the next", BEAT, 1, beat_color::draw),
    effect(38, "fireflies", "Small lights that wander and glow", FREE, 0, fireflies::draw),
    effect(39, "stripes", "Slanting stripes of the palette, like a barber pole", FREE, 0, stripes::draw),
];
