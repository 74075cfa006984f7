//! The levels of the node's universes, worked out when somebody looks at them, at the pace of a page.

use std::sync::Arc;

use cuelight_proto::sync::ClockMap;
use cuelight_show::{Playing, Stage};
use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::{Local, Span, Time};
use serde::Serialize;

/// Levels are worked out anew this often at most: as often as a page asks, however many look.
const STEP: Span = Span::from_ms(100);

/// What the universes play.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    pub(crate) playing: Option<Playing>,
    pub(crate) master: Master,
    pub(crate) tempo: Tempo,
    pub(crate) map: ClockMap,
}

impl Default for Play {
    fn default() -> Self {
        Self { playing: None, master: Master::DEFAULT, tempo: Tempo::DEFAULT, map: ClockMap::UNKNOWN }
    }
}

/// The levels of one universe, and which there are.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct LevelsView {
    /// Show time of these levels.
    pub(crate) show_us: i64,
    /// The universes there are, rising.
    pub(crate) universes: Vec<u16>,
    /// The one that was asked for, or the first.
    pub(crate) universe: Option<u16>,
    /// Its slots.
    pub(crate) levels: Vec<u8>,
}

/// Works levels out; remembers what makes that quick.
#[derive(Debug, Default)]
pub(crate) struct Levels(Option<Stage>);

impl Levels {
    /// The levels at `now`.
    pub(crate) fn at(&mut self, play: Option<Arc<Play>>, wanted: Option<u16>, now: Time<Local>) -> LevelsView {
        let Some(play) = play else { return LevelsView::default() };
        let Some(playing) = &play.playing else { return LevelsView::default() };
        let show_us = play.map.show_at(now).as_us();
        let at = Time::from_us(show_us - show_us.rem_euclid(STEP.as_us()));
        let stage = self.0.get_or_insert_with(|| Stage::new(&playing.score));
        let universes = stage.levels(&playing.score, &playing.playbacks, &play.master, &play.tempo, at);
        let numbers = universes.numbers().to_vec();
        let universe = wanted.filter(|wanted| numbers.contains(wanted)).or_else(|| numbers.first().copied());
        let levels = universe.and_then(|universe| universes.get(universe)).unwrap_or_default().to_vec();
        LevelsView { show_us: at.as_us(), universes: numbers, universe, levels }
    }
}
