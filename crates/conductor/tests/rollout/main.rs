//! Rollouts over nodes that behave as told, in virtual time.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod fleet;

use cuelight_conductor::rollout::{Phase, Plan, Reason, Rollout, RolloutError, Status, Word};
use cuelight_wire::control::OtaState;
use cuelight_wire::time::Span;
use proptest::prelude::*;

use fleet::{Conduct, Fleet, NEW, OLD, mac};

/// OTA-3
#[test]
fn nodes_are_updated_one_at_a_time_in_their_order_and_nothing_else_is_touched() {
    let mut fleet = Fleet::new(5);
    fleet.roll_out(Plan::new(NEW, vec![mac(3), mac(0), mac(1)]));
    fleet.run(Span::from_s(200));
    assert_eq!(fleet.rollout().status(), Status::Finished);
    assert_eq!(fleet.offered, [mac(3), mac(0), mac(1)]);
    assert_eq!(fleet.most_at_once, 1);
    assert_eq!([0, 1, 2, 3, 4].map(|n| fleet.version(n)), [NEW, NEW, OLD, NEW, OLD]);
}

/// OTA-4
#[test]
fn a_failure_at_the_seventh_of_fifty_nodes_leaves_forty_three_untouched() {
    for conduct in [Conduct::Reports, Conduct::FallsBack, Conduct::NeverBack, Conduct::Deaf, Conduct::Slow] {
        let mut fleet = Fleet::new(50);
        fleet.conduct(6, conduct);
        fleet.roll_out(Plan::new(NEW, (0..50).map(mac).collect()));
        fleet.run(Span::from_s(1_000));
        let Status::Stopped(failed, reason) = fleet.rollout().status() else { panic!("{conduct:?} does not stop it") };
        assert_eq!(failed, mac(6), "{conduct:?}: {reason}");
        assert_eq!((0..50).filter(|n| fleet.version(*n) == NEW && *n != 6).count(), 6, "{conduct:?}");
        let waiting = fleet.rollout().steps().filter(|(_, phase)| **phase == Phase::Waiting).count();
        assert_eq!(waiting, 43, "{conduct:?}");
        assert!(fleet.offered.iter().all(|to| (0..7).map(mac).any(|mac| mac == *to)), "{conduct:?}");
    }
}

/// OTA-4
#[test]
fn the_operator_passes_a_failed_node_over_or_tries_it_again() {
    let mut fleet = Fleet::new(3);
    fleet.conduct(1, Conduct::Reports);
    fleet.roll_out(Plan::new(NEW, (0..3).map(mac).collect()));
    fleet.run(Span::from_s(100));
    assert_eq!(
        fleet.word(Word::Resume),
        Err(RolloutError::NotNow("a node has failed: retry it, pass it over, or abort"))
    );
    fleet.word(Word::Retry).unwrap();
    fleet.run(Span::from_s(100));
    assert!(matches!(fleet.rollout().status(), Status::Stopped(..)), "it fails again");
    fleet.word(Word::PassOver).unwrap();
    fleet.run(Span::from_s(100));
    assert_eq!(fleet.rollout().status(), Status::Finished);
    assert_eq!([0, 1, 2].map(|n| fleet.version(n)), [NEW, OLD, NEW]);
    assert_eq!(fleet.word(Word::Pause), Err(RolloutError::Over));
}

/// OTA-5
#[test]
fn an_armed_show_holds_the_next_node_up_unless_it_is_named() {
    let armed = Some("Friday".to_owned());
    let plan = Plan::new(NEW, vec![mac(0), mac(1)]);
    assert_eq!(Rollout::new(plan.clone(), armed.clone()).unwrap_err(), RolloutError::Armed("Friday".into()));
    let named = Plan { in_spite_of: armed.clone(), ..plan.clone() };
    assert!(Rollout::new(named.clone(), armed).is_ok());
    assert!(Rollout::new(named, Some("Saturday".into())).is_err(), "another show than the one that was named");

    let mut fleet = Fleet::new(2);
    fleet.roll_out(plan);
    fleet.run(Span::from_s(2));
    fleet.arm(Some("Friday"));
    fleet.run(Span::from_s(100));
    assert_eq!(fleet.rollout().status(), Status::Held("Friday".into()));
    assert_eq!([0, 1].map(|n| fleet.version(n)), [NEW, OLD], "the node on its way has arrived");
    fleet.arm(None);
    fleet.run(Span::from_s(100));
    assert_eq!(fleet.rollout().status(), Status::Finished);
}

/// OTA-3
#[test]
fn the_canary_waits_for_a_word_when_the_plan_says_so() {
    let mut fleet = Fleet::new(3);
    fleet.roll_out(Plan { confirm_canary: true, ..Plan::new(NEW, (0..3).map(mac).collect()) });
    fleet.run(Span::from_s(200));
    assert_eq!(fleet.rollout().status(), Status::AwaitsWord);
    assert_eq!(fleet.offered, [mac(0)]);
    fleet.word(Word::Resume).unwrap();
    fleet.run(Span::from_s(200));
    assert_eq!(fleet.rollout().status(), Status::Finished);
}

