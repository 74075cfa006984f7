//! The hub process: it conducts the nodes of one show.
//!
//! | module | is |
//! |---|---|
//! | `accounts` | people, roles, keys, sessions: who may do what |
//! | `audit` | who did what: a log that shows whether somebody touched it |
//! | `access_point` | the show's own network: radio, addresses |
//! | `tick` | the thread that owns the conductor and the stream |
//! | `stream` | the datagrams of one tick, from the conductor to the network |
//! | `exchange` | the thread that answers the time exchange |
//! | `keeper` | the thread that saves and logs |
//! | `front`, `api`, `session` | HTTP and control connections, on one runtime thread |
//! | `tls` | whose certificates connections are shown |
//! | `pairing` | which nodes belong to the show |
//! | `inbox`, `shared` | what goes in to the tick thread, and what is seen of it |
//! | `live` | views and pictures that are kept up to date for whoever watches |
//! | `patterns`, `distribution` | the patterns it has, and how far each node has come with them |
//! | `receivers` | programs that follow over HTTP, and commands to one of them |
//! | `shows` | the show files it has |
//! | `images` | the images it has for its nodes |
//! | `chronicle` | what is kept of what has happened: commands, figures of the nodes |
//! | `revisions` | documents as they were after each change |
//! | `database` | SQLite: documents and registrations, the log of commands, figures of the nodes |
//! | `events` | what has happened, for programs that follow the show |
//! | `store` | the data folder |
//! | `registry` | the nodes that have joined, kept beside the state file |
//! | `backup` | the data folder in one file, and back |
//! | `start`, `open` | starting and stopping |
//!
//! Implements `docs/protocol/15-trust.md`, `20-control.md`, `30-stream.md`, `40-time-exchange.md`, `70-hub.md`,
//! `75-access-point.md`, `90-updates.md` and `97-cues.md` on the hub's side.

pub mod access_point;
mod accounts;
mod api;
pub mod audit;
pub mod backup;
mod chronicle;
mod database;
mod distribution;
mod error;
mod events;
mod exchange;
mod front;
mod images;
mod inbox;
mod keeper;
mod live;
mod open;
mod origin;
mod pairing;
mod patterns;
mod receivers;
mod registry;
mod revisions;
mod session;
mod settings;
mod shared;
mod shows;
mod start;
mod store;
mod stream;
#[cfg(test)]
mod testing;
mod tick;
mod tls;
mod uploads;

pub use api::openapi;
pub use database::OpenError as OpenDatabaseError;
pub use error::HubError;
pub use settings::HubSettings;
pub use start::run;
pub use store::FolderError;
pub use stream::send_tick;
pub use tls::{TlsError, TlsFiles, TlsSettings};
