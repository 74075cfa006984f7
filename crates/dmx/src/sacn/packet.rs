//! Any packet of the family, from a datagram, and the root layer that all have in common.

use core::fmt;

use cuelight_wire::bytes::{Reader, Truncated, Writer};

use super::data::Data;
use super::discovery::{self, Discovery};
use super::pdu::{self, PREAMBLE};
use super::sync::Sync;
use super::universe::Universe;
use crate::text::Text;

/// The longest datagram: a full page of universes.
pub const MAX_DATAGRAM: usize = discovery::MAX_LEN;

/// Bytes of the root layer before the framing layer: flags and length, vector, CID.
pub(super) const ROOT_LEN: usize = pdu::HEAD_LEN + 4 + 16;

const ROOT_DATA: u32 = 4;
const ROOT_EXTENDED: u32 = 8;
const EXTENDED_SYNC: u32 = 1;
const EXTENDED_DISCOVERY: u32 = 2;

/// A source's identity, unique in the world (a UUID) and the same after each restart of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cid(pub [u8; 16]);

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            let hyphen = if matches!(i, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{hyphen}{byte:02x}")?;
        }
        Ok(())
    }
}

/// What a source calls itself, for people.
pub type SourceName = Text<64>;

/// A packet as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Levels, or priorities, of a universe.
    Data(Data<'a>),
    /// Shows what was held back for it.
    Sync(Sync),
    /// A page of the list of universes that a source sends.
    Discovery(Discovery<'a>),
}

/// The layers of a packet, from the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Root layer protocol.
    Root,
    /// E1.31 framing.
    Framing,
    /// Device management protocol: the values.
    Dmp,
    /// Universe discovery.
    Discovery,
}

/// Why a datagram is none of these packets. Nothing of it is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadSacn {
    /// It, or one of its layers, ends before what it must hold does.
    Truncated,
    /// It does not begin as ACN over UDP does.
    NotAcn,
    /// A layer does not begin with the flags 0x7 and a length.
    Head {
        /// Which one.
        layer: Layer,
        /// What is there instead.
        found: u16,
    },
    /// A layer of a kind that E1.31 does not have.
    Vector {
        /// Which one.
        layer: Layer,
        /// Its kind.
        found: u32,
    },
    /// Values that are not addressed as those of a universe are: type 0xA1, from 0, in steps of 1.
    Addressing,
    /// No value at all, or more than 513.
    Count(u16),
    /// A universe, or a synchronisation address, that does not exist.
    Universe(u16),
    /// A priority above 200.
    Priority(u8),
    /// A page behind the last one.
    Page {
        /// Its number.
        page: u8,
        /// That of the last one, as it says.
        last: u8,
    },
}

impl fmt::Display for BadSacn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the datagram ends before the sACN packet does"),
            Self::NotAcn => f.write_str("the datagram does not begin as ACN does"),
            Self::Head { layer, found } => write!(f, "flags and length {found:#06x} of the {layer:?} layer"),
            Self::Vector { layer, found } => write!(f, "unknown vector {found:#x} of the {layer:?} layer"),
            Self::Addressing => f.write_str("values that are not addressed as those of a universe"),
            Self::Count(count) => write!(f, "{count} values instead of 1 to 513"),
            Self::Universe(number) => write!(f, "universe {number}: there are 1 to 63999"),
            Self::Priority(number) => write!(f, "priority {number}: there are 0 to 200"),
            Self::Page { page, last } => write!(f, "page {page} behind the last page {last}"),
        }
    }
}
impl core::error::Error for BadSacn {}
impl From<Truncated> for BadSacn {
    fn from(_: Truncated) -> Self {
        Self::Truncated
    }
}

impl<'a> Packet<'a> {
    /// Reads a datagram. Reserved fields and bytes behind the packet are ignored (DMX-2).
    ///
    /// # Errors
    /// [`BadSacn`].
    pub fn decode(datagram: &'a [u8]) -> Result<Self, BadSacn> {
        let (preamble, rest) = datagram.split_first_chunk().ok_or(BadSacn::Truncated)?;
        if *preamble != PREAMBLE {
            return Err(BadSacn::NotAcn);
        }
        let mut root = pdu::take(rest, Layer::Root)?;
        let (vector, cid) = (root.u32_be()?, Cid(root.take()?));
        let mut framing = pdu::take(root.rest(), Layer::Framing)?;
        match (vector, framing.u32_be()?) {
            (ROOT_DATA, vector) => Data::read(framing, vector, cid).map(Self::Data),
            (ROOT_EXTENDED, EXTENDED_SYNC) => Sync::read(framing, cid).map(Self::Sync),
            (ROOT_EXTENDED, EXTENDED_DISCOVERY) => Discovery::read(framing, cid).map(Self::Discovery),
            (ROOT_EXTENDED, found) => Err(BadSacn::Vector { layer: Layer::Framing, found }),
            (found, _) => Err(BadSacn::Vector { layer: Layer::Root, found }),
        }
    }
    /// Who sent it.
    pub const fn cid(&self) -> Cid {
        match self {
            Self::Data(data) => data.cid,
            Self::Sync(sync) => sync.cid,
            Self::Discovery(discovery) => discovery.cid,
        }
    }
}

/// Which kind of packet to begin.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Data,
    Sync,
    Discovery,
}

/// Writes everything up to the framing layer's vector for a datagram of `len` bytes.
pub(super) fn begin(w: &mut Writer<'_>, kind: Kind, cid: Cid, len: usize) -> Result<(), Truncated> {
    let (root, framing) = match kind {
        Kind::Data => (ROOT_DATA, Data::VECTOR),
        Kind::Sync => (ROOT_EXTENDED, EXTENDED_SYNC),
        Kind::Discovery => (ROOT_EXTENDED, EXTENDED_DISCOVERY),
    };
    w.put(&PREAMBLE)?;
    pdu::put(w, len - PREAMBLE.len())?;
    w.u32_be(root)?;
    w.put(&cid.0)?;
    pdu::put(w, len - PREAMBLE.len() - ROOT_LEN)?;
    w.u32_be(framing)
}

/// Reads a universe or a synchronisation address that must be there.
pub(super) fn universe(r: &mut Reader<'_>) -> Result<Universe, BadSacn> {
    let number = r.u16_be()?;
    Universe::new(number).ok_or(BadSacn::Universe(number))
}
