//! `/api/v1/effects`, `/palettes`, `/presets`: what there is to show.

use axum::Json;
use cuelight_render::{effects, palettes, presets};
use serde::Serialize;

use super::scene_view::{effect_name, palette_name};

/// An effect or palette.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    id: u16,
    name: &'static str,
    description: &'static str,
}

/// A preset.
#[derive(Debug, Serialize)]
pub(crate) struct PresetEntry {
    name: &'static str,
    description: &'static str,
    effect: String,
    palette: String,
}

pub(crate) async fn effects() -> Json<Vec<Entry>> {
    let entries = effects::ALL.iter();
    Json(entries.map(|e| Entry { id: e.id.0, name: e.name, description: e.description }).collect())
}

pub(crate) async fn palettes() -> Json<Vec<Entry>> {
    let entries = palettes::ALL.iter();
    Json(entries.map(|p| Entry { id: p.id.0, name: p.name, description: p.description }).collect())
}

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
