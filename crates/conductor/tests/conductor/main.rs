//! The conductor from outside: everything a hub's shell can do to it, in virtual time.

mod commands;
mod health;
mod properties;
mod restart;
mod session;
mod stream;
mod world;
