//! A hub that negotiates nothing.

use cuelight_proto::node::Via;
use cuelight_wire::change::{Change, ScenePatch};
use cuelight_wire::control::{GlobalState, HubMessage, ParametersSet, SetEffect, Snapshot, ZoneState, ZoneUpdate};
use cuelight_wire::ids::{EffectId, PaletteId};
use cuelight_wire::scene::BlendMode;
use cuelight_wire::stream::MsgType;
use cuelight_wire::stream::payload::{BeatTick, ParamDelta, SceneChange};
use cuelight_wire::time::{Show, Span, Time};

use crate::world::{NODE, World, ms};

fn delta(effect: u16, brightness: u8) -> [u8; 8] {
    ParamDelta { effect: EffectId(effect), palette: PaletteId(2), brightness, speed: 100, hue: 0x4000 }.encode()
}

fn tick(world: &mut World, at: Time<Show>, bpm_x100: u16, phase: u8, downbeat: bool) {
    world.stream(MsgType::BeatTick, at, &BeatTick { bpm_x100, phase, downbeat }.encode());
}

fn global(effect_id: u8) -> GlobalState {
    GlobalState {
        effect_id,
        palette_id: 2,
        brightness: 90,
        speed: 100,
        hue: 0x40,
        intensity: 5,
        saturation: 6,
        complexity: 7,
        variation: 8,
    }
}

fn snapshot(world: &World, effect_id: u8, zones: &[ZoneState]) -> Snapshot {
    Snapshot {
        node_id: NODE,
        apply_at_us: world.show_now().as_us() + 30_000,
        global: global(effect_id),
        zones_enabled: !zones.is_empty(),
        zones: zones.iter().copied().collect(),
    }
}

#[test]
fn a_node_joins_a_deployed_hub_and_locks_with_the_deployed_exchange() {
    // NODE-35
    let mut world = World::deployed().joined();
    assert!((world.node.map(world.now).show_at(world.now) - world.show_now()).abs() <= Span::from_us(200));
    world.stream(MsgType::FullState, world.show_now(), &[1, 0, 0, 0]);
    assert_eq!(world.node.status(world.now).counters.not_negotiated, 1);
    world.run(ms(1000));
    assert_eq!(world.changes(), []);
}

#[test]
fn repeats_of_a_change_are_one_change() {
    // NODE-35
    let mut world = World::deployed().joined();
    let at = world.show_now() + ms(30);
    for _ in 0..3 {
        world.stream(MsgType::ParamDelta, at, &delta(5, 80));
    }
    // The refresh, with new applyAts.
    for i in 0..100 {
        world.stream(MsgType::ParamDelta, at + ms(10 * i), &delta(5, 80));
    }
    // The control plane's copy.
    world.message(HubMessage::SetEffect(SetEffect { effect_id: 5, apply_at_us: at.as_us() }));
    let patch = ScenePatch {
        effect: Some(EffectId(5)),
        palette: Some(PaletteId(2)),
        brightness: Some(80),
        speed: Some(100),
        hue: Some(0x4000),
        ..ScenePatch::default()
    };
    assert_eq!(world.changes(), [(Change::Patch { at, patch }, Via::Stream)]);
}

#[test]
fn two_announced_changes_that_take_turns_are_two_changes() {
    let mut world = World::deployed().joined();
    let (first, second) = (world.show_now() + ms(20), world.show_now() + ms(30));
    for _ in 0..5 {
        world.stream(MsgType::ParamDelta, first, &delta(5, 80));
        world.stream(MsgType::ParamDelta, second, &delta(6, 80));
    }
    let ats: Vec<_> = world.changes().iter().map(|(change, _)| change.at()).collect();
    assert_eq!(ats, [first, second]);
}

#[test]
fn going_back_to_what_was_before_is_a_change() {
    let mut world = World::deployed().joined();
    let at = world.show_now();
    for (i, effect) in [5, 6, 5].into_iter().enumerate() {
        world.stream(
            MsgType::SceneChange,
            at + ms(10 * i as i64),
            &SceneChange { effect: EffectId(effect), palette: PaletteId(1) }.encode(),
        );
    }
    assert_eq!(world.changes().len(), 3);
}

#[test]
fn after_a_change_that_came_out_of_order_nothing_it_touched_is_taken_as_known() {
    let mut world = World::deployed().joined();
    let at = world.show_now();
    let send = |world: &mut World, at, effect| {
        world.message(HubMessage::SetEffect(SetEffect { effect_id: effect, apply_at_us: Time::<Show>::as_us(at) }));
    };
    send(&mut world, at + ms(50), 6);
    send(&mut world, at + ms(20), 5);
    send(&mut world, at + ms(90), 6);
    // The third says 6 as the first did; whether 6 is in force the node cannot know, so it is given.
    assert_eq!(world.changes().len(), 3);
}

