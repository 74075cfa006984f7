//! A deployed node: what it says on the wire, in the order of `docs/protocol/20-control.md`. What it shows is not modelled;
//! what reaches it, and when, is in the trace.

use cuelight_conductor::ConnId;
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Caps, Hello, HubMessage, Keepalive, NodeMessage, Topo};
use cuelight_wire::exchange::{Form, Ping};
use cuelight_wire::ids::{Mac, NodeId, Token, TokenHash};
use cuelight_wire::limits::{KEEPALIVE_PERIOD, PROTO_VER, TS_LOCK_SAMPLES_N, TS_PING_PERIOD};

use super::clock::Clock;
use super::network::{Event, Site, ToHub, ToSite};
use super::{Who, World};

/// Turns (of [`TS_PING_PERIOD`]) between two keepalives.
const KEEPALIVE_EVERY: u64 = (KEEPALIVE_PERIOD.as_ns() / TS_PING_PERIOD.as_ns()) as u64;

/// A deployed node.
#[derive(Debug)]
pub(crate) struct Deployed {
    pub(crate) mac: Mac,
    pub(crate) clock: Clock,
    pub(crate) is_running: bool,
    conn: Option<ConnId>,
    session: Option<(NodeId, Token)>,
    turns: u64,
    pings: u32,
    pongs: u32,
}

impl Deployed {
    pub(crate) const fn new(mac: Mac, clock: Clock) -> Self {
        Self { mac, clock, is_running: false, conn: None, session: None, turns: 0, pings: 0, pongs: 0 }
    }
    pub(crate) fn start(&mut self) {
        (self.is_running, self.conn, self.session, self.pongs) = (true, None, None, 0);
    }
    fn hello(&self) -> NodeMessage {
        NodeMessage::Hello(Hello {
            proto: PROTO_VER,
            mac: self.mac,
            fw: "k1-v2.8.0".try_into().expect("9 characters fit"),
            caps: Caps { udp: true, ota: true, clock: true },
            topo: Topo { leds: 320, channels: 2 },
            udp_port: None,
            name: None,
            ext: Ext::NONE,
            hardware: None,
            universes: None,
            page_port: None,
            geometry: None,
            show: None,
        })
    }
    /// Deployed nodes report no loss and no drift.
    fn keepalive(&self) -> Option<NodeMessage> {
        let (node_id, token) = self.session.clone()?;
        Some(NodeMessage::Keepalive(Keepalive {
            node_id,
            token,
            rssi: -50,
            loss_pct: 0.0,
            drift_us: 0,
            uptime_s: 1,
            render_fps: 120.0,
            heap_free: 100_000,
            sync: None,
            cues: None,
        }))
    }
}

impl World {
    /// A turn of 200 ms: it dials where it has no connection, says that it is there, asks the time.
    pub(super) fn on_turn(&mut self, site: Site) {
        let now_ns = self.now_ns;
        let Some(node) = self.deployed_mut(site).filter(|node| node.is_running) else { return };
        node.turns += 1;
        let is_due = node.turns.is_multiple_of(KEEPALIVE_EVERY);
        match (node.conn, &node.session) {
            (None, _) => {
                let conn = self.dial(site);
                if let Some(node) = self.deployed_mut(site) {
                    node.conn = Some(conn);
                }
            }
            (Some(conn), Some((_, token))) => {
                // Once it has its samples, it asks once a second.
                let asks = node.pongs < TS_LOCK_SAMPLES_N || is_due;
                let ping = asks.then(|| {
                    node.pings = node.pings.wrapping_add(1);
                    let token_hash = TokenHash::of(token.as_bytes());
                    Ping { form: Form::Deployed, seq: node.pings, token_hash, t1: node.clock.read(now_ns) }
                });
                let keepalive = node.keepalive().filter(|_| is_due);
                if let Some(ping) = ping {
                    self.ask(site, ping.encode()[..].into());
                }
                if let Some(keepalive) = keepalive {
                    self.send_to_hub(conn, ToHub::Message(Box::new(keepalive)));
                }
            }
            (Some(_), None) => {}
        }
        self.schedule(now_ns + TS_PING_PERIOD.as_ns(), Event::Turn { site });
    }
    pub(super) fn on_to_deployed(&mut self, site: Site, conn: ConnId, what: ToSite) {
        let Some(node) = self.deployed_mut(site).filter(|node| node.conn == Some(conn)) else { return };
        let answer = match what {
            ToSite::Opened => Some(node.hello()),
            ToSite::Message(message) => match *message {
                HubMessage::Welcome(welcome) => {
                    node.session = Some((welcome.node_id, welcome.token));
                    // A keepalive at once makes it ready without waiting a second.
                    node.keepalive()
                }
                _ => None,
            },
            ToSite::Refused | ToSite::Close => {
                (node.conn, node.session) = (None, None);
                None
            }
        };
        if let Some(answer) = answer {
            self.send_to_hub(conn, ToHub::Message(Box::new(answer)));
        }
    }
    pub(super) fn on_pong_to_deployed(&mut self, site: Site) {
        if let Some(node) = self.deployed_mut(site) {
            node.pongs = node.pongs.saturating_add(1);
        }
    }
    pub(super) fn deployed_mut(&mut self, site: Site) -> Option<&mut Deployed> {
        match &mut self.sites.get_mut(site.0)?.who {
            Who::Deployed(node) => Some(node),
            Who::Node(_) | Who::Guest(_) => None,
        }
    }
}
