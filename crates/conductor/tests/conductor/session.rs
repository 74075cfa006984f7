//! Control connections: hello, tokens, limits.

use std::net::{IpAddr, Ipv4Addr};

use cuelight_conductor::{Command, Config, ConnId, Event, NodeRef, State};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{HubMessage, NodeMessage, Refusal, TsPing};
use cuelight_wire::ids::{Mac, NodeId, Token, TokenHash};
use cuelight_wire::time::Span;

use crate::world::{Peer, World, group, hello, ka, mac};

#[test]
fn a_deployed_node_gets_a_welcome_without_cuelight_fields_and_then_a_snapshot() {
    // CTRL-41
    let mut world = World::new();
    let (conn, _) = world.open();
    world.say(conn, NodeMessage::Hello(hello(mac(1), Ext::NONE)));
    let show_us = world.show().as_us();
    let messages = world.messages(conn);
    let [HubMessage::Welcome(welcome), HubMessage::Snapshot(snapshot)] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert_eq!((welcome.node_id, welcome.udp_port, welcome.hub_epoch_us), (NodeId(1), 49_152, show_us));
    assert_eq!((welcome.ts_port, welcome.ext, welcome.boot_id), (None, Ext::NONE, None));
    assert_eq!((snapshot.node_id, snapshot.global.brightness, snapshot.zones_enabled), (NodeId(1), 200, false));
}

#[test]
fn a_cuelight_node_gets_the_agreed_words_and_its_full_state() {
    // CTRL-41
    let mut world = World::new();
    let (conn, _) = world.open();
    world.say(conn, NodeMessage::Hello(hello(mac(1), Ext::ALL)));
    let messages = world.messages(conn);
    let [
        HubMessage::Welcome(welcome),
        HubMessage::FullState(full),
        HubMessage::ShowLock(lock),
        HubMessage::Universes(assigned),
        HubMessage::Geometry(laid_out),
    ] = messages.as_slice()
    else {
        panic!("{messages:?}")
    };
    assert_eq!((welcome.ts_port, welcome.ext, welcome.boot_id), (Some(49_154), Ext::ALL, Some(7)));
    assert_eq!((lock.node_id, &lock.token, &lock.show), (welcome.node_id, &welcome.token, &None));
    assert_eq!((assigned.node_id, &assigned.universes), (welcome.node_id, &None));
    assert_eq!((laid_out.node_id, &laid_out.geometry), (welcome.node_id, &None));
    let state = cuelight_wire::stream::full_state::decode(&full.payload.0).unwrap();
    assert_eq!((state.layers.len(), state.tempos.len(), state.masters.len()), (1, 1, 1));
}

#[test]
fn a_node_that_says_hello_again_keeps_its_number_gets_a_new_token_and_its_old_connection_is_closed() {
    // CTRL-42, ROSTER-2
    let mut world = World::new();
    let first = world.join(1);
    let other = world.join(2);
    let again = world.join_again(&first, hello(mac(1), Ext::ALL));
    assert_eq!((first.id, other.id, again.id), (NodeId(1), NodeId(2), NodeId(1)));
    assert_ne!(first.token, again.token);
    assert_eq!(world.closed(first.conn), Some(Refusal::Replaced));
    assert_eq!(world.conductor.sessions().count(), 2);
    assert_eq!(world.node(&again).reconnects, 1);
    // What the old connection still does concerns nobody.
    world.conductor.handle_closed(first.conn, world.now);
    world.keepalive(&first);
    assert_eq!(world.node(&again).state, State::Authed);
    world.keepalive(&again);
    assert_eq!(world.node(&again).state, State::Ready);
}

