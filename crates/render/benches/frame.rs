//! One frame of 640 pixels of each effect and of a pattern, and the schedule. Goal: below 100 us a frame; must: below 2 ms, also with four
//! zones in each of three fading layers.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use cuelight_render::pattern::{AtHand, FRAMES_PER_CHECKPOINT, Player, work_len};
use cuelight_render::{Finish, Geometry, Renderer, Schedule, Stack, effects};
use cuelight_wire::change::Change;
use cuelight_wire::ids::{EffectId, PatternId, Revision};
use cuelight_wire::limits::SCHEDULE_CAPACITY;
use cuelight_wire::prism::{Header, Motion, Prism, PrismWriter, Rate, max_len};
use cuelight_wire::scene::{BlendMode, Layer, Parameters, PatternPlay, Rgb, Scene, Zone};
use cuelight_wire::time::{FrameIndex, Time};

const PIXELS: usize = 640;

fn layer(rev: u32, scene: Scene) -> Layer {
    let at = Time::from_us(i64::from(rev) * 1_000);
    Layer { rev: Revision(rev), at, fade_ms: 0, scene, phase: 0, zone_phases: [0; 4] }
}

/// Every parameter off its default, so that no shortcut is taken.
fn scene(effect: EffectId) -> Scene {
    let parameters = Parameters { hue: 9_999, saturation: 200, variation: 128, ..Parameters::DEFAULT };
    Scene { effect, parameters, ..Scene::default() }
}

fn bench_frames(c: &mut Criterion, name: &str, geometry: Geometry, stack: &Stack) {
    let finish = Finish { power_limit_ma: Some(5_000), ..Finish::DEFAULT };
    let mut renderer = Renderer::<PIXELS>::new(geometry, finish, 0).expect("640 pixels fit");
    let mut out = [Rgb::BLACK; PIXELS];
    let mut frame = FrameIndex(1_000);
    c.bench_function(name, |b| {
        b.iter(|| {
            frame = frame.next();
            renderer.render(black_box(stack), frame, &mut out)
        });
    });
}

fn frames(c: &mut Criterion) {
    for effect in effects::ALL {
        let stack = Stack::of(layer(1, scene(effect.id)));
        bench_frames(c, &format!("frame/strip/{}", effect.name), Geometry::strip(640), &stack);
        bench_frames(c, &format!("frame/matrix/{}", effect.name), Geometry::matrix(32, 20), &stack);
    }
}

fn worst_frame(c: &mut Criterion) {
    let mut stack = Stack::new();
    for rev in 1..=3 {
        let mut scene = scene(EffectId(33));
        for id in 0..4 {
            let (effect, palette, blend) = (EffectId(23), scene.palette, BlendMode::Screen);
            let zone = Zone { id, effect, palette, brightness: 255, speed: 128, blend, from: 0, to: 255 };
            scene.zones.push(zone).expect("a scene has four zones");
        }
        // A fade that outlasts the benchmark.
        stack.apply(Change::Layer(Layer { fade_ms: u32::MAX, ..layer(rev, scene) }), Time::ZERO);
    }
    bench_frames(c, "frame/three layers of four zones", Geometry::matrix(32, 20), &stack);
}

/// A pattern of 640 LEDs whose every frame is unlike the one before: played, and looked for from its farthest frame. And
/// nothing but finding the frame.
fn pattern(c: &mut Criterion) {
    const FRAMES: u32 = 256;
    let header = Header {
        leds: PIXELS as u16,
        frames: FRAMES,
        rate: Rate::from_field(120).expect("a rate"),
        color_format: 1,
        compression: 0,
        motion: Motion::NONE,
    };
    let palette: Vec<Rgb> = (0..64).map(|i| Rgb::new(i * 4, 255 - i, i)).collect();
    let mut file = vec![0; max_len(&header, palette.len())];
    let mut writer = PrismWriter::new(header, &palette, &mut file).expect("a header");
    let picture = |n: u32| (0..PIXELS as u32).map(|led| ((led / 2 + n * 7) * 29 % 64) as u8).collect::<Vec<_>>();
    for n in 0..FRAMES {
        let before = n.checked_sub(1).map(picture);
        writer.frame(&picture(n), before.as_deref()).expect("a frame");
    }
    let len = writer.finish().expect("all frames");
    file.truncate(len);
    let id = PatternId([1; 8]);
    let work = vec![0; work_len(Prism::read(&file).expect("a pattern").facts())];
    let mut player = Player::new(id, file, work).expect("a pattern");

    let farthest = FRAMES_PER_CHECKPOINT - 1;
    let mut number = 0;
    c.bench_function("pattern/find the next of 640 LEDs", |b| {
        b.iter(|| {
            number = (number + 1) % FRAMES;
            player.indices(number)[0]
        });
    });
    c.bench_function("pattern/find the farthest of 640 LEDs", |b| {
        b.iter(|| {
            number = if number == farthest { 2 * FRAMES_PER_CHECKPOINT + farthest } else { farthest };
            player.indices(number)[0]
        });
    });
    let play = PatternPlay { id, repeats: true, starts_at: Time::ZERO };
    let stack = Stack::of(layer(1, Scene { pattern: Some(play), ..Scene::default() }));
    let finish = Finish { power_limit_ma: Some(5_000), ..Finish::DEFAULT };
    let mut renderer = Renderer::<PIXELS>::new(Geometry::strip(640), finish, 0).expect("640 pixels fit");
    let mut out = [Rgb::BLACK; PIXELS];
    let (mut frame, mut players) = (FrameIndex(1_000), [player]);
    c.bench_function("frame/pattern", |b| {
        b.iter(|| {
            frame = frame.next();
            renderer.render_with(&mut AtHand(&mut players), black_box(&stack), frame, &mut out)
        });
    });
}

fn schedule(c: &mut Criterion) {
    let changes: Vec<_> = (0..SCHEDULE_CAPACITY as u32)
        // A stride that is prime to 64 visits every place once, out of order.
        .map(|i| Change::Layer(layer(i * 37 % 64 + 1, Scene::default())))
        .collect();
    c.bench_function("schedule/insert and extract 64", |b| {
        b.iter(|| {
            let mut schedule = Schedule::new();
            for change in &changes {
                schedule.insert(black_box(change).clone(), Time::ZERO);
            }
            while let Some(change) = schedule.pop_due(Time::from_us(1_000_000)) {
                black_box(change);
            }
        });
    });
}

criterion_group!(benches, schedule, worst_frame, pattern, frames);
criterion_main!(benches);
