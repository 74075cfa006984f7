//! Cues: orders and shows come in, scenes of LED nodes go out as ordinary changes (CUE-9, CUE-10).

use cuelight_show::ListNumber;
use cuelight_show::cue::SceneTarget;
use cuelight_show::scenes::SceneNow;
use cuelight_wire::control::Text;
use cuelight_wire::cues::{CueOrder, ShowId};
use cuelight_wire::ids::Revision;
use cuelight_wire::limits::UDP_TICK_PERIOD;
use cuelight_wire::scene::Scene;
use cuelight_wire::time::{Local, Show, Time};

use super::Conductor;
use crate::command::{Answer, CommandError, NodeRef, Scope, Start};
use crate::cues::{Load, Program};
use crate::event::Event;
use crate::show::{SceneChange, whole_us};

impl Conductor {
    /// The show that was saved as loaded, for the shell to read; nothing once it was given.
    pub fn wanted_show(&self) -> Option<ShowId> {
        self.cues.wanted()
    }
    /// The shell has read the show that was saved as loaded, or could not. To be told before the first tick.
    pub fn handle_program(&mut self, program: Option<Program>) {
        if !self.cues.handle_program(program) {
            self.log(Event::SavedIgnored {
                what: "the show file that was loaded cannot be read: its cues are not played",
            });
            self.saved_revision += 1;
        }
    }

    /// An order to a cue list.
    pub(super) fn order(
        &mut self,
        list: ListNumber,
        order: CueOrder,
        now: Time<Local>,
    ) -> Result<Answer, CommandError> {
        let (rev, at) = self.cue_moment(now)?;
        let (cue, at) = self.cues.order(list, order, rev, at)?;
        Ok(Answer { cue, ..self.cue_answer(rev, at, now) })
    }
    /// Another show in place of the one that is played.
    pub(super) fn load(&mut self, load: &Load, now: Time<Local>) -> Result<Answer, CommandError> {
        let (rev, at) = self.cue_moment(now)?;
        let at = self.cues.load(load, rev, at)?;
        Ok(self.cue_answer(rev, at, now))
    }
    /// No show any more.
    pub(super) fn unload(&mut self, now: Time<Local>) -> Result<Answer, CommandError> {
        let (rev, at) = self.cue_moment(now)?;
        let at = self.cues.unload(rev, at)?;
        Ok(self.cue_answer(rev, at, now))
    }
    /// The number of a change of cues that is accepted now, and from when it can hold.
    fn cue_moment(&self, now: Time<Local>) -> Result<(Revision, Time<Show>), CommandError> {
        let moment = self.moment(now, |_| true);
        Ok((self.show.next_rev()?, whole_us(moment.ticks.soonest_at + moment.lead)))
    }
    fn cue_answer(&mut self, rev: Revision, at: Time<Show>, now: Time<Local>) -> Answer {
        self.show.rev = rev;
        let nodes = self.roster.nodes().iter().filter(|node| node.session.is_some()).count();
        let answer = self.answer(rev, at, nodes);
        self.show_scenes(now);
        answer
    }

    /// One tick: scenes of cues that begin within a lead are announced.
    pub(super) fn watch_cues(&mut self, now: Time<Local>) {
        if self.cues.is_look_due(self.look_until(now)) {
            self.show_scenes(now);
        }
    }
    fn show_scenes(&mut self, now: Time<Local>) {
        let due = self.cues.look(self.look_until(now).max(self.cues.newest_at()));
        if !due.begin.is_empty() || !due.end.is_empty() {
            self.saved_revision += 1;
        }
        for (shown, at, fade_ms) in due.end {
            let newest = self.newest_of(&shown.target);
            // A scene that was set since stays.
            if newest.is_some_and(|(rev, _)| Some(rev) == shown.rev) {
                let _ = self.put_scene(&shown.target, &shown.before, fade_ms, at, now);
            }
        }
        for scene in due.begin {
            let SceneNow { target, scene: picture, list, cue, at, fade_ms } = &scene;
            let before = self.newest_of(target).map(|(_, scene)| scene).unwrap_or_default();
            let rev = match self.put_scene(target, picture, *fade_ms, *at, now) {
                Ok(answer) => Some(answer.rev),
                Err(problem) => {
                    self.log(Event::SceneNotShown { list: *list, cue: *cue, problem });
                    None
                }
            };
            self.cues.note_shown(&scene, rev, before);
        }
    }
    /// Scenes up to here are announced: in a tick what is accepted holds from the next one plus a lead on, and what begins
    /// before the one after that would be too late then.
    fn look_until(&self, now: Time<Local>) -> Time<Show> {
        self.clock.show_at(now) + self.lead_over(|_| true) + UDP_TICK_PERIOD.times(2)
    }
    /// Puts a scene in force at an instant, or as soon after it as can be.
    fn put_scene(
        &mut self,
        target: &SceneTarget,
        scene: &Scene,
        fade_ms: u32,
        at: Time<Show>,
        now: Time<Local>,
    ) -> Result<Answer, CommandError> {
        let edit = |old: &mut Scene, _| old.clone_from(scene);
        let change = SceneChange { fade_ms, is_patch: false, start: Start::From(at), edit };
        self.change_scene(&scope_of(target)?, &change, now)
    }
    /// The newest scene of a target, and its change.
    fn newest_of(&self, target: &SceneTarget) -> Option<(Revision, Scene)> {
        let track = match scope_of(target).ok()? {
            Scope::Show => self.show.show,
            Scope::Group(name) => self.show.groups.get(&name)?.track,
            Scope::Node(node) => self.roster.get(self.id_of(&node).ok()?)?.track,
        };
        let newest = self.show.tracks.layers(track).newest();
        Some((newest.rev, newest.scene.clone()))
    }
}

fn scope_of(target: &SceneTarget) -> Result<Scope, CommandError> {
    const LONG: CommandError = CommandError::BadValue { field: "target", problem: "has a name of more than 32 bytes" };
    match target {
        SceneTarget::Show => Ok(Scope::Show),
        SceneTarget::Group(name) => Text::try_from(name.as_str()).map(Scope::Group).map_err(|_| LONG),
        SceneTarget::Node(name) => {
            if let Ok(mac) = name.parse() {
                return Ok(Scope::Node(NodeRef::Mac(mac)));
            }
            if let Ok(id) = name.parse() {
                return Ok(Scope::Node(NodeRef::Id(cuelight_wire::ids::NodeId(id))));
            }
            Text::try_from(name.as_str()).map(|name| Scope::Node(NodeRef::Name(name))).map_err(|_| LONG)
        }
    }
}
