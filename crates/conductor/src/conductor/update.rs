//! Shows are armed, versions are rolled out: operators' words and nodes' reports go to the rollout, its offers to the nodes.
//!
//! Nothing is offered before the shell has said that what led to it is on the disk (OTA-6): the shell saves
//! [`Conductor::saved`] with its revision and then calls [`Conductor::handle_saved`].

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use cuelight_wire::caps::Ext;
use cuelight_wire::control::{HubMessage, OtaState, OtaStatus, OtaStop, OtaUpdate, Text};
use cuelight_wire::ids::{Mac, NodeId, Token};
use cuelight_wire::time::{Local, Span, Time};

use super::command::check_name;
use super::{Conductor, Outgoing};
use crate::command::{Answer, CommandError};
use crate::event::Event;
use crate::fanout::Due;
use crate::rollout::{self, Image, LeftOut, Order, Plan, Rollout, Running, Seen, Status, Word};
use crate::roster::{Node, State};

/// Ticks between two looks at the node on its way.
pub(super) const LOOK_EVERY: u64 = 10;
/// Rollouts that are over and remembered; of more the oldest is forgotten.
pub(super) const MAX_PAST: usize = 8;
/// Images of one version.
const MAX_IMAGES: usize = 16;

/// Nodes of a rollout with their firmware, and nodes left out.
type Chosen = (Vec<(Mac, Text<32>)>, Vec<(Mac, LeftOut)>);

impl Conductor {
    /// The shell has what [`Self::saved`] gave at `revision` on its disk.
    pub fn handle_saved(&mut self, revision: u64, now: Time<Local>) {
        self.durable_revision = self.durable_revision.max(revision);
        self.roll(now);
    }

    /// A show is armed, or none any more (OTA-5, CTRL-9).
    pub(super) fn arm(&mut self, show: Option<&Text<64>>, now: Time<Local>) -> Result<Answer, CommandError> {
        if let Some(name) = show {
            check_name("show", name)?;
            if name.is_empty() {
                return Err(CommandError::BadValue { field: "show", problem: "must have a name" });
            }
        }
        if self.armed.as_ref() != show {
            self.armed = show.cloned();
            self.log(Event::Armed { show: show.cloned() });
            for node in self.roster.nodes_mut().iter_mut().filter(|node| node.ext.has(Ext::SHOW_LOCK)) {
                if let Some(session) = &mut node.session {
                    session.due = session.due.or(Due::SHOW_LOCK);
                }
            }
            self.due_from = Some(0);
            if let Some(running) = &mut self.running {
                running.rollout.handle_armed(show.map(Text::as_str), now);
            }
            self.roll(now);
        }
        self.settled(now)
    }

    /// A rollout begins (OTA-3, OTA-5). One at a time: the one before must be over.
    pub(super) fn begin_rollout(&mut self, order: &Order, now: Time<Local>) -> Result<Answer, CommandError> {
        if let Some(running) = self.running.as_ref().filter(|running| !running.rollout.status().is_over()) {
            return Err(CommandError::RolloutRunning { version: running.rollout.plan().version.clone() });
        }
        check_order(order)?;
        let (mut nodes, left_out) = self.nodes_of(order)?;
        if let Some(canary) = &order.canary {
            let mac = self.mac_of(canary)?;
            let at = nodes.iter().position(|(node, _)| *node == mac);
            let at = at.ok_or(CommandError::BadValue { field: "canary", problem: "must be a node of the rollout" })?;
            nodes[..=at].rotate_right(1);
        }
        let (macs, from): (Vec<Mac>, Vec<Text<32>>) = nodes.into_iter().unzip();
        let plan = Plan {
            limit: order.limit,
            settle: order.settle,
            confirm_canary: order.confirm_canary,
            in_spite_of: order.in_spite_of.clone(),
            ..Plan::new(&order.version, macs)
        };
        let count = plan.nodes.len();
        let rollout = Rollout::new(plan, self.armed.as_ref().map(|show| String::from(show.as_str())))?;
        let number = self.next_rollout;
        self.next_rollout = self.next_rollout.saturating_add(1);
        self.remember_rollout();
        self.running = Some(Running::new(number, rollout, order.images.clone(), from, left_out));
        self.roll(now);
        Ok(Answer { nodes: count, ..self.settled(now)? })
    }

    /// An operator's word on the rollout.
    pub(super) fn rollout_word(&mut self, word: Word, now: Time<Local>) -> Result<Answer, CommandError> {
        let running = self.running.as_mut().ok_or(CommandError::NoRollout)?;
        running.rollout.handle_word(word, now)?;
        if word == Word::Abort
            && let Some(mac) = running.offer.take()
            && running.offered != Some(mac)
        {
            running.rollout.handle_withdrawn(mac);
        }
        self.roll(now);
        self.settled(now)
    }

