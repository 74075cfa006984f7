//! The frame loop's decisions, in virtual time.
#![allow(clippy::unwrap_used, reason = "test code; the exemption of clippy.toml covers only functions with #[test]")]

use cuelight_output::frame_loop::machine::{FrameMachine, Plan};
use cuelight_output::{Command, Fallback, FrameClock, MachineConfig, Own, load_pattern};
use cuelight_render::{Finish, Geometry};
use cuelight_wire::change::Change;
use cuelight_wire::ids::{EffectId, PatternId, Revision};
use cuelight_wire::limits::{MAX_DUE_PER_FRAME, MAX_ZONES};
use cuelight_wire::prism::{Header, Motion, PrismWriter, Rate, max_len};
use cuelight_wire::scene::{Layer, Master, Parameters, Rgb, Scene};
use cuelight_wire::time::{FrameIndex, Local, Span, Time};
use proptest::prelude::*;

const AHEAD: Span = Span::from_ms(2);

fn machine(fallback: Fallback) -> FrameMachine {
    laid_out(Geometry::strip(16), fallback)
}

fn laid_out(geometry: Geometry, fallback: Fallback) -> FrameMachine {
    let config = MachineConfig {
        geometry,
        // Dithering makes bytes depend on the frame; without it equal pictures have equal hashes.
        finish: Finish { dither: false, ..Finish::DEFAULT },
        seed: 0,
        fallback,
        render_ahead: AHEAD,
    };
    FrameMachine::new(config).unwrap()
}

/// A clock whose show time is local time plus `ahead`.
fn synced(ahead: Span) -> FrameClock {
    FrameClock { show0: Time::ZERO + ahead, sigma: Span::ZERO, bound: Span::ZERO, is_synced: true, ..FrameClock::FREE }
}

fn ms(ms: i64) -> Time<Local> {
    Time::ZERO + Span::from_ms(ms)
}

/// A picture that stands still.
fn plain(color: Rgb) -> Scene {
    let parameters = Parameters { speed: 0, ..Parameters::DEFAULT };
    Scene { effect: EffectId(0), colors: [color; 3], parameters, ..Scene::default() }
}

fn layer(rev: u32, at: FrameIndex, color: Rgb) -> Layer {
    let at = at.show_at();
    Layer { rev: Revision(rev), at, fade_ms: 0, scene: plain(color), phase: 0, zone_phases: [0; MAX_ZONES] }
}

fn change(layer: Layer) -> Command {
    Command::Change { change: Change::Layer(layer), catch_up: false }
}

/// What was seen of one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    index: i64,
    rev: u32,
    hash: u64,
    is_dark: bool,
}

/// Runs one frame as the thread does, with an output that is late by `late`.
fn run_frame(machine: &mut FrameMachine, now: &mut Time<Local>, commands: Vec<Command>, late: Span) -> Seen {
    let plan = machine.plan(*now);
    *now = (*now).max(plan.wake_at);
    for command in commands {
        machine.handle_command(command, plan.index);
    }
    assert!(machine.is_current(&plan, *now), "{plan:?} at {now:?}");
    machine.render(plan.index);
    *now = (*now).max(machine.due_at(plan.index)) + late;
    let frame = machine.frame(0, Span::ZERO, *now);
    let is_dark = frame.pixels.iter().all(|pixel| *pixel == Rgb::BLACK);
    let seen = Seen { index: frame.index.0, rev: frame.scene_rev.0, hash: frame.hash, is_dark };
    machine.handle_output(Span::ZERO, *now);
    seen
}

fn run(machine: &mut FrameMachine, now: &mut Time<Local>, frames: usize) -> Vec<Seen> {
    (0..frames).map(|_| run_frame(machine, now, Vec::new(), Span::ZERO)).collect()
}

/// OUT-2
#[test]
fn frame_k_is_due_when_the_show_clock_reads_k_120ths() {
    let mut machine = machine(Fallback::Hold);
    machine.handle_clock(synced(Span::from_s(1000)));
    let Plan { index, wake_at, due_at } = machine.plan(ms(5000));
    assert_eq!(index, FrameIndex(1005 * 120 + 1));
    assert_eq!(due_at, ms(5000) + Span::from_ns(8_333_333));
    assert_eq!(wake_at, due_at - AHEAD);
}

