//! The facts of `GET /metrics` in the Prometheus text format, version 0.0.4 (HUB-11): base units (seconds, bytes,
//! ratios), counters that end in `_total`, and what changes about a node (its state) as a value, not as a label of every
//! series.

use std::fmt::{self, Write};

use cuelight_conductor::rollout::{Phase, Status};
use cuelight_conductor::{NodeSnapshot, Snapshot, State};
use cuelight_wire::control::SyncReport;
use cuelight_wire::time::Span;

use super::nodes::state_word;

/// What this text is.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The states `cuelight_node_state` tells of.
const STATES: [&str; 6] = ["pending", "authed", "ready", "degraded", "lost", "offline"];

/// The text.
pub(crate) fn text(snapshot: &Snapshot) -> String {
    let mut out = String::new();
    write(&mut out, snapshot).expect("writing to a String succeeds");
    out
}

fn write(out: &mut String, snapshot: &Snapshot) -> fmt::Result {
    hub(out, snapshot)?;
    node_states(out, snapshot)?;
    node_readings(out, snapshot)
}

fn hub(out: &mut String, snapshot: &Snapshot) -> fmt::Result {
    let (totals, tick) = (&snapshot.totals, &snapshot.tick);
    family(out, "cuelight_hub_nodes", "gauge", "Nodes in the roster by state.")?;
    for (state, count) in [("ready", totals.ready), ("degraded", totals.degraded), ("lost", totals.lost)] {
        writeln!(out, "cuelight_hub_nodes{{state=\"{state}\"}} {count}")?;
    }
    let singles: [(&str, &str, &str, f64); 12] = [
        ("cuelight_hub_roster_nodes", "gauge", "Nodes in the roster in any state.", totals.total as f64),
        ("cuelight_hub_tick_hertz", "gauge", "Stream ticks per second.", tick.millihertz as f64 / 1e3),
        (
            "cuelight_hub_tick_overruns_total",
            "counter",
            "Ticks that ended after the next deadline.",
            tick.overruns as f64,
        ),
        ("cuelight_hub_ticks_missed_total", "counter", "Ticks left out.", tick.missed as f64),
        ("cuelight_hub_tick_cost_p99_seconds", "gauge", "99th percentile of a tick's cost.", seconds(tick.cost_p99)),
        (
            "cuelight_hub_stream_bytes_total",
            "counter",
            "Bytes of stream packets sent, without UDP and IP headers.",
            totals.bytes as f64,
        ),
        ("cuelight_hub_stream_packets_total", "counter", "Stream packets sent.", totals.packets as f64),
        (
            "cuelight_hub_stream_unsent_total",
            "counter",
            "Stream packets that a tick did not get to, or the network did not take.",
            totals.unsent as f64,
        ),
        (
            "cuelight_hub_stream_copies_skipped_total",
            "counter",
            "Second and third copies of changes that a tick had no time for.",
            totals.copies_skipped as f64,
        ),
        ("cuelight_hub_connections", "gauge", "Open control connections.", snapshot.connections as f64),
        ("cuelight_hub_refused_total", "counter", "Control connections closed with a reason.", snapshot.refused as f64),
        (
            "cuelight_hub_messages_dropped_total",
            "counter",
            "Control messages dropped because a queue was full.",
            totals.messages_dropped as f64,
        ),
    ];
    for (name, kind, help, value) in singles {
        family(out, name, kind, help)?;
        writeln!(out, "{name} {value}")?;
    }
    rollout(out, snapshot)
}

/// Whether a node of a rollout is so far.
type IsPhase = fn(&Phase) -> bool;

fn rollout(out: &mut String, snapshot: &Snapshot) -> fmt::Result {
    let rollout = snapshot.rollout.as_ref();
    let is = |is: fn(&Status) -> bool| u8::from(rollout.is_some_and(|rollout| is(&rollout.status)));
    let (runs, stopped) = (is(|status| !status.is_over()), is(|status| matches!(status, Status::Stopped(..))));
    family(out, "cuelight_ota_rollout_running", "gauge", "1 while a version is being rolled out, stopped or not.")?;
    writeln!(out, "cuelight_ota_rollout_running {runs}")?;
    family(out, "cuelight_ota_rollout_stopped", "gauge", "1 while a failed node has stopped the rollout.")?;
    writeln!(out, "cuelight_ota_rollout_stopped {stopped}")?;
    family(out, "cuelight_ota_rollout_nodes", "gauge", "Nodes of the newest rollout by how far they are.")?;
    let count = |is: IsPhase| rollout.map_or(0, |rollout| rollout.steps.iter().filter(|step| is(&step.phase)).count());
    let states: [(&str, IsPhase); 4] = [
        ("waiting", |phase| matches!(phase, Phase::Waiting)),
        ("on-its-way", |phase| matches!(phase, Phase::Offered | Phase::Working(..) | Phase::Proving)),
        ("done", |phase| matches!(phase, Phase::Done)),
        ("failed", |phase| matches!(phase, Phase::Failed(_) | Phase::PassedOver(_))),
    ];
    for (state, is) in states {
        writeln!(out, "cuelight_ota_rollout_nodes{{state=\"{state}\"}} {}", count(is))?;
    }
    Ok(())
}

