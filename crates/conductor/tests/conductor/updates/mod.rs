//! Shows are armed and versions rolled out, over the control connections of nodes.

pub(crate) mod fleet;

use cuelight_conductor::rollout::{LeftOut, Order, Phase, Reason, RolloutError, Status, Word};
use cuelight_conductor::{Command, CommandError, Event, NodeRef};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{HubMessage, NodeMessage, OtaState};
use cuelight_wire::ids::NodeId;
use cuelight_wire::time::Span;

use crate::world::{World, hello};
use fleet::{Conduct, Fleet, NEW, OLD, PLATFORM, SHA256, mac, order};

/// OTA-3
#[test]
fn every_node_is_offered_the_image_of_its_platform_one_at_a_time() {
    let mut fleet = Fleet::new(3);
    fleet.add(mac(9), Ext::NONE);
    fleet.run(Span::from_s(1));
    let answer = fleet.begin(order(NEW)).unwrap();
    assert_eq!(answer.nodes, 4);
    fleet.run(Span::from_s(150));
    assert_eq!((fleet.rollout().status, fleet.on(NEW), fleet.most_at_once), (Status::Finished, 4, 1));
    let offer = |n: usize| &fleet.nodes[n].offers[0];
    assert_eq!(offer(0).url, format!("/ota/{PLATFORM}/{NEW}.bin").as_str());
    assert_eq!(offer(3).url, format!("/ota/k1/s3/{NEW}.bin").as_str());
    assert_eq!((offer(3).sha256.as_str(), offer(3).size, &offer(3).in_spite_of), (SHA256, 4_000_000, &None));
    assert!(fleet.nodes.iter().all(|node| node.offers.len() == 1 && node.updates == 1));
    let snapshot = fleet.world.conductor.snapshot(fleet.world.now);
    assert_eq!(snapshot.last_version.as_deref(), Some(NEW));
    let step = &snapshot.rollout.unwrap().steps[0];
    let spent = step.spent.unwrap();
    assert_eq!((step.from.as_str(), &step.phase), ("cuelight-0.1.0", &Phase::Done));
    assert!((Span::from_s(16)..Span::from_s(20)).contains(&spent), "8 s of fetching, 4 away, 5 of health: {spent:?}");
}

/// OTA-4
#[test]
fn a_failure_at_the_seventh_of_fifty_nodes_leaves_forty_three_untouched() {
    for conduct in [Conduct::Reports, Conduct::FallsBack, Conduct::NeverBack, Conduct::Deaf, Conduct::Slow] {
        let mut fleet = Fleet::new(50);
        fleet.nodes[6].conduct = conduct;
        fleet.begin(order(NEW)).unwrap();
        fleet.run(Span::from_s(6 * 20 + 200));
        let Status::Stopped(failed, reason) = fleet.rollout().status else { panic!("{conduct:?} does not stop it") };
        assert_eq!(failed, mac(6), "{conduct:?}: {reason}");
        let untouched = fleet.nodes.iter().filter(|node| node.offers.is_empty() && node.version == OLD).count();
        assert_eq!(untouched, 43, "{conduct:?}");
        assert_eq!(fleet.nodes[..6].iter().filter(|node| node.version == NEW).count(), 6, "{conduct:?}");
        let ready = fleet.world.conductor.snapshot(fleet.world.now).totals.ready;
        assert!(ready >= 49, "{conduct:?}: {ready} nodes are READY");
    }
}

/// OTA-4, OTA-9
#[test]
fn what_a_node_that_fell_back_says_is_kept_with_its_last_log_lines() {
    let mut fleet = Fleet::new(2);
    fleet.nodes[0].conduct = Conduct::FallsBack;
    fleet.begin(order(NEW)).unwrap();
    fleet.run(Span::from_s(30));
    let rollout = fleet.rollout();
    assert_eq!(rollout.status, Status::Stopped(mac(0), Reason::Reported("0.2.0 ended 3 times".into())));
    assert_eq!(rollout.steps[0].log.as_deref(), Some("cannot open output"));
    fleet.restart_hub();
    assert_eq!(fleet.rollout().steps[0].log.as_deref(), Some("cannot open output"));
}

