//! A picture depends on what is in force and on show time, on nothing else; fades, zones, master and power limit do what
//! they say.

mod common;

use common::{difference, film, frame, layer, renderer};
use cuelight_render::{Finish, Geometry, Renderer, Schedule, Stack, palettes, pixel_hash};
use cuelight_wire::beat::BeatGrid;
use cuelight_wire::change::{Change, ScenePatch, ZonePatch};
use cuelight_wire::ids::{EffectId, Revision};
use cuelight_wire::scene::{BlendMode, FullState, Layer, Master, Parameters, Rgb, Scene, Tempo, Zone};
use cuelight_wire::time::{FrameIndex, Show, Time};

fn ms(ms: i64) -> Time<Show> {
    Time::from_us(ms * 1_000)
}

/// Plain light of one colour that neither shimmers nor is dimmed.
fn flat(r: u8, g: u8, b: u8) -> Scene {
    let parameters = Parameters { brightness: 255, intensity: 0, ..Parameters::DEFAULT };
    Scene { parameters, colors: [Rgb::new(r, g, b); 3], ..Scene::default() }
}

fn effect(id: u16, fade_ms: u32, rev: u32, at: Time<Show>) -> Layer {
    let scene = Scene { effect: EffectId(id), seed: rev, ..Scene::default() };
    Layer { fade_ms, phase: u64::from(rev) << 30, ..layer(rev, at, scene) }
}

/// Some changes of a busy show: cuts, fades that overlap, tempo and master.
fn busy_show() -> Vec<Change> {
    let tempo = |rev, at, bpm_x100| Tempo {
        rev: Revision(rev),
        grid: BeatGrid { at, micro_beats: 3_250_000, bpm_x100, beats_per_bar: 3 },
    };
    vec![
        Change::Layer(effect(7, 0, 1, ms(0))),
        Change::Tempo(tempo(2, ms(100), 9_000)),
        Change::Layer(effect(28, 2_000, 3, ms(500))),
        Change::Layer(effect(5, 3_000, 4, ms(900))),
        Change::Master(Master { rev: Revision(5), at: ms(1_000), level: 180, blackout: false }),
        Change::Tempo(tempo(6, ms(1_100), 12_800)),
        Change::Layer(effect(36, 1_500, 7, ms(1_200))),
        Change::Master(Master { rev: Revision(8), at: ms(1_200), level: 230, blackout: false }),
        Change::Layer(effect(4, 700, 9, ms(1_200))),
    ]
}

#[test]
fn the_order_of_arrival_does_not_show() {
    // RENDER-2. Every rotation of the changes, each once more as a repeat, all late.
    let changes = busy_show();
    let now = ms(1_250);
    let mut in_order = Stack::new();
    changes.iter().for_each(|change| in_order.apply(change.clone(), now));
    let mut a = renderer("strip:60", Finish::DEFAULT);
    let mut b = renderer("strip:60", Finish::DEFAULT);
    for shift in 0..changes.len() {
        let mut other = Stack::new();
        let rotated = changes.iter().cycle().skip(shift).take(changes.len());
        rotated.chain(changes.iter().rev()).for_each(|change| other.apply(change.clone(), now));
        for index in 150..400 {
            assert_eq!(
                pixel_hash(&frame(&mut a, &in_order, index)),
                pixel_hash(&frame(&mut b, &other, index)),
                "rotated by {shift}, frame {index}"
            );
        }
    }
}

#[test]
fn two_nodes_that_hear_the_same_changes_differently_show_the_same_frames() {
    // RENDER-2, SCHED-1: one hears each change once, in order; the other backwards and three times, but in time.
    let mut nodes = [(Schedule::new(), Stack::new()), (Schedule::new(), Stack::new())];
    let changes = busy_show();
    for change in &changes {
        nodes[0].0.insert(change.clone(), ms(-100));
    }
    for change in changes.iter().rev().flat_map(|change| [change; 3]) {
        nodes[1].0.insert(change.clone(), ms(-50));
    }
    let mut renderer = renderer("matrix:8x8:serpentine", Finish::DEFAULT);
    for index in 0..400 {
        let [a, b] = nodes.each_mut().map(|(schedule, stack)| {
            schedule.apply_due(stack, FrameIndex(index).show_at());
            (stack.newest_rev(), pixel_hash(&frame(&mut renderer, stack, index)))
        });
        assert_eq!(a, b, "frame {index}");
    }
    assert_eq!(nodes[1].1.newest_rev(), Revision(9));
}

