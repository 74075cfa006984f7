//! TOML.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::tree::{Entry, Fault, Located, Place, Value};

pub(super) fn read(text: &str) -> Result<Located, Fault> {
    let table = DeTable::parse(text).map_err(|error| {
        let place = Place::of_offset(text, error.span().map_or(0, |span| span.start));
        Fault::at(place, error.message().replace('\n', ", "))
    })?;
    Ok(Located { place: Place::of_offset(text, 0), value: entries(text, table.get_ref()) })
}

fn entries(text: &str, table: &DeTable<'_>) -> Value {
    let mut entries: Vec<_> = table.iter().collect();
    // The parser sorts by name; people look from the top.
    entries.sort_by_key(|(key, _)| key.span().start);
    let entry = |(key, value): (&Spanned<_>, &Spanned<_>)| Entry {
        key: String::from(std::borrow::Cow::as_ref(key.get_ref())),
        place: Place::of_offset(text, key.span().start),
        value: located(text, value),
    };
    Value::Table(entries.into_iter().map(entry).collect())
}

fn located(text: &str, value: &Spanned<DeValue<'_>>) -> Located {
    let found = match value.get_ref() {
        DeValue::String(words) => Value::Text(words.to_string()),
        DeValue::Boolean(on) => Value::Switch(*on),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Whole(number),
            Err(_) => Value::Text(number.to_string()),
        },
        DeValue::Float(number) => match number.as_str().parse() {
            Ok(number) => Value::Decimal(number),
            Err(_) => Value::Text(number.to_string()),
        },
        DeValue::Datetime(instant) => Value::Text(instant.to_string()),
        DeValue::Array(items) => Value::List(items.iter().map(|item| located(text, item)).collect()),
        DeValue::Table(table) => entries(text, table),
    };
    Located { place: Place::of_offset(text, value.span().start), value: found }
}
