//! The state of the show: who shows what, for the whole show, for groups and for single nodes (SHOW-4, SHOW-6).
//!
//! A command touches its scope and every narrower one: a command for the show changes the show's track, every group's
//! and every known node's, connected or not; one for a group changes the group's and its members'. All of them get one
//! number and one applyAt. A node that was not known before starts with the newest track among the show's and its
//! groups', and so shows what the others show.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use cuelight_wire::beat::BeatGrid;
use cuelight_wire::control::Text;
use cuelight_wire::ids::{Mac, Revision};
use cuelight_wire::limits::MAX_ZONES;
use cuelight_wire::scene::{Layer, Master, Scene, Tempo};
use cuelight_wire::time::{Show, Span, Time};

use crate::command::{CommandError, Start};
use crate::tempo::Taps;
use crate::track::{Advanced, Layers, Line, Ticks, TrackId, Tracks};

/// Groups there can be; one more is refused.
pub(crate) const MAX_GROUPS: usize = 64;
/// Leads there can be: at least one tick, and less than deployed and Cuelight schedules reach.
pub(crate) const LEADS: core::ops::RangeInclusive<Span> = Span::from_ms(10)..=Span::from_ms(2_000);
/// The farthest an accepted change can lie ahead: it waits for one that is a lead ahead, and then a lead more, with a
/// tick of rounding each.
pub(crate) const FARTHEST: Span = Span::from_ms(2 * (2_000 + 10));

/// A group of nodes.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) members: BTreeSet<Mac>,
    pub(crate) lead: Option<Span>,
    pub(crate) track: TrackId,
}

/// Whom a change is for, resolved.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Show,
    Group(Text<32>),
    Node(Mac),
}

/// A change of scene.
#[derive(Debug)]
pub(crate) struct SceneChange<E> {
    pub(crate) fade_ms: u32,
    pub(crate) is_patch: bool,
    pub(crate) start: Start,
    /// Makes the scene another one, from the change's applyAt on.
    pub(crate) edit: E,
}

/// When a change is decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Time<Show>,
    pub(crate) ticks: Ticks,
    pub(crate) lead: Span,
}

/// The state of the show.
#[derive(Debug)]
pub(crate) struct ShowState {
    pub(crate) tracks: Tracks,
    pub(crate) show: TrackId,
    pub(crate) groups: BTreeMap<Text<32>, Group>,
    pub(crate) tempo: Line<Tempo>,
    pub(crate) master: Line<Master>,
    pub(crate) taps: Taps,
    pub(crate) rev: Revision,
    is_common_stale: bool,
}

