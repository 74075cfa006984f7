//! A node's process in virtual time: its driver, in the order the role documents, and its frame loop.

use cuelight_conductor::ConnId;
use cuelight_proto::node::{NodeConfig, NodeEvent, NodeRole, SyncUse};
use cuelight_wire::control::{Caps, Topo};
use cuelight_wire::ids::PatternId;
use cuelight_wire::time::{FrameIndex, Local, Time};

use super::World;
use super::clock::Clock;
use super::frames::{Command, Counts, FrameLoop};
use super::hub::{MESSAGE_LEN, UDP_LEN};
use super::network::{Event, Site, ToHub, ToSite};
use super::record::{FrameRecord, NodeRecord};
use super::setup::NodeSetup;

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
}

impl Node {
    /// A new process, at true time `now_ns`.
    pub(crate) fn start(&mut self, seed: u64, now_ns: i64) {
        let NodeSetup { mac, profile, ext, render_seed, finish, .. } = self.setup;
        let config = NodeConfig {
            mac,
            fw: "cuelight-sim".try_into().expect("12 characters fit"),
            name: None,
            caps: Caps { udp: true, ota: false, clock: true },
            topo: Topo { leds: 16, channels: 1 },
            udp_port: None,
            ext,
            profile,
            sync: SyncUse::Scheduled,
        };
        let role = NodeRole::new(config, seed, self.clock.read(now_ns));
        let (mut frames, counted) = (FrameLoop::new(render_seed, finish), Counts::default());
        for (id, file) in &self.setup.patterns {
            frames.give_pattern(*id, file.clone());
        }
        self.process = Some(Process { role, frames, counted, conn: None, due_at: i64::MAX });
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
        let is_stale = self.process_mut(site).is_none_or(|process| process.due_at != at);
        if is_stale {
            return;
        }
        let now_ns = self.now_ns;
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
            if let Some(process) = self.process_mut(site) {
                process.role.handle_exchange_sent(ping.seq, now);
            }
            let bytes = ping.encode().to_vec();
            for at in self.sites[site.0].path.up(self.now_ns, bytes.len() + UDP_LEN) {
                self.schedule(at, Event::Ping { site, bytes: bytes.clone() });
            }
        }
        while let Some(message) = self.process_mut(site).and_then(|process| process.role.poll_message()) {
            if let Some(conn) = self.process_mut(site).and_then(|process| process.conn) {
                self.send_to_hub(conn, ToHub::Message(message));
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

    pub(super) fn on_to_node(&mut self, site: Site, conn: ConnId, what: ToSite) {
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
        let at = node.clock.true_at(wake_at, now_ns);
        self.schedule(at, Event::Wake { site, life, index });
    }
    pub(super) fn on_wake(&mut self, site: Site, life: u32, index: FrameIndex) {
        let now_ns = self.now_ns;
        let Some(node) = self.node_mut(site).filter(|node| node.life == life) else { return };
        let now = node.clock.read(now_ns);
        let Some(process) = node.process.as_mut() else { return };
        if !process.frames.is_current(index, now) {
            return self.plan_frame(site);
        }
        process.frames.render(index);
        let at = node.clock.true_at(process.frames.due_at(index), now_ns);
        self.schedule(at, Event::Output { site, life });
    }
    pub(super) fn on_output(&mut self, site: Site, life: u32) {
        let now_ns = self.now_ns;
        let show = self.hub.show_at(now_ns);
        let Some(node) = self.node_mut(site).filter(|node| node.life == life) else { return };
        let Some(process) = node.process.as_mut() else { return };
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
        if let Some(report) = report {
            self.with_node(site, |role, now| role.handle_frames(report, now));
        }
        self.plan_frame(site);
    }
}
