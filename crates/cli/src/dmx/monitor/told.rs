//! Events in a sentence, where there is no screen.

use serde_json::Value;

/// One event.
pub(super) fn line(event: &Value) -> String {
    let word = |key: &str| event[key].as_str().unwrap_or_default();
    let who = match word("name") {
        "" => word("source").to_owned(),
        name => format!("{name} ({})", word("source")),
    };
    let universe = &event["universe"];
    match word("event") {
        "found" => format!("universe {universe}: {who} counts from now on"),
        "lost" => format!("universe {universe}: {who} is gone: {}", word("why")),
        "sources-exceeded" => format!("universe {universe}: {who} is one source too many and is not used"),
        "sync-lost" => format!("universe {universe}: {who} waits for synchronisation that does not come"),
        other => format!("universe {universe}: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_says_universe_and_source_and_why() {
        let found = json!({"event": "found", "universe": 3, "source": "sacn:00", "name": "desk"});
        assert_eq!(line(&found), "universe 3: desk (sacn:00) counts from now on");
        let lost = json!({"event": "lost", "universe": 3, "source": "artnet:10.0.0.1/0", "why": "silent"});
        assert_eq!(line(&lost), "universe 3: artnet:10.0.0.1/0 is gone: silent");
    }
}
