//! What a soak found, as people and programs read it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::judge::{Judgement, ProcessReport};
use super::plot;
use super::sample::Sample;
use super::tally::Told;
use super::{PLOT, SoakArgs};

/// Everything a soak found.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    /// What was asked for.
    #[serde(flatten)]
    pub(super) args: &'a SoakArgs,
    /// Seconds that were played.
    pub(super) played_s: f64,
    /// Why it ended before its time, when it did.
    pub(super) broken: Option<String>,
    /// Whether timing could be judged.
    pub(super) is_timed: bool,
    /// Clock errors of the whole time.
    pub(super) clock: Option<Told>,
    /// What outputs of one frame were apart in the whole time.
    pub(super) apart: Option<Told>,
    /// The last look's counts.
    pub(super) last: Option<&'a Sample>,
    /// The judgement.
    #[serde(flatten)]
    pub(super) judgement: Judgement,
}

impl Report<'_> {
    /// Whether it played to its end within all limits.
    pub(super) fn is_met(&self) -> bool {
        self.broken.is_none() && self.judgement.verdicts.iter().all(|verdict| verdict.is_met)
    }

    /// Writes `report.json`, `report.md` and `soak.svg` into a folder.
    pub(super) fn write(&self, folder: &Path, names: &[String], samples: &[Sample]) -> Result<()> {
        let svg = plot::svg(names, samples, self.judgement.warm_s);
        let json = serde_json::to_string_pretty(self)? + "\n";
        for (name, text) in [("report.json", json), ("report.md", self.markdown()), (PLOT, svg)] {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(())
    }

    /// The report for people.
    pub(super) fn markdown(&self) -> String {
        let mut text = String::new();
        // A report is made of strings; writing to one cannot fail.
        let _ = self.write_markdown(&mut text);
        text
    }

    fn write_markdown(&self, text: &mut String) -> std::fmt::Result {
        let SoakArgs { nodes, seed, no_spells, restarts, .. } = self.args;
        let with = |is: bool| if is { "with" } else { "without" };
        writeln!(
            text,
            "One hub, {nodes} nodes, {:.1} minutes, seed {seed}, {} spells of loss, {} restarts of nodes. Judged from {:.0} s on.\n",
            self.played_s / 60.0,
            with(!no_spells),
            with(*restarts),
            self.judgement.warm_s
        )?;
        if !self.is_timed {
            writeln!(text, "Real-time priority was refused: timing is not judged.\n")?;
        }
        if let Some(broken) = &self.broken {
            writeln!(text, "**It ended before its time:** {broken}\n")?;
        }
        writeln!(text, "| what | measured | must | goal | |\n|---|---|---|---|---|")?;
        for verdict in &self.judgement.verdicts {
            let word = if verdict.is_met { "met" } else { "**missed**" };
            writeln!(
                text,
                "| {} | {} | {} | {} | {word} |",
                verdict.what, verdict.measured, verdict.must, verdict.goal
            )?;
        }
        writeln!(
            text,
            "\n| process | own memory, first and last | resident | gained an hour, 99 % interval | descriptors | threads | processor |"
        )?;
        writeln!(text, "|---|---|---|---|---|---|---|")?;
        for process in &self.judgement.processes {
            write_process(text, process)?;
        }
        if let Some(last) = self.last {
            writeln!(
                text,
                "\n{} ticks, {} frames, {} scene changes{}.",
                last.ticks,
                last.frames,
                last.changes,
                self.quantiles()
            )?;
        }
        Ok(())
    }

    fn quantiles(&self) -> String {
        let told = |what: &str, told: Option<Told>| {
            told.map_or_else(String::new, |told| {
                format!("; {what} p50 {:.1}, p99 {:.1}, largest {:.0} us", told.p50_us, told.p99_us, told.max_us)
            })
        };
        told("clock error", self.clock) + &told("outputs of one frame apart", self.apart)
    }
}

fn write_process(text: &mut String, process: &ProcessReport) -> std::fmt::Result {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let an_hour = process.memory.map_or_else(
        || "not known".to_owned(),
        |trend| format!("{:.0} to {:.0} KiB", trend.low * 3600.0 / 1024.0, trend.high * 3600.0 / 1024.0),
    );
    let ends = |(least, most): (u64, u64)| if least == most { least.to_string() } else { format!("{least} to {most}") };
    writeln!(
        text,
        "| {} | {:.2}, {:.2} MiB | {:.1} MiB | {an_hour} | {} | {} | {:.1} % |",
        process.name,
        mib(process.own_first_bytes),
        mib(process.own_last_bytes),
        mib(process.resident_bytes),
        ends((process.descriptors.0 as u64, process.descriptors.1 as u64)),
        ends(process.threads),
        process.processor_percent
    )
}