/// OTA-6
#[test]
fn nothing_is_offered_before_it_is_saved() {
    let mut fleet = Fleet::new(2);
    fleet.world.saves = false;
    fleet.begin(order(NEW)).unwrap();
    fleet.run(Span::from_s(5));
    assert!(fleet.nodes.iter().all(|node| node.offers.is_empty()) && !fleet.rollout().is_saved);
    fleet.world.saves = true;
    fleet.run(Span::from_s(1));
    assert_eq!(fleet.nodes[0].offers.len(), 1);
    assert!(fleet.world.disk.rollout.is_some() && fleet.rollout().is_saved);
}

/// OTA-6
#[test]
fn a_hub_that_restarts_at_any_moment_goes_on_where_it_was() {
    // Two nodes need about 36 s; a restart at each half second of them.
    for half in 0..76 {
        let mut fleet = Fleet::new(2);
        fleet.begin(order(NEW)).unwrap();
        fleet.run(Span::from_ms(10 + 500 * half));
        fleet.restart_hub();
        fleet.run(Span::from_s(60));
        let rollout = fleet.rollout();
        assert_eq!(rollout.status, Status::Finished, "restarted after {} ms: {rollout:?}", 500 * half);
        let updates: Vec<u32> = fleet.nodes.iter().map(|node| node.updates).collect();
        assert_eq!((updates, fleet.most_at_once), (vec![1, 1], 1), "restarted after {} ms", 500 * half);
    }
}

/// OTA-21
#[test]
fn an_end_reaches_the_node_that_fetches_also_when_the_word_gets_lost_or_the_hub_restarts() {
    for (loses_stops, restarts) in [(0, false), (2, false), (1, true)] {
        let mut fleet = Fleet::new(3);
        fleet.nodes[0].loses_stops = loses_stops;
        // It fetches for longer than the word needs.
        fleet.nodes[0].conduct = Conduct::Patient;
        fleet.begin(order(NEW)).unwrap();
        fleet.run(Span::from_s(2));
        fleet.word(Word::Abort).unwrap();
        if restarts {
            // The end is on the disk, the word on its way.
            fleet.run(Span::from_ms(50));
            fleet.restart_hub();
        }
        fleet.run(Span::from_s(1 + 11 * i64::from(loses_stops)));
        let rollout = fleet.rollout();
        let reason = Reason::Reported("left off".into());
        assert_eq!((&rollout.status, &rollout.steps[0].phase), (&Status::Aborted, &Phase::Failed(reason)));
        assert_eq!((fleet.nodes[0].stops, fleet.nodes[0].offers.len()), (loses_stops + 1, 1));
        fleet.run(Span::from_s(60));
        assert_eq!(fleet.on(OLD), 3);
        assert!(fleet.nodes[1..].iter().all(|node| node.offers.is_empty() && node.stops == 0));
    }
}

/// OTA-21
#[test]
fn who_cannot_leave_off_any_more_or_knows_no_such_word_arrives() {
    let mut fleet = Fleet::new(1);
    fleet.begin(order(NEW)).unwrap();
    fleet.run(Span::from_ms(7_500));
    fleet.word(Word::Abort).unwrap();
    fleet.run(Span::from_s(30));
    assert_eq!((fleet.rollout().status, fleet.on(NEW), fleet.nodes[0].stops), (Status::Aborted, 1, 0));

    let mut fleet = Fleet::new(0);
    fleet.add(mac(9), Ext::NONE);
    fleet.run(Span::from_s(1));
    fleet.begin(order(NEW)).unwrap();
    fleet.run(Span::from_s(2));
    fleet.word(Word::Abort).unwrap();
    fleet.run(Span::from_s(30));
    assert_eq!((fleet.rollout().status, fleet.on(NEW), fleet.nodes[0].stops), (Status::Aborted, 1, 0));
}

/// OTA-21
#[test]
fn an_end_before_the_offer_has_left_is_the_end_at_once() {
    let mut fleet = Fleet::new(2);
    fleet.world.saves = false;
    fleet.begin(order(NEW)).unwrap();
    fleet.run(Span::from_s(1));
    fleet.word(Word::Abort).unwrap();
    assert_eq!((fleet.rollout().status, &fleet.rollout().steps[0].phase), (Status::Aborted, &Phase::Waiting));
    fleet.world.saves = true;
    fleet.run(Span::from_s(30));
    assert!(fleet.nodes.iter().all(|node| node.offers.is_empty() && node.stops == 0));
}