#[test]
fn another_machine_takes_a_session_over_only_when_nothing_is_heard_of_it() {
    // CTRL-42
    for ext in [Ext::ALL, Ext::NONE] {
        let mut world = World::new();
        let node = world.join_with(hello(mac(1), ext));
        world.keepalive(&node);
        let claim = |world: &mut World| {
            let conn = world.open().0;
            world.say(conn, NodeMessage::Hello(hello(mac(1), Ext::ALL)));
            (conn, world.closed(conn))
        };
        // As often as it likes, also more often than a node may say hello.
        for _ in 0..20 {
            assert_eq!(claim(&mut world).1, Some(Refusal::Taken));
        }
        assert_eq!(world.closed(node.conn), None);
        assert_eq!((world.node(&node).state, world.node(&node).reconnects), (State::Ready, 0));
        // The node itself comes back at once: its address is that of its session.
        let again = world.join_again(&node, hello(mac(1), ext));
        assert_eq!(again.id, node.id);

        // It speaks once a second, and then not any more: its power is gone, it comes back at another address.
        for _ in 0..3 {
            world.run(Span::from_s(1), &[]);
            world.keepalive(&again);
            assert_eq!(claim(&mut world).1, Some(Refusal::Taken));
        }
        world.run(Span::from_ms(1_900), &[]);
        assert_eq!(claim(&mut world).1, Some(Refusal::Taken));
        world.run(Span::from_ms(200), &[]);
        let (conn, refusal) = claim(&mut world);
        assert_eq!((refusal, world.closed(again.conn)), (None, Some(Refusal::Replaced)));
        assert!(world.welcome(conn).is_some_and(|welcome| welcome.node_id == node.id));
    }
}

#[test]
fn a_session_that_asks_the_time_is_alive() {
    // CTRL-42
    let mut world = World::new();
    let node = world.join(1);
    for _ in 0..3 {
        world.run(Span::from_s(1), &[]);
        world.conductor.handle_exchange(TokenHash::of(node.token.as_bytes()), world.now);
    }
    let (conn, _) = world.open();
    world.say(conn, NodeMessage::Hello(hello(mac(1), Ext::ALL)));
    assert_eq!(world.closed(conn), Some(Refusal::Taken), "its keepalives are stuck behind a lost segment");
}

#[test]
fn a_wrong_token_ends_the_session_and_nobody_else_notices() {
    // CTRL-43
    let mut world = World::new();
    let (good, bad) = (world.join(1), world.join(2));
    let mut wrong = ka(&bad);
    wrong.token = good.token.clone();
    world.say(bad.conn, NodeMessage::Keepalive(wrong));
    assert_eq!(world.closed(bad.conn), Some(Refusal::WrongToken));
    assert_eq!((world.node(&bad).state, world.node(&good).state), (State::Lost, State::Ready));
    assert_eq!(world.conductor.sessions().count(), 1);
}

#[test]
fn a_message_before_hello_and_a_strange_version_are_refused_by_name() {
    // CTRL-43
    let mut world = World::new();
    let peer = world.join(1);
    let (early, _) = world.open();
    world.say(early, NodeMessage::Keepalive(ka(&peer)));
    assert_eq!(world.closed(early), Some(Refusal::HelloFirst));
    let (future, _) = world.open();
    let mut strange = hello(mac(9), Ext::ALL);
    strange.proto = 2;
    world.say(future, NodeMessage::Hello(strange));
    assert_eq!(world.closed(future), Some(Refusal::UnsupportedProto));
    let (nowhere, _) = world.open();
    let mut strange = hello(mac(9), Ext::ALL);
    strange.udp_port = Some(0);
    world.say(nowhere, NodeMessage::Hello(strange));
    assert_eq!(world.closed(nowhere), Some(Refusal::Malformed));
    assert_eq!(world.conductor.snapshot(world.now).nodes.len(), 1, "nobody was admitted");
}

#[test]
fn a_flood_of_hellos_ends_the_connection_and_so_does_one_spread_over_connections() {
    // CTRL-44
    let mut world = World::new();
    let bystander = world.join(9);
    let (conn, _) = world.open();
    for _ in 0..6 {
        world.say(conn, NodeMessage::Hello(hello(mac(1), Ext::ALL)));
    }
    assert_eq!(world.closed(conn), Some(Refusal::TooMany));
    let (conn, _) = world.open();
    world.say(conn, NodeMessage::Hello(hello(mac(1), Ext::ALL)));
    assert_eq!(world.closed(conn), Some(Refusal::TooMany), "the same node on another connection");
    assert_eq!(world.node(&bystander).state, State::Ready);
    world.now += Span::from_s(10);
    let (conn, _) = world.open();
    world.say(conn, NodeMessage::Hello(hello(mac(1), Ext::ALL)));
    assert!(world.welcome(conn).is_some(), "a calm node is welcome again");
}

