//! What the lab found, as people and programs read it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use cuelight_measure::verdict::Verdict;
use serde::Serialize;

/// How one scenario ended in one run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    /// The run, from 1.
    pub(crate) run: usize,
    /// Name of the scenario.
    pub(crate) scenario: &'static str,
    /// What it shows.
    pub(crate) claim: &'static str,
    /// What it drew its losses, delays and scenes from.
    pub(crate) seed: u64,
    /// How long it took.
    pub(crate) seconds: f64,
    /// What came of it.
    pub(crate) outcome: Outcome,
}

/// What came of a scenario.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// It was judged.
    Judged(Vec<Verdict>),
    /// It could not be judged: something that had to work did not.
    Broken(String),
    /// This machine cannot play it.
    NotRun(String),
}

impl Entry {
    /// Whether every limit is met.
    pub(crate) fn is_met(&self) -> bool {
        matches!(&self.outcome, Outcome::Judged(verdicts) if verdicts.iter().all(|verdict| verdict.is_met))
    }
    /// Whether the machine itself did not keep what has to be kept for the rest to mean anything.
    pub(crate) fn is_void(&self) -> bool {
        matches!(&self.outcome, Outcome::Judged(verdicts) if verdicts.iter().any(|v| v.is_premise && !v.is_met))
    }
    /// Whether something is wrong with the show.
    pub(crate) fn is_missed(&self) -> bool {
        !self.is_met() && !self.is_void() && !matches!(self.outcome, Outcome::NotRun(_))
    }

    /// What is wrong, a line each.
    pub(crate) fn missed(&self) -> Vec<String> {
        match &self.outcome {
            Outcome::Judged(verdicts) => verdicts.iter().filter(|v| !v.is_met).map(Verdict::to_string).collect(),
            Outcome::Broken(_) | Outcome::NotRun(_) => self.lines(),
        }
    }

    /// The lines a person reads while the lab runs.
    pub(crate) fn lines(&self) -> Vec<String> {
        match &self.outcome {
            Outcome::Judged(verdicts) => verdicts.iter().map(Verdict::to_string).collect(),
            Outcome::Broken(why) => vec![format!("BROKEN  {why}")],
            Outcome::NotRun(why) => vec![format!("not run {why}")],
        }
    }
}

/// What was done with timing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Timing {
    /// It was judged.
    Judged,
    /// It was told only, as asked for.
    NotAsked,
    /// It could not be judged: real-time priority was refused.
    Refused,
}

/// Everything one invocation found.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// Whether timing was judged.
    pub(crate) timing: Timing,
    /// Whether the scenarios were their short forms.
    pub(crate) is_quick: bool,
    /// Processors of the machine.
    pub(crate) processors: usize,
    /// In the order they were played.
    pub(crate) entries: Vec<Entry>,
    /// Those that were played once more for what came of them; the last time is among the entries.
    pub(crate) repeated: Vec<Entry>,
}

impl Report {
    /// An empty one.
    pub(crate) fn new(timing: Timing, is_quick: bool, processors: usize) -> Self {
        Self { timing, is_quick, processors, entries: Vec::new(), repeated: Vec::new() }
    }

    /// Writes `report.json` and `report.md` into a folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        for (name, text) in [("report.json", json + "\n"), ("report.md", self.markdown())] {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("the report {} cannot be written", path.display()))?;
        }
        Ok(())
    }

    /// A table of scenarios with their limits and the worst of what was measured in all runs.
    pub(crate) fn markdown(&self) -> String {
        let runs = self.entries.iter().map(|entry| entry.run).max().unwrap_or(0);
        let seconds: f64 = self.entries.iter().map(|entry| entry.seconds).sum();
        let form = if self.is_quick { "quick " } else { "" };
        let mut text = format!(
            "{runs} {form}runs of {} scenarios on {} processors, {:.0} minutes in all.",
            self.scenarios().len(),
            self.processors,
            seconds / 60.0
        );
        text += match self.timing {
            Timing::Judged => "\n\n",
            Timing::NotAsked => " Timing is told and not judged.\n\n",
            Timing::Refused => " Real-time priority was refused: timing is not judged.\n\n",
        };
        text += "| scenario | runs within limits | what | worst measured | must |\n|---|---|---|---|---|\n";
        for name in self.scenarios() {
            let entries: Vec<_> = self.entries.iter().filter(|entry| entry.scenario == name).collect();
            let met = entries.iter().filter(|entry| entry.is_met()).count();
            let void = entries.iter().filter(|entry| entry.is_void()).count();
            let mut runs = format!("{met} of {}", entries.len());
            if void > 0 {
                let _ = write!(runs, ", {void} void");
            }
            let mut rows = worst(&entries).into_iter();
            let mut row = |first: &str, second: &str, row: Option<Verdict>| {
                let (what, measured, must) = row.map_or_else(
                    || (entries[0].lines().join("; "), String::new(), String::new()),
                    |row| (row.what, row.measured, row.must),
                );
                // A table is made of strings; writing to one cannot fail.
                let _ = writeln!(text, "| {first} | {second} | {what} | {measured} | {must} |");
            };
            row(name, &runs, rows.next());
            rows.for_each(|verdict| row("", "", Some(verdict)));
        }
        for entry in &self.repeated {
            let missed = entry.missed().join("; ");
            let _ = writeln!(text, "\n{} was played once more (run {}): {missed}", entry.scenario, entry.run);
        }
        text
    }

    fn scenarios(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for entry in &self.entries {
            if !names.contains(&entry.scenario) {
                names.push(entry.scenario);
            }
        }
        names
    }
}

