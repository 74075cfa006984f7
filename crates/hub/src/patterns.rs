//! The patterns a hub has, and what is known of each: what a call to play one or to list them needs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use cuelight_pattern::store::{Entry, Sha256, Store};
use cuelight_wire::prism::{Facts, Prism};

/// What a look into a pattern's file found: what it says, or why it cannot be played.
pub(crate) type Look = Result<Facts, String>;

/// The store, with what was found in its files. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Patterns {
    pub(crate) store: Store,
    /// By the hash of the bytes, so nothing in it can be out of date. What the store no longer has is forgotten.
    looks: Arc<Mutex<BTreeMap<Sha256, Look>>>,
}

impl Patterns {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, looks: Arc::default() }
    }

    /// Everything there is, by name. Reads files nobody has looked into, so not for a runtime thread.
    pub(crate) fn list(&self) -> Vec<(Entry, Look)> {
        let listing = self.store.listing();
        let all = listing.patterns.iter().map(|entry| (entry.clone(), self.look(entry))).collect();
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.retain(|sha256, _| listing.with_hash(sha256).is_some());
        all
    }

    /// What is in a pattern's file. Reads it the first time, so not for a runtime thread.
    pub(crate) fn look(&self, entry: &Entry) -> Look {
        let known = self.looks.lock().unwrap_or_else(PoisonError::into_inner).get(&entry.sha256).cloned();
        if let Some(look) = known {
            return look;
        }
        // Not under the lock: reading takes long. What the disk says now is not kept, it may be better next time.
        let bytes = self.store.read(entry).map_err(|error| error.to_string())?;
        let look = Prism::read(&bytes).map(|prism| *prism.facts()).map_err(|bad| bad.to_string());
        self.looks.lock().unwrap_or_else(PoisonError::into_inner).insert(entry.sha256, look.clone());
        look
    }
}
