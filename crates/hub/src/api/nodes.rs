//! `/api/v1/nodes`: who is in the show and how well each node does.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use cuelight_conductor::{Command, NodeRef, NodeSnapshot, Snapshot, State as NodeState};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::Text;
use cuelight_wire::ids::NodeId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::answer::{CommandAnswer, carry_out, carry_out_on};
use super::body::{Asked, Body, Named};
use super::caller::caller;
use super::conditions::Tagged;
use super::pages::Which;
use super::scope::{known_node, node_ref};
use super::universes::words;
use crate::revisions::{Document, edited};
use crate::shared::Shared;

/// One node.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeView {
    id: u16,
    mac: String,
    name: Option<String>,
    /// pending, authed, ready, degraded, lost, or offline for a node that is only known.
    state: &'static str,
    /// Why it is degraded, when it is.
    degraded: Option<String>,
    ip: Option<String>,
    udp_port: u16,
    fw: String,
    /// What its images are for.
    platform: String,
    /// Whether it can be updated over the network.
    updatable: bool,
    /// Whether it can be restarted from here: something starts it again when it ends.
    restartable: bool,
    leds: u32,
    channels: u16,
    /// Whether its clock is locked; a deployed node cannot say.
    lock: bool,
    sigma_ns: i64,
    bound_ns: i64,
    drift_us: i64,
    loss_pct: f32,
    rssi: i16,
    fps: f32,
    /// 99th percentile of its output's lateness.
    late_ns_p99: i64,
    frames_missed: u32,
    late_changes: u32,
    reconnects: u32,
    uptime_s: u64,
    /// How long ago it was heard; null for a node not heard since the hub started.
    last_seen_ms: Option<i64>,
    /// Whether it speaks the deployed protocol only.
    legacy: bool,
    packets: u64,
    bytes: u64,
    groups: Vec<String>,
    /// Universes of the show that are its own, as 7 or 1..4: those it was given, else those of its own settings.
    universes: Vec<String>,
    /// Where it serves a page of its own.
    page: Option<String>,
    /// How its LEDs are laid out, as `strip:320`, `ring:60` or `matrix:16x16:serpentine`: as it was told here, else as its own
    /// settings say; null where nobody says.
    geometry: Option<String>,
    /// Whether that was told here.
    laid_out: bool,
}

impl NodeView {
    pub(crate) fn of(node: &NodeSnapshot, snapshot: &Snapshot) -> Self {
        let sync = node.sync.unwrap_or_default();
        let groups = snapshot.groups.iter().filter(|group| group.members.contains(&node.mac));
        Self {
            id: node.id.0,
            mac: node.mac.to_string(),
            name: (!node.name.is_empty()).then(|| node.name.as_str().to_owned()),
            state: state_word(node.state),
            degraded: match node.state {
                NodeState::Degraded(why) => Some(why.to_string()),
                _ => None,
            },
            ip: node.ip.map(|ip| ip.to_string()),
            udp_port: node.udp_port,
            fw: node.fw.as_str().to_owned(),
            platform: node.platform.clone(),
            updatable: node.caps.ota,
            restartable: node.ext.has(Ext::RESTART),
            leds: node.topo.leds,
            channels: node.topo.channels,
            lock: sync.locked || (node.is_legacy && node.state == NodeState::Ready),
            sigma_ns: sync.sigma_ns,
            bound_ns: sync.bound_ns,
            drift_us: node.drift_us,
            loss_pct: node.loss_pct,
            rssi: node.rssi,
            fps: node.render_fps,
            late_ns_p99: sync.output_late_ns,
            frames_missed: sync.frames_missed,
            late_changes: sync.late,
            reconnects: node.reconnects,
            uptime_s: node.uptime_s,
            last_seen_ms: node.seen_at.map(|seen| (snapshot.local - seen).as_ms()),
            legacy: node.is_legacy,
            packets: node.packets,
            bytes: node.bytes,
            groups: groups.map(|group| group.name.as_str().to_owned()).collect(),
            universes: node.assigned.as_ref().or(node.own_universes.as_ref()).map_or_else(Vec::new, words),
            geometry: node.geometry().map(str::to_owned),
            laid_out: node.laid_out.is_some(),
            page: node.ip.zip(node.page_port).map(|(ip, port)| format!("http://{}/", SocketAddr::new(ip, port))),
        }
    }
}

