//! `POST /api/v1/zones`: replaces a scope's zones; an empty list switches them off.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use cuelight_conductor::{Command, SceneEdit};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Problem;
use super::answer::{CommandAnswer, carry_out};
use super::body::Body;
use super::scene_view::{ZoneBody, zone_patches};
use super::scope::scope;
use crate::shared::Shared;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Zones {
    scope: Option<String>,
    #[schema(max_items = 4)]
    zones: Vec<ZoneBody>,
    #[serde(default)]
    #[schema(maximum = 3_600_000)]
    fade_ms: u32,
}

/// Replaces a scope's zones; an empty list switches them off.
#[utoipa::path(
    post,
    path = "/zones",
    operation_id = "replaceZones",
    tag = "scenes",
    request_body = Zones,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn post_zones(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Body(body): Body<Zones>,
) -> Result<Json<CommandAnswer>, Problem> {
    let scope = scope(body.scope.as_deref())?;
    let edit = SceneEdit { zones: Some(zone_patches(&body.zones)?), ..SceneEdit::default() };
    carry_out(&shared, &headers, Command::Edit { scope, edit, fade_ms: body.fade_ms }).await
}
