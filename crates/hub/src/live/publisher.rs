//! The thread that keeps the board: every view that is watched, ten times a second, made once for all who watch it (LIVE-2).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::board::News;
use super::levels::Levels;
use super::patch::{between, without_nulls};
use super::view::{Moment, View};
use crate::shared::Shared;

/// As often as there are snapshots.
const PERIOD: Duration = Duration::from_millis(100);

/// Runs until the hub stops.
pub(super) fn publish(shared: &Shared) {
    let board = &shared.live.board;
    let mut levels = Levels::default();
    let mut known: BTreeMap<View, (u64, Value)> = BTreeMap::new();
    let mut next = Instant::now();
    while let Some(wanted) = board.wait(next) {
        next = Instant::now() + PERIOD;
        known.retain(|view, _| wanted.contains_key(view));
        levels.retain(|universe| wanted.contains_key(&View::Universe(universe)));
        let snapshot = shared.snapshot.load_full();
        for (view, is_whole_wanted) in wanted {
            let state = without_nulls(view.state(&snapshot, shared, &mut levels));
            let moment = Moment::now(shared, &snapshot);
            let (number, patch) = match known.get(&view) {
                None => (1, None),
                Some((number, old)) => match between(old, &state) {
                    Some(patch) => (number + 1, Some(patch)),
                    None => (*number, None),
                },
            };
            let delta = patch.map(|patch| moment.message("delta", view, number, "patch", &patch));
            let whole = is_whole_wanted.then(|| moment.message("snapshot", view, number, "state", &state));
            if delta.is_some() || whole.is_some() {
                board.put_up(view, News { number, delta, whole });
            }
            known.insert(view, (number, state));
        }
        board.tell();
    }
}
