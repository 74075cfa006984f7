//! Any packet that is understood, from a datagram, and the header that all have in common.

use core::fmt;

use cuelight_wire::bytes::{Reader, Truncated, Writer};

use super::address::Address;
use super::dmx::Dmx;
use super::poll::Poll;
use super::poll_reply::PollReply;
use super::sync::Sync;
use super::time_code::TimeCode;

const ID: [u8; 8] = *b"Art-Net\0";
/// The version of Art-Net 1 to 4; later ones are to stay readable.
const VERSION: u16 = 14;

/// What a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpCode(pub u16);

impl OpCode {
    /// Who is there?
    pub const POLL: Self = Self(0x2000);
    /// I am.
    pub const POLL_REPLY: Self = Self(0x2100);
    /// Levels of a universe.
    pub const DMX: Self = Self(0x5000);
    /// Show what you hold.
    pub const SYNC: Self = Self(0x5200);
    /// Remote programming of a node.
    pub const ADDRESS: Self = Self(0x6000);
    /// Time code.
    pub const TIME_CODE: Self = Self(0x9700);
}

/// A packet as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Levels of a universe.
    Dmx(Dmx<'a>),
    /// Who is there?
    Poll(Poll),
    /// I am.
    PollReply(PollReply),
    /// Show what you hold.
    Sync(Sync),
    /// Time code.
    TimeCode(TimeCode),
    /// Remote programming of a node.
    Address(Address),
}

/// Why a datagram is none of these packets. Nothing of it is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadArtNet {
    /// It ends before what it must hold does.
    Truncated,
    /// It does not begin as Art-Net does.
    NotArtNet,
    /// A version below 14.
    Version(u16),
    /// One of the many other packets of Art-Net.
    OpCode(OpCode),
    /// A Port-Address beyond 15 bits.
    PortAddress(u16),
    /// No slot at all, or more than 512.
    Length(u16),
    /// Hours, minutes, seconds, frames or a rate that do not exist.
    TimeCode,
}

impl fmt::Display for BadArtNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the datagram ends before the Art-Net packet does"),
            Self::NotArtNet => f.write_str("the datagram does not begin as Art-Net does"),
            Self::Version(version) => write!(f, "Art-Net version {version} instead of 14"),
            Self::OpCode(OpCode(code)) => write!(f, "Art-Net operation {code:#06x} is not understood"),
            Self::PortAddress(number) => write!(f, "Port-Address {number:#06x}: there are 15 bits"),
            Self::Length(length) => write!(f, "{length} slots instead of 1 to 512"),
            Self::TimeCode => f.write_str("a time code that does not exist"),
        }
    }
}
impl core::error::Error for BadArtNet {}
impl From<Truncated> for BadArtNet {
    fn from(_: Truncated) -> Self {
        Self::Truncated
    }
}

impl<'a> Packet<'a> {
    /// Reads a datagram. Fillers, and bytes behind the packet, are ignored; what older versions leave off at the end is
    /// taken as 0 (DMX-7).
    ///
    /// # Errors
    /// [`BadArtNet`].
    pub fn decode(datagram: &'a [u8]) -> Result<Self, BadArtNet> {
        let r = &mut Reader::new(datagram);
        if r.take()? != ID {
            return Err(BadArtNet::NotArtNet);
        }
        let op_code = OpCode(r.u16_le()?);
        if op_code == OpCode::POLL_REPLY {
            return PollReply::read(r).map(Self::PollReply);
        }
        let version = r.u16_be()?;
        if version < VERSION {
            return Err(BadArtNet::Version(version));
        }
        match op_code {
            OpCode::DMX => Dmx::read(r).map(Self::Dmx),
            OpCode::POLL => Poll::read(r).map(Self::Poll),
            OpCode::SYNC => Sync::read(r).map(Self::Sync),
            OpCode::TIME_CODE => TimeCode::read(r).map(Self::TimeCode),
            OpCode::ADDRESS => Address::read(r).map(Self::Address),
            other => Err(BadArtNet::OpCode(other)),
        }
    }
}

/// Begins a packet; all but the reply to a poll say their version.
pub(super) fn begin(w: &mut Writer<'_>, op_code: OpCode) -> Result<(), Truncated> {
    w.put(&ID)?;
    w.u16_le(op_code.0)?;
    if op_code == OpCode::POLL_REPLY { Ok(()) } else { w.u16_be(VERSION) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DMX-7
    #[test]
    fn what_is_not_art_net_14_or_not_understood_is_refused_and_says_why() {
        let header = |op: u16, version: u8| {
            let [low, high] = op.to_le_bytes();
            [b'A', b'r', b't', b'-', b'N', b'e', b't', 0, low, high, 0, version, 0, 0]
        };
        assert_eq!(Packet::decode(&header(0x5200, 13)), Err(BadArtNet::Version(13)));
        assert_eq!(Packet::decode(&header(0x5200, 14)), Ok(Packet::Sync(Sync)));
        assert_eq!(Packet::decode(&header(0x5200, 15)), Ok(Packet::Sync(Sync)));
        assert_eq!(Packet::decode(&header(0x9800, 14)), Err(BadArtNet::OpCode(OpCode(0x9800))));
        assert_eq!(Packet::decode(b"Art-Nex\0\0\x52\0\x0E\0\0"), Err(BadArtNet::NotArtNet));
        assert_eq!(Packet::decode(b"Art-Net"), Err(BadArtNet::Truncated));
    }
}
