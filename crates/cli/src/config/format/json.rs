//! JSON. The parser tells places of syntax errors only; places of values follow from where their raw text lies.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::config::tree::{Entry, Fault, Located, Place, Value};

pub(super) fn read(text: &str) -> Result<Located, Fault> {
    located(text, serde_json::from_str::<&RawValue>(text).map_err(|error| fault(&error, (1, 1)))?.get())
}

/// A syntax error in a piece of text that begins at this line and column.
fn fault(error: &serde_json::Error, (first_line, first_column): (usize, usize)) -> Fault {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default().to_owned();
    let column = error.column().max(1) + if error.line() <= 1 { first_column - 1 } else { 0 };
    Fault::at(Place::At { line: error.line().max(1) + first_line - 1, column }, message)
}

/// The value whose raw text is `raw`, a part of `text`.
fn located<'t>(text: &'t str, raw: &'t str) -> Result<Located, Fault> {
    let place = place(text, raw);
    let Place::At { line, column } = place else { return Err(Fault::at(place, "no place in a file")) };
    let at = |error| fault(&error, (line, column));
    let value = match raw.as_bytes().first() {
        Some(b'{') => {
            let Pairs(pairs) = serde_json::from_str(raw).map_err(at)?;
            Value::Table(entries(text, pairs)?)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw).map_err(at)?;
            Value::List(items.into_iter().map(|item| located(text, item.get())).collect::<Result<_, _>>()?)
        }
        _ => match serde_json::from_str(raw).map_err(at)? {
            serde_json::Value::Bool(on) => Value::Switch(on),
            serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Value::Whole(whole),
                (None, Some(decimal)) => Value::Decimal(decimal),
                (None, None) => Value::Text(number.to_string()),
            },
            serde_json::Value::String(words) => Value::Text(words),
            _ => Value::Nothing,
        },
    };
    Ok(Located { place, value })
}

fn entries<'t>(text: &'t str, pairs: Vec<(Cow<'t, str>, &'t RawValue)>) -> Result<Vec<Entry>, Fault> {
    let mut entries: Vec<Entry> = Vec::with_capacity(pairs.len());
    for (key, raw) in pairs {
        let value = located(text, raw.get())?;
        // A key with escapes has been copied; the place of its value is on the same line for most.
        let place = match &key {
            Cow::Borrowed(key) => place(text, key),
            Cow::Owned(_) => value.place.clone(),
        };
        if entries.iter().any(|entry| entry.key == key) {
            return Err(Fault::at(place, format!("\"{key}\" is given twice")));
        }
        entries.push(Entry { key: key.into_owned(), place, value });
    }
    Ok(entries)
}

/// Where `part`, a slice of `text`, begins.
fn place(text: &str, part: &str) -> Place {
    Place::of_offset(text, (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize))
}

/// The members of an object in their order, borrowed.
struct Pairs<'t>(Vec<(Cow<'t, str>, &'t RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Key(key), value)) = map.next_entry()? {
                    pairs.push((key, value));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A key, borrowed unless it has escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'t>(#[serde(borrow)] Cow<'t, str>);
