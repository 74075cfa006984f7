//! What the demo shows and what keys change about it. Pure: `now` is the time since the demo began, orders are carried out by
//! the caller.

use std::time::Duration;

use cuelight_measure::hub_api::{Node, Scene, Show};
use cuelight_render::presets::{self, PresetInfo};
use cuelight_render::{effects, palettes};
use serde_json::{Value, json};

use super::keys::Action;
use super::meter::Figures;
use super::poll::{Call, Report};
use crate::demo::cast::mac_of;

/// The presets on the keys 1 to 9, which are the playlist too: different from each other at a glance.
pub(super) const FAVOURITES: [&str; 9] =
    ["Rainbow", "Fireplace", "Ocean", "Party", "Aurora", "Lava lamp", "Police", "Cyberpunk", "Meteor shower"];
/// The playlist changes the scene this often: two bars of four.
const PLAYLIST_BEATS: f64 = 8.0;
/// How long a message stays.
const NOTICE: Duration = Duration::from_secs(6);
/// How long a value asked for counts as the present one, so that a key held down goes on from there and not from what
/// the hub last said.
const ASKED: Duration = Duration::from_millis(600);
/// One press of up or down, of 255.
const MASTER_STEP: u8 = 17;
/// One press of + or -, and the range the hub takes.
const BPM_STEP: f64 = 1.0;
const BPM_RANGE: (f64, f64) = (20.0, 600.0);

/// The network between hub and nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    Clean,
    BusyWifi,
    Lossy,
}

/// What the caller is to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Order {
    Quit,
    Call(Call),
    StartNode(usize),
    KillNode(usize),
    StartHub,
    KillHub,
    SetNetwork(Network),
    /// Nodes are restarted to use the show clock, or not.
    SetSync {
        on: bool,
        network: Network,
    },
}

/// A line for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) is_error: bool,
    said_at: Duration,
}

/// A value that was asked for a moment ago.
#[derive(Clone, Copy, Debug)]
struct Asked<T> {
    value: T,
    at: Duration,
}

/// Everything on the screen but the pixels.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) page: String,
    pub(super) is_hub_running: bool,
    /// For each node whether its process runs.
    pub(super) running: Vec<bool>,
    pub(super) selected: usize,
    pub(super) network: Network,
    pub(super) is_synced: bool,
    pub(super) is_help_open: bool,
    pub(super) figures: Figures,
    /// The show as it was last heard of, and when.
    show: Option<(Duration, Show)>,
    notice: Option<Notice>,
    /// The network to go back to when synchronisation is switched on again.
    network_before: Network,
    /// Place in [`presets::ALL`] of what was asked for last.
    preset: Option<usize>,
    /// The stretch of beats whose scene is on, while the playlist runs.
    playlist: Option<f64>,
    has_begun: bool,
    /// Whether the hub has answered since it was started.
    has_answered: bool,
    level: Option<Asked<u8>>,
    bpm: Option<Asked<f64>>,
}

impl State {
    pub(super) fn new(page: String, nodes: usize, network: Network) -> Self {
        Self {
            page,
            is_hub_running: true,
            running: vec![true; nodes],
            selected: 0,
            network,
            is_synced: true,
            is_help_open: false,
            figures: Figures::default(),
            show: None,
            notice: None,
            network_before: network,
            preset: None,
            playlist: None,
            has_begun: false,
            has_answered: false,
            level: None,
            bpm: None,
        }
    }

    /// What the hub said.
    pub(super) fn handle_report(&mut self, report: Report, now: Duration) {
        match report {
            Report::Show(at, show) => {
                self.show = Some((at, *show));
                self.has_answered = true;
            }
            Report::Done(text) => self.say(text, now),
            // That it is down, or starting, is said in another way.
            Report::Silence(_) if !self.is_hub_running || !self.has_answered => {}
            Report::Refused(_) if !self.is_hub_running => {}
            Report::Refused(_) if !self.has_answered => self.complain("the hub is still starting", now),
            Report::Silence(text) | Report::Refused(text) => self.complain(text, now),
        }
    }

    /// Shows a message for a while.
    pub(super) fn say(&mut self, text: impl Into<String>, now: Duration) {
        self.notice = Some(Notice { text: text.into(), is_error: false, said_at: now });
    }
    /// Shows what went wrong for a while.
    pub(super) fn complain(&mut self, text: impl Into<String>, now: Duration) {
        self.notice = Some(Notice { text: text.into(), is_error: true, said_at: now });
    }