/// OUT-2
#[test]
fn a_change_shows_in_its_own_frame_and_not_before() {
    let mut machine = machine(Fallback::Hold);
    machine.handle_clock(synced(Span::ZERO));
    let mut now = ms(0);
    let own = FrameIndex(9);
    let first = run_frame(&mut machine, &mut now, vec![change(layer(7, own, Rgb::new(255, 0, 0)))], Span::ZERO);
    assert_eq!((first.index, first.rev, first.is_dark), (1, 0, true));
    let rest = run(&mut machine, &mut now, 10);
    let shown: Vec<i64> = rest.iter().filter(|seen| seen.rev == 7 && !seen.is_dark).map(|seen| seen.index).collect();
    assert_eq!(shown, [9, 10, 11]);
}

/// CTRL-13
#[test]
fn pixels_that_are_laid_out_otherwise_show_from_the_next_frame_on_what_they_would_have_shown_from_the_start() {
    let ripple = Scene { effect: EffectId(17), ..Scene::default() };
    let ripples = change(Layer { scene: ripple, ..layer(1, FrameIndex(1), Rgb::new(255, 255, 255)) });
    let play = |machine: &mut FrameMachine, word: Option<Geometry>| {
        machine.handle_clock(synced(Span::ZERO));
        let mut now = ms(0);
        run_frame(machine, &mut now, vec![ripples.clone()], Span::ZERO);
        let words = word.map(Command::LayOut).into_iter().collect();
        let first = run_frame(machine, &mut now, words, Span::ZERO);
        [vec![first], run(machine, &mut now, 20)].concat()
    };
    let matrix = Geometry::matrix(4, 4);
    let mut strip = machine(Fallback::Hold);
    let (as_strip, as_matrix) = (play(&mut strip, None), play(&mut laid_out(matrix, Fallback::Hold), None));
    assert_ne!(as_strip, as_matrix);
    assert_eq!(play(&mut machine(Fallback::Hold), Some(matrix)), as_matrix);
    assert_eq!(play(&mut machine(Fallback::Hold), Some(Geometry::matrix(4, 5))), as_strip, "not as many pixels");
}

/// OUT-2
#[test]
fn a_change_after_its_apply_at_shows_at_once_and_is_counted() {
    let mut machine = machine(Fallback::Hold);
    machine.handle_clock(synced(Span::ZERO));
    let mut now = ms(1000);
    let color = Rgb::new(0, 255, 0);
    run(&mut machine, &mut now, 10);
    let in_time = run_frame(&mut machine, &mut now, vec![change(layer(1, FrameIndex(131), color))], Span::ZERO);
    assert_eq!((in_time.index, in_time.rev), (131, 1));
    let late = run_frame(&mut machine, &mut now, vec![change(layer(2, FrameIndex(131), color))], Span::ZERO);
    assert_eq!((late.index, late.rev), (132, 2));
    let old = Command::Change { change: Change::Layer(layer(3, FrameIndex(131), color)), catch_up: true };
    run_frame(&mut machine, &mut now, vec![old], Span::ZERO);
    let report = report_of(&mut machine, &mut now);
    assert_eq!(report.late_changes, 1);
}

fn report_of(machine: &mut FrameMachine, now: &mut Time<Local>) -> cuelight_output::FrameReport {
    for _ in 0..=120 {
        let plan = machine.plan(*now);
        *now = plan.due_at;
        machine.render(plan.index);
        if let Some(report) = machine.handle_output(Span::ZERO, *now) {
            return report;
        }
    }
    unreachable!("a report comes every 120 frames")
}

/// OUT-3
#[test]
fn frames_whose_time_has_passed_are_skipped_and_counted() {
    let mut machine = machine(Fallback::Hold);
    machine.handle_clock(synced(Span::ZERO));
    let mut now = ms(0);
    // Frame 1 goes out 3.5 periods late: frames 2 and 3 are gone, 4 is overdue by half a period... and is skipped too,
    // because the next one that is not past is 5.
    run_frame(&mut machine, &mut now, Vec::new(), Span::from_us(29_166));
    assert_eq!(run(&mut machine, &mut now, 3).iter().map(|seen| seen.index).collect::<Vec<_>>(), [5, 6, 7]);
    assert_eq!(report_of(&mut machine, &mut now).missed, 3);
}

/// OUT-3
#[test]
fn a_frame_late_by_less_than_a_period_is_put_out_all_the_same() {
    let mut machine = machine(Fallback::Hold);
    machine.handle_clock(synced(Span::ZERO));
    let mut now = ms(0);
    run_frame(&mut machine, &mut now, Vec::new(), Span::from_us(12_000));
    assert_eq!(run(&mut machine, &mut now, 3).iter().map(|seen| seen.index).collect::<Vec<_>>(), [2, 3, 4]);
    let report = report_of(&mut machine, &mut now);
    assert_eq!(report.missed, 0);
    assert_eq!(report.late_max, Span::from_us(12_000) - Span::from_ns(8_333_333));
}

