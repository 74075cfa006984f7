//! One node: who it is, its session, how it does.

use core::net::{IpAddr, SocketAddr};

use cuelight_proto::stream::Sender;
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Caps, CueReport, Hello, Keepalive, SyncReport, Text, Topo};
use cuelight_wire::ids::{Mac, NodeId, Token};
use cuelight_wire::limits::{DRIFT_DEGRADED, KEEPALIVE_PERIOD, LOSS_DEGRADED_PCT, STUCK_TIMEOUTS, UDP_PORT};
use cuelight_wire::seal::Seal;
use cuelight_wire::time::{Local, Span, Time};
use cuelight_wire::universes::UniverseRanges;

use super::allowance::Allowance;
use super::state::{State, Why};
use crate::conductor::ConnId;
use crate::fanout::Due;
use crate::track::TrackId;

/// A keepalive is overdue when the one after it should be here too.
const KEEPALIVE_OVERDUE: Span = KEEPALIVE_PERIOD.times(2);
/// A locked node asks the time at least once a second: three questions are missing.
const EXCHANGE_SILENT: Span = Span::from_ms(3_000);

/// A session of which nothing was heard for this long may be taken over from another address: two keepalives, or a second more than
/// the shell takes to tell of a time exchange, are missing. A node that has lost its power needs longer than that to start.
const QUIET: Span = Span::from_s(2);

/// A node's session: from welcome until the connection ends.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) conn: ConnId,
    pub(crate) token: Token,
    pub(crate) sender: Sender,
    /// Of its time exchange, where that was agreed (WIRE-17).
    pub(crate) exchange_seal: Option<Seal>,
    pub(crate) to: SocketAddr,
    pub(crate) heard_at: Time<Local>,
    /// When it was last heard on the UDP time exchange, if the shell tells.
    pub(crate) exchange_at: Option<Time<Local>>,
    pub(crate) was_locked: bool,
    /// Since when nothing has been wrong.
    pub(crate) good_since: Option<Time<Local>>,
    /// The tick with its first datagram.
    pub(crate) streams_from: Option<u64>,
    /// Show messages it is still to get on the control plane.
    pub(crate) due: Due,
}

impl Session {
    /// Whether nothing has been heard of it for so long that the node may have moved (CTRL-42).
    pub(crate) fn is_quiet(&self, now: Time<Local>) -> bool {
        let heard_at = self.exchange_at.map_or(self.heard_at, |at| at.max(self.heard_at));
        now - heard_at >= QUIET
    }
    /// Whether it is over for want of a sign of life (ROSTER-4). A Cuelight node that asks the time is there, even while
    /// its keepalives wait behind a lost segment.
    pub(crate) fn is_silent(&self, takes_full_state: bool, timeout: Span, now: Time<Local>) -> bool {
        let is_asking = takes_full_state && self.exchange_at.is_some_and(|at| now - at < timeout);
        now - self.heard_at >= if is_asking { timeout.times(STUCK_TIMEOUTS) } else { timeout }
    }
}

/// Whether a node that knows these words plays cues. One that can be given universes has nothing to do with them while it has
/// none.
pub(crate) fn follows_cues(ext: Ext, universes: Option<&UniverseRanges>) -> bool {
    let has_any = !ext.has(Ext::UNIVERSES) || universes.is_some_and(|universes| !universes.is_empty());
    ext.has(Ext::CUES) && has_any
}

/// One node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) mac: Mac,
    pub(crate) name: Text<32>,
    /// Whether an operator named it; such a name stands above the one it gives itself.
    pub(crate) is_named: bool,
    pub(crate) state: State,
    pub(crate) session: Option<Session>,
    /// When its last session ended.
    pub(crate) lost_at: Time<Local>,
    pub(crate) track: TrackId,
    pub(crate) lead: Span,
    pub(crate) hellos: Allowance,
    pub(crate) ip: Option<IpAddr>,
    pub(crate) udp_port: u16,
    pub(crate) seen_at: Option<Time<Local>>,
    pub(crate) reconnects: u32,
    pub(crate) fw: Text<32>,
    pub(crate) caps: Caps,
    pub(crate) topo: Topo,
    pub(crate) ext: Ext,
    /// The machine it runs on, as it says.
    pub(crate) hardware: Option<Text<32>>,
    /// The universes that its own settings give it, as it says.
    pub(crate) own_universes: Option<UniverseRanges>,
    /// Those that an operator gave it; none: its own.
    pub(crate) assigned: Option<UniverseRanges>,
    /// Where it serves a page of its own, as it says.
    pub(crate) page_port: Option<u16>,
    /// How its LEDs are laid out by its own settings, as it says.
    pub(crate) own_geometry: Option<Text<48>>,
    /// How an operator laid them out; none: its own.
    pub(crate) laid_out: Option<Text<48>>,
    pub(crate) loss_pct: f32,
    pub(crate) drift_us: i64,
    pub(crate) rssi: i16,
    pub(crate) uptime_s: u64,
    pub(crate) render_fps: f32,
    pub(crate) heap_free: u64,
    pub(crate) sync: Option<SyncReport>,
    pub(crate) cues: Option<CueReport>,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
}

