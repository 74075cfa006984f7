//! Carrying out a command and answering it.

use axum::Json;
use axum::http::HeaderMap;
use cuelight_conductor::rollout::RolloutError;
use cuelight_conductor::{Command, CommandError, CommandId};
use cuelight_wire::ids::Revision;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use crate::shared::Shared;

/// What a command call answers.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
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
}

impl CommandAnswer {
    /// The answer to the same request, come again.
    pub(crate) fn again(self) -> Self {
        Self { repeated: true, ..self }
    }
}

/// Has `command` carried out. Its effect can be seen when the answer is here (HUB-10).
pub(crate) async fn carry_out(
    shared: &Shared,
    headers: &HeaderMap,
    command: Command,
) -> Result<Json<CommandAnswer>, Problem> {
    let answer = shared.inbox.command(idempotency_key(headers)?, command).await;
    let answer = answer.map_err(|_| Problem::unavailable("the hub is stopping"))?.map_err(refused)?;
    Ok(Json(CommandAnswer {
        apply_at_us: answer.apply_at.as_us(),
        rev: answer.rev,
        repeated: answer.repeated,
        nodes: answer.nodes,
    }))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<CommandId>, Problem> {
    let Some(key) = headers.get("Idempotency-Key") else { return Ok(None) };
    let key = key.to_str().ok().and_then(|key| key.parse().ok());
    key.map(Some).ok_or_else(|| Problem::bad_request("Idempotency-Key has 1 to 64 visible ASCII characters"))
}

fn refused(error: CommandError) -> Problem {
    let detail = error.to_string();
    match error {
        CommandError::UnknownNode(_) | CommandError::UnknownGroup(_) => Problem::not_found(detail),
        CommandError::BadValue { .. } => Problem::unprocessable(detail),
        CommandError::Rollout(RolloutError::TooMany(_) | RolloutError::Twice(_)) => Problem::unprocessable(detail),
        CommandError::NameTaken(_)
        | CommandError::Connected(_)
        | CommandError::IdReused
        | CommandError::TooMany { .. }
        | CommandError::RolloutRunning { .. }
        | CommandError::NoRollout
        | CommandError::NotUpdatable { .. }
        | CommandError::Rollout(_)
        | CommandError::Exhausted => Problem::conflict(detail),
    }
}
