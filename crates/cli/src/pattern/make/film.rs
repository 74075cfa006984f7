//! A film: what a pattern shows, in full colour.

use anyhow::{Context, Result, bail, ensure};
use cuelight_render::{Finish, Geometry, MAX_PIXELS, Renderer, Stack, effects, palettes, presets};
use cuelight_wire::ids::Revision;
use cuelight_wire::limits::{FRAME_HZ, MAX_ZONES};
use cuelight_wire::prism::Rate;
use cuelight_wire::prism::studio::Studio;
use cuelight_wire::scene::{Layer, Rgb, Scene};
use cuelight_wire::time::{FrameIndex, Time};

/// Most pixels of a film, all frames together: 48 MiB of colours. A pattern that long has no place in any store.
pub(super) const MAX_PIXELS_IN_ALL: usize = 1 << 24;

/// A film. The colours of a frame's LEDs follow those of the frame before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Film {
    pub(super) leds: usize,
    pub(super) rate: Rate,
    pub(super) pixels: Vec<Rgb>,
}

impl Film {
    pub(super) fn frames(&self) -> usize {
        self.pixels.len() / self.leds
    }
    /// A film of this many frames, not too long.
    pub(super) fn check(leds: usize, frames: usize) -> Result<()> {
        ensure!(frames > 0, "there would be no frame");
        ensure!(
            leds.checked_mul(frames).is_some_and(|pixels| pixels <= MAX_PIXELS_IN_ALL),
            "{frames} frames of {leds} LEDs are too many: at most {MAX_PIXELS_IN_ALL} LEDs in all frames together; make it \
             shorter, or with fewer frames a second"
        );
        Ok(())
    }
}

/// A scene to be filmed.
#[derive(Clone, Debug)]
pub(super) struct Source(Scene);

impl Source {
    pub(super) fn effect(name: &str, palette: Option<&str>) -> Result<Self> {
        let effect = effects::by_name(name)
            .with_context(|| format!("there is no effect \"{name}\": cuelight effects lists them"))?;
        let mut scene = Scene { effect: effect.id, ..Scene::default() };
        if let Some(name) = palette {
            let palette = palettes::by_name(name)
                .with_context(|| format!("there is no palette \"{name}\": cuelight effects lists them"))?;
            scene.palette = palette.id;
        }
        Ok(Self(scene))
    }
    pub(super) fn preset(name: &str) -> Result<Self> {
        let preset = presets::by_name(name)
            .with_context(|| format!("there is no preset \"{name}\": cuelight effects lists them"))?;
        Ok(Self(preset.scene()))
    }
}

/// What a node would show of a scene, from its beginning on, by the renderer of the nodes. Gamma, dithering and brightness
/// are left to the node that plays it: the colours are code values. Frame j is the show's frame that is due or just over at
/// j / rate.
pub(super) fn of_effect(source: Source, leds: u16, rate: Rate, seconds: f64) -> Result<Film> {
    let frames = seconds * f64::from(rate.x256()) / 256.0;
    ensure!(frames.is_finite() && (1.0..1e9).contains(&frames.round()), "{seconds} seconds are not a film's length");
    let (frames, len) = (frames.round() as usize, usize::from(leds));
    Film::check(len, frames)?;
    let Source(mut scene) = source;
    scene.parameters.brightness = 255;
    let layer = Layer { rev: Revision(1), at: Time::ZERO, fade_ms: 0, scene, phase: 0, zone_phases: [0; MAX_ZONES] };
    let stack = Stack::of(layer);
    let mut renderer = Box::new(Renderer::<MAX_PIXELS>::new(Geometry::strip(leds), Finish::PLAIN, 0)?);
    let mut pixels = vec![Rgb::BLACK; frames * len];
    for (j, frame) in (0_i64..).zip(pixels.chunks_mut(len)) {
        let index = j * i64::from(FRAME_HZ) * 256 / i64::from(rate.x256());
        renderer.render(&stack, FrameIndex(index), frame);
    }
    Ok(Film { leds: len, rate, pixels })
}

/// A file of the studio's older shape, with what it does not say.
pub(super) fn of_studio(studio: &Studio<'_>, leds: u16, rate: Rate) -> Result<Film> {
    let leds = usize::from(leds);
    let bytes = studio.frames.len();
    if !bytes.is_multiple_of(3 * leds) {
        bail!(
            "its {bytes} bytes of frames are not a whole number of frames of {leds} LEDs: another number of LEDs is meant, \
               or it is compressed"
        );
    }
    Film::check(leds, bytes / (3 * leds))?;
    let pixels = studio.frames.as_chunks::<3>().0.iter().map(|[r, g, b]| Rgb::new(*r, *g, *b)).collect();
    Ok(Film { leds, rate, pixels })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(fps: u32) -> Rate {
        Rate::from_field(fps).unwrap()
    }

    #[test]
    fn an_effect_is_filmed_as_nodes_show_it() {
        let film = of_effect(Source::effect("rainbow", None).unwrap(), 20, rate(60), 0.5).unwrap();
        assert_eq!((film.leds, film.frames()), (20, 30));
        // Half the rate is every second frame.
        let slow = of_effect(Source::effect("rainbow", None).unwrap(), 20, rate(30), 0.5).unwrap();
        for (j, frame) in slow.pixels.chunks(20).enumerate() {
            assert_eq!(*frame, film.pixels[2 * j * 20..(2 * j + 1) * 20]);
        }
        assert_ne!(film.pixels[..20], film.pixels[29 * 20..], "it moves");
    }

    #[test]
    fn what_cannot_be_filmed_is_refused() {
        let error = |result: Result<Film>| result.unwrap_err().to_string();
        let source = || Source::preset("ocean").unwrap();
        assert!(error(of_effect(source(), 4096, rate(120), 3_600.0)).contains("too many"));
        assert!(error(of_effect(source(), 1, rate(1), 0.2)).contains("not a film's length"));
        assert!(error(of_effect(source(), 1, rate(1), f64::NAN)).contains("not a film's length"));
        assert!(Source::effect("fier", None).unwrap_err().to_string().contains("cuelight effects"));
        assert!(Source::effect("fire", Some("lva")).unwrap_err().to_string().contains("cuelight effects"));
    }

    /// PRISM-5
    #[test]
    fn a_studio_file_is_taken_over_where_leds_and_rate_are_given() {
        let frames = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        let studio = Studio { effect: 1, name: "baked", brightness: 255, frames: &frames };
        let film = of_studio(&studio, 2, rate(24)).unwrap();
        assert_eq!((film.frames(), film.pixels[3]), (2, Rgb::new(10, 11, 12)));
        assert!(of_studio(&studio, 3, rate(24)).unwrap_err().to_string().contains("12 bytes of frames"));
    }
}