/// OTA-21
#[test]
fn a_node_that_was_too_late_and_goes_on_by_itself_is_told_when_it_says_so() {
    let mut fleet = Fleet::new(1);
    fleet.nodes[0].conduct = Conduct::Patient;
    fleet.begin(Order { limit: Span::from_s(10), ..order(NEW) }).unwrap();
    fleet.run(Span::from_s(1));
    let peer = fleet.nodes[0].peer.take().unwrap();
    fleet.world.conductor.handle_closed(peer.conn, fleet.world.now);
    fleet.run(Span::from_s(15));
    fleet.word(Word::Abort).unwrap();
    assert_eq!(fleet.rollout().status, Status::Aborted);
    fleet.join(0);
    fleet.run(Span::from_s(1));
    assert_eq!(fleet.nodes[0].stops, 1);
    fleet.run(Span::from_s(60));
    assert_eq!((fleet.on(OLD), fleet.nodes[0].stops), (1, 1));
}

/// OTA-5, CTRL-9
#[test]
fn nodes_are_told_which_show_is_armed_and_a_restarted_hub_tells_it_again() {
    let told = |world: &mut World, conn| {
        let lock = |message| if let HubMessage::ShowLock(lock) = message { Some(lock.show) } else { None };
        let shows: Vec<_> = world.messages(conn).into_iter().filter_map(lock).collect();
        shows.into_iter().map(|show| show.map(|show| show.as_str().to_owned())).collect::<Vec<_>>()
    };
    let mut world = World::new();
    let (node, deployed) = (world.join(1), world.join_legacy(2));
    for show in [Some("Friday"), Some("Friday"), Some("Saturday"), None] {
        world.command(Command::Arm { show: show.map(|show| show.try_into().unwrap()) });
        world.tick();
    }
    assert_eq!(told(&mut world, node.conn), [Some("Friday".into()), Some("Saturday".into()), None]);
    assert_eq!(told(&mut world, deployed.conn), Vec::<Option<String>>::new(), "a deployed node knows nothing of it");

    world.command(Command::Arm { show: Some("Sunday".try_into().unwrap()) });
    world.tick();
    let mut next = World::restarted(Default::default(), world.disk.clone(), world.now, None);
    let (conn, _) = next.open();
    next.say(conn, NodeMessage::Hello(hello(crate::world::mac(1), Ext::ALL)));
    assert_eq!(told(&mut next, conn), [Some("Sunday".into())]);
    assert!(world.events().iter().any(|event| matches!(event, Event::Armed { show: None })));
    for bad in ["", " x", "a\nb"] {
        let show = Some(bad.try_into().unwrap());
        let refused = world.conductor.handle_command(None, Command::Arm { show }, world.now);
        assert!(matches!(refused, Err(CommandError::BadValue { field: "show", .. })), "{bad:?}");
    }
}

/// OTA-5
#[test]
fn an_armed_show_stands_against_updates_unless_it_is_named() {
    let mut fleet = Fleet::new(2);
    fleet.arm(Some("Friday"));
    let refused = fleet.begin(order(NEW)).unwrap_err();
    assert_eq!(refused, CommandError::Rollout(RolloutError::Armed("Friday".into())));
    assert!(refused.to_string().contains("disarm it, or name it"), "{refused}");
    let other = Order { in_spite_of: Some("Saturday".into()), ..order(NEW) };
    assert!(fleet.begin(other).is_err(), "another show than the one that is named");
    fleet.begin(Order { in_spite_of: Some("Friday".into()), ..order(NEW) }).unwrap();
    fleet.run(Span::from_s(60));
    assert_eq!((fleet.rollout().status, fleet.on(NEW)), (Status::Finished, 2));
    assert_eq!(fleet.nodes[1].offers[0].in_spite_of.as_deref(), Some("Friday"));
}

/// OTA-5
#[test]
fn a_show_armed_meanwhile_holds_offers_back_and_costs_nobody_his_time() {
    let mut fleet = Fleet::new(2);
    fleet.nodes[0].conduct = Conduct::Deaf;
    fleet.world.saves = false;
    fleet.begin(order(NEW)).unwrap();
    fleet.arm(Some("Friday"));
    fleet.world.saves = true;
    fleet.run(Span::from_s(400));
    assert!(fleet.nodes[0].offers.is_empty(), "its turn had come, but not its offer");
    assert_eq!(fleet.rollout().held_by.as_deref(), Some("Friday"));
    fleet.restart_hub();
    fleet.nodes[0].conduct = Conduct::Good;
    fleet.run(Span::from_s(20));
    assert!(fleet.nodes[0].offers.is_empty(), "the armed show survives the hub");
    fleet.arm(None);
    fleet.run(Span::from_s(60));
    assert_eq!((fleet.rollout().status, fleet.on(NEW)), (Status::Finished, 2));
    assert_eq!(fleet.rollout().held_by, None);
}

