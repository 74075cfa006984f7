//! What leaves: datagrams, control messages, events.

use cuelight_wire::control::{Assigned, HubMessage, LaidOut, ShowLock};

use super::{Conductor, ConnId, Outgoing, Transmit};
use crate::event::Event;
use crate::fanout::{Due, Message};

impl Conductor {
    /// The next datagram of this tick, or of what is announced ahead of the next one, written into `buf` ([`cuelight_wire::stream::MAX_PACKET`] bytes are always
    /// enough; a datagram that does not fit is left out). The order is the sending order: first copies for all nodes,
    /// then second copies, then third ones.
    pub fn poll_transmit(&mut self, buf: &mut [u8]) -> Option<Transmit> {
        self.fan_out.poll(&mut self.roster, &self.show, &self.cues, buf)
    }
    /// The tick has no time for more copies: what is left of its second and third ones is left out and counted, and the
    /// next tick begins with the nodes that missed theirs (FANOUT-22). While first copies are left this does nothing.
    pub fn skip_copies(&mut self) {
        self.fan_out.skip_copies(&self.roster, &self.show);
    }
    /// The next thing to do on a control connection.
    pub fn poll_message(&mut self) -> Option<(ConnId, Outgoing)> {
        self.outgoing.pop_front().or_else(|| self.due_message())
    }
    /// The next thing for the log.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
    /// The next show message: written now, from the newest state.
    fn due_message(&mut self) -> Option<(ConnId, Outgoing)> {
        while let Some(index) = self.due_from {
            let Some(node) = self.roster.nodes_mut().get_mut(index) else {
                self.due_from = None;
                break;
            };
            let (id, track) = (node.id, node.track);
            let (assigned, laid_out) = (&node.assigned, &node.laid_out);
            let Some(session) = node.session.as_mut().filter(|session| !session.due.is_none()) else {
                self.due_from = Some(index + 1);
                continue;
            };
            let conn = session.conn;
            let first = session.due.take_first();
            if first == Due::SHOW_LOCK {
                let lock = ShowLock { node_id: id, token: session.token.clone(), show: self.armed.clone() };
                return Some((conn, Outgoing::Message(HubMessage::ShowLock(lock))));
            }
            if first == Due::UNIVERSES {
                let token = session.token.clone();
                let assigned = Assigned { node_id: id, token, universes: assigned.clone() };
                return Some((conn, Outgoing::Message(HubMessage::Universes(assigned))));
            }
            if first == Due::GEOMETRY {
                let token = session.token.clone();
                let laid_out = LaidOut { node_id: id, token, geometry: laid_out.clone() };
                return Some((conn, Outgoing::Message(HubMessage::Geometry(laid_out))));
            }
            self.show.encode();
            let message = if first == Due::FULL_STATE {
                Message::full_state(id, self.show.tracks.payload(track))
            } else {
                Message::deployed(first, id, self.show.tracks.layers(track).packet(), &self.show)
            };
            if let Some((what, number)) = message.too_large {
                self.log(Event::NumberTooLarge { node: id, what, number });
            }
            if let Some(message) = message.message {
                return Some((conn, Outgoing::Message(message)));
            }
        }
        None
    }
}
