//! What holds after any sequence of commands, joins, losses and ticks.

use std::collections::BTreeMap;

use cuelight_conductor::{Command, Config, NodeRef, Saved, Scope, Start};
use cuelight_wire::caps::Ext;
use cuelight_wire::change::{ScenePatch, ZonePatch};
use cuelight_wire::control::{Keepalive, NodeMessage};
use cuelight_wire::ids::{EffectId, NodeId, PatternId, Revision};
use cuelight_wire::limits::{MAX_STREAM_PAYLOAD, MAX_ZONES};
use cuelight_wire::scene::{FullState, Layer, Scene};
use cuelight_wire::time::{Show, Span, Time};
use proptest::prelude::*;

use crate::world::{Peer, World, group, hello, ka, mac, of, set_scene};

#[derive(Clone, Debug)]
enum Step {
    Ticks(u8),
    Wait(u16),
    Command(Command),
    Leave(u8),
    Join(u8),
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        3 => Just(Scope::Show),
        1 => Just(Scope::Group(group("odd"))),
        1 => Just(Scope::Group(group("low"))),
        2 => (1_u16..=5).prop_map(|id| Scope::Node(NodeRef::Id(NodeId(id)))),
    ]
}

fn fade() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0_u32), 1_u32..200, 1_000_u32..4_000]
}

