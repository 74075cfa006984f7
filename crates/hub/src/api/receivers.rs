//! Receivers that follow the hub over HTTP: `/api/nodes/...` and `/api/master/...` (docs/protocol/77-receivers.md).

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use cuelight_conductor::{Command, NodeSnapshot, SceneEdit, Scope, State as NodeState};
use cuelight_net::clock::wall_now;
use cuelight_show::CueNumber;
use cuelight_wire::change::ScenePatch;
use cuelight_wire::cues::CueOrder;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::answer::command_now;
use super::body::{Body, Named};
use super::caller::caller;
use super::cues::none_loaded;
use super::scope::{node_of, node_ref};
use crate::accounts::Caller;
use crate::chronicle::State as CommandState;
use crate::events::rfc3339;
use crate::receivers::{Facts, Given, Order, Outcome, Refused, cue_milli, fade_ms};
use crate::shared::Shared;

/// Bytes of a receiver's name.
const MAX_NAME: usize = 64;
/// Words for what a receiver can do, and bytes of one.
const MAX_CAPABILITIES: usize = 32;
/// Universes of one receiver.
const MAX_UNIVERSES: usize = 512;

/// What a receiver says of itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$")]
    node_id: String,
    /// Words such as `dmx_output` and `media_playback`.
    #[serde(default)]
    #[schema(max_items = 32)]
    capabilities: Vec<String>,
    /// The universes it drives, 1 to 63999.
    #[serde(default)]
    #[schema(max_items = 512)]
    universes: Vec<u16>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Registered {
    node_id: String,
    /// Whether it was not known before.
    new: bool,
    /// How often it is to say how it is.
    heartbeat_ms: u32,
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let detail = refused.to_string();
        match refused {
            Refused::Unknown(_) | Refused::NotOnItsWay(..) => Self::not_found(detail),
            Refused::NoRoom | Refused::Full(_) => Self::conflict(detail),
        }
    }
}

/// A receiver registers. Registering again says anew what it is.
#[utoipa::path(
    post,
    path = "/nodes/register",
    operation_id = "registerReceiver",
    tag = "receivers",
    request_body = Registration,
    responses((status = OK, description = "It is registered", body = Registered)),
)]
pub(crate) async fn register(
    State(shared): State<Shared>,
    Extension(by): Extension<Caller>,
    Body(Registration { node_id, capabilities, universes }): Body<Registration>,
) -> Result<Json<Registered>, Problem> {
    let is_name = |text: &str| {
        (1..=MAX_NAME).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    if !is_name(&node_id) {
        return Err(Problem::unprocessable("node_id has 1 to 64 letters, digits, dots, dashes and underscores"));
    }
    if capabilities.len() > MAX_CAPABILITIES || !capabilities.iter().all(|word| is_name(word)) {
        return Err(Problem::unprocessable("capabilities are at most 32 words of letters, digits and underscores"));
    }
    if universes.len() > MAX_UNIVERSES || universes.iter().any(|universe| !(1..=63_999).contains(universe)) {
        return Err(Problem::unprocessable("universes are at most 512 numbers from 1 to 63999"));
    }
    // ACC-8
    let is_other = |universe: &&u16| by.universes.as_ref().is_some_and(|allowed| !allowed.has(**universe));
    if let (Some(other), Some(allowed)) = (universes.iter().find(is_other), &by.universes) {
        return Err(Problem::forbidden(format!(
            "universe {other} is not among those of the key {}, which are {allowed}",
            by.name
        )));
    }
    let new = shared.receivers.register(&node_id, Facts { capabilities, universes })?;
    Ok(Json(Registered { node_id, new, heartbeat_ms: 1_000 }))
}

/// What became of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ordered {
    command_id: String,
    /// queued, or sent where the stream carries it.
    state: &'static str,
    /// From when it holds, show time, where the stream carries it.
    apply_at_us: Option<i64>,
}

