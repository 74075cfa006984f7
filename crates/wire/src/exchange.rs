//! The UDP time exchange, port 49154, little-endian, packed (WIRE-5, WIRE-6).
//!
//! Two forms: the deployed one in microseconds (20-byte ping, 36-byte pong), and Cuelight's in nanoseconds (word
//! `ns-exchange`; 20-byte ping, 52-byte pong), whose pong also carries the transmit stamp the hub's kernel took of its
//! previous pong to this node, because the stamp of a datagram is known only after it has left.
//! Layout: `docs/protocol/40-time-exchange.md`.

use crate::bytes::{Reader, Truncated, Writer};
use crate::ids::TokenHash;
use crate::limits::PROTO_VER;
use crate::time::{Local, Show, Time};

/// Length of every ping, bytes.
pub const PING_LEN: usize = 20;
/// Length of a deployed pong, bytes.
pub const PONG_LEN: usize = 36;
/// Length of a nanosecond pong, bytes.
pub const PONG_NS_LEN: usize = 52;

const PING: u8 = 1;
const PONG: u8 = 2;
const PING_NS: u8 = 3;
const PONG_NS: u8 = 4;

/// Which of the two forms a datagram has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// As deployed, microseconds.
    Deployed,
    /// `ns-exchange`, nanoseconds.
    Nanosecond,
}

/// Node to hub: "what time is it?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping {
    /// Which form.
    pub form: Form,
    /// Counts the node's pings.
    pub seq: u32,
    /// Hash of the session token.
    pub token_hash: TokenHash,
    /// When the node sent it; the hub returns it as it came.
    pub t1: Time<Local>,
}

/// Hub to node: the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pong {
    /// Which form.
    pub form: Form,
    /// The ping's number.
    pub seq: u32,
    /// Hash of the session token.
    pub token_hash: TokenHash,
    /// The ping's t1.
    pub t1: Time<Local>,
    /// When the hub received the ping.
    pub t2: Time<Show>,
    /// When the hub sent the pong, read just before sending.
    pub t3: Time<Show>,
    /// Only in the nanosecond form: number and kernel transmit stamp of the previous pong to this node, when known.
    pub previous: Option<(u32, Time<Show>)>,
}

/// Why a datagram of the time exchange is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadExchange {
    /// Shorter than its type says.
    Truncated,
    /// Longer than its type says.
    Oversized,
    /// The first byte is not a known protocol version.
    WrongVersion,
    /// Not a type this side takes.
    UnknownType,
}

impl From<Truncated> for BadExchange {
    fn from(_: Truncated) -> Self {
        Self::Truncated
    }
}

impl Ping {
    /// The datagram.
    pub fn encode(&self) -> [u8; PING_LEN] {
        let mut buf = [0; PING_LEN];
        let (kind, t1) = match self.form {
            Form::Deployed => (PING, self.t1.as_us()),
            Form::Nanosecond => (PING_NS, self.t1.as_ns()),
        };
        let mut w = Writer::new(&mut buf);
        head(&mut w, kind, self.seq, self.token_hash).and_then(|()| w.i64_le(t1)).expect("a ping is PING_LEN bytes");
        buf
    }

    /// The session that a datagram received by a hub says it is of, before anything else is looked at.
    pub fn token_in(bytes: &[u8]) -> Option<TokenHash> {
        let token = bytes.get(8..)?.first_chunk()?;
        Some(TokenHash(u32::from_le_bytes(*token)))
    }

    /// Reads a datagram received by a hub.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadExchange> {
        let mut r = Reader::new(bytes);
        let form = match kind(&mut r)? {
            PING => Form::Deployed,
            PING_NS => Form::Nanosecond,
            _ => return Err(BadExchange::UnknownType),
        };
        let _reserved = r.u16_le()?;
        let (seq, token_hash) = (r.u32_le()?, TokenHash(r.u32_le()?));
        let t1 = instant(form, r.i64_le()?);
        end(&r)?;
        Ok(Self { form, seq, token_hash, t1 })
    }
}

impl Pong {
    /// Writes the datagram into `buf`, returns its length. `buf` of [`PONG_NS_LEN`] bytes is always enough.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, Truncated> {
        let mut w = Writer::new(buf);
        match self.form {
            Form::Deployed => {
                head(&mut w, PONG, self.seq, self.token_hash)?;
                w.i64_le(self.t1.as_us())?;
                w.i64_le(self.t2.as_us())?;
                w.i64_le(self.t3.as_us())?;
            }
            Form::Nanosecond => {
                head(&mut w, PONG_NS, self.seq, self.token_hash)?;
                w.i64_le(self.t1.as_ns())?;
                w.i64_le(self.t2.as_ns())?;
                w.i64_le(self.t3.as_ns())?;
                let (seq, at) = self.previous.unwrap_or_default();
                w.u32_le(seq)?;
                w.u32_le(u32::from(self.previous.is_some()))?;
                w.i64_le(at.as_ns())?;
            }
        }
        Ok(w.len())
    }

    /// Reads a datagram received by a node.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadExchange> {
        let mut r = Reader::new(bytes);
        let form = match kind(&mut r)? {
            PONG => Form::Deployed,
            PONG_NS => Form::Nanosecond,
            _ => return Err(BadExchange::UnknownType),
        };
        let _reserved = r.u16_le()?;
        let (seq, token_hash) = (r.u32_le()?, TokenHash(r.u32_le()?));
        let t1 = instant(form, r.i64_le()?);
        let t2 = instant(form, r.i64_le()?);
        let t3 = instant(form, r.i64_le()?);
        let previous = match form {
            Form::Deployed => None,
            Form::Nanosecond => {
                let (seq, flags, at) = (r.u32_le()?, r.u32_le()?, Time::from_ns(r.i64_le()?));
                (flags & 1 == 1).then_some((seq, at))
            }
        };
        end(&r)?;
        Ok(Self { form, seq, token_hash, t1, t2, t3, previous })
    }
}

fn head(w: &mut Writer<'_>, kind: u8, seq: u32, token_hash: TokenHash) -> Result<(), Truncated> {
    w.u8(PROTO_VER)?;
    w.u8(kind)?;
    w.u16_le(0)?;
    w.u32_le(seq)?;
    w.u32_le(token_hash.0)
}

fn kind(r: &mut Reader<'_>) -> Result<u8, BadExchange> {
    if r.u8()? == PROTO_VER { Ok(r.u8()?) } else { Err(BadExchange::WrongVersion) }
}

fn instant<D>(form: Form, raw: i64) -> Time<D> {
    match form {
        Form::Deployed => Time::from_us(raw),
        Form::Nanosecond => Time::from_ns(raw),
    }
}

fn end(r: &Reader<'_>) -> Result<(), BadExchange> {
    if r.rest().is_empty() { Ok(()) } else { Err(BadExchange::Oversized) }
}
