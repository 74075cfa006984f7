//! The scenes of the LED side that cues show, for the hub to put in force.

use alloc::vec::Vec;

use cuelight_wire::scene::Scene;
use cuelight_wire::time::{Show, Span, Time};

use crate::cue::SceneTarget;
use crate::list::ListNumber;
use crate::number::CueNumber;
use crate::playback::{Playbacks, Run};
use crate::score::{SceneSource, Score, Tracked};

/// A scene that a cue shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneNow {
    /// Who shows it.
    pub target: SceneTarget,
    /// What is shown.
    pub scene: Scene,
    /// The list.
    pub list: ListNumber,
    /// The cue that brought it.
    pub cue: CueNumber,
    /// From when it holds: the start of the cue and its delay.
    pub at: Time<Show>,
    /// How long it fades in, milliseconds.
    pub fade_ms: u32,
}

/// The scenes in force or announced, in rising order of targets: for each target that of the list that moved it last.
///
/// A list that lets go of a target leaves it to the others; the hub's own scene shows where none is left.
pub fn scenes(score: &Score, playbacks: &Playbacks) -> Vec<SceneNow> {
    let mut all: Vec<SceneNow> = Vec::new();
    for playback in playbacks.lists() {
        let Some(list) = score.list(playback.list) else { continue };
        let mut shown: Vec<SceneNow> = Vec::new();
        let mut before: &[SceneSource] = &[];
        for run in &playback.runs {
            let index = run.cue.and_then(|cue| list.index_of(cue));
            let sources = index.map_or(&[][..], |index| list.cues[index].scenes.as_slice());
            let is_assert = index.is_some_and(|index| list.cues[index].is_assert);
            shown.retain(|now| sources.iter().any(|source| source.target == now.target));
            for source in sources.iter().filter(|source| is_assert || !before.contains(source)) {
                shown.retain(|now| now.target != source.target);
                shown.push(begun(list, run, source, playback.held));
            }
            before = sources;
        }
        all.extend(shown);
    }
    all.sort_by(|a, b| (&a.target, b.at, b.list).cmp(&(&b.target, a.at, a.list)));
    all.dedup_by(|later, kept| later.target == kept.target);
    all
}

fn begun(list: &Tracked, run: &Run, source: &SceneSource, held: Span) -> SceneNow {
    let timing = run.timing(list);
    let paused = held - run.held;
    // A pause before the scene's own start puts it off; later the nodes fade on without the hub.
    let delay = Span::from_ms(timing.delay_up_ms.into());
    let at = run.started_at + delay + if delay > Span::ZERO { paused } else { Span::ZERO };
    SceneNow {
        target: source.target.clone(),
        scene: source.scene.clone(),
        list: list.number,
        cue: source.cue,
        at,
        fade_ms: timing.fade_up_ms,
    }
}
