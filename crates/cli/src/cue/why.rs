//! Why a slot is as it is, and whom all slots of a universe obey.

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
    /// The slot, like 1.12, or a universe, like 1, for all slots of it that the show drives
    #[arg(value_name = "UNIVERSE[.SLOT]")]
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Slot(u16, u16),
    Universe(u16),
}

impl FromStr for What {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "expected UNIVERSE.SLOT, like 1.12, or UNIVERSE, like 1";
        let number = |text: &str| text.parse().map_err(|_| WRONG);
        Ok(match text.split_once('.') {
            Some((universe, slot)) => Self::Slot(number(universe)?, number(slot)?),
            None => Self::Universe(number(text)?),
        })
    }
}

impl WhyWord {
    pub(super) fn run(&self, client: &Client, json: bool) -> Result<()> {
        let (call, words): (String, fn(&Value) -> String) = match self.what {
            What::Slot(universe, slot) => (format!("/api/v1/cues/why?universe={universe}&slot={slot}"), words),
            What::Universe(universe) => (format!("/api/v1/universes/{universe}/slots"), owners),
        };
        let answer = client.ask(&Call::get(call))?;
        if json { print::json(&answer) } else { print::text(&words(&answer)) }
    }
}

/// A row for each slot, with whom it obeys.
fn owners(answer: &Value) -> String {
    let at_us = answer["at_us"].as_i64().unwrap_or(0);
    let row = |slot: &Value| {
        let whose = match (slot["list"].as_u64(), slot["cue"].as_str()) {
            (None, _) => "its default".to_owned(),
            (Some(list), Some(cue)) => format!("list {list} cue {cue}"),
            (Some(list), None) => format!("list {list}, released"),
        };
        let since = slot["since_us"].as_i64();
        let since = since.map_or_else(String::new, |us| format!("{:.1} s", (at_us - us).max(0) as f64 / 1e6));
        let changing = if slot["fading"] == true { "changing" } else { "" };
        let (source, others) = (word(&slot["source"]), slot["others"].as_u64().filter(|others| *others > 0));
        let others = others.map_or_else(String::new, |others| others.to_string());
        [slot["slot"].to_string(), slot["value"].to_string(), source, whose, since, changing.into(), others]
    };
    let rows: Vec<_> = answer["slots"].as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        return format!("the show drives nothing in universe {}", answer["universe"]);
    }
    print::table([">slot", ">level", "source", "obeys", ">for", "", ">other lists"], &rows)
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
        assert_eq!(("1.12".parse(), "112".parse()), (Ok(What::Slot(1, 12)), Ok(What::Universe(112))));
        assert!(["x", "1.x", "1.", "1.2.3", "-1"].iter().all(|wrong| wrong.parse::<What>().is_err()));
    }

    /// CUE-11
    #[test]
    fn every_slot_of_a_universe_names_its_list_its_cue_and_for_how_long() {
        let slot = |slot: u16, list: Value, cue: Value, since_us: Value, others: usize| {
            json!({"slot": slot, "value": 7, "source": "fixture 1: Dimmer", "reason": "highest", "list": list,
                "cue": cue, "since_us": since_us, "fading": slot == 2, "others": others})
        };
        let answer = json!({"universe": 1, "at_us": 5_000_000, "slots": [
            slot(2, json!(1), json!("1.5"), json!(3_500_000), 1),
            slot(3, json!(1), Value::Null, json!(6_000_000), 0),
            slot(12, Value::Null, Value::Null, Value::Null, 0),
        ]});
        let text = owners(&answer);
        let lines: Vec<_> = text.lines().map(str::trim_end).collect();
        let expected = [
            "slot  level  source             obeys               for            other lists",
            "   2      7  fixture 1: Dimmer  list 1 cue 1.5    1.5 s  changing            1",
            "   3      7  fixture 1: Dimmer  list 1, released  0.0 s",
            "  12      7  fixture 1: Dimmer  its default",
        ];
        assert_eq!(lines, expected);
        assert_eq!(owners(&json!({"universe": 4, "slots": []})), "the show drives nothing in universe 4");
    }
}
