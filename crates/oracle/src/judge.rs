//! Takes a trace, entry by entry, and gives the figures.

use cuelight_wire::time::{Show, Time};

use crate::entry::{Entry, NodeNo, What};
use crate::figures::Figures;
use crate::presence::Presence;
use crate::rules::Rules;
use crate::wire::Reader;

/// What a judge must know beforehand.
#[derive(Clone, Debug)]
pub struct Cast {
    /// For each node: the company it belongs to. Nodes of one company are to look alike.
    pub companies: Vec<u32>,
    /// For each node: half the difference of its path's floors, which no exchange of messages can find, nanoseconds.
    pub unavoidable_ns: Vec<f64>,
    /// Clocks, frames and changes count from this true time on, nanoseconds; what is promised of every datagram counts
    /// from the beginning.
    pub from_ns: i64,
}

impl Cast {
    /// `nodes` nodes that are to look alike, on paths of equal floors, judged from the beginning.
    pub fn alike(nodes: usize) -> Self {
        Self { companies: vec![0; nodes], unavoidable_ns: vec![0.0; nodes], from_ns: 0 }
    }
}

/// The judge.
#[derive(Debug)]
pub struct Judge {
    cast: Cast,
    presence: Presence,
    reader: Reader,
    rules: Rules,
    last_ns: i64,
}

impl Judge {
    /// A judge who has seen nothing yet.
    pub fn new(cast: Cast) -> Self {
        let nodes = cast.companies.len();
        Self {
            presence: Presence::new(nodes),
            reader: Reader::default(),
            rules: Rules::new(nodes),
            cast,
            last_ns: i64::MIN,
        }
    }

    /// Takes the next entry.
    ///
    /// # Panics
    /// When it is earlier than the one before, or names a node that is not in the cast.
    pub fn take(&mut self, entry: &Entry) {
        assert!(entry.at_ns >= self.last_ns, "entries come in the order of true time");
        self.last_ns = entry.at_ns;
        let packet = match &entry.what {
            What::Sent(n, sent) => {
                let session = self.presence.of(*n).session;
                session.map(|session| self.reader.read(&sent.bytes, session.token))
            }
            _ => None,
        };
        self.presence.take(entry);
        let scene = Scene { entry, packet: packet.as_ref(), presence: &self.presence, cast: &self.cast };
        self.rules.take(&scene);
    }

    /// What was measured.
    pub fn figures(self) -> Figures {
        let mut figures = Figures::default();
        self.rules.finish(&self.presence, self.last_ns, &mut figures);
        figures
    }
}

/// An entry with what is known around it.
pub(crate) struct Scene<'a> {
    pub(crate) entry: &'a Entry,
    /// The datagram of [`What::Sent`], read with its node's token; `None` where the node has no session.
    pub(crate) packet: Option<&'a Result<crate::wire::Packet, cuelight_wire::stream::BadPacket>>,
    /// After this entry.
    pub(crate) presence: &'a Presence,
    pub(crate) cast: &'a Cast,
}

impl Scene<'_> {
    /// hubNow of the datagram; the hub's clock where there is none.
    pub(crate) fn packet_now(&self) -> Time<Show> {
        self.packet.and_then(|packet| packet.as_ref().ok()).map_or(self.entry.show, |packet| packet.header.hub_now)
    }
    /// Whether what is measured counts already.
    pub(crate) fn counts(&self) -> bool {
        self.entry.at_ns >= self.cast.from_ns
    }
    /// The node that leaves the show with this entry, or all.
    pub(crate) fn leavers(&self) -> Leavers {
        match &self.entry.what {
            What::HubStarted | What::HubStopped => Leavers::All,
            What::NodeStarted(n) | What::NodeStopped(n) | What::Cut(n, _) | What::Closed(n) => Leavers::One(*n),
            What::Told(n, message, _) if matches!(**message, cuelight_wire::control::HubMessage::Welcome(_)) => {
                Leavers::One(*n)
            }
            _ => Leavers::None,
        }
    }
}

/// Who leaves the show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leavers {
    None,
    One(NodeNo),
    All,
}