/// The word the API and metrics use for a state.
pub(crate) fn state_word(state: NodeState) -> &'static str {
    match state {
        NodeState::Removed => "offline",
        other => other.name(),
    }
}

/// Who is in the show, and how well each node does.
#[utoipa::path(
    get,
    path = "/nodes",
    operation_id = "listNodes",
    tag = "nodes",
    params(Which),
    responses((status = OK, description = "What there is", body = Vec<NodeView>)),
)]
pub(crate) async fn list(State(shared): State<Shared>, Asked(which): Asked<Which>) -> Result<Response, Problem> {
    let snapshot = shared.snapshot.load();
    let read = |text: &str| text.parse().map(NodeId).ok();
    let page = which.of(snapshot.nodes.iter(), |node| node.id, read, |id| id.0.to_string())?;
    Ok(page.map(|node| NodeView::of(node, &snapshot)).into_response())
}

/// What of a node is a document: what people say of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeName {
    mac: String,
    name: Option<String>,
}

fn name_of(shared: &Shared, node: &NodeRef) -> Result<NodeName, Problem> {
    known_node(&shared.snapshot.load(), node).map(|node| NodeName {
        mac: node.mac.to_string(),
        name: (!node.name.is_empty()).then(|| node.name.as_str().to_owned()),
    })
}

/// What a node is called, with an `ETag` for `If-Match`.
#[utoipa::path(
    get,
    path = "/nodes/{node}/name",
    operation_id = "getNodeName",
    tag = "nodes",
    params(("node" = String, Path, description = "Its number, MAC address or name")),
    responses((status = OK, description = "What there is", body = NodeName)),
)]
pub(crate) async fn get_name(State(shared): State<Shared>, Named(node): Named) -> Result<Tagged<NodeName>, Problem> {
    name_of(&shared, &node_ref(&node)?).map(Tagged)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rename {
    /// Empty takes the name away.
    name: String,
}

/// Names a node.
#[utoipa::path(
    patch,
    path = "/nodes/{node}",
    operation_id = "renameNode",
    tag = "nodes",
    params(("node" = String, Path, description = "Its number, MAC address or name")),
    request_body = Rename,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn rename(
    State(shared): State<Shared>,
    Named(node): Named,
    headers: HeaderMap,
    Body(Rename { name }): Body<Rename>,
) -> Result<Json<CommandAnswer>, Problem> {
    let name = Text::try_from(name.as_str())
        .map_err(|_| Problem::unprocessable(format!("\"{name}\" is no name: names have at most 32 bytes")))?;
    let node = node_ref(&node)?;
    let command = Command::NameNode { node: node.clone(), name: name.clone() };
    let what = if name.is_empty() { format!("the name of {node} taken away") } else { format!("{node} named {name}") };
    let edit = carry_out_on(&shared, &headers, |shared| name_of(shared, &node).ok(), command);
    edited(&shared, Document::Names, what, caller(), edit).await
}

/// Forgets a node that is not connected: its number, name and scene.
#[utoipa::path(
    delete,
    path = "/nodes/{node}",
    operation_id = "forgetNode",
    tag = "nodes",
    params(("node" = String, Path, description = "Its number, MAC address or name")),
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn forget(
    State(shared): State<Shared>,
    Named(node): Named,
    headers: HeaderMap,
) -> Result<Json<CommandAnswer>, Problem> {
    carry_out(&shared, &headers, Command::Forget { node: node_ref(&node)? }).await
}
