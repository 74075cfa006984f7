//! What a client is answered.

use core::fmt;

use cuelight_wire::bytes::Truncated;
use cuelight_wire::tlv::{self, Dialect, ErrorCode};

use super::refusal::Why;

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// STATUS: it was done.
    Done(Done),
    /// The listing: the caller writes its frames ([`tlv::ListingWriter`]).
    Listing,
    /// The figures: the caller writes them ([`tlv::Metrics`]).
    Metrics,
    /// ERROR: it was not done.
    Error(Why),
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Done {
    /// An upload was begun, or its bytes were taken.
    Taken,
    /// A pattern was stored.
    Stored {
        /// Bytes of it.
        size: u32,
    },
    /// DELETE, CONTROL.
    Worked,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => Ok(()),
            Self::Stored { size } => write!(f, "{size} bytes are stored"),
            Self::Worked => f.write_str("done"),
        }
    }
}

impl Answer {
    /// The error's code, when it is one.
    pub const fn error_code(&self) -> Option<ErrorCode> {
        match self {
            Self::Error(why) => Some(why.code()),
            Self::Done(_) | Self::Listing | Self::Metrics => None,
        }
    }

    /// Writes the frame of an answer that needs nothing but itself; `None` for the listing and the figures. What of its
    /// text does not fit is left out.
    pub fn write(&self, dialect: Dialect, buf: &mut [u8]) -> Option<Result<usize, Truncated>> {
        match self {
            Self::Done(done) => Some(tlv::Answer::write_done(dialect, done, buf)),
            Self::Error(why) => Some(tlv::Answer::write_error(dialect, why.code(), why, buf)),
            Self::Listing | Self::Metrics => None,
        }
    }
}
