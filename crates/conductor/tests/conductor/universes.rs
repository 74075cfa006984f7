//! Universes that are given to nodes.

use cuelight_conductor::{Command, CommandError, Config, Event, NodeRef, Saved};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Hello, HubMessage, NodeMessage};
use cuelight_wire::ids::NodeId;
use cuelight_wire::time::Time;
use cuelight_wire::universes::UniverseRanges;

use crate::world::{Peer, World, hello, mac};

fn ranges(ranges: &[(u16, u16)]) -> UniverseRanges {
    UniverseRanges::new(ranges.iter().copied()).unwrap()
}

fn assign(peer: &Peer, universes: Option<UniverseRanges>) -> Command {
    Command::AssignUniverses { node: NodeRef::Id(peer.id), universes }
}

fn of(messages: Vec<HubMessage>) -> Vec<Option<UniverseRanges>> {
    let told = messages.into_iter().filter_map(|message| match message {
        HubMessage::Universes(assigned) => Some(assigned.universes),
        _ => None,
    });
    told.collect()
}

/// What a node has been told by the next tick.
fn told(world: &mut World, peer: &Peer) -> Vec<Option<UniverseRanges>> {
    drop(world.tick());
    of(world.messages(peer.conn))
}

/// What a node is told with its welcome.
fn told_first(world: &mut World, hello: Hello) -> Vec<Option<UniverseRanges>> {
    let (conn, _) = world.open();
    world.say(conn, NodeMessage::Hello(hello));
    of(world.messages(conn))
}

#[test]
fn a_node_is_told_its_universes_when_they_change_and_after_each_welcome() {
    // CTRL-12
    let mut world = World::new();
    let mut own = hello(mac(1), Ext::ALL);
    own.universes = Some(ranges(&[(9, 9)]));
    assert_eq!(told_first(&mut World::new(), own.clone()), [None], "its own");
    let (peer, other) = (world.join_with(own), world.join(2));
    world.command(assign(&peer, Some(ranges(&[(1, 4)]))));
    assert_eq!(told(&mut world, &peer), [Some(ranges(&[(1, 4)]))]);
    assert_eq!(told(&mut world, &other), [], "nobody else is told");
    let node = world.node(&peer);
    assert_eq!((node.own_universes, node.assigned), (Some(ranges(&[(9, 9)])), Some(ranges(&[(1, 4)]))));
    let is_it = |event: &Event| matches!(event, Event::Assigned { node, .. } if *node == peer.id);
    assert!(world.events().iter().any(is_it));

    // None at all is not the same as its own.
    world.command(assign(&peer, Some(ranges(&[]))));
    world.command(assign(&peer, None));
    assert_eq!(told(&mut world, &peer), [None], "what is written is the newest");
    world.command(assign(&peer, Some(ranges(&[(7, 7)]))));

    // It comes back to a hub that was restarted meanwhile.
    let text = serde_json::to_string(&world.conductor.saved()).unwrap();
    let saved: Saved = serde_json::from_str(&text).unwrap();
    let mut again = World::restarted(Config::default(), saved, Time::ZERO, None);
    assert_eq!(told_first(&mut again, hello(mac(1), Ext::ALL)), [Some(ranges(&[(7, 7)]))]);
}

#[test]
fn one_that_cannot_be_told_is_refused_and_one_that_is_away_is_told_when_it_comes() {
    // CTRL-12
    let mut world = World::new();
    let deployed = world.join_legacy(1);
    let refused = world.conductor.handle_command(None, assign(&deployed, Some(ranges(&[(1, 1)]))), world.now);
    assert_eq!(refused, Err(CommandError::NoUniverses(NodeRef::Id(deployed.id))));
    assert_eq!(world.node(&deployed).assigned, None);
    let unknown = NodeRef::Id(NodeId(99));
    let command = Command::AssignUniverses { node: unknown.clone(), universes: None };
    assert_eq!(world.conductor.handle_command(None, command, world.now), Err(CommandError::UnknownNode(unknown)));

    let peer = world.join(2);
    world.conductor.handle_closed(peer.conn, world.now);
    world.command(assign(&peer, Some(ranges(&[(3, 3)]))));
    assert_eq!(told_first(&mut world, hello(mac(2), Ext::ALL)), [Some(ranges(&[(3, 3)]))]);
}
