//! Who is in the show at which moment, told from the trace alone.

use cuelight_wire::caps::Ext;
use cuelight_wire::control::{HubMessage, NodeMessage};
use cuelight_wire::ids::TokenHash;

use crate::entry::{Entry, NodeNo, What};

/// A session, from its welcome on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    pub(crate) token: TokenHash,
    /// Whether both sides agreed on full states: a Cuelight node, else a deployed one.
    pub(crate) takes_full_state: bool,
    /// When the node's last message came; `None` before its first after the welcome.
    pub(crate) heard_at: Option<i64>,
    /// When its last time exchange came.
    pub(crate) asked_at: Option<i64>,
}

/// One node.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub(crate) is_running: bool,
    pub(crate) is_cut: bool,
    pub(crate) session: Option<Session>,
    /// The first arrival of the session's stream: from then on the node is in the show.
    pub(crate) streams_from_ns: Option<i64>,
    /// The first arrival of any stream since its start or reconnection: from then on it shows what the others show.
    pub(crate) settled_from_ns: Option<i64>,
}

impl Place {
    pub(crate) fn is_in_show(&self, at_ns: i64) -> bool {
        self.is_running && !self.is_cut && self.streams_from_ns.is_some_and(|from| from <= at_ns)
    }
    pub(crate) fn is_settled(&self, at_ns: i64, after_ns: i64) -> bool {
        self.is_running && !self.is_cut && self.settled_from_ns.is_some_and(|from| from + after_ns <= at_ns)
    }
}

/// All nodes.
#[derive(Debug)]
pub(crate) struct Presence {
    places: Vec<Place>,
    /// Whether show time is fixed: a hub that has just started may still take it over from a node (SHOW-8).
    is_show_fixed: bool,
}

impl Presence {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { places: vec![Place::default(); nodes], is_show_fixed: false }
    }
    pub(crate) fn of(&self, node: NodeNo) -> &Place {
        &self.places[node.0]
    }
    pub(crate) const fn is_show_fixed(&self) -> bool {
        self.is_show_fixed
    }
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (NodeNo, &Place)> {
        self.places.iter().enumerate().map(|(n, place)| (NodeNo(n), place))
    }

    pub(crate) fn take(&mut self, entry: &Entry) {
        let at_ns = entry.at_ns;
        match &entry.what {
            What::HubStarted | What::HubStopped => {
                self.is_show_fixed &= matches!(entry.what, What::HubStopped);
                for place in &mut self.places {
                    (place.session, place.streams_from_ns) = (None, None);
                }
            }
            What::NodeStarted(n) | What::NodeStopped(n) => {
                let place = &mut self.places[n.0];
                place.is_running = matches!(entry.what, What::NodeStarted(_));
                (place.streams_from_ns, place.settled_from_ns) = (None, None);
            }
            What::Cut(n, is_cut) => {
                let place = &mut self.places[n.0];
                place.is_cut = *is_cut;
                (place.streams_from_ns, place.settled_from_ns) = (None, None);
            }
            What::Closed(n) => {
                let place = &mut self.places[n.0];
                (place.session, place.streams_from_ns) = (None, None);
            }
            What::Told(n, message, _) => {
                if let HubMessage::Welcome(welcome) = &**message {
                    self.is_show_fixed = true;
                    let place = &mut self.places[n.0];
                    place.streams_from_ns = None;
                    place.session = Some(Session {
                        token: TokenHash::of(welcome.token.as_bytes()),
                        takes_full_state: welcome.ext.has(Ext::FULL_STATE),
                        heard_at: None,
                        asked_at: None,
                    });
                }
            }
            What::Said(n, message) => {
                let is_hello = matches!(**message, NodeMessage::Hello(_));
                if let Some(session) = self.places[n.0].session.as_mut().filter(|_| !is_hello) {
                    session.heard_at = Some(at_ns);
                }
            }
            What::Asked(n) => {
                if let Some(session) = &mut self.places[n.0].session {
                    session.asked_at = Some(at_ns);
                }
            }
            What::Sent(n, sent) => {
                let place = &mut self.places[n.0];
                let is_reachable = place.is_running && !place.is_cut && place.session.is_some();
                if let Some(first) = sent.arrivals.into_iter().flatten().min().filter(|_| is_reachable) {
                    for from in [&mut place.streams_from_ns, &mut place.settled_from_ns] {
                        *from = Some(from.map_or(first, |before| before.min(first)));
                    }
                }
            }
            What::Frame(..)
            | What::Clock(..)
            | What::Cued(..)
            | What::Ordered(..)
            | What::Refused(..)
            | What::Overflowed(_) => {}
        }
    }
}
