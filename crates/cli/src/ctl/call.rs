//! Requests of the hub's API.

use serde_json::{Map, Value};

/// HTTP methods the API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Read.
    Get,
    /// Command.
    Post,
    /// Make or replace.
    Put,
    /// Change a part.
    Patch,
    /// Remove.
    Delete,
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path and query, ready to be sent.
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

impl Call {
    /// Reads `path`.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), body: None }
    }
    /// Commands `path`, with what is given in `body`.
    pub(crate) fn post(path: impl Into<String>, body: Map<String, Value>) -> Self {
        Self { method: Method::Post, path: path.into(), body: Some(Value::Object(body)) }
    }
}

/// A member of a body, where it is given.
pub(crate) fn put(body: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        body.insert(key.to_owned(), value.into());
    }
}

/// `text` as one segment of a path or value of a query (RFC 3986: all but unreserved characters are escaped).
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// The answer to a command in words.
pub(crate) fn done(answer: &Value) -> String {
    let seconds = answer["apply_at_us"].as_i64().map_or(0.0, |us| us as f64 / 1e6);
    let nodes = match answer["nodes"].as_u64() {
        Some(1) => "1 node".to_owned(),
        Some(nodes) => format!("{nodes} nodes"),
        None => "all nodes".to_owned(),
    };
    let again = if answer["repeated"] == true { " (was done before)" } else { "" };
    format!("change {} on {nodes}, in force from show time {seconds:.3} s{again}", answer["rev"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_with_spaces_and_slashes_are_one_segment() {
        assert_eq!(escaped("Bühne 1/links"), "B%C3%BChne%201%2Flinks");
        assert_eq!(escaped("bike_001"), "bike_001");
    }

    #[test]
    fn a_done_command_tells_when_and_on_how_many_nodes() {
        let answer = json!({"apply_at_us": 12_345_678, "rev": 7, "repeated": false, "nodes": 4});
        assert_eq!(done(&answer), "change 7 on 4 nodes, in force from show time 12.346 s");
        let again = json!({"apply_at_us": 0, "rev": 7, "repeated": true, "nodes": 1});
        assert_eq!(done(&again), "change 7 on 1 node, in force from show time 0.000 s (was done before)");
    }
}
