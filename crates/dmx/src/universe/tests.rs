//! The rules of the standards for receivers, in virtual time.

use cuelight_wire::time::{Local, Span, Time};
use std::vec::Vec;

use super::*;
use crate::artnet::{Dmx, PortAddress, Sequence};
use crate::priority::Priority;
use crate::sacn::{self, Cid, Data, Options, SourceName, StartCode};

/// A universe, an instant, and senders that count.
struct Stage {
    universe: Universe<4>,
    now: Time<Local>,
    sequences: [u8; 16],
}

const ADDRESS: u16 = 7000;

impl Stage {
    fn new(settings: Settings) -> Self {
        Self { universe: Universe::new(settings), now: Time::from_ns(1_000_000_000_000), sequences: [0; 16] }
    }
    /// Sources that count at once, as with priorities of their own.
    fn eager() -> Self {
        Self::new(Settings { priorities_wait: Span::ZERO, ..Settings::default() })
    }
    /// Lets `ms` milliseconds pass, one by one.
    fn pass(&mut self, ms: i64) {
        for _ in 0..ms {
            self.now += Span::from_ms(1);
            self.universe.handle_timeout(self.now);
        }
    }
    fn levels(&mut self) -> Vec<u8> {
        self.universe.levels(self.now).to_vec()
    }
    fn events(&mut self) -> Vec<Event> {
        core::iter::from_fn(|| self.universe.poll_event()).collect()
    }
    /// The source `cid` sends a packet, with the next number.
    fn sacn(&mut self, cid: u8, slots: &[u8], change: impl FnOnce(&mut Data<'_>)) -> Result<(), Dropped> {
        let sequence = &mut self.sequences[usize::from(cid)];
        *sequence = sequence.wrapping_add(1);
        let mut data = Data {
            cid: Cid([cid; 16]),
            source_name: SourceName::new("desk"),
            priority: Priority::DEFAULT,
            sync: None,
            sequence: *sequence,
            options: Options::default(),
            universe: sacn::Universe::FIRST,
            start_code: StartCode::LEVELS,
            slots,
        };
        change(&mut data);
        self.universe.handle_sacn(&data, self.now)
    }
    fn say(&mut self, cid: u8, slots: &[u8]) {
        self.sacn(cid, slots, |_| {}).unwrap();
    }
    fn prioritise(&mut self, cid: u8, priorities: &[u8]) {
        self.sacn(cid, priorities, |data| data.start_code = StartCode::PRIORITIES).unwrap();
    }
    /// Levels that wait for synchronisation.
    fn say_in_sync(&mut self, cid: u8, slots: &[u8], is_forced: bool) {
        self.sacn(cid, slots, |data| {
            data.sync = sacn::Universe::new(ADDRESS);
            data.options.is_forced = is_forced;
        })
        .unwrap();
    }
    fn sync(&mut self) {
        self.universe.handle_sacn_sync(sacn::Universe::new(ADDRESS).unwrap(), self.now);
    }
    fn artnet(&mut self, host: u8, physical: u8, sequence: u8, slots: &[u8]) -> Result<(), Dropped> {
        let dmx = Dmx { sequence: Sequence(sequence), physical, port_address: PortAddress::default(), slots };
        self.universe.handle_artnet(&dmx, [10, 0, 0, host], self.now)
    }
    fn artnet_sync(&mut self, host: u8) -> Result<(), Dropped> {
        self.universe.handle_artnet_sync([10, 0, 0, host], self.now)
    }
}

const fn id(cid: u8) -> SourceId {
    SourceId::Sacn(Cid([cid; 16]))
}
const fn host(host: u8, physical: u8) -> SourceId {
    SourceId::ArtNet { ip: [10, 0, 0, host], physical }
}

fn with_priority(number: u8) -> impl FnOnce(&mut Data<'_>) {
    move |data| data.priority = Priority::new(number).unwrap()
}

/// DMX-11
#[test]
fn the_highest_priority_wins_and_equals_are_merged_by_the_highest_level() {
    let mut stage = Stage::eager();
    stage.sacn(1, &[10, 200, 30], with_priority(100)).unwrap();
    stage.sacn(2, &[20, 100, 30], with_priority(100)).unwrap();
    assert_eq!(stage.levels(), [20, 200, 30]);
    stage.sacn(3, &[1, 2], with_priority(101)).unwrap();
    assert_eq!(stage.levels(), [1, 2, 30], "slot 3 is not the third's");
    stage.sacn(3, &[1, 2], with_priority(99)).unwrap();
    assert_eq!(stage.levels(), [20, 200, 30], "a priority may change from packet to packet");
}

/// DMX-11
#[test]
fn the_latest_takes_precedence_where_that_is_chosen() {
    let mut stage = Stage::eager();
    stage.universe.set_mode(Mode::Ltp);
    stage.say(1, &[200, 200]);
    stage.say(2, &[10, 10]);
    stage.say(1, &[200, 90]);
    stage.say(2, &[10, 10]);
    assert_eq!(stage.levels(), [10, 90]);
    stage.universe.set_mode(Mode::Htp);
    assert_eq!(stage.levels(), [200, 90]);
}

/// DMX-13
#[test]
fn a_new_source_counts_when_its_priorities_have_come_or_one_and_a_half_seconds_have_passed() {
    let mut stage = Stage::new(Settings::default());
    stage.say(1, &[50]);
    for _ in 0..3 {
        stage.pass(400);
        stage.say(1, &[50]);
    }
    stage.pass(299);
    assert_eq!((stage.levels().len(), stage.events()), (0, Vec::new()));
    stage.pass(1);
    assert_eq!((stage.levels(), stage.events()), ([50].to_vec(), [Event::SourceFound(id(1))].to_vec()));
    // With priorities it need not wait, in whichever order they come.
    stage.say(2, &[60]);
    stage.prioritise(2, &[150]);
    assert_eq!(stage.levels(), [60]);
    stage.prioritise(3, &[160]);
    assert_eq!(stage.levels(), [60], "priorities alone are nothing yet");
    stage.say(3, &[70]);
    assert_eq!(stage.levels(), [70]);
}

/// DMX-12
#[test]
fn priorities_of_single_slots_hold_until_they_are_lost() {
    let mut stage = Stage::eager();
    stage.say(1, &[10, 10, 10, 10]);
    stage.say(2, &[1, 1, 1, 1]);
    // Above for slot 1, nothing about slot 2, not a priority for slot 3, nothing sent for slot 4.
    stage.prioritise(2, &[101, 0, 201]);
    assert_eq!(stage.levels(), [1, 10, 10, 10]);
    stage.prioritise(1, &[0, 0, 0, 0]);
    assert_eq!(stage.levels(), [1, 0, 0, 0], "a slot that nobody speaks of is 0");
    // Levels go on, priorities do not.
    for _ in 0..2 {
        stage.pass(1000);
        stage.say(1, &[10, 10, 10, 10]);
        stage.say(2, &[1, 1, 1, 1]);
    }
    stage.pass(499);
    assert_eq!(stage.levels(), [1, 0, 0, 0]);
    stage.pass(1);
    assert_eq!(stage.levels(), [10, 10, 10, 10], "both are at the packets' priority again");
    assert!(stage.universe.sources().all(|source| !source.has_priorities));
}

/// DMX-14
#[test]
fn a_source_is_lost_two_and_a_half_seconds_after_its_last_levels() {
    let mut stage = Stage::eager();
    stage.say(1, &[50]);
    stage.pass(2000);
    // Priorities are no sign of life of levels.
    stage.prioritise(1, &[100]);
    stage.pass(499);
    assert_eq!(stage.events(), [Event::SourceFound(id(1))]);
    stage.pass(1);
    assert_eq!(stage.events(), [Event::SourceLost(id(1), Lost::Silent)]);
    assert_eq!(stage.universe.sources().count(), 0);
}

/// DMX-24
#[test]
fn when_all_are_gone_the_last_look_stays_or_goes_dark_or_full_as_is_set() {
    for (on_loss, expected) in [(OnLoss::Hold, [50, 0]), (OnLoss::Dark, [0, 0]), (OnLoss::Full, [255, 255])] {
        let mut stage = Stage::new(Settings { on_loss, priorities_wait: Span::ZERO, ..Settings::default() });
        stage.say(1, &[50, 0]);
        assert_eq!(stage.levels(), [50, 0]);
        stage.pass(2500);
        assert_eq!(stage.levels(), expected);
        assert_eq!(stage.universe.owner(1, stage.now), None);
        stage.say(1, &[7, 8]);
        assert_eq!(stage.levels(), [7, 8], "and it is taken up again");
    }
}

/// DMX-15
#[test]
fn an_ending_stream_is_gone_at_once_and_its_three_packets_change_nothing_else() {
    let mut stage = Stage::eager();
    stage.say(1, &[50]);
    stage.say(2, &[20]);
    let outcomes = [0; 3].map(|_| stage.sacn(1, &[255], |data| data.options.is_terminated = true));
    assert_eq!(outcomes, [Ok(()), Err(Dropped::Terminated), Err(Dropped::Terminated)]);
    assert_eq!(stage.levels(), [20]);
    assert!(stage.events().contains(&Event::SourceLost(id(1), Lost::Terminated)));
    assert_eq!(stage.universe.drops().terminated, 2);
}

/// DMX-16
#[test]
fn when_a_cable_is_pulled_the_lower_source_does_not_flash() {
    let mut stage = Stage::eager();
    stage.sacn(1, &[50], with_priority(200)).unwrap();
    stage.pass(900);
    stage.sacn(2, &[99], with_priority(100)).unwrap();
    // Both are gone from now on; the higher one is silent 900 ms before the lower one.
    for _ in 0..5000 {
        stage.pass(1);
        assert_eq!(stage.levels(), [50]);
    }
    let mut lost = stage.events();
    lost.retain(|event| matches!(event, Event::SourceLost(..)));
    assert_eq!(lost, [Event::SourceLost(id(1), Lost::Silent), Event::SourceLost(id(2), Lost::Silent)]);
}

/// DMX-16
#[test]
fn a_lost_source_gives_way_once_the_others_have_been_heard() {
    let mut stage = Stage::eager();
    stage.sacn(1, &[50], with_priority(200)).unwrap();
    stage.pass(2400);
    stage.sacn(2, &[99], with_priority(100)).unwrap();
    stage.pass(899);
    assert_eq!(stage.levels(), [50], "silent, but the other may be too");
    stage.sacn(2, &[98], with_priority(100)).unwrap();
    stage.pass(200);
    assert_eq!(stage.levels(), [98]);
}

/// DMX-16
#[test]
fn a_source_that_is_back_before_it_was_given_up_was_never_away() {
    let mut stage = Stage::eager();
    stage.sacn(1, &[50], with_priority(200)).unwrap();
    stage.sacn(2, &[99], with_priority(100)).unwrap();
    stage.pass(1000);
    stage.sacn(2, &[99], with_priority(100)).unwrap();
    stage.pass(1600);
    stage.sacn(1, &[51], with_priority(200)).unwrap();
    stage.sacn(2, &[99], with_priority(100)).unwrap();
    stage.pass(2000);
    assert_eq!(stage.levels(), [51]);
    assert!(!stage.events().iter().any(|event| matches!(event, Event::SourceLost(..))));
}

/// DMX-17
#[test]
fn late_packets_are_dropped_and_a_source_that_began_anew_is_not() {
    let mut stage = Stage::eager();
    stage.sacn(1, &[1], |data| data.sequence = 100).unwrap();
    for late in [100, 99, 81] {
        assert_eq!(stage.sacn(1, &[2], |data| data.sequence = late), Err(Dropped::Late), "{late}");
    }
    assert_eq!(stage.levels(), [1]);
    stage.sacn(1, &[3], |data| data.sequence = 80).unwrap();
    assert_eq!((stage.levels(), stage.universe.drops().late), ([3].to_vec(), 3));
    // Levels and priorities are numbered together; other sources on their own.
    assert_eq!(stage.sacn(1, &[9], |d| (d.sequence, d.start_code) = (80, StartCode::PRIORITIES)), Err(Dropped::Late));
    stage.sacn(2, &[4], |data| data.sequence = 80).unwrap();
}

/// DMX-18
#[test]
fn previews_are_for_those_who_ask_for_them() {
    let preview = |data: &mut Data<'_>| data.options.is_preview = true;
    let mut stage = Stage::eager();
    assert_eq!(stage.sacn(1, &[1], preview), Err(Dropped::Preview));
    assert_eq!((stage.levels().len(), stage.universe.drops().preview), (0, 1));
    // A source that becomes a preview is lost as any other that stops.
    stage.say(1, &[1]);
    stage.pass(2400);
    assert_eq!(stage.sacn(1, &[1], preview), Err(Dropped::Preview));
    stage.pass(100);
    assert_eq!(stage.universe.sources().count(), 0);
    let settings = Settings { shows_previews: true, priorities_wait: Span::ZERO, ..Settings::default() };
    let mut stage = Stage::new(settings);
    stage.sacn(1, &[1], preview).unwrap();
    assert_eq!(stage.levels(), [1]);
}

#[test]
fn values_that_are_no_levels_are_dropped() {
    let mut stage = Stage::eager();
    assert_eq!(stage.sacn(1, &[1], |data| data.start_code = StartCode(0x17)), Err(Dropped::StartCode));
    assert_eq!((stage.universe.sources().count(), stage.universe.drops().start_code), (0, 1));
}

/// DMX-19
#[test]
fn a_source_too_many_is_told_once_and_disturbs_nobody() {
    let mut stage = Stage::eager();
    for cid in 1..=4 {
        stage.say(cid, &[cid]);
    }
    stage.events();
    for _ in 0..3 {
        assert_eq!(stage.sacn(5, &[99], |_| {}), Err(Dropped::SourcesExceeded));
    }
    assert_eq!((stage.levels(), stage.events()), ([4].to_vec(), [Event::SourcesExceeded(id(5))].to_vec()));
    assert_eq!(stage.universe.drops().sources_exceeded, 3);
    // There is room again, and then not.
    stage.sacn(1, &[], |data| data.options.is_terminated = true).unwrap();
    stage.say(5, &[99]);
    assert_eq!(stage.levels(), [99]);
    assert_eq!(stage.sacn(6, &[99], |_| {}), Err(Dropped::SourcesExceeded));
    assert!(stage.events().contains(&Event::SourcesExceeded(id(6))));
}

/// DMX-20
#[test]
fn levels_wait_for_synchronisation_only_after_the_first_one_was_seen() {
    let mut stage = Stage::eager();
    stage.say_in_sync(1, &[1], false);
    assert_eq!(stage.levels(), [1], "nobody synchronises yet");
    stage.sync();
    stage.say_in_sync(1, &[2], false);
    stage.say_in_sync(1, &[3], false);
    assert_eq!(stage.levels(), [1]);
    stage.sync();
    assert_eq!(stage.levels(), [3]);
    stage.say_in_sync(1, &[4], false);
    stage.universe.handle_sacn_sync(sacn::Universe::new(ADDRESS + 1).unwrap(), stage.now);
    assert_eq!(stage.levels(), [3], "another address");
    // Address 0: at once, and what waited is forgotten.
    stage.say(1, &[5]);
    assert_eq!(stage.levels(), [5]);
    stage.sync();
    assert_eq!(stage.levels(), [5]);
}

/// DMX-21
#[test]
fn when_synchronisation_is_lost_the_look_stays_until_it_is_back() {
    let mut stage = Stage::eager();
    stage.say_in_sync(1, &[1], false);
    stage.sync();
    for level in 2..8 {
        stage.pass(1000);
        stage.say_in_sync(1, &[level], false);
        assert_eq!(stage.levels(), [1]);
    }
    assert!(stage.events().contains(&Event::SyncLost(id(1))));
    stage.sync();
    assert_eq!(stage.levels(), [7]);
}

/// DMX-21
#[test]
fn a_forced_stream_goes_on_when_synchronisation_is_lost() {
    let mut stage = Stage::eager();
    stage.say_in_sync(1, &[1], true);
    stage.sync();
    stage.pass(2499);
    stage.say_in_sync(1, &[2], true);
    assert_eq!(stage.levels(), [1]);
    stage.pass(1);
    assert_eq!(stage.levels(), [1], "what waited is not shown: the next levels are");
    stage.say_in_sync(1, &[3], true);
    assert_eq!(stage.levels(), [3]);
    stage.sync();
    stage.say_in_sync(1, &[4], true);
    assert_eq!(stage.levels(), [3], "synchronised again");
}

/// DMX-23
#[test]
fn art_net_merges_two_senders_by_address_and_input_and_refuses_a_third() {
    let mut stage = Stage::eager();
    stage.artnet(1, 0, 1, &[10, 20]).unwrap();
    stage.artnet(1, 1, 1, &[20, 10]).unwrap();
    assert!(stage.universe.is_merging());
    assert_eq!(stage.levels(), [20, 20]);
    assert_eq!(stage.artnet(2, 0, 1, &[99, 99]), Err(Dropped::SourcesExceeded));
    assert_eq!(stage.levels(), [20, 20]);
    // One stops: ten seconds later the other is alone, and the third is welcome.
    stage.events();
    for _ in 0..9 {
        stage.pass(1000);
        stage.artnet(1, 0, 0, &[10, 20]).unwrap();
    }
    stage.pass(999);
    assert_eq!(stage.levels(), [20, 20]);
    stage.pass(1);
    stage.artnet(1, 0, 0, &[10, 20]).unwrap();
    stage.pass(200);
    assert_eq!(
        (stage.levels(), stage.events()),
        ([10, 20].to_vec(), [Event::SourceLost(host(1, 1), Lost::Silent)].to_vec())
    );
    stage.artnet(2, 0, 1, &[99, 99]).unwrap();
}

/// DMX-23
#[test]
fn art_net_numbers_are_checked_unless_they_are_zero() {
    let mut stage = Stage::eager();
    stage.artnet(1, 0, 255, &[1]).unwrap();
    assert_eq!(stage.artnet(1, 0, 254, &[2]), Err(Dropped::Late));
    stage.artnet(1, 0, 1, &[3]).unwrap();
    for level in 4..6 {
        stage.artnet(1, 0, 0, &[level]).unwrap();
        assert_eq!(stage.levels(), [level]);
    }
}

/// DMX-23
#[test]
fn merging_is_cancelled_by_whoever_sends_next() {
    let mut stage = Stage::eager();
    stage.artnet(1, 0, 1, &[10]).unwrap();
    stage.artnet(2, 0, 1, &[20]).unwrap();
    stage.universe.handle_cancel_merge();
    assert_eq!(stage.levels(), [20]);
    stage.artnet(1, 0, 2, &[11]).unwrap();
    assert_eq!(stage.levels(), [11]);
    assert!(stage.events().contains(&Event::SourceLost(host(2, 0), Lost::Released)));
}

/// DMX-22
#[test]
fn art_sync_makes_levels_wait_for_four_seconds_at_most() {
    let mut stage = Stage::eager();
    stage.artnet(1, 0, 1, &[1]).unwrap();
    stage.artnet(1, 0, 2, &[2]).unwrap();
    assert_eq!(stage.levels(), [2], "nobody synchronises yet");
    stage.artnet_sync(1).unwrap();
    stage.artnet(1, 0, 3, &[3]).unwrap();
    assert_eq!(stage.levels(), [2]);
    stage.artnet_sync(1).unwrap();
    assert_eq!(stage.levels(), [3]);
    stage.artnet(1, 0, 4, &[4]).unwrap();
    stage.pass(3999);
    assert_eq!(stage.levels(), [3]);
    stage.pass(1);
    assert_eq!(stage.levels(), [4]);
    stage.artnet(1, 0, 5, &[5]).unwrap();
    assert_eq!(stage.levels(), [5], "at once again");
}

/// DMX-22
#[test]
fn art_sync_of_others_and_while_merging_does_not_count() {
    let mut stage = Stage::eager();
    stage.artnet(1, 0, 1, &[1]).unwrap();
    assert_eq!(stage.artnet_sync(2), Err(Dropped::Sync));
    stage.artnet(1, 0, 2, &[2]).unwrap();
    assert_eq!(stage.levels(), [2]);
    // A second sender ends waiting.
    stage.artnet_sync(1).unwrap();
    stage.artnet(1, 0, 3, &[3]).unwrap();
    stage.artnet(2, 0, 1, &[1]).unwrap();
    assert_eq!(stage.levels(), [3]);
    assert_eq!((stage.artnet_sync(1), stage.artnet_sync(2)), (Err(Dropped::Sync), Err(Dropped::Sync)));
    stage.artnet(1, 0, 4, &[4]).unwrap();
    assert_eq!(stage.levels(), [4]);
    assert_eq!(stage.universe.drops().sync, 3);
}

/// DMX-25, DMX-26
#[test]
fn a_slot_says_whom_it_obeys_whatever_the_protocol() {
    let mut stage = Stage::new(Settings {
        artnet_priority: Priority::new(110).unwrap(),
        priorities_wait: Span::ZERO,
        ..Settings::default()
    });
    let priority = |number| Priority::new(number).unwrap();
    let begin = stage.now;
    stage.sacn(1, &[10, 10, 10], with_priority(100)).unwrap();
    stage.artnet(1, 0, 1, &[20, 20]).unwrap();
    assert_eq!(stage.levels(), [20, 20, 10]);
    stage.pass(1000);
    stage.universe.handle_local(12, &[30], priority(120), stage.now).unwrap();
    assert_eq!(stage.levels(), [30, 20, 10]);
    let (universe, now) = (&mut stage.universe, stage.now);
    let owner = |source, level, number, since| Some(Owner { source, level, priority: priority(number), since });
    assert_eq!(universe.owner(1, now), owner(SourceId::Local(12), 30, 120, now));
    assert_eq!(universe.owner(2, now), owner(host(1, 0), 20, 110, begin));
    assert_eq!(universe.owner(3, now), owner(id(1), 10, 100, begin));
    assert_eq!((universe.owner(0, now), universe.owner(4, now), universe.owner(513, now)), (None, None, None));
    universe.handle_release(12);
    assert_eq!(stage.levels(), [20, 20, 10]);
}

#[test]
fn levels_are_told_when_they_are_others_and_only_then() {
    let mut stage = Stage::eager();
    stage.say(1, &[1]);
    assert_eq!(stage.universe.poll_levels(stage.now), Some(&[1][..]));
    assert_eq!(stage.universe.poll_levels(stage.now), None);
    stage.say(1, &[1]);
    stage.say(2, &[0]);
    assert_eq!(stage.universe.poll_levels(stage.now), None);
    stage.say(2, &[2]);
    assert_eq!(stage.universe.poll_levels(stage.now), Some(&[2][..]));
}

#[test]
fn of_events_that_nobody_fetches_the_newest_are_kept() {
    let mut stage = Stage::eager();
    for cid in 1..=10 {
        stage.say(cid, &[cid]);
        stage.sacn(cid, &[], |data| data.options.is_terminated = true).unwrap();
    }
    assert_eq!(stage.universe.drops().events, 20 - MAX_EVENTS as u64);
    assert_eq!(stage.events().last(), Some(&Event::SourceLost(id(10), Lost::Terminated)));
}

/// The wake-up that is asked for is never later than what there is to do: driven by it alone, the same happens.
#[test]
fn whoever_wakes_only_when_asked_misses_nothing() {
    let run = |is_driven_by_poll: bool| {
        let mut stage = Stage::new(Settings::default());
        let mut seen = Vec::new();
        stage.sacn(1, &[50], with_priority(150)).unwrap();
        stage.sacn(2, &[99], with_priority(100)).unwrap();
        stage.prioritise(2, &[100]);
        stage.artnet(1, 0, 1, &[7]).unwrap();
        stage.artnet_sync(1).unwrap();
        stage.artnet(1, 0, 2, &[8]).unwrap();
        let begin = stage.now;
        for ms in 1..20_000 {
            stage.now = begin + Span::from_ms(ms);
            if !is_driven_by_poll || stage.universe.poll_timeout().is_some_and(|due_at| due_at <= stage.now) {
                stage.universe.handle_timeout(stage.now);
            }
            seen.extend(stage.events().into_iter().map(|event| (ms, event)));
            if let Some(levels) = stage.universe.poll_levels(stage.now) {
                seen.push((ms, Event::SourceFound(SourceId::Local(levels[0].into()))));
            }
        }
        assert_eq!(stage.universe.poll_timeout(), None, "nothing is left");
        seen
    };
    let seen = run(false);
    assert!(seen.len() >= 6, "{seen:?}");
    assert_eq!(run(true), seen);
}

/// DMX-27
#[test]
fn what_a_source_says_above_the_highest_priority_that_is_set_counts_as_that() {
    let highest_priority = Priority::new(120).unwrap();
    let mut stage = Stage::new(Settings {
        highest_priority,
        priorities_wait: Span::ZERO,
        artnet_priority: Priority::MAX,
        ..Settings::default()
    });
    stage.sacn(1, &[10, 10], with_priority(200)).unwrap();
    stage.sacn(2, &[20, 5], with_priority(120)).unwrap();
    assert_eq!(stage.levels(), [20, 10], "both count as 120");
    stage.artnet(1, 0, 0, &[15, 15]).unwrap();
    assert_eq!(stage.levels(), [20, 15], "and Art-Net no more");
    let now = stage.now;
    stage.universe.handle_local(7, &[1, 1], Priority::new(121).unwrap(), now).unwrap();
    assert_eq!(stage.levels(), [1, 1], "this machine's own sources are not of the network");
    stage.universe.handle_release(7);
    // No priority at all for slot 1, one too high for slot 2, and one that is none for slot 3.
    stage.prioritise(1, &[0, 200, 255]);
    stage.sacn(1, &[255, 30, 255], with_priority(200)).unwrap();
    assert_eq!(stage.levels(), [20, 30, 0]);
}
