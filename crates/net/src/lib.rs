//! Where Cuelight meets the machine it runs on: sockets with kernel timestamps, clocks, precise timers, real-time
//! priority, the JSON text of the control plane, its WebSocket client, mDNS, the machine's own addresses.
//!
//! This crate decides nothing about a show. It turns what the operating system offers into the types of `cuelight-wire`
//! and into CLOCK_MONOTONIC nanoseconds, and says plainly what the system refused. Linux only.
//!
//! Every instant that leaves this crate as a raw `mono_ns` is CLOCK_MONOTONIC; [`clock::LocalClock`] makes it the typed
//! local time of the protocol machines.

pub mod addresses;
pub mod carrier;
pub mod clock;
pub mod identity;
pub mod json;
pub mod mdns;
pub mod origin;
pub mod process;
pub mod realtime;
pub mod stamps;
pub mod timer;
pub mod udp;
pub mod wake;
pub mod ws;