impl ShowState {
    /// The state of a hub without saved state: the default scene, from `now` on.
    pub(crate) fn new(now: Time<Show>) -> Self {
        let mut tracks = Tracks::default();
        let at = whole_us(now);
        let layer =
            Layer { rev: Revision(0), at, fade_ms: 0, scene: Scene::default(), phase: 0, zone_phases: [0; MAX_ZONES] };
        let show = tracks.add(Layers::new(layer));
        Self {
            tracks,
            show,
            groups: BTreeMap::new(),
            tempo: Line::new(Tempo::DEFAULT),
            master: Line::new(Master::DEFAULT),
            taps: Taps::default(),
            rev: Revision(0),
            is_common_stale: true,
        }
    }
    /// The number of the next change.
    pub(crate) fn next_rev(&self) -> Result<Revision, CommandError> {
        self.rev.0.checked_add(1).map(Revision).ok_or(CommandError::Exhausted)
    }
    /// The lead of a node: the largest of its groups', else `default`.
    pub(crate) fn lead_of(&self, mac: Mac, default: Span) -> Span {
        self.groups.values().filter(|g| g.members.contains(&mac)).filter_map(|g| g.lead).max().unwrap_or(default)
    }
    /// The track of a node that was not known before: the newest of the show's and its groups'.
    pub(crate) fn track_for(&mut self, mac: Mac) -> TrackId {
        let groups = self.groups.values().filter(|group| group.members.contains(&mac)).map(|group| group.track);
        // Of equally new ones the last: a group before the show.
        let newest = core::iter::once(self.show)
            .chain(groups)
            .max_by_key(|track| self.tracks.layers(*track).newest().rev)
            .expect("the show's track is among them");
        self.tracks.hold(newest)
    }
    /// Changes the scene of everything in `target`; `nodes` are all known nodes. Returns number and applyAt.
    pub(crate) fn change_scene<'a>(
        &'a mut self,
        target: &Target,
        nodes: impl Iterator<Item = (Mac, &'a mut TrackId)>,
        change: &SceneChange<impl Fn(&mut Scene, Time<Show>)>,
        moment: Moment,
    ) -> Result<(Revision, Time<Show>), CommandError> {
        let rev = self.next_rev()?;
        let mut holders: Vec<&mut TrackId> = Vec::new();
        match target {
            Target::Show => {
                holders.push(&mut self.show);
                holders.extend(self.groups.values_mut().map(|group| &mut group.track));
                holders.extend(nodes.map(|(_, track)| track));
            }
            Target::Group(name) => {
                let group = self.groups.get_mut(name).ok_or_else(|| CommandError::UnknownGroup(name.clone()))?;
                holders.push(&mut group.track);
                holders.extend(nodes.filter(|(mac, _)| group.members.contains(mac)).map(|(_, track)| track));
            }
            Target::Node(wanted) => holders.extend(nodes.filter(|(mac, _)| mac == wanted).map(|(_, track)| track)),
        }
        let earliest =
            |track: &&mut TrackId| self.tracks.layers(**track).earliest(moment.ticks, moment.now, moment.lead);
        let earliest = holders.iter().map(earliest).max().unwrap_or(moment.ticks.soonest_at + moment.lead);
        let at = whole_us(starting(change.start, earliest, moment)?);
        // The target's own history leads: whatever was shown before, a whole scene is the same picture everywhere.
        let leader =
            holders.first().filter(|_| !change.is_patch).map(|track| self.tracks.layers(**track).last().clone());
        let tracks = self.tracks.divide(holders.into_iter());
        for id in tracks {
            self.tracks
                .layers_mut(id)
                .accept(rev, at, change.fade_ms, leader.as_ref(), |scene| (change.edit)(scene, at));
        }
        self.rev = rev;
        Ok((rev, at))
    }
    /// Changes the beat grid: `make` gets the newest grid and the applyAt.
    pub(crate) fn change_tempo(
        &mut self,
        make: impl FnOnce(BeatGrid, Time<Show>) -> BeatGrid,
        moment: Moment,
    ) -> Result<(Revision, Time<Show>), CommandError> {
        let rev = self.next_rev()?;
        let at = whole_us(self.tempo.earliest(moment.ticks, moment.lead));
        let grid = make(self.tempo.newest().grid, at);
        self.tempo.accept(Tempo { rev, grid });
        self.rev = rev;
        Ok((rev, at))
    }
    /// Changes the grand master.
    pub(crate) fn change_master(
        &mut self,
        edit: impl FnOnce(&mut Master),
        moment: Moment,
    ) -> Result<(Revision, Time<Show>), CommandError> {
        let rev = self.next_rev()?;
        let at = whole_us(self.master.earliest(moment.ticks, moment.lead));
        let mut master = Master { rev, at, ..self.master.newest() };
        edit(&mut master);
        self.master.accept(master);
        self.rev = rev;
        Ok((rev, at))
    }
    /// Packets are to leave: what waits is announced where there is room, and payloads that changed are encoded.
    pub(crate) fn advance(&mut self, now: Time<Show>) -> Announced {
        let tempo = self.tempo.advance(now);
        let master = self.master.advance(now);
        let scene = self.tracks.advance(now);
        self.is_common_stale |= tempo.changed || master.changed;
        self.encode();
        let is_announced = |advanced: Advanced| advanced.announced;
        Announced { scene, tempo: is_announced(tempo), master: is_announced(master) }
    }
    /// Encodes the payloads that changed.
    pub(crate) fn encode(&mut self) {
        self.tracks.encode(&self.tempo, &self.master, self.is_common_stale);
        self.is_common_stale = false;
    }
    /// The applyAt of the oldest announced tempo or master that is not in force.
    pub(crate) fn common_pending_at(&self) -> Option<Time<Show>> {
        self.tempo.pending_at().into_iter().chain(self.master.pending_at()).min()
    }
    /// The latest applyAt there is.
    pub(crate) fn newest_at(&self) -> Time<Show> {
        let scenes = self.tracks.ids().map(|id| self.tracks.layers(id).newest().at);
        let common = [self.tempo.newest().grid.at, self.master.newest().at];
        scenes.chain(common).max().unwrap_or_default()
    }
    /// Show time was set anew, and everything farther ahead than any change can be belongs to another timeline: it holds
    /// from `now` on.
    pub(crate) fn rebase(&mut self, now: Time<Show>) {
        let (now, limit) = (whole_us(now), now + FARTHEST);
        self.tracks.rebase(now, limit);
        self.tempo.rebase(now, limit);
        self.master.rebase(now, limit);
        self.taps.clear();
        self.is_common_stale = true;
    }
    /// The tempo and master were restored.
    pub(crate) fn restore_common(&mut self, tempo: Line<Tempo>, master: Line<Master>) {
        (self.tempo, self.master, self.is_common_stale) = (tempo, master, true);
    }
}

/// What packets announce first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Announced {
    pub(crate) scene: bool,
    pub(crate) tempo: bool,
    pub(crate) master: bool,
}

impl Announced {
    pub(crate) const fn is_any(self) -> bool {
        self.scene || self.tempo || self.master
    }
}

/// When a change holds that can hold from `earliest` on.
fn starting(start: Start, earliest: Time<Show>, moment: Moment) -> Result<Time<Show>, CommandError> {
    match start {
        Start::Soonest => Ok(earliest),
        Start::After(lead) if !LEADS.contains(&lead) => {
            Err(CommandError::BadValue { field: "lead_ms", problem: "must be 10 to 2000" })
        }
        Start::After(lead) => Ok(earliest.max(moment.ticks.soonest_at + lead)),
        Start::At(at) if at < earliest || at > moment.now + *LEADS.end() => Err(CommandError::BadValue {
            field: "at_us",
            problem: "must be at least the lead ahead of show time and at most 2000 ms, and not before an earlier change",
        }),
        Start::At(at) => Ok(at),
        Start::From(at) => Ok(at.max(earliest)),
    }
}

/// The next whole microsecond: the wire's unit, so that hub and nodes mean the same instant.
pub(crate) fn whole_us(at: Time<Show>) -> Time<Show> {
    Time::from_us((at + Span::from_ns(999)).as_us())
}
