//! Machines that mean no good.

use cuelight_conductor::State;
use cuelight_sim::profiles::LOOPBACK_PATH;
use cuelight_sim::rng::Rng;
use cuelight_sim::world::{Heard, Setup, Site, World};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{
    Caps, FullStateMessage, Hello, HexPayload, HubMessage, Keepalive, NodeMessage, Refusal, SetEffect, ShowHint, Topo,
    TsPing,
};
use cuelight_wire::ids::{Mac, NodeId, Token};

use crate::judge::{Common, in_their_frame};
use crate::script::{cut_to, ms};

fn hello(mac: Mac) -> NodeMessage {
    NodeMessage::Hello(Hello {
        proto: 1,
        mac,
        fw: "x".try_into().unwrap(),
        caps: Caps { udp: true, ota: false, clock: false },
        topo: Topo { leds: 1, channels: 1 },
        udp_port: None,
        name: None,
        ext: Ext::ALL,
        hardware: None,
        universes: None,
        page_port: None,
        geometry: None,
        show: Some(ShowHint { now_us: 1 << 60, bound_us: 0, rev: u32::MAX }),
    })
}

fn keepalive(node_id: NodeId, token: &str) -> NodeMessage {
    let token = Token::try_from(token).unwrap();
    NodeMessage::Keepalive(Keepalive {
        node_id,
        token,
        rssi: 0,
        loss_pct: 100.0,
        drift_us: i64::MIN,
        uptime_s: u64::MAX,
        render_fps: f32::NAN,
        heap_free: 0,
        sync: None,
        cues: None,
    })
}

fn noise(rng: &mut Rng, longest: usize) -> Vec<u8> {
    let len = rng.between(0.0, longest as f64) as usize;
    (0..len).map(|_| rng.bits() as u8).collect()
}

/// Something unfriendly from each guest to the hub.
fn attack_hub(world: &mut World, guests: &[Site], rng: &mut Rng) {
    let [flood, wrong, rubbish, silent] = guests else { panic!("four guests") };
    // Five hellos at once, again and again, each with another address.
    world.guest_connect(*flood);
    for _ in 0..7 {
        world.guest_say(*flood, hello(Mac([9, 9, 9, 9, (rng.bits() % 4) as u8, rng.bits() as u8])));
    }
    // Messages of nodes there are, without their token.
    world.guest_connect(*wrong);
    let id = NodeId(1 + (rng.bits() % 4) as u16);
    let ping = TsPing { node_id: id, token: Token::try_from("guess").unwrap(), seq: 1, t1_us: i64::MAX };
    world.guest_say(*wrong, if rng.happens(0.5) { keepalive(id, "guess") } else { NodeMessage::TsPing(ping) });
    world.guest_connect(*rubbish);
    let refusal = if rng.happens(0.5) { Refusal::Malformed } else { Refusal::Oversized };
    world.guest_say_rubbish(*rubbish, refusal);
    world.guest_connect(*silent);
    for guest in guests {
        let bytes = noise(rng, 80);
        world.guest_ping(*guest, &bytes);
        // A ping that is right but for its token.
        let mut ping = vec![1, 3, 0, 0];
        ping.extend(rng.bits().to_le_bytes());
        ping.extend(rng.bits().to_le_bytes());
        world.guest_ping(*guest, &ping);
    }
}

/// Something unfriendly to one node, as anybody who knows its address can send it.
fn attack_node(world: &mut World, node: Site, rng: &mut Rng) {
    let mut stream = noise(rng, 600);
    if rng.happens(0.7) && stream.len() > 28 {
        // A header that is right but for its token.
        let len = (stream.len() - 28).min(512);
        (stream[0], stream[1]) = (1, [1, 2, 3, 4, 0x10][(rng.bits() % 5) as usize]);
        stream[2..4].copy_from_slice(&(len as u16).to_be_bytes());
    }
    world.inject_stream(node, &stream);
    let mut pong = noise(rng, 80);
    if rng.happens(0.7) && pong.len() > 2 {
        (pong[0], pong[1]) = (1, 4);
    }
    world.inject_pong(node, &pong);
}

