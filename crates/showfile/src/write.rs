//! From a show to text.

use std::collections::BTreeMap;
use std::fmt::Write;

use cuelight_render::{effects, palettes};
use cuelight_show::cue::{Drives, SceneTarget};
use cuelight_show::list::DEFAULT_BACK_MS;
use cuelight_show::{
    Address, Channel, Cue, CueList, Curve, FixtureNumber, FixtureType, Level, ListNumber, Next, Pixels, Show, Target,
    Value,
};
use cuelight_wire::scene::Scene;

use crate::VERSION;
use crate::scalar::{milli, ranges, time};

/// A show has something the format has no words for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWritable {
    /// Zones or a pattern.
    #[error("list {0} cue {1}: a scene with zones or a pattern cannot be written to a show file")]
    Scene(ListNumber, cuelight_show::CueNumber),
}

/// The show as a file that [`read`](crate::read) reads as the same show.
pub fn write(show: &Show) -> Result<String, NotWritable> {
    let mut out = format!("show-file = {VERSION}\n");
    put(&mut out, "label", &show.label);
    for kind in show.types() {
        write_type(&mut out, kind);
    }
    for fixture in &show.fixtures {
        line(&mut out, format_args!("\n[[fixture]]\nnumber = {}", fixture.number));
        put(&mut out, "label", &fixture.label);
        line(&mut out, format_args!("type = {}\nmode = {}", quoted(&fixture.kind), quoted(&fixture.mode)));
        let pixels = show.mode_of(fixture).and_then(|mode| Pixels::of(&mode.channels));
        let is_followed = |first| pixels.is_some_and(|pixels| pixels.addresses(first) == fixture.addresses);
        let told =
            fixture.addresses.first().filter(|first| is_followed(**first)).map_or(fixture.addresses.len(), |_| 1);
        let addresses: Vec<_> = fixture.addresses[..told].iter().map(|address| format!("\"{address}\"")).collect();
        if !addresses.is_empty() {
            line(&mut out, format_args!("address = [{}]", addresses.join(", ")));
        }
    }
    for group in &show.groups {
        let fixtures = ranges(group.fixtures.iter().copied());
        line(&mut out, format_args!("\n[[group]]\nname = {}\nfixtures = {fixtures}", quoted(&group.name)));
    }
    for list in &show.lists {
        write_list(&mut out, show, list)?;
    }
    Ok(out)
}

