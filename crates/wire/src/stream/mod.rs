//! The stream plane: UDP from hub to node, 100 packets a second, big-endian, packed.
//!
//! A packet is a 28-byte header and at most 512 bytes of payload (WIRE-1). The deployed payloads are in [`payload`], Cuelight's
//! full state in [`full_state`], what is played of a show in [`cues`]. Layout: `docs/protocol/30-stream.md`.

pub mod cues;
pub mod full_state;
pub mod payload;

use crate::bytes::{Reader, Truncated, Writer};
use crate::ids::TokenHash;
use crate::limits::{MAX_STREAM_PAYLOAD, PROTO_VER};
use crate::seal::TAG_LEN;
use crate::time::{Show, Time};

/// Length of the header, bytes.
pub const HEADER_LEN: usize = 28;
/// Length of the longest packet with its tag, bytes.
pub const MAX_PACKET: usize = HEADER_LEN + MAX_STREAM_PAYLOAD + TAG_LEN;

/// The kinds of payload. The numbers are the wire's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum MsgType {
    /// Effect, palette and the commonest parameters.
    ParamDelta = 0x01,
    /// Tempo and beat phase.
    BeatTick = 0x02,
    /// Effect and palette.
    SceneChange = 0x03,
    /// Nothing new.
    Heartbeat = 0x04,
    /// Cuelight's full state (word `full-state`).
    FullState = 0x10,
    /// What is played of a show (word `cues`).
    Cues = 0x11,
}

impl MsgType {
    fn from_wire(number: u8) -> Option<Self> {
        Some(match number {
            0x01 => Self::ParamDelta,
            0x02 => Self::BeatTick,
            0x03 => Self::SceneChange,
            0x04 => Self::Heartbeat,
            0x10 => Self::FullState,
            0x11 => Self::Cues,
            _ => return None,
        })
    }
}

/// The header of every stream packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the payload is.
    pub msg_type: MsgType,
    /// +1 for every datagram sent to this node in its session; wraps.
    pub seq: u32,
    /// Hash of the session token.
    pub token_hash: TokenHash,
    /// The hub's show clock at sending.
    pub hub_now: Time<Show>,
    /// When the change holds; every repeat of a change carries the same value.
    pub apply_at: Time<Show>,
}

/// Why a stream packet is dropped before its sequence number is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadPacket {
    /// Shorter than its header, or than its payload length says.
    Truncated,
    /// The payload is longer than 512 bytes, or the datagram longer than its payload length says.
    Oversized,
    /// The first byte is not a known protocol version.
    WrongVersion,
    /// Not a known message type.
    UnknownType,
    /// The token hash is not this session's.
    WrongToken,
    /// The session's datagrams end with a tag, and this is not the right one (WIRE-17).
    WrongTag,
    /// The payload does not have the form its type demands.
    BadPayload,
}

impl From<Truncated> for BadPacket {
    fn from(_: Truncated) -> Self {
        Self::Truncated
    }
}

impl Header {
    /// Writes header and payload into `buf`, returns the packet's length. Times are rounded down to microseconds.
    pub fn encode(&self, payload: &[u8], buf: &mut [u8]) -> Result<usize, Truncated> {
        let payload_len = u16::try_from(payload.len()).map_err(|_| Truncated)?;
        let mut w = Writer::new(buf);
        w.u8(PROTO_VER)?;
        w.u8(self.msg_type as u8)?;
        w.u16_be(payload_len)?;
        w.u32_be(self.seq)?;
        w.u32_be(self.token_hash.0)?;
        w.i64_be(self.hub_now.as_us())?;
        w.i64_be(self.apply_at.as_us())?;
        w.put(payload)?;
        Ok(w.len())
    }

    /// Reads a datagram of the session with `token_hash`: its header, and the payload as it came. What is not such a packet
    /// is refused with its reason (WIRE-10).
    pub fn decode(bytes: &[u8], token_hash: TokenHash) -> Result<(Self, &[u8]), BadPacket> {
        let mut r = Reader::new(bytes);
        if r.u8()? != PROTO_VER {
            return Err(BadPacket::WrongVersion);
        }
        let msg_type = MsgType::from_wire(r.u8()?);
        let payload_len = usize::from(r.u16_be()?);
        let seq = r.u32_be()?;
        let sender = TokenHash(r.u32_be()?);
        let (hub_now, apply_at) = (Time::from_us(r.i64_be()?), Time::from_us(r.i64_be()?));
        let msg_type = msg_type.ok_or(BadPacket::UnknownType)?;
        let payload = r.rest();
        if payload_len > MAX_STREAM_PAYLOAD || payload.len() > payload_len {
            return Err(BadPacket::Oversized);
        }
        if payload.len() < payload_len {
            return Err(BadPacket::Truncated);
        }
        if sender != token_hash {
            return Err(BadPacket::WrongToken);
        }
        Ok((Self { msg_type, seq, token_hash, hub_now, apply_at }, payload))
    }
}
