//! `cuelight ctl zones`.

use std::str::FromStr;

use clap::Args;
use serde_json::{Map, Value, json};

use super::Ask;
use super::call::{Call, done};
use super::scene;
use super::words::{name_or_number, word};
use crate::print;

const MORE: &str = "\
Zones are parts of every node's pixels with an effect of their own, at most four. FROM and TO are 256ths of the pixels,
both inclusive. The zones given replace all there were.

A zone is FROM-TO:EFFECT, with any of ,palette=NAME ,brightness=N ,speed=N ,blend=MODE after it. Modes are overwrite, add,
multiply, screen, lighten, darken, average and difference.

Examples:
  cuelight ctl zones                                       what zones there are
  cuelight ctl zones 0-127:fire 128-255:plasma,palette=ocean
  cuelight ctl zones 0-255:twinkle,blend=add               over the scene
  cuelight ctl zones off";

/// `cuelight ctl zones`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(super) struct Zones {
    /// Zones, or off.
    #[arg(value_name = "FROM-TO:EFFECT|off", num_args = 0..=4)]
    zones: Vec<ZoneWord>,
    /// What they are for: show, group:NAME, node:NAME or node:NUMBER [default: show].
    #[arg(long)]
    scope: Option<String>,
}

/// One argument.
#[derive(Clone, Debug, PartialEq)]
enum ZoneWord {
    Off,
    Zone(Map<String, Value>),
}

impl FromStr for ZoneWord {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let shape = || "expected FROM-TO:EFFECT like 0-127:fire, or off".to_owned();
        let (range, rest) = text.split_once(':').ok_or_else(shape)?;
        let (from, to) = range.split_once('-').ok_or_else(shape)?;
        let (Ok(from), Ok(to)) = (from.parse::<u8>(), to.parse::<u8>()) else {
            return Err(format!("{range}: expected FROM-TO from 0 to 255"));
        };
        if from > to {
            return Err(format!("{range}: expected FROM to be at most TO"));
        }
        let mut words = rest.split(',');
        let effect = words.next().filter(|effect| !effect.is_empty()).ok_or_else(shape)?;
        let mut zone = Map::from_iter([
            ("effect".to_owned(), name_or_number(effect)),
            ("from".to_owned(), json!(from)),
            ("to".to_owned(), json!(to)),
        ]);
        for word in words {
            let (key, value) = option(word)?;
            zone.insert(key.to_owned(), value);
        }
        Ok(Self::Zone(zone))
    }
}

fn option(word: &str) -> Result<(&str, Value), String> {
    match word.split_once('=') {
        Some(("palette", name)) => Ok(("palette", name_or_number(name))),
        Some(("blend", mode)) => Ok(("blend", Value::from(mode))),
        Some((key @ ("brightness" | "speed"), number)) => {
            let number: u8 = number.parse().map_err(|_| format!("{word}: expected a whole number from 0 to 255"))?;
            Ok((key, Value::from(number)))
        }
        _ => Err(format!("{word}: expected palette=NAME, brightness=N, speed=N or blend=MODE")),
    }
}

impl Ask for Zones {
    fn call(&self) -> Call {
        if self.zones.is_empty() {
            return scene::get(self.scope.as_deref());
        }
        let zones = self.zones.iter().filter_map(|word| match word {
            ZoneWord::Zone(zone) => Some(zone.clone()),
            ZoneWord::Off => None,
        });
        let numbered = zones.enumerate().map(|(id, mut zone)| {
            zone.insert("id".to_owned(), json!(id));
            Value::Object(zone)
        });
        let mut body = Map::from_iter([("zones".to_owned(), numbered.collect())]);
        super::call::put(&mut body, "scope", self.scope.as_deref());
        Call::post("/api/v1/zones", body)
    }

    fn words(&self, answer: &Value) -> String {
        if !self.zones.is_empty() {
            return done(answer);
        }
        match answer["zones"].as_array() {
            Some(zones) if !zones.is_empty() => described(&answer["zones"]),
            _ => "zones are off".to_owned(),
        }
    }
}

/// Zones for people.
pub(super) fn described(zones: &Value) -> String {
    let keys = ["id", "from", "to", "effect", "palette", "brightness", "speed", "blend"];
    let row = |zone: &Value| keys.map(|key| word(&zone[key]));
    let rows: Vec<_> = zones.as_array().into_iter().flatten().map(row).collect();
    print::table([">zone", ">from", ">to", "effect", "palette", ">brightness", ">speed", "blend"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones(words: &[&str]) -> Zones {
        Zones { zones: words.iter().map(|word| word.parse().unwrap()).collect(), scope: None }
    }

    #[test]
    fn zones_are_numbered_in_their_order() {
        let body = json!({"zones": [
            {"id": 0, "from": 0, "to": 127, "effect": "fire"},
            {"id": 1, "from": 128, "to": 255, "effect": 7, "palette": "ocean", "speed": 9, "blend": "add"},
        ]});
        assert_eq!(zones(&["0-127:fire", "128-255:7,palette=ocean,speed=9,blend=add"]).call().body, Some(body));
    }

    #[test]
    fn off_sends_no_zones_and_nothing_asks() {
        assert_eq!(zones(&["off"]).call().body, Some(json!({"zones": []})));
        assert_eq!(zones(&[]).call(), Call::get("/api/v1/scene"));
        assert_eq!(zones(&[]).words(&json!({"zones": []})), "zones are off");
    }

    #[test]
    fn a_wrong_zone_is_told_what_was_expected() {
        for (text, expected) in [
            ("fire", "FROM-TO:EFFECT"),
            ("0-256:fire", "0 to 255"),
            ("9-8:fire", "at most TO"),
            ("0-1:", "FROM-TO:EFFECT"),
            ("0-1:fire,mood=sad", "blend=MODE"),
            ("0-1:fire,speed=x", "whole number"),
        ] {
            let message = text.parse::<ZoneWord>().unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}
