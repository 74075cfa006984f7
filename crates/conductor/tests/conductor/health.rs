//! How well nodes do: timeouts, degradation, recovery.

use cuelight_conductor::{Event, LostWhy, State, Why};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Keepalive, NodeMessage, Refusal, SyncReport};
use cuelight_wire::ids::TokenHash;
use cuelight_wire::time::Span;

use crate::world::{World, hello, ka, mac};

#[test]
fn silence_degrades_after_two_seconds_loses_after_three_and_a_half_and_removes_after_ten_more() {
    // ROSTER-4
    let mut world = World::new();
    let peer = world.join(1);
    world.run(Span::from_ms(2_000), &[]);
    assert_eq!(world.node(&peer).state, State::Ready);
    world.run(Span::from_ms(10), &[]);
    assert_eq!(world.node(&peer).state, State::Degraded(Why::KEEPALIVE));
    world.run(Span::from_ms(1_480), &[]);
    assert!(world.node(&peer).state.is_streaming());
    world.run(Span::from_ms(10), &[]);
    assert_eq!(world.node(&peer).state, State::Lost);
    assert_eq!(world.closed(peer.conn), Some(Refusal::Silent));
    assert!(world.tick().is_empty(), "the stream ends with the session");
    world.run(Span::from_ms(9_980), &[]);
    assert_eq!(world.node(&peer).state, State::Lost);
    world.run(Span::from_ms(20), &[]);
    assert_eq!(world.node(&peer).state, State::Removed);
    let events = world.events();
    assert!(events.contains(&Event::Lost { node: peer.id, why: LostWhy::Silent }));
    assert!(events.contains(&Event::Removed { node: peer.id }));
    assert_eq!(world.join(1).id, peer.id, "its number is still known");
}

#[test]
fn a_hub_that_stood_still_does_not_call_nodes_lost_for_what_it_could_not_hear() {
    // ROSTER-4
    let mut world = World::new();
    let peer = world.join(1);
    world.run(Span::from_ms(1_000), &[]);
    world.now += Span::from_ms(10_000);
    world.conductor.handle_timeout(world.now);
    assert_eq!(world.node(&peer).state, State::Ready, "a second of silence, as before");
    // The tick that is carried out late is not one that was missed.
    world.run(Span::from_ms(2_470), &[]);
    assert!(world.node(&peer).state.is_streaming(), "the rest of its 3.5 s");
    world.run(Span::from_ms(30), &[]);
    assert_eq!(world.node(&peer).state, State::Lost);
}

#[test]
fn bad_figures_degrade_at_once_and_two_good_seconds_heal() {
    // ROSTER-3
    let cases = [
        (Keepalive { drift_us: -3_001, ..blank() }, Why::DRIFT),
        (Keepalive { loss_pct: 2.1, ..blank() }, Why::LOSS),
        (Keepalive { sync: Some(SyncReport::default()), ..blank() }, Why::UNLOCKED),
    ];
    for (figures, why) in cases {
        let mut world = World::new();
        let peer = world.join(1);
        let bad = Keepalive { node_id: peer.id, token: peer.token.clone(), ..figures };
        world.say(peer.conn, NodeMessage::Keepalive(bad));
        assert_eq!(world.node(&peer).state, State::Degraded(why));
        world.keepalive(&peer);
        world.run(Span::from_ms(1_900), &[&peer]);
        assert_eq!(world.node(&peer).state, State::Degraded(why), "not yet");
        world.run(Span::from_ms(110), &[&peer]);
        assert_eq!(world.node(&peer).state, State::Ready);
    }
}

fn blank() -> Keepalive {
    let mut world = World::new();
    let peer = world.join(1);
    ka(&peer)
}

