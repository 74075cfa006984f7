//! What travels between Cuelight machines, byte for byte.
//!
//! This crate decides nothing: it gives every message a plain type, an encoder and a decoder. It allocates nothing,
//! reads no clock and builds for bare metal, so firmware, hub, simulator and tests share one definition of the wire.
//! Layouts are specified in `docs/protocol/`; golden bytes are in `vectors/`.
#![no_std]

pub mod beat;
pub mod bytes;
pub mod caps;
pub mod change;
pub mod control;
pub mod cues;
pub mod exchange;
pub mod ids;
pub mod limits;
pub mod line;
pub mod prism;
pub mod scene;
pub mod seal;
pub mod stream;
pub mod time;
pub mod tlv;
pub mod universes;
