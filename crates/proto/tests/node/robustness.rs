//! Whatever comes, in whatever order (`NODE-31`).

use cuelight_proto::node::{NodeEvent, NodeRole, SyncUse};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{FullStateMessage, HexPayload, HubMessage, SetEffect, TsPong, Welcome};
use cuelight_wire::ids::{NodeId, TokenHash};
use cuelight_wire::seal::Seal;
use cuelight_wire::stream::{Header, MsgType};
use cuelight_wire::time::{Local, Span, Time};
use proptest::prelude::*;

use crate::world::{NODE, World, config, layer, ms};

const TOKEN: &str = "t";

#[derive(Clone, Debug)]
enum Input {
    Connected,
    Disconnected,
    Welcome { boot_id: Option<u32>, full_state: bool, epoch_us: i64 },
    Datagram(Vec<u8>),
    Packet { kind: u8, seq: u32, hub_now_us: i64, apply_at_us: i64, payload: Vec<u8> },
    Exchange(Vec<u8>),
    TsPong { seq: u32, t1_us: i64, t2_us: i64, t3_us: i64 },
    Copy(Vec<u8>),
    SetEffect { effect_id: u8, apply_at_us: i64 },
    Sent { seq: u32, ns: i64 },
    Wait { ns: i64 },
    Jump { ns: i64 },
    Use(bool),
    Drain,
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        (0..4_u8, 0..3_u8, 0..3_u8, prop::collection::vec(0..3_u8, 0..400))
            .prop_map(|(layers, tempos, masters, rest)| [vec![1, layers, tempos, masters], rest].concat())
    ]
}

fn input() -> impl Strategy<Value = Input> {
    let us = || prop_oneof![Just(0_i64), any::<i64>(), -1_000_000..1_000_000_000_i64];
    prop_oneof![
        Just(Input::Connected),
        Just(Input::Disconnected),
        (any::<Option<u32>>(), any::<bool>(), us()).prop_map(|(boot_id, full_state, epoch_us)| Input::Welcome {
            boot_id,
            full_state,
            epoch_us
        }),
        prop::collection::vec(any::<u8>(), 0..600).prop_map(Input::Datagram),
        (0..0x12_u8, any::<u32>(), us(), us(), payload()).prop_map(|(kind, seq, hub_now_us, apply_at_us, payload)| {
            Input::Packet { kind, seq, hub_now_us, apply_at_us, payload }
        }),
        prop::collection::vec(0..5_u8, 0..60).prop_map(Input::Exchange),
        (0..40_u32, us(), us(), us()).prop_map(|(seq, t1_us, t2_us, t3_us)| Input::TsPong { seq, t1_us, t2_us, t3_us }),
        payload().prop_map(Input::Copy),
        (any::<u8>(), us()).prop_map(|(effect_id, apply_at_us)| Input::SetEffect { effect_id, apply_at_us }),
        (0..40_u32, any::<i64>()).prop_map(|(seq, ns)| Input::Sent { seq, ns }),
        (0..2_000_000_000_i64).prop_map(|ns| Input::Wait { ns }),
        any::<i64>().prop_map(|ns| Input::Jump { ns }),
        any::<bool>().prop_map(Input::Use),
        Just(Input::Drain),
    ]
}

