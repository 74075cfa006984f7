//! The service over real sockets on loopback.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod hostile;
mod limits;
mod orders;
mod support;
mod upload;
