//! The rig: every parameter of the show by number, and the slots it drives.
//!
//! A *parameter* is what one level is worked out for: a channel of a patched fixture, or a slot without a fixture that a cue
//! names. A machine that sends only some universes makes a rig of those; the parameters of others are not in it.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::attribute::{AttributeId, name};
use crate::cue::{Drives, EffectContent, MAX_EFFECT_CELLS, Target};
use crate::drive::Drive;
use crate::fixture::{Address, FixtureNumber, MAX_CHANNEL_SLOTS, SLOTS};
use crate::level::Level;
use crate::show::{MAX_UNIVERSES, Show};

/// The number of a parameter in a rig.
pub(crate) type ParameterIndex = u32;

/// One thing that has a level. What is asked for it in every frame is its [`Drive`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    /// What looks call it.
    pub(crate) target: Target,
    /// Its slots in the picture of all universes, coarse first; `slot_count` of them.
    slots: [u32; MAX_CHANNEL_SLOTS],
    slot_count: u8,
    is_intensity: bool,
    snaps: bool,
    default: Level,
}

impl Parameter {
    fn slots(&self) -> &[u32] {
        &self.slots[..usize::from(self.slot_count)]
    }
}

/// What an effect's colour is for, in a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Component {
    /// Part 0 to 2 of red, green, blue.
    Light(u8),
    /// Full less that part.
    Dark(u8),
    /// The brightest part.
    Brightest,
}

/// What a slot is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlotUse {
    /// Nothing of the show drives it.
    #[default]
    Free,
    /// A level of light, which master and blackout take away.
    Intensity,
    /// Anything else of a fixture: where it looks, its colour.
    Other,
}

/// The parameters of some universes of a show.
#[derive(Clone, Debug, Default)]
pub struct Rig {
    universes: Vec<u16>,
    /// [`SLOTS`] for each universe.
    uses: Vec<SlotUse>,
    /// In rising order of their targets.
    parameters: Vec<Parameter>,
    /// One for each parameter.
    drives: Vec<Drive>,
}

impl Rig {
    /// The parameters of `show` in the universes that `is_mine` takes, at most [`MAX_UNIVERSES`] of them, the lowest.
    ///
    /// A channel that reaches into a universe that is not taken is left out whole.
    pub fn new(show: &Show, is_mine: impl Fn(u16) -> bool) -> Self {
        let mut universes = BTreeSet::new();
        let patched = || show.fixtures.iter().filter_map(|fixture| Some((fixture, show.mode_of(fixture)?)));
        for (fixture, _) in patched() {
            universes.extend(fixture.addresses.iter().map(|address| address.universe));
        }
        let named = show.lists.iter().flat_map(|list| list.cues()).flat_map(|cue| &cue.look.instructions);
        let mut loose = BTreeSet::new();
        for instruction in named {
            if let Target::Slot(address) = instruction.target {
                universes.insert(address.universe);
                loose.insert(address);
            }
        }
        let universes: Vec<u16> = universes.into_iter().filter(|n| is_mine(*n)).take(MAX_UNIVERSES).collect();
        let place = |address: Address| {
            let universe = universes.binary_search(&address.universe).ok()?;
            Some((universe * usize::from(SLOTS) + usize::from(address.slot - 1)) as u32)
        };
        let mut parameters = Vec::new();
        let mut taken = alloc::vec![false; universes.len() * usize::from(SLOTS)];
        for (fixture, mode) in patched() {
            for channel in &mode.channels {
                let Some(attribute) = show.attributes().id(&channel.attribute) else { continue };
                let target = Target::Fixture { fixture: fixture.number, cell: channel.cell, attribute };
                let Some(base) = fixture.addresses.get(usize::from(channel.part)) else { continue };
                let mut slots = [0; MAX_CHANNEL_SLOTS];
                let mut count = 0;
                let all_mine = channel.offsets.iter().take(MAX_CHANNEL_SLOTS).zip(&mut slots).all(|(offset, slot)| {
                    let at = base.slot.checked_add(offset.saturating_sub(1));
                    let at = at.and_then(|at| Address::new(base.universe, at)).and_then(place);
                    *slot = at.unwrap_or_default();
                    count += 1;
                    at.is_some()
                });
                if !all_mine || count == 0 {
                    continue;
                }
                let parameter = Parameter {
                    target,
                    slots,
                    slot_count: count,
                    is_intensity: channel.is_intensity,
                    snaps: channel.snaps,
                    default: channel.default,
                };
                parameter.slots().iter().for_each(|slot| taken[*slot as usize] = true);
                parameters.push(parameter);
            }
        }
        for address in loose {
            let Some(slot) = place(address).filter(|slot| !taken[*slot as usize]) else { continue };
            parameters.push(Parameter {
                target: Target::Slot(address),
                slots: [slot, 0, 0, 0],
                slot_count: 1,
                is_intensity: true,
                snaps: false,
                default: Level::OFF,
            });
        }
        parameters.sort_by_key(|parameter| parameter.target);
        parameters.dedup_by_key(|parameter| parameter.target);
        let drive = |p: &Parameter| Drive::new(p.slots(), p.is_intensity, p.snaps, p.default);
        let drives = parameters.iter().map(drive).collect();
        let mut uses = alloc::vec![SlotUse::Free; taken.len()];
        for parameter in &parameters {
            let its = if parameter.is_intensity { SlotUse::Intensity } else { SlotUse::Other };
            parameter.slots().iter().for_each(|slot| uses[*slot as usize] = its);
        }
        Self { universes, uses, parameters, drives }
    }

