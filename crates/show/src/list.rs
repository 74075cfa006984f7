//! Cue lists: cues in the order of their numbers.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::cue::Cue;
use crate::number::CueNumber;

/// The most cue lists of a show.
pub const MAX_LISTS: usize = 64;
/// The most cues of a list.
pub const MAX_CUES: usize = 10_000;
/// What BACK takes unless a list says otherwise, milliseconds.
pub const DEFAULT_BACK_MS: u32 = 1_000;

/// The number of a cue list, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ListNumber(pub u16);

impl fmt::Display for ListNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a list does not take a cue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InsertError {
    /// The number is taken.
    #[error("the list has a cue of this number: choose another one")]
    Taken,
    /// The list has [`MAX_CUES`] cues.
    #[error("the list has {MAX_CUES} cues already: begin another list")]
    Full,
}

/// A cue list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CueList {
    /// Its number, unique.
    pub number: ListNumber,
    /// What people call it; may be empty.
    pub label: String,
    /// What BACK takes, milliseconds.
    pub back_ms: u32,
    /// In rising order of their numbers, each number once.
    cues: Vec<Cue>,
}

impl CueList {
    /// A list without cues.
    pub const fn new(number: ListNumber) -> Self {
        Self { number, label: String::new(), back_ms: DEFAULT_BACK_MS, cues: Vec::new() }
    }
    /// The cues, in rising order of their numbers.
    pub fn cues(&self) -> &[Cue] {
        &self.cues
    }
    /// Where the cue with this number is, or would be.
    pub fn position(&self, number: CueNumber) -> Result<usize, usize> {
        self.cues.binary_search_by_key(&number, |cue| cue.number)
    }
    /// The cue with this number.
    pub fn cue(&self, number: CueNumber) -> Option<&Cue> {
        self.position(number).ok().map(|at| &self.cues[at])
    }
    /// The cue with this number, to change it; its number must stay.
    pub(crate) fn cue_mut(&mut self, number: CueNumber) -> Option<&mut Cue> {
        self.position(number).ok().map(|at| &mut self.cues[at])
    }
    /// The first cue above `number`; the first of all when there is none.
    pub fn after(&self, number: Option<CueNumber>) -> Option<&Cue> {
        let at = number.map_or(0, |number| self.position(number).map_or_else(|at| at, |at| at + 1));
        self.cues.get(at)
    }
    /// The last cue below `number`.
    pub fn before(&self, number: CueNumber) -> Option<&Cue> {
        let at = self.position(number).unwrap_or_else(|at| at);
        at.checked_sub(1).map(|at| &self.cues[at])
    }
    /// Puts a cue into its place, and says which that is.
    pub fn insert(&mut self, cue: Cue) -> Result<usize, InsertError> {
        match self.position(cue.number) {
            Ok(_) => Err(InsertError::Taken),
            Err(_) if self.cues.len() >= MAX_CUES => Err(InsertError::Full),
            Err(at) => {
                self.cues.insert(at, cue);
                Ok(at)
            }
        }
    }
    /// Takes a cue out.
    pub(crate) fn remove(&mut self, number: CueNumber) -> Option<Cue> {
        self.position(number).ok().map(|at| self.cues.remove(at))
    }
}
