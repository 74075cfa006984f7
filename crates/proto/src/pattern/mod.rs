//! One client's session with a pattern store: what a frame means where the session is, and what is answered.
//!
//! Decides: the dialect of the session (PATTERN-10), its state (one transition function, PATTERN-11), what is answered and
//! in which order (PATTERN-12), when an upload is given up (PATTERN-13), and whether what came is what was declared
//! (PATTERN-15). It stores nothing itself: the bytes of an upload go from [`Session::handle_frame`] to its caller, and
//! [`Action`]s say what is to become of them. Implements `docs/protocol/80-patterns.md`.
//!
//! Inputs are `handle_*`; after each, drain `poll_action` and `poll_answer` until they are `None`. After
//! [`Action::Store`], [`Action::Delete`] or [`Action::Control`] no frame is to be handled until their outcome was: whoever
//! does otherwise has those frames refused.

mod action;
mod answer;
mod input;
mod output;
mod refusal;
mod transition;
mod upload;

pub use action::{Action, Command, UploadId};
pub use answer::{Answer, Done};
pub use refusal::{Reason, Refused, StoreFailure, Why};
pub use transition::{Event, State, Step, transition};

use cuelight_wire::time::{Local, Span, Time};
use cuelight_wire::tlv::Dialect;
use heapless::Deque;

use upload::Upload;

/// A step of a session has at most two actions; the caller drains them after each input.
const ACTIONS: usize = 4;
/// Answers a client has not fetched. When there is one more, the oldest is dropped (PATTERN-16): who reads learns of the
/// newest, who does not read is not waited for.
pub const ANSWERS: usize = 16;

/// How long a client may be silent in the middle of an upload.
pub const FRAME_TIMEOUT: Span = Span::from_s(5);
/// Largest pattern, bytes, unless a setting says otherwise.
pub const FILE_MAX: u32 = 262_144;

/// The limits of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Largest pattern, bytes.
    pub file_max: u32,
    /// How long a client may be silent in the middle of an upload.
    pub frame_timeout: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self { file_max: FILE_MAX, frame_timeout: FRAME_TIMEOUT }
    }
}

/// Counts of one session. Each stops at its maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages that came, whatever they were.
    pub frames: u64,
    /// Bytes of patterns that were taken.
    pub bytes: u64,
    /// Patterns stored.
    pub stored: u32,
    /// Frames answered with an error.
    pub refused: u32,
    /// Uploads given up because the client was silent.
    pub silences: u32,
    /// Answers dropped because the client did not fetch them.
    pub unread: u32,
}

/// One client's session.
#[derive(Debug)]
pub struct Session {
    config: Config,
    state: State,
    dialect: Option<Dialect>,
    /// The upload under way, in every state but [`State::Idle`] and [`State::Awaiting`].
    upload: Option<Upload>,
    /// The number of the newest upload.
    newest: UploadId,
    /// Why the newest upload ended without the client having been told.
    untold: Option<Why>,
    heard_at: Time<Local>,
    counters: Counters,
    actions: Deque<Action, ACTIONS>,
    answers: Deque<(Dialect, Answer), ANSWERS>,
}

impl Session {
    /// The session of a client that has just connected.
    pub const fn new(config: Config, now: Time<Local>) -> Self {
        let counters = Counters { frames: 0, bytes: 0, stored: 0, refused: 0, silences: 0, unread: 0 };
        Self {
            config,
            state: State::Idle,
            dialect: None,
            upload: None,
            newest: UploadId(0),
            untold: None,
            heard_at: now,
            counters,
            actions: Deque::new(),
            answers: Deque::new(),
        }
    }
    /// Where the session is.
    pub const fn state(&self) -> State {
        self.state
    }
    /// The client's dialect, once a frame of it was understood.
    pub const fn dialect(&self) -> Option<Dialect> {
        self.dialect
    }
    /// Counts so far.
    pub const fn counters(&self) -> Counters {
        self.counters
    }
}
