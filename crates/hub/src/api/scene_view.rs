//! Scenes as the API writes and reads them: effects and palettes by name, colours as `#rrggbb`.

use cuelight_conductor::SceneSnapshot;
use cuelight_render::{effects, palettes};
use cuelight_wire::change::ZonePatch;
use cuelight_wire::ids::{EffectId, PaletteId};
use cuelight_wire::limits::MAX_ZONES;
use cuelight_wire::scene::{BlendMode, PatternPlay, Rgb, Zone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

use super::Problem;

/// A scene, to be shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SceneView {
    effect: String,
    effect_id: u16,
    palette: String,
    palette_id: u16,
    brightness: u8,
    speed: u8,
    hue: u16,
    intensity: u8,
    saturation: u8,
    complexity: u8,
    variation: u8,
    #[schema(min_items = 3, max_items = 3)]
    colors: [Color; 3],
    seed: u32,
    zones: Vec<ZoneBody>,
    /// What is played in place of the effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<PatternView>,
    fade_ms: u32,
    rev: u32,
    apply_at_us: i64,
}

/// A pattern that plays.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PatternPlayView)]
struct PatternView {
    id: String,
    #[serde(rename = "loop")]
    repeats: bool,
    starts_at_us: i64,
}

impl PatternView {
    fn of(PatternPlay { id, repeats, starts_at }: PatternPlay) -> Self {
        Self { id: id.to_string(), repeats, starts_at_us: starts_at.as_us() }
    }
}

impl SceneView {
    pub(crate) fn of(snapshot: &SceneSnapshot) -> Self {
        let SceneSnapshot { rev, at, fade_ms, scene } = snapshot;
        let p = &scene.parameters;
        Self {
            effect: effect_name(scene.effect),
            effect_id: scene.effect.0,
            palette: palette_name(scene.palette),
            palette_id: scene.palette.0,
            brightness: p.brightness,
            speed: p.speed,
            hue: p.hue,
            intensity: p.intensity,
            saturation: p.saturation,
            complexity: p.complexity,
            variation: p.variation,
            colors: scene.colors.map(Color),
            seed: scene.seed,
            zones: scene.zones.iter().map(ZoneBody::of).collect(),
            pattern: scene.pattern.map(PatternView::of),
            fade_ms: *fade_ms,
            rev: rev.0,
            apply_at_us: at.as_us(),
        }
    }
}

/// An effect's name, or its number when this hub does not know it.
pub(crate) fn effect_name(id: EffectId) -> String {
    effects::by_id(id).map_or_else(|| id.0.to_string(), |info| info.name.to_owned())
}

/// A palette's name, or its number when this hub does not know it.
pub(crate) fn palette_name(id: PaletteId) -> String {
    palettes::by_id(id).map_or_else(|| id.0.to_string(), |info| info.name.to_owned())
}

/// An effect or palette as a request gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum NameOrNumber {
    /// Its number.
    Number(u16),
    /// Its name.
    Name(String),
}

impl NameOrNumber {
    pub(crate) fn effect(&self) -> Result<EffectId, Problem> {
        match self {
            Self::Number(id) => effects::by_id(EffectId(*id)).map(|info| info.id),
            Self::Name(name) => effects::by_name(name).map(|info| info.id),
        }
        .ok_or_else(|| self.unknown("effect"))
    }
    pub(crate) fn palette(&self) -> Result<PaletteId, Problem> {
        match self {
            Self::Number(id) => palettes::by_id(PaletteId(*id)).map(|info| info.id),
            Self::Name(name) => palettes::by_name(name).map(|info| info.id),
        }
        .ok_or_else(|| self.unknown("palette"))
    }
    fn unknown(&self, kind: &str) -> Problem {
        let given = match self {
            Self::Number(id) => id.to_string(),
            Self::Name(name) => name.clone(),
        };
        Problem::unprocessable(format!("there is no {kind} \"{given}\": GET /api/v1/{kind}s lists them"))
    }
}

/// A colour, `#rrggbb` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, pattern = "^#[0-9a-fA-F]{6}$", examples("#ff9329"))]
pub(crate) struct Color(pub(crate) Rgb);

impl Serialize for Color {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Rgb { r, g, b } = self.0;
        serializer.collect_str(&format_args!("#{r:02x}{g:02x}{b:02x}"))
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, r, g, b] = number
            .ok_or_else(|| de::Error::invalid_value(de::Unexpected::Str(&text), &"a colour like #ff9329"))?
            .to_be_bytes();
        Ok(Self(Rgb::new(r, g, b)))
    }
}

/// The words of [`BlendMode`], for the description: that crate knows nothing of HTTP.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Blend {
    Overwrite,
    Add,
    Multiply,
    Screen,
    Lighten,
    Darken,
    Average,
    Difference,
}

/// A zone, shown and asked for in the same form; what a request leaves out has the scene's value.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ZoneBody {
    #[schema(maximum = 3)]
    id: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<NameOrNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    palette: Option<NameOrNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brightness: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speed: Option<u8>,
    #[serde(default)]
    #[schema(value_type = Blend)]
    blend: BlendMode,
    from: u8,
    to: u8,
}

impl ZoneBody {
    fn of(zone: &Zone) -> Self {
        Self {
            id: zone.id,
            effect: Some(NameOrNumber::Name(effect_name(zone.effect))),
            palette: Some(NameOrNumber::Name(palette_name(zone.palette))),
            brightness: Some(zone.brightness),
            speed: Some(zone.speed),
            blend: zone.blend,
            from: zone.from,
            to: zone.to,
        }
    }

    fn patch(&self) -> Result<ZonePatch, Problem> {
        Ok(ZonePatch {
            id: self.id,
            effect: self.effect.as_ref().map(NameOrNumber::effect).transpose()?,
            palette: self.palette.as_ref().map(NameOrNumber::palette).transpose()?,
            brightness: self.brightness,
            speed: self.speed,
            blend: Some(self.blend),
            from: Some(self.from),
            to: Some(self.to),
        })
    }
}

/// The zones a request asks for, in rising order of id.
pub(crate) fn zone_patches(bodies: &[ZoneBody]) -> Result<heapless::Vec<ZonePatch, MAX_ZONES>, Problem> {
    let mut zones = bodies.iter().map(ZoneBody::patch).collect::<Result<Vec<_>, _>>()?;
    zones.sort_by_key(|zone| zone.id);
    if zones.windows(2).any(|pair| pair[0].id == pair[1].id) || zones.iter().any(|zone| zone.id > 3) {
        return Err(Problem::unprocessable("zones have distinct ids from 0 to 3"));
    }
    heapless::Vec::from_slice(&zones).map_err(|_| Problem::unprocessable("a scene has at most 4 zones"))
}
