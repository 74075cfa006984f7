//! `/api/v1/setup`: the first account of a hub (ACC-5).

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, Extension, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Body, Hidden};
use super::login::{logged_in, not_too_often};
use super::recorded::About;
use super::{Problem, cookie};
use crate::shared::Shared;
use crate::start::tell_setup_code;

/// Whether the first account is to be made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetupView {
    is_needed: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstAccount {
    /// What the hub prints on its console.
    #[schema(value_type = String, examples("7K3M-Q0ZD"))]
    code: Hidden,
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._@-]+$")]
    account: String,
    /// 10 to 128 characters.
    #[schema(value_type = String, format = "password", min_length = 10, max_length = 128)]
    password: Hidden,
}

/// Whether the hub has no account yet. Asking has it print a new code where none is good.
#[utoipa::path(
    get,
    path = "/setup",
    operation_id = "getSetup",
    tag = "access",
    responses((status = OK, description = "Whether it is needed", body = SetupView)),
)]
pub(crate) async fn get(State(shared): State<Shared>, headers: HeaderMap, extensions: Extensions) -> Json<SetupView> {
    print_code(&shared, &headers, &extensions);
    Json(SetupView { is_needed: shared.accounts.is_setup_needed() })
}

/// Makes the first account, an admin, and logs it in. The code is on the hub's console; it is good for ten minutes and five
/// tries.
#[utoipa::path(
    post,
    path = "/setup",
    operation_id = "setUp",
    tag = "access",
    request_body = FirstAccount,
    responses((status = CREATED, description = "The account is made; the cookie is its session", body = super::me::Me)),
)]
pub(crate) async fn post(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    extensions: Extensions,
    Body(FirstAccount { code, account, password }): Body<FirstAccount>,
) -> Result<Response, Problem> {
    not_too_often(&shared, peer, "setup")?;
    let made = shared.accounts.set_up(&code.0, &account, password.0, shared.clock.now()).await;
    if made.is_err() {
        print_code(&shared, &headers, &extensions);
    }
    made?;
    let opened = shared.accounts.open_session(&account, peer.ip(), false).await?;
    let about = Extension(About(format!("as {account}")));
    Ok((StatusCode::CREATED, about, logged_in(&opened, false, &extensions)).into_response())
}

fn print_code(shared: &Shared, headers: &HeaderMap, extensions: &Extensions) {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_plain = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    let scheme = if cookie::is_encrypted(extensions) { "https" } else { "http" };
    tell_setup_code(shared, &format!("{scheme}://{}/", host.filter(is_plain).unwrap_or("localhost")));
}
