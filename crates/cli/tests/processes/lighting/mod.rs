//! sACN and Art-Net with programs that nobody here wrote on the other end of the network.
//!
//! Everything runs in a network namespace of its own, so that ports and groups are nobody else's.

mod forward;
mod node;
mod ola;
mod python;
mod seclusion;
mod words;