impl Node {
    /// A node that is known and has not been seen.
    pub(crate) fn new(id: NodeId, mac: Mac, track: TrackId, lead: Span) -> Self {
        Self {
            id,
            mac,
            name: Text::new(),
            is_named: false,
            state: State::Removed,
            session: None,
            lost_at: Time::ZERO,
            track,
            lead,
            hellos: Allowance::FULL,
            ip: None,
            udp_port: UDP_PORT,
            seen_at: None,
            reconnects: 0,
            fw: Text::new(),
            caps: Caps::default(),
            topo: Topo::default(),
            ext: Ext::NONE,
            hardware: None,
            own_universes: None,
            assigned: None,
            page_port: None,
            own_geometry: None,
            laid_out: None,
            loss_pct: 0.0,
            drift_us: 0,
            rssi: 0,
            uptime_s: 0,
            render_fps: 0.0,
            heap_free: 0,
            sync: None,
            cues: None,
            packets: 0,
            bytes: 0,
        }
    }
    /// Whether it takes full states; other nodes get deployed packets only.
    pub(crate) const fn takes_full_state(&self) -> bool {
        self.ext.has(Ext::FULL_STATE)
    }
    /// Whether it plays cues: one that says which universes are its own has any.
    pub(crate) fn follows_cues(&self) -> bool {
        follows_cues(self.ext, self.assigned.as_ref().or(self.own_universes.as_ref()))
    }
    /// Whether it is in the show and takes datagrams of the stream.
    pub(crate) const fn takes_stream(&self) -> bool {
        self.state.is_streaming() && self.caps.udp
    }
    /// Takes over what a hello says. Its figures are those of the new session.
    pub(crate) fn introduce(&mut self, hello: &Hello, ip: IpAddr, ext: Ext, now: Time<Local>) {
        self.reconnects = self.reconnects.saturating_add(u32::from(self.seen_at.is_some()));
        self.ip = Some(ip);
        self.udp_port = hello.udp_port.unwrap_or(UDP_PORT);
        self.fw = hello.fw.clone();
        self.hardware = hello.hardware.clone();
        (self.own_universes, self.page_port) = (hello.universes.clone(), hello.page_port);
        self.own_geometry = hello.geometry.clone();
        (self.caps, self.topo, self.ext) = (hello.caps, hello.topo, ext);
        (self.loss_pct, self.drift_us, self.sync, self.cues) = (0.0, 0, None, None);
        self.seen_at = Some(now);
    }
    /// Takes over what a keepalive says. Numbers that make no sense become 0.
    pub(crate) fn measure(&mut self, ka: &Keepalive, now: Time<Local>) {
        let finite = |value: f32| if value.is_finite() { value.max(0.0) } else { 0.0 };
        self.loss_pct = finite(ka.loss_pct).min(100.0);
        self.drift_us = ka.drift_us;
        self.rssi = ka.rssi;
        self.uptime_s = ka.uptime_s;
        self.render_fps = finite(ka.render_fps);
        self.heap_free = ka.heap_free;
        self.sync = ka.sync;
        self.cues = ka.cues;
        self.seen_at = Some(now);
        if let Some(session) = &mut self.session {
            session.heard_at = now;
        }
    }
    /// What is wrong with it now (ROSTER-3). Deployed nodes report zero loss and drift whatever happens: they are
    /// judged by their keepalives and, where the shell tells, by their time exchange.
    pub(crate) fn judge(&self, now: Time<Local>) -> Why {
        let Some(session) = &self.session else { return Why::NONE };
        let mut why = Why::NONE;
        let is_locked = self.sync.is_none_or(|sync| sync.locked);
        if !is_locked {
            why = why.or(if session.was_locked { Why::UNLOCKED } else { Why::LOCKING });
        } else if self.drift_us.unsigned_abs() > DRIFT_DEGRADED.as_us().unsigned_abs() {
            why = why.or(Why::DRIFT);
        }
        if self.loss_pct > LOSS_DEGRADED_PCT {
            why = why.or(Why::LOSS);
        }
        if self.cues.is_some_and(|cues| cues.failed) {
            why = why.or(Why::CUES);
        }
        if now - session.heard_at > KEEPALIVE_OVERDUE {
            why = why.or(Why::KEEPALIVE);
        }
        if session.exchange_at.is_some_and(|at| now - at > EXCHANGE_SILENT) {
            why = why.or(Why::SILENCE);
        }
        why
    }
}