fn node_states(out: &mut String, snapshot: &Snapshot) -> fmt::Result {
    family(out, "cuelight_node_info", "gauge", "What is known of a node; always 1.")?;
    for node in &snapshot.nodes {
        let (id, mac) = (node.id.0, node.mac);
        let (name, firmware) = (Escaped(&node.name), Escaped(&node.fw));
        let is_deployed = node.is_legacy;
        write!(out, "cuelight_node_info{{node=\"{id}\",mac=\"{mac}\",name=\"{name}\",")?;
        writeln!(out, "firmware=\"{firmware}\",deployed=\"{is_deployed}\"}} 1")?;
    }
    family(out, "cuelight_node_state", "gauge", "1 for the state a node is in, 0 for the others.")?;
    for node in &snapshot.nodes {
        for state in STATES {
            let holds = u8::from(state == state_word(node.state));
            writeln!(out, "cuelight_node_state{{node=\"{}\",state=\"{state}\"}} {holds}", node.id.0)?;
        }
    }
    Ok(())
}

/// One reading of a node; `None` where the node does not give it.
type Reading = fn(&NodeSnapshot, &Snapshot) -> Option<f64>;

fn node_readings(out: &mut String, snapshot: &Snapshot) -> fmt::Result {
    let readings: [(&str, &str, &str, Reading); 13] = [
        ("cuelight_node_last_seen_seconds", "gauge", "Time since the node was heard.", |n, s| {
            n.seen_at.map(|at| seconds(s.local - at))
        }),
        ("cuelight_node_clock_locked", "gauge", "1 while the clock of a Cuelight node is locked.", |n, _| {
            report(n).map(|sync| f64::from(u8::from(sync.locked)))
        }),
        ("cuelight_node_clock_sigma_seconds", "gauge", "Standard deviation of the node's clock estimate.", |n, _| {
            report(n).map(|sync| sync.sigma_ns as f64 / 1e9)
        }),
        ("cuelight_node_clock_bound_seconds", "gauge", "Bound of the node's clock error.", |n, _| {
            report(n).map(|sync| sync.bound_ns as f64 / 1e9)
        }),
        ("cuelight_node_clock_drift_seconds", "gauge", "Latest accepted offset minus the one in use.", |n, _| {
            is_here(n).then_some(n.drift_us as f64 / 1e6)
        }),
        (
            "cuelight_node_stream_loss_ratio",
            "gauge",
            "Share of stream packets lost, as the node says; 0 on deployed nodes.",
            |n, _| is_here(n).then_some(f64::from(n.loss_pct) / 100.0),
        ),
        ("cuelight_node_rssi_dbm", "gauge", "Signal strength; absent without a radio.", |n, _| {
            (is_here(n) && n.rssi != 0).then_some(f64::from(n.rssi))
        }),
        ("cuelight_node_frames_per_second", "gauge", "Frames rendered per second.", |n, _| {
            is_here(n).then_some(f64::from(n.render_fps))
        }),
        (
            "cuelight_node_output_late_p99_seconds",
            "gauge",
            "99th percentile of output lateness since the last keepalive.",
            |n, _| report(n).map(|sync| sync.output_late_ns as f64 / 1e9),
        ),
        (
            "cuelight_node_frames_missed_total",
            "counter",
            "Frames not put out in time since the node started.",
            |n, _| n.sync.map(|sync| f64::from(sync.frames_missed)),
        ),
        (
            "cuelight_node_changes_late_total",
            "counter",
            "Changes that came after their applyAt since the node started.",
            |n, _| n.sync.map(|sync| f64::from(sync.late)),
        ),
        ("cuelight_node_reconnects_total", "counter", "Hellos after the first since the hub started.", |n, _| {
            Some(f64::from(n.reconnects))
        }),
        ("cuelight_node_stream_bytes_total", "counter", "Bytes of stream packets sent to the node.", |n, _| {
            Some(n.bytes as f64)
        }),
    ];
    for (name, kind, help, read) in readings {
        family(out, name, kind, help)?;
        for node in &snapshot.nodes {
            if let Some(value) = read(node, snapshot) {
                writeln!(out, "{name}{{node=\"{}\"}} {value}", node.id.0)?;
            }
        }
    }
    Ok(())
}

/// Whether what a node said of itself is of now.
fn is_here(node: &NodeSnapshot) -> bool {
    matches!(node.state, State::Ready | State::Degraded(_))
}

fn report(node: &NodeSnapshot) -> Option<SyncReport> {
    node.sync.filter(|_| is_here(node))
}

fn seconds(span: Span) -> f64 {
    span.as_ns() as f64 / 1e9
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

/// Text as the value of a label.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_label() {
        assert_eq!(Escaped("a\"b\\c\nd").to_string(), "a\\\"b\\\\c\\nd");
    }
}
