//! `GET /api/v1/cues`: the lists and where they are; `GET /api/v1/cues/{list}`: the cues of one.

use axum::Json;
use axum::extract::{Path, State};
use cuelight_conductor::{CuesSnapshot, Program, Snapshot};
use cuelight_show::{Cue, CueList, Next, Playbacks};
use cuelight_wire::time::{Show, Span, Time};
use serde::Serialize;
use utoipa::ToSchema;

use super::{list_number, none_loaded};
use crate::api::Problem;
use crate::shared::Shared;

/// What is played.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CuesView {
    /// Show time, microseconds.
    show_us: i64,
    /// The show that is loaded.
    show: Option<LoadedView>,
    /// The number of the newest step.
    number: u32,
    lists: Vec<ListView>,
    /// Nodes that know cues, and how far they are.
    nodes: Vec<NodeCuesView>,
}

/// The show that is loaded.
#[derive(Debug, Serialize, ToSchema)]
struct LoadedView {
    label: String,
    sha256: String,
    /// Bytes of its file.
    size: u32,
    fixtures: usize,
    /// How many universes it drives.
    universes: usize,
}

/// A cue list and where it is.
#[derive(Debug, Serialize, ToSchema)]
struct ListView {
    list: u16,
    label: String,
    cues: usize,
    /// The cue it is in.
    current: Option<CueName>,
    /// The cue that GO begins.
    next: Option<CueName>,
    /// When the current cue began, show time.
    since_us: Option<i64>,
    /// How far the fades of the current cue are: 0 to 1.
    progress: f64,
    /// How long they still take.
    remaining_ms: i64,
    /// When the next cue begins by itself, show time.
    follows_at_us: Option<i64>,
    paused: bool,
}

/// A cue by number and name.
#[derive(Debug, Serialize, ToSchema)]
struct CueName {
    cue: String,
    label: String,
}

/// How far a node is with the cues.
#[derive(Debug, Serialize, ToSchema)]
struct NodeCuesView {
    /// The number of the node.
    node: u16,
    name: String,
    /// The newest step it has carried out; null while it has said nothing.
    number: Option<u32>,
    /// Steps it carried out after their instant, since its start.
    late: u32,
    /// It cannot have the show or the cues: tried four times.
    failed: bool,
}

/// One cue of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CueView {
    cue: String,
    label: String,
    notes: String,
    fade_up_ms: u32,
    fade_down_ms: u32,
    delay_up_ms: u32,
    delay_down_ms: u32,
    /// The next cue begins so long after the start of this one.
    follow_ms: Option<u32>,
    /// The next cue begins so long after the last fade of this one.
    hang_ms: Option<i32>,
    cue_only: bool,
    block: bool,
    assert: bool,
    /// How many levels it sets.
    levels: usize,
    effects: usize,
    scenes: usize,
}

/// The cue lists of the show that is loaded, and where they are.
#[utoipa::path(
    get,
    path = "/cues",
    operation_id = "getCues",
    tag = "cues",
    responses((status = OK, description = "What is played", body = CuesView)),
)]
pub(crate) async fn lists(State(shared): State<Shared>) -> Json<CuesView> {
    let snapshot = shared.snapshot.load();
    let now = snapshot.clock.show_at(shared.clock.now());
    Json(CuesView::of(&snapshot, now))
}

/// The cues of a list.
#[utoipa::path(
    get,
    path = "/cues/{list}",
    operation_id = "getCueList",
    tag = "cues",
    params(("list" = String, Path, description = "The number of the cue list")),
    responses((status = OK, description = "Its cues, by number", body = Vec<CueView>)),
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Path(list): Path<String>,
) -> Result<Json<Vec<CueView>>, Problem> {
    let number = list_number(&list)?;
    let snapshot = shared.snapshot.load();
    let program = snapshot.cues.program.as_ref().ok_or_else(none_loaded)?;
    let list = program.show.list(number);
    let list = list.ok_or_else(|| Problem::not_found(format!("there is no cue list {number}")))?;
    Ok(Json(list.cues().iter().map(cue_view).collect()))
}

