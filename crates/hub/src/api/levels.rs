//! `POST /api/v1/blackout` and `/api/v1/master`: the two levels above every scene.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use cuelight_conductor::Command;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Problem;
use super::answer::{CommandAnswer, carry_out};
use super::body::Body;
use crate::shared::Shared;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blackout {
    on: bool,
}

/// Everything dark, or no longer.
#[utoipa::path(
    post,
    path = "/blackout",
    operation_id = "blackout",
    tag = "show",
    request_body = Blackout,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn post_blackout(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Body(Blackout { on }): Body<Blackout>,
) -> Result<Json<CommandAnswer>, Problem> {
    carry_out(&shared, &headers, Command::Blackout { on }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Master {
    level: u8,
}

/// Sets the grand master's level.
#[utoipa::path(
    post,
    path = "/master",
    operation_id = "setMaster",
    tag = "show",
    request_body = Master,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn post_master(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Body(Master { level }): Body<Master>,
) -> Result<Json<CommandAnswer>, Problem> {
    carry_out(&shared, &headers, Command::Master { level }).await
}
