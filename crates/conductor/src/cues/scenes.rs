//! Scenes of LED nodes that cues show: which are to be put in force, and what comes back when a list lets go (CUE-10).

use alloc::string::String;
use alloc::vec::Vec;

use cuelight_show::cue::SceneTarget;
use cuelight_show::scenes::{SceneNow, scenes};
use cuelight_show::{CueNumber, ListNumber};
use cuelight_wire::ids::Revision;
use cuelight_wire::scene::Scene;
use cuelight_wire::time::{Show, Time};

use super::Cues;

/// A scene that a cue has put in force, or announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) target: SceneTarget,
    pub(crate) list: ListNumber,
    pub(crate) cue: CueNumber,
    pub(crate) at: Time<Show>,
    /// The change it became; none where its target is not known.
    pub(crate) rev: Option<Revision>,
    /// What its target showed before the first cue.
    pub(crate) before: Scene,
}

/// What is to be done about scenes.
#[derive(Debug, Default)]
pub(crate) struct ScenesDue {
    /// To be put in force, in the order of their instants.
    pub(crate) begin: Vec<SceneNow>,
    /// Let go of, and how long that takes.
    pub(crate) end: Vec<(Shown, Time<Show>, u32)>,
}

impl Cues {
    /// Whether scenes have to be looked for, up to `until`.
    pub(crate) fn is_look_due(&self, until: Time<Show>) -> bool {
        self.look_at.is_some_and(|at| at <= until)
    }
    /// What begins and what ends up to `until`.
    pub(crate) fn look(&mut self, until: Time<Show>) -> ScenesDue {
        self.look_at = None;
        let Some(program) = &self.program else {
            let at = self.newest_at();
            return ScenesDue { begin: Vec::new(), end: self.shown.drain(..).map(|shown| (shown, at, 0)).collect() };
        };
        self.walk.advance(&program.score, until);
        let now = scenes(&program.score, &self.walk);
        let next_cue = self.walk.next_due(&program.score).map(|(at, _)| at);
        let delayed = now.iter().map(|scene| scene.at).filter(|at| *at > until).min();
        self.look_at = next_cue.into_iter().chain(delayed).min();
        let is_known = |scene: &SceneNow| {
            let is = |shown: &Shown| {
                (&shown.target, shown.list, shown.cue, shown.at) == (&scene.target, scene.list, scene.cue, scene.at)
            };
            self.shown.iter().any(is)
        };
        let mut begin: Vec<_> = now.iter().filter(|scene| scene.at <= until && !is_known(scene)).cloned().collect();
        begin.sort_by_key(|scene| scene.at);
        let mut end = Vec::new();
        let walk = &self.walk;
        self.shown.retain(|shown| {
            let is_held = now.iter().any(|scene| scene.target == shown.target);
            if !is_held {
                let run = walk.list(shown.list).and_then(|playback| playback.runs.last());
                let at = run.map_or(until, |run| run.started_at);
                end.push((shown.clone(), at, run.and_then(|run| run.fade_ms).unwrap_or(0)));
            }
            is_held
        });
        ScenesDue { begin, end }
    }
    /// A scene was put in force as change `rev`, over `before`.
    pub(crate) fn note_shown(&mut self, scene: &SceneNow, rev: Option<Revision>, before: Scene) {
        let SceneNow { target, list, cue, at, .. } = scene.clone();
        match self.shown.iter_mut().find(|shown| shown.target == target) {
            // What was there before the first cue comes back, not what was there before this one.
            Some(shown) => (shown.list, shown.cue, shown.at, shown.rev) = (list, cue, at, rev),
            None => self.shown.push(Shown { target, list, cue, at, rev, before }),
        }
    }
}

/// The target as people write it.
pub(crate) fn told(target: &SceneTarget) -> String {
    match target {
        SceneTarget::Show => "show".into(),
        SceneTarget::Group(name) => alloc::format!("group:{name}"),
        SceneTarget::Node(name) => alloc::format!("node:{name}"),
    }
}

/// A target as it was written.
pub(crate) fn target_of(text: &str) -> Option<SceneTarget> {
    match text.split_once(':') {
        None if text == "show" => Some(SceneTarget::Show),
        Some(("group", name)) => Some(SceneTarget::Group(name.into())),
        Some(("node", name)) => Some(SceneTarget::Node(name.into())),
        _ => None,
    }
}
