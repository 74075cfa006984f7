//! The conductor from outside: everything a hub's shell can do to it, in virtual time.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod ahead;
mod commands;
mod cues;
mod geometry;
mod health;
mod node_restarts;
mod patterns;
mod properties;
mod restart;
mod session;
mod stream;
mod universes;
mod updates;
mod world;
