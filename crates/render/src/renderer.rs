//! One frame: from the layers in force and a frame's show time to bytes (RENDER-1).
//!
//! The renderer decides the order in which light is made. For each layer, oldest first: the colours of its pattern, or of
//! its effect where there is none or it is not at hand (PLAY-4), become light (gamma); each zone's light is blended over it; the layer's brightness is applied; the layer fades in over the
//! light below it. Then master and blackout, the power limit, and the way to bytes. It remembers nothing from frame to
//! frame: equal stacks, geometries, finishes, seeds and frames give equal bytes.

use cuelight_wire::ids::{EffectId, PaletteId, Revision};
use cuelight_wire::scene::{Layer, Parameters, Phase, Rgb, Scene, Zone};
use cuelight_wire::time::FrameIndex;

use crate::blend::blend;
use crate::color::Rgb16;
use crate::effects::{self, Beat, Shape, View};
use crate::finish::{Draw, Finish, Gamma, ceiling_cut, quantize};
use crate::fixed::{FULL, hash, scale, widen};
use crate::geometry::{Geometry, MAX_PIXELS, Point, fill_points, fill_zone_points};
use crate::palettes::Colors;
use crate::pattern::{NoPatterns, Patterns};
use crate::stack::{Stack, weight};

/// What is known about a rendered frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameFacts {
    /// The revision of the newest layer in force; 0 when there is none.
    pub scene_rev: Revision,
    /// Whether the power limit dimmed the frame.
    pub limited: bool,
}

/// The geometry has more pixels than the renderer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyPixels {
    /// Pixels of the geometry.
    pub pixels: usize,
    /// Pixels of the renderer.
    pub capacity: usize,
}

impl core::fmt::Display for TooManyPixels {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "the geometry has {} pixels, this renderer draws at most {}", self.pixels, self.capacity)
    }
}
impl core::error::Error for TooManyPixels {}

/// Draws the frames of one geometry of at most `N` pixels. It holds its working memory, 38 bytes a pixel: on small
/// stacks put it in a static or a box.
#[derive(Clone, Debug)]
pub struct Renderer<const N: usize = MAX_PIXELS> {
    setup: Setup,
    points: [Point; N],
    zone_points: [Point; N],
    light: [Rgb16; N],
    layer: [Rgb16; N],
    zone: [Rgb16; N],
}

impl<const N: usize> Renderer<N> {
    /// A renderer for `geometry`. `seed` makes this node's randomness its own; nodes that are to look alike have the same.
    pub fn new(geometry: Geometry, finish: Finish, seed: u32) -> Result<Self, TooManyPixels> {
        let pixels = geometry.len();
        if pixels > N {
            return Err(TooManyPixels { pixels, capacity: N });
        }
        let mut points = [Point::ORIGIN; N];
        fill_points(&geometry, &mut points[..pixels]);
        let (gamma, draw) = (Gamma::new(finish.gamma_x100), Draw::new(&finish, pixels));
        Ok(Self {
            setup: Setup { geometry, finish, seed, gamma, draw },
            points,
            zone_points: [Point::ORIGIN; N],
            light: [Rgb16::BLACK; N],
            layer: [Rgb16::BLACK; N],
            zone: [Rgb16::BLACK; N],
        })
    }

    /// Draws another geometry from now on, as a renderer made for it would; asks for no memory.
    ///
    /// # Errors
    /// [`TooManyPixels`]: it goes on with the geometry it had.
    pub fn set_geometry(&mut self, geometry: Geometry) -> Result<(), TooManyPixels> {
        if geometry == self.setup.geometry {
            return Ok(());
        }
        let pixels = geometry.len();
        if pixels > N {
            return Err(TooManyPixels { pixels, capacity: N });
        }
        fill_points(&geometry, &mut self.points[..pixels]);
        self.setup.geometry = geometry;
        self.setup.draw = Draw::new(&self.setup.finish, pixels);
        Ok(())
    }

