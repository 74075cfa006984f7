//! Which universes of a show are this node's: those of its settings, or those its hub gives it (CTRL-12).
//!
//! Other universes mean other streams, another part of the score, another answer to polls: lights, and what comes by the protocols
//! of lighting, are made anew, off the driver's thread, while everything else goes on. Universes that stay are not ended, so that receivers hold their levels over
//! the moment between: E1.31 gives them 2.5 s (section 6.7.1), this takes some 0.1 s. Their packets are numbered anew, so a receiver
//! may pass over up to 20 of them (section 6.7.2), half a second.

use std::future::pending;

use cuelight_dmx::range::UniverseRange;
use cuelight_output::FrameClock;
use cuelight_output::LightsTarget;
use cuelight_output::latest::Latest;
use cuelight_trust::Trust;
use cuelight_wire::change::Change;
use cuelight_wire::cues::CueState;
use cuelight_wire::ids::Mac;
use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::universes::UniverseRanges;
use tokio::task::{JoinHandle, spawn_blocking};
use tracing::{error, info, warn};

use crate::cues::Cues;
use crate::lighting::{FromNetwork, Lighting};
use crate::lights::Lights;
use crate::settings::NodeSettings;
use crate::start::{NodeError, SHOWS_FOLDER};

/// What is made for a set of universes.
pub(crate) struct Lit {
    /// None: the node has no universes.
    pub(crate) lights: Option<Lights>,
    /// None: the node takes nothing by protocols of lighting, and sends nothing by Art-Net.
    pub(crate) lighting: Option<Lighting>,
    /// Whether there are universes that cannot be played; why is in the log.
    pub(crate) has_failed: bool,
}

impl Lit {
    /// Of a node without universes.
    const fn nothing(has_failed: bool) -> Self {
        Self { lights: None, lighting: None, has_failed }
    }
}

/// Which universes there are, and the change to others.
pub(crate) struct Universes {
    settings: NodeSettings,
    /// Which hubs are believed where the cues are fetched.
    trust: Trust,
    mac: Mac,
    clock: Latest<FrameClock>,
    /// What lights are made for; none: the settings' own.
    given: Option<UniverseRanges>,
    /// The hub's newest word.
    wanted: Option<UniverseRanges>,
    change: Option<JoinHandle<Lit>>,
    /// Whether those there are cannot be played.
    has_failed: bool,
    /// What new lights are told at once.
    master: Option<Master>,
    tempo: Option<Tempo>,
    state: Option<CueState>,
}

impl Universes {
    /// What the settings say, started.
    pub(crate) fn start(
        (settings, trust): (NodeSettings, Trust),
        mac: Mac,
        clock: Latest<FrameClock>,
        lighting: Option<Lighting>,
        from_network: FromNetwork,
    ) -> Result<(Self, Lit), NodeError> {
        let lights = Lights::start(&settings, mac, clock.clone(), from_network)?;
        let own = Self {
            settings,
            trust,
            mac,
            clock,
            given: None,
            wanted: None,
            change: None,
            has_failed: false,
            master: None,
            tempo: None,
            state: None,
        };
        Ok((own, Lit { lights, lighting, has_failed: false }))
    }

    /// Follows the hub's cues for these universes. Where they cannot be followed everything else goes on.
    pub(crate) fn cues(&self) -> Option<Cues> {
        let universes = match &self.given {
            Some(given) => ranges(given),
            None => own(&self.settings),
        };
        if universes.is_empty() {
            return None;
        }
        let folder = self.settings.data_dir.join(SHOWS_FOLDER);
        let cues = Cues::start(folder, universes, self.settings.clock, &self.trust);
        let refused = |error| warn!("the folder of shows cannot be used: {error}; this node plays no cues of its hub");
        cues.map_err(refused).ok()
    }

    /// What is to be told to lights that are made later.
    pub(crate) fn take_change(&mut self, change: &Change) {
        match change {
            Change::Master(master) => self.master = Some(*master),
            Change::Tempo(tempo) => self.tempo = Some(*tempo),
            Change::Layer(_) | Change::Patch { .. } => {}
        }
    }
    /// The newest state of the cues, which the stream does not tell again.
    pub(crate) fn take_state(&mut self, state: &CueState) {
        self.state = Some(state.clone());
    }
    /// That state.
    pub(crate) fn state(&self) -> Option<CueState> {
        self.state.clone()
    }

