//! What every connection and request sees of the hub.

use std::sync::Arc;

use arc_swap::ArcSwap;
use cuelight_conductor::Snapshot;
use cuelight_net::clock::LocalClock;
use cuelight_wire::time::{Local, Time};
use tokio::sync::Semaphore;

use crate::api::Repeats;
use crate::inbox::Inbox;
use crate::store::OperatorKey;

/// Cheap to clone; holds no lock that the tick thread takes.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    /// The way to the tick thread.
    pub(crate) inbox: Inbox,
    /// The newest snapshot; the tick thread swaps it ten times a second and after each command.
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    /// The hub's clock.
    pub(crate) clock: LocalClock,
    /// Who may command from other machines.
    pub(crate) key: OperatorKey,
    /// Room for control connections.
    pub(crate) connections: Arc<Semaphore>,
    /// Answers to requests that may come again.
    pub(crate) repeats: Repeats,
    /// When the hub started.
    pub(crate) started_at: Time<Local>,
}