#[test]
fn more_messages_than_a_node_has_reason_to_send_end_the_session() {
    // CTRL-44
    let mut world = World::new();
    let (peer, bystander) = (world.join(1), world.join(2));
    for _ in 0..300 {
        world.keepalive(&peer);
    }
    assert_eq!(world.closed(peer.conn), Some(Refusal::TooMany));
    assert_eq!(world.node(&bystander).state, State::Ready);
}

#[test]
fn a_full_hub_drops_nodes_that_are_away_and_refuses_when_all_are_present() {
    // ROSTER-5
    let mut world = World::with(Config { max_nodes: 2, ..Config::default() });
    let (first, _second) = (world.join(1), world.join(2));
    let (conn, _) = world.open();
    world.say(conn, NodeMessage::Hello(hello(mac(3), Ext::ALL)));
    assert_eq!(world.closed(conn), Some(Refusal::Full));
    world.conductor.handle_closed(first.conn, world.now);
    let third = world.join(3);
    assert_eq!(third.id, NodeId(1), "the lowest free number");
    assert!(world.events().contains(&Event::Forgotten { node: NodeId(1), mac: mac(1) }));
}

#[test]
fn whoever_invents_nodes_pushes_out_none_of_another_address() {
    // ROSTER-6
    let mut world = World::with(Config { max_nodes: 8, max_nodes_per_address: 3, ..Config::default() });
    let away = world.join(100);
    world.conductor.handle_closed(away.conn, world.now);
    let flooder = IpAddr::V4(Ipv4Addr::new(10, 9, 9, 9));
    let mut conns = Vec::new();
    for n in 0..20 {
        let conn = world.open_from(flooder);
        world.say(conn, NodeMessage::Hello(hello(mac(n), Ext::ALL)));
        if n < 3 {
            assert!(world.welcome(conn).is_some());
            conns.push(conn);
        } else {
            assert_eq!(world.closed(conn), Some(Refusal::Full), "{n}");
        }
    }
    // One that goes makes room for one of the same address.
    world.conductor.handle_closed(conns[1], world.now);
    let conn = world.open_from(flooder);
    world.say(conn, NodeMessage::Hello(hello(mac(30), Ext::ALL)));
    assert!(world.welcome(conn).is_some());
    assert!(world.events().contains(&Event::Forgotten { node: NodeId(3), mac: mac(1) }));
    // The node that was away has its number still, and another finds room.
    assert_eq!(world.join(100).id, away.id);
    world.join(101);
}

#[test]
fn nodes_on_the_hubs_own_machine_share_its_address() {
    // ROSTER-6
    let mut world = World::with(Config { max_nodes_per_address: 1, ..Config::default() });
    for n in 0..5 {
        let conn = world.open_from(Ipv4Addr::LOCALHOST.into());
        world.say(conn, NodeMessage::Hello(hello(mac(n), Ext::ALL)));
        assert!(world.welcome(conn).is_some());
    }
}

#[test]
fn an_address_has_twice_as_many_connections_as_nodes() {
    // ROSTER-6
    let mut world = World::with(Config { max_nodes_per_address: 2, ..Config::default() });
    let flooder = IpAddr::V4(Ipv4Addr::new(10, 9, 9, 9));
    let conns: Vec<_> = (0..5).map(|_| world.open_from(flooder)).collect();
    let closed: Vec<_> = conns.iter().map(|conn| world.closed(*conn)).collect();
    assert_eq!(closed, [None, None, None, None, Some(Refusal::Full)]);
    let (other, _) = world.open();
    assert_eq!(world.closed(other), None);
}

