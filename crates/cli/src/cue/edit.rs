//! Edits of cue lists, in the words of show files. The hub goes on with what runs.

use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Map, Value, json};

use super::order::ToList;
use crate::ctl::call::Call;

const LEVELS: &str = "\
Levels:
  1.12=80             slot 12 of universe 1 at 80 %
  1.1..1.10=full      a range of slots
  spots:Dimmer=50     an attribute of a group of fixtures
  1..3:Pan=33.3       the same of fixtures by number
A level is a percentage, full, 128/255, 40000/65535, or release.";

/// What a cue can be told.
#[derive(Args, Debug, Default)]
struct Words {
    /// Its name
    #[arg(long)]
    label: Option<String>,
    /// Whatever there is to know
    #[arg(long)]
    notes: Option<String>,
    /// How long its fades take: 3s, or UP/DOWN like 3s/5s
    #[arg(long, value_name = "TIME")]
    fade: Option<String>,
    /// How long its fades wait, in the same form
    #[arg(long, value_name = "TIME")]
    delay: Option<String>,
    /// The next cue begins so long after the start of this one
    #[arg(long, value_name = "TIME", conflicts_with = "hang")]
    follow: Option<String>,
    /// The next cue begins so long after the last fade of this one; may be negative
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    hang: Option<String>,
    /// linear, s-curve, slow-start or slow-end
    #[arg(long)]
    curve: Option<String>,
    /// What it sets, below
    #[arg(value_name = "WHAT=LEVEL")]
    levels: Vec<String>,
}

impl Words {
    fn put(&self, body: &mut Map<String, Value>) -> Result<()> {
        let texts = [
            ("label", &self.label),
            ("notes", &self.notes),
            ("follow", &self.follow),
            ("hang", &self.hang),
            ("curve", &self.curve),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                body.insert(key.into(), text.as_str().into());
            }
        }
        for (key, times) in [("fade", &self.fade), ("delay", &self.delay)] {
            if let Some(times) = times {
                let told = match times.split_once('/') {
                    Some((up, down)) => json!({ "up": up, "down": down }),
                    None => times.as_str().into(),
                };
                body.insert(key.into(), told);
            }
        }
        if !self.levels.is_empty() {
            let sets = self.levels.iter().map(|text| set(text)).collect::<Result<Vec<Value>>>()?;
            body.insert("set".into(), sets.into());
        }
        Ok(())
    }
}

/// One level as a show file says it.
fn set(text: &str) -> Result<Value> {
    let Some((what, level)) = text.split_once('=') else {
        bail!("\"{text}\" is no level: expected WHAT=LEVEL, like 1.12=80 or spots:Dimmer=50");
    };
    let level = match level {
        "full" => json!(100),
        other => other.parse::<f64>().map_or_else(|_| json!(other), |percent| json!(percent)),
    };
    let Some((fixtures, attribute)) = what.split_once(':') else {
        return Ok(json!({ "slots": [what], "level": level }));
    };
    let levels = Map::from_iter([(attribute.to_owned(), level)]);
    let is_number = fixtures.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    Ok(match fixtures.parse::<u32>() {
        Ok(number) => json!({ "fixtures": [number], "levels": levels }),
        Err(_) if is_number => json!({ "fixtures": [fixtures], "levels": levels }),
        Err(_) => json!({ "group": fixtures, "levels": levels }),
    })
}

fn call(list: ToList, edit: &str, cue: &str, more: Map<String, Value>) -> Call {
    let mut body = Map::from_iter([("edit".to_owned(), edit.into()), ("cue".to_owned(), cue.into())]);
    body.extend(more);
    Call::post(format!("/api/v1/cues/{}/edit", list.list), body)
}

/// `cuelight cue insert`.
#[derive(Args, Debug)]
#[command(after_help = LEVELS)]
pub(super) struct Insert {
    /// Its number
    #[arg(value_name = "CUE")]
    cue: String,
    #[command(flatten)]
    list: ToList,
    #[command(flatten)]
    words: Words,
}

impl Insert {
    pub(super) fn call(&self) -> Result<Call> {
        let mut more = Map::new();
        self.words.put(&mut more)?;
        Ok(call(self.list, "insert", &self.cue, more))
    }
}

/// `cuelight cue set`.
#[derive(Args, Debug)]
#[command(after_help = LEVELS)]
pub(super) struct Set {
    /// Which cue
    #[arg(value_name = "CUE")]
    cue: String,
    #[command(flatten)]
    list: ToList,
    /// Set each level where it came from, in the cue from which it tracks
    #[arg(long)]
    at_source: bool,
    #[command(flatten)]
    words: Words,
}

impl Set {
    pub(super) fn call(&self) -> Result<Call> {
        let mut more = Map::new();
        self.words.put(&mut more)?;
        if self.at_source {
            more.insert("at-source".into(), true.into());
        }
        if more.is_empty() {
            bail!("nothing is to be changed: give a level like 1.12=80, or --fade, --label, ...");
        }
        Ok(call(self.list, "set", &self.cue, more))
    }
}

/// `cuelight cue delete`.
#[derive(Args, Debug)]
pub(super) struct Delete {
    /// Which cue
    #[arg(value_name = "CUE")]
    cue: String,
    #[command(flatten)]
    list: ToList,
}

impl Delete {
    pub(super) fn call(&self) -> Call {
        call(self.list, "delete", &self.cue, Map::new())
    }
}

/// `cuelight cue renumber`.
#[derive(Args, Debug)]
pub(super) struct Renumber {
    /// Which cue
    #[arg(value_name = "CUE")]
    cue: String,
    /// Its new number
    #[arg(value_name = "NEW")]
    to: String,
    #[command(flatten)]
    list: ToList,
}

impl Renumber {
    pub(super) fn call(&self) -> Call {
        call(self.list, "renumber", &self.cue, Map::from_iter([("to".to_owned(), self.to.as_str().into())]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_put_as_a_show_file_says_them() {
        assert_eq!(set("1.12=80").unwrap(), json!({"slots": ["1.12"], "level": 80.0}));
        assert_eq!(set("1.1..1.10=release").unwrap(), json!({"slots": ["1.1..1.10"], "level": "release"}));
        assert_eq!(set("spots:Dimmer=full").unwrap(), json!({"group": "spots", "levels": {"Dimmer": 100}}));
        assert_eq!(set("3:Pan#2=128/255").unwrap(), json!({"fixtures": [3], "levels": {"Pan#2": "128/255"}}));
        assert_eq!(set("1..3:Pan=5").unwrap(), json!({"fixtures": ["1..3"], "levels": {"Pan": 5.0}}));
        assert!(set("spots").unwrap_err().to_string().contains("WHAT=LEVEL"));
    }

    #[test]
    fn an_edit_says_what_was_given_and_nothing_else() {
        let words = Words { fade: Some("3s/5s".into()), levels: vec!["1.1=5".into()], ..Words::default() };
        let set = Set { cue: "1.5".into(), list: ToList { list: 2 }, at_source: true, words };
        let expected = json!({"edit": "set", "cue": "1.5", "at-source": true, "fade": {"up": "3s", "down": "5s"},
            "set": [{"slots": ["1.1"], "level": 5.0}]});
        let call = set.call().unwrap();
        assert_eq!((call.path.as_str(), call.body), ("/api/v1/cues/2/edit", Some(expected)));
        let nothing = Set { cue: "1".into(), list: ToList { list: 1 }, at_source: false, words: Words::default() };
        assert!(nothing.call().is_err());
    }
}