fn line(out: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a text does not fail.
    let _ = out.write_fmt(words);
    out.push('\n');
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A text that is left out when it is empty.
fn put(out: &mut String, key: &str, text: &str) {
    if !text.is_empty() {
        line(out, format_args!("{key} = {}", quoted(text)));
    }
}

/// A fixture type as the part of a file that defines it.
pub fn write_fixture_type(kind: &FixtureType) -> String {
    let mut out = String::new();
    write_type(&mut out, kind);
    out
}

fn write_type(out: &mut String, kind: &FixtureType) {
    line(out, format_args!("\n[[fixture-type]]\nname = {}", quoted(&kind.name)));
    put(out, "manufacturer", &kind.manufacturer);
    for mode in &kind.modes {
        line(out, format_args!("[[fixture-type.mode]]\nname = {}", quoted(&mode.name)));
        if let Some(pixels) = Pixels::of(&mode.channels) {
            let per_universe = pixels.per_universe().map(|n| format!(", per-universe = {n}")).unwrap_or_default();
            let (count, order) = (pixels.count(), quoted(pixels.order()));
            line(out, format_args!("pixels = {{ count = {count}, order = {order}{per_universe} }}"));
            continue;
        }
        line(out, format_args!("channels = ["));
        for channel in &mode.channels {
            line(out, format_args!("  {{ {} }},", channel_words(channel).join(", ")));
        }
        line(out, format_args!("]"));
    }
}

fn channel_words(channel: &Channel) -> Vec<String> {
    let mut words =
        vec![format!("attribute = {}", quoted(&channel.attribute)), format!("slots = {:?}", channel.offsets)];
    if channel.cell > 0 {
        words.push(format!("cell = {}", channel.cell));
    }
    if channel.part > 0 {
        words.push(format!("part = {}", u16::from(channel.part) + 1));
    }
    if channel.default != Level::OFF {
        words.push(format!("default = {}", channel.default));
    }
    if channel.is_intensity != (channel.attribute == cuelight_show::attribute::name::DIMMER) {
        words.push(format!("intensity = {}", channel.is_intensity));
    }
    if channel.snaps {
        words.push("snap = true".to_owned());
    }
    if let Some(range) = &channel.physical {
        words.push(format!(
            "range = [{}, {}, {}]",
            milli(range.from_milli),
            milli(range.to_milli),
            quoted(&range.unit)
        ));
    }
    words
}

fn write_list(out: &mut String, show: &Show, list: &CueList) -> Result<(), NotWritable> {
    line(out, format_args!("\n[[list]]\nnumber = {}", list.number));
    put(out, "label", &list.label);
    if list.back_ms != DEFAULT_BACK_MS {
        line(out, format_args!("back = {}", time(list.back_ms.into())));
    }
    for cue in list.cues() {
        write_cue(out, show, cue);
        for content in &cue.look.effects {
            let picture = picture(&content.scene).ok_or(NotWritable::Scene(list.number, cue.number))?;
            line(out, format_args!("[[list.cue.effect]]\ngroup = {}\nscene = {picture}", quoted(&content.group)));
            if let Some(geometry) = content.geometry {
                line(out, format_args!("geometry = \"{geometry}\""));
            }
            match content.drives {
                Drives::Color => {}
                Drives::Intensity => line(out, format_args!("drives = \"intensity\"")),
                Drives::Both => line(out, format_args!("drives = \"both\"")),
            }
        }
        for content in &cue.look.scenes {
            let picture = picture(&content.scene).ok_or(NotWritable::Scene(list.number, cue.number))?;
            let target = match &content.target {
                SceneTarget::Show => "show".to_owned(),
                SceneTarget::Group(name) => format!("group:{name}"),
                SceneTarget::Node(name) => format!("node:{name}"),
            };
            line(out, format_args!("[[list.cue.scene]]\ntarget = {}\nscene = {picture}", quoted(&target)));
        }
    }
    Ok(())
}

fn write_cue(out: &mut String, show: &Show, cue: &Cue) {
    line(out, format_args!("\n[[list.cue]]\nnumber = {}", cue.number));
    put(out, "label", &cue.label);
    put(out, "notes", &cue.notes);
    let t = &cue.timing;
    for (key, up, down) in [("fade", t.fade_up_ms, t.fade_down_ms), ("delay", t.delay_up_ms, t.delay_down_ms)] {
        match (up, down) {
            (0, 0) => {}
            (up, down) if up == down => line(out, format_args!("{key} = {}", time(up.into()))),
            (up, down) => {
                line(out, format_args!("{key} = {{ up = {}, down = {} }}", time(up.into()), time(down.into())))
            }
        }
    }
    match t.curve {
        Curve::Linear => {}
        Curve::SCurve => line(out, format_args!("curve = \"s-curve\"")),
        Curve::SlowStart => line(out, format_args!("curve = \"slow-start\"")),
        Curve::SlowEnd => line(out, format_args!("curve = \"slow-end\"")),
    }
    match cue.next {
        Next::Go => {}
        Next::Follow(ms) => line(out, format_args!("follow = {}", time(ms.into()))),
        Next::Hang(ms) => line(out, format_args!("hang = {}", time(ms.into()))),
    }
    for (key, _) in
        [("cue-only", cue.is_cue_only), ("block", cue.is_block), ("assert", cue.is_assert)].iter().filter(|(_, is)| *is)
    {
        line(out, format_args!("{key} = true"));
    }
    write_levels(out, show, cue);
}

/// Levels: fixtures that are set alike together, and slots that are.
fn write_levels(out: &mut String, show: &Show, cue: &Cue) {
    let said = |value: Value| match value {
        Value::Level(level) => level.to_string(),
        Value::Release => "\"release\"".to_owned(),
    };
    let mut fixtures: BTreeMap<FixtureNumber, Vec<String>> = BTreeMap::new();
    let mut slots: BTreeMap<String, Vec<(Address, u16)>> = BTreeMap::new();
    for instruction in &cue.look.instructions {
        match instruction.target {
            Target::Fixture { fixture, cell, attribute } => {
                let name = show.attributes().name(attribute);
                let key = if cell == 0 { name.to_owned() } else { format!("{name}#{cell}") };
                let words = format!("{} = {}", quoted(&key), said(instruction.value));
                fixtures.entry(fixture).or_default().push(words);
            }
            Target::Slot(address) => {
                let spans = slots.entry(said(instruction.value)).or_default();
                match spans.last_mut() {
                    Some((first, last)) if first.universe == address.universe && *last + 1 == address.slot => {
                        *last = address.slot;
                    }
                    _ => spans.push((address, address.slot)),
                }
            }
        }
    }
    let mut alike: Vec<(Vec<String>, Vec<FixtureNumber>)> = Vec::new();
    let mut known: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for (fixture, words) in fixtures {
        let at = *known.entry(words.clone()).or_insert(alike.len());
        match alike.get_mut(at) {
            Some((_, fixtures)) => fixtures.push(fixture),
            None => alike.push((words, vec![fixture])),
        }
    }
    for (words, fixtures) in alike {
        let words = words.join(", ");
        line(out, format_args!("[[list.cue.set]]\nfixtures = {}\nlevels = {{ {words} }}", ranges(fixtures)));
    }
    for (level, spans) in slots {
        let word = |(first, last): (Address, u16)| {
            if first.slot == last { format!("\"{first}\"") } else { format!("\"{first}..{}.{last}\"", first.universe) }
        };
        let words: Vec<_> = spans.into_iter().map(word).collect();
        line(out, format_args!("[[list.cue.set]]\nslots = [{}]\nlevel = {level}", words.join(", ")));
    }
}

/// A scene in one line: what is not the default scene's.
fn picture(scene: &Scene) -> Option<String> {
    let default = Scene::default();
    let effect = effects::by_id(scene.effect)?;
    let palette = palettes::by_id(scene.palette)?;
    if !scene.zones.is_empty() || scene.pattern.is_some() {
        return None;
    }
    let mut words = vec![format!("effect = {}", quoted(effect.name)), format!("palette = {}", quoted(palette.name))];
    let (p, d) = (&scene.parameters, &default.parameters);
    let parameters = [
        ("brightness", u32::from(p.brightness), u32::from(d.brightness)),
        ("speed", p.speed.into(), d.speed.into()),
        ("hue", p.hue.into(), d.hue.into()),
        ("intensity", p.intensity.into(), d.intensity.into()),
        ("saturation", p.saturation.into(), d.saturation.into()),
        ("complexity", p.complexity.into(), d.complexity.into()),
        ("variation", p.variation.into(), d.variation.into()),
        ("seed", scene.seed, default.seed),
    ];
    words.extend(
        parameters.iter().filter(|(_, own, default)| own != default).map(|(key, own, _)| format!("{key} = {own}")),
    );
    if scene.colors != default.colors {
        let colors = scene.colors.map(|c| format!("\"#{:02x}{:02x}{:02x}\"", c.r, c.g, c.b));
        words.push(format!("colors = [{}]", colors.join(", ")));
    }
    Some(format!("{{ {} }}", words.join(", ")))
}
