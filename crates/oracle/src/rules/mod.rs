//! The rules, one idea a file. Each sees every entry.

mod announcing;
mod applies;
mod clocks;
mod cues;
mod deployed;
mod fan_out;
mod locks;
mod network;
mod pictures;
mod recovery;
mod roster;
mod session;
mod timeline;
#[cfg(test)]
mod traces;

use crate::figures::Figures;
use crate::judge::Scene;
use crate::presence::Presence;

/// All rules.
#[derive(Debug)]
pub(crate) struct Rules {
    applies: applies::Applies,
    pictures: pictures::Pictures,
    timeline: timeline::Timeline,
    clocks: clocks::Clocks,
    locks: locks::Locks,
    recovery: recovery::Recovery,
    roster: roster::Roster,
    session: session::Session,
    fan_out: fan_out::FanOut,
    announcing: announcing::Announcing,
    deployed: deployed::Deployed,
    network: network::Network,
    cues: cues::Cues,
}

impl Rules {
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            applies: applies::Applies::new(nodes),
            pictures: pictures::Pictures::default(),
            timeline: timeline::Timeline::new(nodes),
            clocks: clocks::Clocks::default(),
            locks: locks::Locks::new(nodes),
            recovery: recovery::Recovery::new(nodes),
            roster: roster::Roster::default(),
            session: session::Session::new(nodes),
            fan_out: fan_out::FanOut::new(nodes),
            announcing: announcing::Announcing::default(),
            deployed: deployed::Deployed::new(nodes),
            network: network::Network::new(nodes),
            cues: cues::Cues::new(nodes),
        }
    }
    pub(crate) fn take(&mut self, scene: &Scene<'_>) {
        self.applies.take(scene);
        self.pictures.take(scene);
        self.timeline.take(scene);
        self.clocks.take(scene);
        self.locks.take(scene);
        self.recovery.take(scene);
        self.roster.take(scene);
        self.session.take(scene);
        self.fan_out.take(scene);
        self.announcing.take(scene);
        self.deployed.take(scene);
        self.network.take(scene);
        self.cues.take(scene);
    }
    pub(crate) fn finish(self, presence: &Presence, end_ns: i64, figures: &mut Figures) {
        self.applies.finish(figures);
        self.pictures.finish(figures);
        self.timeline.finish(figures);
        self.clocks.finish(figures);
        self.locks.finish(end_ns, figures);
        self.recovery.finish(presence, figures);
        self.roster.finish(figures);
        self.session.finish(figures);
        self.fan_out.finish(figures);
        self.announcing.finish(figures);
        self.deployed.finish(end_ns, figures);
        self.network.finish(figures);
        self.cues.finish(figures);
    }
}
