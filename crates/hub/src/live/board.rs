//! The newest state of every view that somebody watches, and the last changes of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::extract::ws::Utf8Bytes;
use tokio::sync::watch;

use super::view::View;

/// Changes of a view that are kept, two seconds of them. A watcher that is further behind gets the whole state instead.
const KEPT: usize = 20;

/// The views that are watched; whether somebody waits for the whole state of each.
pub(super) type Wanted = BTreeMap<View, bool>;

/// Where a watcher is with each of its views: the number of the state it has.
pub(crate) type Places = BTreeMap<View, Option<u64>>;

/// What is new of a view.
#[derive(Debug)]
pub(super) struct News {
    /// The number of the state that is now.
    pub(super) number: u64,
    /// What leads to it from the one before, when it is another.
    pub(super) delta: Option<Utf8Bytes>,
    /// All of it, when somebody waits for that.
    pub(super) whole: Option<Utf8Bytes>,
}

/// Written by the publisher, read by connections.
#[derive(Debug)]
pub(crate) struct Board {
    lanes: Mutex<Lanes>,
    wanted: Condvar,
    news: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Lanes {
    views: BTreeMap<View, Lane>,
    is_stopping: bool,
}

/// One view.
#[derive(Debug, Default)]
struct Lane {
    watchers: usize,
    number: u64,
    /// Newest last; the newest leads to the state `number`.
    deltas: VecDeque<Utf8Bytes>,
    whole: Option<Utf8Bytes>,
    is_whole_wanted: bool,
}

impl Default for Board {
    fn default() -> Self {
        Self { lanes: Mutex::default(), wanted: Condvar::new(), news: watch::channel(()).0 }
    }
}

impl Board {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of everything new on the board.
    pub(crate) fn listen(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// One more watcher of a view.
    pub(crate) fn watch(&self, view: View) {
        let mut lanes = self.lanes();
        let lane = lanes.views.entry(view).or_default();
        lane.watchers += 1;
        lane.is_whole_wanted |= lane.whole.is_none();
        self.wanted.notify_all();
    }

    /// One watcher less.
    pub(crate) fn leave(&self, view: View) {
        if let Some(lane) = self.lanes().views.get_mut(&view) {
            lane.watchers -= 1;
        }
    }

    /// What a watcher has not seen, to be sent in this order. Where too much is new, or it has nothing yet, that is the whole
    /// state as soon as there is one.
    pub(crate) fn news_for(&self, places: &mut Places) -> Vec<Utf8Bytes> {
        let mut lanes = self.lanes();
        let mut news = Vec::new();
        for (view, place) in places {
            let Some(lane) = lanes.views.get_mut(view) else { continue };
            let behind = place.and_then(|place| usize::try_from(lane.number - place).ok());
            match behind.filter(|behind| *behind <= lane.deltas.len()) {
                Some(behind) => news.extend(lane.deltas.iter().skip(lane.deltas.len() - behind).cloned()),
                None => match &lane.whole {
                    Some(whole) => news.push(whole.clone()),
                    None => {
                        lane.is_whole_wanted = true;
                        *place = None;
                        continue;
                    }
                },
            }
            *place = Some(lane.number);
        }
        news
    }

    /// Whether the hub stops.
    pub(crate) fn is_stopping(&self) -> bool {
        self.lanes().is_stopping
    }

    /// Ends the publisher and tells every watcher.
    pub(crate) fn stop(&self) {
        self.lanes().is_stopping = true;
        self.wanted.notify_all();
        self.news.send_replace(());
    }

    /// Waits until `next` and for somebody who watches; `None` when the hub stops. Views that nobody watches any more are
    /// gone afterwards.
    pub(super) fn wait(&self, next: Instant) -> Option<Wanted> {
        let mut lanes = self.lanes();
        loop {
            if lanes.is_stopping {
                return None;
            }
            lanes.views.retain(|_, lane| lane.watchers > 0);
            let pause = next.saturating_duration_since(Instant::now());
            if lanes.views.is_empty() {
                lanes = self.wanted.wait(lanes).unwrap_or_else(PoisonError::into_inner);
            } else if pause.is_zero() {
                return Some(lanes.views.iter().map(|(view, lane)| (*view, lane.is_whole_wanted)).collect());
            } else {
                lanes = self.wanted.wait_timeout(lanes, pause).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }

    /// Puts up what is new of a view.
    pub(super) fn put_up(&self, view: View, news: News) {
        let mut lanes = self.lanes();
        let Some(lane) = lanes.views.get_mut(&view) else { return };
        if let Some(delta) = news.delta {
            if lane.deltas.len() == KEPT {
                lane.deltas.pop_front();
            }
            lane.deltas.push_back(delta);
            lane.whole = None;
        }
        lane.number = news.number;
        if let Some(whole) = news.whole {
            lane.whole = Some(whole);
            lane.is_whole_wanted = false;
        }
    }

    /// Wakes everybody who watches.
    pub(super) fn tell(&self) {
        self.news.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(what: String) -> Utf8Bytes {
        what.into()
    }

    fn put(board: &Board, number: u64, is_whole: bool) {
        let whole = is_whole.then(|| text(format!("whole {number}")));
        let delta = (number > 1).then(|| text(format!("delta {number}")));
        board.put_up(View::Show, News { number, delta, whole });
    }

    fn news(board: &Board, places: &mut Places) -> Vec<String> {
        board.news_for(places).iter().map(|text| text.as_str().to_owned()).collect()
    }

    /// LIVE-2
    #[test]
    fn a_watcher_gets_the_whole_state_once_and_then_every_change_in_order() {
        let board = Board::default();
        board.watch(View::Show);
        let mut places = Places::from([(View::Show, None)]);
        assert!(news(&board, &mut places).is_empty());
        put(&board, 1, true);
        assert_eq!(news(&board, &mut places), ["whole 1"]);
        assert!(news(&board, &mut places).is_empty());
        put(&board, 2, false);
        put(&board, 3, false);
        assert_eq!(news(&board, &mut places), ["delta 2", "delta 3"]);
        assert!(news(&board, &mut places).is_empty());
        // Another who comes now waits for a whole one.
        board.watch(View::Show);
        let mut others = Places::from([(View::Show, None)]);
        assert!(news(&board, &mut others).is_empty());
        assert_eq!(board.wait(Instant::now()), Some(Wanted::from([(View::Show, true)])));
        put(&board, 4, true);
        assert_eq!(news(&board, &mut others), ["whole 4"]);
        assert_eq!(news(&board, &mut places), ["delta 4"]);
    }

    /// LIVE-3
    #[test]
    fn whoever_is_too_far_behind_gets_the_whole_state_and_nothing_is_kept_for_him() {
        let board = Board::default();
        board.watch(View::Show);
        let mut places = Places::from([(View::Show, None)]);
        put(&board, 1, true);
        assert_eq!(news(&board, &mut places), ["whole 1"]);
        let kept = u64::try_from(KEPT).unwrap();
        (2..=kept + 1).for_each(|number| put(&board, number, false));
        assert_eq!(news(&board, &mut places.clone()).len(), KEPT);
        put(&board, kept + 2, false);
        assert!(news(&board, &mut places).is_empty(), "one more than is kept");
        put(&board, kept + 3, true);
        assert_eq!(news(&board, &mut places), [format!("whole {}", kept + 3)]);
        assert_eq!(board.lanes().views[&View::Show].deltas.len(), KEPT);
    }

    /// LIVE-1
    #[test]
    fn while_nobody_watches_there_is_no_work() {
        let board = Board::default();
        let wanted = std::thread::scope(|scope| {
            let publisher = scope.spawn(|| board.wait(Instant::now()));
            board.watch(View::Show);
            publisher.join().unwrap()
        });
        assert_eq!(wanted, Some(Wanted::from([(View::Show, true)])), "the wait ends with somebody to work for");
    }

    #[test]
    fn a_view_that_nobody_watches_is_gone_and_a_stop_ends_the_wait() {
        let board = Board::default();
        board.watch(View::Show);
        board.watch(View::Nodes);
        board.leave(View::Show);
        assert_eq!(board.wait(Instant::now()), Some(Wanted::from([(View::Nodes, true)])));
        board.stop();
        assert_eq!(board.wait(Instant::now()), None);
        assert!(board.is_stopping());
    }
}