/// OUT-3
#[test]
fn a_clock_that_steps_back_a_little_is_waited_for() {
    let mut machine = machine(Fallback::Hold);
    machine.handle_clock(synced(Span::ZERO));
    let mut now = ms(0);
    let last = run(&mut machine, &mut now, 100).pop().unwrap();
    machine.handle_clock(synced(-Span::from_ms(500)));
    let plan = machine.plan(now);
    assert_eq!(plan.index.0, last.index + 1);
    assert!(plan.due_at - now > Span::from_ms(500));
    // Woken by a nap long before that, it is not rendered yet.
    assert!(!machine.is_current(&plan, now + Span::from_ms(20)));
    assert_eq!(machine.plan(now + Span::from_ms(20)).index, plan.index);
}

/// OUT-3
#[test]
fn a_clock_that_steps_far_back_begins_a_new_count() {
    let mut machine = machine(Fallback::Hold);
    machine.handle_clock(FrameClock { show0: Time::ZERO + Span::from_s(3600), ..FrameClock::FREE });
    let mut now = ms(0);
    run(&mut machine, &mut now, 3);
    machine.handle_clock(synced(Span::ZERO));
    let seen = run(&mut machine, &mut now, 2);
    assert!(seen[0].index < 10 && seen[1].index == seen[0].index + 1, "{seen:?}");
    assert_eq!(report_of(&mut machine, &mut now).steps, 1);
}

/// OUT-3
#[test]
fn a_clock_that_steps_ahead_is_followed_at_once() {
    let mut machine = machine(Fallback::Hold);
    machine.handle_clock(synced(Span::ZERO));
    let mut now = ms(0);
    run(&mut machine, &mut now, 3);
    machine.handle_clock(synced(Span::from_s(60)));
    let seen = run(&mut machine, &mut now, 1);
    // Frame 3 was due at 25 ms, so this is the frame that is due now.
    assert_eq!(seen[0].index, 60 * 120 + 3);
    let report = report_of(&mut machine, &mut now);
    assert_eq!((report.steps, report.missed), (1, 0));
}

/// OUT-4
#[test]
fn a_burst_of_changes_is_spread_over_frames_of_sixteen() {
    let mut machine = machine(Fallback::Hold);
    machine.handle_clock(synced(Span::ZERO));
    let mut now = ms(0);
    let burst = (1..=40).map(|rev| change(layer(rev, FrameIndex(0), Rgb::new(9, 9, 9)))).collect();
    let first = run_frame(&mut machine, &mut now, burst, Span::ZERO);
    let revs: Vec<u32> = [first].into_iter().chain(run(&mut machine, &mut now, 3)).map(|seen| seen.rev).collect();
    let sixteen = MAX_DUE_PER_FRAME as u32;
    assert_eq!(revs, [sixteen, 2 * sixteen, 40, 40]);
}

#[test]
fn after_a_restart_the_old_picture_stays_until_a_new_layer_is_there() {
    let mut machine = machine(Fallback::Hold);
    let mut now = ms(0);
    let red = Rgb::new(255, 0, 0);
    run_frame(&mut machine, &mut now, vec![change(layer(5, FrameIndex(0), red))], Span::ZERO);
    let waiting = run_frame(&mut machine, &mut now, vec![Command::Restart, Command::Restart], Span::ZERO);
    assert_eq!((waiting.rev, waiting.is_dark), (5, false));
    let master = Command::Change { change: Change::Master(Master::DEFAULT), catch_up: true };
    assert_eq!(run_frame(&mut machine, &mut now, vec![master], Span::ZERO).rev, 5);
    // An older layer than the one shown, as another hub may give it, is shown: the old ones are forgotten.
    let given = run_frame(&mut machine, &mut now, vec![change(layer(2, FrameIndex(-5), red))], Span::ZERO);
    assert_eq!(given.rev, 2);
}

/// OUT-5
#[test]
fn holding_goes_on_as_if_the_hub_were_there() {
    let mut with_hub = machine(Fallback::Hold);
    let mut without = machine(Fallback::Hold);
    let scene = || change(layer(1, FrameIndex(0), Rgb::new(0, 0, 255)));
    let (mut a, mut b) = (ms(0), ms(0));
    run_frame(&mut with_hub, &mut a, vec![scene()], Span::ZERO);
    run_frame(&mut without, &mut b, vec![scene(), Command::Fallback], Span::ZERO);
    assert_eq!(run(&mut with_hub, &mut a, 50), run(&mut without, &mut b, 50));
}

