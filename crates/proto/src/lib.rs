//! What a node decides: clock sync, stream, session, as machines without clock or I/O.
#![no_std]

#[cfg(test)]
extern crate std;

pub mod node;
pub mod pattern;
pub mod session;
pub mod stream;
pub mod sync;
