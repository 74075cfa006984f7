//! `GET /metrics`: JSON, or Prometheus text for `Accept: text/plain` and `?format=prometheus`.

use std::fmt::{self, Write};

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use cuelight_conductor::Snapshot;
use serde::{Deserialize, Serialize};

use super::Problem;
use super::body::Asked;
use super::nodes::{NodeView, state_word};
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
    let prometheus = match form.format.as_deref() {
        Some("prometheus") => true,
        Some("json") => false,
        None => accept.contains("text/plain") || accept.contains("application/openmetrics-text"),
        Some(other) => return Err(Problem::bad_request(format!("format {other} is neither json nor prometheus"))),
    };
    if !prometheus {
        return Ok(Json(Metrics::of(&snapshot)).into_response());
    }
    let mut text = String::new();
    write_prometheus(&mut text, &snapshot).expect("writing to a String succeeds");
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
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
}

/// No rollout runs on this version of the hub.
#[derive(Debug, Serialize)]
struct Ota {
    rolling_update: bool,
    last_version: Option<String>,
}

#[derive(Debug, Serialize)]
struct Connections {
    open: usize,
    refused: u64,
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
            },
            ota: Ota { rolling_update: false, last_version: None },
            tick,
            connections: Connections { open: snapshot.connections, refused: snapshot.refused },
            per_node: snapshot.nodes.iter().map(|node| NodeView::of(node, snapshot)).collect(),
        }
    }
}

/// The text exposition format, version 0.0.4.
fn write_prometheus(out: &mut String, snapshot: &Snapshot) -> fmt::Result {
    let (totals, tick) = (&snapshot.totals, &snapshot.tick);
    family(out, "cuelight_hub_nodes", "gauge", "Nodes in the roster by state.")?;
    for (state, count) in [("ready", totals.ready), ("degraded", totals.degraded), ("lost", totals.lost)] {
        writeln!(out, "cuelight_hub_nodes{{state=\"{state}\"}} {count}")?;
    }
    let seconds = |span: cuelight_wire::time::Span| span.as_ns() as f64 / 1e9;
    let singles: [(&str, &str, &str, f64); 8] = [
        ("cuelight_hub_tick_hertz", "gauge", "Stream ticks per second.", tick.millihertz as f64 / 1e3),
        (
            "cuelight_hub_tick_overruns_total",
            "counter",
            "Ticks that ended after the next deadline.",
            tick.overruns as f64,
        ),
        ("cuelight_hub_ticks_missed_total", "counter", "Ticks left out.", tick.missed as f64),
        ("cuelight_hub_tick_cost_p99_seconds", "gauge", "99th percentile of a tick's cost.", seconds(tick.cost_p99)),
        ("cuelight_hub_stream_bytes_total", "counter", "Bytes of stream packets sent.", totals.bytes as f64),
        ("cuelight_hub_stream_packets_total", "counter", "Stream packets sent.", totals.packets as f64),
        ("cuelight_hub_connections", "gauge", "Open control connections.", snapshot.connections as f64),
        ("cuelight_hub_refused_total", "counter", "Control connections closed with a reason.", snapshot.refused as f64),
    ];
    for (name, kind, help, value) in singles {
        family(out, name, kind, help)?;
        writeln!(out, "{name} {value}")?;
    }
    per_node(out, snapshot)
}

type Reading = fn(&cuelight_conductor::NodeSnapshot) -> f64;

fn per_node(out: &mut String, snapshot: &Snapshot) -> fmt::Result {
    let readings: [(&str, &str, &str, Reading); 9] = [
        ("cuelight_node_clock_sigma_seconds", "gauge", "Standard deviation of the node's clock estimate.", |n| {
            n.sync.unwrap_or_default().sigma_ns as f64 / 1e9
        }),
        ("cuelight_node_clock_bound_seconds", "gauge", "Bound of the node's clock error.", |n| {
            n.sync.unwrap_or_default().bound_ns as f64 / 1e9
        }),
        ("cuelight_node_clock_drift_seconds", "gauge", "Latest accepted offset minus the one in use.", |n| {
            n.drift_us as f64 / 1e6
        }),
        ("cuelight_node_stream_loss_ratio", "gauge", "Stream packets lost.", |n| f64::from(n.loss_pct) / 100.0),
        ("cuelight_node_rssi_dbm", "gauge", "Signal strength.", |n| f64::from(n.rssi)),
        ("cuelight_node_frames_per_second", "gauge", "Frames rendered per second.", |n| f64::from(n.render_fps)),
        ("cuelight_node_output_late_p99_seconds", "gauge", "99th percentile of output lateness.", |n| {
            n.sync.unwrap_or_default().output_late_ns as f64 / 1e9
        }),
        ("cuelight_node_frames_missed_total", "counter", "Frames not put out in time.", |n| {
            f64::from(n.sync.unwrap_or_default().frames_missed)
        }),
        ("cuelight_node_reconnects_total", "counter", "Hellos after the first.", |n| f64::from(n.reconnects)),
    ];
    for (name, kind, help, read) in readings {
        family(out, name, kind, help)?;
        for node in &snapshot.nodes {
            let state = state_word(node.state);
            writeln!(out, "{name}{{node=\"{}\",mac=\"{}\",state=\"{state}\"}} {}", node.id.0, node.mac, read(node))?;
        }
    }
    Ok(())
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}
