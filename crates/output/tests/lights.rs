//! A show played to universes in virtual time, on real sockets: what leaves, at which instants, with which levels.
#![allow(clippy::unwrap_used, reason = "test code; the exemption of clippy.toml covers only functions with #[test]")]

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use cuelight_dmx::artnet;
use cuelight_dmx::range::UniverseRange;
use cuelight_dmx::sacn::{self, StartCode};
use cuelight_dmx::send::{Identity, Rate};
use cuelight_output::FrameClock;
use cuelight_output::lights::machine::{LightsMachine, Order};
use cuelight_output::lights::{LightsFallback, LightsReport, LightsTarget, Playing, PutOut, Staged};
use cuelight_show::{
    Address, Cue, CueList, Instruction, Level, ListNumber, Look, Playbacks, Score, Show, Stage, Target, Timing, Value,
};
use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::{Local, Show as ShowClock, Span, Time};

const LIST: ListNumber = ListNumber(1);

/// Cue n (from 1) brings every slot of `universes` to a level of its own within 3 s.
fn show(universes: &[u16], cues: u32) -> Show {
    let mut list = CueList::new(LIST);
    for n in 1..=cues {
        let mut cue = Cue::new(n.to_string().parse().unwrap());
        cue.timing = Timing::even(3_000, cuelight_show::Curve::Linear);
        let line = |universe: u16, slot: u16| Instruction {
            target: Target::Slot(Address::new(universe, slot).unwrap()),
            value: Value::Level(Level((u32::from(slot) * 127 + u32::from(universe) * 7_001 + n * 30_011) as u16)),
        };
        let slots = universes.iter().flat_map(|universe| (1..=512).map(|slot| line(*universe, slot)));
        cue.look = Look::from_instructions(slots.collect());
        list.insert(cue).unwrap();
    }
    Show::of_lists(vec![list])
}

fn score(universes: &[u16]) -> Arc<Score> {
    Arc::new(Score::new(&show(universes, 3)))
}

fn at(ms: i64) -> Time<ShowClock> {
    Time::from_us(1_000 * ms)
}

/// What came to a receiver, and at which local instant it was given to the system.
type Arrived = Vec<(Time<Local>, Vec<u8>)>;

struct Node {
    machine: LightsMachine,
    socket: UdpSocket,
    now: Time<Local>,
    arrived: Arrived,
    report: Option<LightsReport>,
}

/// A node whose targets all go to one socket here: `HOST` stands for it.
fn node(targets: &[&str], universes: &[UniverseRange], fallback: LightsFallback) -> Node {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let targets: Vec<LightsTarget> = targets.iter().map(|t| t.replace("HOST", &address).parse().unwrap()).collect();
    let identity = Identity { cid: sacn::Cid([7; 16]), name: sacn::SourceName::new("stage left") };
    let mut machine = LightsMachine::new(&targets, universes, identity, fallback).unwrap();
    // Show time is 10 s ahead of local time and 50 ppm slower.
    machine.handle_clock(FrameClock {
        local0: Time::ZERO,
        show0: at(10_000),
        rate: -54_975_581,
        is_synced: true,
        ..FrameClock::FREE
    });
    Node { machine, socket, now: Time::ZERO, arrived: Vec::new(), report: None }
}

