//! `cargo xtask test`: all tests of the workspace, the corpora of the fuzz targets among them, and their sum.
//!
//! Three runs of one build: everything but the tests that start real processes; those, one at a time, so that they do
//! not take each other's processor; and the examples in documentation.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::outcome::Outcome;
use crate::workspace::Workspace;
use crate::{dashboard, debian, process, python, workspace};

/// The packages whose integration tests start real processes, and that have the programs they start.
const PROCESS_TIER: [&str; 2] = ["cuelight-cli", "cuelight-lab"];

/// Runs all tests; the last line printed is the sum.
pub(crate) fn run() -> Result<()> {
    all()?.conclude()
}

/// Runs all tests and counts them.
pub(crate) fn all() -> Result<Outcome> {
    // Before anything is built: the hub takes the page in when it is.
    let page = dashboard::build_where_possible();
    let workspace = workspace::read()?;
    let (ordinary, processes) = integration_tests(&workspace)?;
    let mut outcome = if page { dashboard::unit_tests()? } else { Outcome::default() };
    let out = &mut std::io::stdout();

    let mut command = test_command();
    command.args(["--lib", "--bins"]);
    ordinary.iter().for_each(|name| {
        command.args(["--test", name]);
    });
    outcome += count(&mut command, out)?;

    if !processes.is_empty() {
        debian::install_tools(&[("tshark", "tshark"), ("olad", "ola"), ("ip", "iproute2"), ("nsenter", "util-linux")]);
        let mut command = test_command();
        command.env(python::VARIABLE, python::with_packages(&workspace.target));
        command.env(python::SCHEMATHESIS, python::schemathesis(&workspace.target));
        processes.iter().for_each(|name| {
            command.args(["--test", name]);
        });
        command.args(["--", "--test-threads=1"]);
        if page {
            debian::install_tools(&[("chromium", "chromium")]);
        } else {
            command.args(["--skip", "dashboard::"]);
        }
        outcome += count(&mut command, out)?;
    }

    outcome += count(test_command().arg("--doc"), out)?;
    Ok(outcome)
}

/// A program as the tests that start processes use it: built with them, so that nothing is built twice.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    program_with(name, |_| {})
}

/// The same, built by a command that was changed, as by a variable.
pub(crate) fn program_with(name: &str, change: impl FnOnce(&mut Command)) -> Result<PathBuf> {
    let workspace = workspace::read()?;
    let (_, processes) = integration_tests(&workspace)?;
    let mut command = test_command();
    command.args(["--no-run", "--message-format=json"]);
    processes.iter().for_each(|name| {
        command.args(["--test", name]);
    });
    change(&mut command);
    let messages = process::output(&mut command)?;
    let program = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_program = message["target"]["name"] == name && message["profile"]["test"] == false;
        is_program.then(|| message["executable"].as_str().map(PathBuf::from))?
    };
    let messages = String::from_utf8_lossy(&messages);
    messages.lines().find_map(program).with_context(|| format!("cargo builds no program {name} for the tests"))
}

/// The whole workspace is selected in every run, so that all runs share one set of features and one build.
fn test_command() -> Command {
    let mut command = process::cargo();
    command.args(["test", "--workspace", "--no-fail-fast"]);
    command
}

/// Names of the integration tests: ordinary ones, and those that start processes. Cargo selects tests by name alone, so
/// a name of the second kind must not be one of the first.
fn integration_tests(workspace: &Workspace) -> Result<(BTreeSet<&str>, BTreeSet<&str>)> {
    let (processes, ordinary): (Vec<_>, Vec<_>) =
        workspace.packages.iter().partition(|p| PROCESS_TIER.contains(&p.name.as_str()));
    let ordinary: BTreeSet<_> = ordinary.iter().flat_map(|p| p.targets_of("test")).collect();
    let processes: BTreeSet<_> = processes.iter().flat_map(|p| p.targets_of("test")).collect();
    if let Some(name) = ordinary.intersection(&processes).next() {
        bail!("the integration test {name} starts processes and has the name of another package's: rename one of them");
    }
    Ok((ordinary, processes))
}

/// Runs a test command, shows what it prints and counts. A command that fails without a failed test (it did not build, or
/// a test process died) counts as one failure.
fn count(command: &mut Command, shown: &mut impl Write) -> Result<Outcome> {
    eprintln!("$ {}", process::shown(command));
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", process::shown(command)))?;
    let mut outcome = Outcome::default();
    for line in BufReader::new(child.stdout.take().expect("stdout is piped")).split(b'\n') {
        let line = line.context("cannot read what the tests print")?;
        shown.write_all(&line).and_then(|()| shown.write_all(b"\n")).context("cannot print what the tests print")?;
        if let Some(result) = std::str::from_utf8(&line).ok().and_then(test_result) {
            outcome += result;
        }
    }
    let status = child.wait().context("cannot wait for the tests")?;
    if !status.success() && outcome.failed == 0 {
        eprintln!("`{}` failed without a failed test: {status}", process::shown(command));
        outcome.failed = 1;
    }
    Ok(outcome)
}

/// Reads a line such as `test result: ok. 12 passed; 0 failed; 0 ignored; ...`.
fn test_result(line: &str) -> Option<Outcome> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |what: &str| counts.split("; ").find_map(|part| part.strip_suffix(what)?.trim().parse().ok());
    Some(Outcome { passed: number(" passed")?, failed: number(" failed")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_a_test_binary_are_read() {
        let line = "test result: FAILED. 14 passed; 1 failed; 2 ignored; 0 measured; 3 filtered out; finished in 0.10s";
        assert_eq!(test_result(line), Some(Outcome { passed: 14, failed: 1 }));
        assert_eq!(test_result("test result: ok. 0 passed; 0 failed; 0 ignored"), Some(Outcome::default()));
        for other in ["running 3 tests", "test a ... ok", "test result: ok", "say test result: ok. 1 passed; 0 failed"]
        {
            assert_eq!(test_result(other), None, "{other}");
        }
    }

    #[test]
    fn a_test_command_that_fails_without_a_count_is_a_failure() {
        let mut shown = Vec::new();
        let mut count_of = |script| count(Command::new("sh").args(["-c", script]), &mut shown).unwrap();
        assert_eq!(count_of("echo no tests here; exit 3"), Outcome { passed: 0, failed: 1 });
        let script = "echo 'test result: ok. 2 passed; 0 failed; 0 ignored'";
        assert_eq!(count_of(script), Outcome { passed: 2, failed: 0 });
        assert_eq!(shown, b"no tests here\ntest result: ok. 2 passed; 0 failed; 0 ignored\n");
    }
}