/// What the lists do at `now`, with everything that followed by itself.
pub(crate) fn playbacks_at(cues: &CuesSnapshot, program: &Program, now: Time<Show>) -> Playbacks {
    let mut playbacks = (*cues.playbacks).clone();
    playbacks.advance(&program.score, now);
    playbacks
}

impl CuesView {
    /// What is played at `now`.
    pub(crate) fn of(snapshot: &Snapshot, now: Time<Show>) -> Self {
        let cues = &snapshot.cues;
        let lists = cues.program.as_ref().map_or_else(Vec::new, |program| {
            let playbacks = playbacks_at(cues, program, now);
            program.show.lists.iter().map(|list| list_view(program, list, &playbacks, now)).collect()
        });
        let loaded = cues.program.as_ref().map(|program| LoadedView {
            label: program.show.label.clone(),
            sha256: program.id.sha256.to_string(),
            size: program.id.size,
            fixtures: program.show.fixtures.len(),
            universes: program.score.rig().universes().len(),
        });
        let knows_cues = |node: &&cuelight_conductor::NodeSnapshot| node.state.is_connected() && node.follows_cues();
        let node = |node: &cuelight_conductor::NodeSnapshot| NodeCuesView {
            node: node.id.0,
            name: node.name.as_str().to_owned(),
            number: node.cues.map(|cues| cues.number),
            late: node.cues.map_or(0, |cues| cues.late),
            failed: node.cues.is_some_and(|cues| cues.failed),
        };
        Self {
            show_us: now.as_us(),
            show: loaded,
            number: cues.number,
            lists,
            nodes: snapshot.nodes.iter().filter(knows_cues).map(node).collect(),
        }
    }
}

fn list_view(program: &Program, list: &CueList, playbacks: &Playbacks, now: Time<Show>) -> ListView {
    let name = |cue: &Cue| CueName { cue: cue.number.to_string(), label: cue.label.clone() };
    let playback = playbacks.list(list.number);
    let current = playback.and_then(|playback| playback.current());
    let run = playback.and_then(|playback| playback.runs.last());
    let duration = run.map_or(Span::ZERO, |run| match run.fade_ms {
        Some(ms) => Span::from_ms(ms.into()),
        None => run.cue.and_then(|cue| list.cue(cue)).map_or(Span::ZERO, |cue| cue.timing.duration()),
    });
    let elapsed = playback.zip(run).map_or(Span::ZERO, |(playback, run)| playback.elapsed(run, now));
    let elapsed = elapsed.max(Span::ZERO).min(duration);
    let progress = match duration.as_ns() {
        0 => 1.0,
        whole => elapsed.as_ns() as f64 / whole as f64,
    };
    ListView {
        list: list.number.0,
        label: list.label.clone(),
        cues: list.cues().len(),
        current: current.map(|number| CueName {
            cue: number.to_string(),
            label: list.cue(number).map(|cue| cue.label.clone()).unwrap_or_default(),
        }),
        next: match current {
            None => list.after(None).map(name),
            // After the last cue there is none: GO does not go around.
            Some(current) => list.after(Some(current)).map(name),
        },
        since_us: run.filter(|run| run.cue.is_some()).map(|run| run.started_at.as_us()),
        progress,
        remaining_ms: (duration - elapsed).as_ms(),
        follows_at_us: playbacks.due_in(&program.score, list.number).map(|(at, _)| at.as_us()),
        paused: playback.is_some_and(|playback| playback.paused_at.is_some()),
    }
}

fn cue_view(cue: &Cue) -> CueView {
    let timing = &cue.timing;
    CueView {
        cue: cue.number.to_string(),
        label: cue.label.clone(),
        notes: cue.notes.clone(),
        fade_up_ms: timing.fade_up_ms,
        fade_down_ms: timing.fade_down_ms,
        delay_up_ms: timing.delay_up_ms,
        delay_down_ms: timing.delay_down_ms,
        follow_ms: if let Next::Follow(ms) = cue.next { Some(ms) } else { None },
        hang_ms: if let Next::Hang(ms) = cue.next { Some(ms) } else { None },
        cue_only: cue.is_cue_only,
        block: cue.is_block,
        assert: cue.is_assert,
        levels: cue.look.instructions.len(),
        effects: cue.look.effects.len(),
        scenes: cue.look.scenes.len(),
    }
}
