//! `cargo xtask dashboard`: builds the pages of hubs and nodes from `dashboard/`, which the build of `crates/page` then takes in.
//!
//! Cargo never calls npm. What was built is kept until a source changes; without npm the hub has its small page.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::outcome::Outcome;
use crate::process;

/// The oldest Node that the build tool runs on.
const NODE: (u32, u32) = (20, 19);
/// What the page is made from, in the folder of the dashboard.
const SOURCES: [&str; 7] =
    ["package-lock.json", "package.json", "vite.config.ts", "tsconfig.json", "index.html", "node.html", "src"];

/// Arguments of `cargo xtask dashboard`.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Build it even when no source has changed
    #[arg(long)]
    anew: bool,
}

/// Builds the page where a source has changed.
pub(crate) fn run(args: &Args) -> Result<()> {
    if let Some(why) = missing() {
        bail!("{why}");
    }
    build(args.anew)
}

/// What keeps this machine from building it.
pub(crate) fn missing() -> Option<String> {
    let needed = format!("the dashboard is built with Node {}.{} or newer and its npm", NODE.0, NODE.1);
    let Ok(version) = process::output(Command::new("node").arg("--version")) else {
        return Some(format!("{needed}; there is no Node here"));
    };
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    if number(&version).is_none_or(|number| number < NODE) {
        return Some(format!("{needed}; here is {version}"));
    }
    (!process::succeeds(npm().arg("--version"))).then(|| format!("{needed}; there is no npm here"))
}

/// Before the hub is built for somebody who wants a show or tests: the page, or a word on why it is the small one. Answers
/// whether it is there.
pub(crate) fn build_where_possible() -> bool {
    let problem = missing().or_else(|| build(false).err().map(|error| format!("{error:#}")));
    if let Some(problem) = &problem {
        eprintln!("{problem}: the hub gets its small page");
    }
    problem.is_none()
}

/// Types and accessibility, as the compilers see them.
pub(crate) fn check() -> Result<()> {
    build(false)?;
    process::run(npm().args(["run", "--silent", "check"]))
}

/// Runs the tests of the page's own logic and counts them.
pub(crate) fn unit_tests() -> Result<Outcome> {
    let mut command = npm();
    command.args(["run", "--silent", "test"]);
    eprintln!("$ {}", process::shown(&command));
    let output = command.output().context("cannot start npm")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let outcome = counts(&text).filter(|outcome| output.status.success() == (outcome.failed == 0));
    if outcome.is_none_or(|outcome| outcome.failed > 0) {
        eprintln!("{text}{}", String::from_utf8_lossy(&output.stderr));
    }
    outcome.context("the dashboard's tests did not end with their counts")
}

/// Reads `# pass 3` and `# fail 0`.
fn counts(text: &str) -> Option<Outcome> {
    let number = |what: &str| text.lines().rev().find_map(|line| line.strip_prefix(what)?.trim().parse().ok());
    Some(Outcome { passed: number("# pass ")?, failed: number("# fail ")? })
}

/// Fetches what the page is built with, where that is not here yet.
pub(crate) fn fetch() -> Result<()> {
    let packages = digest(&[folder().join("package-lock.json")])?;
    if !folder().join("node_modules").is_dir() || !is_kept("packages", &packages) {
        process::run(npm().args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
        keep("packages", &packages)?;
    }
    Ok(())
}

fn build(anew: bool) -> Result<()> {
    fetch()?;
    let page = digest(&SOURCES.map(|name| folder().join(name)))?;
    if anew || !built().join("page/index.html").exists() || !is_kept("stamp", &page) {
        process::run(npm().args(["run", "--silent", "build"]))?;
        keep("stamp", &page)?;
    }
    Ok(())
}

fn is_kept(stamp: &str, digest: &str) -> bool {
    fs::read_to_string(built().join(stamp)).is_ok_and(|kept| kept == digest)
}

fn keep(stamp: &str, digest: &str) -> Result<()> {
    let path = built().join(stamp);
    fs::write(&path, digest).with_context(|| format!("cannot write {}", path.display()))
}

/// The folder of its sources.
fn folder() -> PathBuf {
    process::root().join("dashboard")
}

/// What was built, and from what.
fn built() -> PathBuf {
    folder().join("built")
}

fn npm() -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder());
    command
}

/// The numbers of `v20.19.2`.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix('v')?.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

/// Names and bytes of files, those in folders among them, as one number: enough to notice that something was edited.
fn digest(paths: &[PathBuf]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    let mut left = paths.to_vec();
    let mut files = Vec::new();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))? {
                left.push(entry.with_context(|| format!("cannot read {}", path.display()))?.path());
            }
        } else {
            files.push(path);
        }
    }
    files.sort();
    for path in files {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        (path.strip_prefix(process::root()).unwrap_or(&path), bytes).hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_are_compared_by_number() {
        assert_eq!(number("v20.19.2"), Some((20, 19)));
        assert!(number("v9.99.0").unwrap() < NODE && number("v22.1.0").unwrap() > NODE);
        assert_eq!(number("20.19.2"), None);
    }

    #[test]
    fn the_counts_of_the_page_s_tests_are_read() {
        assert_eq!(counts("ok 1 - x\n# tests 4\n# pass 3\n# fail 1\n"), Some(Outcome { passed: 3, failed: 1 }));
        assert_eq!(counts("Error: no such file"), None);
    }

    #[test]
    fn a_digest_changes_with_bytes_and_with_names() {
        let src = process::root().join("crates/xtask/src");
        let one = digest(&[src.join("dashboard.rs")]).unwrap();
        assert_eq!(one, digest(&[src.join("dashboard.rs")]).unwrap());
        assert_ne!(one, digest(&[src.join("main.rs")]).unwrap());
        assert_ne!(one, digest(&[src]).unwrap());
    }
}
