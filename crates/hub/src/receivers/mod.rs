//! Receivers that follow the hub over HTTP: they register, say once a second how they are, get their commands with the answer, and
//! say what became of each. The hub tries again, and tells people what came of nothing (docs/protocol/77-receivers.md).
//!
//! | module | is |
//! |---|---|
//! | `order` | what a receiver can be told |
//! | `lane` | the commands of one receiver, from the order to the acknowledgement |
//! | `registrations` | who has registered, kept over restarts |
//!
//! Nodes of the show network get the same commands; there the stream repeats what is to be shown, and what is heard of a node is
//! its acknowledgement.

mod lane;
mod order;
mod registrations;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cuelight_conductor::{Snapshot, State as NodeState};
use cuelight_net::clock::{LocalClock, wall_now};
use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Local, Show, Span, Time, Wall};
use serde_json::json;

use crate::chronicle::{Chronicle, State, Unsettled};
use crate::database::Database;
use crate::events::{Events, Told};
use crate::shared::Shared;

pub(crate) use lane::{Given, Outcome};
pub(crate) use order::{Order, cue_milli, fade_ms};
pub(crate) use registrations::{Registered, registered};

use lane::Lane;

/// Receivers that may be registered. One more takes the place of the one that was not heard of for longest, if that is lost (RECV-1).
const ROOM: usize = 1_000;
/// A receiver says how it is once a second; after three it is lost, as a node of the show network is (RECV-5).
const SILENT: Span = Span::from_s(3);

/// Commands the stream carries whose end is not known yet; when there are more the oldest is no longer looked after.
const STREAMED: usize = 1_024;

/// What a receiver says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) capabilities: Vec<String>,
    pub(crate) universes: Vec<u16>,
}

/// How a receiver is.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    pub(crate) facts: Facts,
    pub(crate) is_online: bool,
    pub(crate) last_heartbeat: Option<Time<Wall>>,
    pub(crate) dmx_fps: Option<f64>,
    pub(crate) cpu_usage: Option<f64>,
    /// The command that came to nothing, and why.
    pub(crate) degraded: Option<String>,
    /// Commands that wait or are not acknowledged.
    pub(crate) open: usize,
}

#[derive(Clone, Debug, Default)]
struct Receiver {
    facts: Facts,
    heard_at: Option<(Time<Local>, Time<Wall>)>,
    is_online: bool,
    dmx_fps: Option<f64>,
    cpu_usage: Option<f64>,
    degraded: Option<String>,
    lane: Lane,
}

/// Why a receiver gets no command, or a call about one is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Nobody with this name.
    #[error("no receiver \"{0}\" is registered: POST /api/nodes/register first")]
    Unknown(String),
    /// Too many of them.
    #[error("{ROOM} receivers are registered and online: there is room for no more")]
    NoRoom,
    /// Too many commands for it.
    #[error("\"{0}\" has {limit} commands to carry out: wait until it has acknowledged some", limit = lane::ROOM)]
    Full(String),
    /// Nothing to acknowledge.
    #[error("\"{0}\" has no command \"{1}\" on its way: it was acknowledged before, has failed, or never was")]
    NotOnItsWay(String, String),
}

/// All receivers. Cheap to clone; the tick thread knows nothing of it.
#[derive(Clone, Debug)]
pub(crate) struct Receivers {
    book: Arc<Mutex<Book>>,
    clock: LocalClock,
    events: Events,
    chronicle: Chronicle,
    library: Database,
}

#[derive(Debug, Default)]
struct Book {
    receivers: BTreeMap<String, Receiver>,
    streamed: VecDeque<Streamed>,
    /// Why the newest command to a node of the show network failed.
    failures: BTreeMap<Mac, String>,
}

/// A command that the stream carries to a node of the show network.
#[derive(Debug)]
struct Streamed {
    id: String,
    mac: Mac,
    apply_at: Time<Show>,
    ordered_at: Time<Local>,
}

impl Streamed {
    /// What came of it, as soon as that is known: the node was heard in good order after it held (RECV-6).
    fn outcome(&self, snapshot: &Snapshot, now: Time<Local>) -> Option<Outcome> {
        let node = snapshot.nodes.iter().find(|node| node.mac == self.mac);
        let is_there = node.is_some_and(|node| {
            let heard = node.seen_at.is_some_and(|seen| snapshot.clock.show_at(seen) >= self.apply_at);
            heard && matches!(node.state, NodeState::Ready)
        });
        let why = || {
            format!(
                "the node was not heard in good order within {} s; it holds when the node is back",
                lane::AWAY.as_ms() / 1_000
            )
        };
        match is_there {
            true => Some(Outcome::Executed),
            false if now - self.ordered_at >= lane::AWAY => Some(Outcome::Failed(why())),
            false => None,
        }
    }
}

