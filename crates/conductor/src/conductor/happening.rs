//! What happens to nodes: runs the roster's transition function and draws the consequences.

use cuelight_wire::ids::NodeId;
use cuelight_wire::time::{Local, Span, Time};

use super::Conductor;
use crate::event::{Event, LostWhy};
use crate::roster::{Happening, State, next};

/// A node that was degraded is ready again after this long with good metrics.
const RECOVERY: Span = Span::from_ms(2_000);

impl Conductor {
    /// Moves a node to its next state. Returns whether the state changed.
    pub(super) fn happen(&mut self, id: NodeId, happening: Happening) -> bool {
        let Some(node) = self.roster.get_mut(id) else { return false };
        let before = node.state;
        let Some(after) = next(before, happening).filter(|after| *after != before) else { return false };
        node.state = after;
        self.roster.revision += 1;
        match after {
            State::Ready => self.log(Event::Ready { node: id }),
            State::Degraded(why) => self.log(Event::Degraded { node: id, why }),
            State::Removed => self.log(Event::Removed { node: id }),
            // Their events say more than the state does; whoever causes them logs them.
            State::Pending | State::Authed | State::Lost => {}
        }
        true
    }
    /// A node's session ends. Its connection is the caller's to close.
    pub(super) fn lose(&mut self, id: NodeId, why: LostWhy, now: Time<Local>) {
        let Some(node) = self.roster.get_mut(id) else { return };
        if node.session.take().is_none() {
            return;
        }
        node.lost_at = now;
        self.sessions_revision += 1;
        let happening = if why == LostWhy::Silent { Happening::Silent } else { Happening::Closed };
        if self.happen(id, happening) {
            self.log(Event::Lost { node: id, why });
        }
    }
    /// Compares what is known of a node with what is expected of it (ROSTER-3).
    pub(super) fn assess(&mut self, id: NodeId, is_keepalive: bool, now: Time<Local>) {
        let Some(node) = self.roster.get_mut(id) else { return };
        let state = node.state;
        // Until its first keepalive nothing can be said of a node.
        if !state.is_streaming() && !is_keepalive {
            return;
        }
        let why = node.judge(now);
        let Some(session) = &mut node.session else { return };
        if why.is_none() {
            let good_since = *session.good_since.get_or_insert(now);
            if is_keepalive {
                self.happen(id, Happening::GoodKeepalive);
            }
            if matches!(state, State::Degraded(_)) && now - good_since >= RECOVERY {
                self.happen(id, Happening::Recovered);
            }
        } else {
            session.good_since = None;
            if state != State::Degraded(why) {
                self.happen(id, Happening::Wrong(why));
            }
        }
    }
    /// Whether a node has met its first lock in this session is decided after it was judged by the keepalive at hand.
    pub(super) fn note_lock(&mut self, id: NodeId) {
        let Some(node) = self.roster.get_mut(id) else { return };
        let is_locked = node.sync.is_none_or(|sync| sync.locked);
        if let Some(session) = &mut node.session {
            session.was_locked |= is_locked;
        }
    }
}