fn start() -> impl Strategy<Value = Start> {
    prop_oneof![
        2 => Just(Start::Soonest),
        1 => (10_i64..=2_000).prop_map(|ms| Start::After(Span::from_ms(ms))),
        1 => (1_000_000_i64..60_000_000).prop_map(|us| Start::At(Time::from_us(us))),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let scene = (0_u16..9, any::<u8>()).prop_map(|(effect, speed)| {
        let mut scene = Scene { effect: EffectId(effect), ..Scene::default() };
        scene.parameters.speed = speed;
        scene
    });
    let patch = (any::<Option<u8>>(), any::<Option<u16>>(), proptest::option::of(0..MAX_ZONES as u8)).prop_map(
        |(speed, hue, zone)| ScenePatch {
            speed,
            hue,
            zone: zone.map(|id| ZonePatch { id, speed, ..ZonePatch::default() }),
            ..ScenePatch::default()
        },
    );
    prop_oneof![
        4 => (scope(), scene, fade()).prop_map(|(scope, scene, fade_ms)| Command::SetScene { scope, scene, fade_ms }),
        4 => (scope(), patch, fade()).prop_map(|(scope, patch, fade_ms)| Command::Edit { scope, edit: patch.into(), fade_ms }),
        2 => (scope(), any::<[u8; 8]>(), any::<bool>(), start(), fade()).prop_map(|(scope, id, repeats, start, fade_ms)| {
            Command::PlayPattern { scope, id: PatternId(id), repeats, start, fade_ms }
        }),
        1 => (scope(), fade()).prop_map(|(scope, fade_ms)| Command::StopPattern { scope, fade_ms }),
        1 => any::<bool>().prop_map(|on| Command::Blackout { on }),
        1 => any::<u8>().prop_map(|level| Command::Master { level }),
        1 => (2_000_u16..=60_000).prop_map(|bpm| Command::Tempo { bpm_x100: Some(bpm), beats_per_bar: None }),
        1 => Just(Command::Tap),
        1 => Just(Command::Downbeat),
        1 => (10_i64..=300).prop_map(|ms| Command::SetGroup {
            name: group("low"),
            members: vec![NodeRef::Mac(mac(1)), NodeRef::Mac(mac(2))],
            lead: Some(Span::from_ms(ms)),
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1_u8..6).prop_map(Step::Ticks),
        1 => (0_u16..9_999).prop_map(Step::Wait),
        6 => command().prop_map(Step::Command),
        1 => (1_u8..=5).prop_map(Step::Leave),
        1 => (1_u8..=5).prop_map(Step::Join),
    ]
}

/// What one node was told: changes that are announced and not in force, by kind and number.
#[derive(Default)]
struct Promises {
    layers: BTreeMap<Revision, Layer>,
    open: BTreeMap<(&'static str, Revision), Time<Show>>,
    newest: BTreeMap<&'static str, Revision>,
}

impl Promises {
    fn check(&mut self, state: &FullState, now: Time<Show>) {
        let mut told: BTreeMap<(&'static str, Revision), Time<Show>> = BTreeMap::new();
        told.extend(state.layers.iter().map(|layer| (("layer", layer.rev), layer.at)));
        told.extend(state.tempos.iter().map(|tempo| (("tempo", tempo.rev), tempo.grid.at)));
        told.extend(state.masters.iter().map(|master| (("master", master.rev), master.at)));
        for layer in &state.layers {
            let before = self.layers.entry(layer.rev).or_insert_with(|| layer.clone());
            assert_eq!(before, layer, "an announced layer was changed");
        }
        for (promise, at) in &self.open {
            if *at > now {
                assert_eq!(told.get(promise), Some(at), "an announced change was taken back");
            } else {
                // It came into force: newer ones may have replaced it since, nothing older may.
                let newest = state.layers.iter().filter(|l| l.at <= now).map(|l| l.rev).max().unwrap();
                assert!(promise.0 != "layer" || newest >= promise.1);
            }
        }
        let pending = |kind| told.iter().filter(|((k, _), at)| *k == kind && **at > now).count();
        assert!(pending("layer") <= 2 && pending("tempo") <= 1 && pending("master") <= 1);
        assert!(state.layers[0].at <= now && state.tempos[0].grid.at <= now && state.masters[0].at <= now);
        assert!(state.layers.is_sorted_by_key(|l| (l.at, l.rev)), "{:?}", state.layers);
        for kind in ["layer", "tempo", "master"] {
            let newest = told.keys().filter(|(k, _)| *k == kind).map(|(_, rev)| *rev).max().unwrap();
            let before = self.newest.insert(kind, newest).unwrap_or_default();
            assert!(newest >= before, "numbers only grow");
        }
        self.open = told.into_iter().filter(|(_, at)| *at > now).collect();
    }
}

fn tick(world: &mut World, legacy: &Peer, peers: &[Peer], promises: &mut BTreeMap<u8, Promises>) {
    let datagrams = world.tick();
    for peer in peers {
        let copies = of(&datagrams, peer);
        assert!(matches!(copies.len(), 1 | 3), "{}", copies.len());
        let (header, state) = copies[0].full_state(peer);
        assert!(copies[0].open(peer).1.len() <= MAX_STREAM_PAYLOAD);
        let pending = state.layers.iter().map(|layer| layer.at).chain(state.tempos.iter().map(|t| t.grid.at));
        let oldest = pending.chain(state.masters.iter().map(|m| m.at)).filter(|at| *at > header.hub_now).min();
        assert_eq!(copies.len(), if oldest.is_some() { 3 } else { 1 });
        assert!(oldest.is_none_or(|at| at == header.apply_at));
        promises.entry(peer.mac.0[5]).or_default().check(&state, world.show());
        world.keepalive(peer);
    }
    // FANOUT-4: whatever happens, a deployed node gets one datagram, and while a change is announced it is that one.
    let copies = of(&datagrams, legacy);
    assert_eq!(copies.len(), 1);
    if let Some((_, state)) = peers.first().map(|peer| of(&datagrams, peer)[0].full_state(peer)) {
        let is_master_pending = state.masters.iter().any(|master| master.at > world.show());
        assert!(!is_master_pending || copies[0].params(legacy).is_some());
    }
    world.say(legacy.conn, NodeMessage::Keepalive(Keepalive { sync: None, ..ka(legacy) }));
}

/// What leaves ahead of a tick promises as much as what leaves in it.
fn ahead(world: &mut World, legacy: &Peer, peers: &[Peer], promises: &mut BTreeMap<u8, Promises>) {
    world.send_ahead();
    let due_at = world.conductor.poll_timeout();
    assert!(of(&world.ahead, legacy).is_empty(), "FANOUT-4: one datagram a tick");
    for peer in peers {
        let copies = of(&world.ahead, peer);
        assert!(matches!(copies.len(), 0 | 3), "FANOUT-23: {}", copies.len());
        let Some(first) = copies.first() else { continue };
        assert!(due_at - world.now >= Span::from_ms(1));
        let (header, state) = first.full_state(peer);
        assert!(header.hub_now == world.show() && header.apply_at > header.hub_now);
        promises.entry(peer.mac.0[5]).or_default().check(&state, world.show());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn what_was_announced_is_never_taken_back(steps in proptest::collection::vec(step(), 1..60)) {
        // SHOW-1, SHOW-2, SHOW-3, SHOW-4
        let mut world = World::new();
        let legacy = world.join_legacy(9);
        let mut peers: Vec<Peer> = (1..=4).map(|n| world.join(n)).collect();
        let members = vec![NodeRef::Mac(mac(1)), NodeRef::Mac(mac(3))];
        world.command(Command::SetGroup { name: group("odd"), members: members.clone(), lead: None });
        world.command(Command::SetGroup { name: group("low"), members, lead: Some(Span::from_ms(250)) });
        let mut promises = BTreeMap::new();
        for step in steps {
            match step {
                Step::Ticks(count) => (0..count).for_each(|_| tick(&mut world, &legacy, &peers, &mut promises)),
                Step::Wait(us) => {
                    let until = world.now + Span::from_us(us.into());
                    world.now = until.min(world.conductor.poll_timeout());
                }
                Step::Command(command) => {
                    let (rev, show) = (world.conductor.snapshot(world.now).rev, world.show());
                    let is_change = !matches!(command, Command::SetGroup { .. });
                    if let Ok(answer) = world.conductor.handle_command(None, command, world.now) && is_change {
                        prop_assert_eq!(answer.rev, Revision(rev.0 + 1));
                        prop_assert!(answer.apply_at >= show + Span::from_ms(10));
                        prop_assert_eq!(answer.apply_at.as_ns() % 1_000, 0);
                    }
                    ahead(&mut world, &legacy, &peers, &mut promises);
                }
                Step::Leave(n) => {
                    if let Some(index) = peers.iter().position(|peer| peer.mac == mac(n)) {
                        let peer = peers.remove(index);
                        world.conductor.handle_closed(peer.conn, world.now);
                    }
                }
                Step::Join(n) => {
                    // The limit of hellos has its own test.
                    world.now = world.now.max(world.conductor.poll_timeout());
                    let (conn, _) = world.open();
                    world.say(conn, NodeMessage::Hello(hello(mac(n), Ext::ALL)));
                    if let Some(welcome) = world.welcome(conn) {
                        let ip = world.conductor.snapshot(world.now).nodes.iter().find(|x| x.id == welcome.node_id)
                            .and_then(|node| node.ip).unwrap();
                        peers.retain(|peer| peer.mac != mac(n));
                        let addr = std::net::SocketAddr::new(ip, welcome.udp_port);
                        let peer = Peer { conn, mac: mac(n), id: welcome.node_id, token: welcome.token, addr };
                        world.keepalive(&peer);
                        peers.push(peer);
                    }
                }
            }
        }
        // All quiet, a last wish: everybody ends in the same scene at the same instant.
        for _ in 0..100 {
            tick(&mut world, &legacy, &peers, &mut promises);
        }
        let answer = world.command(set_scene(Scope::Show, 77));
        for _ in 0..60 {
            tick(&mut world, &legacy, &peers, &mut promises);
        }
        for node in world.conductor.snapshot(world.now).nodes {
            prop_assert_eq!((node.scene.rev, node.scene.at), (answer.rev, answer.apply_at));
        }
        // What is saved restores to what was shown.
        let saved = world.conductor.saved();
        let again = World::restarted(Config::default(), saved.clone(), world.now, Some(world.show()));
        prop_assert_eq!(again.conductor.saved(), saved);
    }

    #[test]
    fn whatever_was_saved_the_hub_starts(
        flips in proptest::collection::vec((0_usize..3, 0_usize..150, 1_u8..=255), 0..6),
        cut in proptest::option::of(0_usize..150),
        show in 0_usize..5,
        rev in any::<u32>(),
    ) {
        // SHOW-7
        let mut world = World::new();
        world.join(1);
        world.command(set_scene(Scope::Node(NodeRef::Id(NodeId(1))), 3));
        world.command(Command::SetGroup { name: group("odd"), members: vec![], lead: None });
        let mut saved: Saved = world.conductor.saved();
        (saved.show, saved.rev) = (show, Revision(rev));
        let mut payloads: Vec<_> = saved.tracks.iter_mut().chain(saved.common.as_mut()).collect();
        for (payload, place, flip) in flips {
            let payload = payloads.get_mut(payload);
            if let Some(byte) = payload.and_then(|payload| payload.0.get_mut(place)) {
                *byte ^= flip;
            }
        }
        payloads[0].0.truncate(cut.unwrap_or(usize::MAX));
        let mut world = World::restarted(Config::default(), saved, Time::ZERO, None);
        let peer = world.join(1);
        for n in 0..8 {
            prop_assert!(!of(&world.tick(), &peer).is_empty());
            let show = world.show();
            match world.conductor.handle_command(None, set_scene(Scope::Show, n), world.now) {
                Ok(answer) => prop_assert!(answer.apply_at - show <= Span::from_s(5), "{:?}", answer.apply_at),
                Err(error) => prop_assert_eq!(error, cuelight_conductor::CommandError::Exhausted),
            }
        }
    }
}
