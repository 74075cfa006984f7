//! The shape of a show file. What the words mean is in `docs/operations/show-files.md`.

use std::collections::BTreeMap;

use cuelight_show::Curve;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::scalar::{Color, Fixtures, Milli, Millis, Number, Said, Slots};

/// A Cuelight show file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Cuelight show file")]
pub(crate) struct ShowDoc {
    /// The version of the format: 1.
    #[schemars(with = "u32")]
    pub(crate) show_file: Spanned<u32>,
    /// What people call the show.
    #[serde(default)]
    pub(crate) label: String,
    /// Kinds of fixtures.
    #[serde(default)]
    #[schemars(with = "Vec<TypeDoc>")]
    pub(crate) fixture_type: Vec<Spanned<TypeDoc>>,
    /// Fixtures and where they are patched.
    #[serde(default)]
    #[schemars(with = "Vec<FixtureDoc>")]
    pub(crate) fixture: Vec<Spanned<FixtureDoc>>,
    /// Groups of fixtures.
    #[serde(default)]
    #[schemars(with = "Vec<GroupDoc>")]
    pub(crate) group: Vec<Spanned<GroupDoc>>,
    /// Cue lists.
    #[serde(default)]
    #[schemars(with = "Vec<ListDoc>")]
    pub(crate) list: Vec<Spanned<ListDoc>>,
}

/// A kind of fixture.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TypeDoc {
    /// How the show names it.
    pub(crate) name: String,
    /// Who makes it.
    #[serde(default)]
    pub(crate) manufacturer: String,
    /// Its modes.
    pub(crate) mode: Vec<ModeDoc>,
}

/// One way to use a fixture.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ModeDoc {
    /// Its name.
    pub(crate) name: String,
    /// Its channels, unless it is made of pixels.
    pub(crate) channels: Option<Vec<ChannelDoc>>,
    /// Pixels of a strip or matrix, each a cell.
    #[schemars(with = "Option<PixelsDoc>")]
    pub(crate) pixels: Option<Spanned<PixelsDoc>>,
}

/// Pixels of a strip or matrix.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PixelsDoc {
    /// How many.
    pub(crate) count: u16,
    /// The order of the colours of a pixel: letters of r, g, b, w, a, u.
    #[serde(default = "rgb")]
    pub(crate) order: String,
    /// How many lie in a universe; as many as fit when nothing is said.
    pub(crate) per_universe: Option<u16>,
}

fn rgb() -> String {
    "rgb".to_owned()
}

/// One thing a fixture can be told.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ChannelDoc {
    /// What it sets, by GDTF's name: Dimmer, Pan, ColorAdd_R.
    pub(crate) attribute: String,
    /// Its slots from the fixture's address on, counted from 1, coarse first.
    pub(crate) slots: Vec<u16>,
    /// The cell it belongs to, from 1; 0 is the whole fixture.
    #[serde(default)]
    pub(crate) cell: u16,
    /// Which of the fixture's addresses it counts from, from 1.
    #[serde(default = "one")]
    pub(crate) part: u8,
    /// Its level when no cue sets it.
    pub(crate) default: Option<Said>,
    /// Whether it is an intensity; Dimmer is, unless it says otherwise.
    pub(crate) intensity: Option<bool>,
    /// Whether it jumps at the beginning of a fade.
    #[serde(default)]
    pub(crate) snap: bool,
    /// What level 0 and full mean in the world, and the unit: [-270, 270, "deg"].
    pub(crate) range: Option<(Milli, Milli, String)>,
}

fn one() -> u8 {
    1
}

/// A fixture.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FixtureDoc {
    /// Its number.
    pub(crate) number: u32,
    /// What people call it.
    #[serde(default)]
    pub(crate) label: String,
    /// The name of its type.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The name of its mode.
    pub(crate) mode: String,
    /// Where it is patched, UNIVERSE.SLOT, one for each part of its mode; none while it is not patched. Pixels need the first
    /// alone: they go on at the beginning of the next universes.
    #[serde(default)]
    pub(crate) address: Vec<Slots>,
}

/// A group of fixtures.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct GroupDoc {
    /// Its name.
    pub(crate) name: String,
    /// Its fixtures in their order.
    pub(crate) fixtures: Vec<Fixtures>,
}

/// A cue list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ListDoc {
    /// Its number.
    pub(crate) number: u16,
    /// What people call it.
    #[serde(default)]
    pub(crate) label: String,
    /// How long BACK takes.
    pub(crate) back: Option<Millis>,
    /// Its cues, in any order.
    #[serde(default)]
    #[schemars(with = "Vec<CueDoc>")]
    pub(crate) cue: Vec<Spanned<CueDoc>>,
}

