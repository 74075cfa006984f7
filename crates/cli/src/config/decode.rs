//! From a tree to typed settings, with faults that name place, path, what was expected and what was found.

use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Expected, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

use super::tree::{Entry, Fault, Located, Reason, Value};

/// Names closer than this (Jaro-Winkler, 1 is equal) are worth asking about.
const NEAR: f64 = 0.8;

/// Reads settings out of a tree.
pub(crate) fn decode<T: DeserializeOwned>(tree: &Located) -> Result<T, Fault> {
    T::deserialize(Decoder(tree)).map_err(|fault| placed(fault, tree))
}

/// Gives a fault a place unless it has a nearer one.
fn placed(mut fault: Fault, here: &Located) -> Fault {
    fault.place.get_or_insert_with(|| here.place.clone());
    fault
}

struct Decoder<'t>(&'t Located);

impl<'t> Decoder<'t> {
    /// Reads a variable's text as `read` does, where the source is a variable and the text fits.
    fn variable<V>(&self, read: impl FnOnce(&'t str) -> Option<V>) -> Option<V> {
        match &self.0.value {
            Value::Variable(text) => read(text),
            _ => None,
        }
    }
}

impl<'de> Deserializer<'de> for Decoder<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let done = match &self.0.value {
            Value::Nothing => visitor.visit_unit(),
            Value::Switch(on) => visitor.visit_bool(*on),
            Value::Whole(number) => visitor.visit_i64(*number),
            Value::Decimal(number) => visitor.visit_f64(*number),
            Value::Text(text) | Value::Variable(text) => visitor.visit_borrowed_str(text),
            Value::List(items) => visitor.visit_seq(Items(items.iter())),
            Value::Table(entries) => visitor.visit_map(Entries { rest: entries.iter(), current: None }),
        };
        done.map_err(|fault| placed(fault, self.0))
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Nothing => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.variable(super::value::switch_word) {
            Some(on) => visitor.visit_bool(on),
            None => self.deserialize_any(visitor),
        }
    }
    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.variable(|text| text.trim().parse().ok()) {
            Some(number) => visitor.visit_i64(number).map_err(|fault| placed(fault, self.0)),
            None => self.deserialize_any(visitor),
        }
    }
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.variable(|text| text.trim().parse().ok()) {
            Some(number) => visitor.visit_f64(number).map_err(|fault| placed(fault, self.0)),
            None => self.deserialize_any(visitor),
        }
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.variable(Some) {
            Some(text) => visitor.visit_seq(Words { rest: text.split(','), of: self.0 }),
            None => self.deserialize_any(visitor),
        }
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Text(word) | Value::Variable(word) => {
                let chosen = visitor.visit_enum(de::value::BorrowedStrDeserializer::new(word));
                chosen.map_err(|fault| placed(fault, self.0))
            }
            _ => self.deserialize_any(visitor),
        }
    }
    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 char str string bytes byte_buf unit unit_struct tuple tuple_struct map
        struct identifier ignored_any
    }
}

/// The items of a list.
struct Items<'t>(std::slice::Iter<'t, Located>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.0.next().map(|item| seed.deserialize(Decoder(item)).map_err(|fault| placed(fault, item))).transpose()
    }
}

/// The items of a variable, between commas.
struct Words<'t> {
    rest: std::str::Split<'t, char>,
    of: &'t Located,
}

impl<'de> SeqAccess<'de> for Words<'de> {
    type Error = Fault;
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let word = self.rest.next().map(|word| de::value::BorrowedStrDeserializer::new(word.trim()));
        word.map(|word| seed.deserialize(word).map_err(|fault| placed(fault, self.of))).transpose()
    }
}

/// The entries of a table.
struct Entries<'t> {
    rest: std::slice::Iter<'t, Entry>,
    current: Option<&'t Entry>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Fault;
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.current = self.rest.next();
        let Some(entry) = self.current else { return Ok(None) };
        let key = seed.deserialize(de::value::BorrowedStrDeserializer::new(&entry.key));
        key.map(Some).map_err(|fault: Fault| Fault {
            place: fault.place.or(Some(entry.place.clone())),
            path: vec![entry.key.clone()],
            ..fault
        })
    }
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let entry = self.current.expect("serde asks for a key before its value");
        seed.deserialize(Decoder(&entry.value)).map_err(|mut fault| {
            fault.path.insert(0, entry.key.clone());
            placed(fault, &entry.value)
        })
    }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { place: None, path: Vec::new(), reason: Reason::Wrong(message.to_string()) }
    }
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("expected {expected}, found {}", Found(found)))
    }
    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }
    fn missing_field(field: &'static str) -> Self {
        Self::custom(format_args!("expected the setting {field}, which is missing"))
    }
    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Self {
        Self::custom(format_args!("expected {}, found {found:?}", known.join(" or ")))
    }
    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        let likeness = |name: &str| strsim::jaro_winkler(name, field);
        let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let near = nearest.copied().filter(|name| likeness(name) >= NEAR);
        Self { place: None, path: Vec::new(), reason: Reason::Unknown { near, known } }
    }
}

/// What was found, in a user's words.
struct Found<'a>(Unexpected<'a>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unexpected::Bool(on) => write!(f, "{on}"),
            Unexpected::Signed(number) => write!(f, "{number}"),
            Unexpected::Unsigned(number) => write!(f, "{number}"),
            Unexpected::Float(number) => write!(f, "{number}"),
            Unexpected::Str(text) => write!(f, "{text:?}"),
            Unexpected::Unit | Unexpected::Option => f.write_str("nothing"),
            Unexpected::Seq => f.write_str("a list"),
            Unexpected::Map => f.write_str("a table"),
            other => write!(f, "{other}"),
        }
    }
}
