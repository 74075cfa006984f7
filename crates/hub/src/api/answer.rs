//! Carrying out a command and answering it.

use axum::Json;
use axum::http::HeaderMap;
use cuelight_conductor::rollout::RolloutError;
use cuelight_conductor::{Answer, Command, CommandError, CommandId};
use cuelight_show::{BadStep, CommandError as CueError};
use cuelight_wire::ids::Revision;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::caller;
use super::{Problem, conditions, scope};
use crate::chronicle::{self, State};
use crate::shared::Shared;

/// What a command call answers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CommandAnswer {
    /// From when the change holds, show time.
    apply_at_us: i64,
    /// Its number.
    #[schema(value_type = u32)]
    rev: Revision,
    /// Whether the same `Idempotency-Key` had been answered before.
    repeated: bool,
    /// Connected nodes it is for.
    nodes: usize,
    /// The cue that a list is in then; only of calls to a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    cue: Option<String>,
}

impl CommandAnswer {
    fn of(answer: Answer) -> Json<Self> {
        let Answer { apply_at, rev, repeated, nodes, cue } = answer;
        Json(Self { apply_at_us: apply_at.as_us(), rev, repeated, nodes, cue: cue.map(|cue| cue.to_string()) })
    }
}

/// Has `command` carried out. Its effect can be seen when the answer is here (HUB-10).
pub(crate) async fn carry_out(
    shared: &Shared,
    headers: &HeaderMap,
    command: Command,
) -> Result<Json<CommandAnswer>, Problem> {
    let _held = conditions::hold_plain(shared).await;
    told(shared, headers, command).await.map(CommandAnswer::of)
}

/// Has `command` carried out, unless the document it changes is another than the request wants it to be (HUB-15).
pub(crate) async fn carry_out_on<D: Serialize>(
    shared: &Shared,
    headers: &HeaderMap,
    document: impl FnOnce(&Shared) -> Option<D>,
    command: Command,
) -> Result<Json<CommandAnswer>, Problem> {
    let _held = conditions::hold(shared, headers, document).await?;
    told(shared, headers, command).await.map(CommandAnswer::of)
}

/// The same, with the conductor's own answer, and without a line in the log of commands: the caller writes it.
pub(crate) async fn command_now(shared: &Shared, headers: &HeaderMap, command: Command) -> Result<Answer, Problem> {
    let _held = conditions::hold_plain(shared).await;
    answered(shared, headers, command).await
}

/// Has a command carried out and writes it into the log, with what became of it (STORE-6).
async fn told(shared: &Shared, headers: &HeaderMap, command: Command) -> Result<Answer, Problem> {
    let (node, described) = chronicle::of_command(&command);
    let answer = answered(shared, headers, command).await;
    let state = match &answer {
        // It is in the log already.
        Ok(answer) if answer.repeated => return Ok(*answer),
        Ok(_) => State::Executed,
        Err(problem) => State::Failed(problem.detail().to_owned()),
    };
    let node = node.map(|node| {
        let snapshot = shared.snapshot.load();
        scope::node_of(&snapshot, &node).map_or_else(|| node.to_string(), |node| node.mac.to_string())
    });
    shared.chronicle.begin(shared.chronicle.next_id(), node, described, caller(), state);
    answer
}

async fn answered(shared: &Shared, headers: &HeaderMap, command: Command) -> Result<Answer, Problem> {
    let answer = shared.inbox.command(idempotency_key(headers)?, command).await;
    answer.map_err(|_| Problem::unavailable("the hub is stopping"))?.map_err(refused)
}

/// The key of a request that may come again.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<CommandId>, Problem> {
    let Some(key) = headers.get("Idempotency-Key") else { return Ok(None) };
    let key = key.to_str().ok().and_then(|key| key.parse().ok());
    key.map(Some).ok_or_else(|| Problem::bad_request("Idempotency-Key has 1 to 64 visible ASCII characters"))
}

/// Why a command is not carried out.
pub(crate) fn refused(error: CommandError) -> Problem {
    let detail = error.to_string();
    match error {
        CommandError::UnknownNode(_) | CommandError::UnknownGroup(_) => Problem::not_found(detail),
        CommandError::Cue(BadStep::Command(CueError::NoList(_) | CueError::NoCue(..))) => Problem::not_found(detail),
        CommandError::Cue(BadStep::NoNumber(_)) | CommandError::BadValue { .. } => Problem::unprocessable(detail),
        CommandError::Rollout(RolloutError::TooMany(_) | RolloutError::Twice(_)) => Problem::unprocessable(detail),
        CommandError::NameTaken(_)
        | CommandError::Connected(_)
        | CommandError::NotConnected(_)
        | CommandError::NotRestartable(_)
        | CommandError::Updating(_)
        | CommandError::Armed { .. }
        | CommandError::NoUniverses(_)
        | CommandError::NoGeometry(_)
        | CommandError::IdReused
        | CommandError::TooMany { .. }
        | CommandError::RolloutRunning { .. }
        | CommandError::NoRollout
        | CommandError::NotUpdatable { .. }
        | CommandError::Rollout(_)
        | CommandError::NoShow
        | CommandError::Cue(_)
        | CommandError::Exhausted => Problem::conflict(detail),
    }
}
