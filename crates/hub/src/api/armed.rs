//! `/api/v1/show/armed`: which show is armed. While one is, nodes are not updated (OTA-5).

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use cuelight_conductor::Command;
use cuelight_wire::control::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::answer::{CommandAnswer, carry_out_on};
use super::body::Body;
use super::conditions::Tagged;
use crate::shared::Shared;

/// The armed show.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ArmedView {
    name: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arm {
    name: String,
}

/// The armed show. While one is, no node is updated.
#[utoipa::path(
    get,
    path = "/show/armed",
    operation_id = "getArmed",
    tag = "show",
    responses((status = OK, description = "What there is", body = ArmedView)),
)]
pub(crate) async fn get(State(shared): State<Shared>) -> Tagged<ArmedView> {
    Tagged(ArmedView::now(&shared))
}

impl ArmedView {
    fn now(shared: &Shared) -> Self {
        Self { name: shared.snapshot.load().armed.as_ref().map(|show| show.as_str().to_owned()) }
    }
}

/// Arms a show.
#[utoipa::path(
    put,
    path = "/show/armed",
    operation_id = "arm",
    tag = "show",
    request_body = Arm,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn arm(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Body(Arm { name }): Body<Arm>,
) -> Result<Json<CommandAnswer>, Problem> {
    let show = Text::try_from(name.as_str())
        .map_err(|_| Problem::unprocessable(format!("\"{name}\" is no name of a show: names have at most 64 bytes")))?;
    carry_out_on(&shared, &headers, |shared| Some(ArmedView::now(shared)), Command::Arm { show: Some(show) }).await
}

/// No show is armed any more.
#[utoipa::path(
    delete,
    path = "/show/armed",
    operation_id = "disarm",
    tag = "show",
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn disarm(State(shared): State<Shared>, headers: HeaderMap) -> Result<Json<CommandAnswer>, Problem> {
    carry_out_on(&shared, &headers, |shared| Some(ArmedView::now(shared)), Command::Arm { show: None }).await
}