/// OTA-3
#[test]
fn a_pause_or_an_end_lets_the_node_on_its_way_arrive() {
    for word in [Word::Pause, Word::Abort] {
        let mut fleet = Fleet::new(3);
        fleet.roll_out(Plan::new(NEW, (0..3).map(mac).collect()));
        fleet.run(Span::from_s(2));
        fleet.word(word).unwrap();
        assert_eq!(fleet.rollout().status(), Status::Running);
        fleet.run(Span::from_s(100));
        let expected = if word == Word::Pause { Status::Paused } else { Status::Aborted };
        assert_eq!(fleet.rollout().status(), expected);
        assert_eq!([0, 1, 2].map(|n| fleet.version(n)), [NEW, OLD, OLD]);
    }
}

/// OTA-6
#[test]
fn an_offer_that_got_lost_is_made_again() {
    let mut fleet = Fleet::new(1);
    fleet.lose_offers = 2;
    fleet.roll_out(Plan::new(NEW, vec![mac(0)]));
    fleet.run(Span::from_s(100));
    assert_eq!(fleet.rollout().status(), Status::Finished);
    assert_eq!(fleet.offered.len(), 3);
}

/// OTA-6
#[test]
fn a_hub_that_restarts_at_any_moment_goes_on_where_it_was() {
    // 4 nodes need about 80 s; a restart at each quarter of a second of them.
    for quarter in 0..320 {
        let mut fleet = Fleet::new(4);
        fleet.roll_out(Plan::new(NEW, (0..4).map(mac).collect()));
        fleet.run(Span::from_ms(250 * quarter));
        fleet.restart_hub();
        fleet.run(Span::from_s(200));
        assert_eq!(fleet.rollout().status(), Status::Finished, "restarted after {} ms", 250 * quarter);
        assert_eq!(fleet.updates, [1; 4], "each node is updated once; restarted after {} ms", 250 * quarter);
        assert_eq!(fleet.most_at_once, 1);
    }
}

/// OTA-3
#[test]
fn a_plan_without_nodes_or_with_one_twice_is_refused() {
    assert_eq!(Rollout::new(Plan::new(NEW, vec![]), None).unwrap_err(), RolloutError::Empty);
    let twice = Plan::new(NEW, vec![mac(1), mac(2), mac(1)]);
    assert_eq!(Rollout::new(twice, None).unwrap_err(), RolloutError::Twice(mac(1)));
}

/// OTA-4
#[test]
fn what_a_node_says_out_of_turn_changes_nothing() {
    let mut fleet = Fleet::new(2);
    fleet.roll_out(Plan::new(NEW, vec![mac(0), mac(1)]));
    fleet.report(1, OtaState::Failed, Some("not my turn"));
    fleet.report(9, OtaState::Failed, Some("not in the plan"));
    fleet.run(Span::from_s(200));
    assert_eq!(fleet.rollout().status(), Status::Finished);
    fleet.report(0, OtaState::Failed, Some("too late"));
    assert_eq!(fleet.rollout().status(), Status::Finished);
}

/// OTA-4
#[test]
fn each_way_to_fail_is_told_apart() {
    let reason = |conduct| {
        let mut fleet = Fleet::new(1);
        fleet.conduct(0, conduct);
        fleet.roll_out(Plan::new(NEW, vec![mac(0)]));
        fleet.run(Span::from_s(400));
        match fleet.rollout().status() {
            Status::Stopped(_, reason) => reason.to_string(),
            status => panic!("{conduct:?}: {status:?}"),
        }
    };
    assert_eq!(reason(Conduct::Reports), "it says: wrong hash");
    assert_eq!(reason(Conduct::FallsBack), format!("it fell back by itself and runs cuelight-{OLD}"));
    assert_eq!(reason(Conduct::NeverBack), "it did not come back in time");
    assert_eq!(reason(Conduct::Deaf), "it did not answer the offer in time");
    assert_eq!(reason(Conduct::Slow), "it came back and was not healthy in time");
    assert_eq!(Reason::FellBack(String::new()), Reason::FellBack(String::new()));
}

proptest! {
    /// OTA-3, OTA-4, OTA-6: whatever nodes do, whenever the hub restarts and shows are armed, one node at most is on its way,
    /// and nobody is offered anything after a failure.
    #[test]
    fn nothing_breaks_the_rules(
        conducts in prop::collection::vec(0..6_u8, 6),
        events in prop::collection::vec((0..5_u8, 1..30_000_i64), 0..40),
    ) {
        let mut fleet = Fleet::new(6);
        for (n, conduct) in conducts.iter().enumerate() {
            fleet.conduct(n as u8, Conduct::ALL[usize::from(*conduct)]);
        }
        fleet.roll_out(Plan::new(NEW, (0..6).map(mac).collect()));
        for (event, ms) in events {
            let is_stopped = matches!(fleet.rollout().status(), Status::Stopped(..));
            let offers = fleet.offered.len();
            match event {
                0 => fleet.restart_hub(),
                1 => fleet.arm(Some("Friday")),
                2 => fleet.arm(None),
                3 => fleet.disconnect(),
                _ => {}
            }
            fleet.run(Span::from_ms(ms));
            prop_assert!(fleet.most_at_once <= 1);
            if is_stopped {
                prop_assert_eq!(fleet.offered.len(), offers);
            }
        }
    }
}
