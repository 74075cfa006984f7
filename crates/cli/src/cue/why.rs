//! Why a slot is as it is.

use std::str::FromStr;

use anyhow::Result;
use clap::Args;
use serde_json::Value;

use crate::ctl::call::Call;
use crate::ctl::client::Client;
use crate::ctl::words::word;
use crate::print;

/// `cuelight cue why`.
#[derive(Args, Debug)]
pub(super) struct WhyWord {
    /// The slot, like 1.12
    #[arg(value_name = "UNIVERSE.SLOT")]
    slot: Slot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot(u16, u16);

impl FromStr for Slot {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (universe, slot) = text.split_once('.').ok_or("expected UNIVERSE.SLOT, like 1.12")?;
        let numbers = (universe.parse(), slot.parse());
        let (Ok(universe), Ok(slot)) = numbers else { return Err("expected UNIVERSE.SLOT, like 1.12") };
        Ok(Self(universe, slot))
    }
}

impl WhyWord {
    pub(super) fn run(&self, client: &Client, json: bool) -> Result<()> {
        let Slot(universe, slot) = self.slot;
        let answer = client.ask(&Call::get(format!("/api/v1/cues/why?universe={universe}&slot={slot}")))?;
        if json { print::json(&answer) } else { print::text(&words(&answer)) }
    }
}

fn words(answer: &Value) -> String {
    let reason = match answer["reason"].as_str() {
        Some("highest") => "the highest of what the lists say",
        Some("latest") => "what a list said last",
        _ => "its default: no list says anything",
    };
    let mut text = format!("{}: {} ({} %), {reason}", word(&answer["source"]), answer["value"], answer["percent"]);
    if answer["percent"] != answer["merged_percent"] {
        text.push_str(&format!("; {} % before grand master and blackout", answer["merged_percent"]));
    }
    for claim in answer["claims"].as_array().into_iter().flatten() {
        let since = claim["since_us"].as_i64().unwrap_or(0) as f64 / 1e6;
        let fading = if claim["fading"] == true { ", changing" } else { "" };
        let cue = claim["cue"].as_str().map_or_else(|| "released".to_owned(), |cue| format!("cue {cue}"));
        let now = match (&claim["current"], &claim["cue"]) {
            (current, cue) if current == cue || current.is_null() => String::new(),
            (current, _) => format!(", tracked into cue {}", word(current)),
        };
        text.push_str(&format!(
            "\n  list {} {cue}{now}: {} % since {since:.3} s{fading}",
            claim["list"], claim["percent"]
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_answer_names_list_cue_and_since_when() {
        let answer = json!({"source": "slot 1.12", "value": 102, "percent": 40.0, "merged_percent": 80.0,
            "reason": "highest", "claims": [{"list": 1, "cue": "1", "current": "2", "since_us": 12_500_000,
            "percent": 80.0, "fading": false}]});
        let text = words(&answer);
        for part in ["slot 1.12: 102", "80.0 % before", "list 1 cue 1, tracked into cue 2: 80.0 % since 12.500 s"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!("1.12".parse(), Ok(Slot(1, 12)));
        assert!("112".parse::<Slot>().is_err() && "1.x".parse::<Slot>().is_err());
    }
}
