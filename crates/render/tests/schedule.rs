//! The schedule keeps its bounds and its order whatever it is offered.

use cuelight_render::{Inserted, Schedule, Stack};
use cuelight_wire::change::{Change, ScenePatch, ZonePatch};
use cuelight_wire::ids::Revision;
use cuelight_wire::limits::{MAX_DUE_PER_FRAME, SCHEDULE_CAPACITY, SCHEDULE_HORIZON};
use cuelight_wire::scene::{Layer, Master, Scene};
use cuelight_wire::time::{Show, Span, Time};
use proptest::prelude::*;

fn ms(ms: i64) -> Time<Show> {
    Time::from_us(ms * 1_000)
}

fn layer(rev: u32, at: Time<Show>) -> Change {
    Change::Layer(Layer { rev: Revision(rev), at, fade_ms: 0, scene: Scene::default(), phase: 0, zone_phases: [0; 4] })
}

fn hue(at: Time<Show>, hue: u16) -> Change {
    Change::Patch { at, patch: ScenePatch { hue: Some(hue), ..ScenePatch::default() } }
}

fn full() -> Schedule {
    let mut schedule = Schedule::new();
    for i in 0..SCHEDULE_CAPACITY as u32 {
        assert_eq!(schedule.insert(layer(i + 1, ms(i64::from(i) * 10)), ms(0)), Inserted::Queued);
    }
    schedule
}

#[test]
fn changes_leave_in_the_order_of_show_time_and_then_of_arrival() {
    // SCHED-1.
    let mut schedule = Schedule::new();
    for (rev, at) in [(1, 30), (2, 10), (3, 20), (4, 10), (5, 30), (6, 10)] {
        schedule.insert(layer(rev, ms(at)), ms(0));
    }
    let order: Vec<_> = core::iter::from_fn(|| schedule.pop_due(ms(30))).collect();
    let expected = [(2, 10), (4, 10), (6, 10), (3, 20), (1, 30), (5, 30)].map(|(rev, at)| layer(rev, ms(at)));
    assert_eq!(order, expected);
}

#[test]
fn a_change_is_due_from_its_show_time_on_and_not_before() {
    // SCHED-1.
    let mut schedule = Schedule::new();
    schedule.insert(layer(1, ms(50)), ms(0));
    assert_eq!(schedule.next_at(), Some(ms(50)));
    assert_eq!(schedule.pop_due(ms(50) - Span::from_ns(1)), None);
    assert_eq!(schedule.pop_due(ms(50)), Some(layer(1, ms(50))));
}

#[test]
fn a_full_schedule_drops_the_newest_and_counts_it() {
    // SCHED-2.
    let mut schedule = full();
    assert_eq!(schedule.insert(layer(99, ms(5)), ms(0)), Inserted::DroppedNewest);
    assert_eq!(schedule.insert(hue(ms(5), 1), ms(0)), Inserted::DroppedNewest, "there is no patch to join");
    assert_eq!((schedule.len(), schedule.counters().dropped, schedule.counters().coalesced), (SCHEDULE_CAPACITY, 2, 0));
    assert!(schedule.iter().all(|change| *change != layer(99, ms(5))));
}

#[test]
fn a_full_schedule_coalesces_a_patch_into_the_newest_of_its_kind() {
    // SCHED-2.
    let zone = |at, id, speed| {
        let zone = ZonePatch { id, speed: Some(speed), ..ZonePatch::default() };
        Change::Patch { at, patch: ScenePatch { zone: Some(zone), ..ScenePatch::default() } }
    };
    let mut schedule = Schedule::new();
    for change in [hue(ms(10), 1), hue(ms(20), 2), zone(ms(30), 0, 3), zone(ms(40), 1, 4)] {
        schedule.insert(change, ms(0));
    }
    for rev in 5..=SCHEDULE_CAPACITY as u32 {
        schedule.insert(layer(rev, ms(1_000)), ms(0));
    }
    let brightness = ScenePatch { brightness: Some(7), hue: Some(9), ..ScenePatch::default() };
    // Later than the queued one: its fields win, and the two hold from the later time.
    assert_eq!(schedule.insert(Change::Patch { at: ms(25), patch: brightness }, ms(0)), Inserted::Coalesced);
    // Earlier: the queued fields win.
    assert_eq!(schedule.insert(hue(ms(15), 100), ms(0)), Inserted::Coalesced);
    assert_eq!(schedule.insert(zone(ms(35), 0, 30), ms(0)), Inserted::Coalesced);
    assert_eq!(schedule.insert(zone(ms(35), 2, 5), ms(0)), Inserted::DroppedNewest, "no patch of zone 2 waits");
    let first: Vec<_> = schedule.iter().take(4).cloned().collect();
    let merged = Change::Patch { at: ms(25), patch: brightness };
    assert_eq!(first, [hue(ms(10), 1), merged, zone(ms(35), 0, 30), zone(ms(40), 1, 4)]);
    assert_eq!((schedule.len(), schedule.counters().coalesced, schedule.counters().dropped), (SCHEDULE_CAPACITY, 3, 1));
}

