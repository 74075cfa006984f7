//! What a client asks for.

use core::fmt;

use super::frame::begin;
use super::{Dialect, Frame};
use crate::bytes::{Reader, Truncated, Writer};

const PUT_BEGIN: u8 = 0x10;
const PUT_DATA: u8 = 0x11;
const PUT_END: u8 = 0x12;
const PLAIN_DELETE: u8 = 0x20;
const PLAIN_LIST: u8 = 0x21;
const CONTROL: u8 = 0x20;
const CHECKED_DELETE: u8 = 0x21;
const CHECKED_LIST: u8 = 0x22;
const STATUS: u8 = 0x30;

const PLAY: u8 = 0x01;
const STOP: u8 = 0x02;
const BRIGHTNESS: u8 = 0x10;
const GAMMA: u8 = 0x11;
const TEMPLATE: u8 = 0x12;

/// What a frame of a client asks for. Names are as they came, not normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// PUT_BEGIN: an upload begins.
    Begin {
        /// Of the pattern.
        name: &'a [u8],
        /// What the checked dialect says of the file beforehand.
        declared: Option<Declared>,
    },
    /// PUT_CHUNK, PUT_DATA: its next bytes.
    Data {
        /// Where they begin in the file, in the checked dialect.
        offset: Option<u32>,
        /// They themselves.
        bytes: &'a [u8],
    },
    /// PUT_END: that was all.
    End,
    /// DELETE
    Delete {
        /// Of the pattern.
        name: &'a [u8],
    },
    /// LIST
    List,
    /// STATUS with an empty value: asks for the figures.
    Metrics,
    /// CONTROL, in the checked dialect only.
    Control(Control<'a>),
}

/// What PUT_BEGIN of the checked dialect says of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Bytes of it.
    pub size: u32,
    /// CRC-32 (IEEE) of all of it.
    pub crc32: u32,
}

/// What CONTROL asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control<'a> {
    /// Play a pattern.
    Play {
        /// Its name.
        name: &'a [u8],
    },
    /// Stop playing.
    Stop,
    /// Brightness of everything, 255 is full.
    Brightness(u8),
    /// Gamma; the field's devices agree on no layout of its value.
    Gamma(&'a [u8]),
    /// Template; the field's devices agree on no layout of its value.
    Template(&'a [u8]),
}

/// Why a frame is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadRequest {
    /// This type is none of this dialect.
    Type {
        /// The frame's.
        kind: u8,
        /// The frame's.
        dialect: Dialect,
    },
    /// CONTROL of an unknown kind.
    Control(u8),
    /// The value is not what the type demands.
    Value {
        /// Which type.
        of: &'static str,
        /// What it holds.
        expected: &'static str,
    },
}

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { kind, dialect } => write!(f, "type {kind:#04x} is no request of the {dialect} dialect"),
            Self::Control(what) => write!(f, "CONTROL {what:#04x} is not known"),
            Self::Value { of, expected } => write!(f, "the value of {of} must be {expected}"),
        }
    }
}
impl core::error::Error for BadRequest {}

/// Why a request is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The buffer is too short for it, or a field of it too long.
    Truncated,
    /// The dialect cannot say it: CONTROL in the plain one, or the checked one without size, checksum or offset.
    NotInDialect,
}

impl From<Truncated> for WriteError {
    fn from(_: Truncated) -> Self {
        Self::Truncated
    }
}

impl<'a> Request<'a> {
    /// Reads what a client's frame asks for (PATTERN-5, PATTERN-6).
    pub fn read(frame: &Frame<'a>) -> Result<Self, BadRequest> {
        let Frame { dialect, kind, value } = *frame;
        match (dialect, kind) {
            (Dialect::Plain, PUT_BEGIN) => Ok(Self::Begin { name: value, declared: None }),
            (Dialect::Checked, PUT_BEGIN) => begin_of(value).ok_or(BadRequest::Value {
                of: "PUT_BEGIN",
                expected: "the name's length (1 byte), the name, size (4 bytes), CRC-32 (4 bytes)",
            }),
            (Dialect::Plain, PUT_DATA) => Ok(Self::Data { offset: None, bytes: value }),
            (Dialect::Checked, PUT_DATA) => {
                let mut r = Reader::new(value);
                let expected = BadRequest::Value { of: "PUT_DATA", expected: "an offset (4 bytes) and bytes" };
                let offset = r.u32_be().map_err(|_| expected)?;
                Ok(Self::Data { offset: Some(offset), bytes: r.rest() })
            }
            (_, PUT_END) => empty(value, "PUT_END", Self::End),
            (Dialect::Plain, PLAIN_DELETE) | (Dialect::Checked, CHECKED_DELETE) => Ok(Self::Delete { name: value }),
            (Dialect::Plain, PLAIN_LIST) | (Dialect::Checked, CHECKED_LIST) => empty(value, "LIST", Self::List),
            (_, STATUS) => empty(value, "STATUS", Self::Metrics),
            (Dialect::Checked, CONTROL) => Control::read(value).map(Self::Control),
            (dialect, kind) => Err(BadRequest::Type { kind, dialect }),
        }
    }