impl Node {
    fn play(&mut self, score: &Arc<Score>, playbacks: &Playbacks, from: Time<ShowClock>) {
        let playing = Playing { score: Arc::clone(score), playbacks: playbacks.clone(), from };
        let staged = Staged::new(playing, None, &Master::DEFAULT, &Tempo::DEFAULT, Time::ZERO);
        assert!(self.machine.handle_staged(staged).is_none());
    }
    /// What the thread does until `until`, exactly on time.
    fn run(&mut self, until: Time<ShowClock>) {
        loop {
            let plan = self.machine.plan(self.now);
            if plan.instant >= until {
                return;
            }
            match self.machine.sync_due_at().filter(|sync_at| *sync_at <= plan.wake_at) {
                Some(sync_at) => {
                    self.now = self.now.max(sync_at);
                    self.machine.synchronise(self.now);
                }
                None => {
                    self.now = self.now.max(plan.wake_at);
                    assert!(self.machine.is_current(&plan, self.now));
                    self.machine.work_out(plan.instant, drop);
                    self.now = self.machine.due_at(plan.instant);
                    assert!(self.machine.send_some());
                    let flushed = self.machine.flush();
                    self.machine.announce(self.now);
                    let frame = PutOut { late: Span::ZERO, work: Span::ZERO, leave: Span::ZERO, flushed };
                    let report = self.machine.handle_output(plan.instant, frame, self.now);
                    self.report = report.or(self.report);
                }
            }
            self.drain();
        }
    }
    fn end(&mut self) {
        self.machine.end(&[], self.now);
        self.drain();
    }
    /// On loopback what was sent has arrived.
    fn drain(&mut self) {
        let mut buf = [0; 2_000];
        self.socket.set_nonblocking(true).unwrap();
        while let Ok(len) = self.socket.recv(&mut buf) {
            self.arrived.push((self.now, buf[..len].to_vec()));
        }
    }
    /// Levels by universe, in their order, with the local instants at which they left.
    fn levels(&self) -> Vec<(Time<Local>, u16, Vec<u8>)> {
        let data =
            |(at, bytes): &(Time<Local>, Vec<u8>)| match (sacn::Packet::decode(bytes), artnet::Packet::decode(bytes)) {
                (Ok(sacn::Packet::Data(data)), _)
                    if data.start_code == StartCode::LEVELS && !data.options.is_terminated =>
                {
                    Some((*at, data.universe.number(), data.slots.to_vec()))
                }
                (_, Ok(artnet::Packet::Dmx(dmx))) => Some((*at, dmx.port_address.number(), dmx.slots.to_vec())),
                _ => None,
            };
        self.arrived.iter().filter_map(data).collect()
    }
}

/// The levels that every machine finds for an instant.
fn reference(score: &Score, playbacks: &Playbacks, universe: u16, instant: Time<ShowClock>) -> Vec<u8> {
    let mut stage = Stage::new(score);
    let levels = stage.levels(score, playbacks, &Master::DEFAULT, &Tempo::DEFAULT, instant);
    levels.get(universe).unwrap().to_vec()
}

/// DMX-30, DMX-50
#[test]
fn each_universe_leaves_at_the_instants_of_its_rate_with_the_levels_of_that_instant() {
    let mut node =
        node(&["sacn:1..2@HOST", "sacn:3@HOST?hz=40", "artnet:4@HOST?hz=30&first=0"], &[], LightsFallback::Hold);
    let score = score(&[1, 2, 3, 4]);
    let mut playbacks = Playbacks::default();
    playbacks.go(&score, LIST, at(10_000)).unwrap();
    node.play(&score, &playbacks, at(10_000));
    node.run(at(12_000));
    let levels = node.levels();
    for (universe, sent_as, rate) in [(1, 1, Rate::FULL), (2, 2, Rate::FULL), (3, 3, Rate::STEADY), (4, 0, Rate::SLOW)]
    {
        let of_it: Vec<_> = levels.iter().filter(|(_, number, _)| *number == sent_as).collect();
        let first = rate.first_at_or_after(at(10_000));
        // The first frame is the first that can be worked out in time.
        let skipped = (of_it[0].0, node.machine.due_at(rate.show_at(first + 1)));
        assert_eq!(skipped.0, skipped.1, "universe {universe}");
        assert_eq!(of_it.len() as i64, 2 * i64::from(rate.hz()) - 1);
        for ((left_at, _, slots), k) in of_it.into_iter().zip(first + 1..) {
            assert_eq!(*left_at, node.machine.due_at(rate.show_at(k)));
            assert_eq!(
                *slots,
                reference(&score, &playbacks, universe, rate.show_at(k)),
                "universe {universe} frame {k}"
            );
        }
    }
    let report = node.report.unwrap();
    assert_eq!((report.universes, report.missed, report.steps, report.blocked, report.failed), (4, 0, 0, 0, 0));
}

/// DMX-50, DMX-51
#[test]
fn a_state_holds_from_the_first_frame_at_or_after_its_instant() {
    let mut node = node(&["sacn:1@HOST"], &[], LightsFallback::Hold);
    let score = score(&[1]);
    let go_at = at(10_510);
    let mut before = Playbacks::default();
    before.go_to(&score, LIST, "1".parse().unwrap(), Some(0), at(10_000)).unwrap();
    let mut after = before.clone();
    after.go_to(&score, LIST, "2".parse().unwrap(), Some(0), go_at).unwrap();
    // Told before it is due, and before the one that holds until then.
    node.play(&score, &before, at(10_000));
    node.play(&score, &after, go_at);
    node.run(at(11_000));
    let rate = Rate::FULL;
    let [old, new] = [&before, &after].map(|playbacks| reference(&score, playbacks, 1, at(12_000)));
    let levels = node.levels();
    let first_new = levels.iter().find(|(_, _, slots)| *slots == new).unwrap().0;
    assert_eq!(first_new, node.machine.due_at(rate.show_at(rate.first_at_or_after(go_at))));
    assert!(
        levels.iter().all(|(left_at, _, slots)| *slots == if *left_at < first_new { old.clone() } else { new.clone() })
    );
}