#[test]
fn a_late_joiner_shows_what_the_veteran_shows() {
    // RENDER-2: given only the layers, tempo and master that are in force, in the middle of three fades.
    let mut veteran = Stack::new();
    let mut a = renderer("ring:48", Finish::DEFAULT);
    let mut b = renderer("ring:48", Finish::DEFAULT);
    let mut changes = busy_show();
    for index in 0..400 {
        let show = FrameIndex(index).show_at();
        changes.retain(|change| {
            let due = change.at() <= show;
            if due {
                veteran.apply(change.clone(), show);
            }
            !due
        });
        let state = FullState {
            layers: veteran.layers().iter().cloned().collect(),
            tempos: [*veteran.tempo()].into_iter().collect(),
            masters: [*veteran.master()].into_iter().collect(),
        };
        let mut joiner = Stack::new();
        joiner.apply_state(&state, show);
        assert_eq!(frame(&mut a, &veteran, index), frame(&mut b, &joiner, index), "frame {index}");
    }
    assert!(changes.is_empty());
}

#[test]
fn a_fade_is_even_light_from_one_scene_to_the_next() {
    let mut stack = Stack::of(layer(1, ms(0), flat(0, 0, 200)));
    let fade = Layer { fade_ms: 1_000, ..layer(2, ms(1_000), flat(200, 0, 0)) };
    stack.apply(Change::Layer(fade), ms(1_000));
    let mut renderer = renderer("strip:1", Finish::PLAIN);
    let mut at = |index| frame(&mut renderer, &stack, index)[0];
    assert_eq!(at(120), Rgb::new(0, 0, 200));
    assert_eq!(at(180), Rgb::new(100, 0, 100));
    assert_eq!(at(240), Rgb::new(200, 0, 0));
    for index in 100..260 {
        let (a, b) = (at(index), at(index + 1));
        // 200 steps in 120 frames: at most 2 a frame.
        assert!(a.r.abs_diff(b.r) <= 2 && a.b.abs_diff(b.b) <= 2, "frame {index}: {a:?} to {b:?}");
        assert!((199..=201).contains(&(u16::from(a.r) + u16::from(a.b))), "frame {index}: {a:?}");
    }
}

#[test]
fn a_fourth_layer_turns_the_two_oldest_into_a_cut() {
    // RENDER-4.
    let mut stack = Stack::new();
    for (rev, at) in [(1, 0), (2, 10), (3, 20), (4, 30)] {
        stack.apply(Change::Layer(effect(0, 10_000, rev, ms(at))), ms(at));
    }
    let revs: Vec<_> = stack.layers().iter().map(|l| l.rev.0).collect();
    assert_eq!(revs, [2, 3, 4]);
    assert_eq!(stack.newest_rev(), Revision(4));
    // A repeat of what has gone changes nothing.
    let before = stack.clone();
    stack.apply(Change::Layer(effect(0, 10_000, 1, ms(0))), ms(40));
    assert_eq!(stack, before);
    stack.prune(ms(10_025));
    assert_eq!(stack.layers().len(), 2, "the fade of revision 3 is over, that of 4 is not");
    stack.prune(ms(10_030));
    assert_eq!(stack.layers().len(), 1);
}

#[test]
fn a_change_of_speed_does_not_make_the_picture_jump() {
    let scene = Scene { effect: EffectId(1), ..Scene::default() };
    let mut stack = Stack::of(layer(1, ms(0), scene));
    let mut renderer = renderer("ring:60", Finish::PLAIN);
    let day = 86_400 * 120;
    let before = frame(&mut renderer, &stack, day);
    let at = FrameIndex(day).show_at();
    stack.apply(Change::Patch { at, patch: ScenePatch { speed: Some(255), ..ScenePatch::default() } }, at);
    assert_eq!(frame(&mut renderer, &stack, day), before);
    assert_ne!(frame(&mut renderer, &stack, day + 12), before);
}

#[test]
fn patches_change_the_newest_scene_and_repeats_of_them_change_nothing() {
    let hue = |hue| ScenePatch { hue: Some(hue), ..ScenePatch::default() };
    let zone = ScenePatch { zone: Some(ZonePatch { id: 2, ..ZonePatch::default() }), ..ScenePatch::default() };
    let mut stack = Stack::new();
    stack.apply(Change::Patch { at: ms(5), patch: hue(1) }, ms(5));
    assert_eq!((stack.layers()[0].scene.parameters.hue, stack.newest_rev()), (1, Revision(1)));
    for _ in 0..3 {
        stack.apply(Change::Patch { at: ms(9), patch: hue(2) }, ms(9));
        stack.apply(Change::Patch { at: ms(9), patch: zone }, ms(9));
    }
    let newest = &stack.layers()[0];
    assert_eq!((stack.layers().len(), newest.rev, newest.at), (1, Revision(2), ms(9)));
    assert_eq!((newest.scene.parameters.hue, newest.scene.zones.len()), (2, 1));
    // Older than all there is: whole scenes have replaced it.
    stack.apply(Change::Patch { at: ms(7), patch: hue(3) }, ms(10));
    assert_eq!(stack.layers()[0].scene.parameters.hue, 2);
}

