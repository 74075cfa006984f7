//! Who is in the show, and how well each node does.
pub(crate) mod state;
pub use state::{State, Why};
