//! ArtPoll: who is there?

use cuelight_wire::bytes::{Reader, Truncated, Writer};

use super::packet::{self, BadArtNet, OpCode};
use super::port_address::PortAddress;

/// How a node is to answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PollFlags(u8);

impl PollFlags {
    /// Answer this poll and no more.
    pub const NONE: Self = Self(0);
    /// Answer again whenever something changes.
    pub const REPLY_ON_CHANGE: Self = Self(0x02);
    /// Send me diagnostics.
    pub const DIAGNOSTICS: Self = Self(0x04);
    /// Send them to me alone.
    pub const DIAGNOSTICS_UNICAST: Self = Self(0x08);
    /// Keep visible light communication off.
    pub const NO_VLC: Self = Self(0x10);

    // Whether the poll is targeted is not among them: that is so exactly when it has targets.
    const TARGETED: u8 = 0x20;
    const ALL: u8 = 0x1E;

    /// Whether every flag of `other` is set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    /// The flags of both.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Only nodes that have a universe of this range are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Targets {
    /// The first.
    pub bottom: PortAddress,
    /// The last.
    pub top: PortAddress,
}

/// An ArtPoll packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// How to answer.
    pub flags: PollFlags,
    /// The least severe diagnostics that are wanted.
    pub diagnostics_from: u8,
    /// Who is asked; `None`: everybody.
    pub targets: Option<Targets>,
    /// The controller's manufacturer.
    pub esta: u16,
    /// The controller's kind.
    pub oem: u16,
}

impl Poll {
    /// Bytes of a datagram.
    pub const LEN: usize = 22;

    /// Whether a node with this universe is asked.
    pub fn asks_for(&self, port_address: PortAddress) -> bool {
        self.targets.is_none_or(|targets| (targets.bottom..=targets.top).contains(&port_address))
    }

    /// The first 14 bytes must be there, as every version of Art-Net has them; the rest is 0 where it is missing.
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, BadArtNet> {
        let [flags, diagnostics_from] = r.take()?;
        let mut number = || r.u16_be().unwrap_or_default();
        let (top, bottom, esta, oem) = (number(), number(), number(), number());
        let address = |number| PortAddress::new(number).ok_or(BadArtNet::PortAddress(number));
        let is_targeted = flags & PollFlags::TARGETED != 0;
        let targets = if is_targeted { Some(Targets { bottom: address(bottom)?, top: address(top)? }) } else { None };
        Ok(Self { flags: PollFlags(flags & PollFlags::ALL), diagnostics_from, targets, esta, oem })
    }

    /// Writes the datagram to the front of `buf`, returns its length, 22 bytes.
    ///
    /// # Errors
    /// When `buf` is shorter than that.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, Truncated> {
        let w = &mut Writer::new(buf);
        packet::begin(w, OpCode::POLL)?;
        let targeted = if self.targets.is_some() { PollFlags::TARGETED } else { 0 };
        w.put(&[self.flags.0 | targeted, self.diagnostics_from])?;
        w.u16_be(self.targets.map_or(0, |targets| targets.top.number()))?;
        w.u16_be(self.targets.map_or(0, |targets| targets.bottom.number()))?;
        w.u16_be(self.esta)?;
        w.u16_be(self.oem)?;
        Ok(w.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Packet;
    use super::*;

    fn any_poll() -> impl Strategy<Value = Poll> {
        let targets = prop::option::of((0..=0x7FFF_u16, 0..=0x7FFF_u16));
        (any::<u8>(), any::<u8>(), targets, any::<u16>(), any::<u16>()).prop_map(|(flags, from, targets, esta, oem)| {
            let address = |number| PortAddress::new(number).unwrap();
            let targets = targets.map(|(bottom, top)| Targets { bottom: address(bottom), top: address(top) });
            Poll { flags: PollFlags(flags & PollFlags::ALL), diagnostics_from: from, targets, esta, oem }
        })
    }

    proptest! {
        /// DMX-6, DMX-7
        #[test]
        fn a_poll_is_read_back_and_polls_of_older_versions_are_polls(poll in any_poll(), cut in 0..Poll::LEN) {
            let mut buf = [0xEE; Poll::LEN];
            prop_assert_eq!(poll.encode(&mut buf), Ok(Poll::LEN));
            prop_assert_eq!(Packet::decode(&buf), Ok(Packet::Poll(poll)));
            match Packet::decode(&buf[..cut]) {
                Ok(Packet::Poll(read)) => {
                    prop_assert!(cut >= 14);
                    prop_assert_eq!((read.flags, read.diagnostics_from), (poll.flags, poll.diagnostics_from));
                }
                other => {
                    prop_assert!(cut < 14);
                    prop_assert_eq!(other, Err(BadArtNet::Truncated));
                }
            }
        }
    }

    #[test]
    fn a_targeted_poll_asks_for_its_range_alone() {
        let address = |number| PortAddress::new(number).unwrap();
        let targets = Some(Targets { bottom: address(16), top: address(31) });
        let poll = Poll { flags: PollFlags::NONE, diagnostics_from: 0, targets, esta: 0, oem: 0 };
        let asked = [15, 16, 31, 32].map(|number| poll.asks_for(address(number)));
        assert_eq!(asked, [false, true, true, false]);
        assert!(Poll { targets: None, ..poll }.asks_for(address(0)));
    }
}
