//! A node's process in virtual time: its driver, in the order the role documents, and its frame loop.

use std::collections::VecDeque;

use cuelight_conductor::ConnId;
use cuelight_oracle::{ClockSample, Frame, NodeNo, What};
use cuelight_proto::node::{NodeEvent, NodeRole};
use cuelight_render::Finish;
use cuelight_wire::ids::PatternId;
use cuelight_wire::time::{FrameIndex, Local, Time};

use super::clock::Clock;
use super::frames::{Command, Counts, FrameLoop};
use super::hub::{MESSAGE_LEN, UDP_LEN};
use super::network::{Bytes, Event, Site, ToHub, ToSite};
use super::record::{FrameRecord, NodeRecord};
use super::setup::{NodeSetup, Speech};
use super::{Who, World, skew};
use crate::rng::Rng;

/// Timeouts that may follow from dealing with one.
const MAX_ROUNDS: u32 = 8;

/// A node's machine and, while it runs, its process.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) setup: NodeSetup,
    pub(crate) clock: Clock,
    pub(crate) life: u32,
    pub(crate) process: Option<Process>,
    pub(crate) record: NodeRecord,
}

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) role: NodeRole,
    frames: FrameLoop,
    /// What of the frame loop's counts is in the record.
    counted: Counts,
    conn: Option<ConnId>,
    /// When the role is to be called next, true time.
    due_at: i64,
    /// What waits while the driver is busy: at most the setup's `inbox` datagrams, one more is dropped; control messages,
    /// which TCP holds, as many as the hub sends in that time.
    inbox: VecDeque<(i64, Inbound)>,
    waiting_datagrams: usize,
    /// The driver is busy until then.
    busy_until_ns: i64,
    /// The whole process is stopped until then.
    stopped_until_ns: i64,
    is_free_planned: bool,
    rng: Rng,
}

/// Something for the driver.
#[derive(Clone, Debug)]
pub(crate) enum Inbound {
    Stream(Bytes),
    Pong(Bytes),
    Control(ConnId, ToSite),
}

impl Node {
    /// A new process, at true time `now_ns`.
    pub(crate) fn start(&mut self, seed: u64, now_ns: i64) {
        let NodeSetup { render_seed, finish, .. } = self.setup;
        let role = NodeRole::new(self.setup.config(), seed, self.clock.read(now_ns));
        let (mut frames, counted) = (FrameLoop::new(render_seed, finish), Counts::default());
        for (id, file) in &self.setup.patterns {
            frames.give_pattern(*id, file.clone());
        }
        self.process = Some(Process {
            role,
            frames,
            counted,
            conn: None,
            due_at: i64::MAX,
            inbox: VecDeque::new(),
            waiting_datagrams: 0,
            busy_until_ns: i64::MIN,
            stopped_until_ns: i64::MIN,
            is_free_planned: false,
            rng: Rng::derived(seed, 0x0c90),
        });
        self.life += 1;
        self.record.starts.push(now_ns);
    }
}

impl World {
    /// Runs `input` on a node's process, then drains what it has to say.
    pub(super) fn with_node(&mut self, site: Site, input: impl FnOnce(&mut NodeRole, Time<Local>)) {
        let now_ns = self.now_ns;
        let Some(node) = self.node_mut(site) else { return };
        let now = node.clock.read(now_ns);
        let Some(process) = &mut node.process else { return };
        input(&mut process.role, now);
        self.drain(site, now);
        self.plan_due(site, now);
    }
    pub(super) fn on_due(&mut self, site: Site, at: i64) {
        let now_ns = self.now_ns;
        let Some(process) = self.process_mut(site).filter(|process| process.due_at == at) else { return };
        if process.busy_until_ns > now_ns {
            process.due_at = process.busy_until_ns;
            let at = process.due_at;
            return self.schedule(at, Event::Due { site, at });
        }
        for _ in 0..MAX_ROUNDS {
            let Some(node) = self.node_mut(site) else { return };
            let now = node.clock.read(now_ns);
            let Some(process) = node.process.as_mut() else { return };
            if process.role.poll_timeout().is_none_or(|due| due > now) {
                return self.plan_due(site, now);
            }
            process.role.handle_timeout(now);
            self.drain(site, now);
        }
        panic!("node {} at {now_ns} ns: a timeout that is dealt with is over", site.0);
    }
    fn plan_due(&mut self, site: Site, now: Time<Local>) {
        let now_ns = self.now_ns;
        let Some(node) = self.node_mut(site) else { return };
        let Some(process) = node.process.as_mut() else { return };
        let due = process.role.poll_timeout().unwrap_or(Time::from_ns(i64::MAX)).max(now);
        let at = node.clock.true_at(due, now_ns);
        if process.due_at != at {
            process.due_at = at;
            self.schedule(at, Event::Due { site, at });
        }
    }

