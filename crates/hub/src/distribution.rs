//! How far each node has come with the patterns, as it says itself (DIST-3).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Local, Time};

/// The longest problem that is kept, bytes.
const MAX_PROBLEM: usize = 200;

/// What a node has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holding {
    /// Patterns of the hub that it has.
    pub(crate) have: u32,
    /// Those it still has to fetch.
    pub(crate) missing: u32,
    /// What keeps it from it.
    pub(crate) problem: Option<String>,
    /// When it said so.
    pub(crate) said_at: Time<Local>,
}

impl Holding {
    pub(crate) fn new(have: u32, missing: u32, problem: Option<String>, said_at: Time<Local>) -> Self {
        let problem = problem.filter(|problem| !problem.is_empty()).map(|mut problem| {
            problem.truncate(problem.floor_char_boundary(MAX_PROBLEM));
            problem
        });
        Self { have, missing, problem, said_at }
    }
}

/// What each node has. Cheap to clone; as long as the roster, because only its nodes are noted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Distribution(Arc<Mutex<BTreeMap<Mac, Holding>>>);

impl Distribution {
    pub(crate) fn note(&self, node: Mac, holding: Holding) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(node, holding);
    }
    pub(crate) fn of(&self, node: Mac) -> Option<Holding> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&node).cloned()
    }
    /// Forgets nodes that left the roster.
    pub(crate) fn keep(&self, is_known: impl Fn(&Mac) -> bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|node, _| is_known(node));
    }
}