    /// A node says how far its update is.
    pub(super) fn update_report(&mut self, id: NodeId, status: &OtaStatus, now: Time<Local>) {
        self.log(Event::Ota { node: id, status: status.clone() });
        let Some(mac) = self.roster.get(id).map(|node| node.mac) else { return };
        let Some(running) = &mut self.running else { return };
        running.rollout.handle_report(mac, status.state, status.pct, status.error.as_deref(), now);
        if status.state == OtaState::Failed
            && let Some(log) = &status.log
        {
            running.keep_log(mac, log);
        }
        self.roll(now);
    }

    /// Looks at the node on its way, notes what changed, and offers what may be offered.
    pub(super) fn roll(&mut self, now: Time<Local>) {
        let Some(running) = &mut self.running else { return };
        if let Some(mac) = running.rollout.current() {
            let node = self.roster.id_of(mac).and_then(|id| self.roster.get(id));
            running.rollout.handle_seen(mac, &seen(node), now);
        }
        running.rollout.handle_timeout(now);
        if running.rollout.poll_changed() {
            self.saved_revision += 1;
            running.needs_revision = self.saved_revision;
        }
        running.offer = running.rollout.poll_offer().or(running.offer);
        running.stop = running.rollout.poll_stop().or(running.stop);
        let status = running.rollout.status();
        if running.told.as_ref() != Some(&status) {
            running.told = Some(status.clone());
            let (number, version) = (running.number, running.rollout.plan().version.clone());
            self.log(Event::Rollout { number, version, status });
        }
        self.offer(now);
        self.stop();
    }

    /// Tells a node to leave its update off, once the end of the rollout is saved. A deployed node knows no such word: it
    /// arrives (OTA-21).
    fn stop(&mut self) {
        let Some(running) = &mut self.running else { return };
        if self.durable_revision < running.needs_revision {
            return;
        }
        let Some(mac) = running.stop.take() else { return };
        let node = self.roster.id_of(mac).and_then(|id| self.roster.get(id));
        let Some(node) = node.filter(|node| node.ext.has(Ext::OTA_STOP)) else { return };
        let platform = node_platform(node);
        let image = running.images.iter().find(|image| image.platform == platform);
        let (Some(session), Some(image)) = (&node.session, image) else { return };
        let Ok(sha256) = image.sha256.as_str().try_into() else { return };
        let (conn, id) = (session.conn, node.id);
        let stop = OtaStop { node_id: id, token: session.token.clone(), sha256 };
        self.send(conn, Outgoing::Message(HubMessage::OtaStop(stop)));
        self.log(Event::UpdateStopped { node: id });
    }

    /// Offers the image to the node whose turn it is, once its turn is saved (OTA-6), it is there, and no show that is armed
    /// stands against it (OTA-5).
    fn offer(&mut self, now: Time<Local>) {
        let Some(running) = &mut self.running else { return };
        let Some(mac) = running.offer else { return };
        if self.durable_revision < running.needs_revision || running.rollout.held_by().is_some() {
            return;
        }
        if running.rollout.current() != Some(mac) {
            running.offer = None;
            return;
        }
        let node = self.roster.id_of(mac).and_then(|id| self.roster.get(id));
        let Some((node, session)) = node.and_then(|node| Some((node, node.session.as_ref()?))) else { return };
        running.offer = None;
        let platform = node_platform(node);
        let Some(update) = running
            .images
            .iter()
            .find(|image| image.platform == platform)
            .and_then(|image| ota_update(image, running, node, session.token.clone()))
        else {
            // A node that is another machine than it was when the rollout began.
            running.rollout.handle_report(mac, OtaState::Failed, 0, Some("there is no image for its platform"), now);
            return;
        };
        running.offered = Some(mac);
        let (conn, id) = (session.conn, node.id);
        let version = update.version.clone();
        self.send(conn, Outgoing::Message(HubMessage::OtaUpdate(update)));
        self.log(Event::Offered { node: id, version });
    }