    /// The hub has said which universes are the node's.
    pub(crate) fn want(&mut self, wanted: Option<UniverseRanges>) {
        self.wanted = wanted;
    }
    /// Whether others are wanted than there are, and nothing is being changed.
    pub(crate) fn is_due(&self) -> bool {
        self.change.is_none() && self.wanted != self.given
    }
    /// Ends what there is and makes what is wanted. What is done then, [`Universes::changed`] tells.
    pub(crate) fn change(&mut self, lights: Option<Lights>, lighting: Option<Lighting>) {
        self.given.clone_from(&self.wanted);
        let settings = match &self.given {
            Some(given) => settings_for(&self.settings, given),
            None => Some(self.settings.clone()),
        };
        let kept = settings.as_ref().map_or_else(Vec::new, own);
        let (mac, clock) = (self.mac, self.clock.clone());
        let name = self.words().join(", ");
        self.change = Some(spawn_blocking(move || {
            drop(lighting);
            lights.into_iter().for_each(|lights| lights.stop_but(kept.clone()));
            let Some(settings) = settings else { return Lit::nothing(false) };
            let made = Lighting::start(&settings, mac).and_then(|(lighting, from_network)| {
                let lights = Lights::start(&settings, mac, clock, from_network)?;
                Ok(Lit { lights, lighting, has_failed: false })
            });
            made.unwrap_or_else(|error| {
                error!("the universes {name} cannot be played: {error}");
                Lit::nothing(true)
            })
        }));
    }
    /// What was made; never, while nothing is.
    pub(crate) async fn changed(&mut self) -> Lit {
        let Some(change) = &mut self.change else { return pending().await };
        let made = change.await;
        self.change = None;
        let mut lit = made.unwrap_or_else(|failure| {
            error!("changing the universes failed: {failure}");
            Lit::nothing(true)
        });
        if let Some(lights) = &mut lit.lights {
            self.master.into_iter().for_each(|master| lights.take_change(&Change::Master(master)));
            self.tempo.into_iter().for_each(|tempo| lights.take_change(&Change::Tempo(tempo)));
        }
        self.has_failed = lit.has_failed;
        if !lit.has_failed {
            info!(
                universes = self.words().join(", "),
                is_given = self.given.is_some(),
                "this node has other universes"
            );
        }
        lit
    }

    /// The universes, as 7 or 1..4.
    pub(crate) fn words(&self) -> Vec<String> {
        let universes = self.given.as_ref().map_or_else(|| own(&self.settings), ranges);
        universes.iter().map(ToString::to_string).collect()
    }
    /// Whether they cannot be played.
    pub(crate) const fn has_failed(&self) -> bool {
        self.has_failed
    }
    /// Whether the hub gave them.
    pub(crate) fn is_given(&self) -> bool {
        self.given.is_some()
    }
}

/// The universes of a node's own settings.
pub(crate) fn own(settings: &NodeSettings) -> Vec<UniverseRange> {
    if settings.universes.is_empty() { settings.all_universes() } else { settings.universes.clone() }
}

/// The same as a hello tells it: nothing where there are none, or more ranges than fit.
pub(crate) fn told(settings: &NodeSettings) -> Option<UniverseRanges> {
    let ranges = own(settings).into_iter().map(|range| (range.first, range.last));
    UniverseRanges::new(ranges).ok().filter(|ranges| !ranges.is_empty())
}

fn ranges(universes: &UniverseRanges) -> Vec<UniverseRange> {
    universes.iter().map(|(first, last)| UniverseRange { first, last }).collect()
}

