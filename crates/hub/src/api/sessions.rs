//! `/api/v1/sessions`: where one is logged in, and for an admin where everybody is (ACC-4).

use axum::Json;
use axum::extract::{Extension, State};
use cuelight_net::clock::wall_now;
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use super::body::Named;
use crate::accounts::{Caller, Role, SecretId, Session};
use crate::events::rfc3339;
use crate::shared::Shared;

/// A browser that is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    id: String,
    account: String,
    /// Where it logged in from.
    address: String,
    /// Whether it stays for 30 days.
    remembered: bool,
    created_at: String,
    expires_at: String,
    last_used_at: Option<String>,
    /// Whether it is the one that asks.
    is_current: bool,
}

impl SessionView {
    fn of(id: &SecretId, session: &Session, caller: &Caller) -> Self {
        Self {
            id: id.as_str().to_owned(),
            account: session.account.clone(),
            address: session.address.clone(),
            remembered: session.is_remembered,
            created_at: rfc3339(session.made_at),
            expires_at: rfc3339(session.expires_at),
            last_used_at: session.used.at().map(rfc3339),
            is_current: caller.session() == Some(id),
        }
    }
}

/// The account whose sessions the caller sees; an admin sees all.
fn only_of(caller: &Caller) -> Option<&str> {
    (caller.role != Role::Admin).then_some(caller.name.as_str())
}

/// Where one is logged in; an admin sees everybody's.
#[utoipa::path(
    get,
    path = "/sessions",
    operation_id = "listSessions",
    tag = "access",
    responses((status = OK, description = "The sessions that are good", body = Vec<SessionView>)),
)]
pub(crate) async fn list(State(shared): State<Shared>, Extension(caller): Extension<Caller>) -> Json<Vec<SessionView>> {
    let directory = shared.accounts.directory();
    let now = wall_now();
    let seen = |session: &Session| {
        now < session.expires_at && only_of(&caller).is_none_or(|account| session.account == account)
    };
    let sessions = directory.sessions.iter().filter(|(_, session)| seen(session));
    Json(sessions.map(|(id, session)| SessionView::of(id, session, &caller)).collect())
}

/// Ends a session: one's own, or as an admin anybody's.
#[utoipa::path(
    delete,
    path = "/sessions/{id}",
    operation_id = "endSession",
    tag = "access",
    params(("id" = String, Path, description = "As the list has it")),
    responses((status = OK, description = "It has ended; as it was", body = SessionView)),
)]
pub(crate) async fn end(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Named(id): Named,
) -> Result<Json<SessionView>, Problem> {
    let ended = shared.accounts.change(|directory, _| directory.remove_session(&id, only_of(&caller))).await?;
    Ok(Json(SessionView::of(&SecretId::named(&id), &ended, &caller)))
}
