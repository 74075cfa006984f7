//! Many operators at once: a thousand commands a second over the API, and what the show makes of them.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use cuelight_measure::figures;
use cuelight_measure::hub_api::{Answer, HubApi};
use cuelight_measure::quantiles::Quantiles;
use cuelight_measure::record::Record;
use cuelight_measure::verdict::Verdict;
use cuelight_net::clock::mono_now_ns;
use serde_json::{Value, json};

use crate::cast::{Cast, Limits, Plan, Window};
use crate::stage::{Scenario, Stage};

const NODES: usize = 4;
/// Operators at once, each with a connection of its own.
const OPERATORS: u32 = 20;
/// Commands a second of all operators, who share one key: a hub lets one key do less by itself, and is told to allow it.
const RATE: u32 = 1000;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "commands",
    claim: "twenty operators give a thousand commands a second; answers, ticks and frames stay on time",
    is_short: false,
    run,
};

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let limit = (2 * RATE).to_string();
    let mut cast = Cast::playing(stage, Plan::of(NODES).with_hub_words(&["--writes-per-s", &limit]))?;
    let each = stage.choose(30, 5) * RATE / OPERATORS;
    let before = cast.api().show()?.tick;
    let window = Window::from_now();
    let given = give(&cast, each)?;
    let window = window.until_end_of(cast.play_for(Duration::from_secs(1))?);
    let tick = cast.api().show()?.tick;
    let shown = cast.finish()?;

    let judged = given.iter().filter(|command| !shown.is_stalled(command.due_ns, command.answered_ns));
    let answered = Quantiles::of_ns(judged.map(|command| command.answered_ns - command.due_ns).collect());
    let answered = answered.context("no command was given")?;
    let seen = given.iter().map(|command| command.shown_after_ns(&shown.nodes)).collect::<Option<Vec<_>>>();
    let seen =
        Quantiles::of_ns(seen.context("a command was answered and never shown")?).context("no command was given")?;
    let first_ns = given.iter().map(|command| command.due_ns).min().unwrap_or_default();
    let last_ns = given.iter().map(|command| command.answered_ns).max().unwrap_or_default();
    let rate = given.len() as f64 / ((last_ns - first_ns) as f64 / 1e9);
    let timed = [
        Verdict::at_least("commands answered a second", rate, "", f64::from(RATE) * 0.99),
        Verdict::below("a command answered after, p99", answered.p99 / 1e3, "ms", 10.0, 2.0),
        shown.overruns(tick.overruns - before.overruns),
        shown.left_out(tick.missed - before.missed),
    ];
    let mut verdicts: Vec<_> = timed.into_iter().map(|verdict| shown.if_timed(verdict)).collect();
    verdicts.extend([
        Verdict::reported("the same, median", answered.p50 / 1e3, "ms"),
        Verdict::reported("a command shown on all nodes after, median (announced 30 ms ahead)", seen.p50 / 1e3, "ms"),
        Verdict::reported("the same, p99", seen.p99 / 1e3, "ms"),
        Verdict::reported("cost of a tick, p99, by the hub's own count", tick.cost_us_p99, "us"),
    ]);
    // Of commands that come closer together than they are announced ahead, the newest is shown.
    let revs = revs_in_force(shown.nodes.first().context("there are no nodes")?, window);
    verdicts.push(Verdict::reported("different states shown", revs.len() as f64, ""));
    verdicts.extend(shown.together(&revs, window, Limits::WIRED)?);
    Ok(verdicts)
}

/// A command that was given and answered. Instants are CLOCK_MONOTONIC.
#[derive(Clone, Copy, Debug)]
struct Given {
    /// When it was to be given: an operator who waits for an answer is late for the next command, and that counts too.
    due_ns: i64,
    answered_ns: i64,
    rev: u32,
}

impl Given {
    /// How long until the last node showed it, or one newer than it.
    fn shown_after_ns(&self, nodes: &[Record]) -> Option<i64> {
        let (_, last_ns) = figures::first_shown(nodes, self.rev)?;
        Some(last_ns - self.due_ns)
    }
}

/// Every operator gives so many commands at a steady pace, one after the other in turn.
fn give(cast: &Cast, each: u32) -> Result<Vec<Given>> {
    let start = Instant::now() + Duration::from_millis(100);
    let start_ns = mono_now_ns() + 100_000_000;
    let operate = |api: HubApi, operator: u32| -> Result<Vec<Given>> {
        let commands = (0..each).map(|turn| {
            let after = Duration::from_secs(1) * (turn * OPERATORS + operator) / RATE;
            thread::sleep((start + after).saturating_duration_since(Instant::now()));
            let (path, body) = command(turn);
            let Answer { rev, .. } = api.command(path, body)?;
            Ok(Given { due_ns: start_ns + after.as_nanos() as i64, answered_ns: mono_now_ns(), rev })
        });
        commands.collect()
    };
    thread::scope(|scope| {
        let operators = (0..OPERATORS).map(|operator| {
            let api = cast.api();
            scope.spawn(move || operate(api, operator))
        });
        let mut given = Vec::new();
        for operator in operators.collect::<Vec<_>>() {
            given.extend(operator.join().map_err(|_| anyhow!("an operator has ended by itself"))??);
        }
        Ok(given)
    })
}

/// What an operator does in turn: a scene, then its speed, then its hue, slowly.
fn command(turn: u32) -> (&'static str, Value) {
    match turn % 3 {
        0 => ("scene", json!({"effect": "plasma", "palette": "ocean", "brightness": 180})),
        1 => ("parameters", json!({"speed": turn % 250})),
        _ => ("parameters", json!({"hue": (turn % 256) << 8, "fade_ms": 200})),
    }
}

/// The changes that were the newest in some frame of a window.
fn revs_in_force(node: &Record, window: Window) -> Vec<u32> {
    let lines = node.frames.values().filter(|line| (window.from_ns..window.to_ns).contains(&line.mono_ns));
    let mut revs: Vec<u32> = lines.map(|line| line.scene_rev).collect();
    revs.dedup();
    // The first was in force before.
    revs.drain(..revs.len().min(1));
    revs
}

#[cfg(test)]
mod tests {
    use cuelight_measure::record::FrameLine;

    use super::*;

    fn node(frames: &[(i64, i64, u32)]) -> Record {
        let line =
            |&(frame, mono_ns, scene_rev)| (frame, FrameLine { mono_ns, scene_rev, hash: 0, render_ns: 0, late_ns: 0 });
        Record { frames: frames.iter().map(line).collect(), ..Record::default() }
    }

    #[test]
    fn a_command_is_shown_when_the_last_node_shows_it_or_a_newer_one() {
        let nodes = [node(&[(1, 100, 4), (2, 200, 6)]), node(&[(1, 110, 4), (2, 210, 5)])];
        let command = Given { due_ns: 50, answered_ns: 60, rev: 5 };
        assert_eq!(command.shown_after_ns(&nodes), Some(160));
        assert_eq!(Given { rev: 6, ..command }.shown_after_ns(&nodes), None);
    }

    #[test]
    fn what_is_in_force_when_a_window_begins_is_no_change_of_it() {
        let node = node(&[(1, 5, 2), (2, 15, 3), (3, 25, 3), (4, 35, 7), (5, 45, 8)]);
        assert_eq!(revs_in_force(&node, Window { from_ns: 10, to_ns: 40 }), [7]);
        assert_eq!(revs_in_force(&node, Window { from_ns: 100, to_ns: 140 }), [0; 0]);
    }
}
