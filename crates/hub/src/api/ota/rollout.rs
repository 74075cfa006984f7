//! `/api/v1/ota/rollout`: a version is rolled out, looked after, ended.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use cuelight_conductor::Command;
use cuelight_conductor::rollout::{Image, Order, Word};
use cuelight_wire::time::Span;
use serde::Deserialize;
use utoipa::ToSchema;

use super::rollout_view::RolloutsView;
use super::with_images;
use crate::api::Problem;
use crate::api::answer::{CommandAnswer, carry_out};
use crate::api::body::{Body, Named};
use crate::api::scope::node_ref;
use crate::images::{Entry, is_version};
use crate::shared::Shared;

/// How nodes are treated, whatever is rolled out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Manner {
    /// How long a node may take; 180 where nothing is said.
    limit_s: Option<i64>,
    /// How long it has to be healthy; 5 where nothing is said.
    settle_s: Option<i64>,
    /// Waits for a word after the first node.
    confirm_canary: bool,
    /// The armed show in spite of which it may go on.
    in_spite_of: Option<String>,
}

/// What is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    version: String,
    /// Nodes by number, address or name; all that can be updated where nothing is said.
    nodes: Option<Vec<String>>,
    /// The node that is first.
    canary: Option<String>,
    // As in `Manner`: a field that is not known can only be refused where all of them are.
    limit_s: Option<i64>,
    settle_s: Option<i64>,
    #[serde(default)]
    confirm_canary: bool,
    in_spite_of: Option<String>,
}

/// The rollout that is going on or was the last to, and those before it.
#[utoipa::path(
    get,
    path = "/ota/rollout",
    operation_id = "getRollout",
    tag = "updates",
    responses((status = OK, description = "What there is", body = RolloutsView)),
)]
pub(crate) async fn get(State(shared): State<Shared>) -> Json<RolloutsView> {
    Json(RolloutsView::of(&shared.snapshot.load()))
}

/// Rolls a version out, one node after the other.
#[utoipa::path(
    post,
    path = "/ota/rollout",
    operation_id = "beginRollout",
    tag = "updates",
    request_body = Begin,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn begin(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Body(begin): Body<Begin>,
) -> Result<Json<CommandAnswer>, Problem> {
    let nodes = begin.nodes.as_ref().map(|nodes| nodes.iter().map(|node| node_ref(node)).collect()).transpose()?;
    let canary = begin.canary.as_deref().map(node_ref).transpose()?;
    let images = images(&shared, &begin.version).await?;
    let Begin { version, limit_s, settle_s, confirm_canary, in_spite_of, .. } = begin;
    let order = Manner { limit_s, settle_s, confirm_canary, in_spite_of }.order(version, images);
    carry_out(&shared, &headers, Command::BeginRollout(Box::new(Order { nodes, canary, ..order }))).await
}

/// A word on the rollout that is going on.
#[utoipa::path(
    post,
    path = "/ota/rollout/{word}",
    operation_id = "steerRollout",
    tag = "updates",
    params(("word" = String, Path, description = "pause, resume, retry, pass-over or abort")),
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn word(
    State(shared): State<Shared>,
    Named(word): Named,
    headers: HeaderMap,
) -> Result<Json<CommandAnswer>, Problem> {
    let word = match word.as_str() {
        "pause" => Word::Pause,
        "resume" => Word::Resume,
        "retry" => Word::Retry,
        "pass-over" => Word::PassOver,
        "abort" => Word::Abort,
        other => {
            let words = "pause, resume, retry, pass-over, abort";
            return Err(Problem::not_found(format!("{other:?} is no word on a rollout; there are {words}")));
        }
    };
    carry_out(&shared, &headers, Command::Rollout(word)).await
}

impl Manner {
    /// A rollout of all nodes.
    pub(super) fn order(self, version: String, images: Vec<Image>) -> Order {
        let seconds = |given: Option<i64>, default| Span::from_s(given.unwrap_or(default).clamp(0, 1_000_000));
        Order {
            version,
            images,
            nodes: None,
            canary: None,
            limit: seconds(self.limit_s, 180),
            settle: seconds(self.settle_s, 5),
            confirm_canary: self.confirm_canary,
            in_spite_of: self.in_spite_of,
        }
    }
}

/// The images of a version, as they are offered. Each was read in full: a rollout does not begin with a damaged one.
pub(super) async fn images(shared: &Shared, version: &str) -> Result<Vec<Image>, Problem> {
    let wanted = version.to_owned();
    let found = with_images(shared, move |images| images.checked(&wanted)).await?;
    if found.is_empty() {
        let what = if is_version(version) { version } else { "that version" };
        return Err(Problem::not_found(format!("no image of {what} is published; list the images")));
    }
    let offered = |entry: &Entry| Image {
        platform: entry.platform.clone(),
        path: entry.path(),
        sha256: entry.sha256.to_string(),
        size: entry.size,
    };
    Ok(found.iter().map(offered).collect())
}