/// DMX-31, DMX-54
#[test]
fn what_does_not_change_is_kept_alive_and_the_end_is_said() {
    let mut node = node(&["sacn@HOST"], &["5".parse().unwrap()], LightsFallback::Hold);
    // Nothing to say before there is a show.
    node.run(at(10_500));
    assert_eq!(node.arrived, []);
    let (score, mut playbacks) = (score(&[5]), Playbacks::default());
    playbacks.go_to(&score, LIST, "1".parse().unwrap(), Some(0), at(10_500)).unwrap();
    node.play(&score, &playbacks, at(10_500));
    node.run(at(13_500));
    let levels = node.levels();
    // New, three repeats, then every 800 to 1000 ms.
    assert_eq!(levels.len(), 4 + 3);
    let gaps: Vec<_> = levels.windows(2).skip(3).map(|pair| (pair[1].0 - pair[0].0).as_ms()).collect();
    assert!(gaps.iter().all(|gap| (800..1_000).contains(gap)), "{gaps:?}");
    let lists = node.arrived.iter().filter_map(|(_, bytes)| match sacn::Packet::decode(bytes) {
        Ok(sacn::Packet::Discovery(page)) => {
            Some(page.universes.iter().map(sacn::Universe::number).collect::<Vec<_>>())
        }
        _ => None,
    });
    assert_eq!(lists.collect::<Vec<_>>(), [[5]], "one in 10 s");
    // A show without the universe: it goes dark and is sent on.
    let other = score_of_other_universe();
    node.play(&other, &Playbacks::default(), at(13_500));
    node.run(at(13_600));
    assert_eq!(node.levels().last().unwrap().2, [0; 512]);
    node.arrived.clear();
    node.end();
    let is_end = |(_, bytes): &(Time<Local>, Vec<u8>)| matches!(sacn::Packet::decode(bytes), Ok(sacn::Packet::Data(data)) if data.options.is_terminated);
    assert_eq!((node.arrived.len(), node.arrived.iter().all(is_end)), (3, true));
}

fn score_of_other_universe() -> Arc<Score> {
    score(&[6])
}

/// DMX-34, DMX-54
#[test]
fn synchronisation_follows_the_universes_of_an_instant_once_and_four_milliseconds_later() {
    let mut node =
        node(&["sacn:1..2@HOST?sync=99", "sacn:3@HOST?sync=99", "artnet:4@HOST?sync=on"], &[], LightsFallback::Hold);
    let (score, mut playbacks) = (score(&[1, 2, 3, 4]), Playbacks::default());
    playbacks.go(&score, LIST, at(10_000)).unwrap();
    node.play(&score, &playbacks, at(10_000));
    node.run(at(10_500));
    let mut told: Vec<(Time<Local>, String)> = Vec::new();
    for (left_at, bytes) in &node.arrived {
        let word = match (sacn::Packet::decode(bytes), artnet::Packet::decode(bytes)) {
            (Ok(sacn::Packet::Data(data)), _) => {
                format!("{} sync {}", data.universe.number(), data.sync.unwrap().number())
            }
            (Ok(sacn::Packet::Sync(sync)), _) => format!("sync {}", sync.address.number()),
            (Ok(sacn::Packet::Discovery(_)), _) => continue,
            (_, Ok(artnet::Packet::Dmx(dmx))) => format!("artnet {}", dmx.port_address.number()),
            (_, Ok(artnet::Packet::Sync(_))) => "artsync".to_owned(),
            other => panic!("{other:?}"),
        };
        told.push((*left_at, word));
    }
    let of_a_frame = ["1 sync 99", "2 sync 99", "3 sync 99", "artnet 4", "sync 99", "artsync"];
    for frame in told.chunks_exact(6) {
        assert_eq!(frame.iter().map(|(_, word)| word.as_str()).collect::<Vec<_>>(), of_a_frame);
        assert!(frame[..4].iter().all(|(left_at, _)| *left_at == frame[0].0));
        assert!(frame[4..].iter().all(|(left_at, _)| *left_at == frame[0].0 + Span::from_ms(4)));
    }
    assert!(told.len() >= 6 * 20, "{}", told.len());
}

