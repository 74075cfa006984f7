//! What a store holds, at one moment.

use cuelight_wire::ids::PatternId;
use cuelight_wire::tlv::Name;

use super::Index;
use super::entry::{Entry, Sha256};

/// What a store holds, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The patterns, in the order of their names.
    pub patterns: Vec<Entry>,
    /// Their bytes together.
    pub used: u64,
    /// Damaged patterns that were set aside since the store was opened, the newest last; a bounded number is remembered.
    pub set_aside: Vec<SetAside>,
}

/// A damaged pattern that is no longer served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Its name.
    pub name: Name,
    /// What is wrong with it.
    pub damage: String,
}

impl Listing {
    pub(super) fn of(index: &Index) -> Self {
        let patterns: Vec<_> = index.entries.values().cloned().collect();
        let used = patterns.iter().map(|entry| u64::from(entry.size)).sum();
        Self { patterns, used, set_aside: index.set_aside.clone() }
    }
    /// The pattern of this name.
    pub fn named(&self, name: &Name) -> Option<&Entry> {
        let at = self.patterns.binary_search_by(|entry| entry.name.cmp(name)).ok()?;
        self.patterns.get(at)
    }
    /// A pattern with these bytes; several names may have them.
    pub fn with_hash(&self, sha256: &Sha256) -> Option<&Entry> {
        self.patterns.iter().find(|entry| entry.sha256 == *sha256)
    }
    /// A pattern with this id.
    pub fn with_id(&self, id: &PatternId) -> Option<&Entry> {
        self.patterns.iter().find(|entry| entry.sha256.id() == *id)
    }
}