    /// The geometry it draws.
    pub const fn geometry(&self) -> &Geometry {
        &self.setup.geometry
    }
    /// The finish it applies.
    pub const fn finish(&self) -> &Finish {
        &self.setup.finish
    }

    /// Draws the frame into `out`, pixel by pixel in the order of the wiring. `out` beyond the geometry becomes black;
    /// pixels beyond `out` are not written. No pattern is at hand.
    pub fn render(&mut self, stack: &Stack, frame: FrameIndex, out: &mut [Rgb]) -> FrameFacts {
        self.render_with(&mut NoPatterns, stack, frame, out)
    }

    /// Draws the frame into `out`, as [`Self::render`] does, with these patterns at hand.
    pub fn render_with(
        &mut self,
        patterns: &mut dyn Patterns,
        stack: &Stack,
        frame: FrameIndex,
        out: &mut [Rgb],
    ) -> FrameFacts {
        let pixels = self.setup.geometry.len();
        let canvas = Canvas {
            setup: &self.setup,
            points: &self.points[..pixels],
            zone_points: &mut self.zone_points[..pixels],
            light: &mut self.light[..pixels],
            layer: &mut self.layer[..pixels],
            zone: &mut self.zone[..pixels],
        };
        canvas.render(patterns, stack, frame, out)
    }
}

/// What a renderer was made with.
#[derive(Clone, Debug)]
struct Setup {
    geometry: Geometry,
    finish: Finish,
    seed: u32,
    gamma: Gamma,
    draw: Option<Draw>,
}

/// A renderer at work, as slices of equal length: code that is the same for all `N` is compiled, and inlined, here.
struct Canvas<'a> {
    setup: &'a Setup,
    points: &'a [Point],
    zone_points: &'a mut [Point],
    /// The light of all layers so far.
    light: &'a mut [Rgb16],
    /// The layer that is being drawn.
    layer: &'a mut [Rgb16],
    /// The zone that is being drawn.
    zone: &'a mut [Rgb16],
}

