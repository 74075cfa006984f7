//! The hub process: it conducts the nodes of one show.
//!
//! | module | is |
//! |---|---|
//! | `tick` | the thread that owns the conductor and the stream |
//! | `exchange` | the thread that answers the time exchange |
//! | `keeper` | the thread that saves and logs |
//! | `api`, `session` | HTTP and control connections, on one runtime thread |
//! | `inbox`, `shared` | what goes in to the tick thread, and what is seen of it |
//! | `store` | the data folder |
//!
//! Implements `docs/protocol/20-control.md`, `30-stream.md` and `40-time-exchange.md` on the hub's side.

mod api;
mod exchange;
mod inbox;
mod keeper;
mod session;
mod settings;
mod shared;
mod start;
mod store;
mod tick;

pub use settings::HubSettings;
pub use start::{HubError, run};
pub use store::FolderError;
