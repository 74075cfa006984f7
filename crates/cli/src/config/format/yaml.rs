//! YAML.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, de};
use serde_saphyr::{Location, Spanned};

use crate::config::tree::{Entry, Fault, Located, Place, Value};

pub(super) fn read(text: &str) -> Result<Located, Fault> {
    let document: Spanned<Any> = serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().map_or_else(|| Place::of_offset(text, 0), place);
        let message = error.without_snippet().to_string();
        // The message ends in the place once more.
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        Fault::at(place, message)
    })?;
    let document = located(document);
    Ok(match document.value {
        Value::Nothing => Located { value: Value::Table(Vec::new()), ..document },
        _ => document,
    })
}

fn place(location: Location) -> Place {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).max(1);
    Place::At { line: number(location.line()), column: number(location.column()) }
}

fn located(node: Spanned<Any>) -> Located {
    let value = match node.value {
        Any::Plain(value) => value,
        Any::List(items) => Value::List(items.into_iter().map(located).collect()),
        Any::Table(entries) => Value::Table(
            entries
                .into_iter()
                .map(|(key, value)| Entry { place: place(key.referenced), key: key.value, value: located(value) })
                .collect(),
        ),
    };
    Located { place: place(node.referenced), value }
}

/// Any node.
enum Any {
    Plain(Value),
    List(Vec<Spanned<Self>>),
    Table(Vec<(Spanned<String>, Spanned<Self>)>),
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Any;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E: de::Error>(self) -> Result<Any, E> {
        Ok(Any::Plain(Value::Nothing))
    }
    fn visit_none<E: de::Error>(self) -> Result<Any, E> {
        self.visit_unit()
    }
    fn visit_bool<E: de::Error>(self, on: bool) -> Result<Any, E> {
        Ok(Any::Plain(Value::Switch(on)))
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Any, E> {
        Ok(Any::Plain(Value::Whole(number)))
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Any, E> {
        // Larger than any setting; a decimal keeps its size for the message.
        Ok(Any::Plain(i64::try_from(number).map_or(Value::Decimal(number as f64), Value::Whole)))
    }
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Any, E> {
        Ok(Any::Plain(Value::Decimal(number)))
    }
    fn visit_str<E: de::Error>(self, words: &str) -> Result<Any, E> {
        Ok(Any::Plain(Value::Text(words.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Any, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Any::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Any, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Any::Table(entries))
    }
}
