//! `/api/v1/effects`, `/palettes`, `/presets`: what there is to show.

use axum::Json;
use cuelight_render::{effects, palettes, presets};
use serde::Serialize;
use utoipa::ToSchema;

use super::scene_view::{effect_name, palette_name};

/// An effect or palette.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LibraryEntry)]
pub(crate) struct Entry {
    id: u16,
    name: &'static str,
    description: &'static str,
}

/// A preset.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PresetEntry {
    name: &'static str,
    description: &'static str,
    effect: String,
    palette: String,
}

/// The effects, by number.
#[utoipa::path(
    get,
    path = "/effects",
    operation_id = "listEffects",
    tag = "library",
    responses((status = OK, description = "What there is", body = Vec<Entry>)),
)]
pub(crate) async fn effects() -> Json<Vec<Entry>> {
    let entries = effects::ALL.iter();
    Json(entries.map(|e| Entry { id: e.id.0, name: e.name, description: e.description }).collect())
}

/// The palettes, by number.
#[utoipa::path(
    get,
    path = "/palettes",
    operation_id = "listPalettes",
    tag = "library",
    responses((status = OK, description = "What there is", body = Vec<Entry>)),
)]
pub(crate) async fn palettes() -> Json<Vec<Entry>> {
    let entries = palettes::ALL.iter();
    Json(entries.map(|p| Entry { id: p.id.0, name: p.name, description: p.description }).collect())
}

/// The presets a scene may start from.
#[utoipa::path(
    get,
    path = "/presets",
    operation_id = "listPresets",
    tag = "library",
    responses((status = OK, description = "What there is", body = Vec<PresetEntry>)),
)]
pub(crate) async fn presets() -> Json<Vec<PresetEntry>> {
    let entry = |preset: &presets::PresetInfo| {
        let scene = preset.scene();
        PresetEntry {
            name: preset.name,
            description: preset.description,
            effect: effect_name(scene.effect),
            palette: palette_name(scene.palette),
        }
    };
    Json(presets::ALL.iter().map(entry).collect())
}
