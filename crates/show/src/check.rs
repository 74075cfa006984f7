//! What is wrong with a show: sentences that name both sides of a conflict and say what to do.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::cue::{Cue, MAX_EFFECT_CELLS, MAX_EFFECTS, SceneTarget, Target};
use crate::fade::MAX_FADE_MS;
use crate::fixture::{Address, Fixture, FixtureNumber, FixtureType, MAX_CHANNEL_SLOTS, Mode, SLOTS};
use crate::list::{CueList, ListNumber, MAX_LISTS};
use crate::number::CueNumber;
use crate::patch::Occupancy;
use crate::rig::effect_cells;
use crate::show::{MAX_FIXTURES, MAX_UNIVERSES, Show};

/// The most problems that are told at once.
pub const MAX_PROBLEMS: usize = 100;

/// What a problem is about, for those who know where it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The show as a whole.
    Show,
    /// A kind of fixture.
    Type(String),
    /// A fixture.
    Fixture(FixtureNumber),
    /// A group.
    Group(String),
    /// A cue list.
    List(ListNumber),
    /// A cue.
    Cue(ListNumber, CueNumber),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Show => f.write_str("the show"),
            Self::Type(name) => write!(f, "fixture type {name:?}"),
            Self::Fixture(number) => write!(f, "fixture {number}"),
            Self::Group(name) => write!(f, "group {name:?}"),
            Self::List(number) => write!(f, "list {number}"),
            Self::Cue(list, cue) => write!(f, "list {list} cue {cue}"),
        }
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{subject}: {sentence}")]
pub struct Problem {
    /// What it is about.
    pub subject: Subject,
    /// What is wrong and what to do, in one sentence.
    pub sentence: String,
}

/// Collects problems.
struct Problems(Vec<Problem>);

impl Problems {
    fn tell(&mut self, subject: &Subject, sentence: impl Into<String>) {
        if self.0.len() < MAX_PROBLEMS {
            self.0.push(Problem { subject: subject.clone(), sentence: sentence.into() });
        }
    }
    fn unless(&mut self, is_good: bool, subject: &Subject, sentence: impl FnOnce() -> String) {
        if !is_good {
            self.tell(subject, sentence());
        }
    }
}

impl Show {
    /// Everything that is wrong, at most [`MAX_PROBLEMS`].
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Problems(Vec::new());
        for kind in self.types() {
            check_type(kind, &mut problems);
        }
        check_patch(self, &mut problems);
        let mut names = BTreeSet::new();
        for group in &self.groups {
            let subject = Subject::Group(group.name.clone());
            problems
                .unless(names.insert(&group.name), &subject, || "there are two of this name: rename one".to_string());
            for number in group.fixtures.iter().filter(|number| self.fixture(**number).is_none()) {
                problems.tell(&subject, format!("there is no fixture {number}: patch it or take it out"));
            }
        }
        problems.unless(self.lists.len() <= MAX_LISTS, &Subject::Show, || {
            format!("there are {} cue lists, a show has at most {MAX_LISTS}", self.lists.len())
        });
        let is_rising = self.lists.is_sorted_by(|a, b| a.number < b.number);
        problems.unless(is_rising, &Subject::Show, || "two cue lists have the same number: renumber one".to_string());
        let taken = taken_slots(self);
        for list in &self.lists {
            check_list(self, list, &taken, &mut problems);
        }
        problems.0
    }
}

fn check_type(kind: &FixtureType, problems: &mut Problems) {
    let subject = Subject::Type(kind.name.clone());
    problems.unless(!kind.modes.is_empty(), &subject, || "it has no modes: give it at least one".to_string());
    let mut names = BTreeSet::new();
    for mode in &kind.modes {
        problems
            .unless(names.insert(&mode.name), &subject, || format!("there are two modes {:?}: rename one", mode.name));
        check_mode(mode, &subject, problems);
    }
}

fn check_mode(mode: &Mode, subject: &Subject, problems: &mut Problems) {
    let in_mode = |what: String| format!("mode {:?}: {what}", mode.name);
    let mut attributes = BTreeSet::new();
    let mut slots: BTreeMap<(u8, u16), &str> = BTreeMap::new();
    for channel in &mode.channels {
        let name = channel.attribute.as_str();
        problems.unless(attributes.insert((channel.cell, name)), subject, || {
            in_mode(format!("{name} occurs twice in cell {}: give one another name or cell", channel.cell))
        });
        problems.unless((1..=MAX_CHANNEL_SLOTS).contains(&channel.offsets.len()), subject, || {
            in_mode(format!("{name} has {} slots, a channel has 1 to {MAX_CHANNEL_SLOTS}", channel.offsets.len()))
        });
        for offset in &channel.offsets {
            problems.unless((1..=SLOTS).contains(offset), subject, || {
                in_mode(format!("{name} is at slot {offset}, slots are counted from 1 to {SLOTS}"))
            });
            if let Some(other) = slots.insert((channel.part, *offset), name) {
                problems.tell(subject, in_mode(format!("{other} and {name} are both at slot {offset}: move one")));
            }
        }
    }
}

