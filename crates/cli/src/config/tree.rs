//! What a configuration source says, before anybody asks what it means: a tree in which everything knows its place.
//!
//! Files of all formats and the environment become the same tree, so every message about a setting has one form.

use std::fmt;

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a file, both counted from 1; columns are characters.
    At {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// In an environment variable.
    Variable(String),
}

impl Place {
    /// The place of the byte `offset` of `text`; the end when it lies beyond.
    pub(crate) fn of_offset(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self::At { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Located {
    /// Where the value stands.
    pub(crate) place: Place,
    /// The value.
    pub(crate) value: Value,
}

/// A value of any source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Nothing: `null`.
    Nothing,
    /// True or false.
    Switch(bool),
    /// A whole number.
    Whole(i64),
    /// A decimal number.
    Decimal(f64),
    /// A text.
    Text(String),
    /// The text of an environment variable: a number, switch or comma-separated list where one is wanted.
    Variable(String),
    /// A list.
    List(Vec<Located>),
    /// A table, in its order.
    Table(Vec<Entry>),
}

/// One key of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// Where the key stands.
    pub(crate) place: Place,
    /// Its value.
    pub(crate) value: Located,
}

impl Located {
    /// The value at a path like `node.geometry`.
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |here, key| match &here.value {
            Value::Table(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            _ => None,
        })
    }
}

/// Something is wrong with a source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    /// Where, when that is known.
    pub(crate) place: Option<Place>,
    /// The keys that lead there.
    pub(crate) path: Vec<String>,
    /// What.
    pub(crate) reason: Reason,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reason {
    /// The source cannot be read, or a value is not what was expected: the sentence for people.
    Wrong(String),
    /// No setting of this name.
    Unknown {
        /// The setting that may be meant.
        near: Option<&'static str>,
        /// All settings there.
        known: &'static [&'static str],
    },
}

impl Fault {
    /// A fault at a known place, outside any setting.
    pub(crate) fn at(place: Place, reason: impl Into<String>) -> Self {
        Self { place: Some(place), path: Vec::new(), reason: Reason::Wrong(reason.into()) }
    }

    /// A setting as this source names it: a key, or a variable like the one at fault.
    fn as_given(&self, setting: &str) -> String {
        match (&self.place, self.path.last()) {
            (Some(Place::Variable(name)), Some(key)) => {
                let prefix = name.get(..name.len().saturating_sub(key.len())).unwrap_or_default();
                format!("{prefix}{}", setting.to_ascii_uppercase())
            }
            _ => setting.to_owned(),
        }
    }
}

impl fmt::Display for Fault {
    /// `7:12: node.geometry: expected ..., found ...`, or the variable's name in place of line, column and path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(Place::At { line, column }) => write!(f, "{line}:{column}: ")?,
            Some(Place::Variable(name)) => write!(f, "{name}: ")?,
            None => {}
        }
        if !self.path.is_empty() && !matches!(self.place, Some(Place::Variable(_))) {
            write!(f, "{}: ", self.path.join("."))?;
        }
        match &self.reason {
            Reason::Wrong(sentence) => f.write_str(sentence),
            Reason::Unknown { near: Some(near), .. } => {
                write!(f, "there is no such setting; did you mean {}?", self.as_given(near))
            }
            Reason::Unknown { near: None, known } => {
                let known: Vec<_> = known.iter().map(|setting| self.as_given(setting)).collect();
                write!(f, "there is no such setting; expected one of {}", known.join(", "))
            }
        }
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let at = |offset| Place::of_offset("a = 1\nü = 2\n", offset);
        assert_eq!(at(0), Place::At { line: 1, column: 1 });
        assert_eq!(at(4), Place::At { line: 1, column: 5 });
        assert_eq!(at(6), Place::At { line: 2, column: 1 });
        assert_eq!(at(11), Place::At { line: 2, column: 5 });
        assert_eq!(at(99), Place::At { line: 3, column: 1 });
    }
}
