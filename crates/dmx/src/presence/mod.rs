//! Who is there: lists of universes over sACN, polls and replies over Art-Net. Implements DMX-40 to DMX-44.

mod controller;
mod listing;
mod random;
mod responder;

pub use controller::{Controller, Node, NodeEvent};
pub use listing::{Desk, DeskEvent, Listing, MAX_DESK_EVENTS, UniverseSet};
pub use responder::{MAX_CONTROLLERS, Port, PortWay, Responder};
