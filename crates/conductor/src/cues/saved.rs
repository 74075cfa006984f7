//! What of the cues survives a restart (CUE-8).

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use cuelight_show::{CueNumber, ListNumber, Playbacks};
use cuelight_wire::control::HexPayload;
use cuelight_wire::cues::{CueStep, Deed, ShowId};
use cuelight_wire::ids::Revision;
use cuelight_wire::limits::MAX_ZONES;
use cuelight_wire::scene::{FullState, Layer, Scene};
use cuelight_wire::stream::full_state;
use cuelight_wire::time::Time;
use serde::{Deserialize, Serialize};

use super::scenes::{Shown, target_of, told};
use super::{Cues, Program};

/// The cues as they are saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedCues {
    /// The show that is loaded.
    pub show: Option<ShowId>,
    /// The number of the newest step.
    pub number: u32,
    /// The number of the change it was.
    pub rev: Revision,
    /// From when it holds, microseconds of show time.
    pub from_us: i64,
    /// What the lists do, as it left them.
    pub playbacks: Playbacks,
    /// Scenes that cues have put in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenes: Vec<SavedScene>,
}

/// A scene that a cue has put in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedScene {
    /// Whose: `show`, `group:NAME`, `node:NAME`.
    pub target: String,
    /// The list.
    pub list: ListNumber,
    /// The cue.
    pub cue: CueNumber,
    /// From when, microseconds of show time.
    pub at_us: i64,
    /// The change it became.
    pub rev: Option<Revision>,
    /// What comes back when the list lets go: a full state of one layer.
    pub before: HexPayload,
}

impl Cues {
    /// What survives a restart; nothing before the first show was loaded.
    pub(crate) fn saved(&self) -> Option<SavedCues> {
        let step = self.steps.last()?;
        let scene = |shown: &Shown| SavedScene {
            target: told(&shown.target),
            list: shown.list,
            cue: shown.cue,
            at_us: shown.at.as_us(),
            rev: shown.rev,
            before: payload(&shown.before),
        };
        Some(SavedCues {
            show: self.program.as_ref().map(|program| program.id).or(self.wanted),
            number: self.number,
            rev: step.rev,
            from_us: step.at.as_us(),
            playbacks: (*self.playbacks).clone(),
            scenes: self.shown.iter().map(scene).collect(),
        })
    }
    /// Takes back what was saved. The show itself comes by [`Self::handle_program`].
    pub(crate) fn restore(&mut self, saved: SavedCues) {
        let SavedCues { show, number, rev, from_us, playbacks, scenes } = saved;
        let step = CueStep { rev, at: Time::from_us(from_us), deed: Deed::Whole };
        (self.number, self.wanted) = (number, show);
        self.steps.clear();
        self.steps.push(step).expect("there is room");
        self.walk.clone_from(&playbacks);
        self.playbacks = Arc::new(playbacks);
        self.shown = scenes.iter().filter_map(shown).collect();
        self.look_at = Some(step.at);
        self.encode();
    }
    /// The show that was saved as loaded, until it is given.
    pub(crate) fn wanted(&self) -> Option<ShowId> {
        self.wanted
    }
    /// The show that was saved as loaded is ready, or cannot be read. Returns whether it is the one.
    pub(crate) fn handle_program(&mut self, program: Option<Program>) -> bool {
        let wanted = self.wanted.take();
        self.program = program.filter(|program| wanted == Some(program.id));
        let is_there = self.program.is_some() || wanted.is_none();
        if !is_there {
            // Nodes have it and would go on: they are told that it is played no more.
            let step = self.steps.last().copied();
            let (rev, at) = step.map_or((Revision::default(), Time::ZERO), |step| (step.rev, step.at));
            let _ = self.reach(Playbacks::default(), CueStep { rev, at, deed: Deed::Whole });
        } else if !self.steps.is_empty() {
            self.encode();
        }
        is_there
    }
}

fn payload(scene: &Scene) -> HexPayload {
    let layer = Layer {
        rev: Revision(1),
        at: Time::ZERO,
        fade_ms: 0,
        scene: scene.clone(),
        phase: 0,
        zone_phases: [0; MAX_ZONES],
    };
    let state = FullState { layers: [layer].into_iter().collect(), ..FullState::default() };
    let mut bytes = heapless::Vec::new();
    bytes.resize_default(full_state::MAX_LEN).expect("MAX_LEN is the capacity");
    let len = full_state::encode(&state, &mut bytes).expect("MAX_LEN is always enough");
    bytes.truncate(len);
    HexPayload(bytes)
}

/// A scene as it was saved; nothing for one that cannot be read, which then does not come back.
fn shown(saved: &SavedScene) -> Option<Shown> {
    let state = full_state::decode(&saved.before.0).ok()?;
    Some(Shown {
        target: target_of(&saved.target)?,
        list: saved.list,
        cue: saved.cue,
        at: Time::from_us(saved.at_us),
        rev: saved.rev,
        before: state.layers.first()?.scene.clone(),
    })
}