    /// The universes, in rising order.
    pub fn universes(&self) -> &[u16] {
        &self.universes
    }
    /// What the slots of a universe are for, from slot 1 on; nothing of a universe that is not in the rig.
    pub fn uses(&self, universe: u16) -> Option<&[SlotUse]> {
        let at = self.universes.binary_search(&universe).ok()?;
        self.uses.chunks_exact(usize::from(SLOTS)).nth(at)
    }
    /// How many parameters there are.
    pub fn len(&self) -> usize {
        self.parameters.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }
    pub(crate) fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }
    /// What each parameter drives.
    pub(crate) fn drives(&self) -> &[Drive] {
        &self.drives
    }
    /// The level of a parameter that nothing sets.
    #[inline]
    pub(crate) fn default(&self, index: usize) -> Level {
        if self.drives[index].has_default() { self.parameters[index].default } else { Level::OFF }
    }
    /// Writes the level of a parameter into its slots.
    #[inline]
    pub(crate) fn write(&self, index: usize, level: Level, picture: &mut [u8]) {
        let drive = self.drives[index];
        let first = drive.slot();
        if drive.slot_count() == 1 {
            if let Some(slot) = picture.get_mut(first) {
                *slot = level.byte(0);
            }
        } else if drive.is_scattered() {
            for (byte, slot) in self.parameters[index].slots().iter().enumerate() {
                if let Some(slot) = picture.get_mut(*slot as usize) {
                    *slot = level.byte(byte);
                }
            }
        } else if let Some(slots) = picture.get_mut(first..first + drive.slot_count()) {
            slots.iter_mut().enumerate().for_each(|(byte, slot)| *slot = level.byte(byte));
        }
    }
    /// The parameter a look calls so.
    pub(crate) fn find(&self, target: Target) -> Option<ParameterIndex> {
        self.parameters.binary_search_by_key(&target, |p| p.target).ok().map(|at| at as ParameterIndex)
    }
    /// The parameter that drives a slot.
    pub(crate) fn driver(&self, address: Address) -> Option<ParameterIndex> {
        let universe = self.universes.binary_search(&address.universe).ok()?;
        let slot = (universe * usize::from(SLOTS)) as u32 + u32::from(address.slot) - 1;
        let at = self.parameters.iter().position(|parameter| parameter.slots().contains(&slot))?;
        Some(at as ParameterIndex)
    }
}

