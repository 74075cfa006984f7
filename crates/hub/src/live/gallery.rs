//! Who wants pictures of which nodes. The newest picture lies ready for each watcher; one that was not taken is replaced (LIVE-3).

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::body::Bytes;
use cuelight_wire::ids::NodeId;
use tokio::sync::watch;

/// Of which nodes pictures are wanted, and how large.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wish {
    /// In rising order; all there are where nothing is said.
    pub(crate) nodes: Option<Vec<NodeId>>,
    /// Pixels of a node, at most.
    pub(crate) pixels: u16,
}

/// A picture; none before the first.
pub(crate) type Picture = Option<Bytes>;

/// Written by the painter, read by connections.
#[derive(Debug, Default)]
pub(crate) struct Gallery {
    seats: Mutex<Seats>,
    wanted: Condvar,
}

#[derive(Debug, Default)]
struct Seats {
    newest: u64,
    taken: BTreeMap<u64, (Wish, watch::Sender<Picture>)>,
    is_stopping: bool,
}

/// A watcher's place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    number: u64,
    gallery: Arc<Gallery>,
    pictures: watch::Receiver<Picture>,
}

impl Gallery {
    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more watcher.
    pub(crate) fn sit(self: &Arc<Self>, wish: Wish) -> Seat {
        let (sender, pictures) = watch::channel(None);
        let mut seats = self.seats();
        seats.newest += 1;
        let number = seats.newest;
        seats.taken.insert(number, (wish, sender));
        self.wanted.notify_all();
        Seat { number, gallery: self.clone(), pictures }
    }

    /// Ends the painter.
    pub(super) fn stop(&self) {
        let mut seats = self.seats();
        seats.is_stopping = true;
        seats.taken.clear();
        self.wanted.notify_all();
    }

    /// Waits until `next` and for somebody who watches; the different wishes there are, or `None` when the hub stops.
    pub(super) fn wait(&self, next: Instant) -> Option<Vec<Wish>> {
        let mut seats = self.seats();
        loop {
            if seats.is_stopping {
                return None;
            }
            let pause = next.saturating_duration_since(Instant::now());
            if seats.taken.is_empty() {
                seats = self.wanted.wait(seats).unwrap_or_else(PoisonError::into_inner);
            } else if pause.is_zero() {
                let mut wishes: Vec<Wish> = seats.taken.values().map(|(wish, _)| wish.clone()).collect();
                wishes.sort_unstable();
                wishes.dedup();
                return Some(wishes);
            } else {
                seats = self.wanted.wait_timeout(seats, pause).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }

    /// Hangs a picture up for everybody with this wish.
    pub(super) fn hang(&self, wish: &Wish, picture: &Bytes) {
        for (_, sender) in self.seats().taken.values().filter(|(other, _)| other == wish) {
            sender.send_replace(Some(picture.clone()));
        }
    }
}

impl Seat {
    /// The next picture; `None` when there will be none. May be dropped and asked for again.
    pub(crate) async fn next(&mut self) -> Picture {
        loop {
            self.pictures.changed().await.ok()?;
            let picture = self.pictures.borrow_and_update().clone();
            if picture.is_some() {
                return picture;
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.gallery.seats().taken.remove(&self.number);
    }
}
