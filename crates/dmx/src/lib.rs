//! Lighting: codecs of sACN (E1.31), Art-Net 4 and DDP, and the machines around them.
//!
//! The codecs turn levels and pixels into packets and packets into levels and pixels; golden bytes are in `vectors/`. The
//! machines know what the standards want of a receiver ([`universe`], [`receive`]) and of a sender ([`send`]), which source a
//! slot obeys ([`merge`]), and who is there ([`presence`]). The crate allocates nothing, reads no clock, does no I/O and builds for bare metal.
#![no_std]

#[cfg(test)]
extern crate std;

pub mod artnet;
pub mod ddp;
pub mod merge;
pub mod presence;
pub mod priority;
pub mod range;
pub mod receive;
pub mod sacn;
pub mod send;
pub mod text;
pub mod universe;

/// Slots of a universe at most.
pub const MAX_SLOTS: usize = 512;
