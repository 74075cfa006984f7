//! `cuelight ctl status`.

use std::io::{self, IsTerminal};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;

use super::call::Call;
use super::client::Client;
use super::words::word;
use super::{Ask, master, node, tempo};
use crate::{print, shutdown};

/// To the top left, and clear what is below (ECMA-48: CUP, ED).
const REDRAW: &str = "\x1b[H\x1b[J";

/// `cuelight ctl status`.
#[derive(Args, Debug)]
pub(super) struct Status {
    /// Go on every second, or every so many seconds, until Ctrl-C. With --json one line each time.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "1", value_parser = seconds)]
    watch: Option<Duration>,
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or("expected 0.1 to 3600 seconds")
}

impl Status {
    /// Time between two looks, when it goes on.
    pub(super) fn period(&self) -> Option<Duration> {
        self.watch
    }
}

impl Ask for Status {
    fn call(&self) -> Call {
        Call::get("/api/v1/show")
    }
    fn words(&self, answer: &Value) -> String {
        let scene = &answer["scene"];
        let tick = &answer["tick"];
        let float = |value: &Value| value.as_f64().unwrap_or_default();
        [
            format!("scene   {} with palette {}", word(&scene["effect"]), word(&scene["palette"])),
            format!("master  {}", master::described(&answer["master"])),
            format!("tempo   {}", tempo::described(&answer["tempo"])),
            format!("show    {:.3} s, change {}", float(&answer["show_us"]) / 1e6, word(&answer["rev"])),
            format!(
                "ticks   {:.1} Hz, {} overruns, cost p99 {:.0} us",
                float(&tick["hz"]),
                word(&tick["overruns"]),
                float(&tick["cost_us_p99"])
            ),
            String::new(),
            node::described(&answer["nodes"]),
        ]
        .join("\n")
    }
}

/// Prints the status again and again until Ctrl-C. A hub that goes away is waited for.
pub(super) fn watch(client: &Client, status: &Status, period: Duration, json: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no event loop")?;
    runtime.block_on(async {
        let mut stop = std::pin::pin!(shutdown::requested());
        loop {
            // Blocks for a moment, at most for the client's time limit; a signal is taken right after.
            let shown = match client.ask(&status.call()) {
                Ok(answer) if json => answer.to_string(),
                Ok(answer) => status.words(&answer),
                Err(error) if json => return Err(error),
                Err(error) => format!("{error:#}"),
            };
            let before = if json || !io::stdout().is_terminal() { "" } else { REDRAW };
            print::text(&format!("{before}{shown}"))?;
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = tokio::time::sleep(period) => {}
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_status_shows_scene_levels_tempo_ticks_and_nodes() {
        let show = json!({
            "show_us": 12_345_000, "rev": 7, "scene": {"effect": "fire", "palette": "lava"},
            "master": {"level": 255, "blackout": false},
            "tempo": {"bpm": 120.0, "beat": 1.0, "beats_per_bar": 4},
            "tick": {"hz": 100.0, "overruns": 0, "cost_us_p99": 41.6}, "nodes": [],
        });
        let words = Status { watch: None }.words(&show);
        for part in
            ["fire with palette lava", "255 of 255", "120 bpm", "12.345 s, change 7", "100.0 Hz", "42 us", "no nodes"]
        {
            assert!(words.contains(part), "{part} in {words}");
        }
    }

    #[test]
    fn a_watch_has_a_sensible_period() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["0", "x", "inf", "1e9"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
