//! Clock synchronisation: what time it is on the hub, and how surely.
//!
//! Decides when to ask, which answers to believe, and which map from the local clock to show time a node uses.
//! Promises: the map is monotone and never steps while it is usable; its rate stays within the profile's limit; the
//! published bound contains the true show time as long as delays are not negative, the oscillator stays within the
//! profile's limits and nobody lies. Implements `docs/protocol/40-time-exchange.md` (SYNC-1 to SYNC-12).
//!
//! | file | idea |
//! |---|---|
//! | [`exchange`] | four timestamps, and which of them cannot be true |
//! | [`client`], `probe`, [`server`] | asking and answering, transmit stamps that arrive one pong later |
//! | `source` | measuring one hub's clock with stages 1 to 3 |
//! | `window`, `leg`, `hull`, `floor` | stage 1: per-direction delay floors, and limits that need no statistics |
//! | `trend` | stage 1: the lines between the floors, and how sure they are |
//! | `kalman` | stage 2: two-state filter on the round-trip midpoint |
//! | `select` | stage 3: which of the two to believe |
//! | `timeline`, [`map`] | stage 4: the slewed output map |
//! | [`lock`] | lock, degrade, hold over, unlock |
//! | [`estimator`] | the stages in order |
//! | `round_trips` | how the newest questions fared, for whoever looks for what is wrong with a path |

pub mod client;
pub mod counters;
pub mod estimator;
pub mod exchange;
pub mod figures;
pub mod lock;
pub mod map;
pub mod profile;
pub mod server;

mod estimate;
mod floor;
mod hull;
mod kalman;
mod leg;
mod number;
mod probe;
mod round_trips;
mod select;
mod source;
mod timeline;
mod trend;
mod window;

pub use client::SyncClient;
pub use counters::{BadCounters, PongDrop, SyncCounters};
pub use estimator::Estimator;
pub use exchange::{Exchange, Verdict};
pub use figures::Figures;
pub use lock::{Evidence, SyncState};
pub use map::ClockMap;
pub use profile::Profile;
pub use round_trips::Reach;
pub use server::{Answer, PingDrop, SyncServer};
