//! `ka`, a node's sign of life and its measurements, once a second. A measurement that is absent is 0 (CTRL-7).

use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, Token};

/// `ka`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Keepalive {
    /// The node.
    #[serde(rename = "nodeId")]
    pub node_id: NodeId,
    /// The session.
    pub token: Token,
    /// Signal strength in dBm, 0 where there is no radio.
    #[serde(default)]
    pub rssi: i16,
    /// Stream packets lost, percent of those sent.
    #[serde(default)]
    pub loss_pct: f32,
    /// Latest accepted offset minus the offset in use, microseconds.
    #[serde(default)]
    pub drift_us: i64,
    /// Seconds since the node started.
    #[serde(default)]
    pub uptime_s: u64,
    /// Frames rendered per second.
    #[serde(default)]
    pub render_fps: f32,
    /// Free heap, bytes; 0 where it means nothing.
    #[serde(default)]
    pub heap_free: u64,
    /// A Cuelight node's clock and output figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync: Option<SyncReport>,
    /// How far it is with the cues; only with the word `cues`, once it has heard of any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cues: Option<CueReport>,
}

/// `cues` of a keepalive: what the node has carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CueReport {
    /// The number of the newest step it has carried out; 0 before the first.
    pub number: u32,
    /// Steps that it carried out after their applyAt, since the start.
    pub late: u32,
    /// It has tried four times to have what the hub has, and has not.
    pub failed: bool,
}

/// `sync` of a Cuelight node's keepalive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncReport {
    /// Whether the clock is locked (locked, degraded or holdover: it can be scheduled on).
    pub locked: bool,
    /// Standard deviation of the clock estimate, nanoseconds.
    pub sigma_ns: i64,
    /// The error the clock cannot exceed, nanoseconds.
    pub bound_ns: i64,
    /// Changes that came after their applyAt.
    pub late: u32,
    /// 99th percentile of output lateness against show time, nanoseconds, since the last keepalive.
    pub output_late_ns: i64,
    /// Frames that were not put out in time to be shown.
    pub frames_missed: u32,
    /// How its newest questions of the time exchange fared; none before the first one's fate is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<ExchangeReport>,
}

/// `sync.exchange` of a keepalive: what became of the node's newest questions by UDP, at most 32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExchangeReport {
    /// The questions whose fate is known.
    pub asked: u16,
    /// Those of them without an answer within 2 s.
    pub lost: u16,
    /// The shortest round trip of the others, without the time at the hub, nanoseconds.
    pub rtt_min_ns: i64,
    /// The median.
    pub rtt_median_ns: i64,
    /// The longest.
    pub rtt_max_ns: i64,
}