#[test]
fn too_many_connections_and_mute_ones_are_closed() {
    // CTRL-44
    let mut world = World::with(Config { max_connections: 2, ..Config::default() });
    let (mute, _) = world.open();
    let (_, _) = world.open();
    let (third, _) = world.open();
    assert_eq!(world.closed(third), Some(Refusal::Full));
    world.run(Span::from_ms(3_600), &[]);
    assert_eq!(world.closed(mute), Some(Refusal::Silent));
    assert_eq!(world.conductor.snapshot(world.now).connections, 0);
}

#[test]
fn the_time_exchange_over_the_control_plane_is_answered_in_show_time() {
    // CTRL-45
    let mut world = World::new();
    let peer = world.join(1);
    world.messages(peer.conn);
    let ping = TsPing { node_id: peer.id, token: peer.token.clone(), seq: 5, t1_us: 42 };
    let received_at = world.now;
    world.now += Span::from_us(300);
    let token = Token::try_from("unused").unwrap();
    world.conductor.handle_message(peer.conn, &NodeMessage::TsPing(ping), token, received_at, world.now);
    let Some((_, cuelight_conductor::Outgoing::Message(HubMessage::TsPong(pong)))) = world.conductor.poll_message()
    else {
        panic!("no pong")
    };
    assert_eq!((pong.seq, pong.t1_us, pong.t3_us - pong.t2_us), (5, 42, 300));
    assert_eq!(pong.t3_us, world.show().as_us());
}

#[test]
fn stopping_closes_every_session_and_every_newcomer() {
    // CTRL-46
    let mut world = World::new();
    let peer = world.join(1);
    world.conductor.handle_stop(world.now);
    let (late, _) = world.open();
    assert_eq!((world.closed(peer.conn), world.closed(late)), (Some(Refusal::Stopping), Some(Refusal::Stopping)));
    assert!(world.tick().is_empty());
    assert_eq!(world.conductor.sessions().count(), 0);
}

#[test]
fn what_the_shell_refuses_ends_that_session_only() {
    // CTRL-43
    let mut world = World::new();
    let (peer, bystander) = (world.join(1), world.join(2));
    world.conductor.handle_refused(peer.conn, Refusal::Malformed, world.now);
    world.conductor.handle_refused(ConnId(99), Refusal::Oversized, world.now);
    world.tick();
    assert_eq!(world.closed(peer.conn), Some(Refusal::Malformed));
    assert_eq!((world.node(&peer).state, world.node(&bystander).state), (State::Lost, State::Ready));
}

#[test]
fn a_nodes_own_name_counts_only_where_it_is_free_fit_and_nobody_gave_another() {
    // ROSTER-2
    let mut world = World::new();
    let mut first = hello(mac(1), Ext::ALL);
    first.name = Some(group("left"));
    let before = world.join_with(first);
    assert_eq!(world.node(&before).name, "left");
    let mut join_as = |n: u8, name: &str| {
        let mut named = hello(mac(n), Ext::ALL);
        named.name = Some(group(name));
        let peer = world.join_with(named);
        world.node(&peer).name.as_str().to_owned()
    };
    assert_eq!(join_as(2, "left"), "", "taken");
    assert_eq!(join_as(3, "7"), "", "a number");
    assert_eq!(join_as(4, "a\nb"), "", "a control character");
    let node = NodeRef::Mac(mac(1));
    world.command(Command::NameNode { node, name: group("desk") });
    let mut named = hello(mac(1), Ext::ALL);
    named.name = Some(group("left"));
    let peer = world.join_again(&before, named);
    assert_eq!(world.node(&peer).name, "desk", "the operator's stands above its own");
}

#[test]
fn a_deployed_node_takes_the_small_number_of_a_node_that_is_away_when_all_are_known() {
    // ROSTER-5
    let mut world = World::new();
    let peers: Vec<Peer> = (1..=255).map(|n| world.join(n)).collect();
    let deployed = || hello(Mac([2, 0, 0, 0, 1, 0]), Ext::NONE);
    let (conn, _) = world.open();
    world.say(conn, NodeMessage::Hello(deployed()));
    assert_eq!(world.closed(conn), Some(Refusal::Full), "all are present");
    world.conductor.handle_closed(peers[99].conn, world.now);
    assert_eq!(world.join_with(deployed()).id, peers[99].id);
}