/// One time, or one for rises and one for falls.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a time like \"3s\", or { up = \"3s\", down = \"5s\" }")]
pub(crate) enum TimesDoc {
    /// For both.
    Both(Millis),
    /// For each.
    Each {
        /// For rises, and everything that is not an intensity.
        up: Millis,
        /// For intensities that fall.
        down: Millis,
    },
}

/// A cue.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct CueDoc {
    /// Its number.
    pub(crate) number: Number,
    /// What people call it.
    #[serde(default)]
    pub(crate) label: String,
    /// Whatever there is to know.
    #[serde(default)]
    pub(crate) notes: String,
    /// How long its fades take; a cut when nothing is said.
    pub(crate) fade: Option<TimesDoc>,
    /// How long its fades wait.
    pub(crate) delay: Option<TimesDoc>,
    /// How levels go from end to end.
    #[serde(default)]
    #[schemars(with = "CurveDoc")]
    pub(crate) curve: Curve,
    /// The next cue begins so long after the start of this one.
    pub(crate) follow: Option<Millis>,
    /// The next cue begins so long after the last fade of this one; before it where negative.
    pub(crate) hang: Option<Millis>,
    /// Its changes end with it.
    #[serde(default)]
    pub(crate) cue_only: bool,
    /// Nothing tracks into it.
    #[serde(default)]
    pub(crate) block: bool,
    /// It takes everything it shows again.
    #[serde(default)]
    pub(crate) assert: bool,
    /// Levels.
    #[serde(default)]
    #[schemars(with = "Vec<SetDoc>")]
    pub(crate) set: Vec<Spanned<SetDoc>>,
    /// Effects over fixtures.
    #[serde(default)]
    #[schemars(with = "Vec<EffectDoc>")]
    pub(crate) effect: Vec<Spanned<EffectDoc>>,
    /// Scenes of LED nodes.
    #[serde(default)]
    #[schemars(with = "Vec<SceneDoc>")]
    pub(crate) scene: Vec<Spanned<SceneDoc>>,
}

/// How levels go from end to end.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
#[allow(dead_code, reason = "the schema's words for the engine's curves")]
pub(crate) enum CurveDoc {
    /// Evenly.
    Linear,
    /// Slow at both ends.
    SCurve,
    /// Slow at the beginning.
    SlowStart,
    /// Slow at the end.
    SlowEnd,
}

/// Levels of fixtures, of a group, or of slots.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SetDoc {
    /// These fixtures.
    #[serde(default)]
    pub(crate) fixtures: Vec<Fixtures>,
    /// The fixtures of this group.
    pub(crate) group: Option<String>,
    /// What they are set to, by attribute; ColorAdd_R#2 is that of cell 2, ColorAdd_R#* that of every cell.
    #[serde(default)]
    pub(crate) levels: BTreeMap<String, Said>,
    /// These slots, which belong to no fixture.
    #[serde(default)]
    pub(crate) slots: Vec<Slots>,
    /// What they are set to.
    pub(crate) level: Option<Said>,
}

/// An effect over fixtures.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct EffectDoc {
    /// The fixtures it is drawn over.
    pub(crate) group: String,
    /// What is drawn.
    pub(crate) scene: PictureDoc,
    /// How the fixtures lie: strip:8, ring:12, matrix:4x3; in a line when nothing is said.
    pub(crate) geometry: Option<String>,
    /// What of the fixtures it sets.
    #[serde(default)]
    pub(crate) drives: DrivesDoc,
}

/// What of the fixtures an effect sets.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DrivesDoc {
    /// Their colours.
    #[default]
    Color,
    /// Their dimmers.
    Intensity,
    /// Both.
    Both,
}

/// A scene of LED nodes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SceneDoc {
    /// Who shows it: show, group:NAME or node:NAME.
    pub(crate) target: String,
    /// What is shown.
    pub(crate) scene: PictureDoc,
}

/// What is drawn: a preset, or the default scene, with what is said in place of its own.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PictureDoc {
    /// A preset by name.
    pub(crate) preset: Option<String>,
    /// An effect by name.
    pub(crate) effect: Option<String>,
    /// A palette by name.
    pub(crate) palette: Option<String>,
    /// Output level.
    pub(crate) brightness: Option<u8>,
    /// Rate; 128 is the effect's own, 0 stands still.
    pub(crate) speed: Option<u8>,
    /// Rotation of all hues.
    pub(crate) hue: Option<u16>,
    /// Contrast between figure and ground.
    pub(crate) intensity: Option<u8>,
    /// Saturation; 0 is white.
    pub(crate) saturation: Option<u8>,
    /// Amount of structure.
    pub(crate) complexity: Option<u8>,
    /// Departure from regularity.
    pub(crate) variation: Option<u8>,
    /// Varies everything random.
    pub(crate) seed: Option<u32>,
    /// Primary, secondary, tertiary; the last stands for those not given.
    #[serde(default)]
    pub(crate) colors: Vec<Color>,
}