/// OUT-5
#[test]
fn blackout_is_dark_from_the_next_frame_and_ends_with_the_hubs_return() {
    let mut machine = machine(Fallback::Blackout);
    let mut now = ms(0);
    let shown =
        run_frame(&mut machine, &mut now, vec![change(layer(1, FrameIndex(0), Rgb::new(255, 0, 0)))], Span::ZERO);
    let dark = run_frame(&mut machine, &mut now, vec![Command::Fallback, Command::Fallback], Span::ZERO);
    assert!(dark.is_dark && run(&mut machine, &mut now, 20).iter().all(|seen| seen.is_dark));
    let back = run_frame(&mut machine, &mut now, vec![Command::Live], Span::ZERO);
    assert_eq!((back.hash, back.rev), (shown.hash, 1));
}

/// OUT-5
#[test]
fn what_a_node_shows_alone_covers_its_fallback_until_it_is_stopped_or_the_hub_is_back() {
    let rate = Rate::from_field(120).unwrap();
    let header = Header { leds: 1, frames: 3, rate, color_format: 1, compression: 0, motion: Motion::NONE };
    let mut file = vec![0; max_len(&header, 3)];
    let colors = [Rgb::new(255, 0, 0), Rgb::new(0, 255, 0), Rgb::new(0, 0, 255)];
    let mut writer = PrismWriter::new(header, &colors, &mut file).unwrap();
    (0..3).for_each(|n| writer.frame(&[n], None).unwrap());
    let len = writer.finish().unwrap();
    file.truncate(len);
    let id = PatternId([7; 8]);
    let scene = || change(layer(1, FrameIndex(0), Rgb::new(9, 9, 9)));
    for fallback in [Fallback::Hold, Fallback::Idle(plain(Rgb::new(3, 3, 3))), Fallback::Blackout] {
        let mut machine = machine(fallback.clone());
        let mut now = ms(0);
        run_frame(&mut machine, &mut now, vec![scene(), Command::Fallback], Span::ZERO);
        let before = run(&mut machine, &mut now, 150).pop().unwrap();
        // Dark while the pattern is not at hand, then its frames one after the other.
        let dark = run_frame(&mut machine, &mut now, vec![Command::Own(Own::Play(id))], Span::ZERO);
        assert!(dark.is_dark, "{fallback:?}");
        assert!(machine.patterns().put(load_pattern(id, file.clone()).unwrap()).is_none());
        let frames: Vec<u64> = run(&mut machine, &mut now, 6).iter().map(|seen| seen.hash).collect();
        assert_eq!(frames[..3], frames[3..], "{fallback:?}");
        assert!(frames[0] != frames[1] && frames[1] != frames[2] && frames[0] != frames[2]);
        let level = run_frame(&mut machine, &mut now, vec![Command::Own(Own::Level(0))], Span::ZERO);
        assert!(level.is_dark);
        run_frame(&mut machine, &mut now, vec![Command::Own(Own::Level(255)), Command::Own(Own::Stop)], Span::ZERO);
        let after = run(&mut machine, &mut now, 150).pop().unwrap();
        assert_eq!(after.hash, before.hash, "{fallback:?}");
        // And the hub's picture is there again when the hub is.
        run_frame(&mut machine, &mut now, vec![Command::Own(Own::Play(id))], Span::ZERO);
        run_frame(&mut machine, &mut now, vec![Command::Live], Span::ZERO);
        let back = run(&mut machine, &mut now, 70).pop().unwrap();
        assert_eq!((back.hash, back.rev), (run_of_hold(&scene), 1), "{fallback:?}");
    }
}

/// What a machine shows that has its hub.
fn run_of_hold(scene: &impl Fn() -> Command) -> u64 {
    let mut machine = machine(Fallback::Hold);
    run_frame(&mut machine, &mut ms(0), vec![scene()], Span::ZERO).hash
}

