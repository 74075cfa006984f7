//! From text to a show.

use std::collections::BTreeMap;

use cuelight_render::{Geometry, effects, palettes, presets};
use cuelight_show::check::Subject;
use cuelight_show::cue::{Drives, EffectContent, SceneContent, SceneTarget};
use cuelight_show::fixture::PhysicalRange;
use cuelight_show::show::MAX_FIXTURES;
use cuelight_show::{
    Channel, Cue, CueList, Fixture, FixtureNumber, FixtureType, Group, Instruction, Level, ListNumber, Look, Mode,
    Next, Pixels, Show, Target, Timing, Value,
};
use cuelight_wire::scene::Scene;

use crate::VERSION;
use crate::doc::{
    ChannelDoc, CueDoc, DrivesDoc, EffectDoc, PictureDoc, PixelsDoc, SceneDoc, SetDoc, ShowDoc, TimesDoc, TypeDoc,
};
use crate::place::Fault;
use crate::scalar::{Fixtures, Millis, Said};

/// The longest file that is read, bytes.
pub const MAX_LEN: usize = 64 << 20;
/// The most levels all cues of a file set together: short ranges stand for many levels.
pub const MAX_INSTRUCTIONS: usize = 20_000_000;

/// The most pixels of all fixture types of a file together.
pub const MAX_PIXELS: usize = 200_000;

/// Reads a show file. Nothing is taken of a file with faults; there are at most a hundred and one of them.
pub fn read(text: &str) -> Result<Show, Vec<Fault>> {
    let (show, faults) = examine(text)?;
    if faults.is_empty() { Ok(show) } else { Err(faults.into_iter().map(|(_, fault)| fault).collect()) }
}

/// A show, and what is wrong with it: about what, and where in the file.
pub type Examined = (Show, Vec<(Subject, Fault)>);

/// Reads a show file, also one whose show cannot be played as it is: with what is wrong with the show, and where. An error is
/// what the file itself has.
pub fn examine(text: &str) -> Result<Examined, Vec<Fault>> {
    if text.len() > MAX_LEN {
        return Err(vec![Fault::at(text, 0, format!("the file has {} bytes, at most {MAX_LEN} are read", text.len()))]);
    }
    let doc: ShowDoc = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        vec![Fault::at(text, offset, error.message().replace('\n', ", "))]
    })?;
    let mut reader = Reader { text, show: Show::default(), places: BTreeMap::new(), instructions: 0, pixels: 0 };
    reader.read(doc).map_err(|fault| vec![fault])?;
    let faults = reader
        .show
        .problems()
        .into_iter()
        .map(|problem| {
            let offset = reader.places.get(&problem.subject).copied().unwrap_or(0);
            let sentence = problem.to_string();
            (problem.subject, Fault::at(text, offset, sentence))
        })
        .collect();
    Ok((reader.show, faults))
}

/// Reads one cue of `show`: what stands below `[[list.cue]]` in a file. Whether the show can be played with it is not looked
/// at; that says [`Show::problems`].
pub fn read_cue(show: &mut Show, text: &str) -> Result<Cue, Fault> {
    let doc: CueDoc = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        Fault::at(text, offset, error.message().replace('\n', ", "))
    })?;
    let mut reader = Reader { text, show: std::mem::take(show), places: BTreeMap::new(), instructions: 0, pixels: 0 };
    let cue = reader.cue(0, doc);
    *show = reader.show;
    cue
}

struct Reader<'t> {
    text: &'t str,
    show: Show,
    /// Where things begin, bytes.
    places: BTreeMap<Subject, usize>,
    instructions: usize,
    pixels: usize,
}

fn fault<T>(text: &str, offset: usize, sentence: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::at(text, offset, sentence))
}

