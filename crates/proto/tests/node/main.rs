//! The node role against a hub of a few lines, in virtual time.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod changes;
mod deployed;
mod robustness;
mod session;
mod world;
