//! `/api/v1/nodes/{node}/geometry`: how the LEDs of a node are laid out.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use cuelight_conductor::{Command, NodeRef, NodeSnapshot};
use cuelight_render::Geometry;
use cuelight_wire::caps::Ext;
use cuelight_wire::control::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::answer::{CommandAnswer, carry_out_on};
use super::body::{Body, Named};
use super::conditions::Tagged;
use super::scope::{known_node, node_ref};
use crate::shared::Shared;

/// How the LEDs of a node are laid out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeGeometry {
    node: u16,
    mac: String,
    name: Option<String>,
    /// How many there are.
    leds: u32,
    /// As its own settings say, `strip:320`, `ring:60` or `matrix:16x16:serpentine`; null for a node that says nothing of it.
    own: Option<String>,
    /// As it was told here; null: as its own settings say.
    laid_out: Option<String>,
    /// Whether it takes what is said here. One that is away is told when it comes.
    follows: bool,
}

impl NodeGeometry {
    fn of(node: &NodeSnapshot) -> Self {
        let text = |text: &Option<Text<48>>| text.as_ref().map(|text| text.as_str().to_owned());
        Self {
            node: node.id.0,
            mac: node.mac.to_string(),
            name: (!node.name.is_empty()).then(|| node.name.as_str().to_owned()),
            leds: node.topo.leds,
            own: text(&node.own_geometry),
            laid_out: text(&node.laid_out),
            follows: !node.state.is_connected() || node.ext.has(Ext::GEOMETRY),
        }
    }
}

fn find(shared: &Shared, node: &NodeRef) -> Result<NodeGeometry, Problem> {
    known_node(&shared.snapshot.load(), node).map(NodeGeometry::of)
}

/// How the LEDs of a node are laid out, with an `ETag` for `If-Match`.
#[utoipa::path(
    get,
    path = "/nodes/{node}/geometry",
    operation_id = "getNodeGeometry",
    tag = "nodes",
    params(("node" = String, Path, description = "Its number, MAC address or name")),
    responses((status = OK, description = "What there is", body = NodeGeometry)),
)]
pub(crate) async fn get(State(shared): State<Shared>, Named(node): Named) -> Result<Tagged<NodeGeometry>, Problem> {
    find(&shared, &node_ref(&node)?).map(Tagged)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LayOut {
    /// `strip:320`, `ring:60` or `matrix:16x16`, the last with any of `:serpentine`, `:vertical` and `:top-right`,
    /// `:bottom-left`, `:bottom-right`; of as many LEDs as the node has.
    geometry: String,
}

/// Says how the LEDs of a node are laid out. It shows that from its next frame on, without a restart; one that is away is told
/// when it comes.
#[utoipa::path(
    put,
    path = "/nodes/{node}/geometry",
    operation_id = "putNodeGeometry",
    tag = "nodes",
    params(("node" = String, Path, description = "Its number, MAC address or name")),
    request_body = LayOut,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn put(
    State(shared): State<Shared>,
    Named(node): Named,
    headers: HeaderMap,
    Body(LayOut { geometry }): Body<LayOut>,
) -> Result<Json<CommandAnswer>, Problem> {
    let geometry: Geometry =
        geometry.trim().parse().map_err(|bad| Problem::unprocessable(format!("geometry \"{geometry}\": {bad}")))?;
    let node = node_ref(&node)?;
    let NodeGeometry { leds, .. } = find(&shared, &node)?;
    // Of a node that was not seen since the hub's start nobody knows how many it has: it looks itself.
    if leds != 0 && geometry.len() != leds as usize {
        let count = geometry.len();
        return Err(Problem::unprocessable(format!(
            "geometry {geometry} has {count} LEDs, and the node has {leds}: how many there are is in its own settings"
        )));
    }
    let geometry = Text::try_from(geometry.to_string().as_str()).expect("no geometry is longer than 48 bytes");
    lay_out(&shared, &headers, node, Some(geometry)).await
}

/// Has the LEDs of a node laid out as its own settings say, again.
#[utoipa::path(
    delete,
    path = "/nodes/{node}/geometry",
    operation_id = "deleteNodeGeometry",
    tag = "nodes",
    params(("node" = String, Path, description = "Its number, MAC address or name")),
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn delete(
    State(shared): State<Shared>,
    Named(node): Named,
    headers: HeaderMap,
) -> Result<Json<CommandAnswer>, Problem> {
    lay_out(&shared, &headers, node_ref(&node)?, None).await
}

async fn lay_out(
    shared: &Shared,
    headers: &HeaderMap,
    node: NodeRef,
    geometry: Option<Text<48>>,
) -> Result<Json<CommandAnswer>, Problem> {
    let command = Command::LayOut { node: node.clone(), geometry };
    carry_out_on(shared, headers, |shared| find(shared, &node).ok(), command).await
}
