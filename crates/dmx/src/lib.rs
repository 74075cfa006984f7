//! Lighting codecs: DDP.
//!
//! The crate decides nothing about a show: it turns pixel bytes into packets and packets into pixel bytes. It allocates
//! nothing, reads no clock, does no I/O and builds for bare metal. Golden bytes are in `vectors/`.
#![no_std]

pub mod ddp;
