//! `cuelight ctl scene`.

use clap::Args;
use serde_json::{Map, Value};

use super::Ask;
use super::call::{Call, done, escaped, put};
use super::words::{Where, name_or_number, word};
use super::zones;

const MORE: &str = "\
Without anything to change, prints the scene. What is not given stays as it is; with --preset it is the preset's.

Examples:
  cuelight ctl scene                              what is shown
  cuelight ctl scene fire --palette lava          an effect with a palette
  cuelight ctl scene --preset Ocean --fade 2s     a whole scene
  cuelight ctl scene chase --palette colors --color '#ff0000' --color '#0000ff' --scope node:left

`cuelight effects` lists effects, palettes and presets.";

/// `cuelight ctl scene`.
#[derive(Args, Debug, Default)]
#[command(after_long_help = MORE)]
pub(super) struct Scene {
    /// Effect, by name or number.
    effect: Option<String>,
    /// Start from this preset.
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Palette, by name or number.
    #[arg(long, value_name = "NAME")]
    palette: Option<String>,
    /// The scene's own colours, up to three times: primary, secondary, tertiary. The last stands for those not given.
    #[arg(long = "color", value_name = "#RRGGBB", value_parser = color)]
    colors: Vec<String>,
    /// Level.
    #[arg(long, value_name = "0..255")]
    brightness: Option<u8>,
    /// Rate; 128 is the effect's own, 0 stands still.
    #[arg(long, value_name = "0..255")]
    speed: Option<u8>,
    /// Rotation of all hues, a full circle.
    #[arg(long, value_name = "0..65535")]
    hue: Option<u16>,
    /// Contrast between figure and ground.
    #[arg(long, value_name = "0..255")]
    intensity: Option<u8>,
    /// Saturation of the colours; 0 is white.
    #[arg(long, value_name = "0..255")]
    saturation: Option<u8>,
    /// Amount of structure.
    #[arg(long, value_name = "0..255")]
    complexity: Option<u8>,
    /// Departure from regularity.
    #[arg(long, value_name = "0..255")]
    variation: Option<u8>,
    /// Varies everything random.
    #[arg(long)]
    seed: Option<u32>,
    #[command(flatten)]
    place: Where,
}

/// A colour, with or without the `#` that shells take for a comment.
fn color(text: &str) -> Result<String, &'static str> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let is_color = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if is_color { Ok(format!("#{}", digits.to_ascii_lowercase())) } else { Err("expected a colour like #ff9329") }
}

impl Scene {
    fn changes(&self) -> Map<String, Value> {
        let mut body = Map::new();
        put(&mut body, "preset", self.preset.as_deref());
        put(&mut body, "effect", self.effect.as_deref().map(name_or_number));
        put(&mut body, "palette", self.palette.as_deref().map(name_or_number));
        put(&mut body, "brightness", self.brightness);
        put(&mut body, "speed", self.speed);
        put(&mut body, "hue", self.hue);
        put(&mut body, "intensity", self.intensity);
        put(&mut body, "saturation", self.saturation);
        put(&mut body, "complexity", self.complexity);
        put(&mut body, "variation", self.variation);
        put(&mut body, "seed", self.seed);
        let colors = self.colors.last().map(|last| {
            let given = self.colors.iter().chain(std::iter::repeat(last));
            given.take(3).map(|color| Value::from(color.as_str())).collect::<Vec<_>>()
        });
        put(&mut body, "colors", colors);
        body
    }
}

/// The request for a scope's scene.
pub(super) fn get(scope: Option<&str>) -> Call {
    let query = scope.map_or_else(String::new, |scope| format!("?scope={}", escaped(scope)));
    Call::get(format!("/api/v1/scene{query}"))
}

impl Ask for Scene {
    fn call(&self) -> Call {
        let mut body = self.changes();
        if body.is_empty() {
            return get(self.place.scope.as_deref());
        }
        self.place.put(&mut body);
        Call::post("/api/v1/scene", body)
    }

    fn words(&self, answer: &Value) -> String {
        if self.changes().is_empty() { described(answer) } else { done(answer) }
    }
}

/// A scene for people.
pub(super) fn described(scene: &Value) -> String {
    let colors: Vec<String> = scene["colors"].as_array().into_iter().flatten().map(word).collect();
    let mut text = format!("{} with palette {}\n", word(&scene["effect"]), word(&scene["palette"]));
    for key in ["brightness", "speed", "hue", "intensity", "saturation", "complexity", "variation", "seed"] {
        text.push_str(&format!("  {key:<11} {}\n", word(&scene[key])));
    }
    text.push_str(&format!("  {:<11} {}\n", "colors", colors.join(" ")));
    if scene["zones"].as_array().is_some_and(|zones| !zones.is_empty()) {
        text.push_str(&zones::described(&scene["zones"]));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_given_is_sent_and_nothing_else() {
        let scene = Scene {
            effect: Some("fire".into()),
            palette: Some("5".into()),
            brightness: Some(0),
            colors: vec!["#ff0000".into(), "#0000ff".into()],
            place: Where { scope: Some("group:a".into()), ..Where::default() },
            ..Scene::default()
        };
        let colors = ["#ff0000", "#0000ff", "#0000ff"];
        let body = json!({"effect": "fire", "palette": 5, "brightness": 0, "colors": colors, "scope": "group:a"});
        let call = scene.call();
        assert_eq!((call.path.as_str(), call.body), ("/api/v1/scene", Some(body)));
    }

    #[test]
    fn nothing_given_asks_for_the_scene_of_the_scope() {
        let scene = Scene { place: Where { scope: Some("node:left".into()), ..Where::default() }, ..Scene::default() };
        assert_eq!(scene.call(), Call::get("/api/v1/scene?scope=node%3Aleft"));
    }

    #[test]
    fn colours_are_checked_before_they_are_sent() {
        assert_eq!(color("FF9329").as_deref(), Ok("#ff9329"));
        for bad in ["", "#fff", "#gg0000", "##ff0000", "red"] {
            assert!(color(bad).is_err(), "{bad}");
        }
    }
}
