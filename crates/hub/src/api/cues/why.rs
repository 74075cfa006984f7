//! `GET /api/v1/cues/why`: why a slot is as it is.

use axum::Json;
use axum::extract::State;
use cuelight_conductor::Snapshot;
use cuelight_show::why::{Reason, Why};
use cuelight_show::{Address, Level, Score, Show, Stage, Target};
use cuelight_wire::time;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::view::playbacks_at;
use super::{interrupted, none_loaded};
use crate::api::Problem;
use crate::api::body::Asked;
use crate::shared::Shared;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slot {
    /// The universe.
    universe: u16,
    /// The slot, 1 to 512.
    #[param(minimum = 1, maximum = 512)]
    slot: u16,
}

/// Why a slot is as it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WhyView {
    /// What drives the slot: a fixture's attribute, or the slot itself.
    source: String,
    /// Its level on the wire, 0 to 255.
    value: u8,
    /// The level in percent, after grand master and blackout.
    percent: f64,
    /// The same before them.
    merged_percent: f64,
    /// Why that level: default, highest, latest.
    reason: &'static str,
    /// Whether grand master and blackout count.
    intensity: bool,
    /// What every list says that says something; the one that holds comes first.
    claims: Vec<ClaimView>,
}

/// What a list says.
#[derive(Debug, Serialize, ToSchema)]
struct ClaimView {
    list: u16,
    /// The cue that brought the level; null while it fades out after a release.
    cue: Option<String>,
    /// The cue the list is in, into which the level may have tracked.
    current: Option<String>,
    /// Since when, show time.
    since_us: i64,
    percent: f64,
    /// How much it hides of what is below, in percent: less while it fades in from nothing or out to nothing.
    weight_percent: f64,
    fading: bool,
}

/// Why a slot is as it is: which list and cue its level is from, and since when.
#[utoipa::path(
    get,
    path = "/cues/why",
    operation_id = "getWhy",
    tag = "cues",
    params(Slot),
    responses((status = OK, description = "The level, and what every list says", body = WhyView)),
)]
pub(crate) async fn get(State(shared): State<Shared>, Asked(asked): Asked<Slot>) -> Result<Json<WhyView>, Problem> {
    let Slot { universe, slot } = asked;
    let address = Address::new(universe, slot);
    let address = address.ok_or_else(|| {
        Problem::unprocessable(format!("{universe}.{slot} is no slot: universes are 1 to 63999, slots 1 to 512"))
    })?;
    let snapshot = shared.snapshot.load_full();
    let now = snapshot.clock.show_at(shared.clock.now());
    // A universe of its own is resolved anew: not on the runtime's thread.
    spawn_blocking(move || why(&snapshot, address, now)).await.map_err(|_| interrupted())?.map(Json)
}

fn why(snapshot: &Snapshot, address: Address, now: time::Time<time::Show>) -> Result<WhyView, Problem> {
    let program = snapshot.cues.program.as_ref().ok_or_else(none_loaded)?;
    let score = Score::for_universes(&program.show, |universe| universe == address.universe);
    let mut stage = Stage::new(&score);
    // What is announced holds in a moment, and is what people ask about.
    let at = now.max(snapshot.cues.from);
    let playbacks = playbacks_at(&snapshot.cues, program, at);
    let levels = stage.levels(&score, &playbacks, &snapshot.master, &snapshot.tempo, at);
    let value = levels.slot(address).unwrap_or(0);
    let why = stage.why(&score, &snapshot.master, address);
    let why = why.ok_or_else(|| Problem::not_found(format!("the show does not drive slot {address}")))?;
    Ok(view(&program.show, &why, value))
}

fn view(show: &Show, why: &Why, value: u8) -> WhyView {
    let percent = |level: Level| f64::from(level.percent_milli()) / 1_000.0;
    WhyView {
        source: source(show, why.target),
        value,
        percent: percent(why.level),
        merged_percent: percent(why.merged),
        reason: reason_word(why.reason),
        intensity: why.is_intensity,
        claims: why
            .claims
            .iter()
            .map(|claim| ClaimView {
                list: claim.list.0,
                cue: claim.cue.map(|cue| cue.to_string()),
                current: claim.current.map(|cue| cue.to_string()),
                since_us: claim.since.as_us(),
                percent: percent(claim.level),
                weight_percent: percent(Level(claim.weight)),
                fading: claim.is_fading,
            })
            .collect(),
    }
}

pub(super) const fn reason_word(reason: Reason) -> &'static str {
    match reason {
        Reason::Default => "default",
        Reason::Highest => "highest",
        Reason::Latest => "latest",
    }
}

/// What drives a slot, for people.
pub(super) fn source(show: &Show, target: Target) -> String {
    match target {
        Target::Slot(address) => format!("slot {address}"),
        Target::Fixture { fixture, cell, attribute } => {
            let label = show.fixture(fixture).map_or("", |fixture| fixture.label.as_str());
            let label = if label.is_empty() { String::new() } else { format!(" {label:?}") };
            let cell = if cell == 0 { String::new() } else { format!("#{cell}") };
            format!("fixture {fixture}{label}: {}{cell}", show.attributes().name(attribute))
        }
    }
}
