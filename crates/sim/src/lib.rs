//! Worlds in virtual time: the link model, drifting clocks, delay profiles; and the charts that show what came of them.
//!
//! Everything here is seeded and reads no clock: the same seed gives the same run. The link model is also used in
//! front of real sockets, where its caller holds each datagram back until the time it is given.

pub mod compare;
pub mod crowd;
pub mod link;
pub mod oscillator;
pub mod plot;
pub mod profiles;
pub mod rng;
pub mod scenario;
pub mod world;
