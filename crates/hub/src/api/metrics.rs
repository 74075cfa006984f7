//! `GET /metrics`: JSON, or Prometheus text for `Accept: text/plain` and `?format=prometheus`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use cuelight_conductor::Snapshot;
use serde::{Deserialize, Serialize};

use super::Problem;
use super::body::Asked;
use super::nodes::NodeView;
use super::prometheus;
use super::show::TickView;
use crate::shared::Shared;

#[derive(Debug, Deserialize)]
pub(crate) struct Form {
    format: Option<String>,
}

pub(crate) async fn metrics(
    State(shared): State<Shared>,
    Asked(form): Asked<Form>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = shared.snapshot.load();
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match form.format.as_deref() {
        Some("json") => Ok(Json(Metrics::of(&snapshot)).into_response()),
        Some("prometheus") => Ok(as_text(&snapshot)),
        Some(other) => Err(Problem::bad_request(format!("format {other} is neither json nor prometheus"))),
        None if wants_text(accept) => Ok(as_text(&snapshot)),
        None => Ok(Json(Metrics::of(&snapshot)).into_response()),
    }
}

/// Whether an `Accept` header asks for text. Programs that take JSON often take any text as well.
fn wants_text(accept: &str) -> bool {
    let takes = |kind| accept.contains(kind);
    (takes("text/plain") || takes("application/openmetrics-text")) && !takes("application/json")
}

fn as_text(snapshot: &Snapshot) -> Response {
    ([(header::CONTENT_TYPE, prometheus::CONTENT_TYPE)], prometheus::text(snapshot)).into_response()
}

#[derive(Debug, Serialize)]
struct Metrics {
    nodes: Nodes,
    udp: Udp,
    ota: Ota,
    tick: TickView,
    connections: Connections,
    per_node: Vec<NodeView>,
}

#[derive(Debug, Serialize)]
struct Nodes {
    total: usize,
    ready: usize,
    degraded: usize,
    lost: usize,
}

#[derive(Debug, Serialize)]
struct Udp {
    tick_hz: f64,
    overruns: u64,
    bytes_sent: u64,
    packets_sent: u64,
    unsent: u64,
    copies_skipped: u64,
}

/// The rollout that is going on, and the version of the last one that came to its end.
#[derive(Debug, Serialize)]
struct Ota {
    rolling_update: bool,
    last_version: Option<String>,
}

#[derive(Debug, Serialize)]
struct Connections {
    open: usize,
    refused: u64,
    /// Messages dropped because a queue was full.
    messages_dropped: u64,
}

impl Metrics {
    fn of(snapshot: &Snapshot) -> Self {
        let totals = &snapshot.totals;
        let tick = TickView::from(&snapshot.tick);
        Self {
            nodes: Nodes { total: totals.total, ready: totals.ready, degraded: totals.degraded, lost: totals.lost },
            udp: Udp {
                tick_hz: tick.hz,
                overruns: tick.overruns,
                bytes_sent: totals.bytes,
                packets_sent: totals.packets,
                unsent: totals.unsent,
                copies_skipped: totals.copies_skipped,
            },
            ota: Ota {
                rolling_update: snapshot.rollout.as_ref().is_some_and(|rollout| !rollout.status.is_over()),
                last_version: snapshot.last_version.clone(),
            },
            tick,
            connections: Connections {
                open: snapshot.connections,
                refused: snapshot.refused,
                messages_dropped: totals.messages_dropped,
            },
            per_node: snapshot.nodes.iter().map(|node| NodeView::of(node, snapshot)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrapers_get_text_and_programs_that_take_json_get_json() {
        let scraper = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
        assert!(wants_text(scraper) && wants_text("text/plain"));
        for json in ["", "*/*", "application/json", "application/json, text/plain, */*", "text/html,*/*;q=0.8"] {
            assert!(!wants_text(json), "{json}");
        }
    }
}
