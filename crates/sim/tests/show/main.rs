//! Whole shows in virtual time: the machines that ship, on clocks up to 1000 s and 100 ppm apart.
#![allow(clippy::unwrap_used, reason = "test code; the exemption of clippy.toml covers only functions with #[test]")]

mod changes;
mod cues;
mod failures;
mod groups;
mod hostile;
mod join;
mod judge;
mod legacy;
mod patterns;
mod script;
