//! `/api/v1/patterns`: what patterns there are, playing one, stopping.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use cuelight_conductor::{Command, NodeSnapshot, Start};
use cuelight_pattern::store::Entry;
use cuelight_wire::prism::Facts;
use cuelight_wire::time::{Span, Time};
use cuelight_wire::tlv::Name;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::Problem;
use super::answer::{CommandAnswer, carry_out};
use super::body::{Asked, Body, Named};
use super::pages::Which;
use super::scope::scope;
use crate::patterns::Look;
use crate::shared::Shared;

/// One pattern.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PatternView {
    name: String,
    size: u32,
    sha256: String,
    /// What scenes call it: the first 16 digits of that.
    id: String,
    #[serde(flatten)]
    look: LookView,
}

/// What its file says, or why it cannot be played.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum LookView {
    Playable {
        /// LEDs of a channel.
        leds: u16,
        frames: u32,
        fps: f64,
        duration_ms: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        warning: Option<String>,
    },
    Not {
        problem: String,
    },
}

impl PatternView {
    pub(super) fn of(entry: &Entry, look: Look) -> Self {
        let look = match look {
            Ok(Facts { header, warning, .. }) => LookView::Playable {
                leds: header.leds,
                frames: header.frames,
                fps: f64::from(header.rate.x256()) / 256.0,
                duration_ms: header.duration_us() / 1_000,
                warning: warning.map(|warning| warning.to_string()),
            },
            Err(problem) => LookView::Not { problem },
        };
        let Entry { name, size, sha256, .. } = entry;
        let id = sha256.id().to_string();
        Self { name: name.as_str().to_owned(), size: *size, sha256: sha256.to_string(), id, look }
    }
}

/// The patterns the hub has.
#[utoipa::path(
    get,
    path = "/patterns",
    operation_id = "listPatterns",
    tag = "patterns",
    params(Which),
    responses((status = OK, description = "What there is", body = Vec<PatternView>)),
)]
pub(crate) async fn list(State(shared): State<Shared>, Asked(which): Asked<Which>) -> Result<Response, Problem> {
    let mut list = spawn_blocking(move || shared.patterns.list()).await.map_err(|_| interrupted())?;
    let key = |(entry, _): &(Entry, Look)| entry.name.as_str().to_owned();
    list.sort_by_cached_key(key);
    let page = which.of(list.into_iter(), key, |text| Some(text.to_owned()), |name| name)?;
    Ok(page.map(|(entry, look)| PatternView::of(&entry, look)).into_response())
}

/// How far a node has come with the patterns.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HoldingView {
    mac: String,
    name: Option<String>,
    /// Patterns of the hub that it has; null for a node that does not fetch any.
    have: Option<u32>,
    /// Those it still has to fetch.
    missing: Option<u32>,
    problem: Option<String>,
    /// How long ago it said so.
    said_ms: Option<i64>,
}

/// How far each node has come with the patterns.
#[utoipa::path(
    get,
    path = "/patterns/nodes",
    operation_id = "listHoldings",
    tag = "patterns",
    responses((status = OK, description = "What there is", body = Vec<HoldingView>)),
)]
pub(crate) async fn nodes(State(shared): State<Shared>) -> Json<Vec<HoldingView>> {
    let (snapshot, now) = (shared.snapshot.load(), shared.clock.now());
    shared.distribution.keep(|mac| snapshot.nodes.iter().any(|node| node.mac == *mac));
    let view = |node: &NodeSnapshot| {
        let holding = shared.distribution.of(node.mac);
        HoldingView {
            mac: node.mac.to_string(),
            name: (!node.name.is_empty()).then(|| node.name.as_str().to_owned()),
            have: holding.as_ref().map(|holding| holding.have),
            missing: holding.as_ref().map(|holding| holding.missing),
            said_ms: holding.as_ref().map(|holding| (now - holding.said_at).as_ms()),
            problem: holding.and_then(|holding| holding.problem),
        }
    };
    Json(snapshot.nodes.iter().map(view).collect())
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PlayBody {
    scope: Option<String>,
    /// Whether it begins anew after its last frame; it does where nothing is said.
    #[serde(rename = "loop")]
    repeats: Option<bool>,
    /// Starts after this lead, or the scope's own where that is longer.
    #[schema(minimum = 10, maximum = 2_000)]
    lead_ms: Option<i64>,
    /// Starts at this show time.
    at_us: Option<i64>,
    #[schema(maximum = 3_600_000)]
    fade_ms: u32,
}

impl PlayBody {
    fn start(&self) -> Result<Start, Problem> {
        match (self.lead_ms, self.at_us) {
            (None, None) => Ok(Start::Soonest),
            (Some(lead_ms), None) => Ok(Start::After(Span::from_ms(lead_ms))),
            (None, Some(at_us)) => Ok(Start::At(Time::from_us(at_us))),
            (Some(_), Some(_)) => Err(Problem::unprocessable("give lead_ms or at_us, not both")),
        }
    }
}

/// Plays a pattern in place of a scope's effect.
#[utoipa::path(
    post,
    path = "/patterns/{name}/play",
    operation_id = "playPattern",
    tag = "patterns",
    params(("name" = String, Path, description = "The name of the pattern")),
    request_body = PlayBody,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn play(
    State(shared): State<Shared>,
    Named(name): Named,
    headers: HeaderMap,
    Body(body): Body<PlayBody>,
) -> Result<Json<CommandAnswer>, Problem> {
    let (scope, start) = (scope(body.scope.as_deref())?, body.start()?);
    let entry = entry(&shared, &name)?;
    let id = entry.sha256.id();
    let patterns = shared.patterns.clone();
    let look = spawn_blocking(move || patterns.look(&entry)).await.map_err(|_| interrupted())?;
    look.map_err(|problem| Problem::unprocessable(format!("pattern \"{name}\" cannot be played: {problem}")))?;
    let repeats = body.repeats.unwrap_or(true);
    carry_out(&shared, &headers, Command::PlayPattern { scope, id, repeats, start, fade_ms: body.fade_ms }).await
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StopBody {
    scope: Option<String>,
    #[schema(maximum = 3_600_000)]
    fade_ms: u32,
}

/// The effect below shows again.
#[utoipa::path(
    post,
    path = "/patterns/stop",
    operation_id = "stopPattern",
    tag = "patterns",
    request_body = StopBody,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn stop(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Body(body): Body<StopBody>,
) -> Result<Json<CommandAnswer>, Problem> {
    let scope = scope(body.scope.as_deref())?;
    carry_out(&shared, &headers, Command::StopPattern { scope, fade_ms: body.fade_ms }).await
}

fn entry(shared: &Shared, text: &str) -> Result<Entry, Problem> {
    let name = Name::normalised(text.as_bytes()).map_err(|error| Problem::unprocessable(error.to_string()))?;
    let entry = shared.patterns.store.listing().named(&name).cloned();
    entry.ok_or_else(|| Problem::not_found(format!("there is no pattern \"{name}\": GET /api/v1/patterns lists them")))
}

fn interrupted() -> Problem {
    Problem::unavailable("looking into the pattern's file failed; the log says how")
}
