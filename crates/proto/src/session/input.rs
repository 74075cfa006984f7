//! What a session hears.

use cuelight_wire::control::Welcome;
use cuelight_wire::ids::TokenHash;
use cuelight_wire::limits::{KEEPALIVE_PERIOD, KEEPALIVE_TIMEOUT, PROTO_VER};
use cuelight_wire::time::{Local, Time};

use super::event::{BadWelcome, Ended, Output};
use super::transition::{Action, Event, State, transition};
use super::{Identity, Session};

impl Session {
    /// The connection to the hub stands.
    pub fn handle_connected(&mut self, now: Time<Local>) {
        self.on_event(Event::Connected, Ended::Reconnected, now);
    }

    /// The connection is gone, or could not be made.
    pub fn handle_disconnected(&mut self, now: Time<Local>) {
        if self.state != State::Disconnected {
            self.counters.losses = self.counters.losses.saturating_add(1);
        }
        self.on_event(Event::Lost, Ended::ConnectionLost, now);
    }

    /// A welcome came. What is wrong with it is counted, and ends the connection (`CTRL-33`).
    pub fn handle_welcome(&mut self, welcome: &Welcome, now: Time<Local>) -> Result<(), BadWelcome> {
        let checked = check(welcome);
        match checked {
            Ok(()) => {
                self.on_event(Event::Welcome, Ended::Reconnected, now);
                self.identity = (self.state == State::Live).then(|| Identity {
                    node_id: welcome.node_id,
                    token: welcome.token.clone(),
                    token_hash: TokenHash::of(welcome.token.as_bytes()),
                });
            }
            Err(_) => {
                self.counters.bad_welcomes = self.counters.bad_welcomes.saturating_add(1);
                self.on_event(Event::BadWelcome, Ended::BadWelcome, now);
            }
        }
        checked
    }

    /// The hub complained. It ends the connection itself when it must.
    pub fn handle_error(&mut self) {
        self.counters.hub_errors = self.counters.hub_errors.saturating_add(1);
    }

    /// A sign of life of the hub: any message, stream packet or pong of this session.
    pub fn handle_heard(&mut self, now: Time<Local>) {
        self.heard_at = now;
    }

    /// A keepalive now instead of when it is due: it makes the network tell whether the connection still stands.
    pub fn hurry_keepalive(&mut self, now: Time<Local>) {
        if self.state == State::Live {
            self.output(Output::Keepalive);
            self.keepalive_at = now + KEEPALIVE_PERIOD;
        }
    }

    /// Time has come to `now`.
    pub fn handle_timeout(&mut self, now: Time<Local>) {
        if now >= self.deadline() {
            if self.state != State::Disconnected {
                self.counters.silences = self.counters.silences.saturating_add(1);
            }
            self.on_event(Event::Deadline, Ended::HubSilent, now);
        }
        if self.state == State::Live && now >= self.keepalive_at {
            self.output(Output::Keepalive);
            // One late keepalive stands for all that were missed.
            self.keepalive_at = now + KEEPALIVE_PERIOD;
        }
    }

    /// When `handle_timeout` is wanted next.
    pub fn poll_timeout(&self) -> Time<Local> {
        let deadline = self.deadline();
        if self.state == State::Live { deadline.min(self.keepalive_at) } else { deadline }
    }

    fn deadline(&self) -> Time<Local> {
        // CTRL-35
        if self.state == State::Live { self.heard_at + KEEPALIVE_TIMEOUT } else { self.deadline }
    }

    fn on_event(&mut self, event: Event, why: Ended, now: Time<Local>) {
        let before = self.state;
        let (next, action) = transition(before, event);
        if action == Action::Ignore {
            return;
        }
        if before == State::Live {
            self.output(Output::Ended(why));
            self.backoff.on_session_ended(self.live_at, now);
        }
        self.state = next;
        if next != State::Live {
            self.identity = None;
        }
        match action {
            Action::Ignore => {}
            Action::Dial => {
                self.counters.dials = self.counters.dials.saturating_add(1);
                self.deadline = now + self.backoff.dial_timeout(now);
                self.output(Output::Dial);
            }
            Action::SayHello => {
                self.deadline = now + KEEPALIVE_TIMEOUT;
                self.output(Output::Hello);
            }
            Action::Begin => self.begin(now),
            Action::Retry => self.deadline = now + self.backoff.next_delay(now),
            Action::HangUp => {
                self.deadline = now + self.backoff.next_delay(now);
                self.output(Output::HangUp(why));
            }
        }
    }

    /// `CTRL-34`: the first keepalive follows the welcome at once, so that the hub need not wait a second to see the
    /// node ready.
    fn begin(&mut self, now: Time<Local>) {
        self.counters.welcomes = self.counters.welcomes.saturating_add(1);
        (self.live_at, self.heard_at) = (now, now);
        self.keepalive_at = now + KEEPALIVE_PERIOD;
        self.output(Output::Keepalive);
    }
}

fn check(welcome: &Welcome) -> Result<(), BadWelcome> {
    if welcome.proto != PROTO_VER {
        Err(BadWelcome::Proto)
    } else if welcome.token.is_empty() || !welcome.token.is_ascii() {
        Err(BadWelcome::Token)
    } else if welcome.ts_port == Some(0) {
        Err(BadWelcome::Port)
    } else {
        Ok(())
    }
}
