//! Patterns on disk, and over the network.
//!
//! | module | is |
//! |---|---|
//! | `store` | a folder of patterns that survives a power cut at any point |
//!
//! Implements `docs/protocol/80-patterns.md`.

pub mod store;
