//! `cuelight doctor`: whether this machine is fit for a show, and what to do where it is not.

mod clocks;
mod folder;
mod hub;
mod network;
mod ports;
mod priority;
mod timers;

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;

use crate::address::HubAddress;
use crate::print;

const MORE: &str = "\
Each check is ok, warn (a show runs, but less exactly or with something missing) or fail (something will not work), with
what to do. The exit code is 1 when any fails.

Run it while the hub and nodes of this machine are stopped: a port they use counts as taken.";

/// `cuelight doctor`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(crate) struct Doctor {
    /// Also check that this hub can be reached.
    #[arg(long, value_name = "HOST[:PORT]")]
    hub: Option<HubAddress>,
    /// Print JSON: [{"name": .., "state": "ok"|"warn"|"fail", "found": .., "advice": ..}]
    #[arg(long)]
    json: bool,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warn,
    Fail,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Finding {
    name: &'static str,
    state: State,
    found: String,
    /// What to do, unless all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Finding {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, state: State::Ok, found: found.into(), advice: None }
    }
    fn warn(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, state: State::Warn, found: found.into(), advice: Some(advice.into()) }
    }
    fn fail(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, state: State::Fail, found: found.into(), advice: Some(advice.into()) }
    }
}

impl Doctor {
    /// Makes all checks and prints the findings.
    pub(crate) fn run(self) -> Result<()> {
        let mut findings = ports::check();
        findings.push(folder::check());
        findings.push(priority::check());
        findings.push(clocks::check());
        findings.push(timers::check());
        findings.extend(network::check());
        findings.extend(self.hub.as_ref().map(hub::check));
        if self.json {
            print::json(&findings)?;
        } else {
            print::text(&listed(&findings))?;
        }
        match findings.iter().filter(|finding| finding.state == State::Fail).count() {
            0 => Ok(()),
            1 => bail!("1 check failed"),
            failed => bail!("{failed} checks failed"),
        }
    }
}

fn listed(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { name, state, found, advice } in findings {
        let mark = match state {
            State::Ok => "ok  ",
            State::Warn => "warn",
            State::Fail => "FAIL",
        };
        text.push_str(&format!("{mark}  {name:<18}  {found}\n"));
        if let Some(advice) = advice {
            text.push_str(&format!("      {:<18}  -> {advice}\n", ""));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_stands_below_what_was_found() {
        let findings = [Finding::ok("a", "fine"), Finding::fail("b", "broken", "mend it")];
        let expected =
            "ok    a                   fine\nFAIL  b                   broken\n                          -> mend it\n";
        assert_eq!(listed(&findings), expected);
    }
}
