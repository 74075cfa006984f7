//! `cuelight sim --nodes 1000 --hours 1`: very many nodes for very long.

use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use cuelight_oracle::Figure;
use cuelight_sim::crowd::{self, Facts};
use cuelight_sim::profiles;
use cuelight_sim::scenario::Row;
use cuelight_wire::time::Span;
use serde::Serialize;

use super::rows::{self, LimitReport};
use crate::print;

/// Addresses that a world has for its nodes.
const MAX_NODES: usize = 60_000;

/// A crowd.
#[derive(Args, Debug)]
pub(crate) struct Crowd {
    /// Nodes of a crowd [default: 1000]
    #[arg(long, value_parser = nodes)]
    nodes: Option<usize>,
    /// Hours of virtual time it lives [default: 1]
    #[arg(long, value_parser = hours)]
    hours: Option<f64>,
    /// Seed of everything random [default: 1]
    #[arg(long)]
    seed: Option<u64>,
    /// The way of each node to the hub: a delay profile of `cuelight sim compare` [default: ethernet]
    #[arg(long, value_name = "PROFILE", value_parser = profile)]
    path: Option<profiles::PathProfile>,
    /// Seconds between two changes of scene [default: 5]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    changes_every: Option<u32>,
    /// Threads; what is found does not depend on them [default: as many as there are cores]
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn nodes(text: &str) -> Result<usize, String> {
    let nodes = text.parse().map_err(|_| "not a number of nodes".to_owned())?;
    if (1..=MAX_NODES).contains(&nodes) { Ok(nodes) } else { Err(format!("a crowd has 1 to {MAX_NODES} nodes")) }
}
fn hours(text: &str) -> Result<f64, String> {
    let hours: f64 = text.parse().map_err(|_| "not a number of hours".to_owned())?;
    // The first ten seconds are for joining, then there is a change, and nobody changes anything in the last second.
    if (0.004..=1_000.0).contains(&hours) { Ok(hours) } else { Err("a crowd lives for 0.004 to 1000 hours".to_owned()) }
}
fn profile(name: &str) -> Result<profiles::PathProfile, String> {
    let all = || profiles::ALL.iter().map(|profile| profile.name).collect::<Vec<_>>().join(", ");
    profiles::named(name).ok_or_else(|| format!("there is no profile of that name; there are {}", all()))
}

#[derive(Serialize)]
struct Report {
    nodes: usize,
    path: &'static str,
    seed: u64,
    run_hash: String,
    is_met: bool,
    virtual_s: f64,
    wall_s: f64,
    /// Virtual time over wall time.
    times_real: f64,
    threads: usize,
    ready: usize,
    degraded: usize,
    datagrams: u64,
    exchanges: u64,
    messages: u64,
    orders: u64,
    changes: u64,
    in_time: u64,
    excused: u64,
    unlocks: u64,
    apply_spread_max_us: Option<f64>,
    output_offset_max_us: Option<f64>,
    clock_error_p50_us: Option<f64>,
    clock_error_p95_us: Option<f64>,
    clock_error_max_us: Option<f64>,
    clock_samples: u64,
    frames_compared: u64,
    limits: Vec<LimitReport>,
    /// What is wrong beside the limits, a sentence each.
    faults: Vec<String>,
}

impl Crowd {
    /// Lives it and prints what was found; an error when a limit is missed or something else is wrong.
    pub(crate) fn run(self) -> Result<()> {
        let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let threads = self.threads.unwrap_or(cores).get();
        let crowd = crowd::Crowd {
            nodes: self.nodes.unwrap_or(1_000),
            lasts: Span::from_ns((self.hours.unwrap_or(1.0) * 3.6e12) as i64),
            seed: self.seed.unwrap_or(1),
            path: self.path.unwrap_or(profiles::ETHERNET_PATH),
            changes_every: Span::from_s(self.changes_every.unwrap_or(5).into()),
        };
        let begun = Instant::now();
        let facts = crowd.run(threads);
        let rows = facts.rows(&crowd);
        let report = report(&crowd, &facts, &rows, threads, begun.elapsed());
        if self.json {
            print::json(&report)?;
        } else {
            print::text(&told(&report, &rows))?;
        }
        let missed = rows.iter().filter(|row| !row.is_met()).count();
        let limits = (missed > 0).then(|| format!("{missed} of {} limits missed", rows.len()));
        let wrong: Vec<String> = limits.into_iter().chain(report.faults).collect();
        if wrong.is_empty() { Ok(()) } else { bail!(wrong.join("; ")) }
    }
}

fn report(crowd: &crowd::Crowd, facts: &Facts, rows: &[Row], threads: usize, wall: Duration) -> Report {
    let count = |figure| facts.figures.get(figure).unwrap_or_default() as u64;
    let us = |figure| facts.figures.get(figure).map(|ns| ns / 1e3);
    let (virtual_s, wall_s) = (facts.lasts_ns as f64 / 1e9, wall.as_secs_f64());
    let faults = facts.faults();
    Report {
        nodes: facts.nodes,
        path: crowd.path.name,
        seed: crowd.seed,
        run_hash: format!("{:016x}", facts.run_hash),
        is_met: faults.is_empty() && rows.iter().all(Row::is_met),
        virtual_s,
        wall_s,
        times_real: virtual_s / wall_s,
        threads,
        ready: facts.ready,
        degraded: facts.degraded,
        datagrams: facts.datagrams,
        exchanges: facts.exchanges,
        messages: facts.messages,
        orders: facts.orders,
        changes: count(Figure::Changes),
        in_time: count(Figure::Changes).saturating_sub(count(Figure::Late) + count(Figure::Wrong)),
        excused: count(Figure::Excused),
        unlocks: facts.unlocks,
        apply_spread_max_us: us(Figure::ApplySpreadMax),
        output_offset_max_us: us(Figure::OutputOffsetMax),
        clock_error_p50_us: us(Figure::ClockErrorP50),
        clock_error_p95_us: us(Figure::ClockErrorP95),
        clock_error_max_us: us(Figure::ClockErrorMax),
        clock_samples: count(Figure::ClockSamples),
        frames_compared: count(Figure::Frames),
        limits: rows.iter().map(LimitReport::of).collect(),
        faults,
    }
}

fn told(report: &Report, rows: &[Row]) -> String {
    let Report { nodes, virtual_s, wall_s, times_real, threads, path, seed, run_hash, .. } = report;
    let Report { ready, degraded, datagrams, exchanges, messages, orders, changes, in_time, excused, unlocks, .. } =
        report;
    let Report { clock_samples, frames_compared, .. } = report;
    let us = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1} us"));
    let [p50, p95, max] = [report.clock_error_p50_us, report.clock_error_p95_us, report.clock_error_max_us].map(us);
    let [spread, offset] = [report.apply_spread_max_us, report.output_offset_max_us].map(us);
    let table = rows::table(rows.iter());
    format!(
        "{nodes} nodes, {virtual_s:.0} s of virtual time in {wall_s:.1} s: {times_real:.0} times as fast, {threads} threads; path {path}\n\n\
         nodes       {ready} ready at the end, {degraded} degraded\n\
         traffic     {datagrams} datagrams of the stream, {exchanges} time exchanges, {messages} messages of nodes\n\
         changes     {orders}, {changes} on their nodes: {in_time} in their own frame, {excused} not judged\n\
         outputs     {spread} between the first and the last node of a change at most; {offset} from show time at most\n\
         pictures    {frames_compared} frames compared between all nodes\n\
         clock error p50 {p50}, p95 {p95}, max {max} in {clock_samples} looks; {unlocks} locks lost\n\n\
         {table}\nseed {seed}, run hash {run_hash}"
    )
}