fn apply(node: &mut NodeRole, input: &Input, now: &mut Time<Local>) {
    match input.clone() {
        Input::Connected => node.handle_connected(*now),
        Input::Disconnected => node.handle_disconnected(*now),
        Input::Welcome { boot_id, full_state, epoch_us } => {
            // Nobody guesses a tag: what has none is to come further.
            let ext = if full_state { Ext::ALL.without(Ext::SEAL) } else { Ext::NONE };
            let token = TOKEN.try_into().unwrap();
            let (proto, node_id, udp_port, ts_port) = (1, NODE, 1, None);
            let welcome = Welcome { proto, node_id, token, udp_port, hub_epoch_us: epoch_us, ts_port, ext, boot_id };
            node.handle_message(&HubMessage::Welcome(welcome), *now);
        }
        Input::Datagram(bytes) => node.handle_datagram(&bytes, *now),
        Input::Packet { kind, seq, hub_now_us, apply_at_us, payload } => {
            let header = Header {
                msg_type: MsgType::Heartbeat,
                seq,
                token_hash: TokenHash::of(TOKEN.as_bytes()),
                hub_now: Time::from_us(hub_now_us),
                apply_at: Time::from_us(apply_at_us),
            };
            let mut buf = [0; 600];
            let len = header.encode(&payload, &mut buf).unwrap();
            buf[1] = kind;
            node.handle_datagram(&buf[..len], *now);
        }
        Input::Exchange(bytes) => node.handle_exchange(&bytes, *now, *now),
        Input::TsPong { seq, t1_us, t2_us, t3_us } => {
            node.handle_message(&HubMessage::TsPong(TsPong { node_id: NODE, seq, t1_us, t2_us, t3_us }), *now);
        }
        Input::Copy(payload) => {
            let payload = HexPayload(payload.into_iter().take(300).collect());
            node.handle_message(&HubMessage::FullState(FullStateMessage { node_id: NodeId(7), payload }), *now);
        }
        Input::SetEffect { effect_id, apply_at_us } => {
            node.handle_message(&HubMessage::SetEffect(SetEffect { effect_id, apply_at_us }), *now);
        }
        Input::Sent { seq, ns } => node.handle_exchange_sent(seq, Time::from_ns(ns)),
        Input::Wait { ns } => {
            *now += Span::from_ns(ns);
            node.handle_timeout(*now);
        }
        Input::Jump { ns } => {
            *now = Time::from_ns(ns);
            node.handle_timeout(*now);
        }
        Input::Use(on) => node.handle_sync_use(if on { SyncUse::Scheduled } else { SyncUse::OnArrival }, *now),
        Input::Drain => {
            while node.poll_ping(*now).is_some() {}
            while node.poll_message().is_some() {}
            while node.poll_event().is_some() {}
        }
    }
    let _ = (node.poll_timeout(), node.status(*now), node.map(*now));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_input_in_any_order_makes_a_node_panic(inputs in prop::collection::vec(input(), 1..80)) {
        // NODE-31
        let mut now = Time::ZERO;
        let mut node = NodeRole::new(config(SyncUse::Scheduled), 1, now);
        node.handle_timeout(now);
        node.handle_connected(now);
        for input in &inputs {
            apply(&mut node, input, &mut now);
        }
    }

    #[test]
    fn every_datagram_of_a_session_is_accepted_or_counted_once(
        order in prop::collection::vec((0_usize..40, 0_u8..8), 1..120), first_seq in any::<u32>(), is_sealed in any::<bool>()
    ) {
        // STREAM-31, WIRE-18: reordered, repeated, replayed, cut, lengthened, of another version, type or session.
        let mut world = World::new(SyncUse::Scheduled);
        let token = world.hub.token.as_bytes();
        let mut sender = cuelight_proto::stream::Sender::starting_at(TokenHash::of(token), first_seq);
        if is_sealed {
            sender = sender.sealed(Some(Seal::of_stream(token)));
        } else {
            world.hub.ext = Ext::ALL.without(Ext::SEAL);
        }
        world.run(ms(1));
        let packets: Vec<_> = (0..40)
            .map(|_| {
                let mut buf = [0; 64];
                let len = sender.packet(MsgType::Heartbeat, Time::ZERO, Time::ZERO, &[], &mut buf).unwrap();
                buf[..len].to_vec()
            })
            .collect();
        for (i, damage) in &order {
            let mut packet = packets[*i].clone();
            match damage {
                1 => packet.truncate(27),
                2 => packet.push(0),
                3 => packet[0] = 2,
                4 => packet[1] = 0x7f,
                5 => packet[8] ^= 1,
                6 => {
                    packet[3] = 1;
                    packet.push(9);
                }
                _ => {}
            }
            world.deliver(&packet);
        }
        let status = world.node.status(world.now);
        let damaged = |kind: u8| order.iter().filter(|(_, damage)| *damage == kind).count() as u64;
        prop_assert_eq!(status.stream.received + status.drops.total(), order.len() as u64);
        prop_assert_eq!(status.drops.truncated, damaged(1));
        prop_assert_eq!(status.drops.oversized, damaged(2));
        prop_assert_eq!(status.drops.wrong_version, damaged(3));
        prop_assert_eq!(status.drops.unknown_type, damaged(4));
        prop_assert_eq!(status.drops.wrong_token, damaged(5));
        // A heartbeat with a payload; where its number is behind, that is the reason that counts.
        prop_assert!(status.drops.bad_payload <= damaged(6));
        // With a tag nobody looks at its payload.
        prop_assert_eq!(status.drops.wrong_tag, if is_sealed { damaged(6) } else { 0 });
        prop_assert!(status.stream.received + status.stream.lost <= 40);
    }
}

#[test]
fn before_the_first_session_a_datagram_is_counted_as_such() {
    // STREAM-31
    let mut world = World::new(SyncUse::Scheduled);
    world.deliver(&[1; 28]);
    assert_eq!(world.node.status(world.now).drops.no_session, 1);
}

#[test]
fn a_driver_that_does_not_drain_loses_old_messages_only() {
    // NODE-31
    let mut world = World::new(SyncUse::Scheduled).joined();
    world.hub.state.layers.push(layer(1, world.show_now())).unwrap();
    for _ in 0..30 {
        world.now += ms(1_000);
        let packet = world.state_packet();
        world.node.handle_datagram(&packet, world.now);
        world.node.handle_timeout(world.now);
    }
    world.drain();
    assert!(world.node.status(world.now).counters.messages_dropped > 0);
    assert_eq!(world.count(|e| matches!(e, NodeEvent::Change { .. })), 1);
    assert!(world.keepalives().last().unwrap().1.uptime_s >= 33);
}
