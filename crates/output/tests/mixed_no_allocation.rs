//! A node with a show that takes universes from the network asks for no memory in a frame, whatever comes meanwhile.
#![allow(clippy::unwrap_used, reason = "test code; the exemption of clippy.toml covers only functions with #[test]")]

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;

use allocation_counter::measure;
use cuelight_dmx::artnet::PortAddress;
use cuelight_dmx::merge::{Mode, Outcome};
use cuelight_dmx::priority::Priority;
use cuelight_dmx::sacn;
use cuelight_dmx::send::Identity;
use cuelight_output::FrameClock;
use cuelight_output::lights::machine::{LightsMachine, Order};
use cuelight_output::lights::{LightsFallback, LightsInput, Playing, PutOut, SHOW, Staged, TakenWriter, mixed, taken};
use cuelight_output::universes::{Subscribers, Subscriptions};
use cuelight_show::{
    Address, Cue, CueList, Curve, Instruction, Level, ListNumber, Look, Playbacks, Score, Show, Target, Timing, Value,
};
use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::{Local, Span, Time};

const LIST: ListNumber = ListNumber(1);
const UNIVERSES: u16 = 4;

/// One cue that fades every even slot of all universes for a minute.
fn score() -> Arc<Score> {
    let mut cue = Cue::new("1".parse().unwrap());
    cue.timing = Timing::even(60_000, Curve::Linear);
    let line = |universe, slot| Instruction {
        target: Target::Slot(Address::new(universe, slot).unwrap()),
        value: Value::Level(Level::FULL),
    };
    let slots = (1..=UNIVERSES).flat_map(|universe| (2..=512).step_by(2).map(move |slot| line(universe, slot)));
    cue.look = Look::from_instructions(slots.collect());
    let mut list = CueList::new(LIST);
    list.insert(cue).unwrap();
    Arc::new(Score::new(&Show::of_lists(vec![list])))
}

/// What a network says in its n-th packet: sources come and go, levels and priorities change.
fn said(n: u32) -> Outcome {
    let is_speaking = n % 7 != 6;
    Outcome {
        levels: std::array::from_fn(|slot| (slot as u32 * 3 + n) as u8),
        ranks: std::array::from_fn(|slot| if is_speaking { 91 + ((slot as u32 + n) % 20) as u8 } else { 0 }),
        owners: [(n % 3) as u8; 512],
        stamps: [n; 512],
        stamp: n,
        slots: 512,
        is_speaking,
    }
}

/// DMX-52, DMX-56
#[test]
fn frames_allocate_nothing_while_a_show_is_merged_with_what_comes() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = receiver.local_addr().unwrap();
    let targets = [format!("sacn:1..3@{to}"), "artnet:4?hz=30".to_owned()];
    let targets: Vec<_> = targets.iter().map(|target| target.parse().unwrap()).collect();
    let identity = Identity { cid: sacn::Cid([7; 16]), name: sacn::SourceName::new("") };
    let (subscriptions, mut subscribed) = Subscriptions::new(PortAddress::new(4).into_iter());
    let (mut inputs, mut writers, mut seen): (Vec<_>, Vec<TakenWriter>, Vec<_>) = (vec![], vec![], vec![]);
    for universe in 1..=UNIVERSES {
        let ((writer, taken), (mixed, reader)) = (taken(), mixed());
        let mode = if universe % 2 == 0 { Mode::Ltp } else { Mode::Htp };
        inputs.push(LightsInput { universe, mode, show_priority: Priority::DEFAULT, taken, mixed });
        writers.push(writer);
        seen.push(reader);
    }
    let fallback = LightsFallback::Hold;
    let machine = LightsMachine::with_network(&targets, &[], identity, fallback, inputs, &subscriptions);
    let mut machine = machine.unwrap();
    machine.handle_clock(FrameClock { is_synced: true, ..FrameClock::FREE });

    let score = score();
    let mut playbacks = Playbacks::default();
    playbacks.go(&score, LIST, Time::ZERO).unwrap();
    let playing = Playing { score, playbacks, from: Time::ZERO };
    assert!(machine.handle_staged(Staged::new(playing, None, &Master::DEFAULT, &Tempo::DEFAULT, Time::ZERO)).is_none());
    let mut now: Time<Local> = Time::ZERO;
    let (mut frames, mut sent) = (0_u32, 0);
    let mut play = |frames_to: u32| {
        while frames < frames_to {
            writers.iter_mut().for_each(|writer| writer.publish(&said(frames)));
            // Whoever asks for a universe comes and goes; nothing is at that port.
            let hosts = (0..frames % 3).map(|host| Ipv4Addr::new(127, 0, 74, 1 + host as u8));
            subscribed[0].1.publish(Subscribers::of(hosts, &[]));
            let plan = machine.plan(now);
            let blackout = frames % 11 > 8;
            machine.handle_order(Order::Master(Master { blackout, ..Master::DEFAULT }, plan.instant));
            machine.work_out(plan.instant, drop);
            now = machine.due_at(plan.instant);
            machine.send_some();
            let flushed = machine.flush();
            machine.announce(now);
            sent += flushed.sent + flushed.failed;
            frames += 1;
            let frame = PutOut { late: Span::ZERO, work: Span::ZERO, leave: Span::ZERO, flushed };
            machine.handle_output(plan.instant, frame, now);
            now += Span::from_ms(1);
        }
    };
    // The first second finds room for what every other uses again.
    play(60);
    let allocated = measure(|| play(600));
    assert_eq!((allocated.count_total, allocated.count_current), (0, 0), "{allocated:?}");
    assert!(sent > 3 * 44 * 5, "{sent} datagrams");
    // Both had slots: what was counted was merging.
    let seen = seen[0].get().unwrap();
    let of_show = (0..512).filter(|slot| seen.owner(*slot).is_some_and(|owned| owned.source == SHOW)).count();
    assert!(of_show > 0 && of_show < 512, "{of_show} slots obey the show");
}
