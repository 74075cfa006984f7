//! Patterns: the frame of the file at every moment, whatever was shown before, under everything that works on an effect.

mod common;

use common::layer;
use cuelight_render::pattern::{AtHand, FRAMES_PER_CHECKPOINT, Player, PlayerError, work_len};
use cuelight_render::{Finish, Geometry, Renderer, Stack};
use cuelight_wire::change::Change;
use cuelight_wire::ids::{EffectId, PatternId, Revision};
use cuelight_wire::prism::{Direction, Header, Motion, Prism, PrismWriter, Rate, SyncMode, max_len};
use cuelight_wire::scene::{BlendMode, Layer, Master, Parameters, PatternPlay, Rgb, Scene, Zone};
use cuelight_wire::time::{FrameIndex, Show, Time};
use proptest::prelude::*;

const ID: PatternId = PatternId(*b"a patter");
/// Colours that survive the way to bytes and back.
const PALETTE: [Rgb; 5] =
    [Rgb::BLACK, Rgb::new(255, 255, 255), Rgb::new(200, 0, 7), Rgb::new(0, 130, 1), Rgb::new(9, 8, 250)];

type Playable = Player<Vec<u8>, Vec<u8>>;

/// A file of these pictures; every frame that may is the difference from the one before where that is shorter.
fn file(leds: u16, fps: u32, motion: Motion, pictures: &[Vec<u8>]) -> Vec<u8> {
    let rate = Rate::from_field(fps).expect("a rate");
    let header = Header { leds, frames: pictures.len() as u32, rate, color_format: 1, compression: 0, motion };
    let mut buf = vec![0; max_len(&header, PALETTE.len())];
    let mut writer = PrismWriter::new(header, &PALETTE, &mut buf).expect("a header");
    let mut before: Option<&[u8]> = None;
    for picture in pictures {
        writer.frame(picture, before).expect("a frame");
        before = Some(picture);
    }
    let len = writer.finish().expect("all frames");
    buf.truncate(len);
    buf
}

fn player(file: Vec<u8>) -> Playable {
    let work = vec![0; work_len(Prism::read(&file).expect("a pattern").facts())];
    Player::new(ID, file, work).expect("a pattern")
}

/// Pictures that differ from one another in a few LEDs: a dot that walks over a slow pattern.
fn walk(leds: u16, frames: usize) -> Vec<Vec<u8>> {
    let picture = |n: usize| {
        let mut picture: Vec<u8> = (0..usize::from(leds)).map(|led| if led / 3 < n / 40 { 2 } else { 3 }).collect();
        picture[n % usize::from(leds)] = 1;
        picture
    };
    (0..frames).map(picture).collect()
}

/// Takes a file apart by its layout, without the code under test: header of version 1.1, no extra data.
fn by_hand(file: &[u8]) -> Vec<Vec<u8>> {
    let leds = usize::from(u16::from_le_bytes([file[6], file[7]]));
    let mut at = 84 + 3 * usize::from(file[82]);
    let mut pictures: Vec<Vec<u8>> = Vec::new();
    while at < file.len() - 4 {
        let (flags, len) = (file[at], usize::from(u16::from_le_bytes([file[at + 1], file[at + 2]])));
        let data = &file[at + 3..at + 3 + len];
        let mut indices = Vec::new();
        let mut i = 0;
        while i < data.len() {
            if flags & 2 == 2 && data[i] >= 128 {
                indices.extend(std::iter::repeat_n(data[i + 1], usize::from(data[i] - 128)));
                i += 2;
            } else {
                indices.push(data[i]);
                i += 1;
            }
        }
        if flags & 1 == 1 {
            let before = pictures.last().expect("a frame before");
            indices.iter_mut().zip(before).for_each(|(index, before)| *index ^= before);
        }
        assert_eq!(indices.len(), leds);
        pictures.push(indices);
        at += 3 + len;
    }
    pictures
}

fn play(starts_at: Time<Show>, repeats: bool) -> Scene {
    let parameters = Parameters { brightness: 255, ..Parameters::DEFAULT };
    Scene { parameters, pattern: Some(PatternPlay { id: ID, repeats, starts_at }), ..Scene::default() }
}

/// What a strip of pixels shows of a stack, with a pattern at hand or without.
fn shown(geometry: &str, players: &mut [Playable], stack: &Stack, frame: i64) -> Vec<Rgb> {
    let geometry: Geometry = geometry.parse().expect("a geometry");
    let mut renderer = Renderer::<640>::new(geometry, Finish::PLAIN, 0).expect("a small geometry");
    let mut out = vec![Rgb::BLACK; geometry.len()];
    renderer.render_with(&mut AtHand(players), stack, FrameIndex(frame), &mut out);
    out
}