#[test]
fn a_late_patch_does_not_undo_a_newer_scene() {
    let mut stack = Stack::of(layer(1, ms(0), flat(9, 9, 9)));
    stack.apply(Change::Layer(Layer { fade_ms: 5_000, ..layer(4, ms(20), flat(1, 2, 3)) }), ms(20));
    let patch = ScenePatch { effect: Some(EffectId(3)), ..ScenePatch::default() };
    stack.apply(Change::Patch { at: ms(10), patch }, ms(30));
    let effects: Vec<_> = stack.layers().iter().map(|l| l.scene.effect.0).collect();
    assert_eq!(effects, [3, 0], "the patched layer lies below the newer one, which still fades in over it");
}

#[test]
fn an_older_tempo_or_master_does_not_replace_a_newer_one() {
    let mut stack = Stack::new();
    let master = |rev, at, level| Master { rev: Revision(rev), at: ms(at), level, blackout: false };
    let tempo = |rev, at| Tempo { rev: Revision(rev), grid: BeatGrid { at: ms(at), ..BeatGrid::DEFAULT } };
    // Any real change replaces the defaults, even one from before show time 0.
    stack.apply(Change::Master(master(1, -10, 9)), ms(-10));
    stack.apply(Change::Tempo(tempo(2, -10)), ms(-10));
    assert_eq!((stack.master().level, stack.tempo().rev), (9, Revision(2)));
    for (rev, at, level) in [(5, 50, 50), (4, 40, 40), (6, 50, 60), (3, 50, 30)] {
        stack.apply(Change::Master(master(rev, at, level)), ms(60));
        stack.apply(Change::Tempo(tempo(rev, at)), ms(60));
    }
    assert_eq!((stack.master().level, stack.tempo().rev), (60, Revision(6)));
}

#[test]
fn zones_blend_over_their_part_and_nowhere_else() {
    // RENDER-5. Below (100, 160, 0); the zone is pure red at half brightness: (128, 0, 0).
    let expected = [
        (BlendMode::Overwrite, Rgb::new(128, 0, 0)),
        (BlendMode::Add, Rgb::new(228, 160, 0)),
        // 100 * 128 / 255.
        (BlendMode::Multiply, Rgb::new(50, 0, 0)),
        // 255 - 155 * 127 / 255.
        (BlendMode::Screen, Rgb::new(178, 160, 0)),
        (BlendMode::Lighten, Rgb::new(128, 160, 0)),
        (BlendMode::Darken, Rgb::new(100, 0, 0)),
        (BlendMode::Average, Rgb::new(114, 80, 0)),
        (BlendMode::Difference, Rgb::new(28, 160, 0)),
    ];
    let red = palettes::by_name("police").unwrap().id;
    let below = Rgb::new(100, 160, 0);
    assert_eq!(expected.map(|(mode, _)| mode), BlendMode::ALL);
    for (blend, seen) in expected {
        let mut scene = flat(100, 160, 0);
        let (effect, brightness, speed, from, to) = (EffectId(0), 128, 128, 64, 191);
        scene.zones.push(Zone { id: 1, effect, palette: red, brightness, speed, blend, from, to }).unwrap();
        let shown = film("strip:8", &scene, [0]);
        assert_eq!(shown[0], [below, below, seen, seen, seen, seen, below, below], "{blend:?}");
    }
}

#[test]
fn adjoining_zones_leave_no_gap_and_do_not_overlap() {
    for pixels in [5, 8, 60, 100, 639] {
        let mut scene = flat(0, 0, 0);
        let white = palettes::by_name("white").unwrap().id;
        for id in 0..4_u8 {
            let zone = Zone {
                id,
                effect: EffectId(0),
                palette: white,
                brightness: 100,
                speed: 0,
                blend: BlendMode::Add,
                from: id * 64,
                to: id * 64 + 63,
            };
            scene.zones.push(zone).unwrap();
        }
        let one = film(&format!("strip:{pixels}"), &scene, [0]);
        assert!(one[0].iter().all(|p| p.r == 100), "{pixels}: {:?}", one[0]);
    }
}