    /// The message of the moment.
    pub(super) fn notice(&self, now: Duration) -> Option<Notice> {
        let fresh = self.notice.clone().filter(|notice| now.saturating_sub(notice.said_at) < NOTICE);
        fresh.or_else(|| {
            let text = "hub is down (h restarts it)".to_owned();
            (!self.is_hub_running).then_some(Notice { text, is_error: true, said_at: now })
        })
    }
    /// The show as last heard of.
    pub(super) fn show(&self) -> Option<&Show> {
        self.show.as_ref().map(|(_, show)| show)
    }
    /// Show time now, microseconds; none while nobody keeps it.
    pub(super) fn show_us(&self, now: Duration) -> Option<i64> {
        let (at, show) = self.show.as_ref().filter(|_| self.is_hub_running)?;
        Some(show.show_us + i64::try_from(now.saturating_sub(*at).as_micros()).unwrap_or(0))
    }
    /// Beats since beat 0, now.
    pub(super) fn beat(&self, now: Duration) -> Option<f64> {
        let (at, show) = self.show.as_ref().filter(|_| self.is_hub_running)?;
        let passed = now.saturating_sub(*at).as_secs_f64() * show.tempo.bpm / 60.0;
        (show.tempo.bpm > 0.0).then_some(show.tempo.beat + passed)
    }
    /// What the hub knows of a node.
    pub(super) fn node(&self, index: usize) -> Option<&Node> {
        let mac = mac_of(index);
        self.show().filter(|_| self.is_hub_running)?.nodes.iter().find(|node| node.mac == mac)
    }
    /// Whether the playlist runs.
    pub(super) fn has_playlist(&self) -> bool {
        self.playlist.is_some()
    }
    /// The preset that was asked for last, if the scene is still its.
    pub(super) fn preset(&self) -> Option<&'static PresetInfo> {
        let preset = presets::ALL.get(self.preset?)?;
        is_scene_of(&self.show()?.scene, preset).then_some(preset)
    }

    /// What is to be done because it is time: the first scene, the playlist's next one.
    pub(super) fn due(&mut self, now: Duration) -> Option<Order> {
        let beat = self.beat(now);
        if !self.has_begun && self.show.is_some() {
            self.has_begun = true;
            return self.favourite(0);
        }
        let stretch = (beat? / PLAYLIST_BEATS).floor();
        let last = self.playlist?;
        // Between two answers of the hub the beat is a guess, and may step back a little.
        if stretch > last || stretch < last - 1.0 {
            self.playlist = Some(stretch);
            let playing =
                self.preset.and_then(|preset| FAVOURITES.iter().position(|name| *name == presets::ALL[preset].name));
            return self.favourite(playing.map_or(0, |playing| (playing + 1) % FAVOURITES.len()));
        }
        None
    }

    /// What a key changes, and what is to be done for it.
    pub(super) fn act(&mut self, action: Action, now: Duration) -> Option<Order> {
        match action {
            Action::Quit => return Some(Order::Quit),
            Action::Escape if self.is_help_open => self.is_help_open = false,
            Action::Escape => return Some(Order::Quit),
            Action::Help => self.is_help_open = !self.is_help_open,
            Action::SelectNext => self.selected = (self.selected + 1) % self.running.len(),
            Action::SelectPrevious => self.selected = (self.selected + self.running.len() - 1) % self.running.len(),
            Action::AskNode => {
                let selected = self.selected + 1;
                self.say(format!("kill or restart which node? 1-9, or k for node {selected}, Esc for none"), now);
            }
            Action::ForgetQuestion => self.notice = None,
            Action::Favourite(index) => return self.favourite(index),
            Action::NextPreset => {
                return self.choose(self.preset.map_or(0, |preset| (preset + 1) % presets::ALL.len()));
            }
            Action::PreviousPreset => {
                let count = presets::ALL.len();
                return self.choose(self.preset.map_or(0, |preset| (preset + count - 1) % count));
            }
            Action::Brighter => return self.master(u8::saturating_add, now),
            Action::Darker => return self.master(u8::saturating_sub, now),
            Action::Tap => return self.call("tempo", json!({"tap": true}), "tap".into()),
            Action::Faster => return self.tempo(BPM_STEP, now),
            Action::Slower => return self.tempo(-BPM_STEP, now),
            Action::Blackout => {
                let on = !self.show()?.master.blackout;
                return self.call("blackout", json!({"on": on}), format!("blackout {}", on_off(on)));
            }
            Action::Node(index) => return self.node_order(index, now),
            Action::SelectedNode => return self.node_order(self.selected, now),
            Action::Hub => return Some(self.hub_order(now)),
            Action::Playlist => self.toggle_playlist(now),
            Action::Sync => return Some(self.toggle_sync(now)),
            Action::BusyWifi => return Some(self.toggle_network(Network::BusyWifi, now)),
            Action::Lossy => return Some(self.toggle_network(Network::Lossy, now)),
        }
        None
    }

    fn favourite(&mut self, index: usize) -> Option<Order> {
        let name = FAVOURITES.get(index)?;
        self.choose(presets::ALL.iter().position(|preset| preset.name == *name)?)
    }
    fn choose(&mut self, preset: usize) -> Option<Order> {
        let name = presets::ALL.get(preset)?.name;
        let order = self.call("scene", json!({"preset": name, "fade_ms": 0}), format!("scene {name}"))?;
        self.preset = Some(preset);
        Some(order)
    }
    fn master(&mut self, step: fn(u8, u8) -> u8, now: Duration) -> Option<Order> {
        let asked = self.level.filter(|asked| now.saturating_sub(asked.at) < ASKED).map(|asked| asked.value);
        let level = step(asked.unwrap_or(self.show()?.master.level), MASTER_STEP);
        let order = self.call("master", json!({"level": level}), format!("master {} %", percent(level)))?;
        self.level = Some(Asked { value: level, at: now });
        Some(order)
    }
    fn tempo(&mut self, step: f64, now: Duration) -> Option<Order> {
        let asked = self.bpm.filter(|asked| now.saturating_sub(asked.at) < ASKED).map(|asked| asked.value);
        let bpm = (asked.unwrap_or(self.show()?.tempo.bpm) + step).clamp(BPM_RANGE.0, BPM_RANGE.1);
        let order = self.call("tempo", json!({"bpm": bpm}), format!("tempo {bpm:.2} bpm"))?;
        self.bpm = Some(Asked { value: bpm, at: now });
        Some(order)
    }
    /// A dead hub is not called: the notice line says that it is down.
    fn call(&mut self, path: &'static str, body: Value, said: String) -> Option<Order> {
        if !self.is_hub_running {
            self.notice = None;
            return None;
        }
        Some(Order::Call(Call { path, body, said }))
    }

    fn node_order(&mut self, index: usize, now: Duration) -> Option<Order> {
        let number = index + 1;
        let Some(is_running) = self.running.get(index).copied() else {
            self.complain(format!("there is no node {number}: this demo has {}", self.running.len()), now);
            return None;
        };
        self.say(format!("node {number} {}", if is_running { "killed" } else { "started" }), now);
        self.running[index] = !is_running;
        Some(if is_running { Order::KillNode(index) } else { Order::StartNode(index) })
    }
    fn hub_order(&mut self, now: Duration) -> Order {
        let is_running = self.is_hub_running;
        if is_running {
            // The line then says that it is down.
            self.notice = None;
        } else {
            self.has_answered = false;
            self.say("hub started, with another clock than before", now);
        }
        self.is_hub_running = !is_running;
        if is_running { Order::KillHub } else { Order::StartHub }
    }

    fn toggle_playlist(&mut self, now: Duration) {
        if self.playlist.take().is_some() {
            return self.say("playlist off", now);
        }
        match self.beat(now) {
            Some(beat) => {
                self.playlist = Some((beat / PLAYLIST_BEATS).floor());
                self.say("playlist on: another scene every 8 beats", now);
            }
            None => self.complain("a playlist needs a beat: t taps one, h restarts a hub that is down", now),
        }
    }
    fn toggle_sync(&mut self, now: Duration) -> Order {
        self.is_synced = !self.is_synced;
        if self.is_synced {
            self.network = self.network_before;
            self.say("sync on: nodes restart and follow the show clock again", now);
        } else {
            self.network_before = self.network;
            self.network = Network::BusyWifi;
            self.say("sync off: nodes restart and show changes when they arrive, over a busy Wi-Fi", now);
        }
        Order::SetSync { on: self.is_synced, network: self.network }
    }
    fn toggle_network(&mut self, network: Network, now: Duration) -> Order {
        self.network = if self.network == network { Network::Clean } else { network };
        self.say(format!("network: {}", network_text(self.network)), now);
        Order::SetNetwork(self.network)
    }
}

