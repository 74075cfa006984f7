//! `/api/v1/accounts`: the accounts of people (ACC-3).

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use cuelight_net::clock::wall_now;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::body::{Body, Hidden, Named};
use super::recorded::About;
use crate::accounts::{Account, Caller, Directory, Role, Session};
use crate::events::rfc3339;
use crate::shared::Shared;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountView {
    name: String,
    role: Role,
    created_at: String,
    /// Browsers that are logged in.
    sessions: usize,
}

impl AccountView {
    fn of(directory: &Directory, name: &str) -> Option<Self> {
        let (name, Account { role, made_at, .. }) = directory.accounts.get_key_value(&name.to_ascii_lowercase())?;
        let now = wall_now();
        let is_open = |session: &&Session| session.account == *name && now < session.expires_at;
        let sessions = directory.sessions.values().filter(is_open).count();
        Some(Self { name: name.clone(), role: *role, created_at: rfc3339(*made_at), sessions })
    }
    fn found(shared: &Shared, name: &str) -> Result<Json<Self>, Problem> {
        let found = Self::of(&shared.accounts.directory(), name).map(Json);
        found.ok_or_else(|| Problem::not_found(format!("there is no account \"{name}\" any more")))
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._@-]+$")]
    name: String,
    /// viewer, operator or admin.
    role: Role,
    /// 10 to 128 characters.
    #[schema(value_type = String, format = "password", min_length = 10, max_length = 128)]
    password: Hidden,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChange {
    /// viewer, operator or admin.
    role: Option<Role>,
    /// 10 to 128 characters; all sessions of the account end.
    #[schema(value_type = Option<String>, format = "password", min_length = 10, max_length = 128)]
    password: Option<Hidden>,
}

/// The accounts.
#[utoipa::path(
    get,
    path = "/accounts",
    operation_id = "listAccounts",
    tag = "access",
    responses((status = OK, description = "What there is", body = Vec<AccountView>)),
)]
pub(crate) async fn list(State(shared): State<Shared>) -> Json<Vec<AccountView>> {
    let directory = shared.accounts.directory();
    Json(directory.accounts.keys().filter_map(|name| AccountView::of(&directory, name)).collect())
}

/// Makes an account.
#[utoipa::path(
    post,
    path = "/accounts",
    operation_id = "addAccount",
    tag = "access",
    request_body = NewAccount,
    responses((status = CREATED, description = "It is made", body = AccountView)),
)]
pub(crate) async fn add(
    State(shared): State<Shared>,
    Body(NewAccount { name, role, password }): Body<NewAccount>,
) -> Result<(StatusCode, Extension<About>, Json<AccountView>), Problem> {
    let password = shared.accounts.hashed(&name, password.0).await?;
    shared.accounts.change(|directory, now| directory.add_account(&name, role, password, now)).await?;
    let about = Extension(About(format!("{name} as {role}")));
    Ok((StatusCode::CREATED, about, AccountView::found(&shared, &name)?))
}

/// Gives an account another role or password. The role holds at once, also where somebody is logged in.
#[utoipa::path(
    patch,
    path = "/accounts/{name}",
    operation_id = "changeAccount",
    tag = "access",
    params(("name" = String, Path, description = "The account")),
    request_body = AccountChange,
    responses((status = OK, description = "It is changed", body = AccountView)),
)]
pub(crate) async fn change(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Named(account): Named,
    Body(AccountChange { role, password }): Body<AccountChange>,
) -> Result<(Extension<About>, Json<AccountView>), Problem> {
    let told = (role.map(|role| format!("role {role}")), password.as_ref().map(|_| "another password".to_owned()));
    let about = [told.0, told.1].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let password = match password {
        Some(password) => Some(shared.accounts.hashed(&account, password.0).await?),
        None => None,
    };
    let own = caller.session();
    shared.accounts.change(|directory, _| directory.change_account(&account, role, password, own)).await?;
    Ok((Extension(About(about)), AccountView::found(&shared, &account)?))
}

/// Removes an account and ends its sessions.
#[utoipa::path(
    delete,
    path = "/accounts/{name}",
    operation_id = "removeAccount",
    tag = "access",
    params(("name" = String, Path, description = "The account")),
    responses((status = OK, description = "It is gone; as it was", body = AccountView)),
)]
pub(crate) async fn remove(State(shared): State<Shared>, Named(account): Named) -> Result<Json<AccountView>, Problem> {
    let was = AccountView::found(&shared, &account);
    shared.accounts.change(|directory, _| directory.remove_account(&account)).await?;
    was
}