/// OUT-5
#[test]
fn nodes_that_lose_their_hub_at_different_moments_idle_alike_and_return_to_the_same_picture() {
    let idle = Scene { effect: EffectId(1), parameters: Parameters::DEFAULT, ..plain(Rgb::new(0, 90, 0)) };
    let seen: Vec<Vec<Seen>> = [0, 37]
        .into_iter()
        .map(|lost_after| {
            let mut machine = machine(Fallback::Idle(idle.clone()));
            let mut now = ms(0);
            let scene = change(layer(1, FrameIndex(0), Rgb::new(255, 0, 0)));
            let mut seen = vec![run_frame(&mut machine, &mut now, vec![scene], Span::ZERO)];
            seen.extend(run(&mut machine, &mut now, lost_after));
            seen.push(run_frame(&mut machine, &mut now, vec![Command::Fallback], Span::ZERO));
            seen.extend(run(&mut machine, &mut now, 300 - lost_after));
            seen.push(run_frame(&mut machine, &mut now, vec![Command::Live], Span::ZERO));
            seen.extend(run(&mut machine, &mut now, 100));
            seen
        })
        .collect();
    let [early, late] = [&seen[0], &seen[1]];
    // Both fades are over from frame 37 + 1 s on: idle, and no revision of a hub's.
    assert_eq!(early[170..302], late[170..302]);
    assert!(early[170..302].iter().all(|seen| seen.rev == 0 && !seen.is_dark));
    // On the way back the picture is between the two; half a second later it is the show's again.
    assert_eq!(early[302].rev, 1);
    assert!(early[303].hash != early[0].hash);
    assert!(early[370..].iter().all(|seen| seen.rev == 1 && seen.hash == early[0].hash));
}

#[test]
fn a_scene_given_on_the_way_back_from_idling_shows_in_its_own_frame() {
    let mut machine = machine(Fallback::Idle(plain(Rgb::new(0, 90, 0))));
    let mut now = ms(0);
    let red = change(layer(1, FrameIndex(0), Rgb::new(255, 0, 0)));
    run_frame(&mut machine, &mut now, vec![red, Command::Fallback], Span::ZERO);
    run(&mut machine, &mut now, 200);
    let live = run_frame(&mut machine, &mut now, vec![Command::Live], Span::ZERO);
    let blue = layer(2, FrameIndex(live.index + 3), Rgb::new(0, 0, 255));
    run_frame(&mut machine, &mut now, vec![change(blue)], Span::ZERO);
    let revs: Vec<u32> = run(&mut machine, &mut now, 3).iter().map(|seen| seen.rev).collect();
    assert_eq!(revs, [1, 2, 2]);
}

/// OUT-5
#[test]
fn an_idling_node_idles_on_when_its_timeline_goes_far_back() {
    let mut machine = machine(Fallback::Idle(plain(Rgb::new(0, 90, 0))));
    machine.handle_clock(FrameClock { show0: Time::ZERO + Span::from_s(3600), ..FrameClock::FREE });
    let mut now = ms(0);
    run_frame(&mut machine, &mut now, vec![Command::Fallback], Span::ZERO);
    let before = run(&mut machine, &mut now, 200).pop().unwrap();
    machine.handle_clock(synced(Span::ZERO));
    let after = run(&mut machine, &mut now, 200).pop().unwrap();
    assert!(after.index < before.index && !after.is_dark);
    assert_eq!(after.hash, before.hash);
}

#[test]
fn nothing_is_late_on_a_timeline_that_is_not_show_time() {
    let mut machine = machine(Fallback::Hold);
    let mut now = ms(1000);
    let red = Rgb::new(255, 0, 0);
    run(&mut machine, &mut now, 10);
    let shown = run_frame(&mut machine, &mut now, vec![change(layer(1, FrameIndex(5), red))], Span::ZERO);
    assert_eq!(shown.rev, 1);
    assert_eq!(report_of(&mut machine, &mut now).late_changes, 0);
}

proptest! {
    /// OUT-3
    #[test]
    fn whatever_the_delays_and_small_steps_the_index_only_rises_and_every_frame_is_shown_or_counted(
        steps in prop::collection::vec((0..40_000_i64, -3_000..3_000_i64), 1..150),
    ) {
        let mut machine = machine(Fallback::Hold);
        let (mut now, mut ahead, mut last, mut shown) = (ms(0), 0, None, 0);
        let mut first = None;
        for (late_us, step_us) in steps {
            ahead += step_us;
            machine.handle_clock(synced(Span::from_us(ahead)));
            let plan = machine.plan(now);
            now = now.max(plan.due_at) + Span::from_us(late_us / 8);
            if machine.is_current(&plan, now) {
                machine.render(plan.index);
                machine.handle_output(Span::ZERO, now);
                prop_assert!(last.is_none_or(|last| plan.index > last));
                last = Some(plan.index);
                first = first.or(last);
                shown += 1;
            }
            now += Span::from_us(late_us);
        }
        if let (Some(first), Some(last)) = (first, last) {
            let report = report_of(&mut machine, &mut now);
            prop_assert_eq!(report.frames + report.missed, (report.index.0 - first.0 + 1) as u64);
            prop_assert!(report.index > last && report.frames > shown);
        }
    }
}
