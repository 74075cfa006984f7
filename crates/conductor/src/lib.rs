//! What a hub decides: who is in the show, what each node shows, and which datagrams leave in each tick.
//!
//! [`Conductor`] is one machine without clock, I/O or randomness: inputs are `handle_*`, outputs `poll_*`, `now` is the
//! last argument and never read inside, session tokens come from the caller. The shell in `cuelight-hub` owns sockets
//! and timers, the simulator drives the same machine in virtual time.
//!
//! | module | decides |
//! |---|---|
//! | `clock` | show time: one offset over the hub's own clock, carried on over a restart |
//! | `roster` | who is in the show and how well each node does (`docs/protocol/60-roster.md`) |
//! | `track` | which scenes a node shows and is about to show; announced changes are never retracted |
//! | `show` | which tracks a command for the show, a group or a node touches, and its one applyAt |
//! | `cues` | what is played of a show, the steps that nodes follow, which scenes cues put in force |
//! | `fanout` | the datagrams of a tick, for Cuelight nodes and for deployed ones |
//! | `rollout` | which node is updated next, whether it has proven itself, when to stop |
//! | `conductor` | the machine that puts these together |
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod clock;
mod command;
mod conductor;
mod config;
mod cues;
mod edit;
mod event;
mod fanout;
pub mod rollout;
mod roster;
mod saved;
mod show;
mod snapshot;
mod tempo;
mod track;

pub use clock::ShowClock;
pub use command::{Answer, BadCommandId, Command, CommandError, CommandId, NodeRef, Scope, Start};
pub use conductor::{Conductor, ConnId, Outgoing, Transmit};
pub use config::Config;
pub use cues::{CuesSnapshot, Load, Program, SavedCues, SavedScene};
pub use edit::SceneEdit;
pub use event::{Event, LostWhy, What};
pub use roster::{State, Why};
pub use saved::{Saved, SavedGroup, SavedNode};
pub use snapshot::{GroupSnapshot, NodeSnapshot, SceneSnapshot, Snapshot, TickFigures, Totals};
