//! A show: its fixtures, its groups, its cue lists.

use alloc::string::String;
use alloc::vec::Vec;

use crate::attribute::{Attributes, TooManyAttributes};
use crate::fixture::{Fixture, FixtureNumber, FixtureType, Group, Mode};
use crate::list::{CueList, ListNumber};

/// The most fixtures of a show: each has at least a slot, and a show has at most [`MAX_UNIVERSES`] universes.
pub const MAX_FIXTURES: usize = 200_000;
/// The most universes one machine works out at once.
pub const MAX_UNIVERSES: usize = 4_096;

/// What a show is made of, as its author wrote it. What a machine needs to play it is [`Score`](crate::Score).
///
/// Nothing here is checked when it is put in; [`Show::problems`](crate::check) says what is wrong.
#[derive(Clone, Debug, Default)]
pub struct Show {
    /// What people call it; may be empty.
    pub label: String,
    attributes: Attributes,
    types: Vec<FixtureType>,
    /// The fixtures, in rising order of their numbers.
    pub fixtures: Vec<Fixture>,
    /// Groups, each name once.
    pub groups: Vec<Group>,
    /// Cue lists, in rising order of their numbers.
    pub lists: Vec<CueList>,
}

impl Show {
    /// A show of slots alone: without fixtures.
    pub fn of_lists(lists: Vec<CueList>) -> Self {
        Self { lists, ..Self::default() }
    }
    /// The names of the attributes of its fixture types.
    pub const fn attributes(&self) -> &Attributes {
        &self.attributes
    }
    /// Kinds of fixtures, each name once.
    pub fn types(&self) -> &[FixtureType] {
        &self.types
    }
    /// Adds a kind of fixture, in place of one with the same name.
    pub fn put_type(&mut self, kind: FixtureType) -> Result<(), TooManyAttributes> {
        for channel in kind.modes.iter().flat_map(|mode| &mode.channels) {
            self.attributes.intern(&channel.attribute)?;
        }
        self.types.retain(|old| old.name != kind.name);
        self.types.push(kind);
        Ok(())
    }
    /// The fixture with this number.
    pub fn fixture(&self, number: FixtureNumber) -> Option<&Fixture> {
        let at = self.fixtures.binary_search_by_key(&number, |fixture| fixture.number).ok()?;
        self.fixtures.get(at)
    }
    /// The mode a fixture is in.
    pub fn mode_of(&self, fixture: &Fixture) -> Option<&Mode> {
        self.types.iter().find(|kind| kind.name == fixture.kind)?.mode(&fixture.mode)
    }
    /// The group with this name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }
    /// Where the list with this number is.
    pub fn list_index(&self, number: ListNumber) -> Option<usize> {
        self.lists.binary_search_by_key(&number, |list| list.number).ok()
    }
    /// The list with this number.
    pub fn list(&self, number: ListNumber) -> Option<&CueList> {
        self.list_index(number).map(|at| &self.lists[at])
    }
}