#[test]
fn master_dims_and_blackout_darkens_whatever_is_shown() {
    let mut stack = Stack::of(layer(3, ms(0), flat(200, 100, 50)));
    let mut renderer = renderer("strip:3", Finish::PLAIN);
    stack.apply(Change::Master(Master { rev: Revision(4), at: ms(0), level: 128, blackout: false }), ms(0));
    assert_eq!(frame(&mut renderer, &stack, 1), [Rgb::new(100, 50, 25); 3]);
    stack.apply(Change::Master(Master { rev: Revision(5), at: ms(1), level: 255, blackout: true }), ms(1));
    assert_eq!(frame(&mut renderer, &stack, 1), [Rgb::BLACK; 3]);
    let facts = renderer.render(&stack, FrameIndex(2), &mut []);
    assert_eq!((facts.scene_rev, facts.limited), (Revision(3), false), "master is not a scene");
}

#[test]
fn without_a_layer_it_is_dark() {
    let mut renderer = renderer("strip:4", Finish::DEFAULT);
    let mut out = [Rgb::new(9, 9, 9); 6];
    let facts = renderer.render(&Stack::new(), FrameIndex(0), &mut out);
    assert_eq!((out, facts.scene_rev), ([Rgb::BLACK; 6], Revision(0)));
}

#[test]
fn the_power_limit_holds_in_every_frame() {
    // RENDER-7. By the finish's own figures: 20 mA a channel at 255 and 1 mA for each chip.
    let drawn_ma_255 = |pixels: &[Rgb]| -> u64 {
        pixels.iter().map(|p| 20 * (u64::from(p.r) + u64::from(p.g) + u64::from(p.b)) + 255).sum()
    };
    for limit in [0, 30, 61, 100, 500, 1_500, 10_000] {
        let finish = Finish { power_limit_ma: Some(limit), ..Finish::DEFAULT };
        let mut limiting = renderer("strip:60", finish);
        let mut free = renderer("strip:60", Finish::DEFAULT);
        let mut dimmed = 0;
        for (id, brightness) in [(0, 255), (1, 255), (4, 200), (7, 90), (19, 255), (31, 30)] {
            let mut scene = Scene { effect: EffectId(id), ..Scene::default() };
            scene.parameters.brightness = brightness;
            let stack = Stack::of(layer(1, ms(0), scene));
            for index in 0..60 {
                let mut out = [Rgb::BLACK; 60];
                let facts = limiting.render(&stack, FrameIndex(index * 7), &mut out);
                let standby = 60 * 255;
                assert!(drawn_ma_255(&out) <= (u64::from(limit) * 255).max(standby), "{limit} mA, effect {id}");
                let all = frame(&mut free, &stack, index * 7);
                dimmed += u32::from(facts.limited);
                assert!(facts.limited || drawn_ma_255(&all) > u64::from(limit) * 255 || all == out);
            }
        }
        assert_eq!(dimmed > 0, limit < 10_000, "{limit} mA");
    }
}

#[test]
fn a_limited_picture_keeps_its_colours() {
    let stack = Stack::of(layer(1, ms(0), flat(200, 100, 0)));
    let finish = Finish { power_limit_ma: Some(100), standby_ua: 0, ..Finish::PLAIN };
    let mut renderer = renderer("strip:10", finish);
    // 10 pixels of (200 + 100) / 255 * 20 mA are 235 mA: 100 mA leave 85, 42 of 255.
    assert_eq!(frame(&mut renderer, &stack, 0), [Rgb::new(85, 42, 0); 10]);
}

#[test]
fn a_renderer_refuses_a_geometry_that_is_too_large() {
    let refused = Renderer::<10>::new(Geometry::strip(11), Finish::DEFAULT, 0).unwrap_err();
    assert_eq!(refused.to_string(), "the geometry has 11 pixels, this renderer draws at most 10");
}

#[test]
fn nodes_with_seeds_of_their_own_differ_and_nodes_with_one_seed_do_not() {
    // RENDER-1.
    let stack = Stack::of(layer(1, ms(0), Scene { effect: EffectId(16), ..Scene::default() }));
    let shown = |seed| {
        let mut renderer = Renderer::<60>::new(Geometry::strip(60), Finish::PLAIN, seed).unwrap();
        let mut out = vec![Rgb::BLACK; 60];
        renderer.render(&stack, FrameIndex(500), &mut out);
        vec![out]
    };
    assert_eq!(shown(0), shown(0));
    assert!(difference(&shown(0), &shown(1)) > 20);
}
