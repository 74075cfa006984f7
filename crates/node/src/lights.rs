//! The driver's side of the lights: the universes of a show. States, masters and the missing hub go in, all without waiting.

use std::sync::Arc;

use cuelight_dmx::range::UniverseRange;
use cuelight_output::latest::Latest;
use cuelight_output::lights::{LightsConfig, LightsFallback, LightsReport, Playing, identity_of};
use cuelight_output::{Fallback, FrameClock, Lights as Thread, LightsHandle};
use cuelight_show::{Playbacks, Score, Show};
use cuelight_wire::change::Change;
use cuelight_wire::ids::Mac;
use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::Time;
use tracing::{error, warn};

use crate::frames::NodeClock;
use crate::lighting::FromNetwork;
use crate::settings::NodeSettings;
use crate::start::{NodeError, on_start};

/// Priority of the lights thread: below the frame thread, whose work is shorter, and above the hub's threads.
const LIGHTS_PRIORITY: u8 = 69;
/// Complaints about universes come no oftener than every so many looks: 10 s.
const LOOKS_A_COMPLAINT: u32 = 100;

/// The controls of running lights.
pub(crate) struct Lights {
    handle: LightsHandle,
    is_alone: bool,
    /// What of it the thread knows.
    told_alone: bool,
    /// What the thread had no room for yet.
    master: Option<Master>,
    tempo: Option<Tempo>,
    looks: u32,
    /// The report of the last complaint, or of when none was due.
    seen: LightsReport,
}

impl Lights {
    /// Starts them, if the node has any universes; one that only says where they go waits for its hub to give it some.
    pub(crate) fn start(
        settings: &NodeSettings,
        mac: Mac,
        clock: Latest<FrameClock>,
        from_network: FromNetwork,
    ) -> Result<Option<Self>, NodeError> {
        let targets = settings.light_targets();
        if targets.is_empty() {
            return Ok(None);
        }
        let handle = Thread::spawn(LightsConfig {
            targets,
            universes: settings.own_universes(),
            inputs: from_network.inputs,
            subscriptions: from_network.subscriptions,
            identity: identity_of(mac, settings.name.as_deref().unwrap_or("node")),
            fallback: match settings.fallback {
                // An idle scene is for pixels: there is none for fixtures.
                Fallback::Hold | Fallback::Idle(_) => LightsFallback::Hold,
                Fallback::Blackout => LightsFallback::Blackout,
            },
            clock,
            mono: NodeClock(settings.clock),
            spin: settings.spin,
            on_start: on_start(settings.realtime, LIGHTS_PRIORITY),
        })?;
        let mut lights = Self {
            handle,
            is_alone: false,
            told_alone: false,
            master: None,
            tempo: None,
            looks: 0,
            seen: LightsReport::default(),
        };
        if let Some(show) = &settings.show {
            lights.handle.play(from_the_beginning(show, settings));
        }
        Ok(Some(lights))
    }

    /// What the hub's show does from an instant on.
    pub(crate) fn play(&mut self, playing: cuelight_show::Playing) {
        let cuelight_show::Playing { score, playbacks, from } = playing;
        self.handle.play(Playing { score, playbacks, from });
    }
    /// Grand master, blackout and tempo count for shows too.
    pub(crate) fn take_change(&mut self, change: &Change) {
        match change {
            Change::Master(master) => self.master = Some(*master),
            Change::Tempo(tempo) => self.tempo = Some(*tempo),
            Change::Layer(_) | Change::Patch { .. } => return,
        }
        self.tell();
    }
    /// Whether the hub is missing.
    pub(crate) fn set_alone(&mut self, is_alone: bool) {
        self.is_alone = is_alone;
        self.tell();
    }
    /// Ten times a second: tells what there was no room for, and complains about universes that do not get out.
    pub(crate) fn look(&mut self) {
        self.tell();
        let Some(report) = self.handle.report() else { return };
        self.looks += 1;
        if self.looks < LOOKS_A_COMPLAINT {
            return;
        }
        let more = |of: fn(&LightsReport) -> u64| of(&report) - of(&self.seen);
        let (missed, blocked, failed) = (more(|r| r.missed), more(|r| r.blocked), more(|r| r.failed));
        if missed + blocked + failed > 0 {
            warn!(
                missed,
                blocked,
                failed,
                "universes did not get out: frames whose time passed, datagrams the device or the system did not take"
            );
        }
        (self.looks, self.seen) = (0, report);
    }
    /// Whether the lights thread is still there; it goes away by itself only when it panics.
    pub(crate) fn is_running(&self) -> bool {
        !self.handle.is_finished()
    }
    /// Ends them; universes of sACN say so.
    pub(crate) fn stop(self) {
        if self.handle.stop().is_none() {
            error!("the lights failed; their message is above");
        }
    }

    /// The same, but universes that go on from elsewhere say nothing.
    pub(crate) fn stop_but(self, kept: Vec<UniverseRange>) {
        if self.handle.stop_but(kept).is_none() {
            error!("the lights failed; their message is above");
        }
    }
    /// What was measured last.
    pub(crate) fn report(&self) -> Option<LightsReport> {
        self.handle.report()
    }

    fn tell(&mut self) {
        if self.told_alone != self.is_alone && self.handle.set_alone(self.is_alone).is_ok() {
            self.told_alone = self.is_alone;
        }
        if self.master.is_some_and(|master| self.handle.set_master(master, master.at).is_ok()) {
            self.master = None;
        }
        if self.tempo.is_some_and(|tempo| self.handle.set_tempo(tempo, tempo.grid.at).is_ok()) {
            self.tempo = None;
        }
    }
}

/// A show of the node's own: every list began at show time 0, so that all nodes with the same show are in step.
fn from_the_beginning(show: &Show, settings: &NodeSettings) -> Playing {
    let ranges = settings.all_universes();
    let is_mine = |number| ranges.iter().any(|range| range.has(number));
    let score = Arc::new(Score::for_universes(show, is_mine));
    let mut playbacks = Playbacks::default();
    for list in &show.lists {
        // A list without cues has nothing to do.
        let _ = playbacks.go(&score, list.number, Time::ZERO);
    }
    Playing { score, playbacks, from: Time::ZERO }
}
