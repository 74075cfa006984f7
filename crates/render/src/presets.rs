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

const DEFAULT: Parameters = Parameters::DEFAULT;
/// The colours of presets that draw from a palette: those of the default scene.
const OWN: [Rgb; 3] = [Rgb::new(255, 147, 41), Rgb::new(0, 40, 255), Rgb::new(255, 0, 80)];

/// All presets.
pub static ALL: &[PresetInfo] = &[
    PresetInfo {
        name: "Warm white",
        description: "A still, warm room light",
        effect: "solid",
        palette: "scene-colors",
        parameters: Parameters { intensity: 40, complexity: 0, ..DEFAULT },
        colors: [Rgb::new(255, 180, 110), Rgb::new(255, 147, 41), Rgb::new(255, 220, 180)],
    },
    PresetInfo {
        name: "Cool white",
        description: "A still, clear working light",
        effect: "solid",
        palette: "scene-colors",
        parameters: Parameters { intensity: 40, complexity: 0, ..DEFAULT },
        colors: [Rgb::new(240, 244, 255), Rgb::new(200, 220, 255), Rgb::new(255, 255, 255)],
    },
    PresetInfo {
        name: "Reading light",
        description: "Warm and bright, without any movement",
        effect: "solid",
        palette: "scene-colors",
        parameters: Parameters { brightness: 255, intensity: 0, speed: 0, ..DEFAULT },
        colors: [Rgb::new(255, 210, 160), Rgb::new(255, 180, 110), Rgb::new(255, 255, 255)],
    },
    PresetInfo {
        name: "Night light",
        description: "A deep, dim amber",
        effect: "solid",
        palette: "scene-colors",
        parameters: Parameters { brightness: 24, intensity: 60, speed: 40, ..DEFAULT },
        colors: [Rgb::new(255, 90, 0), Rgb::new(255, 40, 0), Rgb::new(255, 147, 41)],
    },
    PresetInfo {
        name: "Candlelight",
        description: "A row of restless candles",
        effect: "candle",
        palette: "warm",
        parameters: Parameters { brightness: 160, variation: 140, complexity: 160, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Fireplace",
        description: "A slow, glowing fire",
        effect: "fire",
        palette: "fire",
        parameters: Parameters { speed: 110, intensity: 220, complexity: 140, variation: 120, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Rainbow",
        description: "All colours once round",
        effect: "rainbow",
        palette: "rainbow",
        parameters: Parameters { speed: 110, intensity: 0, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Party",
        description: "Loud colours that jump with the beat",
        effect: "beat-chase",
        palette: "party",
        parameters: Parameters { brightness: 230, intensity: 230, complexity: 180, variation: 60, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Disco",
        description: "A coloured flash on every beat",
        effect: "beat-pulse",
        palette: "neon",
        parameters: Parameters { brightness: 230, intensity: 245, complexity: 90, variation: 255, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Club strobe",
        description: "White flashes on the beat; mind those who are sensitive to flashing light",
        effect: "beat-strobe",
        palette: "scene-colors",
        parameters: Parameters { brightness: 255, intensity: 255, saturation: 0, complexity: 0, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Ocean",
        description: "Swell and bright crests",
        effect: "ocean",
        palette: "ocean",
        parameters: Parameters { speed: 96, variation: 90, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Sunset",
        description: "Dusk colours that drift slowly",
        effect: "gradient",
        palette: "sunset",
        parameters: Parameters { speed: 50, intensity: 255, variation: 60, complexity: 40, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Forest",
        description: "Light through moving leaves",
        effect: "noise",
        palette: "forest",
        parameters: Parameters { speed: 70, complexity: 170, variation: 80, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Aurora",
        description: "Polar light",
        effect: "aurora",
        palette: "aurora",
        parameters: Parameters { speed: 90, variation: 100, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Lava lamp",
        description: "Slow, heavy blobs",
        effect: "lava",
        palette: "lava",
        parameters: Parameters { speed: 80, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Police",
        description: "Red against blue, in turn",
        effect: "police",
        palette: "police",
        parameters: Parameters { brightness: 255, intensity: 255, complexity: 100, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Christmas",
        description: "Red, green and warm white lights that come and go",
        effect: "twinkle",
        palette: "christmas",
        parameters: Parameters { complexity: 210, intensity: 170, variation: 120, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Halloween",
        description: "Orange and violet mist with green gleams",
        effect: "noise",
        palette: "halloween",
        parameters: Parameters { speed: 100, intensity: 230, complexity: 110, variation: 200, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Fireworks",
        description: "Bursts over a dark sky",
        effect: "fireworks",
        palette: "rainbow",
        parameters: Parameters { brightness: 240, intensity: 255, complexity: 170, variation: 80, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Thunderstorm",
        description: "Dark clouds and lightning",
        effect: "lightning",
        palette: "steel",
        parameters: Parameters { intensity: 255, complexity: 90, variation: 160, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Starry night",
        description: "Quiet stars in a blue dark",
        effect: "twinkle",
        palette: "ice",
        parameters: Parameters {
            brightness: 140,
            speed: 70,
            intensity: 235,
            complexity: 60,
            variation: 200,
            ..DEFAULT
        },
        colors: OWN,
    },
    PresetInfo {
        name: "Romance",
        description: "Soft rose light that breathes",
        effect: "breathe",
        palette: "rose",
        parameters: Parameters { brightness: 150, speed: 80, intensity: 140, complexity: 60, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Cyberpunk",
        description: "Neon signs in the rain",
        effect: "rain",
        palette: "cyberpunk",
        parameters: Parameters { brightness: 220, intensity: 215, variation: 180, ..DEFAULT },
        colors: OWN,
    },
    PresetInfo {
        name: "Meteor shower",
        description: "White-blue meteors",
        effect: "meteor",
        palette: "ice",
        parameters: Parameters { brightness: 230, intensity: 250, complexity: 150, variation: 170, ..DEFAULT },
        colors: OWN,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_scene_under_its_own_name() {
        for preset in ALL {
            assert!(preset.scene().zones.is_empty() && preset.scene().parameters.brightness > 0);
            assert!(core::ptr::eq(by_name(preset.name).expect("it has this name"), preset), "{} twice", preset.name);
        }
        assert_eq!(OWN, Scene::default().colors);
    }

    #[test]
    fn capitals_and_hyphens_do_not_matter_in_a_name() {
        assert_eq!(by_name("warm-WHITE").map(|p| p.name), Some("Warm white"));
        assert!(by_name("warm").is_none());
    }
}