/// The cells an effect is drawn over, in their order, at most [`MAX_EFFECT_CELLS`].
pub(crate) fn effect_cells(show: &Show, content: &EffectContent) -> Vec<(FixtureNumber, u16)> {
    let mut cells = Vec::new();
    for number in show.group(&content.group).into_iter().flat_map(|group| &group.fixtures) {
        let Some(mode) = show.fixture(*number).and_then(|fixture| show.mode_of(fixture)) else { continue };
        let mut of_fixture: Vec<u16> =
            mode.channels.iter().filter(|c| is_driven(&c.attribute, content.drives)).map(|c| c.cell).collect();
        of_fixture.sort_unstable();
        of_fixture.dedup();
        // A dimmer of the whole fixture is no pixel of a fixture with coloured cells.
        if of_fixture.len() > 1 {
            of_fixture.retain(|cell| *cell > 0);
        }
        cells.extend(of_fixture.into_iter().map(|cell| (*number, cell)));
    }
    cells.truncate(MAX_EFFECT_CELLS);
    cells
}

fn is_driven(attribute: &str, drives: Drives) -> bool {
    let is_color = name::ADDITIVE.contains(&attribute) || name::SUBTRACTIVE.contains(&attribute);
    match drives {
        Drives::Color => is_color,
        Drives::Intensity => attribute == name::DIMMER,
        Drives::Both => is_color || attribute == name::DIMMER,
    }
}

/// What an effect sets in one of its cells.
pub(crate) fn effect_components(show: &Show, drives: Drives) -> Vec<(AttributeId, Component)> {
    let id = |name: &str| show.attributes().id(name);
    let mut components = Vec::new();
    if drives != Drives::Intensity {
        let light = (0..).zip(name::ADDITIVE).map(|(i, name)| (id(name), Component::Light(i)));
        let dark = (0..).zip(name::SUBTRACTIVE).map(|(i, name)| (id(name), Component::Dark(i)));
        components.extend(light.chain(dark).filter_map(|(id, component)| Some((id?, component))));
    }
    if drives != Drives::Color {
        components.extend(id(name::DIMMER).map(|id| (id, Component::Brightest)));
    }
    components
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::vec;

    use super::*;
    use crate::cue::{Cue, Instruction, Value};
    use crate::fixture::{Channel, Fixture, FixtureType, Mode};
    use crate::list::CueList;

    #[test]
    fn a_slot_is_for_what_the_show_drives_with_it() {
        let channel = |attribute: &str, offset, is_intensity| Channel {
            attribute: attribute.to_string(),
            cell: 0,
            part: 0,
            offsets: vec![offset],
            default: Level::OFF,
            is_intensity,
            snaps: false,
            physical: None,
        };
        let channels = vec![channel(name::DIMMER, 1, true), channel("Pan", 3, false)];
        let mode = Mode { name: "One".to_string(), channels };
        let mut cue = Cue::new("1".parse().unwrap());
        let (target, value) = (Target::Slot(Address::new(2, 5).unwrap()), Value::Level(Level::FULL));
        cue.look.set(Instruction { target, value });
        let mut list = CueList::new(crate::list::ListNumber(1));
        list.insert(cue).unwrap();
        let mut show = Show::of_lists(vec![list]);
        let kind = FixtureType { name: "Spot".to_string(), manufacturer: String::new(), modes: vec![mode] };
        show.put_type(kind).unwrap();
        show.fixtures.push(Fixture {
            number: FixtureNumber(1),
            label: String::new(),
            kind: "Spot".to_string(),
            mode: "One".to_string(),
            addresses: vec![Address::new(2, 10).unwrap()],
        });
        let rig = Rig::new(&show, |_| true);
        let uses = rig.uses(2).unwrap();
        let used: Vec<_> = (1..).zip(uses).filter(|(_, its)| **its != SlotUse::Free).collect();
        let expected = [(5, SlotUse::Intensity), (10, SlotUse::Intensity), (12, SlotUse::Other)];
        assert_eq!(used.iter().map(|(slot, its)| (*slot, **its)).collect::<Vec<_>>(), expected);
        assert_eq!((uses.len(), rig.uses(1)), (512, None));
    }
}
