//! The conductor: one machine that a hub's shell, or the simulator, drives.

use core::net::{IpAddr, SocketAddr};

use alloc::collections::VecDeque;
use cuelight_wire::control::{HubMessage, NodeMessage, Refusal};
use cuelight_wire::ids::{Revision, Token, TokenHash};
use cuelight_wire::limits::UDP_TICK_PERIOD;
use cuelight_wire::time::{Local, Show, Time};

use crate::clock::ShowClock;
use crate::command::{Answer, Command, CommandError, CommandId};
use crate::config::Config;
use crate::event::Event;
use crate::saved::Saved;
use crate::snapshot::Snapshot;

/// Names a control connection; the shell never uses a number twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// What the shell does on a control connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Outgoing {
    /// Send this.
    Message(HubMessage),
    /// Send an `error` message and close with this reason. The connection is already forgotten here; `handle_closed`
    /// for it changes nothing more.
    Close(Refusal),
}

/// A datagram to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// How much of the buffer.
    pub len: usize,
}

/// The machine.
#[derive(Debug)]
pub struct Conductor {
    config: Config,
    clock: ShowClock,
    started_at: Time<Local>,
    tick: u64,
    outgoing: VecDeque<(ConnId, Outgoing)>,
    events: VecDeque<Event>,
}

impl Conductor {
    /// A conductor with what was saved. `show_hint`: show time now, as the saved map through the wall clock gives it.
    /// The first tick is due one period after `now`.
    pub fn new(config: Config, saved: Saved, now: Time<Local>, show_hint: Option<Time<Show>>) -> Self {
        let _ = saved;
        Self {
            config,
            clock: ShowClock::starting(show_hint, now),
            started_at: now,
            tick: 0,
            outgoing: VecDeque::new(),
            events: VecDeque::new(),
        }
    }
    /// A control connection was accepted.
    pub fn handle_open(&mut self, conn: ConnId, ip: IpAddr, now: Time<Local>) {
        let _ = (conn, ip, now);
    }
    /// A message came. `fresh` is a new random token of at least 128 bits, used only if this is a hello;
    /// `received_at` is when the message left the socket.
    pub fn handle_message(
        &mut self,
        conn: ConnId,
        message: &NodeMessage,
        fresh: Token,
        received_at: Time<Local>,
        now: Time<Local>,
    ) {
        let _ = (conn, message, fresh, received_at, now);
    }
    /// The shell refuses what came on a connection (malformed, oversized, not read): the session ends, the shell is
    /// told to close by [`Outgoing::Close`].
    pub fn handle_refused(&mut self, conn: ConnId, refusal: Refusal, now: Time<Local>) {
        let _ = (conn, refusal, now);
    }
    /// A control connection is gone.
    pub fn handle_closed(&mut self, conn: ConnId, now: Time<Local>) {
        let _ = (conn, now);
    }
    /// A node was heard on the UDP time exchange. Optional; lets nodes that always report zero loss be judged.
    pub fn handle_exchange(&mut self, token: TokenHash, now: Time<Local>) {
        let _ = (token, now);
    }
    /// An operator's wish. With an id, a repeat of one of the last 256 commands is not carried out again and gets the
    /// first one's answer.
    pub fn handle_command(
        &mut self,
        id: Option<CommandId>,
        command: Command,
        now: Time<Local>,
    ) -> Result<Answer, CommandError> {
        let _ = (id, command);
        Ok(Answer { apply_at: self.clock.show_at(now), rev: Revision(0), repeated: false, nodes: 0 })
    }
    /// A deadline of [`Self::poll_timeout`] has come: one tick.
    pub fn handle_timeout(&mut self, now: Time<Local>) {
        let _ = now;
        self.tick += 1;
    }
    /// The shell tells what the last tick cost: from the call of `handle_timeout` to the end of sending.
    pub fn note_tick(&mut self, start: Time<Local>, end: Time<Local>) {
        let _ = (start, end);
    }
    /// The show ends: every session is closed with [`Refusal::Stopping`].
    pub fn handle_stop(&mut self, now: Time<Local>) {
        let _ = now;
    }
    /// When the next tick is due.
    pub fn poll_timeout(&self) -> Time<Local> {
        self.started_at + UDP_TICK_PERIOD.times(self.tick as i64 + 1)
    }
    /// The next datagram of this tick, written into `buf` (`MAX_PACKET` bytes are always enough). The order is the
    /// sending order: first copies for all nodes, then second copies, then third ones.
    pub fn poll_transmit(&mut self, buf: &mut [u8]) -> Option<Transmit> {
        let _ = buf;
        None
    }
    /// The next thing to do on a control connection.
    pub fn poll_message(&mut self) -> Option<(ConnId, Outgoing)> {
        self.outgoing.pop_front()
    }
    /// The next thing for the log.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
    /// Everything there is to show.
    pub fn snapshot(&self, now: Time<Local>) -> Snapshot {
        let _ = (now, &self.config);
        unreachable!("filled in with the roster")
    }
    /// What survives a restart.
    pub fn saved(&self) -> Saved {
        Saved::default()
    }
    /// Changes whenever [`Self::saved`] does.
    pub fn saved_revision(&self) -> u64 {
        0
    }
    /// Token hashes of the sessions there are, for the time exchange.
    pub fn sessions(&self) -> impl Iterator<Item = TokenHash> + '_ {
        core::iter::empty()
    }
    /// Changes whenever [`Self::sessions`] does.
    pub fn sessions_revision(&self) -> u64 {
        0
    }
    /// The show clock, for the time exchange. It may change until the first node is welcomed.
    pub fn show_clock(&self) -> ShowClock {
        self.clock
    }
}
