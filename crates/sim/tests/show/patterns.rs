//! Patterns: the same frame of the file on every node at every frame of the show, and the right one.

use std::collections::BTreeMap;

use cuelight_conductor::{Answer, Command, Scope, Start};
use cuelight_render::Finish;
use cuelight_sim::link::Loss;
use cuelight_sim::profiles::{LOOPBACK_PATH, PathProfile};
use cuelight_sim::world::{Death, Disk, FrameRecord, Restart, Setup, Site, World};
use cuelight_wire::ids::PatternId;
use cuelight_wire::prism::{Header, Motion, PrismWriter, Rate, max_len};
use cuelight_wire::scene::{Parameters, Rgb, Scene};
use cuelight_wire::time::Span;

use crate::judge::{Common, MS};
use crate::script::ms;

/// Pixels of a node in these worlds.
const LEDS: usize = 16;
const FPS: u32 = 50;
const FRAMES: usize = 211;
const ID: PatternId = PatternId(*b"patterns");
const PALETTE: [[u8; 3]; 4] = [[0, 0, 0], [255, 255, 255], [200, 10, 0], [0, 99, 250]];

/// The pictures, each unlike every other: its number in binary, and a dot that walks.
fn pictures() -> Vec<[u8; LEDS]> {
    let picture = |n: usize| {
        let mut picture = [0; LEDS];
        picture
            .iter_mut()
            .enumerate()
            .for_each(|(led, index)| *index = if led < 8 && n >> led & 1 == 1 { 1 } else { 2 });
        picture[8 + n % 8] = 3;
        picture
    };
    (0..FRAMES).map(picture).collect()
}

fn file() -> Vec<u8> {
    let rate = Rate::from_field(FPS).unwrap();
    let header = Header {
        leds: LEDS as u16,
        frames: FRAMES as u32,
        rate,
        color_format: 1,
        compression: 0,
        motion: Motion::NONE,
    };
    let mut buf = vec![0; max_len(&header, PALETTE.len())];
    let mut writer = PrismWriter::new(header, &PALETTE.map(|[r, g, b]| Rgb::new(r, g, b)), &mut buf).unwrap();
    let mut before: Option<[u8; LEDS]> = None;
    for picture in pictures() {
        writer.frame(&picture, before.as_ref().map(<[u8; LEDS]>::as_slice)).unwrap();
        before = Some(picture);
    }
    let len = writer.finish().unwrap();
    buf.truncate(len);
    buf
}

/// FNV-1a 64 over the bytes of a picture's colours: RENDER-9, by hand.
fn hash_of(picture: &[u8; LEDS]) -> u64 {
    let bytes = picture.iter().flat_map(|index| PALETTE[usize::from(*index)]);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Four nodes with clocks of their own and light as it is computed, losing a tenth of everything both ways.
fn setup(seed: u64, has_pattern: bool) -> Setup {
    let way = LOOPBACK_PATH.up.with_loss(Loss::Random(0.1));
    let path = PathProfile { up: way, down: way, ..LOOPBACK_PATH };
    let mut setup = Setup::new(4, path, seed);
    for node in &mut setup.nodes {
        node.finish = Finish::PLAIN;
        node.patterns = has_pattern.then(|| (ID, file())).into_iter().collect();
    }
    setup
}

/// A scene at full light, for a pattern to be played over.
fn bright() -> Command {
    let parameters = Parameters { brightness: 255, ..Parameters::DEFAULT };
    Command::SetScene { scope: Scope::Show, scene: Scene { parameters, ..Scene::default() }, fade_ms: 0 }
}

fn play(repeats: bool) -> Command {
    Command::PlayPattern { scope: Scope::Show, id: ID, repeats, start: Start::Soonest, fade_ms: 0 }
}

/// The picture a frame of the show is to have, by its own arithmetic: the instants k / 120 s in 120 millionths of a second.
fn picture_at(k: i64, start: &Answer, repeats: bool) -> usize {
    let since = i128::from(k) * 1_000_000 - i128::from(start.apply_at.as_us()) * 120;
    let n = usize::try_from(since * i128::from(FPS) / 120_000_000).unwrap();
    if repeats { n % FRAMES } else { n.min(FRAMES - 1) }
}

/// Synced frames of these nodes while the pattern's change, or a newer one, is in force.
fn playing<'a>(world: &'a World, nodes: &[Site], start: &Answer, from_ns: i64) -> Vec<&'a FrameRecord> {
    let frames = |node: &Site| world.record(*node).between(from_ns, world.now_ns()).iter();
    let frames = nodes.iter().flat_map(frames);
    frames.filter(|frame| frame.is_synced && frame.scene_rev >= start.rev).collect()
}