/// A command for one receiver. It waits at most 10 s for one that is away, is given out again at most three times, and is
/// never carried out late in silence. A node of the show network takes two of them, which the stream carries: `intensity`, the
/// brightness of what it shows, and `cue`, a go-to in the first list of the loaded show that has that cue; lists are the whole
/// show's, so every node goes there at the same instant.
#[utoipa::path(
    post,
    path = "/nodes/{node_id}/command",
    operation_id = "commandReceiver",
    tag = "receivers",
    params(("node_id" = String, Path, description = "A registered receiver, or a node by number, MAC address or name")),
    request_body = Order,
    responses((status = OK, description = "It is on its way", body = Ordered)),
)]
pub(crate) async fn command(
    State(shared): State<Shared>,
    Named(node): Named,
    headers: HeaderMap,
    Body(order): Body<Order>,
) -> Result<Json<Ordered>, Problem> {
    order.check().map_err(Problem::unprocessable)?;
    match shared.receivers.order(&node, order.clone(), caller()) {
        Ok(command_id) => Ok(Json(Ordered { command_id, state: CommandState::Queued.word(), apply_at_us: None })),
        Err(Refused::Unknown(_)) => stream(&shared, &headers, &node, order).await.map(Json),
        Err(refused) => Err(refused.into()),
    }
}

/// Has the stream carry a command to a node of the show network.
async fn stream(shared: &Shared, headers: &HeaderMap, node: &str, order: Order) -> Result<Ordered, Problem> {
    let known = find(shared, node)?;
    let known = known.ok_or_else(|| Problem::from(Refused::Unknown(node.to_owned())))?;
    let command = match order {
        Order::Intensity { level, fade_time } => {
            let patch = ScenePatch { brightness: Some(level), ..ScenePatch::default() };
            let edit = SceneEdit { patch, ..SceneEdit::default() };
            Command::Edit { scope: Scope::Node(node_ref(node)?), edit, fade_ms: fade_ms(fade_time) }
        }
        Order::Cue { cue_id, fade_time } => go_to(shared, cue_id, fade_time)?,
        Order::Blackout { .. } | Order::Clear {} | Order::Media { .. } | Order::Identify {} => {
            return Err(Problem::unprocessable(format!(
                "\"{node}\" is a node of the show network, which takes intensity and cue here; for {} there are the calls \
                 under /api/v1",
                order.word()
            )));
        }
    };
    let answer = command_now(shared, headers, command).await?;
    let command_id = shared.receivers.note_streamed(known.mac, &order, caller(), answer.apply_at);
    Ok(Ordered { command_id, state: CommandState::Sent.word(), apply_at_us: Some(answer.apply_at.as_us()) })
}

/// A cue of the show that is loaded, in the first of its lists that has it (RECV-7). Lists are the whole show's: all nodes go there.
fn go_to(shared: &Shared, cue_id: f64, fade_time: Option<f64>) -> Result<Command, Problem> {
    let milli = cue_milli(cue_id);
    let cue = CueNumber::from_milli(milli);
    let cue = cue.ok_or_else(|| Problem::unprocessable(format!("cue_id {cue_id} is the number of no cue")))?;
    let program = shared.snapshot.load().cues.program.clone().ok_or_else(none_loaded)?;
    let list = program.show.lists.iter().find(|list| list.cue(cue).is_some());
    let list =
        list.ok_or_else(|| Problem::not_found(format!("the show that is loaded has no cue {cue} in any list")))?;
    let order = CueOrder::GoTo { cue_milli: milli, fade_ms: fade_time.map(|fade| fade_ms(Some(fade))) };
    Ok(Command::Cue { list: list.number, order })
}

/// A node of the show network.
fn find(shared: &Shared, node: &str) -> Result<Option<NodeSnapshot>, Problem> {
    let wanted = node_ref(node)?;
    Ok(node_of(&shared.snapshot.load(), &wanted).cloned())
}

/// How a receiver is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatusView {
    node_id: String,
    /// Whether it was heard within the last 3 s.
    online: bool,
    /// When it was last heard, wall clock.
    #[schema(format = DateTime)]
    last_heartbeat: Option<String>,
    /// Universes a second that it puts out; frames a second of a node of the show network.
    dmx_fps: Option<f64>,
    /// Per cent.
    cpu_usage: Option<f64>,
    /// What is wrong with it.
    degraded: Option<String>,
    /// Commands that wait or are not acknowledged.
    pending_commands: usize,
    capabilities: Vec<String>,
    universes: Vec<u16>,
}

