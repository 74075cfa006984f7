//! `cuelight ctl set`.

use std::str::FromStr;

use clap::Args;
use serde_json::{Map, Value};

use super::Ask;
use super::call::{Call, done};
use super::words::{Where, name_or_number};

const MORE: &str = "\
Settings: brightness, speed, intensity, saturation, complexity and variation from 0 to 255, hue from 0 to 65535, and
palette by name or number.

Examples:
  cuelight ctl set brightness=120
  cuelight ctl set hue=32768 saturation=200 --fade 5s --scope group:bikes";

/// `cuelight ctl set`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(super) struct Set {
    /// What to change.
    #[arg(required = true, value_name = "NAME=VALUE")]
    changes: Vec<Change>,
    #[command(flatten)]
    place: Where,
}

/// One parameter and its new value.
#[derive(Clone, Debug, PartialEq)]
struct Change {
    name: &'static str,
    value: Value,
}

/// The parameters, each with its largest number; none for one that has names.
const PARAMETERS: [(&str, Option<u16>); 8] = [
    ("brightness", Some(255)),
    ("speed", Some(255)),
    ("hue", Some(65_535)),
    ("intensity", Some(255)),
    ("saturation", Some(255)),
    ("complexity", Some(255)),
    ("variation", Some(255)),
    ("palette", None),
];

impl FromStr for Change {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (given, value) = text.split_once('=').ok_or("expected NAME=VALUE like brightness=120")?;
        let parameter = PARAMETERS.iter().find(|(name, _)| *name == given);
        let (name, max) = parameter.ok_or_else(|| {
            let names = PARAMETERS.map(|(name, _)| name).join(", ");
            format!("there is no parameter \"{given}\": expected one of {names}")
        })?;
        let value = match max {
            None => name_or_number(value),
            Some(max) => match value.parse::<u16>() {
                Ok(number) if number <= *max => Value::from(number),
                _ => return Err(format!("expected a whole number from 0 to {max}")),
            },
        };
        Ok(Self { name, value })
    }
}

impl Ask for Set {
    fn call(&self) -> Call {
        let mut body: Map<_, _> =
            self.changes.iter().map(|change| (change.name.to_owned(), change.value.clone())).collect();
        self.place.put(&mut body);
        Call::post("/api/v1/parameters", body)
    }
    fn words(&self, answer: &Value) -> String {
        done(answer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_sent_as_numbers_and_names() {
        let changes = ["brightness=0", "hue=65535", "palette=lava"].map(|text| text.parse().unwrap());
        let set = Set { changes: changes.to_vec(), place: Where::default() };
        assert_eq!(set.call().body, Some(json!({"brightness": 0, "hue": 65_535, "palette": "lava"})));
    }

    #[test]
    fn a_wrong_parameter_is_told_what_was_expected() {
        assert!("bright=1".parse::<Change>().unwrap_err().contains("brightness"));
        assert_eq!("speed=256".parse::<Change>().unwrap_err(), "expected a whole number from 0 to 255");
        assert!("speed".parse::<Change>().unwrap_err().contains("NAME=VALUE"));
    }
}
