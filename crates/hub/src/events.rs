//! What has happened, for programs that follow the show: the newest events, each with a number, so that whoever was away for a
//! moment goes on where he was (HUB-13). The tick thread knows nothing of this: events come from the storage thread.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cuelight_net::clock::{LocalClock, wall_now};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};

use crate::keeper::SharedShowClock;

mod told;
mod wall;

pub(crate) use told::{Told, answered, of_command, of_event};
pub(crate) use wall::{read_rfc3339, rfc3339};

/// Events that are kept, 3 MB of them; when there are more the oldest goes.
const KEPT: usize = 10_000;
/// Readers at once; one more is refused.
const ROOM: usize = 32;

/// The number of an event of one run of the hub.
pub(crate) type Number = u64;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Happened {
    pub(crate) number: Number,
    /// Such as `node.joined`.
    pub(crate) kind: &'static str,
    /// All of it as JSON.
    pub(crate) text: Arc<str>,
}

/// The newest events. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    boot_id: u32,
    clock: LocalClock,
    show: SharedShowClock,
    kept: Arc<Mutex<Kept>>,
    newest: watch::Sender<Number>,
    /// Room for readers.
    pub(crate) room: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Kept {
    newest: Number,
    events: VecDeque<Happened>,
    is_stopping: bool,
}

/// What a reader is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// This happened.
    Event(Happened),
    /// So many events are gone before the reader took them; the next is the one with this number.
    Lost { missed: Number, next: Number },
    /// Nothing yet.
    Nothing,
    /// There will be no more.
    End,
}

impl Events {
    pub(crate) fn new(boot_id: u32, clock: LocalClock, show: SharedShowClock) -> Self {
        let room = Arc::new(Semaphore::new(ROOM));
        Self { boot_id, clock, show, kept: Arc::default(), newest: watch::channel(0).0, room }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something happened.
    pub(crate) fn add(&self, told: Told) {
        let Told { kind, data } = told;
        let (wall, show) = (rfc3339(wall_now()), self.show.get().show_at(self.clock.now()));
        let mut kept = self.kept();
        let number = kept.newest + 1;
        let event: Value = json!({
            "id": self.id(number),
            "type": kind,
            "time": wall,
            "show_us": show.as_us(),
            "data": data,
        });
        kept.newest = number;
        if kept.events.len() == KEPT {
            kept.events.pop_front();
        }
        kept.events.push_back(Happened { number, kind, text: event.to_string().into() });
        drop(kept);
        self.newest.send_replace(number);
    }

    /// The name of an event: which run of the hub, and its number.
    pub(crate) fn id(&self, number: Number) -> String {
        format!("{:08x}-{number}", self.boot_id)
    }

    /// The number of an event of this run; `None` for those of others and for what is no name of an event.
    pub(crate) fn number(&self, id: &str) -> Option<Number> {
        let (boot, number) = id.split_once('-')?;
        let boot = u32::from_str_radix(boot, 16).ok()?;
        let number = number.parse().ok()?;
        (boot == self.boot_id && number <= self.newest()).then_some(number)
    }

    /// The number of the newest event.
    pub(crate) fn newest(&self) -> Number {
        self.kept().newest
    }

    /// Tells of every new event.
    pub(crate) fn listen(&self) -> watch::Receiver<Number> {
        self.newest.subscribe()
    }

    /// What comes after an event.
    pub(crate) fn after(&self, number: Number) -> Next {
        let kept = self.kept();
        let Some(oldest) = kept.events.front().map(|event| event.number) else {
            return if kept.is_stopping { Next::End } else { Next::Nothing };
        };
        let next = number + 1;
        if next < oldest {
            return Next::Lost { missed: oldest - next, next: oldest };
        }
        let place = usize::try_from(next - oldest).unwrap_or(usize::MAX);
        match kept.events.get(place) {
            Some(event) => Next::Event(event.clone()),
            None if kept.is_stopping => Next::End,
            None => Next::Nothing,
        }
    }

    /// Ends every reader once it has read everything.
    pub(crate) fn stop(&self) {
        self.kept().is_stopping = true;
        self.newest.send_modify(|_| {});
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Events {
        Events::new(0xabc, LocalClock::UNCHANGED, SharedShowClock::default())
    }

    fn add(events: &Events) {
        events.add(Told { kind: "node.ready", data: json!({ "node": 1 }) });
    }

    fn number(next: Next) -> Number {
        let Next::Event(event) = next else { panic!("{next:?}") };
        event.number
    }

    /// HUB-13
    #[test]
    fn a_reader_goes_on_where_it_was_and_is_told_what_it_missed() {
        let events = events();
        assert_eq!(events.after(0), Next::Nothing);
        (0..3).for_each(|_| add(&events));
        assert_eq!([0, 1, 2].map(|n| number(events.after(n))), [1, 2, 3]);
        assert_eq!(events.after(3), Next::Nothing);
        (0..KEPT).for_each(|_| add(&events));
        assert_eq!(events.after(0), Next::Lost { missed: 3, next: 4 });
        assert_eq!(number(events.after(3)), 4);
        assert_eq!(events.kept().events.len(), KEPT);
        events.stop();
        let newest = events.newest();
        assert_eq!(number(events.after(newest - 1)), newest);
        assert_eq!(events.after(newest), Next::End);
    }

    /// HUB-13
    #[test]
    fn names_are_those_of_this_run() {
        let events = events();
        add(&events);
        assert_eq!(events.id(1), "00000abc-1");
        assert_eq!(events.number("00000abc-1"), Some(1));
        for other in ["00000abd-1", "00000abc-2", "00000abc-x", "1", "", "x-1"] {
            assert_eq!(events.number(other), None, "{other}");
        }
        let Next::Event(event) = events.after(0) else { panic!("there is one") };
        let text: Value = serde_json::from_str(&event.text).unwrap();
        assert_eq!(
            (&text["id"], &text["type"], &text["data"]["node"]),
            (&json!("00000abc-1"), &json!("node.ready"), &json!(1))
        );
    }
}