/// Of each verdict the worst in these runs: a missed one before a met one, then the one farthest towards its limit.
fn worst(entries: &[&Entry]) -> Vec<Verdict> {
    let mut worst: Vec<Verdict> = Vec::new();
    for entry in entries {
        let Outcome::Judged(verdicts) = &entry.outcome else { continue };
        for verdict in verdicts {
            match worst.iter_mut().find(|known| known.what == verdict.what) {
                Some(known) if is_worse(verdict, known) => *known = verdict.clone(),
                Some(_) => {}
                None => worst.push(verdict.clone()),
            }
        }
    }
    worst
}

fn is_worse(verdict: &Verdict, than: &Verdict) -> bool {
    let more_is_better = verdict.must == "all" || verdict.must.starts_with(">=");
    match (verdict.is_met, than.is_met) {
        (false, true) => true,
        (true, false) => false,
        _ if more_is_better => verdict.value < than.value,
        _ => verdict.value > than.value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(run: usize, verdicts: Vec<Verdict>) -> Entry {
        let outcome = Outcome::Judged(verdicts);
        Entry { run, scenario: "join", claim: "nodes join", seed: 1, seconds: 2.0, outcome }
    }

    #[test]
    fn the_table_has_the_worst_of_all_runs_and_counts_those_within_limits() {
        let run = |run, lock, changes| {
            entry(run, vec![Verdict::must_be_below("lock", lock, "ms", 5.0), Verdict::all("changes", changes, 50)])
        };
        let mut report = Report::new(Timing::Judged, false, 2);
        report.entries = vec![run(1, 2.0, 50), run(2, 4.0, 49), run(3, 3.0, 50)];
        report.repeated = vec![run(2, 9.0, 50)];
        let text = report.markdown();
        let repeated = text.lines().last().unwrap();
        assert!(repeated.contains("join was played once more (run 2): ") && repeated.contains("9.0"), "{text}");
        assert!(!repeated.contains("changes"), "what is met: {text}");
        assert!(text.starts_with("3 runs of 1 scenarios on 2 processors"), "{text}");
        assert!(text.contains("| join | 2 of 3 | lock | 4.0 ms | < 5 |"), "{text}");
        assert!(text.contains("|  |  | changes | 49 of 50 | all |"), "{text}");
        assert!(!text.contains("refused"));
    }

    #[test]
    fn what_could_not_be_played_is_neither_met_nor_missed() {
        let not_run = Entry { outcome: Outcome::NotRun("no python".into()), ..entry(1, Vec::new()) };
        assert!(!not_run.is_met() && !not_run.is_missed());
        let broken = Entry { outcome: Outcome::Broken("it ended".into()), ..entry(1, Vec::new()) };
        assert!(!broken.is_met() && broken.is_missed());
        let mut report = Report::new(Timing::Refused, true, 2);
        report.entries = vec![not_run];
        let text = report.markdown();
        assert!(
            text.contains("timing is not judged") && text.contains("| join | 0 of 1 | not run no python |"),
            "{text}"
        );
    }

    #[test]
    fn a_play_on_a_machine_that_stood_still_is_void_whatever_else_it_missed() {
        let stalls = |percent| Verdict::must_be_below("stalls", percent, "%", 10.0).premise();
        let missed = Verdict::all("changes", 49, 50);
        let void = entry(1, vec![missed.clone(), stalls(12.0)]);
        assert!(void.is_void() && !void.is_met() && !void.is_missed());
        assert!(entry(1, vec![missed, stalls(9.0)]).is_missed());
        let mut report = Report::new(Timing::NotAsked, true, 2);
        report.entries = vec![void, entry(2, vec![stalls(1.0)])];
        let text = report.markdown();
        assert!(text.contains("| join | 1 of 2, 1 void |") && text.contains("told and not judged"), "{text}");
    }
}