/// CTRL-43, CTRL-44, STREAM-31, SYNC-12
#[test]
fn floods_wrong_tokens_and_garbage_leave_the_show_alone() {
    let mut world = World::started(Setup::loopback(4, 9).without_backstop());
    world.run(ms(3_000));
    let nodes = world.nodes();
    let guests: Vec<Site> = (0..4).map(|_| world.add_guest(LOOPBACK_PATH)).collect();
    let (from, offset) = (world.now_ns(), world.show_offset_ns());
    let mut rng = Rng::new(77);
    let mut answers = Vec::new();
    for round in 0..1_200 {
        attack_hub(&mut world, &guests, &mut rng);
        for node in &nodes {
            attack_node(&mut world, *node, &mut rng);
        }
        if round % 30 == 29 {
            answers.push((world.now_ns(), world.command(cut_to(round)).unwrap()));
        }
        world.run(ms(10));
    }
    world.run(ms(300));
    let snapshot = world.snapshot().unwrap();
    let closed: usize = guests
        .iter()
        .map(|guest| world.guest_heard(*guest).iter().filter(|(_, heard)| *heard == Heard::Closed).count())
        .collect::<Vec<_>>()
        .iter()
        .sum();
    let same = in_their_frame(&world, &nodes, &answers);
    let drops: Vec<u64> = nodes.iter().map(|node| world.status(*node).unwrap().drops.total()).collect();
    println!(
        "{same} of {} changes; {} refused, {closed} closed, {} connections, {} nodes known; drops {drops:?}",
        answers.len(),
        snapshot.refused,
        snapshot.connections,
        snapshot.nodes.len()
    );
    assert_eq!(same, answers.len());
    assert_eq!(world.show_offset_ns(), offset, "show time does not move");
    let common = Common::of(&world, &nodes, from, world.now_ns());
    common.assert_whole("under attack");
    assert!(common.worst_ns < 100_000, "{} ns off", common.worst_ns);
    assert!(closed > 3_000 && snapshot.connections < 800 && snapshot.nodes.len() <= 1_024 + 4);
    let macs = nodes.iter().map(|node| Mac([2, 0, 0, 0, 0, node.0 as u8 + 1]));
    for mac in macs {
        let node = snapshot.nodes.iter().find(|node| node.mac == mac).unwrap();
        assert_eq!((node.state, node.reconnects), (State::Ready, 0), "{mac}");
    }
    assert!(drops.iter().all(|drops| *drops > 1_000), "{drops:?}");
}

/// NODE-31
#[test]
fn garbage_on_the_control_connection_of_a_node_changes_nothing_it_shows() {
    let mut world = World::started(Setup::loopback(4, 10));
    world.run(ms(3_000));
    let (nodes, from) = (world.nodes(), world.now_ns());
    let mut rng = Rng::new(78);
    for _ in 0..400 {
        let mut payload = heapless_payload(&noise(&mut rng, 400));
        if let Some(version) = payload.0.first_mut() {
            *version = 1;
        }
        let mut messages = vec![
            HubMessage::FullState(FullStateMessage { node_id: NodeId(200), payload: payload.clone() }),
            HubMessage::SetEffect(SetEffect { effect_id: rng.bits() as u8, apply_at_us: i64::MAX }),
        ];
        // One that is for this node, and cannot be read.
        payload.0.truncate(3);
        let id = world.status(nodes[1]).unwrap().node_id.unwrap();
        messages.push(HubMessage::FullState(FullStateMessage { node_id: id, payload }));
        for message in &messages {
            world.inject_message(nodes[1], message);
        }
        world.run(ms(7));
    }
    Common::of(&world, &nodes, from, world.now_ns()).assert_whole("garbage on a control connection");
    let counters = world.status(nodes[1]).unwrap().counters;
    assert_eq!((counters.bad_states, counters.misdirected, counters.not_negotiated), (400, 400, 400));
}

fn heapless_payload(bytes: &[u8]) -> HexPayload {
    let mut payload = HexPayload(Default::default());
    let room = bytes.len().min(payload.0.capacity());
    payload.0.extend_from_slice(&bytes[..room]).unwrap();
    payload
}
