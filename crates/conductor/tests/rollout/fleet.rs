//! Nodes that behave as told, seen as a hub sees them.

use cuelight_conductor::rollout::{Phase, Plan, Rollout, RolloutError, SavedRollout, Seen, Word};
use cuelight_wire::control::OtaState;
use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Local, Span, Time};

pub(crate) const OLD: &str = "1.0.0";
pub(crate) const NEW: &str = "1.1.0";
/// The nodes are looked at this often.
const LOOK: Span = Span::from_ms(250);

pub(crate) const fn mac(n: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, n])
}

/// How a node takes an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// It does what it should: fetches for 8 s, restarts for 4 s.
    Good,
    /// It says that the hash is wrong.
    Reports,
    /// It restarts, and is back on the old version.
    FallsBack,
    /// It restarts and is never seen again.
    NeverBack,
    /// It does not answer.
    Deaf,
    /// It is back on the new version and draws 60 frames a second.
    Slow,
}

impl Conduct {
    pub(crate) const ALL: [Self; 6] =
        [Self::Good, Self::Reports, Self::FallsBack, Self::NeverBack, Self::Deaf, Self::Slow];
}

struct Node {
    conduct: Conduct,
    /// Since when it has been at an update.
    offered_at: Option<Time<Local>>,
    is_cut_until: Time<Local>,
}

pub(crate) struct Fleet {
    now: Time<Local>,
    nodes: Vec<Node>,
    rollout: Option<Rollout>,
    /// What is on the disk.
    saved: Option<SavedRollout>,
    armed: Option<String>,
    pub(crate) lose_offers: u32,
    pub(crate) offered: Vec<Mac>,
    pub(crate) updates: Vec<u32>,
    pub(crate) most_at_once: usize,
}

impl Fleet {
    pub(crate) fn new(nodes: u8) -> Self {
        let node = |_| Node { conduct: Conduct::Good, offered_at: None, is_cut_until: Time::ZERO };
        Self {
            now: Time::from_ns(7_000_000_000),
            nodes: (0..nodes).map(node).collect(),
            rollout: None,
            saved: None,
            armed: None,
            lose_offers: 0,
            offered: Vec::new(),
            updates: vec![0; usize::from(nodes)],
            most_at_once: 0,
        }
    }
    pub(crate) fn conduct(&mut self, n: u8, conduct: Conduct) {
        self.nodes[usize::from(n)].conduct = conduct;
    }
    pub(crate) fn roll_out(&mut self, plan: Plan) {
        self.rollout = Some(Rollout::new(plan, self.armed.clone()).unwrap());
    }
    pub(crate) fn rollout(&self) -> &Rollout {
        self.rollout.as_ref().unwrap()
    }
    pub(crate) fn word(&mut self, word: Word) -> Result<(), RolloutError> {
        self.rollout.as_mut().unwrap().handle_word(word, self.now)
    }
    pub(crate) fn arm(&mut self, show: Option<&str>) {
        self.armed = show.map(str::to_owned);
        self.rollout.as_mut().unwrap().handle_armed(show, self.now);
    }
    pub(crate) fn report(&mut self, n: u8, state: OtaState, error: Option<&str>) {
        self.rollout.as_mut().unwrap().handle_report(mac(n), state, 0, error, self.now);
    }
    /// Every node's connection breaks for 2 s.
    pub(crate) fn disconnect(&mut self) {
        let until = self.now + Span::from_s(2);
        self.nodes.iter_mut().for_each(|node| node.is_cut_until = until);
    }
    /// The hub ends without a word and another one starts, on another clock, with what was saved.
    pub(crate) fn restart_hub(&mut self) {
        self.disconnect();
        let Some(saved) = self.saved.clone() else { return };
        let text = serde_json::to_string(&saved).unwrap();
        self.rollout = Rollout::restored(serde_json::from_str(&text).unwrap(), self.now);
        let armed = self.armed.clone();
        self.rollout.as_mut().unwrap().handle_armed(armed.as_deref(), self.now);
    }

    /// What a node runs now.
    pub(crate) fn version(&self, n: u8) -> &'static str {
        let node = &self.nodes[usize::from(n)];
        match self.at_it_for(usize::from(n)) {
            Some(at_it) if at_it >= Span::from_s(8) && matches!(node.conduct, Conduct::Good | Conduct::Slow) => NEW,
            _ => OLD,
        }
    }
    fn at_it_for(&self, n: usize) -> Option<Span> {
        self.nodes[n].offered_at.map(|at| self.now - at)
    }

    pub(crate) fn run(&mut self, span: Span) {
        let end = self.now + span;
        while self.now < end {
            self.now = (self.now + LOOK).min(end);
            for n in 0..self.nodes.len() {
                self.look_at(n);
            }
            let rollout = self.rollout.as_mut().unwrap();
            rollout.handle_timeout(self.now);
            let on_the_way =
                |(_, phase): &(Mac, &Phase)| matches!(phase, Phase::Offered | Phase::Working(..) | Phase::Proving);
            self.most_at_once = self.most_at_once.max(rollout.steps().filter(on_the_way).count());
            // Saved before it is acted on.
            if rollout.poll_changed() {
                self.saved = Some(rollout.saved(self.now));
            }
            while let Some(to) = self.rollout.as_mut().unwrap().poll_offer() {
                self.offered.push(to);
                self.deliver(to);
            }
        }
    }
    fn deliver(&mut self, to: Mac) {
        let n = usize::from(to.0[5]);
        if self.lose_offers > 0 || self.now < self.nodes[n].is_cut_until {
            self.lose_offers = self.lose_offers.saturating_sub(1);
            return;
        }
        let node = &mut self.nodes[n];
        // A node that is at it, or runs it already, passes a second offer over.
        if node.conduct != Conduct::Deaf && (node.offered_at.is_none() || node.conduct == Conduct::Reports) {
            node.offered_at = Some(self.now);
            self.updates[n] += 1;
        }
    }
    /// What the hub sees and hears of a node now.
    fn look_at(&mut self, n: usize) {
        let mac = mac(n as u8);
        let (conduct, is_cut) = (self.nodes[n].conduct, self.now < self.nodes[n].is_cut_until);
        let at_it = self.at_it_for(n);
        let is_restarting = at_it.is_some_and(|at_it| {
            at_it >= Span::from_s(8) && (at_it < Span::from_s(12) || conduct == Conduct::NeverBack)
        }) && conduct != Conduct::Reports;
        let fw = format!("cuelight-{}", self.version(n as u8));
        let fps = if conduct == Conduct::Slow && self.version(n as u8) == NEW { 60.0 } else { 120.0 };
        let is_connected = !is_cut && !is_restarting;
        let rollout = self.rollout.as_mut().unwrap();
        rollout.handle_seen(
            mac,
            &Seen { is_connected, is_ready: is_connected, fw: &fw, fps, uptime: Some(Span::ZERO) },
            self.now,
        );
        let Some(at_it) = at_it.filter(|_| is_connected) else { return };
        match conduct {
            Conduct::Reports if at_it < Span::from_ms(500) => {
                rollout.handle_report(mac, OtaState::Failed, 0, Some("wrong hash"), self.now);
            }
            Conduct::Reports | Conduct::Deaf => {}
            _ if at_it < Span::from_s(7) => {
                let pct = (at_it.as_ms() / 70) as u8;
                rollout.handle_report(mac, OtaState::Downloading, pct, None, self.now);
            }
            _ if at_it < Span::from_s(8) => rollout.handle_report(mac, OtaState::Rebooting, 100, None, self.now),
            _ => {}
        }
    }
}
