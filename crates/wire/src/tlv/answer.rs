//! What a client is answered.

use core::fmt;

use super::frame::begin;
use super::{Dialect, Frame};
use crate::bytes::Truncated;

pub(super) const STATUS: u8 = 0x30;
const ERROR: u8 = 0x40;
const OLDER_ERROR: u8 = 0xff;

/// Status byte of what was done.
pub(super) const OK: u8 = 0;

/// An answer. What follows the status byte depends on what was asked: text, a [`super::Listing`] or [`super::Metrics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// STATUS.
    Status {
        /// 0 when it was done.
        code: u8,
        /// What follows.
        rest: &'a [u8],
    },
    /// ERROR.
    Error {
        /// What kind.
        code: ErrorCode,
        /// For people; empty from devices that say nothing.
        text: &'a [u8],
    },
    /// The error of an older device.
    OlderError(OlderError),
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Two clients are there already.
    MaxClientsReached,
    /// The frame is longer than the receive buffer.
    BufferOverflow,
    /// No frame, no request, or none for the present state.
    InvalidTlv,
    /// No room.
    StorageFull,
    /// No pattern of that name, or nothing that could be played.
    PatternNotFound,
    /// A code that no version defines.
    Other(u8),
}

impl ErrorCode {
    /// The number on the wire.
    pub const fn number(self) -> u8 {
        match self {
            Self::MaxClientsReached => 1,
            Self::BufferOverflow => 2,
            Self::InvalidTlv => 3,
            Self::StorageFull => 4,
            Self::PatternNotFound => 5,
            Self::Other(number) => number,
        }
    }
    /// What a number on the wire means.
    pub const fn of(number: u8) -> Self {
        match number {
            1 => Self::MaxClientsReached,
            2 => Self::BufferOverflow,
            3 => Self::InvalidTlv,
            4 => Self::StorageFull,
            5 => Self::PatternNotFound,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MaxClientsReached => "MAX_CLIENTS_REACHED",
            Self::BufferOverflow => "BUFFER_OVERFLOW",
            Self::InvalidTlv => "INVALID_TLV",
            Self::StorageFull => "STORAGE_FULL",
            Self::PatternNotFound => "PATTERN_NOT_FOUND",
            Self::Other(number) => return write!(f, "error {number:#04x}"),
        })
    }
}

/// What went wrong, as older devices say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OlderError {
    /// No frame.
    Frame,
    /// A checksum.
    Crc,
    /// The size.
    Size,
    /// No room.
    Full,
    /// No such pattern.
    NotFound,
    /// A code that no version defines; 0 when there was none.
    Other(u8),
}

impl OlderError {
    const fn of(number: u8) -> Self {
        match number {
            1 => Self::Frame,
            2 => Self::Crc,
            3 => Self::Size,
            4 => Self::Full,
            5 => Self::NotFound,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for OlderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frame => "the frame was not understood",
            Self::Crc => "a checksum was wrong",
            Self::Size => "the size was wrong",
            Self::Full => "the device is full",
            Self::NotFound => "the device has no such pattern",
            Self::Other(number) => return write!(f, "error {number}"),
        })
    }
}

impl<'a> Answer<'a> {
    /// Reads an answer (PATTERN-7); `None` when the frame is none.
    pub fn read(frame: &Frame<'a>) -> Option<Self> {
        match (frame.kind, frame.value) {
            (STATUS, [code, rest @ ..]) => Some(Self::Status { code: *code, rest }),
            (ERROR, [code, text @ ..]) => Some(Self::Error { code: ErrorCode::of(*code), text }),
            (OLDER_ERROR, value) => Some(Self::OlderError(OlderError::of(value.first().copied().unwrap_or(0)))),
            _ => None,
        }
    }

    /// Writes STATUS 0 and a text into `buf`, returns the frame's length. What of the text does not fit is left out.
    ///
    /// # Errors
    /// [`Truncated`] when not even the frame without text fits.
    pub fn write_done(dialect: Dialect, text: &dyn fmt::Display, buf: &mut [u8]) -> Result<usize, Truncated> {
        write_text(dialect, STATUS, OK, text, buf)
    }

    /// Writes ERROR and a text into `buf`, returns the frame's length. What of the text does not fit is left out.
    ///
    /// # Errors
    /// [`Truncated`] when not even the frame without text fits.
    pub fn write_error(
        dialect: Dialect,
        code: ErrorCode,
        text: &dyn fmt::Display,
        buf: &mut [u8],
    ) -> Result<usize, Truncated> {
        write_text(dialect, ERROR, code.number(), text, buf)
    }
}

fn write_text(
    dialect: Dialect,
    kind: u8,
    first: u8,
    text: &dyn fmt::Display,
    buf: &mut [u8],
) -> Result<usize, Truncated> {
    let room = buf.len().saturating_sub(dialect.overhead() + 1);
    begin(dialect, kind, buf, |w| {
        w.u8(first)?;
        let mut cut = Cut { w, room };
        // An error means that the rest of the text was left out.
        let _ = fmt::write(&mut cut, format_args!("{text}"));
        Ok(())
    })
}

/// Text up to the end of the room there is.
struct Cut<'a, 'b> {
    w: &'a mut crate::bytes::Writer<'b>,
    room: usize,
}

impl fmt::Write for Cut<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fits = text.floor_char_boundary(self.room);
        self.w.put(&text.as_bytes()[..fits]).map_err(|_| fmt::Error)?;
        self.room -= fits;
        if fits == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}
