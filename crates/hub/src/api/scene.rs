//! `/api/v1/scene` and `/api/v1/parameters`: what a scope shows.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use cuelight_conductor::Command;
use cuelight_render::presets;
use cuelight_wire::change::ScenePatch;
use serde::Deserialize;

use super::Problem;
use super::answer::{CommandAnswer, carry_out};
use super::body::{Asked, Body};
use super::scene_view::{Color, NameOrNumber, SceneView, ZoneBody, zones_over};
use super::scope::{scene_of, scope};
use crate::shared::Shared;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    scope: Option<String>,
}

pub(crate) async fn get_scene(
    State(shared): State<Shared>,
    Asked(which): Asked<Which>,
) -> Result<Json<SceneView>, Problem> {
    let snapshot = shared.snapshot.load();
    scene_of(&snapshot, &scope(which.scope.as_deref())?).map(|scene| Json(SceneView::of(scene)))
}

/// What changes in a scene; what is left out stays.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SceneBody {
    scope: Option<String>,
    /// Starts from this preset instead of from what the scope shows.
    preset: Option<String>,
    effect: Option<NameOrNumber>,
    palette: Option<NameOrNumber>,
    brightness: Option<u8>,
    speed: Option<u8>,
    hue: Option<u16>,
    intensity: Option<u8>,
    saturation: Option<u8>,
    complexity: Option<u8>,
    variation: Option<u8>,
    colors: Option<[Color; 3]>,
    seed: Option<u32>,
    zones: Option<Vec<ZoneBody>>,
    fade_ms: u32,
}

impl SceneBody {
    fn patch(&self) -> Result<ScenePatch, Problem> {
        Ok(ScenePatch {
            effect: self.effect.as_ref().map(NameOrNumber::effect).transpose()?,
            palette: self.palette.as_ref().map(NameOrNumber::palette).transpose()?,
            brightness: self.brightness,
            speed: self.speed,
            hue: self.hue,
            intensity: self.intensity,
            saturation: self.saturation,
            complexity: self.complexity,
            variation: self.variation,
            zone: None,
        })
    }

    /// Whether a patch, which the conductor applies to whatever each node shows, says all there is.
    fn is_patch(&self) -> bool {
        self.preset.is_none() && self.colors.is_none() && self.seed.is_none() && self.zones.is_none()
    }
}

pub(crate) async fn post_scene(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Body(body): Body<SceneBody>,
) -> Result<Json<CommandAnswer>, Problem> {
    let (scope, patch, fade_ms) = (scope(body.scope.as_deref())?, body.patch()?, body.fade_ms);
    if body.is_patch() {
        return carry_out(&shared, &headers, Command::Patch { scope, patch, fade_ms }).await;
    }
    let mut scene = match &body.preset {
        Some(name) => presets::by_name(name).map(|preset| preset.scene()).ok_or_else(|| {
            Problem::unprocessable(format!("there is no preset \"{name}\": GET /api/v1/presets lists them"))
        })?,
        None => scene_of(&shared.snapshot.load(), &scope)?.scene.clone(),
    };
    patch.apply_to(&mut scene);
    if let Some(colors) = body.colors {
        scene.colors = colors.map(|Color(rgb)| rgb);
    }
    scene.seed = body.seed.unwrap_or(scene.seed);
    if let Some(zones) = &body.zones {
        scene.zones = zones_over(zones, &scene)?;
    }
    carry_out(&shared, &headers, Command::SetScene { scope, scene, fade_ms }).await
}

/// `POST /api/v1/parameters`: the parameters alone.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ParametersBody {
    scope: Option<String>,
    palette: Option<NameOrNumber>,
    brightness: Option<u8>,
    speed: Option<u8>,
    hue: Option<u16>,
    intensity: Option<u8>,
    saturation: Option<u8>,
    complexity: Option<u8>,
    variation: Option<u8>,
    fade_ms: u32,
}

pub(crate) async fn post_parameters(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Body(body): Body<ParametersBody>,
) -> Result<Json<CommandAnswer>, Problem> {
    let patch = ScenePatch {
        palette: body.palette.as_ref().map(NameOrNumber::palette).transpose()?,
        brightness: body.brightness,
        speed: body.speed,
        hue: body.hue,
        intensity: body.intensity,
        saturation: body.saturation,
        complexity: body.complexity,
        variation: body.variation,
        ..ScenePatch::default()
    };
    let scope = scope(body.scope.as_deref())?;
    carry_out(&shared, &headers, Command::Patch { scope, patch, fade_ms: body.fade_ms }).await
}
