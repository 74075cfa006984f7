//! Lighting codecs: sACN (E1.31), Art-Net 4, DDP.
//!
//! The codecs decide nothing about a show: they turn levels and pixels into packets and packets into levels and pixels.
//! The crate allocates nothing, reads no clock, does no I/O and builds for bare metal. Golden bytes are in `vectors/`.
#![no_std]

#[cfg(test)]
extern crate std;

pub mod artnet;
pub mod ddp;
pub mod priority;
pub mod sacn;
pub mod text;

/// Slots of a universe at most.
pub const MAX_SLOTS: usize = 512;
