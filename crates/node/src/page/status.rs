//! What the page is told: facts that stay, and figures of now. Ages are told, not instants: a browser has another clock.

use std::sync::Arc;

use cuelight_net::clock::LocalClock;
use cuelight_output::LightsReport;
use cuelight_proto::node::{FrameReport, NodeStatus};
use cuelight_proto::session::State;
use cuelight_proto::sync::{ClockMap, SyncState};
use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Local, Time};
use serde::Serialize;

use super::journal::{Kind, Line};
use super::resources::Resources;
use crate::settings::NodeSettings;

/// What stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Facts {
    name: Option<String>,
    mac: String,
    version: String,
    /// ARCH-SYSTEM.
    hardware: String,
    /// The hub in its settings; none: it looks for one.
    hub: Option<String>,
    leds: usize,
    /// Where frames go.
    outputs: Vec<String>,
    /// Where universes go.
    lights: Vec<String>,
    /// Exponent from code value to light.
    gamma: f64,
}

impl Facts {
    pub(crate) fn of(settings: &NodeSettings, mac: Mac, version: &str, hardware: Option<&str>) -> Self {
        Self {
            name: settings.name.clone(),
            mac: mac.to_string(),
            version: version.to_owned(),
            hardware: hardware.unwrap_or_default().to_owned(),
            hub: settings.hub.clone(),
            leds: settings.geometry.len(),
            outputs: settings.outputs.iter().map(ToString::to_string).collect(),
            lights: settings.lights.iter().map(ToString::to_string).collect(),
            gamma: f64::from(settings.finish.gamma_x100) / 100.0,
        }
    }
}

/// What the driver sees when it looks.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) now: Time<Local>,
    pub(crate) started_at: Time<Local>,
    pub(crate) node: NodeStatus,
    pub(crate) map: ClockMap,
    pub(crate) hub: Option<String>,
    pub(crate) complaint: Option<String>,
    pub(crate) is_alone: bool,
    pub(crate) frames: Option<FrameReport>,
    pub(crate) put_out: u64,
    pub(crate) lights: Option<LightsReport>,
    pub(crate) universes: Vec<String>,
    pub(crate) is_assigned: bool,
}

/// How the node was at an instant.
#[derive(Debug)]
pub(crate) struct Status {
    at: Time<Local>,
    started_at: Time<Local>,
    link: LinkView,
    clock: ClockView,
    stream: StreamView,
    output: OutputView,
    universes: UniversesView,
    lines: Arc<Vec<Line>>,
}

/// The way to the hub.
#[derive(Clone, Debug, Serialize)]
struct LinkView {
    /// disconnected, connecting, awaiting-welcome, live.
    state: &'static str,
    /// Where the hub is.
    hub: Option<String>,
    node: Option<u16>,
    /// Why there is none.
    complaint: Option<String>,
    /// Sessions since the start.
    sessions: u32,
    losses: u32,
    silences: u32,
}

#[derive(Clone, Debug, Serialize)]
struct ClockView {
    /// acquiring, locked, degraded, holdover, unlocked.
    state: &'static str,
    is_usable: bool,
    sigma_ns: i64,
    bound_ns: i64,
    drift_us: i64,
    floor_rtt_us: i64,
    skew_ppm: f64,
    exchanges: u32,
    refused: u32,
}

#[derive(Clone, Debug, Serialize)]
struct StreamView {
    /// Of the last five seconds.
    loss_pct: f32,
    received: u64,
    lost: u64,
    /// Nothing comes: the node does what its fallback says.
    is_silent: bool,
    late_changes: u32,
}

#[derive(Clone, Debug, Serialize)]
struct OutputView {
    fps: f32,
    late_ns_p99: i64,
    missed: u32,
    frames: u64,
}

#[derive(Clone, Debug, Serialize)]
struct UniversesView {
    /// Those that are this node's.
    ranges: Vec<String>,
    /// Whether the hub has said which.
    is_assigned: bool,
    /// None: it plays none.
    sent: Option<SentView>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct SentView {
    /// Universes that levels are sent of.
    universes: u32,
    fps: f32,
    late_ns_p99: i64,
    missed: u64,
    /// Datagrams, since the start.
    sent: u64,
    /// Of these the device or the system did not take.
    blocked: u64,
    failed: u64,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            at: Time::ZERO,
            started_at: Time::ZERO,
            link: LinkView {
                state: session_word(State::Disconnected),
                hub: None,
                node: None,
                complaint: None,
                sessions: 0,
                losses: 0,
                silences: 0,
            },
            clock: ClockView {
                state: clock_word(SyncState::Acquiring),
                is_usable: false,
                sigma_ns: 0,
                bound_ns: 0,
                drift_us: 0,
                floor_rtt_us: 0,
                skew_ppm: 0.0,
                exchanges: 0,
                refused: 0,
            },
            stream: StreamView { loss_pct: 0.0, received: 0, lost: 0, is_silent: false, late_changes: 0 },
            output: OutputView { fps: 0.0, late_ns_p99: 0, missed: 0, frames: 0 },
            universes: UniversesView { ranges: Vec::new(), is_assigned: false, sent: None },
            lines: Arc::default(),
        }
    }
}