    /// Drains a role in the order it documents.
    fn drain(&mut self, site: Site, now: Time<Local>) {
        while let Some(ping) = self.process_mut(site).and_then(|process| process.role.poll_ping(now)) {
            let Some(process) = self.process_mut(site) else { return };
            process.role.handle_exchange_sent(ping.seq, now);
            let datagram = process.role.ping_datagram(&ping)[..].into();
            self.ask(site, datagram);
        }
        while let Some(message) = self.process_mut(site).and_then(|process| process.role.poll_message()) {
            let Some(node) = self.node_mut(site) else { return };
            let message = if node.setup.speech == Speech::Later { skew::later_node(message) } else { message };
            if let Some(conn) = node.process.as_ref().and_then(|process| process.conn) {
                self.send_to_hub(conn, ToHub::Message(Box::new(message)));
            }
        }
        while let Some(event) = self.process_mut(site).and_then(|process| process.role.poll_event()) {
            self.on_node_event(site, event);
        }
        if let Some(process) = self.process_mut(site) {
            process.frames.set_clock(process.role.map(now));
        }
    }
    fn on_node_event(&mut self, site: Site, event: NodeEvent) {
        let now_ns = self.now_ns;
        let Some(node) = self.node_mut(site) else { return };
        node.record.events.push((now_ns, event.clone()));
        let Some(process) = node.process.as_mut() else { return };
        match event {
            NodeEvent::Connect => {
                let conn = self.dial(site);
                if let Some(process) = self.process_mut(site) {
                    process.conn = Some(conn);
                }
            }
            NodeEvent::Disconnect(_) => {
                if let Some(conn) = process.conn.take() {
                    self.close_at_site(conn);
                }
            }
            NodeEvent::Change { change, catch_up, .. } => process.frames.command(Command::Change { change, catch_up }),
            NodeEvent::Locked => process.frames.command(Command::Restart),
            _ => {}
        }
    }

    /// A pattern comes to a node: it has it from now on, over its restarts too.
    pub fn give_pattern(&mut self, site: Site, id: PatternId, file: &[u8]) {
        let Some(node) = self.node_mut(site) else { return };
        node.setup.patterns.push((id, file.to_vec()));
        if let Some(process) = &mut node.process {
            process.frames.give_pattern(id, file.to_vec());
        }
    }