#[test]
fn control_messages_become_patches_at_their_apply_at() {
    // NODE-35
    let mut world = World::deployed().joined();
    let at = Time::from_us(world.show_now().as_us() + 40_000);
    let apply_at_us = at.as_us();
    let set = ParametersSet { hue: Some(0x12), variation: Some(3), apply_at_us, ..ParametersSet::default() };
    world.message(HubMessage::ParametersSet(set));
    let zone = ZoneUpdate { zone_id: 1, blend_mode: Some(2), effect_id: Some(4), apply_at_us, ..ZoneUpdate::default() };
    world.message(HubMessage::ZoneUpdate(zone));
    world.message(HubMessage::ZoneUpdate(zone));
    world.message(HubMessage::ZoneUpdate(ZoneUpdate { zone_id: 4, ..zone }));
    let changes = world.changes();
    let [(Change::Patch { at: a, patch: p }, Via::Control), (Change::Patch { at: b, patch: z }, Via::Control)] =
        &changes[..]
    else {
        panic!("{changes:?}")
    };
    assert_eq!((*a, *b), (at, at));
    assert_eq!((p.hue, p.variation, p.effect, p.zone), (Some(0x1200), Some(3), None, None));
    let zone = z.zone.unwrap();
    assert_eq!((zone.id, zone.effect, zone.blend), (1, Some(EffectId(4)), Some(BlendMode::Multiply)));
}

#[test]
fn a_snapshot_is_a_whole_scene_and_the_same_one_again_is_nothing() {
    // NODE-35
    let mut world = World::deployed().joined();
    let zone = |zone_id, effect_id| ZoneState {
        zone_id,
        effect_id,
        brightness: 1,
        speed: 2,
        palette_id: 3,
        blend_mode: if zone_id == 2 { 1 } else { 99 },
    };
    // Out of order, one of them twice, one impossible.
    let zones = [zone(2, 8), zone(0, 7), zone(2, 9), zone(200, 1)];
    let told = snapshot(&world, 5, &zones);
    world.message(HubMessage::Snapshot(told.clone()));
    world.message(HubMessage::Snapshot(Snapshot { apply_at_us: told.apply_at_us + 50_000, ..told.clone() }));
    let changes = world.changes();
    let [(Change::Layer(layer), Via::Control)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(layer.at.as_us(), told.apply_at_us);
    assert_eq!(
        (layer.scene.effect, layer.scene.parameters.hue, layer.scene.parameters.variation),
        (EffectId(5), 0x4000, 8)
    );
    let zones: Vec<_> = layer.scene.zones.iter().map(|z| (z.id, z.effect.0, z.blend, z.from, z.to)).collect();
    assert_eq!(zones, [(0, 7, BlendMode::Overwrite, 0, 63), (2, 9, BlendMode::Add, 128, 191)]);
    // The stream's first refresh says the same.
    let at = world.show_now() + ms(30);
    world.stream(MsgType::ParamDelta, at, &delta(5, 90));
    assert_eq!(world.changes().len(), 1);
    // Zones off is a different scene.
    let off = snapshot(&world, 5, &[]);
    world.message(HubMessage::Snapshot(off));
    assert_eq!(world.changes().len(), 2);
}

#[test]
fn beat_ticks_that_agree_with_the_grid_are_no_change() {
    // NODE-35
    let mut world = World::deployed().joined();
    let start = world.show_now();
    // 120 beats a minute: 50 ticks of 10 ms a beat, 256 / 50 phase steps a tick; four beats a bar.
    for i in 0..400_i64 {
        let (beat, in_beat) = (i / 50, i % 50);
        tick(&mut world, start + ms(10 * i), 12_000, (in_beat * 256 / 50) as u8, beat % 4 == 0);
    }
    let changes = world.changes();
    let [(Change::Tempo(tempo), Via::Stream)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((tempo.grid.at, tempo.grid.phase(start), tempo.grid.is_downbeat(start)), (start, 0, true));
    // A new tempo, then a new phase, then a new downbeat.
    let at = start + ms(4_000);
    tick(&mut world, at, 12_500, 0, true);
    tick(&mut world, at, 12_500, 64, true);
    tick(&mut world, at, 12_500, 64, false);
    tick(&mut world, at, 12_500, 66, false);
    let grids: Vec<_> = world.changes()[1..].iter().map(|(change, _)| change.clone()).collect();
    assert_eq!(grids.len(), 3);
    for (change, (phase, downbeat)) in grids.iter().zip([(0, true), (64, true), (64, false)]) {
        let Change::Tempo(tempo) = change else { panic!("{change:?}") };
        assert_eq!((tempo.grid.phase(at), tempo.grid.is_downbeat(at), tempo.grid.bpm_x100), (phase, downbeat, 12_500));
    }
}

#[test]
fn a_deployed_change_beyond_the_horizon_is_refused_and_its_repeat_taken_later() {
    // NODE-34
    let mut world = World::deployed().joined();
    let at = world.show_now() + Span::from_s(11);
    world.stream(MsgType::ParamDelta, at, &delta(5, 80));
    assert_eq!((world.changes().len(), world.node.status(world.now).counters.beyond_horizon), (0, 1));
    world.run(ms(1_100));
    world.stream(MsgType::ParamDelta, at, &delta(5, 80));
    assert_eq!(world.changes().len(), 1);
}

#[test]
fn a_message_for_another_node_or_before_welcome_changes_nothing() {
    let mut world = World::deployed();
    world.hub.answers = false;
    world.run(ms(1));
    world.message(HubMessage::SetEffect(SetEffect { effect_id: 5, apply_at_us: 0 }));
    world.hub.answers = true;
    world.welcome();
    let mut other = snapshot(&world, 5, &[]);
    other.node_id.0 += 1;
    world.message(HubMessage::Snapshot(other));
    assert_eq!(world.changes(), []);
    assert_eq!(world.node.status(world.now).counters.misdirected, 2);
}
