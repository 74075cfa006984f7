//! `/api/v1/nodes/{node}/restart`: a node is started again.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use cuelight_conductor::Command;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Problem;
use super::answer::{CommandAnswer, carry_out};
use super::body::{Body, Named};
use super::scope::node_ref;
use crate::shared::Shared;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Restart {
    /// The armed show in spite of which it is to happen, by name.
    #[serde(rename = "override")]
    in_spite_of: Option<String>,
}

/// Has a node started again. It is refused while a show is armed that is not named, during the node's update, and for nodes
/// that nothing would start again. The answer comes when the node has been told; its `state` says when it is back.
#[utoipa::path(
    post,
    path = "/nodes/{node}/restart",
    operation_id = "restartNode",
    tag = "nodes",
    params(("node" = String, Path, description = "Its number, MAC address or name")),
    request_body = Restart,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn post(
    State(shared): State<Shared>,
    Named(node): Named,
    headers: HeaderMap,
    Body(Restart { in_spite_of }): Body<Restart>,
) -> Result<Json<CommandAnswer>, Problem> {
    carry_out(&shared, &headers, Command::RestartNode { node: node_ref(&node)?, in_spite_of }).await
}
