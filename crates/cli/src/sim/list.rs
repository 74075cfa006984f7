//! `cuelight sim list`: the scenarios there are.

use std::fmt::Write;

use anyhow::Result;
use clap::Args;
use cuelight_sim::scenario::{self, Scenario};
use serde::Serialize;

use crate::print;

/// `cuelight sim list`.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Play them all and print what was measured, as the page docs/validation/scenarios.md
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Listed {
    number: String,
    name: String,
    shows: String,
    means: String,
    nodes: usize,
    lasts_s: f64,
    limits: Vec<String>,
}

impl List {
    /// Prints them.
    pub(crate) fn run(self) -> Result<()> {
        let scenarios = scenario::all();
        if self.markdown {
            return print::text(&page(&scenarios));
        }
        if self.json {
            return print::json(&scenarios.iter().map(listed).collect::<Vec<_>>());
        }
        let longest = scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
        let mut text = String::new();
        for Scenario { number, name, shows, .. } in &scenarios {
            writeln!(text, "{number} {name:longest$}  {shows}")?;
        }
        print::text(&text)
    }
}

fn listed(scenario: &Scenario) -> Listed {
    Listed {
        number: scenario.number.clone(),
        name: scenario.name.clone(),
        shows: scenario.shows.clone(),
        means: scenario.means.clone(),
        nodes: scenario.nodes(),
        lasts_s: scenario.lasts_s(),
        limits: scenario.limits().iter().map(ToString::to_string).collect(),
    }
}

const OPENING: &str = "\
# Scenarios: what a show survives

Made by `cuelight sim list --markdown`. Each scenario is a file of [crates/sim/scenarios](../../crates/sim/scenarios): the
machines that ship, in virtual time, between links and clocks that misbehave, judged by an oracle that knows only what travels
(`crates/oracle`). The same seed gives the same run, told by its hash; `cuelight sim run NUMBER` plays one again, `--plot` draws
it. Each limit has a neighbour just beyond it, stated in the file, at which the judgement fails; the tests play them all.
What is allowed in no scenario (changes shown too early or not at all, show time that goes back, a clock outside its bound, and
the like) is judged in each.

What the simulator does not show is how late the threads of a real machine wake: that is measured on real machines.
";

/// The page of all scenarios, with what was measured.
fn page(scenarios: &[Scenario]) -> String {
    let mut page = String::from(OPENING);
    for scenario in scenarios {
        let outcome = scenario::play(scenario, scenario.seed());
        let Scenario { number, name, shows, means, .. } = scenario;
        page += &format!("\n## {number} {name}\n\n{shows}. *{means}.*\n\n");
        page += &format!(
            "{} nodes, {} s, seed {}, run hash `{:016x}`.\n\n| what | limit | measured |\n|---|---|---|\n",
            scenario.nodes(),
            scenario.lasts_s(),
            outcome.seed,
            outcome.run_hash
        );
        let verdict = outcome.verdict(scenario);
        for row in verdict.stated {
            let figure = row.limit.figure;
            let bound = row.limit.to_string();
            let bound = bound.trim_start_matches(figure.name()).trim_start();
            let measured = row.measured.map_or_else(|| "nothing".to_owned(), |value| figure.text(value));
            let missed = if row.is_met() { "" } else { " **missed**" };
            page += &format!("| {} | {bound} | {measured}{missed} |\n", figure.means());
        }
        let always = verdict.always.iter().map(|row| {
            let measured = row.measured.map_or_else(|| "nothing".to_owned(), |value| row.limit.figure.text(value));
            format!("{} {measured}", row.limit.figure)
        });
        page += &format!("\nAllowed in no scenario: {}.\n", always.collect::<Vec<_>>().join(", "));
    }
    page
}