fn colors(picture: &[u8]) -> Vec<Rgb> {
    picture.iter().map(|index| PALETTE[usize::from(*index)]).collect()
}

/// PLAY-1
#[test]
fn every_frame_of_the_show_has_its_frame_of_the_file() {
    for (fps, frames, starts_us) in [(120, 100, 0), (60, 77, 25_000), (25, 40, 1_234_567), (7_672, 50, -3_000_001)] {
        let file = file(20, fps, Motion::NONE, &walk(20, frames));
        let pictures = by_hand(&file);
        assert_eq!(pictures.len(), frames);
        let mut players = [player(file)];
        let starts_at = Time::from_us(starts_us);
        let first = FrameIndex::first_at_or_after(starts_at).0;
        // Frames a second as a fraction of 256ths, from the instants k / 120 s on.
        let rate = i128::from(if fps < 256 { fps * 256 } else { fps });
        for repeats in [true, false] {
            let stack = Stack::of(layer(1, starts_at, play(starts_at, repeats)));
            for k in first..first + 1_000 {
                let micro = i128::from(k) * 1_000_000 - i128::from(starts_us) * 120;
                let n = (micro * rate / (120 * 1_000_000 * 256)) as usize;
                let n = if repeats { n % frames } else { n.min(frames - 1) };
                assert_eq!(
                    shown("strip:20", &mut players, &stack, k),
                    colors(&pictures[n]),
                    "{fps} frames a second, frame {k} of the show, {n} of the file"
                );
            }
        }
    }
}

/// PLAY-2
#[test]
fn a_pattern_needs_its_working_memory_and_says_how_much() {
    let file = file(20, 30, Motion::NONE, &walk(20, 33));
    let needs = work_len(Prism::read(&file).expect("a pattern").facts());
    assert_eq!(needs, 20 + 3 * 24, "one frame, and checkpoints at 0, 16 and 32");
    assert_eq!(
        Player::new(ID, file.as_slice(), vec![0; needs - 1]).err(),
        Some(PlayerError::NoRoom { needs, has: needs - 1 })
    );
    let bad = Player::new(ID, &file[1..], vec![0; needs]).expect_err("no pattern");
    assert!(bad.to_string().contains("magic at byte 0"), "{bad}");
}

/// PLAY-3
#[test]
fn two_channels_show_the_frame_each_from_its_own_moment_on() {
    let motion = Motion { sync: SyncMode::Progressive, direction: Direction::Right, parameter: 1_000 };
    let file = file(5, 50, motion, &walk(5, 200));
    let pictures = by_hand(&file);
    let mut players = [player(file)];
    let stack = Stack::of(layer(1, Time::ZERO, play(Time::ZERO, true)));
    for k in 0..300 {
        let frame = shown("strip:10", &mut players, &stack, k);
        let picture = colors(&pictures[(k * 50 / 120) as usize % 200]);
        assert_eq!(frame[..5], picture, "first channel, frame {k}");
        for led in 0..5 {
            // From the right: LED 4 at once, LED 0 after a second.
            let is_lit = k * 1_000 >= (4 - led as i64) * 250 * 120;
            let expected = if is_lit { picture[led] } else { Rgb::BLACK };
            assert_eq!(frame[5 + led], expected, "second channel, LED {led}, frame {k}");
        }
    }
}

/// PLAY-4
#[test]
fn a_node_without_the_pattern_shows_the_effect() {
    let file = file(20, 30, Motion::NONE, &walk(20, 10));
    let scene = Scene { effect: EffectId(7), ..play(Time::ZERO, true) };
    let stack = Stack::of(layer(1, Time::ZERO, scene.clone()));
    let effect_only = Stack::of(layer(1, Time::ZERO, Scene { pattern: None, ..scene }));
    let mut players = [player(file)];
    for k in 0..50 {
        let effect = shown("strip:20", &mut [], &effect_only, k);
        assert_eq!(shown("strip:20", &mut [], &stack, k), effect, "frame {k}");
        assert_ne!(shown("strip:20", &mut players, &stack, k), effect, "frame {k}");
    }
    // One of another id is another pattern.
    players[0] = Player::new(PatternId([9; 8]), by_hand_file(), vec![0; 1_000]).expect("a pattern");
    assert_eq!(shown("strip:20", &mut players, &stack, 3), shown("strip:20", &mut [], &effect_only, 3));
}