impl Reader<'_> {
    fn fault<T>(&self, offset: usize, sentence: impl Into<String>) -> Result<T, Fault> {
        fault(self.text, offset, sentence)
    }

    fn read(&mut self, doc: ShowDoc) -> Result<(), Fault> {
        let version = *doc.show_file.get_ref();
        if version != VERSION {
            return self
                .fault(doc.show_file.span().start, format!("this program reads show-file = {VERSION}, not {version}"));
        }
        self.show.label = doc.label;
        for kind in doc.fixture_type {
            let offset = kind.span().start;
            let kind = self.fixture_type(offset, kind.into_inner())?;
            if self.places.insert(Subject::Type(kind.name.clone()), offset).is_some() {
                return self.fault(offset, format!("there are two fixture types {:?}: rename one", kind.name));
            }
            if let Err(error) = self.show.put_type(kind) {
                return self.fault(offset, error.to_string());
            }
        }
        let pixels: BTreeMap<_, _> = self
            .show
            .types()
            .iter()
            .flat_map(|kind| kind.modes.iter().map(move |mode| ((&kind.name, &mode.name), mode)))
            .filter_map(|(names, mode)| Some((names, Pixels::of(&mode.channels)?)))
            .collect();
        let mut fixtures = Vec::new();
        for fixture in doc.fixture {
            let offset = fixture.span().start;
            let fixture = fixture.into_inner();
            let number = FixtureNumber(fixture.number);
            if self.places.insert(Subject::Fixture(number), offset).is_some() {
                return fault(self.text, offset, format!("there are two fixtures {number}: renumber one"));
            }
            if fixture.address.iter().any(|slots| slots.0.0 != slots.0.1) {
                let sentence = format!("fixture {number}: an address is its first slot alone, like \"1.101\"");
                return fault(self.text, offset, sentence);
            }
            let addresses = fixture.address.iter().map(|slots| slots.0.0).collect();
            let (label, kind, mode) = (fixture.label, fixture.kind, fixture.mode);
            let mut fixture = Fixture { number, label, kind, mode, addresses };
            if let ([first], Some(pixels)) = (fixture.addresses.as_slice(), pixels.get(&(&fixture.kind, &fixture.mode)))
            {
                fixture.addresses = pixels.addresses(*first);
            }
            fixtures.push(fixture);
        }
        fixtures.sort_by_key(|fixture: &Fixture| fixture.number);
        self.show.fixtures = fixtures;
        for group in doc.group {
            let offset = group.span().start;
            let group = group.into_inner();
            self.places.entry(Subject::Group(group.name.clone())).or_insert(offset);
            let fixtures = self.fixtures(offset, &group.fixtures)?;
            self.show.groups.push(Group { name: group.name, fixtures });
        }
        for list in doc.list {
            let offset = list.span().start;
            let list = list.into_inner();
            let number = ListNumber(list.number);
            if self.places.insert(Subject::List(number), offset).is_some() {
                return self.fault(offset, format!("there are two lists {number}: renumber one"));
            }
            let mut made = CueList::new(number);
            made.label = list.label;
            made.back_ms = self.positive(offset, list.back.as_ref())?.unwrap_or(made.back_ms);
            for cue in list.cue {
                let offset = cue.span().start;
                let cue = self.cue(offset, cue.into_inner())?;
                let cue_number = cue.number;
                self.places.insert(Subject::Cue(number, cue_number), offset);
                if let Err(why) = made.insert(cue) {
                    return self.fault(offset, format!("list {number} cue {cue_number}: {why}"));
                }
            }
            self.show.lists.push(made);
        }
        self.show.lists.sort_by_key(|list| list.number);
        Ok(())
    }

    fn fixtures(&self, offset: usize, ranges: &[Fixtures]) -> Result<Vec<FixtureNumber>, Fault> {
        let mut fixtures = Vec::new();
        for Fixtures((first, last)) in ranges {
            if fixtures.len() + (last - first) as usize >= MAX_FIXTURES {
                return self.fault(offset, format!("more than {MAX_FIXTURES} fixtures are named: shorten the range"));
            }
            fixtures.extend((*first..=*last).map(FixtureNumber));
        }
        Ok(fixtures)
    }

    fn positive(&self, offset: usize, time: Option<&Millis>) -> Result<Option<u32>, Fault> {
        match time {
            None => Ok(None),
            Some(Millis(ms)) => match u32::try_from(*ms) {
                Ok(ms) => Ok(Some(ms)),
                Err(_) => self.fault(offset, "a time is negative: only hang may be"),
            },
        }
    }

    /// Up and down.
    fn times(&self, offset: usize, times: Option<&TimesDoc>) -> Result<(u32, u32), Fault> {
        let (up, down) = match times {
            None => return Ok((0, 0)),
            Some(TimesDoc::Both(both)) => (both, both),
            Some(TimesDoc::Each { up, down }) => (up, down),
        };
        let both = (self.positive(offset, Some(up))?, self.positive(offset, Some(down))?);
        Ok((both.0.unwrap_or_default(), both.1.unwrap_or_default()))
    }

    fn cue(&mut self, offset: usize, doc: CueDoc) -> Result<Cue, Fault> {
        let mut cue = Cue::new(doc.number.0);
        (cue.label, cue.notes) = (doc.label, doc.notes);
        let (fade_up_ms, fade_down_ms) = self.times(offset, doc.fade.as_ref())?;
        let (delay_up_ms, delay_down_ms) = self.times(offset, doc.delay.as_ref())?;
        cue.timing = Timing { fade_up_ms, fade_down_ms, delay_up_ms, delay_down_ms, curve: doc.curve };
        cue.next = match (&doc.follow, &doc.hang) {
            (None, None) => Next::Go,
            (follow @ Some(_), None) => Next::Follow(self.positive(offset, follow.as_ref())?.unwrap_or_default()),
            // A day is below 2^31 ms.
            (None, Some(Millis(hang))) => Next::Hang(*hang as i32),
            (Some(_), Some(_)) => {
                return self.fault(offset, format!("cue {} has follow and hang: choose one", cue.number));
            }
        };
        (cue.is_cue_only, cue.is_block, cue.is_assert) = (doc.cue_only, doc.block, doc.assert);
        let mut instructions = Vec::new();
        for set in doc.set {
            let offset = set.span().start;
            self.set(offset, set.into_inner(), &mut instructions)?;
        }
        cue.look = Look::from_instructions(instructions);
        for effect in doc.effect {
            let offset = effect.span().start;
            cue.look.effects.push(self.effect(offset, effect.into_inner())?);
        }
        for scene in doc.scene {
            let offset = scene.span().start;
            cue.look.scenes.push(self.scene(offset, scene.into_inner())?);
        }
        Ok(cue)
    }

    fn count(&mut self, offset: usize, more: usize) -> Result<(), Fault> {
        self.instructions += more;
        if self.instructions > MAX_INSTRUCTIONS {
            return self.fault(offset, format!("the cues set more than {MAX_INSTRUCTIONS} levels: divide the show"));
        }
        Ok(())
    }

    fn set(&mut self, offset: usize, set: SetDoc, out: &mut Vec<Instruction>) -> Result<(), Fault> {
        let mut fixtures = self.fixtures(offset, &set.fixtures)?;
        if let Some(name) = &set.group {
            let Some(group) = self.show.group(name) else {
                return self.fault(offset, format!("there is no group {name:?}"));
            };
            fixtures.extend(&group.fixtures);
        }
        if fixtures.is_empty() != set.levels.is_empty() {
            return self.fault(offset, "levels goes with fixtures or group: give both");
        }
        if set.slots.is_empty() != set.level.is_none() {
            return self.fault(offset, "level goes with slots: give both");
        }
        self.count(offset, fixtures.len() * set.levels.len())?;
        for (name, Said(value)) in set.levels {
            let (attribute, cell) = match name.split_once('#') {
                None => (name.as_str(), Some(Some(0))),
                Some((attribute, "*")) => (attribute, Some(None)),
                Some((attribute, cell)) => (attribute, cell.parse().ok().map(Some)),
            };
            let Some((id, cell)) = self.show.attributes().id(attribute).zip(cell) else {
                let expected = "expected an attribute, ATTRIBUTE#CELL or ATTRIBUTE#*";
                return self.fault(offset, format!("no fixture type has {name}: {expected}"));
            };
            let line = |fixture, cell| Instruction { target: Target::Fixture { fixture, cell, attribute: id }, value };
            if let Some(cell) = cell {
                out.extend(fixtures.iter().map(|fixture| line(*fixture, cell)));
                continue;
            }
            for fixture in &fixtures {
                let mode = self.show.fixture(*fixture).and_then(|fixture| self.show.mode_of(fixture));
                let channels = mode.into_iter().flat_map(|mode| &mode.channels);
                let cells: Vec<u16> =
                    channels.filter(|c| c.attribute == attribute && c.cell > 0).map(|c| c.cell).collect();
                if cells.is_empty() {
                    return self.fault(offset, format!("fixture {fixture} has no cells with {attribute}"));
                }
                self.count(offset, cells.len())?;
                out.extend(cells.into_iter().map(|cell| line(*fixture, cell)));
            }
        }
        for slots in set.slots {
            let (first, last) = slots.0;
            self.count(offset, usize::from(last.slot - first.slot) + 1)?;
            let Some(Said(value)) = set.level else { continue };
            out.extend((first.slot..=last.slot).map(|slot| {
                let target = Target::Slot(cuelight_show::Address { universe: first.universe, slot });
                Instruction { target, value }
            }));
        }
        Ok(())
    }

    fn effect(&self, offset: usize, doc: EffectDoc) -> Result<EffectContent, Fault> {
        let geometry = match doc.geometry.as_deref().map(str::parse::<Geometry>) {
            None => None,
            Some(Ok(geometry)) => Some(geometry),
            Some(Err(why)) => return self.fault(offset, why.to_string()),
        };
        let drives = match doc.drives {
            DrivesDoc::Color => Drives::Color,
            DrivesDoc::Intensity => Drives::Intensity,
            DrivesDoc::Both => Drives::Both,
        };
        Ok(EffectContent { group: doc.group, scene: self.picture(offset, doc.scene)?, geometry, drives })
    }

    fn scene(&self, offset: usize, doc: SceneDoc) -> Result<SceneContent, Fault> {
        let target = match doc.target.split_once(':') {
            None if doc.target == "show" => SceneTarget::Show,
            Some(("group", name)) => SceneTarget::Group(name.to_owned()),
            Some(("node", name)) => SceneTarget::Node(name.to_owned()),
            _ => return self.fault(offset, format!("expected show, group:NAME or node:NAME, found {:?}", doc.target)),
        };
        Ok(SceneContent { target, scene: self.picture(offset, doc.scene)? })
    }

    fn picture(&self, offset: usize, doc: PictureDoc) -> Result<Scene, Fault> {
        let mut scene = match &doc.preset {
            None => Scene::default(),
            Some(name) => match presets::by_name(name) {
                Some(preset) => preset.scene(),
                None => {
                    return self.fault(offset, format!("there is no preset {name:?}; `cuelight effects` lists them"));
                }
            },
        };
        if let Some(name) = &doc.effect {
            let Some(effect) = effects::by_name(name) else {
                return self.fault(offset, format!("there is no effect {name:?}; `cuelight effects` lists them"));
            };
            scene.effect = effect.id;
        }
        if let Some(name) = &doc.palette {
            let Some(palette) = palettes::by_name(name) else {
                return self.fault(offset, format!("there is no palette {name:?}; `cuelight effects` lists them"));
            };
            scene.palette = palette.id;
        }
        let p = &mut scene.parameters;
        p.brightness = doc.brightness.unwrap_or(p.brightness);
        p.speed = doc.speed.unwrap_or(p.speed);
        p.hue = doc.hue.unwrap_or(p.hue);
        p.intensity = doc.intensity.unwrap_or(p.intensity);
        p.saturation = doc.saturation.unwrap_or(p.saturation);
        p.complexity = doc.complexity.unwrap_or(p.complexity);
        p.variation = doc.variation.unwrap_or(p.variation);
        scene.seed = doc.seed.unwrap_or(scene.seed);
        if let Some(last) = doc.colors.last() {
            let given = doc.colors.iter().chain(std::iter::repeat(last));
            scene.colors.iter_mut().zip(given).for_each(|(color, given)| *color = given.0);
        }
        Ok(scene)
    }
}

