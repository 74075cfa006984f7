//! Which patterns the frame loop has at hand (PLAY-4).
//!
//! The layers a node is given say which patterns it is to show. Those are read from the store and made ready on a thread of
//! their own, and handed to the frame loop; one that is not there yet is looked for again whenever the store changes. What
//! was wanted longest ago makes room.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;

use cuelight_output::frame_loop::LoadedPattern;
use cuelight_output::{MAX_PATTERNS, PatternSender, load_pattern};
use cuelight_pattern::store::{Listing, Store};
use cuelight_wire::change::Change;
use cuelight_wire::ids::PatternId;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tracing::{info, warn};

use crate::supply::Supply;

/// The driver's side of the frame loop's patterns.
pub(crate) struct Patterns {
    /// None: the folder cannot be used, and no pattern is here.
    shelf: Option<Shelf>,
    supply: Supply,
    sender: PatternSender,
    /// What is wanted, the newest wish last.
    wanted: VecDeque<Wanted>,
    /// One is made ready at a time.
    loading: Option<(PatternId, JoinHandle<Loaded>)>,
}

/// The patterns this node has, and news of them.
struct Shelf {
    store: Store,
    changes: watch::Receiver<Arc<Listing>>,
}

struct Wanted {
    id: PatternId,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To be looked for.
    Due,
    /// Not in the store, or no good, as the store is now.
    Missing,
    /// With the frame loop.
    AtHand,
}

type Loaded = Result<Box<LoadedPattern>, String>;

/// Something for [`Patterns::handle`].
pub(crate) enum PatternEvent {
    StoreChanged,
    Loaded(PatternId, Loaded),
}

impl Patterns {
    pub(crate) fn new(store: Option<Store>, supply: Supply, sender: PatternSender) -> Self {
        let shelf = store.map(|store| Shelf { changes: store.watch(), store });
        Self { shelf, supply, sender, wanted: VecDeque::with_capacity(MAX_PATTERNS + 1), loading: None }
    }

    /// A change the node was given: its pattern, if it has one, is wanted from now on.
    pub(crate) fn want_for(&mut self, change: &Change) {
        if let Change::Layer(layer) = change
            && let Some(play) = layer.scene.pattern
        {
            self.want(play.id);
        }
    }

    /// A pattern is wanted from now on.
    pub(crate) fn want(&mut self, id: PatternId) {
        let place = self.wanted.iter().position(|wanted| wanted.id == id);
        let before = place.and_then(|place| self.wanted.remove(place));
        self.wanted.push_back(before.unwrap_or(Wanted { id, state: State::Due }));
        if self.wanted.len() > MAX_PATTERNS
            && let Some(oldest) = self.wanted.pop_front()
            && oldest.state == State::AtHand
            && self.sender.forget(oldest.id).is_err()
        {
            // Tried again when the next one comes; until then the slot stays taken.
            self.wanted.push_front(oldest);
        }
        self.load_next();
    }

    /// There is a session with a hub: what it has is fetched.
    pub(crate) fn on_hub(&self, hub: String) {
        self.supply.on_hub(hub);
    }

    /// The next thing that happens; may be dropped and asked for again.
    pub(crate) async fn next(&mut self) -> PatternEvent {
        let loading = async {
            match &mut self.loading {
                Some((id, loading)) => {
                    let loaded = loading.await.unwrap_or_else(|_| Err("making it ready failed".to_owned()));
                    (*id, loaded)
                }
                None => pending().await,
            }
        };
        let changed = async {
            match &mut self.shelf {
                // The store outlives this: its sender is in it.
                Some(shelf) => drop(shelf.changes.changed().await),
                None => pending().await,
            }
        };
        tokio::select! {
            (id, loaded) = loading => PatternEvent::Loaded(id, loaded),
            () = changed => PatternEvent::StoreChanged,
        }
    }

    pub(crate) fn handle(&mut self, event: PatternEvent) {
        match event {
            PatternEvent::StoreChanged => {
                let missing = self.wanted.iter_mut().filter(|wanted| wanted.state == State::Missing);
                missing.for_each(|wanted| wanted.state = State::Due);
            }
            PatternEvent::Loaded(id, loaded) => {
                self.loading = None;
                self.take_loaded(id, loaded);
            }
        }
        self.load_next();
    }

    /// Frees what the frame loop has given back. To be called now and then.
    pub(crate) fn collect(&mut self) {
        self.sender.collect();
    }

    fn take_loaded(&mut self, id: PatternId, loaded: Loaded) {
        let Some(wanted) = self.wanted.iter_mut().find(|wanted| wanted.id == id) else { return };
        self.sender.collect();
        let given = loaded.and_then(|pattern| {
            let header = pattern.facts().header;
            let warning = pattern.facts().warning;
            self.sender.give(pattern).map(|()| (header, warning)).map_err(|error| error.to_string())
        });
        match given {
            Ok((header, warning)) => {
                wanted.state = State::AtHand;
                info!(pattern = %id, leds = header.leds, frames = header.frames, "pattern ready");
                if let Some(warning) = warning {
                    warn!(pattern = %id, "{warning}");
                }
            }
            Err(error) => {
                wanted.state = State::Missing;
                warn!(pattern = %id, "the pattern cannot be played: {error}; its scene's effect is shown instead");
            }
        }
    }

    /// Begins to make the newest wish ready that is due.
    fn load_next(&mut self) {
        if self.loading.is_some() {
            return;
        }
        let listing = self.shelf.as_mut().map(|shelf| shelf.changes.borrow_and_update().clone());
        for wanted in self.wanted.iter_mut().rev().filter(|wanted| wanted.state == State::Due) {
            let entry = listing.as_ref().and_then(|listing| listing.with_id(&wanted.id).cloned());
            let (Some(entry), Some(shelf)) = (entry, &self.shelf) else {
                info!(pattern = %wanted.id, "the pattern is not here; its scene's effect is shown until it comes");
                wanted.state = State::Missing;
                self.supply.want(wanted.id);
                continue;
            };
            let (id, store) = (wanted.id, shelf.store.clone());
            let load = move || {
                let bytes = store.read(&entry).map_err(|error| error.to_string())?;
                load_pattern(id, bytes).map_err(|error| error.to_string())
            };
            self.loading = Some((id, spawn_blocking(load)));
            return;
        }
    }
}
