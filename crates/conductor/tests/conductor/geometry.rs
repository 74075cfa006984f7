//! How the LEDs of nodes are laid out by their hub.

use cuelight_conductor::{Command, CommandError, Config, Event, NodeRef, Saved};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{HubMessage, NodeMessage, Text};
use cuelight_wire::time::Time;

use crate::world::{Peer, World, hello, mac};

fn text(text: &str) -> Text<48> {
    text.try_into().unwrap()
}

fn lay_out(peer: &Peer, geometry: Option<&str>) -> Command {
    Command::LayOut { node: NodeRef::Id(peer.id), geometry: geometry.map(text) }
}

fn of(messages: Vec<HubMessage>) -> Vec<Option<Text<48>>> {
    let told = messages.into_iter().filter_map(|message| match message {
        HubMessage::Geometry(laid_out) => Some(laid_out.geometry),
        _ => None,
    });
    told.collect()
}

/// What a node has been told by the next tick.
fn told(world: &mut World, peer: &Peer) -> Vec<Option<Text<48>>> {
    drop(world.tick());
    of(world.messages(peer.conn))
}

#[test]
fn a_node_is_told_how_its_leds_are_laid_out_when_that_changes_and_after_each_welcome() {
    // CTRL-13
    let mut world = World::new();
    let mut own = hello(mac(1), Ext::ALL);
    own.geometry = Some(text("strip:320"));
    let (peer, other) = (world.join_with(own), world.join(2));
    assert_eq!(world.node(&peer).geometry(), Some("strip:320"), "its own");
    world.command(lay_out(&peer, Some("matrix:20x16")));
    assert_eq!(told(&mut world, &peer), [Some(text("matrix:20x16"))]);
    assert_eq!(told(&mut world, &other), [], "nobody else is told");
    assert_eq!(world.node(&peer).geometry(), Some("matrix:20x16"));
    let is_it = |event: &Event| matches!(event, Event::LaidOut { node, .. } if *node == peer.id);
    assert!(world.events().iter().any(is_it));
    world.command(lay_out(&peer, None));
    assert_eq!(told(&mut world, &peer), [None]);
    assert_eq!(world.node(&peer).geometry(), Some("strip:320"));
    world.command(lay_out(&peer, Some("ring:320")));

    // It comes back to a hub that was restarted meanwhile.
    let saved = serde_json::to_string(&world.conductor.saved()).unwrap();
    let saved: Saved = serde_json::from_str(&saved).unwrap();
    let mut again = World::restarted(Config::default(), saved, Time::ZERO, None);
    let (conn, _) = again.open();
    again.say(conn, NodeMessage::Hello(hello(mac(1), Ext::ALL)));
    assert_eq!(of(again.messages(conn)), [Some(text("ring:320"))]);
}

#[test]
fn one_that_cannot_be_told_is_refused() {
    // CTRL-13
    let mut world = World::new();
    let deployed = world.join_legacy(1);
    let refused = world.conductor.handle_command(None, lay_out(&deployed, Some("ring:320")), world.now);
    assert_eq!(refused, Err(CommandError::NoGeometry(NodeRef::Id(deployed.id))));
    assert_eq!(world.node(&deployed).laid_out, None);
}