impl Canvas<'_> {
    fn render(mut self, patterns: &mut dyn Patterns, stack: &Stack, frame: FrameIndex, out: &mut [Rgb]) -> FrameFacts {
        let show = frame.show_at();
        let master = stack.master();
        let level = if master.blackout { 0 } else { widen(master.level) };
        let layers = stack.layers();
        if level == 0 || layers.is_empty() {
            self.light.fill(Rgb16::BLACK);
        } else {
            // The newest layer that covers everything is the ground; without one, the oldest is.
            let ground = layers.iter().rposition(|layer| weight(layer, show) == FULL).unwrap_or(0);
            let beat = Beat::at(&stack.tempo().grid, show);
            for (i, layer) in layers.iter().enumerate().skip(ground) {
                let cover = if i == ground { FULL } else { weight(layer, show) };
                self.draw_layer(patterns, layer, frame, beat);
                self.put_over(layer, cover, level);
            }
        }
        let limited = self.put_out(frame, out);
        FrameFacts { scene_rev: stack.newest_rev(), limited }
    }

    /// Draws one layer: its pattern or its effect, and its zones over that.
    fn draw_layer(&mut self, patterns: &mut dyn Patterns, layer: &Layer, frame: FrameIndex, beat: Beat) {
        let (scene, show) = (&layer.scene, frame.show_at());
        let geometry = &self.setup.geometry;
        let seed = hash(scene.seed, self.setup.seed, 0);
        let pattern = scene.pattern.as_ref();
        if !pattern.is_some_and(|play| patterns.draw(play, frame, geometry, self.layer)) {
            let whole = Figure {
                effect: scene.effect,
                palette: scene.palette,
                points: self.points,
                shape: match geometry {
                    Geometry::Strip { .. } => Shape::Line,
                    Geometry::Ring { .. } => Shape::Circle,
                    Geometry::Matrix { .. } => Shape::Plane,
                },
                pitch: pitch(geometry, self.points.len()),
                phase: layer.phase_at(show),
                seed,
            };
            whole.draw(scene, beat, self.layer);
        }
        for pixel in self.layer.iter_mut() {
            *pixel = self.setup.gamma.light(*pixel);
        }
        for (zone, phase) in scene.zones.iter().zip(layer.zone_phases_at(show)) {
            self.draw_zone(scene, zone, phase, beat, seed);
        }
    }

    /// Lets the layer that was drawn cover what is below by `cover`. The master level is a factor like the brightness, so
    /// both are applied at once.
    fn put_over(&mut self, layer: &Layer, cover: u16, master: u16) {
        let level = scale(widen(layer.scene.parameters.brightness), master);
        for (light, top) in self.light.iter_mut().zip(&*self.layer) {
            let top = top.scaled(level);
            *light = if cover == FULL { top } else { light.toward(top, cover) };
        }
    }

    /// Draws a zone as a figure of its own and blends it over its part of the layer.
    fn draw_zone(&mut self, scene: &Scene, zone: &Zone, phase: Phase, beat: Beat, seed: u32) {
        let Setup { geometry, gamma, .. } = self.setup;
        let pixels = self.points.len();
        let (from, end) = (usize::from(zone.from) * pixels / 256, (usize::from(zone.to) + 1) * pixels / 256);
        if from >= end {
            return;
        }
        let points = &mut self.zone_points[from..end];
        fill_zone_points(geometry, &self.points[from..end], points);
        let part = Figure {
            effect: zone.effect,
            palette: zone.palette,
            points,
            shape: if matches!(geometry, Geometry::Matrix { .. }) { Shape::Plane } else { Shape::Line },
            pitch: pitch(geometry, end - from),
            phase,
            seed: hash(seed, u32::from(zone.id), 1),
        };
        let drawn = &mut self.zone[from..end];
        part.draw(scene, beat, drawn);
        let brightness = widen(zone.brightness);
        for (below, top) in self.layer[from..end].iter_mut().zip(drawn) {
            *below = blend(zone.blend, *below, gamma.light(*top).scaled(brightness));
        }
    }

    /// Power limit and bytes. Returns whether the limit dimmed the frame.
    fn put_out(self, frame: FrameIndex, out: &mut [Rgb]) -> bool {
        let Setup { finish, draw, .. } = self.setup;
        let pixels = self.light.len().min(out.len());
        let (out, beyond) = out.split_at_mut(pixels);
        beyond.fill(Rgb::BLACK);
        let light = &mut self.light[..pixels];
        let scale = draw.as_ref().and_then(|draw| draw.scale(light));
        if let Some(scale) = scale {
            light.iter_mut().for_each(|pixel| *pixel = pixel.scaled_down(scale));
        }
        quantize(light, frame, finish.dither, out);
        // Rounding up may have led a frame near the limit over it.
        if let Some(draw) = draw {
            ceiling_cut(light, draw, out);
        }
        scale.is_some()
    }
}

/// What is drawn: a scene's own effect, or one of its zones.
struct Figure<'a> {
    effect: EffectId,
    palette: PaletteId,
    points: &'a [Point],
    shape: Shape,
    pitch: u16,
    phase: Phase,
    seed: u32,
}

impl Figure<'_> {
    fn draw(self, scene: &Scene, beat: Beat, out: &mut [Rgb16]) {
        let Self { effect, palette, points, shape, pitch, phase, seed } = self;
        let effect = effects::by_id_or_solid(effect);
        let Parameters { hue, intensity, saturation, complexity, variation, .. } = scene.parameters;
        let colors = Colors::new(effect.palette_for(palette), scene.colors, hue, saturation);
        effect.draw(&View { points, shape, pitch, phase, beat, intensity, complexity, variation, seed, colors }, out);
    }
}

/// The distance of neighbouring pixels along a figure of `pixels` pixels, in 65,536 steps of the figure.
fn pitch(geometry: &Geometry, pixels: usize) -> u16 {
    let across = if let Geometry::Matrix { width, .. } = *geometry { usize::from(width) } else { pixels };
    (65_535 / across.max(1)) as u16
}
