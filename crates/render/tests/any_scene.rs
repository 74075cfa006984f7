//! No scene, however odd, breaks a frame: arithmetic is checked in tests, so an overflow anywhere would panic here.

mod common;

use common::{frame, layer, renderer};
use cuelight_render::{Finish, Stack, effects, palettes};
use cuelight_wire::beat::BeatGrid;
use cuelight_wire::change::Change;
use cuelight_wire::ids::{EffectId, PaletteId, Revision};
use cuelight_wire::scene::{BlendMode, Layer, Master, Parameters, Rgb, Scene, Tempo, Zone};
use cuelight_wire::time::{FrameIndex, Time};
use proptest::prelude::*;

prop_compose! {
    fn any_zone()(
        effect in 0..effects::ALL.len() as u16 + 2,
        palette in 0..palettes::ALL.len() as u16 + 2,
        blend in 0..8_u8,
        (brightness, speed, from, to) in any::<(u8, u8, u8, u8)>(),
    ) -> Zone {
        let blend = BlendMode::from_wire(blend).expect("there are eight modes");
        let (effect, palette) = (EffectId(effect), PaletteId(palette));
        Zone { id: 0, effect, palette, brightness, speed, blend, from, to }
    }
}

prop_compose! {
    fn any_scene()(
        effect in 0..effects::ALL.len() as u16 + 2,
        palette in 0..palettes::ALL.len() as u16 + 2,
        (brightness, speed, hue, intensity, saturation, complexity, variation)
            in any::<(u8, u8, u16, u8, u8, u8, u8)>(),
        colors in any::<[(u8, u8, u8); 3]>(),
        seed in any::<u32>(),
        zones in prop::collection::vec(any_zone(), 0..=4),
    ) -> Scene {
        let zones = (0..).zip(zones).map(|(id, zone)| Zone { id, ..zone }).collect();
        Scene {
            effect: EffectId(effect),
            palette: PaletteId(palette),
            parameters: Parameters { brightness, speed, hue, intensity, saturation, complexity, variation },
            colors: colors.map(|(r, g, b)| Rgb::new(r, g, b)),
            seed,
            zones,
            pattern: None,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// RENDER-1.
    #[test]
    fn any_stack_is_drawn_twice_alike(
        layers in prop::collection::vec((any_scene(), any::<u64>(), prop::option::of(any::<u32>())), 1..4),
        geometry in prop::sample::select(vec![
            "strip:1", "strip:3", "strip:61", "ring:2", "ring:48", "matrix:1x1", "matrix:9x7:serpentine:vertical",
        ]),
        start in prop::sample::select(vec![-1_000_000_000_i64, -1, 0, 5_000, 10_000_000_000]),
        (bpm_x100, beats_per_bar, micro_beats) in any::<(u16, u8, i32)>(),
        level in any::<u8>(),
        limit in prop::option::of(0..3_000_u32),
        gamma_x100 in any::<u16>(),
    ) {
        let at = FrameIndex(start).show_at();
        let mut stack = Stack::new();
        for (rev, (scene, phase, fade)) in (1..).zip(layers) {
            let fade_ms = fade.unwrap_or(0);
            stack.apply(Change::Layer(Layer { phase, fade_ms, ..layer(rev, at, scene) }), at);
        }
        let grid = BeatGrid { at: Time::ZERO, micro_beats: i64::from(micro_beats), bpm_x100, beats_per_bar };
        stack.apply(Change::Tempo(Tempo { rev: Revision(9), grid }), at);
        stack.apply(Change::Master(Master { rev: Revision(10), at, level, blackout: false }), at);
        let finish = Finish { power_limit_ma: limit, gamma_x100, ..Finish::DEFAULT };
        let mut first = renderer(geometry, finish);
        let mut second = renderer(geometry, finish);
        for index in [start - 1, start, start + 1, start + 1_234] {
            let picture = frame(&mut first, &stack, index);
            prop_assert_eq!(&picture, &frame(&mut second, &stack, index));
            // What a renderer drew before does not show.
            frame(&mut second, &stack, index + 77);
        }
    }
}
