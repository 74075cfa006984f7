//! `/api/v1/scene` and `/api/v1/parameters`: what a scope shows.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use cuelight_conductor::{Command, SceneEdit};
use cuelight_render::presets;
use cuelight_wire::change::ScenePatch;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Problem;
use super::answer::{CommandAnswer, carry_out_on};
use super::body::{Asked, Body};
use super::conditions::Tagged;
use super::scene_view::{Color, NameOrNumber, SceneView, ZoneBody, zone_patches};
use super::scope::{scene_of, scope};
use crate::shared::Shared;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    scope: Option<String>,
}

/// What a scope shows, or is about to.
#[utoipa::path(
    get,
    path = "/scene",
    operation_id = "getScene",
    tag = "scenes",
    params(Which),
    responses((status = OK, description = "What there is", body = SceneView)),
)]
pub(crate) async fn get_scene(
    State(shared): State<Shared>,
    Asked(which): Asked<Which>,
) -> Result<Tagged<SceneView>, Problem> {
    let snapshot = shared.snapshot.load();
    scene_of(&snapshot, &scope(which.scope.as_deref())?).map(|scene| Tagged(SceneView::of(scene)))
}

/// What changes in a scene; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
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
    #[schema(min_items = 3, max_items = 3)]
    colors: Option<[Color; 3]>,
    seed: Option<u32>,
    #[schema(max_items = 4)]
    zones: Option<Vec<ZoneBody>>,
    #[schema(maximum = 3_600_000)]
    fade_ms: u32,
}

impl SceneBody {
    fn edit(&self) -> Result<SceneEdit, Problem> {
        let patch = ScenePatch {
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
        };
        Ok(SceneEdit {
            patch,
            colors: self.colors.map(|colors| colors.map(|Color(rgb)| rgb)),
            seed: self.seed,
            zones: self.zones.as_deref().map(zone_patches).transpose()?,
        })
    }
    /// The first thing it asks for that is no parameter.
    fn beyond_parameters(&self) -> Option<&'static str> {
        let fields = [
            ("preset", self.preset.is_some()),
            ("effect", self.effect.is_some()),
            ("colors", self.colors.is_some()),
            ("seed", self.seed.is_some()),
            ("zones", self.zones.is_some()),
        ];
        fields.into_iter().find(|(_, is_given)| *is_given).map(|(name, _)| name)
    }
}

/// Changes a scope's scene; what is left out stays.
#[utoipa::path(
    post,
    path = "/scene",
    operation_id = "changeScene",
    tag = "scenes",
    request_body = SceneBody,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn post_scene(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Body(body): Body<SceneBody>,
) -> Result<Json<CommandAnswer>, Problem> {
    let (scope, edit, fade_ms) = (scope(body.scope.as_deref())?, body.edit()?, body.fade_ms);
    let document = {
        let scope = scope.clone();
        move |shared: &Shared| {
            let snapshot = shared.snapshot.load();
            scene_of(&snapshot, &scope).ok().map(SceneView::of)
        }
    };
    let command = match &body.preset {
        None => Command::Edit { scope, edit, fade_ms },
        Some(name) => {
            let preset = presets::by_name(name).ok_or_else(|| {
                Problem::unprocessable(format!("there is no preset \"{name}\": GET /api/v1/presets lists them"))
            })?;
            let mut scene = preset.scene();
            edit.apply_to(&mut scene);
            Command::SetScene { scope, scene, fade_ms }
        }
    };
    carry_out_on(&shared, &headers, document, command).await
}

/// Changes a scope's parameters alone.
#[utoipa::path(
    post,
    path = "/parameters",
    operation_id = "changeParameters",
    tag = "scenes",
    request_body = SceneBody,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn post_parameters(
    shared: State<Shared>,
    headers: HeaderMap,
    Body(body): Body<SceneBody>,
) -> Result<Json<CommandAnswer>, Problem> {
    match body.beyond_parameters() {
        None => post_scene(shared, headers, Body(body)).await,
        Some(field) => Err(Problem::unprocessable(format!("{field} is no parameter: send it to POST /api/v1/scene"))),
    }
}
