//! `/api/v1/cues`: what is played of a show, orders to its lists, why a slot is as it is, edits; and whom slots obey.
//!
//! Everything that is shown is worked out from the snapshot by whoever asks; nothing waits for the tick thread but orders.

pub(super) mod edit;
pub(super) mod order;
pub(super) mod slots;
pub(super) mod view;
pub(super) mod why;

use cuelight_show::{CueNumber, ListNumber};

use super::Problem;

/// Whether a request may have to resolve a whole show.
pub(super) fn resolves_a_show(path: &str) -> bool {
    path == "/api/v1/show/file" || path.starts_with("/api/v1/cues/") || path.starts_with("/api/v1/universes/")
}

pub(super) fn none_loaded() -> Problem {
    Problem::not_found("no show is loaded: PUT a show file to /api/v1/show/file, or use cuelight cue load FILE")
}

pub(super) fn interrupted() -> Problem {
    Problem::unavailable("the hub could not finish it; the log says why")
}

/// The number of a list, as a part of an address.
fn list_number(text: &str) -> Result<ListNumber, Problem> {
    text.parse().map(ListNumber).map_err(|_| Problem::not_found(format!("\"{text}\" is no number of a cue list")))
}

/// The number of a cue.
fn cue_number(text: &str) -> Result<CueNumber, Problem> {
    text.parse().map_err(|bad| Problem::unprocessable(format!("cue \"{text}\": {bad}")))
}