/// The settings with universes that were given: they go where the targets say that name them, or that name none; by sACN to
/// everybody where no target does. Nothing where none were given.
fn settings_for(own: &NodeSettings, given: &UniverseRanges) -> Option<NodeSettings> {
    let universes = ranges(given);
    if universes.is_empty() {
        return None;
    }
    let is_given = |range: UniverseRange| universes.iter().any(|own| own.meets(range));
    let mut lights: Vec<LightsTarget> =
        own.lights.iter().filter(|target| target.universes.is_none_or(is_given)).cloned().collect();
    if lights.iter().all(|target| target.universes.is_some()) {
        let named: Vec<UniverseRange> = lights.iter().filter_map(|target| target.universes).collect();
        let left = universes.iter().flat_map(|range| without(*range, &named));
        let left: Vec<LightsTarget> =
            left.map(|range| LightsTarget { universes: Some(range), ..LightsTarget::SACN }).collect();
        lights.extend(left);
    }
    Some(NodeSettings { universes, lights, ..own.clone() })
}

/// What of a range no other range has.
fn without(range: UniverseRange, others: &[UniverseRange]) -> Vec<UniverseRange> {
    let mut left = vec![range];
    for other in others {
        let cut = |range: UniverseRange| {
            let before = (range.first < other.first)
                .then(|| UniverseRange { first: range.first, last: range.last.min(other.first - 1) });
            let after = (range.last > other.last)
                .then(|| UniverseRange { first: range.first.max(other.last + 1), last: range.last });
            before.into_iter().chain(after)
        };
        left = left.into_iter().flat_map(cut).collect();
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> UniverseRanges {
        let ranges = text.split(',').map(|text| text.parse::<UniverseRange>().unwrap());
        UniverseRanges::new(ranges.map(|range| (range.first, range.last))).unwrap()
    }

    fn targets(own: &[&str], universes: &str) -> Vec<String> {
        let lights = own.iter().map(|text| text.parse().unwrap()).collect();
        let settings = NodeSettings { lights, ..NodeSettings::new("node".into()) };
        let settings = settings_for(&settings, &given(universes)).unwrap();
        assert_eq!(settings.universes, ranges(&given(universes)));
        settings.lights.iter().map(ToString::to_string).collect()
    }

    /// CTRL-12
    #[test]
    fn universes_go_where_the_nodes_own_targets_say_or_to_everybody() {
        assert_eq!(targets(&[], "1..4"), ["sacn:1..4"]);
        assert_eq!(targets(&["sacn@10.0.0.5"], "9"), ["sacn@10.0.0.5"]);
        assert_eq!(targets(&["artnet:1..4@10.0.0.5"], "2..3"), ["artnet:1..4@10.0.0.5"]);
        assert_eq!(targets(&["artnet:1..4@10.0.0.5"], "3..6"), ["artnet:1..4@10.0.0.5", "sacn:5..6"]);
        assert_eq!(targets(&["artnet:1..4@10.0.0.5"], "9"), ["sacn:9"]);
        assert_eq!(
            targets(&["artnet:1..4@10.0.0.5", "sacn@10.0.0.6"], "4..6"),
            ["artnet:1..4@10.0.0.5", "sacn@10.0.0.6"]
        );
        assert!(settings_for(&NodeSettings::new("node".into()), &UniverseRanges::default()).is_none());
    }

    #[test]
    fn ranges_are_cut_where_others_are() {
        let cut = |range: &str, others: &[&str]| {
            let others: Vec<UniverseRange> = others.iter().map(|text| text.parse().unwrap()).collect();
            let left = without(range.parse().unwrap(), &others);
            left.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        };
        assert_eq!(cut("1..10", &[]), "1..10");
        assert_eq!(cut("1..10", &["3..4", "9..20"]), "1..2,5..8");
        assert_eq!(cut("1..10", &["1..10"]), "");
        assert_eq!(cut("5", &["6", "4"]), "5");
    }

    #[test]
    fn the_settings_own_are_told_where_there_are_any() {
        let settings = |text: &[&str]| NodeSettings {
            lights: text.iter().map(|text| text.parse().unwrap()).collect(),
            ..NodeSettings::new("node".into())
        };
        assert_eq!(told(&settings(&[])), None);
        assert_eq!(told(&settings(&["sacn:1..4", "artnet:4..6@10.0.0.5"])), Some(given("1..6")));
    }
}
