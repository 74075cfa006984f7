//! Why a client is answered with an error: the code, and a sentence for people.

use core::fmt;

use cuelight_wire::tlv::{BadFrame, BadName, BadRequest, Dialect, ErrorCode, RECEIVE_BUFFER};
use heapless::String;

use super::State;

/// A sentence that comes from elsewhere.
pub type Reason = String<96>;

/// Why a store did not store or delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreFailure {
    /// No room for it.
    Full,
    /// No pattern of that name.
    NotFound,
    /// The disk refuses.
    Disk,
}

/// Why something that was asked for is not done, from whoever was to do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The code to answer with.
    pub code: ErrorCode,
    /// The sentence to answer with.
    pub reason: Reason,
}

impl Refused {
    /// A refusal in these words; what is beyond the room for them is left out.
    pub fn new(code: ErrorCode, words: &str) -> Self {
        let mut reason = Reason::new();
        let fits = words.floor_char_boundary(reason.capacity());
        let _ = reason.push_str(&words[..fits]);
        Self { code, reason }
    }
}

/// Why a message, or an upload, is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// No frame.
    Frame(BadFrame),
    /// No request.
    Request(BadRequest),
    /// No name.
    Name(BadName),
    /// The session speaks the other dialect.
    Dialect(Dialect),
    /// A text message.
    Text,
    /// A message longer than the receive buffer, bytes.
    Oversized(usize),
    /// Not in this state.
    State(State),
    /// The upload is larger than a pattern may be, or than there is room for.
    TooLarge {
        /// Bytes there is room for.
        room: u32,
    },
    /// Bytes that are not the next ones.
    Offset {
        /// Where the next ones begin.
        expected: u32,
        /// Where these begin.
        found: u32,
    },
    /// More or fewer bytes than declared.
    Size {
        /// Declared.
        declared: u32,
        /// Those that came, at least.
        found: u32,
    },
    /// Other bytes than declared.
    Crc {
        /// Declared.
        declared: u32,
        /// Of those that came.
        found: u32,
    },
    /// An upload without a byte.
    Empty,
    /// The upload was given up because nothing came for so long, milliseconds.
    Silence(i64),
    /// The store.
    Store(StoreFailure),
    /// Whoever was to do it.
    Refused(Refused),
}

impl Why {
    /// The code to answer with.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Oversized(_) => ErrorCode::BufferOverflow,
            Self::TooLarge { .. } | Self::Store(StoreFailure::Full | StoreFailure::Disk) => ErrorCode::StorageFull,
            Self::Store(StoreFailure::NotFound) => ErrorCode::PatternNotFound,
            Self::Refused(refused) => refused.code,
            Self::Frame(_)
            | Self::Request(_)
            | Self::Name(_)
            | Self::Dialect(_)
            | Self::Text
            | Self::State(_)
            | Self::Offset { .. }
            | Self::Size { .. }
            | Self::Crc { .. }
            | Self::Empty
            | Self::Silence(_) => ErrorCode::InvalidTlv,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(bad) => bad.fmt(f),
            Self::Request(bad) => bad.fmt(f),
            Self::Name(bad) => bad.fmt(f),
            Self::Dialect(dialect) => write!(f, "this session began in the {dialect} dialect"),
            Self::Text => f.write_str("patterns come in binary messages"),
            Self::Oversized(len) => write!(f, "a message of {len} bytes; {RECEIVE_BUFFER} are allowed"),
            Self::State(state) => write!(f, "not now: {state}"),
            Self::TooLarge { room } => write!(f, "there is room for {room} bytes"),
            Self::Offset { expected, found } => write!(f, "offset {found}, but byte {expected} is next"),
            Self::Size { declared, found } => write!(f, "{declared} bytes were declared, {found} came"),
            Self::Crc { declared, found } => {
                write!(f, "CRC-32 {declared:08x} was declared, that of the file is {found:08x}")
            }
            Self::Empty => f.write_str("the upload is empty"),
            Self::Silence(ms) => write!(f, "the upload was given up: nothing came for {ms} ms"),
            Self::Store(StoreFailure::Full) => f.write_str("the store is full"),
            Self::Store(StoreFailure::NotFound) => f.write_str("there is no pattern of that name"),
            Self::Store(StoreFailure::Disk) => f.write_str("the disk refuses; the log says why"),
            Self::Refused(refused) => f.write_str(&refused.reason),
        }
    }
}