/// OTA-3
#[test]
fn an_offer_to_a_node_that_is_away_is_made_when_it_is_back() {
    let mut fleet = Fleet::new(1);
    let peer = fleet.nodes[0].peer.clone().unwrap();
    fleet.begin(order(NEW)).unwrap();
    fleet.world.conductor.handle_closed(peer.conn, fleet.world.now);
    fleet.nodes[0].peer = None;
    fleet.run(Span::from_s(20));
    assert!(fleet.nodes[0].offers.is_empty());
    fleet.nodes.clear();
    fleet.add(mac(0), Ext::ALL);
    fleet.run(Span::from_ms(300));
    assert_eq!(fleet.nodes[0].offers.len(), 1);
}

/// OTA-3
#[test]
fn the_canary_is_first_and_the_others_follow_by_number() {
    let mut fleet = Fleet::new(4);
    let named = [4, 2, 3].map(|id| NodeRef::Id(NodeId(id))).to_vec();
    let canary = Some(NodeRef::Id(NodeId(3)));
    fleet.begin(Order { nodes: Some(named), canary, confirm_canary: true, ..order(NEW) }).unwrap();
    let steps: Vec<_> = fleet.rollout().steps.iter().map(|step| step.mac).collect();
    assert_eq!(steps, [mac(2), mac(1), mac(3)]);
    fleet.run(Span::from_s(30));
    assert_eq!(fleet.rollout().status, Status::AwaitsWord);
    fleet.word(Word::Resume).unwrap();
    fleet.run(Span::from_s(60));
    assert_eq!((fleet.rollout().status, fleet.on(NEW)), (Status::Finished, 3));
}

/// OTA-3
#[test]
fn nodes_that_cannot_take_part_are_left_out_and_refused_by_name() {
    let mut fleet = Fleet::new(5);
    fleet.add(mac(9), Ext::NONE);
    let gone = fleet.nodes[4].peer.take().unwrap();
    fleet.world.conductor.handle_closed(gone.conn, fleet.world.now);
    fleet.begin(Order { nodes: Some(vec![NodeRef::Id(NodeId(1))]), ..order(NEW) }).unwrap();
    let refused = fleet.begin(order(NEW)).unwrap_err();
    assert_eq!(refused, CommandError::RolloutRunning { version: NEW.into() });
    fleet.run(Span::from_s(30));
    // Node 2 was started without the launcher.
    fleet.nodes[1].can_update = false;
    let peer = fleet.nodes[1].peer.clone().unwrap();
    fleet.world.conductor.handle_closed(peer.conn, fleet.world.now);
    fleet.nodes.remove(1);
    fleet.add(mac(1), Ext::ALL);
    let index = fleet.nodes.len() - 1;
    let peer = fleet.nodes[index].peer.clone().unwrap();
    fleet.world.conductor.handle_closed(peer.conn, fleet.world.now);
    fleet.nodes[index].can_update = false;
    fleet.nodes[index].peer = None;
    let other = cuelight_wire::control::Hello {
        caps: cuelight_wire::control::Caps { udp: true, ota: false, clock: true },
        fw: "cuelight-0.1.0".try_into().unwrap(),
        hardware: Some("x86_64-linux".try_into().unwrap()),
        ..hello(mac(1), Ext::ALL)
    };
    fleet.world.join_with(other);
    let cuelight_only = Order { images: order(NEW).images[..1].to_vec(), ..order(NEW) };
    let named = |id| Order { nodes: Some(vec![NodeRef::Id(NodeId(id))]), ..cuelight_only.clone() };
    for (id, why) in [(2, LeftOut::NotUpdatable), (5, LeftOut::Away), (6, LeftOut::NoImage)] {
        let node = NodeRef::Id(NodeId(id));
        assert_eq!(fleet.begin(named(id)).unwrap_err(), CommandError::NotUpdatable { node, why });
    }
    assert_eq!(fleet.begin(named(1)).unwrap_err(), CommandError::Rollout(RolloutError::Empty), "it runs it");
    assert!(matches!(fleet.begin(named(77)), Err(CommandError::UnknownNode(_))));
    assert_eq!(fleet.begin(cuelight_only).unwrap().nodes, 2);
    let mut left_out = fleet.rollout().left_out;
    left_out.sort_unstable_by_key(|(mac, _)| *mac);
    assert_eq!(
        left_out,
        [
            (mac(0), LeftOut::RunsIt),
            (mac(1), LeftOut::NotUpdatable),
            (mac(4), LeftOut::Away),
            (mac(9), LeftOut::NoImage)
        ]
    );
    assert_eq!(fleet.world.conductor.snapshot(fleet.world.now).past_rollouts.len(), 1);
}