    fn on_to_node(&mut self, site: Site, conn: ConnId, what: ToSite) {
        let Some(process) = self.process_mut(site) else { return };
        if process.conn != Some(conn) {
            return;
        }
        match what {
            ToSite::Opened => self.with_node(site, |role, now| role.handle_connected(now)),
            ToSite::Message(message) => self.with_node(site, |role, now| role.handle_message(&message, now)),
            ToSite::Refused | ToSite::Close => {
                process.conn = None;
                self.with_node(site, |role, now| role.handle_disconnected(now));
            }
        }
    }
    /// A machine sends a datagram to the hub's time exchange.
    pub(super) fn ask(&mut self, site: Site, bytes: Bytes) {
        if self.sites[site.0].path.is_stream_only() {
            return;
        }
        for at in self.sites[site.0].path.up(self.now_ns, bytes.len() + UDP_LEN).arrivals() {
            self.schedule(at, Event::Ping { site, bytes: bytes.clone(), arrived_at: at });
        }
    }
    /// Something reaches a node's machine.
    pub(super) fn arrive(&mut self, site: Site, what: Inbound) {
        let now_ns = self.now_ns;
        let Some(node) = self.node_mut(site) else { return };
        let inbox_len = node.setup.inbox;
        let Some(process) = node.process.as_mut() else { return };
        if process.busy_until_ns <= now_ns && process.inbox.is_empty() {
            return self.attend(site, now_ns, what);
        }
        let is_datagram = !matches!(what, Inbound::Control(..));
        if is_datagram && process.waiting_datagrams >= inbox_len {
            return self.note(What::Overflowed(NodeNo(site.0)));
        }
        process.waiting_datagrams += usize::from(is_datagram);
        process.inbox.push_back((now_ns, what));
        self.plan_free(site);
    }
    /// The driver deals with what arrived then, and is busy for as long as that takes.
    fn attend(&mut self, site: Site, arrived_ns: i64, what: Inbound) {
        let now_ns = self.now_ns;
        match what {
            Inbound::Stream(bytes) => self.with_node(site, |role, now| role.handle_datagram(&bytes, now)),
            Inbound::Pong(bytes) => {
                // The kernel stamps an arrival, whenever the process fetches it.
                let waited = cuelight_wire::time::Span::from_ns(now_ns - arrived_ns);
                self.with_node(site, |role, now| role.handle_exchange(&bytes, now - waited, now));
            }
            Inbound::Control(conn, what) => self.on_to_node(site, conn, what),
        }
        let Some(node) = self.node_mut(site) else { return };
        let (shortest, longest) = node.setup.cpu.handles_ns;
        let Some(process) = node.process.as_mut().filter(|_| longest > 0.0) else { return };
        process.busy_until_ns = process.busy_until_ns.max(now_ns + process.rng.between(shortest, longest) as i64);
        self.plan_free(site);
    }
    fn plan_free(&mut self, site: Site) {
        let Some(node) = self.node_mut(site) else { return };
        let life = node.life;
        let Some(process) = node.process.as_mut() else { return };
        if !std::mem::replace(&mut process.is_free_planned, true) {
            let at = process.busy_until_ns;
            self.schedule(at, Event::Free { site, life });
        }
    }
    pub(super) fn on_free(&mut self, site: Site, life: u32) {
        let now_ns = self.now_ns;
        if let Some(process) = self.node_mut(site).filter(|node| node.life == life).and_then(|n| n.process.as_mut()) {
            process.is_free_planned = false;
        }
        loop {
            let Some(node) = self.node_mut(site).filter(|node| node.life == life) else { return };
            let Some(process) = node.process.as_mut() else { return };
            if process.busy_until_ns > now_ns {
                if !process.inbox.is_empty() {
                    self.plan_free(site);
                }
                return;
            }
            let Some((arrived_ns, what)) = process.inbox.pop_front() else { return };
            process.waiting_datagrams -= usize::from(!matches!(what, Inbound::Control(..)));
            self.attend(site, arrived_ns, what);
        }
    }
    /// A node's process does nothing for a while, as when it is stopped; what comes meanwhile waits.
    pub fn stop_node(&mut self, site: Site, span: cuelight_wire::time::Span) {
        let until_ns = self.now_ns + span.as_ns();
        let Some(process) = self.process_mut(site) else { return };
        process.busy_until_ns = process.busy_until_ns.max(until_ns);
        process.stopped_until_ns = process.stopped_until_ns.max(until_ns);
        self.plan_free(site);
    }
    /// Looks at the clocks of all nodes that run, for the trace.
    pub fn look_at_clocks(&mut self) {
        let now_ns = self.now_ns;
        for n in 0..self.sites.len() {
            let Some(node) = self.node_mut(Site(n)) else { continue };
            let Some(process) = &node.process else { continue };
            let now = node.clock.read(now_ns);
            let map = process.role.map(now);
            let sample = ClockSample { show: map.show_at(now), is_usable: map.state.is_usable(), bound: map.bound };
            self.note(What::Clock(NodeNo(n), sample));
        }
    }
    /// A machine opens a connection; the answer takes a way there and back.
    pub(super) fn dial(&mut self, site: Site) -> ConnId {
        self.last_conn += 1;
        let conn = ConnId(self.last_conn);
        let mut link = self.sites[site.0].path.connection(site, &mut self.rng);
        link.is_open_at_site = true;
        self.conns.insert(conn, link);
        self.send_to_hub(conn, ToHub::Open);
        conn
    }
    pub(super) fn send_to_hub(&mut self, conn: ConnId, what: ToHub) {
        let Some(link) = self.conns.get_mut(&conn).filter(|link| link.is_open_at_site) else { return };
        if self.sites[link.site.0].path.is_cut {
            return;
        }
        if let Some(at) = link.up.send(self.now_ns, MESSAGE_LEN) {
            self.schedule(at, Event::ToHub { conn, what });
        }
    }
    pub(super) fn close_at_site(&mut self, conn: ConnId) {
        self.send_to_hub(conn, ToHub::Close);
        if let Some(link) = self.conns.get_mut(&conn) {
            link.is_open_at_site = false;
        }
    }

