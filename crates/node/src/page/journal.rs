//! What the node was told and what became of it, newest last, as lines for people.

use std::sync::Arc;

use cuelight_proto::node::NodeEvent;
use cuelight_render::{effects, palettes};
use cuelight_wire::change::Change;
use cuelight_wire::ids::{EffectId, PaletteId};
use cuelight_wire::scene::{Layer, Master};
use cuelight_wire::time::{Local, Time};
use serde::Serialize;

/// Lines that are kept; the oldest go.
const KEPT: usize = 200;

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// The hub has something done.
    Command,
    /// The way to the hub.
    Link,
    /// The clock.
    Clock,
    /// Something is wrong.
    Trouble,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) at: Time<Local>,
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

/// The lines. Readers keep those they have; writing copies them only then.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal(Arc<Vec<Line>>);

impl Journal {
    pub(crate) fn lines(&self) -> Arc<Vec<Line>> {
        Arc::clone(&self.0)
    }
    pub(crate) fn say(&mut self, kind: Kind, text: String, at: Time<Local>) {
        let lines = Arc::make_mut(&mut self.0);
        if lines.len() == KEPT {
            lines.remove(0);
        }
        lines.push(Line { at, kind, text });
    }
    /// Writes down what an event means; some mean nothing to people.
    pub(crate) fn note(&mut self, event: &NodeEvent, at: Time<Local>) {
        if let Some((kind, text)) = words(event) {
            self.say(kind, text, at);
        }
    }
}

fn words(event: &NodeEvent) -> Option<(Kind, String)> {
    let said = match event {
        NodeEvent::Change { change, on_arrival, catch_up, .. } => {
            let how = match (catch_up, on_arrival) {
                (true, _) => ", as it was before",
                (false, true) => ", at once: the clock is not locked",
                (false, false) => "",
            };
            (Kind::Command, format!("{}{how}", of_change(change)))
        }
        NodeEvent::Welcomed { node_id, new_hub, .. } => {
            let which = if *new_hub { "a new run of the hub" } else { "the hub" };
            (Kind::Link, format!("welcomed by {which} as node {}", node_id.0))
        }
        NodeEvent::SessionEnded(why) => (Kind::Link, format!("the session ended: {why:?}")),
        NodeEvent::Locked => (Kind::Clock, "the clock is locked".to_owned()),
        NodeEvent::Unlocked => (Kind::Trouble, "the clock is not locked any more".to_owned()),
        NodeEvent::Fallback => (Kind::Trouble, "the stream is silent".to_owned()),
        NodeEvent::Live => (Kind::Link, "the stream is here".to_owned()),
        NodeEvent::Update(update) => (Kind::Command, format!("become version {}", update.version)),
        NodeEvent::StopUpdate(_) => (Kind::Command, "leave the update off".to_owned()),
        NodeEvent::Restart => (Kind::Command, "restart".to_owned()),
        NodeEvent::ShowLock(Some(show)) => (Kind::Command, format!("the show \"{show}\" is armed")),
        NodeEvent::ShowLock(None) => return None,
        NodeEvent::HubError(error) => (Kind::Trouble, format!("the hub says: {}", error.message)),
        NodeEvent::Cues(state) => (Kind::Command, format!("cue step {}", state.number)),
        NodeEvent::Universes(Some(universes)) => (Kind::Command, format!("play universes {universes}")),
        NodeEvent::Universes(None) => (Kind::Command, "play the universes of its own settings".to_owned()),
        NodeEvent::Geometry(Some(geometry)) => (Kind::Command, format!("lay the LEDs out as {geometry}")),
        NodeEvent::Geometry(None) => (Kind::Command, "lay the LEDs out as its own settings say".to_owned()),
        NodeEvent::Heard { .. } | NodeEvent::Connect | NodeEvent::Disconnect(_) => return None,
    };
    Some(said)
}

fn of_change(change: &Change) -> String {
    match change {
        Change::Layer(Layer { scene, rev, .. }) => {
            let (effect, palette) = (effect(scene.effect), palette(scene.palette));
            let what = if scene.pattern.is_some() { "a pattern".to_owned() } else { format!("{effect} in {palette}") };
            format!("change {}: {what}", rev.0)
        }
        Change::Patch { .. } => "parameters".to_owned(),
        Change::Tempo(tempo) => format!("{:.1} beats a minute", f64::from(tempo.grid.bpm_x100) / 100.0),
        Change::Master(Master { blackout: true, .. }) => "blackout".to_owned(),
        Change::Master(Master { level, .. }) => format!("grand master at {} %", u32::from(*level) * 100 / 255),
    }
}

fn effect(id: EffectId) -> String {
    effects::by_id(id).map_or_else(|| format!("effect {}", id.0), |effect| effect.name.to_owned())
}
fn palette(id: PaletteId) -> String {
    palettes::by_id(id).map_or_else(|| format!("palette {}", id.0), |palette| palette.name.to_owned())
}

#[cfg(test)]
mod tests {
    use cuelight_proto::node::Via;
    use cuelight_wire::ids::Revision;
    use cuelight_wire::limits::MAX_ZONES;
    use cuelight_wire::scene::Scene;

    use super::*;

    #[test]
    fn commands_are_written_down_in_words_and_the_oldest_go() {
        let mut journal = Journal::default();
        let (at, scene) = (Time::ZERO, Scene::default());
        let layer = Layer { rev: Revision(7), at, fade_ms: 0, scene, phase: 0, zone_phases: [0; MAX_ZONES] };
        let change = |change| NodeEvent::Change { change, via: Via::Stream, on_arrival: false, catch_up: false };
        journal.note(&change(Change::Layer(layer)), Time::ZERO);
        journal.note(&change(Change::Master(Master { blackout: true, ..Master::DEFAULT })), Time::ZERO);
        journal.note(&NodeEvent::Connect, Time::ZERO);
        let before = journal.lines();
        let texts: Vec<_> = before.iter().map(|line| line.text.clone()).collect();
        assert!(texts[0].starts_with("change 7: solid in "), "{texts:?}");
        assert_eq!(texts[1..], ["blackout"]);
        (0..KEPT).for_each(|n| journal.say(Kind::Link, n.to_string(), Time::ZERO));
        assert_eq!((journal.lines().len(), journal.lines()[0].text.as_str()), (KEPT, "0"));
        assert_eq!(before.len(), 2, "a reader keeps what it has");
    }
}