/// A network in words.
pub(super) fn network_text(network: Network) -> &'static str {
    match network {
        Network::Clean => "clean",
        Network::BusyWifi => "busy Wi-Fi (1-20 ms, 5 % lost)",
        Network::Lossy => "lossy (20 % lost)",
    }
}

/// A level of 255 in percent.
pub(super) fn percent(level: u8) -> u32 {
    (u32::from(level) * 100 + 127) / 255
}

/// A switch in words.
pub(super) fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn is_scene_of(scene: &Scene, preset: &PresetInfo) -> bool {
    let of = preset.scene();
    let effect = effects::by_id(of.effect).map(|effect| effect.name);
    let palette = palettes::by_id(of.palette).map(|palette| palette.name);
    (effect, palette) == (Some(scene.effect.as_str()), Some(scene.palette.as_str()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) const NOW: Duration = Duration::from_secs(100);

    /// A show of `nodes` nodes as the hub tells it.
    pub(in super::super) fn show(nodes: usize) -> Show {
        let nodes: Vec<Value> = (0..nodes)
            .map(|index| {
                json!({
                    "mac": mac_of(index), "state": "ready", "degraded": null, "lock": true, "sigma_ns": 800 + 100 * index,
                    "bound_ns": 45_200, "late_ns_p99": 61_000, "loss_pct": 0.0, "fps": 120.0,
                })
            })
            .collect();
        serde_json::from_value(json!({
            "show_us": 83_400_000, "nodes": nodes,
            "tempo": {"bpm": 120.0, "beat": 166.25, "beats_per_bar": 4},
            "master": {"level": 255, "blackout": false},
            "scene": {"effect": "rainbow", "palette": "rainbow"},
            "tick": {"count": 8340, "hz": 100.0, "overruns": 0, "missed": 0, "cost_us_p50": 9.0, "cost_us_p99": 41.0, "cost_us_max": 77.0},
        }))
        .unwrap()
    }

    /// A demo under way.
    pub(in super::super) fn state(nodes: usize) -> State {
        let mut state = State::new("http://127.0.0.1:8080/".into(), nodes, Network::Clean);
        state.handle_report(Report::Show(NOW, Box::new(show(nodes))), NOW);
        state.due(NOW).unwrap();
        state
    }

    fn body(order: Option<Order>) -> Value {
        match order {
            Some(Order::Call(call)) => call.body,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_favourites_are_presets() {
        for name in FAVOURITES {
            assert!(presets::ALL.iter().any(|preset| preset.name == name), "{name}");
        }
    }

    #[test]
    fn the_first_answer_of_the_hub_brings_the_first_scene() {
        let mut state = State::new(String::new(), 4, Network::Clean);
        assert_eq!(state.due(NOW), None);
        state.handle_report(Report::Show(NOW, Box::new(show(4))), NOW);
        assert_eq!(body(state.due(NOW))["preset"], "Rainbow");
        assert_eq!(state.due(NOW), None);
    }

    #[test]
    fn arrows_go_through_all_presets_and_around() {
        let mut state = state(4);
        let mut names: Vec<String> = Vec::new();
        for _ in presets::ALL {
            names.push(body(state.act(Action::NextPreset, NOW))["preset"].as_str().unwrap().into());
        }
        assert_eq!(names.last().map(String::as_str), Some(FAVOURITES[0]));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), presets::ALL.len());
        state.preset = Some(0);
        let last = presets::ALL.last().unwrap().name;
        assert_eq!(body(state.act(Action::PreviousPreset, NOW))["preset"], last);
    }

    #[test]
    fn a_key_held_down_goes_on_from_what_was_asked_for() {
        let mut state = state(4);
        let levels: Vec<Value> = (0..3).map(|_| body(state.act(Action::Darker, NOW))["level"].clone()).collect();
        assert_eq!(levels, [238, 221, 204]);
        let tempos: Vec<Value> = (0..2).map(|_| body(state.act(Action::Faster, NOW))["bpm"].clone()).collect();
        assert_eq!(tempos, [121.0, 122.0]);
        // A moment later the hub is believed again: it may have been told otherwise.
        assert_eq!(body(state.act(Action::Darker, NOW + ASKED))["level"], 238);
    }

    #[test]
    fn levels_and_tempos_stay_in_their_range() {
        let mut state = state(4);
        assert_eq!(body(state.act(Action::Brighter, NOW))["level"], 255);
        state.bpm = Some(Asked { value: 600.0, at: NOW });
        assert_eq!(body(state.act(Action::Faster, NOW))["bpm"], 600.0);
    }

    #[test]
    fn a_node_is_killed_when_it_runs_and_started_when_it_does_not() {
        let mut state = state(4);
        assert_eq!(state.act(Action::Node(2), NOW), Some(Order::KillNode(2)));
        assert_eq!(state.act(Action::Node(2), NOW), Some(Order::StartNode(2)));
        assert_eq!(state.act(Action::Node(7), NOW), None);
        assert!(state.notice(NOW).unwrap().text.contains("no node 8: this demo has 4"));
        state.act(Action::SelectPrevious, NOW);
        assert_eq!(state.act(Action::SelectedNode, NOW), Some(Order::KillNode(3)));
    }

    #[test]
    fn a_dead_hub_is_told_of_and_not_called() {
        let mut state = state(4);
        assert_eq!(state.act(Action::Hub, NOW), Some(Order::KillHub));
        assert_eq!(state.act(Action::Blackout, NOW), None);
        assert_eq!(state.notice(NOW).unwrap().text, "hub is down (h restarts it)");
        assert_eq!((state.beat(NOW), state.show_us(NOW)), (None, None));
        assert_eq!(state.act(Action::Hub, NOW), Some(Order::StartHub));
        assert!(state.notice(NOW).unwrap().text.contains("another clock"));
    }

    #[test]
    fn what_the_hub_refuses_is_shown_for_a_while() {
        let mut state = state(4);
        state.handle_report(Report::Refused("no".into()), NOW);
        assert!(state.notice(NOW).unwrap().is_error);
        assert_eq!(state.notice(NOW + NOTICE), None);
    }

    #[test]
    fn a_hub_that_is_starting_is_not_complained_about() {
        let mut state = state(4);
        state.handle_report(Report::Silence("no answer".into()), NOW);
        assert_eq!(state.notice(NOW).unwrap().text, "no answer");
        state.act(Action::Hub, NOW);
        state.act(Action::Hub, NOW);
        state.handle_report(Report::Silence("connection refused".into()), NOW);
        assert!(state.notice(NOW).unwrap().text.contains("another clock"));
        state.handle_report(Report::Refused("connection refused".into()), NOW);
        assert_eq!(state.notice(NOW).unwrap().text, "the hub is still starting");
    }

    #[test]
    fn the_playlist_changes_the_scene_every_eight_beats() {
        let mut state = state(4);
        state.act(Action::Playlist, NOW);
        // Beat 166.25 at 120 bpm: beat 168 is 0.875 s away, beat 176 four seconds later.
        let at = |ms| NOW + Duration::from_millis(ms);
        assert_eq!(state.due(at(874)), None);
        assert_eq!(body(state.due(at(876)))["preset"], FAVOURITES[1]);
        // The beat may be told a little earlier than it was guessed.
        assert_eq!(state.due(at(870)), None);
        assert_eq!(state.due(at(4870)), None);
        assert_eq!(body(state.due(at(4876)))["preset"], FAVOURITES[2]);
        state.act(Action::Playlist, at(4876));
        assert_eq!(state.due(at(60_000)), None);
    }

    #[test]
    fn sync_off_comes_with_a_busy_network_and_goes_with_it() {
        let mut state = state(4);
        state.act(Action::Lossy, NOW);
        assert_eq!(state.act(Action::Sync, NOW), Some(Order::SetSync { on: false, network: Network::BusyWifi }));
        assert_eq!(state.act(Action::Sync, NOW), Some(Order::SetSync { on: true, network: Network::Lossy }));
    }

    #[test]
    fn a_network_key_pressed_twice_cleans_the_network() {
        let mut state = state(4);
        let orders: Vec<_> = [Action::BusyWifi, Action::Lossy, Action::Lossy].map(|key| state.act(key, NOW)).to_vec();
        let networks = [Network::BusyWifi, Network::Lossy, Network::Clean];
        assert_eq!(orders, networks.map(|network| Some(Order::SetNetwork(network))).to_vec());
    }

    #[test]
    fn escape_closes_the_help_before_it_quits() {
        let mut state = state(4);
        state.act(Action::Help, NOW);
        assert_eq!(state.act(Action::Escape, NOW), None);
        assert_eq!(state.act(Action::Escape, NOW), Some(Order::Quit));
    }

    #[test]
    fn time_goes_on_between_two_answers_of_the_hub() {
        let state = state(4);
        let later = NOW + Duration::from_millis(500);
        assert_eq!(state.show_us(later), Some(83_900_000));
        assert!((state.beat(later).unwrap() - 167.25).abs() < 1e-9);
    }

    #[test]
    fn a_preset_is_named_while_the_scene_is_its() {
        let mut state = state(4);
        let wanted = presets::by_name("Rainbow").unwrap().scene();
        let mut show = show(4);
        show.scene.effect = effects::by_id(wanted.effect).unwrap().name.into();
        show.scene.palette = palettes::by_id(wanted.palette).unwrap().name.into();
        state.handle_report(Report::Show(NOW, Box::new(show.clone())), NOW);
        assert_eq!(state.preset().unwrap().name, "Rainbow");
        show.scene.effect = "fire".into();
        state.handle_report(Report::Show(NOW, Box::new(show)), NOW);
        assert!(state.preset().is_none());
    }
}
