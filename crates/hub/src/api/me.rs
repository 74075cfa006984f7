//! `/api/v1/me`: who the hub takes the caller for, and the caller's own password.

use axum::Json;
use axum::extract::{Extension, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::body::{Body, Hidden};
use crate::accounts::{Caller, NotDone, Role, Via};
use crate::events::rfc3339;
use crate::shared::Shared;

/// Who calls.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    role: Role,
    /// The account; null for a program with a key, and for this machine.
    account: Option<String>,
    /// session, key or this-machine.
    via: &'static str,
    /// Until when, RFC 3339; null without end.
    expires_at: Option<String>,
}

impl Me {
    pub(crate) fn of(caller: &Caller) -> Self {
        Self {
            role: caller.role,
            account: caller.session().map(|_| caller.name.clone()),
            via: caller.via.word(),
            expires_at: caller.expires_at.map(rfc3339),
        }
    }
}

/// Who the hub takes the caller for.
#[utoipa::path(
    get,
    path = "/me",
    operation_id = "whoAmI",
    tag = "access",
    responses((status = OK, description = "Role and account", body = Me)),
)]
pub(crate) async fn get(Extension(caller): Extension<Caller>) -> Json<Me> {
    Json(Me::of(&caller))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The present one.
    #[schema(value_type = String, format = "password")]
    current: Hidden,
    /// The new one, 10 to 128 characters.
    #[schema(value_type = String, format = "password", min_length = 10, max_length = 128)]
    password: Hidden,
}

/// Changes one's own password. All other sessions of the account end.
#[utoipa::path(
    put,
    path = "/me/password",
    operation_id = "changeOwnPassword",
    tag = "access",
    request_body = NewPassword,
    responses((status = OK, description = "It is changed", body = Me)),
)]
pub(crate) async fn put_password(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(NewPassword { current, password }): Body<NewPassword>,
) -> Result<Json<Me>, Problem> {
    let Via::Session(session) = &caller.via else {
        return Err(Problem::conflict("a key has no password: log in with the account"));
    };
    let accounts = &shared.accounts;
    accounts.check(&caller.name, current.0).await.map_err(|problem| match problem {
        // Who calls is known all the same.
        NotDone::WrongPassword => Problem::unprocessable("the present password is another one"),
        other => other.into(),
    })?;
    let password = accounts.hashed(&caller.name, password.0).await?;
    accounts.change(|directory, _| directory.change_account(&caller.name, None, Some(password), Some(session))).await?;
    Ok(Json(Me::of(&caller)))
}

impl From<NotDone> for Problem {
    fn from(problem: NotDone) -> Self {
        use crate::accounts::Refused;
        let detail = problem.to_string();
        match problem {
            NotDone::Refused(Refused::Unknown { .. }) => Self::not_found(detail),
            NotDone::Refused(Refused::Taken(_) | Refused::Full(_) | Refused::LastAdmin(_)) | NotDone::IsSetUp => {
                Self::conflict(detail)
            }
            NotDone::Refused(Refused::BadName | Refused::NotForPeople(_)) | NotDone::BadPassword(_) => {
                Self::unprocessable(detail)
            }
            NotDone::Busy(_) | NotDone::Unsaved(_) => Self::unavailable(detail),
            NotDone::WrongPassword | NotDone::WrongCode => Self::unauthorized(detail),
        }
    }
}