impl Reader<'_> {
    fn fixture_type(&mut self, offset: usize, doc: TypeDoc) -> Result<FixtureType, Fault> {
        let mut modes = Vec::new();
        for mode in doc.mode {
            let channels = match (mode.channels, mode.pixels) {
                (Some(channels), None) => channels.into_iter().map(channel).collect(),
                (Some(_), Some(_)) => {
                    return self.fault(offset, format!("mode {:?} has channels and pixels: choose one", mode.name));
                }
                (None, None) => {
                    return self.fault(offset, format!("mode {:?} has neither channels nor pixels", mode.name));
                }
                (None, Some(pixels)) => {
                    let offset = pixels.span().start;
                    let PixelsDoc { count, order, per_universe } = pixels.into_inner();
                    self.pixels += usize::from(count);
                    if self.pixels > MAX_PIXELS {
                        return self
                            .fault(offset, format!("the fixture types have more than {MAX_PIXELS} pixels together"));
                    }
                    match Pixels::new(count, &order, per_universe) {
                        Ok(pixels) => pixels.channels(),
                        Err(why) => return self.fault(offset, why.to_string()),
                    }
                }
            };
            modes.push(Mode { name: mode.name, channels });
        }
        Ok(FixtureType { name: doc.name, manufacturer: doc.manufacturer, modes })
    }
}

fn channel(channel: ChannelDoc) -> Channel {
    Channel {
        is_intensity: channel.intensity.unwrap_or(channel.attribute == cuelight_show::attribute::name::DIMMER),
        attribute: channel.attribute,
        cell: channel.cell,
        part: channel.part.saturating_sub(1),
        offsets: channel.slots,
        default: match channel.default {
            Some(Said(Value::Level(level))) => level,
            _ => Level::OFF,
        },
        snaps: channel.snap,
        physical: channel.range.map(|(from, to, unit)| PhysicalRange { from_milli: from.0, to_milli: to.0, unit }),
    }
}
