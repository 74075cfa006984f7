//! The tick thread: it owns the conductor and the stream socket, wakes at absolute deadlines 100 times a second, and at
//! once when there is input: what a command decides leaves at once (FANOUT-23). It waits for nobody: messages go into bounded queues, datagrams leave in batches that do
//! not block, files and log lines are the keeper's (FANOUT-1, HUB-1).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use cuelight_conductor::{Conductor, ConnId, Outgoing, Snapshot};
use cuelight_net::clock::LocalClock;
use cuelight_net::timer::{TickTimer, Woken};
use cuelight_net::udp::BatchSender;
use cuelight_wire::control::Refusal;
use cuelight_wire::ids::TokenHash;
use cuelight_wire::seal::Seal;
use cuelight_wire::time::{Local, Time};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use crate::inbox::{Answered, Input};
use crate::keeper::{Keeper, SharedShowClock};
use crate::stream::{send_ahead, send_tick};

/// A session of the time exchange, with what its datagrams are closed and opened with where that was agreed.
pub(crate) type Session = (TokenHash, Option<Seal>);

/// The sessions there are, sorted by their token hashes; swapped whole.
pub(crate) type Sessions = ArcSwap<Vec<Session>>;

/// Ticks between two snapshots when nothing happens: ten a second.
const SNAPSHOT_EVERY: u64 = 10;
/// Inputs taken before the tick is looked at again, so that a flood does not delay it.
const INPUTS_AT_ONCE: usize = 64;
/// Ticks between two saves: two a second at most. A change after a quiet time is saved at the next tick (HUB-4).
const SAVE_EVERY: u64 = 50;

/// Answers waiting for the snapshot that shows their effect; one for each input taken at once.
type Answers = heapless::Vec<(oneshot::Sender<Answered>, Answered), INPUTS_AT_ONCE>;

/// What the thread owns.
pub(crate) struct TickThread {
    pub(crate) conductor: Conductor,
    pub(crate) clock: LocalClock,
    pub(crate) timer: TickTimer,
    pub(crate) socket: BatchSender,
    pub(crate) inputs: mpsc::Receiver<Input>,
    pub(crate) keeper: Keeper,
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) show: SharedShowClock,
}

/// What the thread remembers from one turn to the next.
#[derive(Default)]
struct Memory {
    connections: HashMap<ConnId, mpsc::Sender<Outgoing>>,
    ticks: u64,
    sessions_revision: u64,
    saved_revision: u64,
    durable_revision: u64,
    /// The tick from which the show may be saved again.
    save_from: u64,
    is_stopping: bool,
}

impl TickThread {
    /// Runs until it is told to stop.
    pub(crate) fn run(mut self) {
        let mut memory = Memory { saved_revision: self.conductor.saved_revision(), ..Memory::default() };
        while !memory.is_stopping {
            let deadline = self.conductor.poll_timeout();
            let woken = self.timer.wait_until(self.clock.mono_ns_of(deadline)).unwrap_or_else(|error| {
                // Out of kernel memory: the stream goes on, on the runtime's coarser sleep.
                error!("the tick timer failed: {error}");
                std::thread::sleep(Duration::from_millis(1));
                Woken::Command
            });
            let answers = self.take_inputs(&mut memory);
            let is_due = woken == Woken::Deadline || self.clock.now() >= deadline;
            if is_due {
                self.tick(&mut memory);
            } else if !answers.is_empty() {
                send_ahead(&mut self.conductor, &mut self.socket, self.clock);
            }
            self.deliver(&mut memory);
            if !answers.is_empty() || (is_due && memory.ticks.is_multiple_of(SNAPSHOT_EVERY)) {
                self.snapshot.store(Arc::new(self.conductor.snapshot(self.clock.now())));
            }
            // Whoever has an answer finds its effect in the snapshot.
            for (answer, answered) in answers {
                // The caller may have gone; the command holds all the same.
                let _ = answer.send(answered);
            }
        }
        self.deliver(&mut memory);
        self.keeper.stop(self.conductor.saved());
    }

