//! The golden vectors, read and written: every vector's bytes give its fields, and its fields give its bytes.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod control;
mod exchange;
mod prism;
mod seal;
mod stream;
mod tlv;
mod vector;
