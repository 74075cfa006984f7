//! A whole hub's decisions: connections, messages, commands and ticks, in any order.

use std::net::{IpAddr, Ipv4Addr};

use cuelight_conductor::{
    Command, CommandId, Conductor, Config, ConnId, Event, NodeRef, Outgoing, Saved, SceneEdit, Scope, Start,
};
use cuelight_net::json::{MAX_HUB_MESSAGE, MAX_NODE_MESSAGE, read_hub_message, read_node_message, write_hub_message};
use cuelight_wire::beat::BeatGrid;
use cuelight_wire::change::{ScenePatch, ZonePatch};
use cuelight_wire::control::{Refusal, Text};
use cuelight_wire::ids::{EffectId, NodeId, PaletteId, PatternId, Token, TokenHash};
use cuelight_wire::scene::{BlendMode, Scene, Zone};
use cuelight_wire::stream::{Header, MAX_PACKET};
use cuelight_wire::time::{Local, Span, Time};

use crate::script::{START, Script, drain};

/// The tokens of the seeds' sessions: the first hello gets `0...0`, the next `0...1`.
fn token(number: u32) -> Token {
    format!("{number:032x}").as_str().try_into().expect("32 characters fit")
}

const NODES: usize = 4;
const CONNECTIONS: usize = 8;

/// Every datagram is one its node understands, every message can be read by its node, what leaves at once is bounded,
/// and the same command with the same id has the same answer.
pub fn run(data: &[u8]) {
    let mut script = Script::new(data);
    let config = Config { max_nodes: NODES, max_connections: CONNECTIONS, ..Config::default() };
    let conductor = Conductor::new(config, Saved::default(), START, None);
    let mut world = World { conductor, now: START, hellos: 0, opened: 0, is_stopped: false };
    while let Some(step) = script.step() {
        world.now += script.pause();
        world.step(step, &mut script);
        world.settle();
    }
    // What it saves, the next run of the hub can start from.
    let mut next = Conductor::new(Config::default(), world.conductor.saved(), START, None);
    drain(
        "events",
        1024,
        || next.poll_event(),
        |event| assert!(!matches!(event, Event::SavedIgnored { .. }), "{event:?}"),
    );
}

struct World {
    conductor: Conductor,
    now: Time<Local>,
    hellos: u32,
    opened: u64,
    is_stopped: bool,
}

impl World {
    fn step(&mut self, step: u8, script: &mut Script<'_>) {
        let Self { conductor, now, .. } = self;
        match step % 10 {
            0 => {
                self.opened += 1;
                conductor.handle_open(ConnId(self.opened), IpAddr::V4(Ipv4Addr::LOCALHOST), *now);
            }
            1 | 2 => {
                let conn = ConnId(u64::from(script.u8()));
                match read_node_message(script.text(), MAX_NODE_MESSAGE) {
                    Ok(message) => {
                        conductor.handle_message(conn, &message, token(self.hellos), *now, *now);
                        self.hellos += 1;
                    }
                    Err(_) => conductor.handle_refused(conn, Refusal::Malformed, *now),
                }
            }
            3 => conductor.handle_closed(ConnId(u64::from(script.u8())), *now),
            4 => conductor.handle_exchange(TokenHash(script.u32()), *now),
            5 => {
                let end = *now + Span::from_us(i64::from(script.u16()));
                conductor.note_tick(*now, end);
            }
            6 => drop(conductor.snapshot(*now)),
            7 if script.u16() == 0xffff => {
                conductor.handle_stop(*now);
                self.is_stopped = true;
            }
            _ => {
                let id: Option<CommandId> = script.text().parse().ok();
                let command = command(script);
                let first = conductor.handle_command(id.clone(), command.clone(), *now);
                conductor.announce_ahead(*now);
                if let (Ok(first), Some(_)) = (first, &id) {
                    let again = conductor.handle_command(id, command, *now).expect("it was accepted before");
                    assert_eq!((again.apply_at, again.rev, again.repeated), (first.apply_at, first.rev, true));
                }
            }
        }
    }

    /// What a hub does after every input.
    fn settle(&mut self) {
        let Self { conductor, now, .. } = self;
        let sessions: Vec<TokenHash> = conductor.sessions().map(|(token, _)| token).collect();
        assert!(sessions.len() <= NODES);
        // Missed ticks are left out, not made up for. A hub that has stopped makes no more.
        let mut tick = || {
            let is_due = !self.is_stopped && conductor.poll_timeout() <= *now;
            is_due.then(|| conductor.handle_timeout(*now))
        };
        drain("timeouts", 2, &mut tick, |()| {});
        let mut buf = [0; MAX_PACKET];
        let mut packets = 0;
        while let Some(transmit) = conductor.poll_transmit(&mut buf) {
            packets += 1;
            assert!(packets <= 3 * NODES, "more than three packets a node in one tick");
            let bytes = &buf[..transmit.len];
            let read = sessions.iter().find_map(|session| Header::decode(bytes, *session).ok());
            assert!(read.is_some(), "a packet that no session understands: {bytes:02x?}");
        }
        drain(
            "messages",
            1024,
            || conductor.poll_message(),
            |(_, outgoing)| {
                if let Outgoing::Message(message) = outgoing {
                    let text = write_hub_message(&message);
                    assert_eq!(read_hub_message(&text, MAX_HUB_MESSAGE), Ok(message), "{text}");
                }
            },
        );
        drain("events", 1024, || conductor.poll_event(), drop);
    }
}

