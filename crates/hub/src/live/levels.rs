//! The levels of universes that somebody watches, as the nodes work them out: a universe's part of the score is made ready when the
//! first one watches it, and kept until the last one leaves.

use std::collections::BTreeMap;
use std::fmt::Write;

use cuelight_conductor::Snapshot;
use cuelight_show::{Score, Stage};
use cuelight_wire::cues::ShowDigest;
use cuelight_wire::time::{Show, Time};
use serde_json::{Value, json};

use crate::api::playbacks_at;

/// A universe of the show that is loaded.
#[derive(Debug)]
struct Watched {
    show: ShowDigest,
    score: Score,
    stage: Stage,
}

/// The universes that are watched.
#[derive(Debug, Default)]
pub(super) struct Levels(BTreeMap<u16, Watched>);

impl Levels {
    /// Forgets universes that nobody watches any more.
    pub(super) fn retain(&mut self, is_watched: impl Fn(u16) -> bool) {
        self.0.retain(|universe, _| is_watched(*universe));
    }

    /// The levels of a universe at `now`, two hexadecimal digits a slot; nothing where no show has it.
    pub(super) fn state(&mut self, universe: u16, snapshot: &Snapshot, now: Time<Show>) -> Value {
        let Some(program) = &snapshot.cues.program else {
            self.0.remove(&universe);
            return json!({});
        };
        let watched = self.0.entry(universe).or_insert_with(|| Watched::of(program, universe));
        if watched.show != program.id.sha256 {
            *watched = Watched::of(program, universe);
        }
        // What is announced holds in a moment.
        let playbacks = playbacks_at(&snapshot.cues, program, now);
        let Watched { score, stage, .. } = watched;
        let levels = stage.levels(score, &playbacks, &snapshot.master, &snapshot.tempo, now);
        let Some(levels) = levels.get(universe) else { return json!({}) };
        let mut text = String::with_capacity(2 * levels.len());
        for level in levels {
            let _ = write!(text, "{level:02x}");
        }
        json!({ "levels": text })
    }
}

impl Watched {
    fn of(program: &cuelight_conductor::Program, universe: u16) -> Self {
        let score = Score::for_universes(&program.show, |number| number == universe);
        Self { show: program.id.sha256, stage: Stage::new(&score), score }
    }
}