#[test]
fn a_repeat_of_a_waiting_change_takes_no_room_and_counts_nothing() {
    let mut schedule = full();
    assert_eq!(schedule.insert(layer(3, ms(20)), ms(0)), Inserted::Known);
    assert_eq!((schedule.len(), schedule.counters()), (SCHEDULE_CAPACITY, full().counters()));
}

#[test]
fn a_change_beyond_the_horizon_is_refused_and_counted() {
    // SCHED-4.
    let mut schedule = Schedule::new();
    let now = ms(-123);
    assert_eq!(schedule.insert(layer(1, now + SCHEDULE_HORIZON), now), Inserted::Queued);
    let beyond = now + SCHEDULE_HORIZON + Span::from_ns(1);
    assert_eq!(schedule.insert(layer(2, beyond), now), Inserted::TooFarAhead);
    assert_eq!((schedule.len(), schedule.counters().too_far), (1, 1));
}

#[test]
fn one_frame_applies_at_most_sixteen_changes_and_the_next_goes_on() {
    // SCHED-3.
    let mut schedule = Schedule::new();
    for rev in 1..=40 {
        schedule.insert(layer(rev, ms(i64::from(rev))), ms(0));
    }
    let mut stack = Stack::new();
    let mut frames = Vec::new();
    while !schedule.is_empty() {
        let applied = schedule.apply_due(&mut stack, ms(100));
        frames.push((applied, stack.newest_rev().0));
    }
    assert_eq!(frames, [(MAX_DUE_PER_FRAME, 16), (MAX_DUE_PER_FRAME, 32), (8, 40)]);
    assert_eq!(schedule.apply_due(&mut stack, ms(100)), 0);
}

fn any_change() -> impl Strategy<Value = Change> {
    (0..5_u8, -2_000..14_000_i64, 1..1_000_u32).prop_map(|(kind, at, n)| match kind {
        0 => layer(n, ms(at)),
        1 => Change::Master(Master { rev: Revision(n), at: ms(at), level: n as u8, blackout: false }),
        2 => hue(ms(at), n as u16),
        _ => {
            let zone = ZonePatch { id: kind, brightness: Some(n as u8), ..ZonePatch::default() };
            Change::Patch { at: ms(at), patch: ScenePatch { zone: Some(zone), ..ScenePatch::default() } }
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// SCHED-1, SCHED-2.
    #[test]
    fn whatever_comes_it_stays_sorted_and_bounded_and_accounts_for_everything(
        steps in prop::collection::vec((any_change(), prop::option::of(0..15_000_i64)), 0..300),
    ) {
        let mut schedule = Schedule::new();
        let (mut queued, mut left, mut coalesced, mut dropped, mut too_far) = (0, 0, 0, 0, 0);
        for (change, pop) in steps {
            match schedule.insert(change, ms(0)) {
                Inserted::Queued => queued += 1,
                Inserted::Known => {}
                Inserted::Coalesced => coalesced += 1,
                Inserted::DroppedNewest => dropped += 1,
                Inserted::TooFarAhead => too_far += 1,
            }
            if let Some(show) = pop.filter(|show| show % 7 == 0) {
                while let Some(change) = schedule.pop_due(ms(show)) {
                    prop_assert!(change.at() <= ms(show));
                    left += 1;
                }
                prop_assert!(schedule.next_at().is_none_or(|at| at > ms(show)));
            }
            prop_assert!(schedule.len() <= SCHEDULE_CAPACITY);
            prop_assert!(schedule.iter().map(Change::at).is_sorted());
            prop_assert_eq!(schedule.len(), queued - left);
        }
        let counters = schedule.counters();
        prop_assert_eq!((counters.coalesced, counters.dropped, counters.too_far), (coalesced, dropped, too_far));
    }
}
