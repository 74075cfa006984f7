//! `/api/v1/pairings`: nodes that ask to join, and those that belong to the show.

use axum::Json;
use axum::extract::{Path, State};
use cuelight_trust::Code;
use cuelight_wire::ids::Mac;
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use crate::pairing::{Pairings, Settled};
use crate::shared::Shared;

/// Who asks, and who belongs here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PairingsView {
    /// Nodes that ask to join.
    waiting: Vec<WaitingView>,
    /// Nodes that were admitted.
    admitted: Vec<SettledView>,
    /// Nodes that were refused; they can still be admitted.
    refused: Vec<SettledView>,
    /// Whether whoever asks is admitted.
    admit_all: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct WaitingView {
    /// For the calls that admit and refuse it.
    id: String,
    /// What the node shows too, if nobody is in between.
    code: String,
    mac: String,
    name: Option<String>,
    ip: String,
    /// When it asked first, seconds since 1970.
    first_s: u64,
    /// When it asked last.
    last_s: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct SettledView {
    /// For the calls that admit and refuse it.
    id: String,
    /// The id as people read it.
    code: String,
    mac: String,
    /// Seconds since 1970.
    since_s: u64,
}

/// Whom a call has changed something for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PairedView {
    /// MAC addresses.
    nodes: Vec<String>,
}

/// Nodes that ask to join, that were admitted, and that were refused.
#[utoipa::path(
    get,
    path = "/pairings",
    operation_id = "getPairings",
    tag = "nodes",
    responses((status = OK, description = "What there is", body = PairingsView)),
)]
pub(crate) async fn list(State(shared): State<Shared>) -> Json<PairingsView> {
    let pairings = &shared.pairings;
    let waiting = pairings.waiting().into_iter().map(|node| {
        let code = pairings.code(node.key);
        WaitingView {
            id: code.plain(),
            code: code.to_string(),
            mac: node.mac.to_string(),
            name: node.name,
            ip: node.ip.to_string(),
            first_s: node.first_s,
            last_s: node.last_s,
        }
    });
    let settled = |nodes: Vec<Settled>| nodes.into_iter().map(|node| settled(pairings, &node)).collect();
    Json(PairingsView {
        waiting: waiting.collect(),
        admitted: settled(pairings.admitted()),
        refused: settled(pairings.refused()),
        admit_all: pairings.admits_all(),
    })
}

fn settled(pairings: &Pairings, node: &Settled) -> SettledView {
    let code = pairings.code(node.key);
    SettledView { id: code.plain(), code: code.to_string(), mac: node.mac.to_string(), since_s: node.since_s }
}

/// Admits the node that waits with this code, or was refused.
#[utoipa::path(
    post,
    path = "/pairings/{id}",
    operation_id = "admitNode",
    tag = "nodes",
    params(("id" = String, Path, description = "The pairing code, with or without hyphens")),
    responses((status = OK, description = "They are admitted, and stay so", body = PairedView)),
)]
pub(crate) async fn admit(State(shared): State<Shared>, Path(id): Path<String>) -> Result<Json<PairedView>, Problem> {
    let admitted = shared.pairings.admit(code(&id)?).await;
    answer(
        admitted,
        "no node waits with this code: `GET /api/v1/pairings` has those that do. A node that shows another code than the hub is not spoken to by the hub itself",
    )
}

/// Refuses the node of this code, whether it waits or was admitted: its session ends and it is not told of again.
#[utoipa::path(
    delete,
    path = "/pairings/{id}",
    operation_id = "refuseNode",
    tag = "nodes",
    params(("id" = String, Path, description = "The pairing code, with or without hyphens")),
    responses((status = OK, description = "Whom that concerns", body = PairedView)),
)]
pub(crate) async fn refuse(State(shared): State<Shared>, Path(id): Path<String>) -> Result<Json<PairedView>, Problem> {
    let refused = shared.pairings.refuse(code(&id)?).await;
    answer(refused, "no node of this code asks to join or was admitted: `GET /api/v1/pairings` has those that do")
}

fn code(id: &str) -> Result<Code, Problem> {
    id.parse().map_err(|error| Problem::unprocessable(format!("{error}")))
}

fn answer(outcome: std::io::Result<Vec<Mac>>, nobody: &str) -> Result<Json<PairedView>, Problem> {
    let nodes = outcome.map_err(|error| Problem::unavailable(format!("it cannot be kept on the disk: {error}")))?;
    if nodes.is_empty() {
        return Err(Problem::not_found(nobody));
    }
    Ok(Json(PairedView { nodes: nodes.iter().map(ToString::to_string).collect() }))
}
