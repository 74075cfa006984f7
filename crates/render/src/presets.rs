//! Presets: whole scenes by name, for a first touch and for buttons.

use cuelight_wire::scene::{Parameters, Rgb, Scene};

use crate::{effects, palettes};

/// A named scene.
#[derive(Clone, Copy, Debug)]
pub struct PresetInfo {
    /// Its name, as people read it.
    pub name: &'static str,
    /// What it looks like.
    pub description: &'static str,
    effect: &'static str,
    palette: &'static str,
    parameters: Parameters,
    colors: [Rgb; 3],
}

impl PresetInfo {
    /// The scene, without zones and with seed 1.
    pub fn scene(&self) -> Scene {
        let effect = effects::by_name(self.effect).expect("every preset names an effect; a test says so").id;
        let palette = palettes::by_name(self.palette).expect("every preset names a palette; a test says so").id;
        Scene { effect, palette, parameters: self.parameters, colors: self.colors, ..Scene::default() }
    }
}

/// The preset with this name; capitals do not matter, and a hyphen is as good as a space.
pub fn by_name(name: &str) -> Option<&'static PresetInfo> {
    let fold = |b: u8| if b == b'-' { b' ' } else { b.to_ascii_lowercase() };
    ALL.iter().find(|preset| preset.name.bytes().map(fold).eq(name.bytes().map(fold)))
}

/// All presets.
pub const ALL: &[PresetInfo] = &[PresetInfo {
    name: "Warm white",
    description: "A still, warm room light",
    effect: "solid",
    palette: "colors",
    parameters: Parameters { intensity: 40, complexity: 0, ..Parameters::DEFAULT },
    colors: [Rgb::new(255, 180, 110), Rgb::new(255, 147, 41), Rgb::new(255, 220, 180)],
}];
