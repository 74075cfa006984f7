//! Following a rollout: the hub leads it, here it is only looked at. Ctrl-C ends the looking.

use std::io::{self, IsTerminal};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::picture;
use crate::ctl::call::Call;
use crate::ctl::client::{Client, Unreachable};
use crate::{print, shutdown};

/// Time between two looks.
const PERIOD: Duration = Duration::from_millis(500);
/// To the top left, and clear what is below (ECMA-48: CUP, ED).
const REDRAW: &str = "\x1b[H\x1b[J";

/// The question.
pub(super) fn call() -> Call {
    Call::get("/api/v1/ota/rollout")
}

/// Shows the rollout until it is over or a node fails: on a terminal as a picture that moves, else a line for each change. A
/// hub that goes away is waited for: it goes on where it was.
///
/// # Errors
/// When the rollout stops at a failed node or was aborted, so that a script notices.
pub(super) fn to_its_end(client: &Client, json: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no event loop")?;
    let is_picture = !json && io::stdout().is_terminal();
    let mut told = picture::Told::default();
    runtime.block_on(async {
        let mut stop = std::pin::pin!(shutdown::requested());
        loop {
            match client.ask(&call()) {
                Ok(shown) => {
                    if is_picture {
                        print::text(&format!("{REDRAW}{}", picture::of(&shown)))?;
                    } else if !json {
                        told.changes(&shown).iter().try_for_each(|line| print::text(line))?;
                    }
                    if let Some(end) = end(&shown) {
                        if json {
                            print::json(&shown)?;
                        }
                        return end;
                    }
                }
                Err(error) if error.is::<Unreachable>() => told.say_once(&error.to_string()),
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = &mut stop => {
                    eprintln!("the hub goes on with it; `cuelight ota abort` ends it");
                    return Ok(());
                }
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    })
}

/// How it ended; `None` while it goes on.
fn end(shown: &Value) -> Option<Result<()>> {
    let rollout = &shown["rollout"];
    let detail = || rollout["detail"].as_str().unwrap_or("a node has failed").to_owned();
    match rollout["state"].as_str() {
        None => Some((|| bail!("nothing has been rolled out yet"))()),
        Some("finished") => Some(Ok(())),
        Some("stopped") => Some((|| bail!("the rollout has stopped: {}", detail()))()),
        Some("aborted") => Some((|| bail!("the rollout was aborted"))()),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_rollout_that_came_to_its_end_is_a_success() {
        let ended = |state: &str| end(&json!({"rollout": {"state": state, "detail": "node a has failed"}}));
        assert!(ended("finished").unwrap().is_ok());
        assert!(ended("stopped").unwrap().unwrap_err().to_string().contains("node a has failed"));
        assert!(ended("aborted").unwrap().is_err() && end(&json!({"rollout": null})).unwrap().is_err());
        for state in ["running", "paused", "awaits-word", "held"] {
            assert!(ended(state).is_none(), "{state}");
        }
    }
}