#[test]
fn figures_at_the_limits_are_good_and_figures_without_sense_do_no_harm() {
    // ROSTER-3
    let mut world = World::new();
    let peer = world.join(1);
    world.say(peer.conn, NodeMessage::Keepalive(Keepalive { drift_us: 3_000, loss_pct: 2.0, ..ka(&peer) }));
    assert_eq!(world.node(&peer).state, State::Ready);
    let hostile = Keepalive { loss_pct: f32::NAN, render_fps: f32::INFINITY, rssi: i16::MIN, ..ka(&peer) };
    world.say(peer.conn, NodeMessage::Keepalive(hostile));
    let node = world.node(&peer);
    assert_eq!((node.state, node.loss_pct.to_bits(), node.render_fps.to_bits()), (State::Ready, 0, 0));
    world.say(peer.conn, NodeMessage::Keepalive(Keepalive { drift_us: i64::MIN, ..ka(&peer) }));
    assert_eq!(world.node(&peer).state, State::Degraded(Why::DRIFT));
}

#[test]
fn a_node_that_has_not_locked_yet_is_degraded_and_ready_with_its_first_lock() {
    // ROSTER-3
    let mut world = World::new();
    let peer = world.join_with(hello(mac(1), Ext::ALL));
    assert_eq!(world.node(&peer).state, State::Authed);
    let unlocked = Keepalive { sync: Some(SyncReport::default()), drift_us: 900_000, ..ka(&peer) };
    world.say(peer.conn, NodeMessage::Keepalive(unlocked));
    assert_eq!(world.node(&peer).state, State::Degraded(Why::LOCKING));
    assert!(!world.tick().is_empty(), "the stream goes on");
    world.keepalive(&peer);
    assert_eq!(world.node(&peer).state, State::Ready);
}

#[test]
fn a_node_that_asks_the_time_is_not_lost_while_its_keepalives_are_stuck() {
    // ROSTER-4
    let mut world = World::new();
    let peer = world.join(1);
    let hash = TokenHash::of(peer.token.as_bytes());
    for _ in 0..17 {
        world.conductor.handle_exchange(hash, world.now);
        world.run(Span::from_ms(1_000), &[]);
        assert!(world.node(&peer).state.is_streaming());
    }
    assert_eq!(world.node(&peer).state, State::Degraded(Why::KEEPALIVE));
    world.conductor.handle_exchange(hash, world.now);
    world.run(Span::from_ms(500), &[]);
    assert_eq!(world.node(&peer).state, State::Lost, "not for ever");
    let deployed = world.join_legacy(2);
    world.conductor.handle_exchange(TokenHash::of(deployed.token.as_bytes()), world.now);
    world.run(Span::from_ms(3_500), &[]);
    assert_eq!(world.node(&deployed).state, State::Lost, "a deployed node's keepalive decides");
}

#[test]
fn a_deployed_node_that_always_reports_zero_is_judged_by_its_time_exchange() {
    // ROSTER-3
    let mut world = World::new();
    let peer = world.join_legacy(1);
    let hash = TokenHash::of(peer.token.as_bytes());
    world.conductor.handle_exchange(hash, world.now);
    world.run(Span::from_ms(3_000), &[&peer]);
    assert!(world.node(&peer).state == State::Ready);
    world.run(Span::from_ms(20), &[&peer]);
    assert_eq!(world.node(&peer).state, State::Degraded(Why::SILENCE));
    for _ in 0..3 {
        world.conductor.handle_exchange(hash, world.now);
        world.run(Span::from_ms(1_000), &[&peer]);
    }
    assert_eq!(world.node(&peer).state, State::Ready);
}

#[test]
fn a_closed_connection_loses_the_node_at_once_and_a_return_is_counted() {
    // ROSTER-4
    let mut world = World::new();
    let peer = world.join(1);
    world.conductor.handle_closed(peer.conn, world.now);
    assert_eq!(world.node(&peer).state, State::Lost);
    let again = world.join(1);
    let node = world.node(&again);
    assert_eq!((node.state, node.reconnects, again.id), (State::Ready, 1, peer.id));
}