/// DMX-51, DMX-55
#[test]
fn master_and_a_missing_hub_darken_intensities_at_their_instants() {
    let mut node = node(&["sacn:1@HOST"], &[], LightsFallback::Blackout);
    let (score, mut playbacks) = (score(&[1]), Playbacks::default());
    playbacks.go_to(&score, LIST, "1".parse().unwrap(), Some(0), at(10_000)).unwrap();
    node.play(&score, &playbacks, at(10_000));
    let half = Master { level: 128, ..Master::DEFAULT };
    node.machine.handle_order(Order::Master(half, at(10_200)));
    node.run(at(10_400));
    node.machine.handle_order(Order::Alone(true));
    node.run(at(10_600));
    node.machine.handle_order(Order::Alone(false));
    node.run(at(10_800));
    let mut stage = Stage::new(&score);
    let mut looks = [Master::DEFAULT, half, Master { blackout: true, ..half }]
        .map(|master| stage.levels(&score, &playbacks, &master, &Tempo::DEFAULT, at(10_100)).get(1).unwrap().to_vec());
    assert_eq!(looks[2], [0; 512]);
    let mut seen: Vec<_> = node.levels().into_iter().map(|(_, _, slots)| slots).collect();
    seen.dedup();
    let [full, half, dark] = &mut looks;
    assert_eq!(seen, [full.clone(), half.clone(), dark.clone(), half.clone()]);
}

/// DMX-50
#[test]
fn frames_that_passed_are_skipped_and_counted_and_a_step_of_the_timeline_is_no_loss() {
    let mut node = node(&["sacn:1@HOST"], &[], LightsFallback::Hold);
    node.run(at(12_000));
    // The thread is held up for 200 ms: frames 528 to 536 of 44 a second, that at 12 s being the first.
    node.now = node.machine.due_at(at(12_200));
    node.run(at(14_000));
    let report = node.report.unwrap();
    assert_eq!((report.missed, report.steps), (9, 0), "{report:?}");
    // The hub says that show time is an hour later, then that it is not.
    for (show0, until) in [(at(3_610_000), at(3_620_000)), (at(10_000), at(40_000))] {
        node.machine.handle_clock(FrameClock { show0, is_synced: true, ..FrameClock::FREE });
        node.run(until);
    }
    let report = node.report.unwrap();
    assert_eq!((report.missed, report.steps), (9, 2), "{report:?}");
}

/// DMX-53
#[test]
fn many_universes_leave_in_one_frame_from_one_socket() {
    const UNIVERSES: u16 = 100;
    let mut node = node(&["sacn:1..100@HOST"], &[], LightsFallback::Hold);
    let (score, mut playbacks) = (score(&(1..=UNIVERSES).collect::<Vec<_>>()), Playbacks::default());
    playbacks.go(&score, LIST, at(10_000)).unwrap();
    node.play(&score, &playbacks, at(10_000));
    node.run(at(10_050));
    let levels = node.levels();
    let first = levels[0].0;
    let numbers: Vec<_> =
        levels.iter().filter(|(left_at, ..)| *left_at == first).map(|(_, number, _)| *number).collect();
    assert_eq!(numbers, (1..=UNIVERSES).collect::<Vec<_>>());
}

#[test]
fn universes_that_do_not_exist_are_refused_at_the_start() {
    let refused = |target: &str, universes: &[UniverseRange]| {
        let identity = Identity { cid: sacn::Cid([7; 16]), name: sacn::SourceName::new("") };
        LightsMachine::new(&[target.parse().unwrap()], universes, identity, LightsFallback::Hold)
            .unwrap_err()
            .to_string()
    };
    assert!(refused("sacn", &[]).contains("--universes"));
    assert!(refused("sacn:1..4", &["5..9".parse().unwrap()]).contains("has no universes"));
    assert!(refused("artnet:32768@127.0.0.1", &[]).contains("more than 32767"));
    assert!(refused("sacn:1..3@127.0.0.1?first=63998", &[]).contains("universe 3 of"));
    assert!(refused("sacn:1..5000", &[]).contains("at most 4096"));
}
