//! Settings from the environment: `CUELIGHT_HUB_PORT` is the key `port` of `[hub]`. An empty variable says nothing.

use std::ffi::OsString;

use super::tree::{Entry, Fault, Located, Place, Value};

/// The variables that begin with `prefix`, as a table with the rest of their names in lower case as keys.
pub(crate) fn read(prefix: &str, variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Located, Fault> {
    let mut entries = Vec::new();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(prefix)) else { continue };
        let place = Place::Variable(name.to_owned());
        let text = value.into_string().map_err(|_| Fault::at(place.clone(), "expected UTF-8 text"))?;
        if !text.is_empty() {
            let value = Located { place: place.clone(), value: Value::Variable(text) };
            entries.push(Entry { key: name[prefix.len()..].to_ascii_lowercase(), place, value });
        }
    }
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(Located { place: Place::Variable(format!("{prefix}*")), value: Value::Table(entries) })
}