impl Receivers {
    /// What each has registered as its universes.
    pub(crate) fn universes(&self) -> Vec<(String, Vec<u16>)> {
        let book = self.book();
        book.receivers.iter().map(|(name, receiver)| (name.clone(), receiver.facts.universes.clone())).collect()
    }
    pub(crate) fn new(clock: LocalClock, events: Events, chronicle: Chronicle, library: Database) -> Self {
        Self { book: Arc::default(), clock, events, chronicle, library }
    }

    /// Takes over from an earlier run of the hub: who had registered (RECV-9), and which commands came to nothing by its end,
    /// which is told as of every command that fails (RECV-8).
    pub(crate) fn take_over(&self, registered: Vec<Registered>, unsettled: Vec<Unsettled>) {
        let mut book = self.book();
        for Registered { name, facts } in registered {
            book.receivers.insert(name, Receiver { facts, ..Receiver::default() });
        }
        for Unsettled { id, node, why } in &unsettled {
            if let Some(receiver) = node.as_ref().and_then(|node| book.receivers.get_mut(node)) {
                receiver.degraded = Some(format!("command {id}: {why}"));
            }
        }
        drop(book);
        for Unsettled { id, node, why } in &unsettled {
            self.events.add(failure(node.as_deref().unwrap_or_default(), id, why));
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A receiver registers, or says anew what it is. Whether it was not known before.
    pub(crate) fn register(&self, node: &str, facts: Facts) -> Result<bool, Refused> {
        let mut book = self.book();
        let registered = Registered { name: node.to_owned(), facts: facts.clone() };
        if let Some(receiver) = book.receivers.get_mut(node) {
            if receiver.facts != facts {
                receiver.facts = facts;
                self.keep(registered);
            }
            return Ok(false);
        }
        if book.receivers.len() >= ROOM {
            let gone = book.receivers.iter().filter(|(_, receiver)| !receiver.is_online);
            let gone = gone.min_by_key(|(_, receiver)| receiver.heard_at.map(|(at, _)| at.as_ns()));
            let gone = gone.map(|(name, _)| name.clone()).ok_or(Refused::NoRoom)?;
            book.receivers.remove(&gone);
            self.library.note(move |connection| registrations::remove(connection, &gone));
        }
        self.keep(registered);
        book.receivers.insert(node.to_owned(), Receiver { facts, ..Receiver::default() });
        drop(book);
        self.events.add(Told::new("receiver.registered", json!({ "node_id": node })));
        Ok(true)
    }

    fn keep(&self, registered: Registered) {
        let now = wall_now();
        self.library.note(move |connection| registrations::put(connection, &registered, now));
    }

    /// How a receiver is; `None` for one that is not registered.
    pub(crate) fn status(&self, node: &str) -> Option<Status> {
        let book = self.book();
        let receiver = book.receivers.get(node)?;
        Some(Status {
            facts: receiver.facts.clone(),
            is_online: receiver.is_online,
            last_heartbeat: receiver.heard_at.map(|(_, wall)| wall),
            dmx_fps: receiver.dmx_fps,
            cpu_usage: receiver.cpu_usage,
            degraded: receiver.degraded.clone(),
            open: receiver.lane.len(),
        })
    }

    /// A command for a receiver; its id.
    pub(crate) fn order(&self, node: &str, order: Order, by: String) -> Result<String, Refused> {
        let now = self.clock.now();
        let mut book = self.book();
        let id = self.chronicle.next_id();
        let receiver = book.receivers.get_mut(node).ok_or_else(|| Refused::Unknown(node.to_owned()))?;
        let given = receiver.lane.handle_order(id.clone(), order.clone(), now);
        given.map_err(|lane::Full| Refused::Full(node.to_owned()))?;
        self.chronicle.begin(id.clone(), Some(node.to_owned()), order.to_json(), by, State::Queued);
        Ok(id)
    }

    /// A command that a node of the show network was given by the stream; its id.
    pub(crate) fn note_streamed(&self, mac: Mac, order: &Order, by: String, apply_at: Time<Show>) -> String {
        let mut book = self.book();
        let id = self.chronicle.next_id();
        self.chronicle.begin(id.clone(), Some(mac.to_string()), order.to_json(), by, State::Sent);
        book.failures.remove(&mac);
        if book.streamed.len() == STREAMED {
            // The log goes on saying that it was sent.
            book.streamed.pop_front();
        }
        let ordered_at = self.clock.now();
        book.streamed.push_back(Streamed { id: id.clone(), mac, apply_at, ordered_at });
        id
    }

    /// Why the newest command to a node of the show network failed, if it did.
    pub(crate) fn last_failure(&self, mac: Mac) -> Option<String> {
        self.book().failures.get(&mac).cloned()
    }

    /// A receiver says how it is and gets its commands.
    pub(crate) fn heartbeat(
        &self,
        node: &str,
        is_online: bool,
        dmx_fps: Option<f64>,
        cpu_usage: Option<f64>,
    ) -> Result<Vec<Given>, Refused> {
        let now = self.clock.now();
        let mut book = self.book();
        let receiver = book.receivers.get_mut(node).ok_or_else(|| Refused::Unknown(node.to_owned()))?;
        let has_come = is_online && !receiver.is_online;
        receiver.is_online = is_online;
        receiver.heard_at = Some((now, wall_now()));
        (receiver.dmx_fps, receiver.cpu_usage) = (dmx_fps, cpu_usage);
        let given = if is_online { receiver.lane.handle_asked(now) } else { Vec::new() };
        for Given { id, .. } in &given {
            self.chronicle.set(id, State::Sent);
        }
        drop(book);
        if has_come {
            self.events.add(Told::new("receiver.online", json!({ "node_id": node })));
        }
        Ok(given)
    }

    /// A receiver says what became of a command: where the command is now.
    pub(crate) fn acknowledge(&self, node: &str, id: &str, outcome: Outcome) -> Result<State, Refused> {
        let now = self.clock.now();
        let mut book = self.book();
        let receiver = book.receivers.get_mut(node).ok_or_else(|| Refused::Unknown(node.to_owned()))?;
        let over = receiver.lane.handle_answer(id, outcome, now);
        let over = over.map_err(|lane::NotOnItsWay| Refused::NotOnItsWay(node.to_owned(), id.to_owned()))?;
        match over {
            None => {
                self.chronicle.set(id, State::Queued);
                Ok(State::Queued)
            }
            Some(Outcome::Executed) => {
                receiver.degraded = None;
                self.chronicle.set(id, State::Executed);
                drop(book);
                self.events.add(Told::new("command.executed", json!({ "node_id": node, "command_id": id })));
                Ok(State::Executed)
            }
            Some(Outcome::Failed(why)) => {
                receiver.degraded = Some(format!("command {id}: {why}"));
                drop(book);
                self.chronicle.set(id, State::Failed(why.clone()));
                self.events.add(failure(node, id, &why));
                Ok(State::Failed(why))
            }
        }
    }

    /// Looks after what time has brought about: receivers that are silent, commands that came to something or to nothing.
    pub(crate) fn handle_timeout(&self, snapshot: &Snapshot, now: Time<Local>) {
        let mut told = Vec::new();
        {
            let mut book = self.book();
            let Book { receivers, streamed, failures } = &mut *book;
            // Of nodes that were forgotten nothing is kept.
            failures.retain(|mac, _| snapshot.nodes.iter().any(|node| node.mac == *mac));
            streamed.retain(|command| {
                let (node, id) = (command.mac.to_string(), &command.id);
                match command.outcome(snapshot, now) {
                    None => return true,
                    Some(Outcome::Executed) => {
                        self.chronicle.set(id, State::Executed);
                        told.push(Told::new("command.executed", json!({ "node_id": node, "command_id": id })));
                    }
                    Some(Outcome::Failed(why)) => {
                        told.push(failure(&node, id, &why));
                        failures.insert(command.mac, format!("command {id}: {why}"));
                        self.chronicle.set(id, State::Failed(why));
                    }
                }
                false
            });
            for (node, receiver) in receivers {
                let is_silent = receiver.heard_at.is_some_and(|(at, _)| now - at >= SILENT);
                if receiver.is_online && is_silent {
                    receiver.is_online = false;
                    told.push(Told::new("receiver.lost", json!({ "node_id": node })));
                }
                while let Some((id, why)) = receiver.lane.poll_failed(now) {
                    receiver.degraded = Some(format!("command {id}: {why}"));
                    self.chronicle.set(&id, State::Failed(why.clone()));
                    told.push(failure(node, &id, &why));
                }
            }
        }
        told.into_iter().for_each(|told| self.events.add(told));
    }
}

/// People are told of a command that came to nothing (RECV-4).
fn failure(node: &str, id: &str, why: &str) -> Told {
    Told::new("alert", json!({ "node_id": node, "command_id": id, "why": why }))
}

/// How often it is looked after what time has brought about.
const LOOK: Duration = Duration::from_millis(500);

/// Looks after the receivers as long as it is polled.
pub(crate) async fn look_after(shared: Shared) {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        shared.receivers.handle_timeout(&shared.snapshot.load(), shared.clock.now());
    }
}
