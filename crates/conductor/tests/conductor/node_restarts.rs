//! Nodes that are to be started again.

use cuelight_conductor::rollout::{Phase, Word};
use cuelight_conductor::{Command, CommandError, Event, NodeRef};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{HubMessage, Text};
use cuelight_wire::time::Span;

use crate::updates::fleet::{Fleet, NEW, mac, order};
use crate::world::{Peer, World, hello};

fn restart(peer: &Peer, in_spite_of: Option<&str>) -> Command {
    Command::RestartNode { node: NodeRef::Id(peer.id), in_spite_of: in_spite_of.map(Into::into) }
}

/// The restarts that a node was told since the last look.
fn told(world: &mut World, peer: &Peer) -> usize {
    let restarts = |message: &HubMessage| match message {
        HubMessage::Restart(restart) => {
            assert_eq!((restart.node_id, &restart.token), (peer.id, &peer.token));
            true
        }
        _ => false,
    };
    world.messages(peer.conn).iter().filter(|message| restarts(message)).count()
}

fn ask(world: &mut World, command: Command) -> Result<usize, CommandError> {
    let answer = world.conductor.handle_command(None, command, world.now).map(|answer| answer.nodes);
    world.tick();
    answer
}

/// CTRL-11
#[test]
fn the_node_that_is_meant_is_told_once_and_nobody_else() {
    let mut world = World::new();
    let (a, b) = (world.join(1), world.join(2));
    world.events();
    assert_eq!(ask(&mut world, restart(&a, None)), Ok(1));
    assert_eq!((told(&mut world, &a), told(&mut world, &b)), (1, 0));
    assert!(world.events().contains(&Event::RestartOrdered { node: a.id }));
    world.run(Span::from_s(15), &[&a, &b]);
    assert_eq!((told(&mut world, &a), told(&mut world, &b)), (0, 0));
}

/// CTRL-11
#[test]
fn an_armed_show_stands_against_a_restart_unless_it_is_named() {
    let mut world = World::new();
    let peer = world.join(1);
    let show: Text<64> = "Friday".try_into().unwrap();
    world.command(Command::Arm { show: Some(show.clone()) });
    for other in [None, Some("Saturday"), Some("")] {
        assert_eq!(ask(&mut world, restart(&peer, other)), Err(CommandError::Armed { show: show.clone() }));
    }
    assert_eq!(told(&mut world, &peer), 0);
    assert_eq!(ask(&mut world, restart(&peer, Some("Friday"))), Ok(1));
    assert_eq!(told(&mut world, &peer), 1);
    world.command(Command::Arm { show: None });
    assert_eq!(ask(&mut world, restart(&peer, Some("Friday"))), Ok(1), "a name that is not needed does no harm");
}

/// CTRL-10, CTRL-11
#[test]
fn who_is_away_or_would_stay_away_is_not_told() {
    let mut world = World::new();
    let by_hand = world.join_with(hello(mac(1), Ext::ALL.without(Ext::RESTART)));
    let deployed = world.join_legacy(2);
    for peer in [&by_hand, &deployed] {
        let refused = CommandError::NotRestartable(NodeRef::Id(peer.id));
        assert_eq!(ask(&mut world, restart(peer, None)), Err(refused));
        assert_eq!(told(&mut world, peer), 0);
    }
    let peer = world.join(3);
    world.conductor.handle_closed(peer.conn, world.now);
    assert_eq!(ask(&mut world, restart(&peer, None)), Err(CommandError::NotConnected(NodeRef::Id(peer.id))));
    let unknown = NodeRef::Mac(mac(9));
    let command = Command::RestartNode { node: unknown.clone(), in_spite_of: None };
    assert_eq!(ask(&mut world, command), Err(CommandError::UnknownNode(unknown)));
}

/// CTRL-11
#[test]
fn a_node_in_the_middle_of_its_update_is_left_alone() {
    let mut fleet = Fleet::new(2);
    fleet.begin(order(NEW)).unwrap();
    fleet.run(Span::from_s(2));
    let command = |n: usize| Command::RestartNode { node: NodeRef::Mac(mac(n)), in_spite_of: None };
    assert_eq!(fleet.command(command(0)), Err(CommandError::Updating(NodeRef::Mac(mac(0)))));
    assert_eq!(fleet.command(command(1)).map(|answer| answer.nodes), Ok(1), "it is not its turn");
    fleet.word(Word::Pause).unwrap();
    fleet.run(Span::from_s(40));
    assert_eq!(fleet.rollout().steps[0].phase, Phase::Done);
    assert_eq!(fleet.command(command(0)).map(|answer| answer.nodes), Ok(1));
}
