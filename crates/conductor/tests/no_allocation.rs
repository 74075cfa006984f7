//! The tick, and what leaves ahead of it, asks for no memory once it is warm: it cannot be kept waiting by an allocator, and what it holds does not grow.
#![allow(clippy::unwrap_used, reason = "test code; the exemption of clippy.toml covers only functions with #[test]")]

use std::net::{IpAddr, Ipv4Addr};

use allocation_counter::{AllocationInfo, measure};
use cuelight_conductor::{Command, Conductor, Config, ConnId, Outgoing, Saved, Scope};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Caps, Hello, HubMessage, Keepalive, NodeMessage, Text, Topo};
use cuelight_wire::ids::{EffectId, Mac, NodeId, Token};
use cuelight_wire::scene::Scene;
use cuelight_wire::stream::MAX_PACKET;
use cuelight_wire::time::{Local, Span, Time};

const NODES: u8 = 4;
/// A change in every so many ticks; with 30 ms of lead something is announced in most of them.
const TICKS_A_CHANGE: u32 = 5;
/// Keepalives come once a second.
const TICKS_A_KEEPALIVE: u32 = 100;

struct Show {
    conductor: Conductor,
    sessions: Vec<(ConnId, NodeId, Token)>,
}

fn show(ext: Ext) -> Show {
    let now = Time::ZERO;
    let mut conductor = Conductor::new(Config::default(), Saved::default(), now, None);
    let mut sessions = Vec::new();
    for n in 1..=NODES {
        let (conn, ip) = (ConnId(n.into()), IpAddr::V4(Ipv4Addr::new(10, 0, 0, n)));
        conductor.handle_open(conn, ip, now);
        let (fw, caps, topo) = (Text::new(), Caps { udp: true, ota: true, clock: true }, Topo::default());
        let mac = Mac([2, 0, 0, 0, 0, n]);
        let hello = Hello {
            proto: 1,
            mac,
            fw,
            caps,
            topo,
            udp_port: None,
            name: None,
            hardware: None,
            universes: None,
            page_port: None,
            geometry: None,
            ext,
            show: None,
        };
        let token = Token::try_from(format!("{n:032}").as_str()).unwrap();
        conductor.handle_message(conn, &NodeMessage::Hello(hello), token, now, now);
        while let Some((_, outgoing)) = conductor.poll_message() {
            if let Outgoing::Message(HubMessage::Welcome(welcome)) = outgoing {
                sessions.push((conn, welcome.node_id, welcome.token));
            }
        }
    }
    let mut show = Show { conductor, sessions };
    show.keepalives(now);
    show
}

impl Show {
    fn keepalives(&mut self, now: Time<Local>) {
        for (conn, node_id, token) in self.sessions.clone() {
            let keepalive = Keepalive {
                node_id,
                token,
                rssi: -50,
                loss_pct: 0.0,
                drift_us: 0,
                uptime_s: 1,
                render_fps: 120.0,
                heap_free: 0,
                sync: None,
                cues: None,
            };
            self.conductor.handle_message(conn, &NodeMessage::Keepalive(keepalive), Token::new(), now, now);
        }
    }
    /// What the tick thread does in a tick; the datagrams there were.
    fn tick(&mut self, now: Time<Local>) -> u32 {
        self.conductor.handle_timeout(now);
        let datagrams = self.fetch();
        self.conductor.note_tick(now, now);
        datagrams
    }
    /// What it does after a command.
    fn ahead(&mut self, now: Time<Local>) -> u32 {
        self.conductor.announce_ahead(now);
        self.fetch()
    }
    fn fetch(&mut self) -> u32 {
        let mut datagrams = 0;
        let mut buf = [0; MAX_PACKET];
        while self.conductor.poll_transmit(&mut buf).is_some() {
            datagrams += 1;
        }
        while self.conductor.poll_message().is_some() {}
        while self.conductor.poll_event().is_some() {}
        datagrams
    }
    /// So many ticks, with changes and keepalives that come between them: datagrams of the ticks and ahead of them, and what
    /// they allocated.
    fn play(&mut self, ticks: u32) -> (u32, u32, AllocationInfo) {
        let (mut datagrams, mut ahead, mut allocated) = (0, 0, AllocationInfo::default());
        for tick in 0..ticks {
            let now = self.conductor.poll_timeout();
            if tick % TICKS_A_CHANGE == 0 {
                let scene = Scene { effect: EffectId((tick / TICKS_A_CHANGE % 8) as u16), ..Scene::default() };
                let fade_ms = if tick % 2 == 0 { 0 } else { 500 };
                let command = Command::SetScene { scope: Scope::Show, scene, fade_ms };
                self.conductor.handle_command(None, command, now - Span::from_ms(5)).unwrap();
                allocated += measure(|| ahead += self.ahead(now - Span::from_ms(5)));
            }
            if tick % TICKS_A_KEEPALIVE == 0 {
                self.keepalives(now - Span::from_ms(3));
            }
            allocated += measure(|| datagrams += self.tick(now));
        }
        (datagrams, ahead, allocated)
    }
}

#[test]
fn a_thousand_ticks_with_changes_for_four_nodes_allocate_nothing() {
    for (ext, least, copies) in [(Ext::ALL, 2, 3), (Ext::NONE, 1, 0)] {
        let mut show = show(ext);
        show.play(200);
        let (datagrams, ahead, allocated) = show.play(1_000);
        assert!(datagrams >= 1_000 * u32::from(NODES) * least, "{datagrams}: changes are announced");
        assert_eq!(ahead, 1_000 / TICKS_A_CHANGE * u32::from(NODES) * copies, "FANOUT-23: at once");
        assert_eq!((allocated.count_total, allocated.count_current), (0, 0), "{allocated:?}");
    }
}

#[test]
fn an_allocation_is_seen() {
    assert_eq!(measure(|| drop(std::hint::black_box(Box::new(1)))).count_total, 1);
}
