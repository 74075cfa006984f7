//! Health, metrics, lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, header};
use cuelight_wire::time::Span;
use serde_json::json;

use crate::testing::{LOCAL, TestHub};

/// HUB-5
#[tokio::test]
async fn a_hub_whose_tick_thread_hangs_is_not_healthy() {
    let hub = TestHub::start().await;
    let health = hub.get("/health").await.ok();
    assert_eq!((&health["status"], &health["version"]), (&json!("ok"), &json!(env!("CARGO_PKG_VERSION"))));
    assert!(health["uptime_s"].is_i64() && health["show_us"].is_i64());
    // A clock that is three seconds ahead sees the same snapshot as three seconds old.
    let clock = "3,0".parse().unwrap();
    let mut later = hub.shared.clone();
    later.clock = clock;
    let router = crate::api::router(later);
    let hub = {
        let mut hub = hub;
        hub.router = router;
        hub
    };
    assert!(hub.get("/health").await.problem(503).contains("tick thread"));
    hub.stop().await;
}

/// HUB-11
#[tokio::test]
async fn metrics_in_json_have_the_keys_of_the_protocol() {
    let hub = TestHub::start().await;
    let (node, _) = hub.join("02:00:00:00:00:01").await;
    hub.refresh().await;
    let metrics = hub.get("/metrics").await.ok();
    for key in ["total", "ready", "degraded", "lost"] {
        assert!(metrics["nodes"][key].is_u64(), "{key}: {metrics}");
    }
    assert_eq!(metrics["ota"], json!({"rolling_update": false, "last_version": null}));
    assert!(metrics["udp"]["tick_hz"].is_f64());
    assert!(metrics["udp"]["overruns"].is_u64() && metrics["udp"]["bytes_sent"].is_u64());
    for key in ["last_seen_ms", "reconnects", "loss_pct", "drift_us", "rssi"] {
        assert!(metrics["per_node"][0][key].is_number(), "{key}: {metrics}");
    }
    hub.get("/metrics?format=xml").await.problem(400);
    drop(node);
    hub.stop().await;
}

/// A sample: name, labels, value.
type Sample = (String, BTreeMap<String, String>, f64);

/// Reads one sample line by the grammar of the text format.
fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            if !is_name(label) || labels.insert(label.to_owned(), value).is_some() {
                return None;
            }
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ')?.parse().ok()?;
    is_name(name).then(|| (name.to_owned(), labels, value))
}

/// A label's value up to its closing quote, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut chars) = (String::new(), text.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                c @ ('"' | '\\') => c,
                _ => return None,
            }),
            c => value.push(c),
        }
    }
    None
}

/// HUB-11
#[tokio::test]
async fn metrics_in_text_are_what_a_scraper_reads() {
    let hub = TestHub::start().await;
    let (node, _) = hub.join("02:00:00:00:00:01").await;
    hub.send(axum::http::Method::PATCH, "/api/v1/nodes/1", json!({"name": "a \"b\" \\c"})).await.ok();
    let request = Request::get("/metrics").header(header::ACCEPT, "text/plain").body(Body::empty()).unwrap();
    let reply = hub.request(LOCAL, request).await;
    assert_eq!(reply.headers[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    assert!(reply.text.ends_with('\n'));

    let (mut kinds, mut helped, mut samples) = (BTreeMap::new(), Vec::new(), Vec::new());
    for line in reply.text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').unwrap();
            assert!(!text.is_empty() && !text.contains('\\'));
            helped.push(name.to_owned());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(helped.last().map(String::as_str), Some(name), "HELP comes before TYPE");
            assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} twice");
        } else {
            let sample = sample(line).unwrap_or_else(|| panic!("no sample: {line}"));
            assert_eq!(helped.last(), Some(&sample.0), "samples stand below their family");
            samples.push(sample);
        }
    }
    for (name, kind) in &kinds {
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
        assert!(["counter", "gauge"].contains(&kind.as_str()));
    }
    let distinct: std::collections::BTreeSet<_> = samples.iter().map(|(name, labels, _)| (name, labels)).collect();
    assert_eq!(distinct.len(), samples.len(), "no series twice");
    let info = samples.iter().find(|(name, ..)| name == "cuelight_node_info").unwrap();
    assert_eq!((info.1["name"].as_str(), info.1["mac"].as_str()), ("a \"b\" \\c", "02:00:00:00:00:01"));
    let states: f64 = samples.iter().filter(|(name, ..)| name == "cuelight_node_state").map(|s| s.2).sum();
    assert!((states - 1.0).abs() < f64::EPSILON, "a node is in one state");
    assert_eq!(hub.get("/metrics?format=prometheus").await.text.lines().count(), reply.text.lines().count());
    drop(node);
    hub.stop().await;
}

#[tokio::test]
async fn what_there_is_to_show_is_listed_with_names_that_commands_take() {
    let hub = TestHub::start().await;
    for (list, field) in [("effects", "effect"), ("palettes", "palette"), ("presets", "preset")] {
        let entries = hub.get(&format!("/api/v1/{list}")).await.ok();
        let entries = entries.as_array().unwrap();
        assert!(entries.len() >= if list == "presets" { 1 } else { 24 }, "{list}");
        for entry in entries {
            assert!(!entry["description"].as_str().unwrap().is_empty());
            hub.post("/api/v1/scene", json!({ field: entry["name"] })).await.ok();
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_snapshot_is_swapped_whole() {
    let hub = TestHub::start().await;
    let before = hub.shared.snapshot.load_full();
    hub.post("/api/v1/blackout", json!({"on": true})).await.ok();
    let after = hub.shared.snapshot.load_full();
    assert!(!Arc::ptr_eq(&before, &after) && after.local - before.local >= Span::ZERO && after.rev > before.rev);
    hub.stop().await;
}