    /// One tick: payloads, packets, out.
    fn tick(&mut self, memory: &mut Memory) {
        send_tick(&mut self.conductor, &mut self.socket, self.clock);
        memory.ticks += 1;
        self.save(memory);
        // What was saved may be acted on (OTA-6).
        let durable = self.keeper.saved_revision();
        if durable != memory.durable_revision {
            memory.durable_revision = durable;
            self.conductor.handle_saved(durable, self.clock.now());
        }
    }

    fn save(&self, memory: &mut Memory) {
        let revision = self.conductor.saved_revision();
        let is_due = revision != memory.saved_revision && memory.ticks >= memory.save_from;
        if is_due && self.keeper.is_free() && self.keeper.save(self.conductor.saved(), revision) {
            memory.saved_revision = revision;
            memory.save_from = memory.ticks + SAVE_EVERY;
        }
    }

    /// Takes what is waiting; returns the answers to commands, to be given once their effect can be seen.
    fn take_inputs(&mut self, memory: &mut Memory) -> Answers {
        let mut answers = Answers::new();
        for _ in 0..INPUTS_AT_ONCE {
            let Ok(input) = self.inputs.try_recv() else { break };
            let now = self.clock.now();
            if let Input::Command { id, command, answer } = input {
                let answered = self.conductor.handle_command(id, *command, now);
                // There is room for one answer for each input taken.
                let _ = answers.push((answer, answered));
            } else {
                self.take(input, memory, now);
            }
        }
        answers
    }

    fn take(&mut self, input: Input, memory: &mut Memory, now: Time<Local>) {
        match input {
            Input::Open { conn, ip, outgoing } => {
                memory.connections.insert(conn, outgoing);
                self.conductor.handle_open(conn, ip, now);
            }
            Input::Message { conn, message, fresh, received_at } => {
                self.conductor.handle_message(conn, &message, fresh, received_at, now);
            }
            Input::Refused { conn, refusal } => self.conductor.handle_refused(conn, refusal, now),
            Input::Closed { conn } => {
                memory.connections.remove(&conn);
                self.conductor.handle_closed(conn, now);
            }
            Input::Heard { token } => self.conductor.handle_exchange(token, now),
            Input::Stop => {
                self.conductor.handle_stop(now);
                memory.is_stopping = true;
            }
            Input::Command { .. } => debug_assert!(false, "commands are taken by take_inputs"),
        }
    }

    /// Hands out messages, log lines and the sessions of the time exchange.
    fn deliver(&mut self, memory: &mut Memory) {
        // A node may ask for the time as soon as it has its welcome (HUB-7).
        self.publish_sessions(memory);
        while let Some((conn, outgoing)) = self.conductor.poll_message() {
            let closes = matches!(outgoing, Outgoing::Close(_));
            let Some(queue) = memory.connections.get(&conn) else { continue };
            let given = queue.try_send(outgoing);
            if closes || given.is_err() {
                // Letting go of the queue ends the connection, which says why.
                memory.connections.remove(&conn);
            }
            match given {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => {
                    self.conductor.handle_refused(conn, Refusal::SlowReader, self.clock.now());
                }
                Err(TrySendError::Closed(_)) => self.conductor.handle_closed(conn, self.clock.now()),
            }
        }
        while let Some(event) = self.conductor.poll_event() {
            self.keeper.log(event);
        }
        self.publish_sessions(memory);
    }

    /// Tells the exchange thread which sessions there are.
    fn publish_sessions(&self, memory: &mut Memory) {
        let revision = self.conductor.sessions_revision();
        if revision != memory.sessions_revision {
            memory.sessions_revision = revision;
            let sessions = self.conductor.sessions();
            let mut sessions: Vec<Session> = sessions.map(|(token, seal)| (token, seal.cloned())).collect();
            sessions.sort_unstable_by_key(|(token, _)| *token);
            self.sessions.store(Arc::new(sessions));
            self.show.set(self.conductor.show_clock());
        }
    }
}

#[cfg(test)]
mod tests;
