//! `/api/v1/universes` and `/api/v1/nodes/{node}/universes`: who plays which universes of the show.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use cuelight_conductor::{Command, NodeRef, NodeSnapshot, Snapshot};
use cuelight_wire::caps::Ext;
use cuelight_wire::universes::{LAST_UNIVERSE, UniverseRanges};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::answer::{CommandAnswer, carry_out_on};
use super::body::{Body, Named};
use super::conditions::Tagged;
use super::scope::{known_node, node_ref};
use crate::shared::Shared;

/// Who plays what.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UniversesView {
    /// The universes that the loaded show drives, as 7 or 1..4.
    show: Vec<String>,
    nodes: Vec<NodeUniverses>,
    /// Receivers that follow over HTTP: their universes are what they registered with.
    receivers: Vec<ReceiverUniverses>,
}

/// The universes of a node.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeUniverses {
    node: u16,
    mac: String,
    name: Option<String>,
    /// Those that its own settings give it, as it says; null for a node that says nothing of them.
    own: Option<Vec<String>>,
    /// Those that it was given here; null: its own.
    assigned: Option<Vec<String>>,
    /// Whether it takes what is given here. One that is away is told when it comes.
    follows: bool,
}

/// The universes of a receiver.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiverUniverses {
    node_id: String,
    universes: Vec<String>,
}

impl UniversesView {
    /// Who plays what now.
    pub(crate) fn of(snapshot: &Snapshot, shared: &Shared) -> Self {
        let receiver = |(node_id, mut numbers): (String, Vec<u16>)| {
            numbers.sort_unstable();
            numbers.dedup();
            ReceiverUniverses { node_id, universes: words_of(&numbers) }
        };
        let program = snapshot.cues.program.as_ref();
        Self {
            show: program.map_or_else(Vec::new, |program| words_of(program.score.rig().universes())),
            nodes: snapshot.nodes.iter().map(NodeUniverses::of).collect(),
            receivers: shared.receivers.universes().into_iter().map(receiver).collect(),
        }
    }
}

impl NodeUniverses {
    fn of(node: &NodeSnapshot) -> Self {
        Self {
            node: node.id.0,
            mac: node.mac.to_string(),
            name: (!node.name.is_empty()).then(|| node.name.as_str().to_owned()),
            own: node.own_universes.as_ref().map(words),
            assigned: node.assigned.as_ref().map(words),
            follows: !node.state.is_connected() || node.ext.has(Ext::UNIVERSES),
        }
    }
}

/// Ranges as 7 or 1..4.
pub(crate) fn words(universes: &UniverseRanges) -> Vec<String> {
    universes.iter().map(word).collect()
}

fn word((first, last): (u16, u16)) -> String {
    if first == last { first.to_string() } else { format!("{first}..{last}") }
}

/// Numbers as ranges; however many there are.
fn words_of(numbers: &[u16]) -> Vec<String> {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    ranges.into_iter().map(word).collect()
}

/// Who plays which universes of the show.
#[utoipa::path(
    get,
    path = "/universes",
    operation_id = "listUniverses",
    tag = "universes",
    responses((status = OK, description = "What there is", body = UniversesView)),
)]
pub(crate) async fn list(State(shared): State<Shared>) -> Json<UniversesView> {
    Json(UniversesView::of(&shared.snapshot.load(), &shared))
}

fn find(shared: &Shared, node: &NodeRef) -> Result<NodeUniverses, Problem> {
    known_node(&shared.snapshot.load(), node).map(NodeUniverses::of)
}

/// The universes of a node, with an `ETag` for `If-Match`.
#[utoipa::path(
    get,
    path = "/nodes/{node}/universes",
    operation_id = "getNodeUniverses",
    tag = "universes",
    params(("node" = String, Path, description = "Its number, MAC address or name")),
    responses((status = OK, description = "What there is", body = NodeUniverses)),
)]
pub(crate) async fn get(State(shared): State<Shared>, Named(node): Named) -> Result<Tagged<NodeUniverses>, Problem> {
    find(&shared, &node_ref(&node)?).map(Tagged)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assign {
    /// As 7 or 1..4; at most 32 ranges. None: the node plays no universe.
    universes: Vec<String>,
}

/// Reads 7 or 1..4.
fn read(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

/// Reads a list of these.
pub(super) fn read_all(universes: &[String]) -> Result<UniverseRanges, Problem> {
    let wrong = || Problem::unprocessable(format!("universes are 7 or 1..4, of 1 to {LAST_UNIVERSE}"));
    let ranges = universes.iter().map(|text| read(text).ok_or_else(wrong)).collect::<Result<Vec<_>, _>>()?;
    UniverseRanges::new(ranges).map_err(|bad| Problem::unprocessable(bad.to_string()))
}

/// Gives a node universes of the show. It plays them at once, without a restart; one that is away is told when it comes.
#[utoipa::path(
    put,
    path = "/nodes/{node}/universes",
    operation_id = "putNodeUniverses",
    tag = "universes",
    params(("node" = String, Path, description = "Its number, MAC address or name")),
    request_body = Assign,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn put(
    State(shared): State<Shared>,
    Named(node): Named,
    headers: HeaderMap,
    Body(Assign { universes }): Body<Assign>,
) -> Result<Json<CommandAnswer>, Problem> {
    assign(&shared, &headers, &node, Some(read_all(&universes)?)).await
}

/// Gives a node the universes of its own settings again.
#[utoipa::path(
    delete,
    path = "/nodes/{node}/universes",
    operation_id = "deleteNodeUniverses",
    tag = "universes",
    params(("node" = String, Path, description = "Its number, MAC address or name")),
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn delete(
    State(shared): State<Shared>,
    Named(node): Named,
    headers: HeaderMap,
) -> Result<Json<CommandAnswer>, Problem> {
    assign(&shared, &headers, &node, None).await
}

async fn assign(
    shared: &Shared,
    headers: &HeaderMap,
    node: &str,
    universes: Option<UniverseRanges>,
) -> Result<Json<CommandAnswer>, Problem> {
    let node = node_ref(node)?;
    let command = Command::AssignUniverses { node: node.clone(), universes };
    carry_out_on(shared, headers, |shared| find(shared, &node).ok(), command).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_ranges_however_many_there_are() {
        assert_eq!(words_of(&[]), Vec::<String>::new());
        assert_eq!(words_of(&[1, 2, 3, 7, 9, 10]), ["1..3", "7", "9..10"]);
        let apart: Vec<u16> = (1..=100).map(|n| 2 * n).collect();
        assert_eq!(words_of(&apart).len(), 100);
    }
}
