//! `cargo xtask ci`: everything that must pass before a change lands.
//!
//! Every step runs even when an earlier one failed, so that one run tells everything. Each check counts as one beside
//! the tests; the last line is the sum. Timing figures are judged once, at the end, with nothing else running.

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::outcome::Outcome;
use crate::{dashboard, deny, lab, layers, openapi, process, spec, test, workspace};

/// Runs all steps.
pub(crate) fn run() -> Result<()> {
    let mut report = Report::default();
    report.check("format", || process::run(process::cargo().args(["fmt", "--all", "--check"])));
    // Before the hub is built for the first time, which takes the page in.
    report.dashboard();
    report.check("lints", || {
        let mut command = process::cargo();
        process::run(command.args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
    });
    report.check("layers", || layers::run(&layers::Args::default()));
    report.check("requirements", spec::run);
    report.check("description", || openapi::run(&openapi::Args { check: true }));
    report.check("docs", || {
        let mut command = process::cargo();
        process::run(command.env("RUSTDOCFLAGS", "--deny warnings").args(["doc", "--workspace", "--no-deps"]))
    });
    report.check("dependencies", deny::run);
    report.tests();
    report.lab();
    report.check("show", || headless_demo("show.json", &[]));
    report.check("show at 20 % loss", || headless_demo("show-loss.json", &["--loss", "20"]));
    report.check("show of cues", || demo("show-cues.json", &["--show", "--seconds", "20"]));
    report.finish()
}

/// Runs the headless demo with the binary that the tests built. Its musts fail it; its goals are only printed.
fn headless_demo(report: &str, extra: &[&str]) -> Result<()> {
    demo(report, &[&["--scene-changes", "50", "--seconds", "30"], extra].concat())
}

fn demo(report: &str, extra: &[&str]) -> Result<()> {
    let folder = workspace::read()?.target.join("ci");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut command = Command::new(test::program("cuelight")?);
    command.current_dir(process::root());
    command.args(["demo", "--headless", "--nodes", "4", "--check"]);
    process::run(command.args(extra).arg("--report").arg(folder.join(report)))
}

/// What the steps came to.
#[derive(Default)]
struct Report {
    outcome: Outcome,
    lines: Vec<String>,
}

impl Report {
    /// Runs one check and counts it.
    fn check(&mut self, name: &str, step: impl FnOnce() -> Result<()>) {
        eprintln!("\n== {name}");
        let started = Instant::now();
        let result = step();
        let word = if result.is_ok() { "ok" } else { "FAILED" };
        self.lines.push(format!("{name:<20} {word:<7} {:>6.1} s", started.elapsed().as_secs_f32()));
        match result {
            Ok(()) => self.outcome.passed += 1,
            Err(error) => {
                eprintln!("error: {error:#}");
                self.outcome.failed += 1;
            }
        }
    }

    /// Runs the tests and counts them.
    fn tests(&mut self) {
        eprintln!("\n== tests");
        let started = Instant::now();
        let outcome = test::all().unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Outcome { passed: 0, failed: 1 }
        });
        let word = if outcome.failed == 0 { "ok" } else { "FAILED" };
        let seconds = started.elapsed().as_secs_f32();
        self.lines.push(format!("{:<20} {word:<7} {seconds:>6.1} s  {outcome}", "tests"));
        self.outcome += outcome;
    }

    /// Builds and checks the page where this machine can; elsewhere it is told, and counts as nothing.
    fn dashboard(&mut self) {
        let unfetched = || dashboard::fetch().err().map(|error| format!("{error:#}"));
        match dashboard::missing().or_else(unfetched) {
            None => self.check("dashboard", dashboard::check),
            Some(why) => self.lines.push(format!("{:<20} not run: {why}", "dashboard")),
        }
    }

    /// Plays the lab's short set as one check where this machine can; elsewhere it is told, and counts as nothing.
    fn lab(&mut self) {
        if lab::can_run() {
            self.check("lab", lab::run_short);
        } else {
            self.lines.push(format!("{:<20} not run: this machine cannot, see above", "lab"));
        }
    }

    /// Prints the summary; the last line is the sum.
    fn finish(self) -> Result<()> {
        println!("\n{}", self.lines.join("\n"));
        self.outcome.conclude()
    }
}