    /// The nodes of an order, by number, with their firmware; and those left out although it is for all.
    fn nodes_of(&self, order: &Order) -> Result<Chosen, CommandError> {
        let (mut nodes, mut left_out) = (Vec::new(), Vec::new());
        match &order.nodes {
            None => {
                for node in self.roster.nodes() {
                    match left_out_for(node, order) {
                        Some(why) => left_out.push((node.mac, why)),
                        None => nodes.push(node),
                    }
                }
            }
            Some(named) => {
                for name in named {
                    let node = self.roster.get(self.id_of(name)?);
                    let node = node.ok_or_else(|| CommandError::UnknownNode(name.clone()))?;
                    match left_out_for(node, order) {
                        Some(LeftOut::RunsIt) => left_out.push((node.mac, LeftOut::RunsIt)),
                        Some(why) => return Err(CommandError::NotUpdatable { node: name.clone(), why }),
                        None => nodes.push(node),
                    }
                }
                nodes.sort_by_key(|node| node.id);
            }
        }
        Ok((nodes.into_iter().map(|node| (node.mac, node.fw.clone())).collect(), left_out))
    }

    /// What is over makes room for what begins.
    fn remember_rollout(&mut self) {
        let Some(running) = self.running.take() else { return };
        let mut past: Vec<_> = self.past_rollouts.as_ref().clone();
        past.push(running.past());
        let surplus = past.len().saturating_sub(MAX_PAST);
        past.drain(..surplus);
        self.past_rollouts = Arc::new(past);
    }
}

/// What a node's images are for.
pub(super) fn node_platform(node: &Node) -> String {
    rollout::platform(node.hardware.as_deref(), &node.fw)
}

fn left_out_for(node: &Node, order: &Order) -> Option<LeftOut> {
    if node.session.is_none() {
        return Some(LeftOut::Away);
    }
    if rollout::version_of(&node.fw) == order.version {
        return Some(LeftOut::RunsIt);
    }
    if !node.caps.ota {
        return Some(LeftOut::NotUpdatable);
    }
    let platform = node_platform(node);
    (!order.images.iter().any(|image| image.platform == platform)).then_some(LeftOut::NoImage)
}

/// As it said with its last keepalive.
fn uptime(node: &Node) -> Span {
    Span::from_s(i64::try_from(node.uptime_s).unwrap_or(i64::MAX / 1_000_000_000))
}

fn seen(node: Option<&Node>) -> Seen<'_> {
    Seen {
        is_connected: node.is_some_and(|node| node.session.is_some()),
        is_ready: node.is_some_and(|node| node.state == State::Ready),
        fw: node.map_or("", |node| node.fw.as_str()),
        fps: node.map_or(0.0, |node| node.render_fps),
        uptime: node.filter(|node| node.state.is_streaming()).map(uptime),
    }
}

fn ota_update(image: &Image, running: &Running, node: &Node, token: Token) -> Option<OtaUpdate> {
    let plan = running.rollout.plan();
    let in_spite_of = plan.in_spite_of.as_deref().filter(|_| node.ext.has(Ext::SHOW_LOCK));
    Some(OtaUpdate {
        node_id: node.id,
        token,
        version: plan.version.as_str().try_into().ok()?,
        url: image.path.as_str().try_into().ok()?,
        sha256: image.sha256.as_str().try_into().ok()?,
        size: image.size,
        in_spite_of: in_spite_of.and_then(|show| show.try_into().ok()),
    })
}

/// Whether everything an order says fits the messages it leads to.
fn check_order(order: &Order) -> Result<(), CommandError> {
    let bad = |field, problem| Err(CommandError::BadValue { field, problem });
    if !(1..=32).contains(&order.version.len()) {
        return bad("version", "must have 1 to 32 bytes");
    }
    if order.images.len() > MAX_IMAGES {
        return bad("images", "must be at most 16");
    }
    let fits = |image: &Image| {
        image.path.len() <= Image::MAX_PATH
            && image.sha256.len() == 64
            && image.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    if !order.images.iter().all(fits) {
        return bad("images", "must each have a path of at most 160 bytes and a lowercase SHA-256");
    }
    if order.in_spite_of.as_ref().is_some_and(|show| show.len() > 64) {
        return bad("in_spite_of", "must have at most 64 bytes");
    }
    let seconds = |span: Span| span.as_ms() / 1000;
    if !(10..=3600).contains(&seconds(order.limit)) {
        return bad("limit_s", "must be 10 to 3600");
    }
    if !(0..=600).contains(&seconds(order.settle)) || order.settle >= order.limit {
        return bad("settle_s", "must be 0 to 600, and less than limit_s");
    }
    Ok(())
}

/// The version of the newest rollout that came to its end.
pub(super) fn last_version(running: Option<&Running>, past: &[rollout::PastRollout]) -> Option<String> {
    let newest = running.filter(|running| running.rollout.status() == Status::Finished);
    let newest = newest.map(|running| running.rollout.plan().version.to_string());
    newest.or_else(|| past.iter().rev().find(|past| past.is_finished).map(|past| past.version.clone()))
}