    pub(super) fn plan_frame(&mut self, site: Site) {
        let now_ns = self.now_ns;
        let Some(node) = self.node_mut(site) else { return };
        let (life, now) = (node.life, node.clock.read(now_ns));
        let Some(process) = node.process.as_mut() else { return };
        let (index, wake_at) = process.frames.plan(now);
        let (soonest, latest) = node.setup.cpu.wakes_late_ns;
        let late_ns = if latest > 0.0 { process.rng.between(soonest, latest) as i64 } else { 0 };
        let at = node.clock.true_at(wake_at, now_ns) + late_ns;
        self.schedule(at, Event::Wake { site, life, index });
    }
    pub(super) fn on_wake(&mut self, site: Site, life: u32, index: FrameIndex) {
        let now_ns = self.now_ns;
        let is_sharing = self.trace.is_some();
        let Who::Node(node) = &mut self.sites[site.0].who else { return };
        if node.life != life {
            return;
        }
        let now = node.clock.read(now_ns);
        let Some(process) = node.process.as_mut() else { return };
        if process.stopped_until_ns > now_ns {
            let at = process.stopped_until_ns;
            return self.schedule(at, Event::Wake { site, life, index });
        }
        if !process.frames.is_current(index, now) {
            return self.plan_frame(site);
        }
        // A node with another finish, or with patterns, may show another picture.
        let is_plain = node.setup.patterns.is_empty() && node.setup.finish == Finish::DEFAULT;
        let gallery = (is_sharing && is_plain).then_some(&mut self.gallery);
        process.frames.render(index, gallery);
        let at = node.clock.true_at(process.frames.due_at(index), now_ns);
        self.schedule(at, Event::Output { site, life });
    }
    pub(super) fn on_output(&mut self, site: Site, life: u32) {
        let now_ns = self.now_ns;
        let show = self.hub.show_at(now_ns);
        let Some(node) = self.node_mut(site).filter(|node| node.life == life) else { return };
        let Some(process) = node.process.as_mut() else { return };
        if process.stopped_until_ns > now_ns {
            let at = process.stopped_until_ns;
            return self.schedule(at, Event::Output { site, life });
        }
        let rendered = process.frames.rendered;
        let report = process.frames.handle_output();
        let (before, counts) = (process.counted, process.frames.counts);
        process.counted = counts;
        node.record.missed += counts.missed - before.missed;
        node.record.steps += counts.steps - before.steps;
        node.record.late_changes += counts.late_changes - before.late_changes;
        node.record.frames.push(FrameRecord {
            index: rendered.index,
            true_ns: now_ns,
            late_ns: (show - rendered.index.show_at()).as_ns(),
            is_synced: rendered.is_synced,
            scene_rev: rendered.scene_rev,
            hash: rendered.hash,
        });
        let frame = Frame {
            index: rendered.index,
            is_synced: rendered.is_synced,
            rev: rendered.scene_rev,
            hash: rendered.hash,
        };
        self.note(What::Frame(NodeNo(site.0), frame));
        if let Some(report) = report {
            self.with_node(site, |role, now| role.handle_frames(report, now));
        }
        self.plan_frame(site);
    }
}
