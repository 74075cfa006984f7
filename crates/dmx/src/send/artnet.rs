//! A universe sent by Art-Net.

use cuelight_wire::time::{Local, Time};

use super::cadence::Cadence;
use super::{Rate, Slots};
use crate::artnet::{Dmx, PortAddress, Sequence};

/// A universe that is sent. To whom is its owner's business: Art-Net 4 wants unicast to those that ask for the universe
/// ([`crate::presence::Controller::receivers_of`]). It has no end of its own: receivers notice after 10 s.
#[derive(Clone, Debug)]
pub struct ArtNetStream {
    port_address: PortAddress,
    physical: u8,
    sequence: Sequence,
    levels: Slots,
    cadence: Cadence,
}

impl ArtNetStream {
    /// Says nothing until levels are given. `physical` tells apart two streams of one machine to one universe.
    pub const fn new(port_address: PortAddress, physical: u8, rate: Rate) -> Self {
        let (sequence, levels, cadence) = (Sequence::FIRST, Slots::NONE, Cadence::new(rate));
        Self { port_address, physical, sequence, levels, cadence }
    }
    /// Its universe.
    pub const fn port_address(&self) -> PortAddress {
        self.port_address
    }
    /// The levels from now on, from slot 1 on; at most 512.
    pub fn handle_levels(&mut self, levels: &[u8]) {
        let is_new = self.levels.set(levels);
        if is_new || !self.cadence.has_begun() {
            self.cadence.renew();
        }
    }
    /// Somebody gets the levels who did not before: they are new to it, and said again with the next frame.
    pub fn handle_newcomer(&mut self) {
        if self.cadence.has_begun() {
            self.cadence.renew();
        }
    }
    /// The datagram, if one is due, written to the front of `buf`: its length.
    pub fn poll_transmit(&mut self, buf: &mut [u8; Dmx::MAX_LEN], now: Time<Local>) -> Option<usize> {
        if !self.cadence.is_due(now) {
            return None;
        }
        self.cadence.handle_sent(now);
        let (sequence, slots) = (self.sequence, self.levels.get());
        self.sequence = self.sequence.next();
        let dmx = Dmx { sequence, physical: self.physical, port_address: self.port_address, slots };
        Some(dmx.encode(buf).expect("the buffer holds the longest datagram"))
    }
    /// When [`poll_transmit`](Self::poll_transmit) finds it due next, unless something new is said; an instant that is past:
    /// now.
    pub fn poll_timeout(&self) -> Option<Time<Local>> {
        self.cadence.due_at()
    }
}
