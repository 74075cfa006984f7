//! A show of real processes, measured from outside.
//!
//! The demo and the lab start hubs and nodes, let things happen to them, and judge what they recorded. Nothing here asks a
//! process how well it does: figures follow from the records of all processes (`docs/operations/record-format.md`) and from
//! what was injected (HUB-9).
//!
//! | module | is |
//! |---|---|
//! | [`process`] | one process of a show: started, stopped, killed, never left behind |
//! | [`hub_api`] | the few calls a measured show makes to its hub |
//! | [`watch`] | waiting for something to become true |
//! | [`universes`] | a receiver of universes, which stamps what it gets |
//! | [`machine`] | whether the machine itself stood still |
//! | [`record`] | what a process recorded |
//! | [`follow`] | the same while it records, for as long as one likes |
//! | [`figures`], [`quantiles`] | what follows from records |
//! | [`verdict`] | a figure against its limit |
//! | [`marked`] | the generated part of a page |

pub mod figures;
pub mod follow;
pub mod hub_api;
pub mod machine;
pub mod marked;
pub mod process;
pub mod quantiles;
pub mod record;
pub mod universes;
pub mod verdict;
pub mod watch;
