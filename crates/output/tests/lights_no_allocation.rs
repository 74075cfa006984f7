//! What the lights thread does in a frame asks for no memory, also when another state begins, cues with effects follow by
//! themselves, and their list forgets.
#![allow(clippy::unwrap_used, reason = "test code; the exemption of clippy.toml covers only functions with #[test]")]

use std::net::UdpSocket;
use std::sync::Arc;

use allocation_counter::measure;
use cuelight_dmx::sacn;
use cuelight_dmx::send::Identity;
use cuelight_output::FrameClock;
use cuelight_output::lights::machine::{LightsMachine, Order};
use cuelight_output::lights::{LightsFallback, Playing, PutOut, Staged};
use cuelight_show::cue::{Drives, EffectContent};
use cuelight_show::{
    Address, Channel, Cue, CueList, Curve, Fixture, FixtureNumber, FixtureType, Group, Instruction, Level, ListNumber,
    Look, Mode, Next, Playbacks, Score, Show, Target, Timing, Value,
};
use cuelight_wire::scene::{Master, Scene, Tempo};
use cuelight_wire::time::{Local, Span, Time};

const LIST: ListNumber = ListNumber(1);
const UNIVERSES: u16 = 8;
/// Started one a second; those after them follow by themselves.
const GOES: u32 = 20;
/// More than a list remembers: it forgets while they follow one another.
const CUES: u32 = 85;
const FOLLOW_MS: u32 = 150;
/// Spots of three colours at slots 400 and on of the first universe.
const SPOTS: u32 = 24;

/// Spots in groups of several sizes: effects over them have pictures of several geometries.
fn show() -> Show {
    let mut show = Show::default();
    let color = |attribute: &str, offset| Channel {
        attribute: attribute.into(),
        cell: 0,
        part: 0,
        offsets: vec![offset],
        default: Level::OFF,
        is_intensity: false,
        snaps: false,
        physical: None,
    };
    let channels = vec![color("ColorAdd_R", 1), color("ColorAdd_G", 2), color("ColorAdd_B", 3)];
    let modes = vec![Mode { name: "Standard".into(), channels }];
    show.put_type(FixtureType { name: "Spot".into(), manufacturer: String::new(), modes }).unwrap();
    for n in 1..=SPOTS {
        show.fixtures.push(Fixture {
            number: FixtureNumber(n),
            label: String::new(),
            kind: "Spot".into(),
            mode: "Standard".into(),
            addresses: vec![Address::new(1, 397 + 3 * n as u16).unwrap()],
        });
    }
    for size in [4, 11, SPOTS] {
        show.groups.push(Group { name: size.to_string(), fixtures: (1..=size).map(FixtureNumber).collect() });
    }
    show
}

fn score() -> Arc<Score> {
    let mut show = show();
    let mut list = CueList::new(LIST);
    for n in 1..=CUES {
        let mut cue = Cue::new(n.to_string().parse().unwrap());
        cue.timing = Timing::even(if n < GOES { 400 } else { 100 }, Curve::SCurve);
        if n >= GOES {
            cue.next = Next::Follow(FOLLOW_MS);
            // The first effects of all: nothing before them has asked for their memory.
            let group = show.groups[n as usize % 3].name.clone();
            let effect = cuelight_render::effects::ALL[n as usize % cuelight_render::effects::ALL.len()].id;
            let scene = Scene { effect, ..Scene::default() };
            cue.look.effects.push(EffectContent { group, scene, geometry: None, drives: Drives::Color });
        }
        let line = |universe, slot| Instruction {
            target: Target::Slot(Address::new(universe, slot).unwrap()),
            value: Value::Level(Level((u32::from(slot) * 127 + n * 9_001) as u16)),
        };
        let slots = (1..=UNIVERSES).flat_map(|universe| (1..=399).map(move |slot| line(universe, slot)));
        cue.look = Look { effects: cue.look.effects, ..Look::from_instructions(slots.collect()) };
        list.insert(cue).unwrap();
    }
    show.lists.push(list);
    assert_eq!(show.problems(), []);
    Arc::new(Score::new(&show))
}

/// DMX-52
#[test]
fn frames_allocate_nothing_while_fades_run_cues_follow_and_states_come() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = receiver.local_addr().unwrap();
    let targets = [format!("sacn:1..6@{to}?sync=9"), format!("artnet:7..8@{to}?hz=30&sync=on")];
    let targets: Vec<_> = targets.iter().map(|target| target.parse().unwrap()).collect();
    let identity = Identity { cid: sacn::Cid([7; 16]), name: sacn::SourceName::new("") };
    let mut machine = LightsMachine::new(&targets, &[], identity, LightsFallback::Blackout).unwrap();
    machine.handle_clock(FrameClock { is_synced: true, ..FrameClock::FREE });

    let score = score();
    let mut playbacks = Playbacks::default();
    let mut states = Vec::new();
    for second in 0..i64::from(GOES) {
        let from = Time::from_us(1_000_000 * second);
        playbacks.go(&score, LIST, from).unwrap();
        let playing = Playing { score: Arc::clone(&score), playbacks: playbacks.clone(), from };
        states.push(Some(Staged::new(playing, None, &Master::DEFAULT, &Tempo::DEFAULT, Time::ZERO)));
    }
    let mut at_the_end = playbacks.clone();
    at_the_end.advance(&score, Time::from_us(30_000_000));
    assert_eq!(at_the_end.list(LIST).unwrap().current(), Some(CUES.to_string().parse().unwrap()), "all cues follow");
    assert!(at_the_end.list(LIST).unwrap().runs.len() < CUES as usize, "the list forgets");
    let mut past = Vec::with_capacity(states.len());
    let mut now: Time<Local> = Time::ZERO;
    let (mut frames, mut sent) = (0_u64, 0);
    let mut play = |seconds: std::ops::Range<i64>| {
        for second in seconds {
            if let Some(state) = states.get_mut(second as usize).and_then(Option::take) {
                past.extend(machine.handle_staged(state));
            }
            let at = Time::from_us(1_000_000 * second);
            machine.handle_order(Order::Master(Master { level: (second * 7) as u8, ..Master::DEFAULT }, at));
            machine.handle_order(Order::Alone(second % 5 == 4));
            let until = Time::from_ns(at.as_ns() + 1_000_000_000);
            loop {
                if machine.sync_due_at().is_some_and(|sync_at| sync_at <= now) {
                    machine.synchronise(now);
                }
                let plan = machine.plan(now);
                if plan.instant >= until {
                    break;
                }
                machine.work_out(plan.instant, |staged| past.push(staged));
                now = machine.due_at(plan.instant);
                machine.send_some();
                let flushed = machine.flush();
                machine.announce(now);
                sent += flushed.sent;
                frames += 1;
                let frame = PutOut { late: Span::ZERO, work: Span::ZERO, leave: Span::ZERO, flushed };
                machine.handle_output(plan.instant, frame, now);
                now += Span::from_ms(1);
            }
        }
    };
    // The first second finds room for what every other uses again.
    play(0..1);
    let allocated = measure(|| play(1..30));
    assert_eq!((allocated.count_total, allocated.count_current), (0, 0), "{allocated:?}");
    assert!(frames > 30 * 60 && sent > 30 * 80, "{frames} frames, {sent} datagrams");
}
