//! Patterns on disk, and over the network.
//!
//! | module | is |
//! |---|---|
//! | `store` | a folder of patterns that survives a power cut at any point |
//! | `client` | talks to a store, Cuelight's or a deployed device's |
//! | `service` | takes uploads into a store: two clients at once, over WebSockets |
//!
//! Implements `docs/protocol/80-patterns.md`.

pub mod client;
pub mod service;
pub mod store;
