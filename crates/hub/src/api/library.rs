//! `/api/v1/effects`, `/palettes`, `/presets`: what there is to show.

use axum::Json;
use cuelight_render::{effects, palettes, presets};
use cuelight_wire::scene::Rgb;
use serde::Serialize;
use utoipa::ToSchema;

use super::scene_view::{Color, effect_name, palette_name};

/// An effect or palette.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LibraryEntry)]
pub(crate) struct Entry {
    id: u16,
    name: &'static str,
    description: &'static str,
}

/// A palette.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaletteEntry {
    #[serde(flatten)]
    entry: Entry,
    /// Colours at equal distances from its first to its last; none for a palette that takes the scene's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    colors: Vec<Color>,
}

/// Colours of a palette, as many as a stripe of it needs to look like it.
const SAMPLES: u32 = 17;

/// A preset.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PresetEntry {
    name: &'static str,
    description: &'static str,
    effect: String,
    palette: String,
    /// The scene's own colours, for a palette that takes those.
    colors: [Color; 3],
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
    responses((status = OK, description = "What there is", body = Vec<PaletteEntry>)),
)]
pub(crate) async fn palettes() -> Json<Vec<PaletteEntry>> {
    let entry = |p: &palettes::PaletteInfo| PaletteEntry {
        entry: Entry { id: p.id.0, name: p.name, description: p.description },
        colors: if p.takes_own_colors() { Vec::new() } else { colors(p) },
    };
    Json(palettes::ALL.iter().map(entry).collect())
}

fn colors(palette: &palettes::PaletteInfo) -> Vec<Color> {
    let color = |step: u32| {
        let index = 65_535 * step / (SAMPLES - 1);
        // An open palette is run through there and back: there takes half of the circle.
        let index = if palette.closed { index } else { index / 2 };
        let color = palettes::sample(palette, index as u16, [Rgb::default(); 3]);
        Color(Rgb::new((color.r >> 8) as u8, (color.g >> 8) as u8, (color.b >> 8) as u8))
    };
    (0..SAMPLES).map(color).collect()
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
            colors: scene.colors.map(Color),
        }
    };
    Json(presets::ALL.iter().map(entry).collect())
}
