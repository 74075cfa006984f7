//! What a node role tells its driver, and what the driver tells it about the frame loop.

use cuelight_wire::caps::Ext;
use cuelight_wire::change::Change;
use cuelight_wire::control::{ErrorMessage, OtaState, OtaStop, OtaUpdate, Text};
use cuelight_wire::cues::CueState;
use cuelight_wire::ids::{NodeId, Revision, TokenHash};
use cuelight_wire::time::{Show, Span, Time};
use cuelight_wire::universes::UniverseRanges;

use crate::session::Ended;

/// Which way a change came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// The UDP stream.
    Stream,
    /// The control connection.
    Control,
}

/// What the driver is to do or to know, in the order it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeEvent {
    /// Open a connection to the hub; answer with `handle_connected` or `handle_disconnected`.
    Connect,
    /// Close the connection, or stop trying to make it. No answer is expected.
    Disconnect(Ended),
    /// A session is live.
    Welcomed {
        /// The node's number.
        node_id: NodeId,
        /// The session's token hash.
        token_hash: TokenHash,
        /// Port of the hub's time exchange.
        ts_port: u16,
        /// What was negotiated.
        ext: Ext,
        /// Whether the hub is another run than the one before, or may be.
        new_hub: bool,
    },
    /// The live session is over; the stream may still come until the next one.
    SessionEnded(Ended),
    /// A change for the schedule.
    Change {
        /// The change. With `on_arrival` its applyAt is moved to the present of [`super::NodeRole::map`].
        change: Change,
        /// Which way it came.
        via: Via,
        /// To be applied at once, because the clock cannot be scheduled on or is not used.
        on_arrival: bool,
        /// It was in force before the node could know of it: that it comes after its applyAt is not lateness.
        catch_up: bool,
    },
    /// The state of the cues is another one than was told last.
    Cues(CueState),
    /// The stream has brought this layer for the first time, whether or not the control connection had before: tells how
    /// well the stream alone does.
    Heard {
        /// The change.
        rev: Revision,
        /// Its applyAt.
        apply_at: Time<Show>,
    },
    /// The clock has become usable. Everything a Cuelight hub has in force is given again, at its own applyAt: what was
    /// applied on arrival is to be forgotten.
    Locked,
    /// The clock is no longer usable; changes are applied on arrival.
    Unlocked,
    /// The stream is silent: act as configured for a missing hub.
    Fallback,
    /// The stream is back.
    Live,
    /// The hub wants the node updated.
    Update(OtaUpdate),
    /// The hub wants that update left off, where it still can be.
    StopUpdate(OtaStop),
    /// The hub wants the node to end in order and to be started again.
    Restart,
    /// The name of the show that is armed now, if one is. Holds until the next one, whatever becomes of the session.
    ShowLock(Option<Text<64>>),
    /// Which universes are the node's; none: those of its own settings. Holds until the next one, whatever becomes of the
    /// session.
    Universes(Option<UniverseRanges>),
    /// How the node's LEDs are laid out, in text; none: as its own settings say. Holds until the next one, whatever becomes of
    /// the session.
    Geometry(Option<Text<48>>),
    /// The hub complained about a message.
    HubError(ErrorMessage),
}

/// What the frame loop measured since its last report.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrameReport {
    /// Frames rendered per second.
    pub fps: f32,
    /// 99th percentile of output lateness against show time.
    pub output_late: Span,
    /// Frames that were not put out in time, since the start.
    pub frames_missed: u32,
    /// Changes that came after their applyAt, since the start.
    pub late: u32,
}

/// How far the node's update is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateReport {
    /// What it is at.
    pub state: OtaState,
    /// Percent of that.
    pub pct: u8,
    /// What went wrong, when the update failed.
    pub error: Option<Text<128>>,
    /// The last lines of the log of an image that was given up.
    pub log: Option<Text<512>>,
}
