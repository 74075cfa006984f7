//! Every scenario of the library: it stays within its limits, beyond them it fails, and a seed is a run.
#![allow(clippy::unwrap_used, reason = "test code; the exemption of clippy.toml covers only functions with #[test]")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;

use cuelight_sim::scenario::{Outcome, Row, Scenario, all, play};

/// What `each` makes of every item, on as many threads as there are cores.
fn parallel<T: Sync, R: Send>(items: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(n) else { break };
                    let result = each(item);
                    results.lock().unwrap().push((n, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(n, _)| *n);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Every scenario with the run of its own seed.
fn runs() -> &'static [(Scenario, Outcome)] {
    static RUNS: OnceLock<Vec<(Scenario, Outcome)>> = OnceLock::new();
    RUNS.get_or_init(|| {
        let scenarios = all();
        let outcomes = parallel(&scenarios, |scenario| play(scenario, scenario.seed()));
        scenarios.into_iter().zip(outcomes).collect()
    })
}

fn told(scenario: &Scenario, row: &Row) -> String {
    let measured = row.measured.map_or("nothing".to_owned(), |value| row.limit.figure.text(value));
    format!("{} {}: {}, measured {measured}", scenario.number, scenario.name, row.limit)
}

#[test]
fn every_scenario_stays_within_its_limits() {
    let mut missed = Vec::new();
    for (scenario, outcome) in runs() {
        for row in outcome.verdict(scenario).rows() {
            println!("{}", told(scenario, row));
            if !row.is_met() {
                missed.push(told(scenario, row));
            }
        }
    }
    assert!(missed.is_empty(), "\n{}", missed.join("\n"));
}

#[test]
fn just_beyond_each_limit_the_judgement_fails() {
    let neighbours: Vec<_> = runs()
        .iter()
        .flat_map(|(scenario, outcome)| scenario.neighbours().into_iter().map(move |n| (scenario, outcome, n)))
        .collect();
    let rows = parallel(&neighbours, |(_, outcome, neighbour)| neighbour.judge(outcome));
    let unseen: Vec<String> = neighbours
        .iter()
        .zip(&rows)
        .inspect(|((scenario, ..), row)| println!("{}", told(scenario, row)))
        // What was not measured proves nothing.
        .filter(|(_, row)| row.is_met() || row.measured.is_none())
        .map(|((scenario, ..), row)| told(scenario, row))
        .collect();
    assert!(unseen.is_empty(), "not seen:\n{}", unseen.join("\n"));
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let again = parallel(runs(), |(scenario, outcome)| {
        (play(scenario, outcome.seed), play(scenario, outcome.seed + 1).run_hash)
    });
    for ((scenario, outcome), (again, other)) in runs().iter().zip(again) {
        assert_eq!(outcome.run_hash, again.run_hash, "{}", scenario.name);
        assert_eq!(outcome.figures, again.figures, "{}", scenario.name);
        assert_ne!(outcome.run_hash, other, "{}", scenario.name);
    }
}