#[test]
fn an_order_that_fits_no_message_is_refused_with_its_field() {
    let mut fleet = Fleet::new(2);
    let mut field = |change: fn(&mut Order)| {
        let mut order = order(NEW);
        change(&mut order);
        match fleet.begin(order) {
            Err(CommandError::BadValue { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(field(|order| order.version = String::new()), "version");
    assert_eq!(field(|order| order.version = "9".repeat(33)), "version");
    assert_eq!(field(|order| order.images[0].path = "/".repeat(161)), "images");
    assert_eq!(field(|order| order.images[0].sha256 = SHA256.to_uppercase()), "images");
    assert_eq!(field(|order| order.images = vec![order.images[0].clone(); 17]), "images");
    assert_eq!(field(|order| order.in_spite_of = Some("x".repeat(65))), "in_spite_of");
    assert_eq!(field(|order| order.limit = Span::from_s(3601)), "limit_s");
    assert_eq!(field(|order| order.settle = Span::from_s(180)), "settle_s");
    assert_eq!(
        field(|order| {
            order.canary = Some(NodeRef::Mac(mac(0)));
            order.nodes = Some(vec![NodeRef::Mac(mac(1))]);
        }),
        "canary"
    );
}

/// OTA-4
#[test]
fn words_are_taken_when_they_make_sense_and_old_rollouts_are_remembered() {
    let mut fleet = Fleet::new(2);
    assert_eq!(fleet.word(Word::Pause).unwrap_err(), CommandError::NoRollout);
    fleet.nodes[0].conduct = Conduct::Reports;
    fleet.begin(order(NEW)).unwrap();
    fleet.run(Span::from_s(5));
    assert!(matches!(fleet.rollout().status, Status::Stopped(..)));
    assert!(matches!(fleet.word(Word::Resume), Err(CommandError::Rollout(RolloutError::NotNow(_)))));
    fleet.word(Word::PassOver).unwrap();
    fleet.run(Span::from_s(30));
    assert_eq!((fleet.rollout().status, fleet.on(NEW)), (Status::Finished, 1));
    assert_eq!(fleet.word(Word::Abort).unwrap_err(), CommandError::Rollout(RolloutError::Over));
    for _ in 0..12 {
        fleet.begin(order("0.3.0")).unwrap();
        fleet.run(Span::from_ms(100));
        fleet.word(Word::Abort).unwrap();
        fleet.run(Span::from_s(3));
        fleet.run(Span::from_s(200));
    }
    fleet.restart_hub();
    let snapshot = fleet.world.conductor.snapshot(fleet.world.now);
    assert_eq!(snapshot.past_rollouts.len(), 8);
    assert_eq!(snapshot.rollout.unwrap().number, 13);
    assert_eq!(snapshot.past_rollouts.last().unwrap().number, 12);
}

/// OTA-9
#[test]
fn reports_of_nodes_that_are_in_no_rollout_change_nothing() {
    let mut fleet = Fleet::new(2);
    let only = Some(vec![NodeRef::Id(NodeId(1))]);
    fleet.begin(Order { nodes: only, ..order(NEW) }).unwrap();
    fleet.nodes[1].conduct = Conduct::FallsBack;
    let peer = fleet.nodes[1].peer.clone().unwrap();
    let status = cuelight_wire::control::OtaStatus {
        node_id: peer.id,
        token: peer.token,
        state: OtaState::Failed,
        pct: 0,
        error: None,
        log: Some("x".try_into().unwrap()),
    };
    fleet.world.say(peer.conn, NodeMessage::OtaStatus(status));
    fleet.run(Span::from_s(40));
    assert_eq!(fleet.rollout().status, Status::Finished);
    assert!(fleet.world.events().iter().any(|event| matches!(event, Event::Ota { .. })));
}