    /// Writes the frame that asks for it into `buf`, returns its length. What the checked dialect says in addition is left
    /// out of the plain one.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn write(&self, dialect: Dialect, buf: &mut [u8]) -> Result<usize, WriteError> {
        let is_checked = dialect == Dialect::Checked;
        let written = match *self {
            Self::Begin { name, .. } if !is_checked => begin(dialect, PUT_BEGIN, buf, |w| w.put(name)),
            Self::Begin { name, declared } => {
                let Declared { size, crc32 } = declared.ok_or(WriteError::NotInDialect)?;
                begin(dialect, PUT_BEGIN, buf, |w| {
                    put_name(w, name)?;
                    w.u32_be(size)?;
                    w.u32_be(crc32)
                })
            }
            Self::Data { bytes, .. } if !is_checked => begin(dialect, PUT_DATA, buf, |w| w.put(bytes)),
            Self::Data { offset, bytes } => {
                let offset = offset.ok_or(WriteError::NotInDialect)?;
                begin(dialect, PUT_DATA, buf, |w| {
                    w.u32_be(offset)?;
                    w.put(bytes)
                })
            }
            Self::End => begin(dialect, PUT_END, buf, |_| Ok(())),
            Self::Delete { name } => {
                begin(dialect, if is_checked { CHECKED_DELETE } else { PLAIN_DELETE }, buf, |w| w.put(name))
            }
            Self::List => begin(dialect, if is_checked { CHECKED_LIST } else { PLAIN_LIST }, buf, |_| Ok(())),
            Self::Metrics => begin(dialect, STATUS, buf, |_| Ok(())),
            Self::Control(_) if !is_checked => return Err(WriteError::NotInDialect),
            Self::Control(control) => begin(dialect, CONTROL, buf, |w| control.write(w)),
        };
        Ok(written?)
    }
}

fn begin_of(value: &[u8]) -> Option<Request<'_>> {
    let mut r = Reader::new(value);
    let len = usize::from(r.u8().ok()?);
    let (name, rest) = r.rest().split_at_checked(len)?;
    let mut r = Reader::new(rest);
    let declared = Declared { size: r.u32_be().ok()?, crc32: r.u32_be().ok()? };
    r.rest().is_empty().then_some(Request::Begin { name, declared: Some(declared) })
}

fn empty<'a>(value: &[u8], of: &'static str, request: Request<'a>) -> Result<Request<'a>, BadRequest> {
    if value.is_empty() { Ok(request) } else { Err(BadRequest::Value { of, expected: "empty" }) }
}

fn put_name(w: &mut Writer<'_>, name: &[u8]) -> Result<(), Truncated> {
    w.u8(u8::try_from(name.len()).map_err(|_| Truncated)?)?;
    w.put(name)
}

impl<'a> Control<'a> {
    fn read(value: &'a [u8]) -> Result<Self, BadRequest> {
        let wrong = |of, expected| BadRequest::Value { of, expected };
        let (&what, rest) = value.split_first().ok_or(wrong("CONTROL", "what is asked for (1 byte) and its value"))?;
        match what {
            PLAY => match rest.split_first() {
                Some((&len, name)) if name.len() == usize::from(len) => Ok(Self::Play { name }),
                _ => Err(wrong("CONTROL PLAY", "the name's length (1 byte) and the name")),
            },
            STOP if rest.is_empty() => Ok(Self::Stop),
            STOP => Err(wrong("CONTROL STOP", "empty")),
            BRIGHTNESS => match rest {
                [level] => Ok(Self::Brightness(*level)),
                _ => Err(wrong("CONTROL brightness", "one byte")),
            },
            GAMMA => Ok(Self::Gamma(rest)),
            TEMPLATE => Ok(Self::Template(rest)),
            what => Err(BadRequest::Control(what)),
        }
    }

    fn write(&self, w: &mut Writer<'_>) -> Result<(), Truncated> {
        match *self {
            Self::Play { name } => {
                w.u8(PLAY)?;
                put_name(w, name)
            }
            Self::Stop => w.u8(STOP),
            Self::Brightness(level) => w.put(&[BRIGHTNESS, level]),
            Self::Gamma(value) => {
                w.u8(GAMMA)?;
                w.put(value)
            }
            Self::Template(value) => {
                w.u8(TEMPLATE)?;
                w.put(value)
            }
        }
    }
}
