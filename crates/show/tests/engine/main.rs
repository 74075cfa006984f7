//! The cue engine, held against a second one that is written to be read, not to be quick (`reference`).
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod commands;
mod edits;
mod effects;
mod merge;
mod patch;
mod properties;
mod reference;
mod restart;
mod rig;
mod scenes;
mod tracking;