/// How a receiver, or a node of the show network, is.
#[utoipa::path(
    get,
    path = "/nodes/{node_id}/status",
    operation_id = "getReceiver",
    tag = "receivers",
    params(("node_id" = String, Path, description = "A registered receiver, or a node by number, MAC address or name")),
    responses((status = OK, description = "How it is", body = StatusView)),
)]
pub(crate) async fn status(State(shared): State<Shared>, Named(node_id): Named) -> Result<Json<StatusView>, Problem> {
    if let Some(status) = shared.receivers.status(&node_id) {
        return Ok(Json(StatusView {
            node_id,
            online: status.is_online,
            last_heartbeat: status.last_heartbeat.map(rfc3339),
            dmx_fps: status.dmx_fps,
            cpu_usage: status.cpu_usage,
            degraded: status.degraded,
            pending_commands: status.open,
            capabilities: status.facts.capabilities,
            universes: status.facts.universes,
        }));
    }
    let node = find(&shared, &node_id)?.ok_or_else(|| Problem::from(Refused::Unknown(node_id.clone())))?;
    let now = shared.clock.now();
    let heard = node.seen_at.map(|seen| rfc3339(wall_now() - (now - seen)));
    let why = if let NodeState::Degraded(why) = node.state { Some(why.to_string()) } else { None };
    Ok(Json(StatusView {
        degraded: why.or_else(|| shared.receivers.last_failure(node.mac)),
        node_id,
        online: matches!(node.state, NodeState::Authed | NodeState::Ready | NodeState::Degraded(_)),
        last_heartbeat: heard,
        dmx_fps: Some(f64::from(node.render_fps)),
        cpu_usage: None,
        pending_commands: 0,
        capabilities: Vec::new(),
        universes: Vec::new(),
    }))
}

/// How a receiver says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Word {
    /// It carries out commands.
    Online,
    /// It does, as well as it can.
    Degraded,
    /// It goes, and carries out no more.
    Offline,
}

/// Once a second from every receiver.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Heartbeat {
    node_id: String,
    status: Word,
    #[serde(default)]
    metrics: Metrics,
}

/// Its figures.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Metrics {
    dmx_fps: Option<f64>,
    cpu_usage: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Orders {
    /// Show time of the answer.
    show_us: i64,
    /// What it is to carry out, in this order.
    commands: Vec<GivenView>,
}

/// A command that is given out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GivenView {
    command_id: String,
    command: Order,
    /// 1 for the first time.
    attempt: u8,
    /// How old it is.
    age_ms: i64,
}

impl From<Given> for GivenView {
    fn from(Given { id, order, attempt, age }: Given) -> Self {
        Self { command_id: id, command: order, attempt, age_ms: age.as_ms() }
    }
}

/// A receiver says how it is and gets its commands.
#[utoipa::path(
    post,
    path = "/master/heartbeat",
    operation_id = "heartbeat",
    tag = "receivers",
    request_body = Heartbeat,
    responses((status = OK, description = "What it is to carry out", body = Orders)),
)]
pub(crate) async fn heartbeat(
    State(shared): State<Shared>,
    Body(Heartbeat { node_id, status, metrics }): Body<Heartbeat>,
) -> Result<Json<Orders>, Problem> {
    let Metrics { dmx_fps, cpu_usage } = metrics;
    let given = shared.receivers.heartbeat(&node_id, status != Word::Offline, dmx_fps, cpu_usage)?;
    let show = shared.snapshot.load().clock.show_at(shared.clock.now());
    Ok(Json(Orders { show_us: show.as_us(), commands: given.into_iter().map(GivenView::from).collect() }))
}

/// What a receiver says became of a command.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acknowledgement {
    node_id: String,
    command_id: String,
    status: Became,
    /// What was the matter.
    #[serde(default)]
    #[schema(max_length = 500)]
    error: Option<String>,
}

/// It was carried out, or it could not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Became {
    /// It was.
    Executed,
    /// It could not be.
    Failed,
}

/// Where a command is now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Acknowledged {
    command_id: String,
    /// executed; queued when it will be given out again; failed when it will not.
    state: &'static str,
}

/// A receiver says what became of a command. One that failed is given out again, at most three times.
#[utoipa::path(
    post,
    path = "/master/ack",
    operation_id = "acknowledge",
    tag = "receivers",
    request_body = Acknowledgement,
    responses((status = OK, description = "Where the command is now", body = Acknowledged)),
)]
pub(crate) async fn acknowledge(
    State(shared): State<Shared>,
    Body(Acknowledgement { node_id, command_id, status, error }): Body<Acknowledgement>,
) -> Result<Json<Acknowledged>, Problem> {
    let said = || format!("{:.500}", error.unwrap_or_else(|| "the receiver does not say why".into()));
    let outcome = match status {
        Became::Executed => Outcome::Executed,
        Became::Failed => Outcome::Failed(said()),
    };
    let state = shared.receivers.acknowledge(&node_id, &command_id, outcome)?;
    Ok(Json(Acknowledged { command_id, state: state.word() }))
}