impl Status {
    pub(crate) fn of(look: Look, lines: Arc<Vec<Line>>) -> Self {
        let Look { now, started_at, node, map, hub, complaint, is_alone, frames, put_out, lights, .. } = look;
        let frames = frames.unwrap_or_default();
        let sync = node.sync;
        Self {
            at: now,
            started_at,
            link: LinkView {
                state: session_word(node.session),
                hub,
                node: node.node_id.map(|id| id.0),
                complaint,
                sessions: node.sessions.welcomes,
                losses: node.sessions.losses,
                silences: node.sessions.silences,
            },
            clock: ClockView {
                state: clock_word(sync.state),
                is_usable: map.state.is_usable(),
                sigma_ns: sync.sigma.as_ns(),
                bound_ns: sync.bound.as_ns(),
                drift_us: sync.drift.as_us(),
                floor_rtt_us: sync.floor_rtt.as_us(),
                skew_ppm: sync.skew_ppm,
                exchanges: sync.accepted,
                refused: sync.rejected,
            },
            stream: StreamView {
                loss_pct: node.loss_pct,
                received: node.stream.received,
                lost: node.stream.lost,
                is_silent: is_alone || node.is_fallback,
                late_changes: node.counters.late,
            },
            output: OutputView {
                fps: frames.fps,
                late_ns_p99: frames.output_late.as_ns(),
                missed: frames.frames_missed,
                frames: put_out,
            },
            universes: UniversesView {
                ranges: look.universes,
                is_assigned: look.is_assigned,
                sent: lights.map(|report| SentView {
                    universes: report.universes,
                    fps: report.fps(),
                    late_ns_p99: report.late_p99.as_ns(),
                    missed: report.missed,
                    sent: report.sent,
                    blocked: report.blocked,
                    failed: report.failed,
                }),
            },
            lines,
        }
    }
}

/// All of it, as `GET /api/status` answers.
#[derive(Debug, Serialize)]
pub(crate) struct StatusView<'a> {
    #[serde(flatten)]
    facts: &'a Facts,
    uptime_s: i64,
    /// How old the figures are.
    age_ms: i64,
    link: &'a LinkView,
    clock: &'a ClockView,
    stream: &'a StreamView,
    output: &'a OutputView,
    universes: &'a UniversesView,
    resources: Resources,
    /// Pixels of the output, RRGGBB each: all of them or as many at equal distances.
    pixels: String,
    /// Newest first.
    log: Vec<LineView<'a>>,
}

#[derive(Debug, Serialize)]
struct LineView<'a> {
    ago_ms: i64,
    kind: Kind,
    text: &'a str,
}

impl<'a> StatusView<'a> {
    pub(crate) fn of(
        facts: &'a Facts,
        status: &'a Status,
        resources: Resources,
        pixels: String,
        clock: LocalClock,
    ) -> Self {
        let now = clock.now();
        let line = |line: &'a Line| LineView { ago_ms: (now - line.at).as_ms(), kind: line.kind, text: &line.text };
        Self {
            facts,
            uptime_s: (now - status.started_at).as_ms() / 1000,
            age_ms: (now - status.at).as_ms(),
            link: &status.link,
            clock: &status.clock,
            stream: &status.stream,
            output: &status.output,
            universes: &status.universes,
            resources,
            pixels,
            log: status.lines.iter().rev().map(line).collect(),
        }
    }
}

const fn session_word(state: State) -> &'static str {
    match state {
        State::Disconnected => "disconnected",
        State::Connecting => "connecting",
        State::AwaitingWelcome => "awaiting-welcome",
        State::Live => "live",
    }
}

const fn clock_word(state: SyncState) -> &'static str {
    match state {
        SyncState::Acquiring => "acquiring",
        SyncState::Locked => "locked",
        SyncState::Degraded => "degraded",
        SyncState::Holdover => "holdover",
        SyncState::Unlocked => "unlocked",
    }
}