/// One stretch of slots a fixture takes.
struct Stretch<'a> {
    fixture: &'a Fixture,
    first: Address,
    last: u16,
}

impl fmt::Display for Stretch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fixture {}", self.fixture.number)?;
        if !self.fixture.label.is_empty() {
            write!(f, " ({})", self.fixture.label)?;
        }
        write!(f, " at {} to {}.{}", self.first, self.first.universe, self.last)
    }
}

fn check_patch(show: &Show, problems: &mut Problems) {
    problems.unless(show.fixtures.len() <= MAX_FIXTURES, &Subject::Show, || {
        format!("there are {} fixtures, a show has at most {MAX_FIXTURES}", show.fixtures.len())
    });
    for pair in show.fixtures.windows(2).filter(|pair| pair[0].number >= pair[1].number) {
        problems.tell(&Subject::Fixture(pair[1].number), "there are two of this number: renumber one");
    }
    let mut stretches = Vec::new();
    for fixture in &show.fixtures {
        let subject = Subject::Fixture(fixture.number);
        let Some(kind) = show.types().iter().find(|kind| kind.name == fixture.kind) else {
            problems.tell(&subject, format!("there is no fixture type {:?}: define or import it", fixture.kind));
            continue;
        };
        let Some(mode) = kind.mode(&fixture.mode) else {
            let known: Vec<_> = kind.modes.iter().map(|mode| format!("{:?}", mode.name)).collect();
            let sentence = format!("{:?} has no mode {:?}; it has {}", kind.name, fixture.mode, known.join(", "));
            problems.tell(&subject, sentence);
            continue;
        };
        let footprints = mode.footprints();
        if !fixture.addresses.is_empty() && fixture.addresses.len() != footprints.len() {
            let (given, wanted) = (fixture.addresses.len(), footprints.len());
            problems.tell(&subject, format!("mode {:?} takes {wanted} addresses, {given} are given", mode.name));
            continue;
        }
        for (first, slots) in fixture.addresses.iter().zip(footprints).filter(|(_, slots)| *slots > 0) {
            let last = first.slot.saturating_add(slots - 1);
            problems.unless(last <= SLOTS, &subject, || {
                let highest = (SLOTS + 1).saturating_sub(slots);
                format!(
                    "it takes {slots} slots from {first} on, but universe {} ends at slot {SLOTS}: patch it at {}.{highest} \
                     or lower",
                    first.universe, first.universe
                )
            });
            stretches.push(Stretch { fixture, first: *first, last: last.min(SLOTS) });
        }
    }
    check_overlaps(show, stretches, problems);
    let universes: BTreeSet<_> = show.fixtures.iter().flat_map(|f| &f.addresses).map(|a| a.universe).collect();
    problems.unless(universes.len() <= MAX_UNIVERSES, &Subject::Show, || {
        format!("the patch takes {} universes, one machine works out at most {MAX_UNIVERSES}", universes.len())
    });
}

fn check_overlaps(show: &Show, mut stretches: Vec<Stretch<'_>>, problems: &mut Problems) {
    stretches.sort_by_key(|stretch| (stretch.first, stretch.fixture.number));
    let mut occupancy = None;
    // The one that reaches farthest of those before.
    let mut reach: Option<&Stretch<'_>> = None;
    for stretch in &stretches {
        if problems.0.len() >= MAX_PROBLEMS {
            return;
        }
        if let Some(other) = reach.filter(|other| other.first.universe == stretch.first.universe) {
            if stretch.first.slot <= other.last {
                let (universe, end) = (stretch.first.universe, stretch.last.min(other.last));
                let occupancy = occupancy.get_or_insert_with(|| Occupancy::of(show));
                let slots = stretch.last - stretch.first.slot + 1;
                let lowest = Address { universe, slot: 1 };
                let room = match occupancy.room(slots, lowest) {
                    Some(room) => {
                        // The next one that is told of gets another one.
                        occupancy.take(room, slots);
                        format!(", {room} has room for fixture {}", stretch.fixture.number)
                    }
                    None => String::new(),
                };
                let sentence = format!(
                    "{stretch} and {other} share {} to {universe}.{end}: move one of them{room}",
                    stretch.first
                );
                problems.tell(&Subject::Fixture(stretch.fixture.number), sentence);
            }
            if stretch.last <= other.last {
                continue;
            }
        }
        reach = Some(stretch);
    }
}

