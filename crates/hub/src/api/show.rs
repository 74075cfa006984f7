//! `GET /api/v1/show`: everything a page or a program needs to draw the show.

use axum::Json;
use axum::extract::State;
use cuelight_wire::ids::Revision;
use serde::Serialize;
use utoipa::ToSchema;

use super::nodes::NodeView;
use super::scene_view::SceneView;
use crate::shared::Shared;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShowView {
    show_us: i64,
    boot_id: u32,
    #[schema(value_type = u32)]
    rev: Revision,
    tempo: TempoView,
    master: MasterView,
    scene: SceneView,
    /// The show that is armed.
    armed: Option<String>,
    tick: TickView,
    nodes: Vec<NodeView>,
    /// What is dangerous about how the hub is set up, one sentence each.
    risks: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TempoView {
    bpm: f64,
    beats_per_bar: u8,
    /// Beats since beat 0, a downbeat.
    beat: f64,
    /// Phase of the beat, 0..=255.
    phase: u8,
    downbeat: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct MasterView {
    level: u8,
    blackout: bool,
}

/// How the ticks go.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TickView {
    count: u64,
    pub(crate) hz: f64,
    pub(crate) overruns: u64,
    pub(crate) missed: u64,
    pub(crate) cost_us_p50: f64,
    pub(crate) cost_us_p99: f64,
    pub(crate) cost_us_max: f64,
}

impl From<&cuelight_conductor::TickFigures> for TickView {
    fn from(tick: &cuelight_conductor::TickFigures) -> Self {
        let us = |span: cuelight_wire::time::Span| span.as_ns() as f64 / 1e3;
        Self {
            count: tick.count,
            hz: tick.millihertz as f64 / 1e3,
            overruns: tick.overruns,
            missed: tick.missed,
            cost_us_p50: us(tick.cost_p50),
            cost_us_p99: us(tick.cost_p99),
            cost_us_max: us(tick.cost_max),
        }
    }
}

/// Everything a page or a program needs to draw the show.
#[utoipa::path(
    get,
    path = "/show",
    operation_id = "getShow",
    tag = "show",
    responses((status = OK, description = "What there is", body = ShowView)),
)]
pub(crate) async fn get_show(State(shared): State<Shared>) -> Json<ShowView> {
    let snapshot = shared.snapshot.load();
    let show = snapshot.clock.show_at(shared.clock.now());
    let grid = snapshot.tempo.grid;
    Json(ShowView {
        show_us: show.as_us(),
        boot_id: snapshot.boot_id,
        rev: snapshot.rev,
        tempo: TempoView {
            bpm: f64::from(grid.bpm_x100) / 100.0,
            beats_per_bar: grid.beats_per_bar,
            beat: grid.position(show) as f64 / 1e6,
            phase: grid.phase(show),
            downbeat: grid.is_downbeat(show),
        },
        master: MasterView { level: snapshot.master.level, blackout: snapshot.master.blackout },
        scene: SceneView::of(&snapshot.scene),
        armed: snapshot.armed.as_ref().map(|show| show.as_str().to_owned()),
        tick: TickView::from(&snapshot.tick),
        nodes: snapshot.nodes.iter().map(|node| NodeView::of(node, &snapshot)).collect(),
        risks: shared.risks(),
    })
}
