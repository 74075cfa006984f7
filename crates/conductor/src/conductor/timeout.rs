//! The tick: 100 times a second, at absolute deadlines (FANOUT-1).

use cuelight_wire::control::Refusal;
use cuelight_wire::limits::{KEEPALIVE_TIMEOUT, UDP_TICK_PERIOD};
use cuelight_wire::time::{Local, Span, Time};

use super::update::LOOK_EVERY;
use super::{Conductor, Outgoing};
use crate::event::{Event, LostWhy};
use crate::fanout::{Due, due_after_master, due_after_scene};
use crate::roster::{Happening, State};
use crate::show::Announced;

impl Conductor {
    /// A deadline of [`Self::poll_timeout`] has come: one tick. Called early it does nothing.
    ///
    /// A tick that is late is still carried out; of ticks that were missed altogether only the last one is, and the
    /// others are counted.
    pub fn handle_timeout(&mut self, now: Time<Local>) {
        if now < self.poll_timeout() || self.is_stopped {
            return;
        }
        let due = (now - self.started_at).as_ns() / UDP_TICK_PERIOD.as_ns();
        let tick = self.next_tick.max(due.unsigned_abs());
        let missed = tick - self.next_tick;
        if missed > 0 {
            self.meter.missed += missed;
            self.log(Event::TicksMissed { count: missed });
            self.excuse_silence(UDP_TICK_PERIOD.times(missed.try_into().unwrap_or(i64::MAX)), now);
        }
        self.next_tick = tick + 1;
        self.was_ahead = false;
        self.meter.count += 1;
        let show_now = self.clock.show_at(now);
        self.watch_cues(now);
        let announced = self.show.advance(show_now);
        if announced.is_any() {
            self.announce(announced);
        }
        self.watch(now);
        if tick.is_multiple_of(LOOK_EVERY) {
            self.roll(now);
        }
        self.fan_out.begin(&mut self.roster, &self.show, &self.cues, tick, show_now);
    }
    /// While the hub itself was away it could hear nobody: that silence is not the nodes' (ROSTER-4).
    fn excuse_silence(&mut self, away: Span, now: Time<Local>) {
        for session in self.roster.nodes_mut().iter_mut().filter_map(|node| node.session.as_mut()) {
            session.heard_at = (session.heard_at + away).min(now);
            session.exchange_at = session.exchange_at.map(|at| (at + away).min(now));
        }
        for conn in self.conns.values_mut() {
            conn.opened_at = (conn.opened_at + away).min(now);
        }
    }
    /// The shell tells what the last tick cost: from the call of `handle_timeout` to the end of sending.
    pub fn note_tick(&mut self, start: Time<Local>, end: Time<Local>) {
        self.meter.note(start, end);
        if end > self.poll_timeout() {
            self.meter.overruns += 1;
            self.log(Event::Overrun { tick: self.next_tick - 1, cost: end - start });
        }
    }
    /// The shell tells how many datagrams it fetched and the network did not take (FANOUT-21).
    pub fn note_unsent(&mut self, datagrams: u64) {
        self.fan_out.unsent += datagrams;
    }
    /// When the next tick is due: a whole number of periods after the start.
    pub fn poll_timeout(&self) -> Time<Local> {
        self.started_at + UDP_TICK_PERIOD.times(self.next_tick.try_into().unwrap_or(i64::MAX))
    }
    /// Nodes whose packets changed are to hear of it on the control plane too.
    pub(super) fn announce(&mut self, announced: Announced) {
        self.due_from = Some(0);
        for node in self.roster.nodes_mut() {
            let takes_full_state = node.takes_full_state();
            let Some(session) = &mut node.session else { continue };
            let has_scene = self.show.tracks.was_announced(node.track);
            let mut due = Due::NONE;
            if takes_full_state {
                if self.config.control_backstop && (has_scene || announced.tempo || announced.master) {
                    due = Due::FULL_STATE;
                }
            } else {
                if has_scene {
                    due = due.or(due_after_scene(self.show.tracks.layers(node.track).packet(), &self.show));
                }
                if announced.master {
                    due = due.or(due_after_master());
                }
            }
            session.due = session.due.or(due);
        }
    }
    /// Looks for silence (ROSTER-4): of nodes, of connections without hello, of lost nodes whose time is up.
    fn watch(&mut self, now: Time<Local>) {
        for index in 0..self.roster.nodes().len() {
            let Some(node) = self.roster.nodes().get(index) else { break };
            let id = node.id;
            match &node.session {
                Some(session) if session.is_silent(node.takes_full_state(), self.config.keepalive_timeout, now) => {
                    let conn = session.conn;
                    self.conns.remove(&conn);
                    self.refused += 1;
                    self.lose(id, LostWhy::Silent, now);
                    self.send(conn, Outgoing::Close(Refusal::Silent));
                }
                Some(_) => self.assess(id, false, now),
                None if node.state == State::Lost && now - node.lost_at >= self.config.lost_cleanup => {
                    self.happen(id, Happening::CleanupDue);
                }
                None => {}
            }
        }
        let mute = self.conns.iter().find(|(_, c)| c.node.is_none() && now - c.opened_at >= KEEPALIVE_TIMEOUT);
        // One in a tick is enough: a hundred a second.
        if let Some((conn, _)) = mute {
            self.handle_refused(*conn, Refusal::Silent, now);
        }
    }
}
