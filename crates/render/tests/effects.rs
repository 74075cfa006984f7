//! Every effect moves, on every geometry, and every parameter does something visible in it (RENDER-3); none changes its
//! pixels by accident.

mod common;

use common::{difference, film, layer, renderer};
use cuelight_render::effects::{self, EffectInfo};
use cuelight_render::{Finish, Stack, palettes, pixel_hash};
use cuelight_wire::ids::{EffectId, PaletteId};
use cuelight_wire::scene::{Parameters, Rgb, Scene};
use cuelight_wire::time::{FrameIndex, Time};

/// What the eye sees in a room: a twelfth of full, in light.
const VISIBLE: u8 = 21;
/// Four seconds, seven frames in ten: a whole cycle at the natural speed, at uneven steps.
fn four_seconds() -> impl Iterator<Item = i64> {
    (0..480).step_by(7)
}

fn scene(effect: &EffectInfo) -> Scene {
    Scene { effect: effect.id, ..Scene::default() }
}

/// Each parameter, and the value it is changed to from the default.
fn changes() -> Vec<(&'static str, Parameters)> {
    let p = Parameters::DEFAULT;
    vec![
        ("brightness to 40", Parameters { brightness: 40, ..p }),
        ("speed to 0", Parameters { speed: 0, ..p }),
        ("speed to 255", Parameters { speed: 255, ..p }),
        ("hue by a third", Parameters { hue: 21_845, ..p }),
        ("intensity to 0", Parameters { intensity: 0, ..p }),
        ("saturation to 0", Parameters { saturation: 0, ..p }),
        ("complexity to 0", Parameters { complexity: 0, ..p }),
        ("complexity to 255", Parameters { complexity: 255, ..p }),
        ("variation to 255", Parameters { variation: 255, ..p }),
    ]
}

fn moves_and_obeys(name: &str) {
    let effect = effects::by_name(name).expect("the table below names effects");
    // Solid light shimmers and is otherwise still: its movement and its details are seen, but only just.
    let visible = if name == "solid" { 2 } else { VISIBLE };
    for geometry in ["strip:60", "ring:24", "matrix:8x8:serpentine"] {
        let plain = film(geometry, &scene(effect), four_seconds());
        let first = vec![plain[0].clone(); plain.len()];
        let moved = difference(&plain, &first);
        assert!(moved >= visible, "{name} stands still on {geometry}: {moved}");
        for (what, parameters) in changes() {
            let changed = film(geometry, &Scene { parameters, ..scene(effect) }, four_seconds());
            let seen = difference(&plain, &changed);
            assert!(seen >= visible, "{name} on {geometry}: {what} changes pixels by {seen} of 255 only");
        }
    }
}

macro_rules! a_test_per_effect {
    ($($test:ident $name:literal)*) => {
        $(#[test]
        fn $test() {
            moves_and_obeys($name);
        })*
        const TESTED: &[&str] = &[$($name),*];
    };
}
a_test_per_effect! {
    solid "solid"
    rainbow "rainbow"
    chase "chase"
    comet "comet"
    fire "fire"
    plasma "plasma"
    noise "noise"
    twinkle "twinkle"
    wave "wave"
    pulse "pulse"
    gradient "gradient"
    theater_chase "theater-chase"
    meteor "meteor"
    scanner "scanner"
    aurora "aurora"
    sparkle "sparkle"
    confetti "confetti"
    ripple "ripple"
    breathe "breathe"
    strobe "strobe"
    color_wipe "color-wipe"
    juggle "juggle"
    bouncing_balls "bouncing-balls"
    fireworks "fireworks"
    lightning "lightning"
    candle "candle"
    checker "checker"
    spiral "spiral"
    beat_pulse "beat-pulse"
    beat_chase "beat-chase"
    beat_strobe "beat-strobe"
    bar_sweep "bar-sweep"
    rain "rain"
    lava "lava"
    ocean "ocean"
    police "police"
    beat_ripple "beat-ripple"
    beat_color "beat-color"
    fireflies "fireflies"
    stripes "stripes"
}

