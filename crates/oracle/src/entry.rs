//! What a trace is made of.

use cuelight_wire::control::{HubMessage, NodeMessage, Refusal};
use cuelight_wire::cues::ShowId;
use cuelight_wire::ids::Revision;
use cuelight_wire::time::{FrameIndex, Show, Span, Time};

/// A node's place in the trace, 0 for the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeNo(pub usize);

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When, true time, nanoseconds.
    pub at_ns: i64,
    /// The hub's show clock then (or, while it does not run, as it would have gone on).
    pub show: Time<Show>,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The hub's process started.
    HubStarted,
    /// The hub's process ended.
    HubStopped,
    /// A node's process started.
    NodeStarted(NodeNo),
    /// A node's process ended.
    NodeStopped(NodeNo),
    /// Nothing passes between the hub and a node any more, or again.
    Cut(NodeNo, bool),
    /// The hub's end of a node's control connection closed.
    Closed(NodeNo),
    /// The hub put a message for a node on its control connection; it arrives then, if it does.
    Told(NodeNo, Box<HubMessage>, Option<i64>),
    /// A node's message reached the hub.
    Said(NodeNo, Box<NodeMessage>),
    /// A node's time exchange reached the hub, with its session's token.
    Asked(NodeNo),
    /// The hub put a datagram on the wire.
    Sent(NodeNo, Sent),
    /// A node put out a frame.
    Frame(NodeNo, Frame),
    /// A node's clock, looked at from outside.
    Clock(NodeNo, ClockSample),
    /// A node has come to a state of the cues, looked at from outside.
    Cued(NodeNo, Cued),
    /// The hub answered an operator: this change, at this applyAt.
    Ordered(Revision, Time<Show>),
    /// The hub ended a session, or refused to begin one, with a reason.
    Refused(NodeNo, Refusal),
    /// A node's full inbox dropped a datagram.
    Overflowed(NodeNo),
}

/// A stream datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When it arrives, true time: never, once, or twice.
    pub arrivals: [Option<i64>; 2],
    /// Its bytes.
    pub bytes: Box<[u8]>,
}

/// A frame that was put out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Which.
    pub index: FrameIndex,
    /// Whether the node's clock was usable.
    pub is_synced: bool,
    /// The newest scene in force.
    pub rev: Revision,
    /// Hash of the pixels.
    pub hash: u64,
}

/// A node's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSample {
    /// Show time as the node has it.
    pub show: Time<Show>,
    /// Whether it may be scheduled on.
    pub is_usable: bool,
    /// The bound the node publishes.
    pub bound: Span,
}

/// A state of the cues as a node has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cued {
    /// The show.
    pub show: ShowId,
    /// The number of the newest step it has carried out.
    pub number: u32,
    /// The hash of the playbacks it left.
    pub hash: u64,
}
