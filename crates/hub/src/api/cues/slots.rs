//! `GET /api/v1/universes/{universe}/slots`: whom the slots of a universe obey, as far as the show goes (CUE-11).

use axum::Json;
use axum::extract::State;
use cuelight_conductor::Snapshot;
use cuelight_show::why::{Claim, Reason};
use cuelight_show::{Address, Score, Stage};
use cuelight_wire::time;
use serde::Serialize;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::view::playbacks_at;
use super::why::{reason_word, source};
use super::{interrupted, none_loaded};
use crate::api::Problem;
use crate::api::body::Named;
use crate::shared::Shared;

/// Slots of a universe: the last of sACN and of Art-Net.
const LAST_SLOT: u16 = 512;

/// Whom the slots of a universe obey.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlotsView {
    universe: u16,
    /// The instant that these are the levels of, show time.
    at_us: i64,
    /// Everything that the show drives, in rising order. The others have no level from here.
    slots: Vec<SlotView>,
}

/// A slot and whom it obeys.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
struct SlotView {
    slot: u16,
    /// Its level on the wire, 0 to 255, after grand master and blackout.
    value: u8,
    /// What drives it: a fixture's attribute, or the slot itself.
    source: String,
    /// Why that level: default, highest, latest.
    reason: &'static str,
    /// The list whose level holds; null where the slot has its default.
    list: Option<u16>,
    /// The cue that brought the level; null while it fades out after a release.
    cue: Option<String>,
    /// Since when, show time.
    since_us: Option<i64>,
    /// Whether it changes by itself: a fade or an effect.
    fading: bool,
    /// How many other lists say something about it.
    others: usize,
}

/// Whom every slot of a universe obeys, of those that the loaded show drives: list, cue, and since when.
#[utoipa::path(
    get,
    path = "/universes/{universe}/slots",
    operation_id = "getSlots",
    tag = "universes",
    params(("universe" = u16, Path, description = "The number of the universe in the show, 1 to 63999")),
    responses((status = OK, description = "The levels, and whose they are", body = SlotsView)),
)]
pub(crate) async fn get(State(shared): State<Shared>, Named(universe): Named) -> Result<Json<SlotsView>, Problem> {
    let number = universe.parse().ok().filter(|number| Address::new(*number, 1).is_some());
    let number =
        number.ok_or_else(|| Problem::not_found(format!("\"{universe}\" is no universe: there are 1 to 63999")))?;
    let snapshot = shared.snapshot.load_full();
    let now = snapshot.clock.show_at(shared.clock.now());
    // A universe of its own is resolved anew: not on the runtime's thread.
    spawn_blocking(move || slots(&snapshot, number, now)).await.map_err(|_| interrupted())?.map(Json)
}

fn slots(snapshot: &Snapshot, universe: u16, now: time::Time<time::Show>) -> Result<SlotsView, Problem> {
    let program = snapshot.cues.program.as_ref().ok_or_else(none_loaded)?;
    let score = Score::for_universes(&program.show, |of_show| of_show == universe);
    let mut stage = Stage::new(&score);
    // What is announced holds in a moment, and is what people ask about.
    let at = now.max(snapshot.cues.from);
    let playbacks = playbacks_at(&snapshot.cues, program, at);
    let levels = stage.levels(&score, &playbacks, &snapshot.master, &snapshot.tempo, at).clone();
    let slots = (1..=LAST_SLOT).filter_map(|slot| {
        let address = Address::new(universe, slot)?;
        let why = stage.why(&score, &snapshot.master, address)?;
        let holds = why.claims.first();
        Some(SlotView {
            slot,
            value: levels.slot(address).unwrap_or(0),
            source: source(&program.show, why.target),
            reason: reason_word(why.reason),
            list: holds.map(|claim| claim.list.0),
            cue: holds.and_then(|claim| claim.cue).map(|cue| cue.to_string()),
            since_us: holds.map(|claim| claim.since.as_us()),
            fading: holds.is_some_and(|claim| claim.is_fading),
            others: others(why.reason, &why.claims),
        })
    });
    Ok(SlotsView { universe, at_us: at.as_us(), slots: slots.collect() })
}

fn others(reason: Reason, claims: &[Claim]) -> usize {
    if reason == Reason::Default { 0 } else { claims.len() - 1 }
}
