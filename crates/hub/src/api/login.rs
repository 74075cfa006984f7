//! `/api/v1/session`: a browser logs in and out (ACC-4).

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, Extension, State};
use axum::http::{Extensions, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{Body, Hidden};
use super::me::Me;
use super::recorded::About;
use super::{Problem, cookie};
use crate::accounts::{Caller, Opened};
use crate::shared::Shared;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    account: String,
    #[schema(value_type = String, format = "password")]
    password: Hidden,
    /// Whether the browser stays logged in for 30 days and not for one.
    #[serde(default)]
    remember: bool,
}

/// Logs in: the session is in the cookie of the answer.
#[utoipa::path(
    post,
    path = "/session",
    operation_id = "logIn",
    tag = "access",
    request_body = Login,
    responses((status = CREATED, description = "The cookie is the session", body = Me)),
)]
pub(crate) async fn post(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    extensions: Extensions,
    Body(Login { account, password, remember }): Body<Login>,
) -> Result<Response, Problem> {
    not_too_often(&shared, peer, &account)?;
    // Some type their password where the name belongs.
    let is_known = shared.accounts.directory().accounts.contains_key(&account.to_ascii_lowercase());
    let about = if is_known { format!("as {account}") } else { "as nobody who has an account".to_owned() };
    let about = Extension(About(about));
    Ok(match shared.accounts.log_in(&account, password.0, peer.ip(), remember).await {
        Ok(opened) => (StatusCode::CREATED, about, logged_in(&opened, remember, &extensions)).into_response(),
        Err(problem) => (about, Problem::from(problem)).into_response(),
    })
}

/// Logs out: the session ends, and the browser forgets it.
#[utoipa::path(
    delete,
    path = "/session",
    operation_id = "logOut",
    tag = "access",
    responses((status = NO_CONTENT, description = "There is no session any more")),
)]
pub(crate) async fn delete(
    State(shared): State<Shared>,
    caller: Option<Extension<Caller>>,
    extensions: Extensions,
) -> Result<Response, Problem> {
    if let Some(id) = caller.as_ref().and_then(|Extension(caller)| caller.session()) {
        shared.accounts.change(|directory, _| directory.remove_session(id.as_str(), None)).await?;
    }
    let forget = cookie::forget(cookie::is_encrypted(&extensions));
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, forget)]).into_response())
}

/// Counts a login or a try at the setup code.
pub(crate) fn not_too_often(shared: &Shared, peer: SocketAddr, account: &str) -> Result<(), Problem> {
    let account = account.get(..account.floor_char_boundary(64)).unwrap_or_default();
    shared.accounts.count_login(peer.ip(), account, shared.clock.now()).map_err(|wait| {
        Problem::too_many("too many logins: an account may try five times a minute from one address", wait)
    })
}

/// The cookie, and who one is now.
pub(crate) fn logged_in(opened: &Opened, is_remembered: bool, extensions: &Extensions) -> impl IntoResponse + use<> {
    let cookie = cookie::keep(opened, is_remembered, cookie::is_encrypted(extensions));
    ([(header::SET_COOKIE, cookie)], Json(Me::of(&opened.caller)))
}