/// The slots of fixtures, with the fixture.
fn taken_slots(show: &Show) -> BTreeMap<Address, FixtureNumber> {
    let mut taken = BTreeMap::new();
    for fixture in &show.fixtures {
        let Some(mode) = show.mode_of(fixture) else { continue };
        for channel in &mode.channels {
            let Some(base) = fixture.addresses.get(usize::from(channel.part)) else { continue };
            for offset in &channel.offsets {
                let slot = base.slot.saturating_add(offset.saturating_sub(1));
                taken.extend(Address::new(base.universe, slot).map(|address| (address, fixture.number)));
            }
        }
    }
    taken
}

fn check_list(show: &Show, list: &CueList, taken: &BTreeMap<Address, FixtureNumber>, problems: &mut Problems) {
    problems.unless(list.number.0 > 0, &Subject::List(list.number), || "lists are counted from 1".to_string());
    let effects: usize = list.cues().iter().map(|cue| cue.look.effects.len()).sum();
    problems.unless(effects <= MAX_EFFECTS, &Subject::List(list.number), || {
        format!("it has {effects} effects, a list has at most {MAX_EFFECTS}")
    });
    for cue in list.cues() {
        check_cue(show, &Subject::Cue(list.number, cue.number), cue, taken, problems);
    }
}

fn check_cue(
    show: &Show,
    subject: &Subject,
    cue: &Cue,
    taken: &BTreeMap<Address, FixtureNumber>,
    problems: &mut Problems,
) {
    let t = &cue.timing;
    let longest = t.fade_up_ms.max(t.fade_down_ms).max(t.delay_up_ms).max(t.delay_down_ms);
    problems.unless(longest <= MAX_FADE_MS, subject, || "fades and delays last at most 24 hours".to_string());
    for instruction in &cue.look.instructions {
        match instruction.target {
            Target::Slot(address) => {
                if let Some(fixture) = taken.get(&address) {
                    let sentence = format!("slot {address} belongs to fixture {fixture}: set an attribute of that");
                    problems.tell(subject, sentence);
                }
            }
            Target::Fixture { fixture, cell, attribute } => {
                let Some(known) = show.fixture(fixture) else {
                    problems.tell(subject, format!("there is no fixture {fixture}"));
                    continue;
                };
                let Some(mode) = show.mode_of(known) else { continue };
                let name = show.attributes().name(attribute);
                problems.unless(mode.channel(name, cell).is_some(), subject, || {
                    let of = if cell == 0 { String::new() } else { format!(" in cell {cell}") };
                    let all: BTreeSet<_> = mode.channels.iter().map(|channel| channel.attribute.as_str()).collect();
                    let all = all.into_iter().collect::<Vec<_>>().join(", ");
                    format!("fixture {fixture} in mode {:?} has no {name}{of}; it has {all}", mode.name)
                });
            }
        }
    }
    check_content(show, subject, cue, problems);
}

fn check_content(show: &Show, subject: &Subject, cue: &Cue, problems: &mut Problems) {
    for content in &cue.look.effects {
        let Some(group) = show.group(&content.group) else {
            problems.tell(subject, format!("there is no group {:?} for the effect", content.group));
            continue;
        };
        let cells = effect_cells(show, content).len();
        problems.unless(cells > 0, subject, || {
            format!("no fixture of group {:?} has what the effect sets: let it drive something else", group.name)
        });
        problems.unless(cells < MAX_EFFECT_CELLS, subject, || {
            format!("the effect covers {MAX_EFFECT_CELLS} cells and more of group {:?}: divide the group", group.name)
        });
        if let Some(geometry) = content.geometry.filter(|geometry| geometry.len() < cells) {
            let sentence =
                format!("the effect's geometry has {} pixels, group {:?} has {cells}", geometry.len(), group.name);
            problems.tell(subject, sentence);
        }
    }
    let mut targets: BTreeSet<&SceneTarget> = BTreeSet::new();
    let is_once = cue.look.scenes.iter().all(|scene| targets.insert(&scene.target));
    problems.unless(is_once, subject, || "two scenes are for the same nodes: leave one out".to_string());
}