fn by_hand_file() -> Vec<u8> {
    file(4, 30, Motion::NONE, &walk(4, 3))
}

#[test]
fn brightness_master_blackout_fades_and_zones_work_on_a_pattern_as_on_an_effect() {
    let white = vec![vec![1; 20]];
    let mut players = [player(file(20, 30, Motion::NONE, &white))];
    let mut show = |stack: &Stack, k| shown("strip:20", &mut players, stack, k);
    let all = |level: u8| vec![Rgb::new(level, level, level); 20];

    let mut stack = Stack::of(layer(1, Time::ZERO, play(Time::ZERO, true)));
    assert_eq!(show(&stack, 5), all(255));
    let master = |level, blackout| Change::Master(Master { rev: Revision(9), at: Time::ZERO, level, blackout });
    stack.apply(master(128, false), Time::ZERO);
    assert_eq!(show(&stack, 5), all(128));
    stack.apply(master(255, true), Time::ZERO);
    assert_eq!(show(&stack, 5), all(0));

    let mut dim = play(Time::ZERO, true);
    dim.parameters.brightness = 51;
    let zone = Zone {
        id: 0,
        effect: EffectId(0),
        palette: cuelight_wire::ids::PaletteId(0),
        brightness: 0,
        speed: 0,
        blend: BlendMode::Overwrite,
        from: 128,
        to: 255,
    };
    dim.zones.push(zone).expect("one zone");
    let frame = show(&Stack::of(layer(1, Time::ZERO, dim)), 5);
    assert_eq!((&frame[..10], &frame[10..]), (&all(51)[..10], &all(0)[..10]));

    // Half way through a fade from the dark.
    let mut fade = Stack::of(layer(1, Time::ZERO, Scene { parameters: dark(), ..Scene::default() }));
    let top = Layer { fade_ms: 1_000, ..layer(2, Time::ZERO, play(Time::ZERO, true)) };
    fade.apply(Change::Layer(top), Time::ZERO);
    let half = show(&fade, 60)[0].r;
    assert!((127..=128).contains(&half), "{half}");
}

fn dark() -> Parameters {
    Parameters { brightness: 0, ..Parameters::DEFAULT }
}

#[test]
fn a_change_of_brightness_does_not_begin_the_pattern_anew() {
    let file = file(20, 30, Motion::NONE, &walk(20, 100));
    let pictures = by_hand(&file);
    let mut players = [player(file)];
    let mut stack = Stack::of(layer(1, Time::ZERO, play(Time::ZERO, true)));
    let patch = cuelight_wire::change::ScenePatch { brightness: Some(254), ..Default::default() };
    stack.apply(Change::Patch { at: Time::from_us(1_000_000), patch }, Time::from_us(1_000_000));
    let frame = shown("strip:20", &mut players, &stack, 240);
    let lit = |colors: &[Rgb]| colors.iter().map(|c| c.r > 250 && c.g > 250).collect::<Vec<_>>();
    assert_eq!(lit(&frame), lit(&colors(&pictures[60])));
    assert_ne!(lit(&frame), lit(&colors(&pictures[30])));
}

proptest! {
    /// PLAY-2: in any order.
    #[test]
    fn a_frame_is_the_same_however_it_was_come_by(
        leds in 1..40_u16, frames in 1..80_usize, seed: u8, jumps in prop::collection::vec(0..90_u32, 1..60),
    ) {
        let picture = |n: usize| -> Vec<u8> {
            let index = |led: usize| ((led * 7 + (n / 3) * 5 + usize::from(seed)) / 4 % PALETTE.len()) as u8;
            (0..usize::from(leds)).map(index).collect()
        };
        let pictures: Vec<Vec<u8>> = (0..frames).map(picture).collect();
        let file = file(leds, 30, Motion::NONE, &pictures);
        prop_assert_eq!(&by_hand(&file), &pictures);
        let mut player = player(file);
        for number in jumps {
            let expected = &pictures[(number as usize).min(frames - 1)];
            prop_assert_eq!(player.indices(number), expected.as_slice());
        }
        // To and fro over a checkpoint.
        for number in [0, FRAMES_PER_CHECKPOINT, FRAMES_PER_CHECKPOINT - 1, FRAMES_PER_CHECKPOINT, 0] {
            let expected = &pictures[(number as usize).min(frames - 1)];
            prop_assert_eq!(player.indices(number), expected.as_slice());
        }
    }
}
