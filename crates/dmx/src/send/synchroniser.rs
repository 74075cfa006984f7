//! After the levels of a frame: show them now. Implements DMX-34.

use cuelight_wire::time::{Local, Span, Time};

use crate::{artnet, sacn};

/// When the packet after a frame is due.
#[derive(Clone, Copy, Debug)]
struct After {
    delay: Span,
    due_at: Option<Time<Local>>,
}

impl After {
    fn handle_frame(&mut self, now: Time<Local>) {
        // A frame that comes before the packet of the last one does not put it off.
        self.due_at = Some(self.due_at.unwrap_or(now + self.delay));
    }
    fn take(&mut self, now: Time<Local>) -> bool {
        let is_due = self.due_at.is_some_and(|due_at| now >= due_at);
        if is_due {
            self.due_at = None;
        }
        is_due
    }
}

/// Sends the synchronisation packets of one address of sACN.
#[derive(Clone, Copy, Debug)]
pub struct SacnSynchroniser {
    cid: sacn::Cid,
    address: sacn::Universe,
    sequence: u8,
    after: After,
}

impl SacnSynchroniser {
    /// For the levels that `cid` sends with this address; `delay` after them, for receivers that need a while to read
    /// (E1.31-2018, 11.2.2).
    pub const fn new(cid: sacn::Cid, address: sacn::Universe, delay: Span) -> Self {
        Self { cid, address, sequence: 0, after: After { delay, due_at: None } }
    }
    /// Where its packets go.
    pub const fn address(&self) -> sacn::Universe {
        self.address
    }
    /// The levels of a frame have been sent, all of them.
    pub fn handle_frame(&mut self, now: Time<Local>) {
        self.after.handle_frame(now);
    }
    /// The datagram, if it is due, written to the front of `buf`: its length.
    pub fn poll_transmit(&mut self, buf: &mut [u8; sacn::Sync::LEN], now: Time<Local>) -> Option<usize> {
        if !self.after.take(now) {
            return None;
        }
        let sync = sacn::Sync { cid: self.cid, sequence: self.sequence, address: self.address };
        self.sequence = self.sequence.wrapping_add(1);
        Some(sync.encode(buf).expect("the buffer is exactly as long"))
    }
    /// When it is due.
    pub const fn poll_timeout(&self) -> Option<Time<Local>> {
        self.after.due_at
    }
}

/// Sends ArtSync, by broadcast.
#[derive(Clone, Copy, Debug)]
pub struct ArtNetSynchroniser {
    after: After,
}

impl ArtNetSynchroniser {
    /// `delay` after the levels.
    pub const fn new(delay: Span) -> Self {
        Self { after: After { delay, due_at: None } }
    }
    /// The levels of a frame have been sent, all of them.
    pub fn handle_frame(&mut self, now: Time<Local>) {
        self.after.handle_frame(now);
    }
    /// The datagram, if it is due, written to the front of `buf`: its length.
    pub fn poll_transmit(&mut self, buf: &mut [u8; artnet::Sync::LEN], now: Time<Local>) -> Option<usize> {
        self.after.take(now).then(|| artnet::Sync.encode(buf).expect("the buffer is exactly as long"))
    }
    /// When it is due.
    pub const fn poll_timeout(&self) -> Option<Time<Local>> {
        self.after.due_at
    }
}
