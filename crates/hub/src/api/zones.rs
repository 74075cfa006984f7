//! `POST /api/v1/zones`: replaces a scope's zones; an empty list switches them off.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use cuelight_conductor::{Command, SceneEdit};
use serde::Deserialize;

use super::Problem;
use super::answer::{CommandAnswer, carry_out};
use super::body::Body;
use super::scene_view::{ZoneBody, zone_patches};
use super::scope::scope;
use crate::shared::Shared;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Zones {
    scope: Option<String>,
    zones: Vec<ZoneBody>,
    #[serde(default)]
    fade_ms: u32,
}

pub(crate) async fn post_zones(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Body(body): Body<Zones>,
) -> Result<Json<CommandAnswer>, Problem> {
    let scope = scope(body.scope.as_deref())?;
    let edit = SceneEdit { zones: Some(zone_patches(&body.zones)?), ..SceneEdit::default() };
    carry_out(&shared, &headers, Command::Edit { scope, edit, fade_ms: body.fade_ms }).await
}