fn assert_by_the_file(frames: &[&FrameRecord], start: &Answer, repeats: bool, what: &str) {
    let hashes: Vec<u64> = pictures().iter().map(hash_of).collect();
    let mut shown: BTreeMap<usize, usize> = BTreeMap::new();
    for frame in frames {
        let n = picture_at(frame.index.0, start, repeats);
        assert_eq!(frame.hash, hashes[n], "{what}: frame {} of the show, {n} of the file", frame.index.0);
        *shown.entry(n).or_default() += 1;
    }
    println!("{what}: {} frames, {} pictures of {FRAMES}", frames.len(), shown.len());
}

/// PLAY-1, PLAY-2, RENDER-1
#[test]
fn every_frame_is_the_files_own_on_all_nodes_and_a_late_joiners_too() {
    for (seed, repeats) in [(1, true), (2, false)] {
        let mut world = World::new(setup(seed, true));
        let nodes = world.nodes();
        for node in &nodes[..3] {
            world.start_node(*node);
        }
        world.run(ms(3_000));
        world.command(bright()).unwrap();
        world.run(ms(500));
        let from = world.now_ns();
        let start = world.command(play(repeats)).unwrap();
        world.run(ms(2_345));
        world.start_node(nodes[3]);
        world.run(ms(6_000));
        let common = Common::of(&world, &nodes[..3], from, world.now_ns());
        common.assert_whole("while a pattern plays");
        let early = playing(&world, &nodes[..3], &start, from);
        assert!(early.len() > 3 * 900, "{}", early.len());
        assert_by_the_file(&early, &start, repeats, "three nodes");
        let late = playing(&world, &nodes[3..], &start, from);
        assert!(late.len() > 400, "{}", late.len());
        assert_by_the_file(&late, &start, repeats, "the late joiner");
    }
}

/// PLAY-4
#[test]
fn a_pattern_that_comes_late_shows_from_its_right_frame_on_and_until_then_the_effect_does() {
    let mut world = World::started(setup(3, false));
    let nodes = world.nodes();
    for node in &nodes[..3] {
        world.give_pattern(*node, ID, &file());
    }
    world.run(ms(3_000));
    world.command(bright()).unwrap();
    world.run(ms(500));
    let from = world.now_ns();
    let start = world.command(play(true)).unwrap();
    world.run(ms(1_500));
    let came_at = world.now_ns();
    let without = playing(&world, &nodes[3..], &start, from);
    let hashes: Vec<u64> = pictures().iter().map(hash_of).collect();
    assert!(without.len() > 100 && without.iter().all(|frame| !hashes.contains(&frame.hash)), "{}", without.len());
    world.give_pattern(nodes[3], ID, &file());
    world.run(ms(2_000));
    // A frame that was rendered before it came may still be on its way.
    let with = playing(&world, &nodes[3..], &start, came_at + 10 * MS);
    assert!(with.len() > 200);
    assert_by_the_file(&with, &start, true, "a node that got it late");
    Common::of(&world, &nodes, came_at + 10 * MS, world.now_ns()).assert_whole("all four");
}

/// PLAY-5
#[test]
fn a_pattern_goes_on_over_changes_and_over_a_restart_of_the_hub_and_stops_into_the_scene_below() {
    let mut world = World::started(setup(4, true));
    let nodes = world.nodes();
    world.run(ms(3_000));
    world.command(bright()).unwrap();
    world.run(ms(500));
    let before = world.now_ns();
    let start = world.command(play(true)).unwrap();
    world.run(ms(1_000));
    // A change that changes nothing to be seen: the picture goes on.
    let patch = cuelight_wire::change::ScenePatch { speed: Some(200), ..Default::default() };
    world.command(Command::Edit { scope: Scope::Show, edit: patch.into(), fade_ms: 0 }).unwrap();
    world.run(ms(1_000));
    world.kill_hub(Death::Killed);
    world.run(ms(2_000));
    world.start_hub(Restart { epoch: Span::from_s(-3_600), show_hint: None, disk: Disk::Saved });
    world.run(ms(6_000));
    let frames = playing(&world, &nodes, &start, before);
    assert!(frames.len() > 4 * 900, "{}", frames.len());
    assert_by_the_file(&frames, &start, true, "over a restart of the hub");
    let from = world.now_ns();
    let stop = world.command(Command::StopPattern { scope: Scope::Show, fade_ms: 0 }).unwrap();
    world.run(ms(1_000));
    Common::of(&world, &nodes, from, world.now_ns()).assert_whole("over the stop");
    let hashes: Vec<u64> = pictures().iter().map(hash_of).collect();
    let after = playing(&world, &nodes, &stop, from);
    assert!(after.len() > 300 && after.iter().all(|frame| !hashes.contains(&frame.hash)), "{}", after.len());
}