#[test]
fn every_effect_has_its_test_and_its_place() {
    assert!(effects::ALL.len() >= 28);
    let names: Vec<_> = effects::ALL.iter().map(|effect| effect.name).collect();
    assert_eq!(names, TESTED);
    for (i, effect) in (0..).zip(effects::ALL) {
        // RENDER-8.
        assert_eq!(effect.id, EffectId(i));
        assert!(effect.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", effect.name);
        assert!(palettes::by_id(effect.palette).is_some() && !effect.description.is_empty());
    }
}

#[test]
fn an_unknown_effect_is_shown_as_solid_and_an_unknown_palette_as_rainbow() {
    // RENDER-8.
    let solid = film("strip:9", &Scene::default(), [0, 99]);
    assert_eq!(film("strip:9", &Scene { effect: EffectId(60_000), ..Scene::default() }, [0, 99]), solid);
    let noise = |palette| Scene { effect: EffectId(6), palette, ..Scene::default() };
    let rainbow = film("strip:9", &noise(palettes::RAINBOW), [0, 99]);
    assert_eq!(film("strip:9", &noise(PaletteId(60_000)), [0, 99]), rainbow);
    assert_ne!(film("strip:9", &noise(palettes::COLORS), [0, 99]), rainbow);
}

#[test]
fn beat_effects_follow_the_beat_and_not_the_speed() {
    for effect in effects::ALL.iter().filter(|e| e.beat_driven) {
        // Speed is the drift through the palette, which cannot be seen when all its colours are one.
        let colors = [Rgb::new(255, 255, 255); 3];
        let at = |speed| {
            let parameters = Parameters { speed, ..Parameters::DEFAULT };
            film(
                "strip:60",
                &Scene { parameters, colors, palette: palettes::SCENE_COLORS, ..scene(effect) },
                four_seconds(),
            )
        };
        assert_eq!(at(128), at(10), "{}", effect.name);
    }
}

#[test]
fn no_effect_breaks_on_one_pixel_or_at_the_ends_of_phase() {
    for effect in effects::ALL {
        for geometry in ["strip:1", "ring:1", "matrix:1x1", "matrix:1x30", "matrix:30x1:vertical", "ring:640"] {
            for phase in [0, 1 << 31, u64::MAX, u64::MAX / 3, 0x7fff_ffff_ffff_ffff] {
                for value in [0, 1, 128, 255] {
                    let parameters = Parameters {
                        brightness: 255,
                        speed: value,
                        hue: u16::from(value) * 257,
                        intensity: value,
                        saturation: value,
                        complexity: value,
                        variation: value,
                    };
                    let mut layer = layer(1, Time::ZERO, Scene { parameters, seed: u32::MAX, ..scene(effect) });
                    layer.phase = phase;
                    let mut renderer = renderer(geometry, Finish::DEFAULT);
                    let mut out = vec![Rgb::BLACK; renderer.geometry().len()];
                    for frame in [-1_000_000, 0, 12_345_678_901] {
                        renderer.render(&Stack::of(layer.clone()), FrameIndex(frame), &mut out);
                    }
                }
            }
        }
    }
}

#[test]
fn no_effect_changes_its_pixels_by_accident() {
    // RENDER-1: these hashes hold on every machine. A deliberate change of an effect is a new line here.
    let mut lines = String::new();
    for effect in effects::ALL {
        let parameters = Parameters { variation: 90, hue: 5_000, ..Parameters::DEFAULT };
        let stack = Stack::of(layer(1, Time::ZERO, Scene { parameters, seed: 7, ..scene(effect) }));
        lines += &format!("{:3} {:15}", effect.id.0, effect.name);
        for (geometry, frame) in [("strip:60", 0), ("strip:60", 1_000), ("ring:24", 77_777), ("matrix:8x8", 12_345_678)]
        {
            let mut renderer = renderer(geometry, Finish::DEFAULT);
            let mut out = vec![Rgb::BLACK; renderer.geometry().len()];
            renderer.render(&stack, FrameIndex(frame), &mut out);
            lines += &format!(" {:016x}", pixel_hash(&out));
        }
        lines += "\n";
    }
    insta::assert_snapshot!("effects", lines);
}