fn short(script: &mut Script<'_>) -> Text<32> {
    let text = script.text();
    text.chars().take(8).collect::<String>().as_str().try_into().expect("8 characters fit into 32 bytes")
}

fn node_ref(script: &mut Script<'_>) -> NodeRef {
    match script.u8() % 3 {
        0 => NodeRef::Id(NodeId(script.u16())),
        1 => NodeRef::Mac(cuelight_wire::ids::Mac([2, 0, 0, 0, 0, script.u8()])),
        _ => NodeRef::Name(short(script)),
    }
}

fn scope(script: &mut Script<'_>) -> Scope {
    match script.u8() % 3 {
        0 => Scope::Show,
        1 => Scope::Group(short(script)),
        _ => Scope::Node(node_ref(script)),
    }
}

fn zone(script: &mut Script<'_>) -> Zone {
    Zone {
        id: script.u8(),
        effect: EffectId(script.u16()),
        palette: PaletteId(script.u16()),
        brightness: script.u8(),
        speed: script.u8(),
        blend: BlendMode::from_wire(script.u8() % 8).expect("there are eight"),
        from: script.u8(),
        to: script.u8(),
    }
}

fn zone_patch(script: &mut Script<'_>) -> ZonePatch {
    let Zone { id, effect, brightness, from, to, .. } = zone(script);
    ZonePatch {
        id,
        effect: Some(effect),
        brightness: Some(brightness),
        from: Some(from),
        to: Some(to),
        ..ZonePatch::default()
    }
}

fn scene(script: &mut Script<'_>) -> Scene {
    let mut scene = Scene { effect: EffectId(script.u16()), palette: PaletteId(script.u16()), ..Scene::default() };
    scene.parameters.speed = script.u8();
    scene.parameters.hue = script.u16();
    for _ in 0..script.u8() % 5 {
        scene.zones.push(zone(script)).expect("at most four");
    }
    scene
}

pub(crate) fn command(script: &mut Script<'_>) -> Command {
    match script.u8() % 14 {
        0 => Command::SetScene { scope: scope(script), scene: scene(script), fade_ms: script.u32() },
        1 => {
            let zone =
                (script.u8() & 1 == 1).then(|| ZonePatch { id: script.u8(), speed: Some(1), ..Default::default() });
            let patch = ScenePatch { effect: Some(EffectId(script.u16())), zone, ..ScenePatch::default() };
            Command::Edit { scope: scope(script), edit: patch.into(), fade_ms: script.u32() }
        }
        2 => {
            let zones = (0..script.u8() % 5).map(|_| zone_patch(script)).collect();
            let seed = Some(script.u32()).filter(|seed| *seed != 0);
            let edit = SceneEdit { zones: Some(zones), seed, ..SceneEdit::default() };
            Command::Edit { scope: scope(script), edit, fade_ms: script.u32() }
        }
        3 => Command::Blackout { on: script.u8() & 1 == 1 },
        4 => Command::Master { level: script.u8() },
        5 => Command::Tempo {
            bpm_x100: Some(script.u16()),
            beats_per_bar: Some(script.u8()).filter(|beats| *beats != BeatGrid::DEFAULT.beats_per_bar),
        },
        6 => Command::Tap,
        7 => Command::Downbeat,
        8 => Command::Nudge { micro_beats: script.u32() as i32 },
        9 => Command::NameNode { node: node_ref(script), name: short(script) },
        10 => {
            let members = (0..script.u8() % 4).map(|_| node_ref(script)).collect();
            let lead = Some(Span::from_ms(i64::from(script.u16()))).filter(|lead| *lead != Span::ZERO);
            Command::SetGroup { name: short(script), members, lead }
        }
        12 => Command::PlayPattern {
            scope: scope(script),
            id: PatternId(u64::from(script.u32()).to_be_bytes()),
            repeats: script.u8() & 1 == 1,
            start: match script.u8() % 3 {
                0 => Start::Soonest,
                1 => Start::After(Span::from_ms(i64::from(script.u16()))),
                _ => Start::At(Time::from_us(i64::from(script.u32()))),
            },
            fade_ms: script.u32(),
        },
        13 => Command::StopPattern { scope: scope(script), fade_ms: script.u32() },
        _ => match script.u8() & 1 {
            0 => Command::DeleteGroup { name: short(script) },
            _ => Command::Forget { node: node_ref(script) },
        },
    }
}
