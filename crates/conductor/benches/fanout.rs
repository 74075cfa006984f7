//! Cost of one fan-out tick, from `handle_timeout` to the last datagram, for 1, 100 and 1000 nodes: in peace, while a
//! change is announced (three copies), with every node on a track of its own, and for deployed nodes.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use cuelight_conductor::{Command, Conductor, Config, ConnId, NodeRef, Outgoing, Saved, Scope};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Caps, Hello, HubMessage, Keepalive, NodeMessage, Text, Topo};
use cuelight_wire::ids::{Mac, Token};
use cuelight_wire::limits::KEEPALIVE_TIMEOUT;
use cuelight_wire::scene::Scene;
use cuelight_wire::stream::MAX_PACKET;
use cuelight_wire::time::{Span, Time};

fn conductor(nodes: u16, ext: Ext) -> Conductor {
    // Nobody sends keepalives while the bench runs.
    let config = Config { keepalive_timeout: KEEPALIVE_TIMEOUT.times(1_000_000), ..Config::default() };
    let now = Time::ZERO;
    let mut conductor = Conductor::new(config, Saved::default(), now, None);
    for n in 0..nodes {
        let [hi, lo] = n.to_be_bytes();
        let (conn, ip) = (ConnId(n.into()), IpAddr::V4(Ipv4Addr::new(10, 0, hi, lo)));
        let mac = Mac([2, 0, 0, 0, hi, lo]);
        conductor.handle_open(conn, ip, now);
        let (fw, caps, topo) = (Text::new(), Caps { udp: true, ota: true, clock: true }, Topo::default());
        let hello = Hello {
            proto: 1,
            mac,
            fw,
            caps,
            topo,
            udp_port: None,
            name: None,
            ext,
            hardware: None,
            universes: None,
            page_port: None,
            geometry: None,
            show: None,
        };
        let token = Token::try_from(format!("{n:032}").as_str()).expect("32 characters");
        conductor.handle_message(conn, &NodeMessage::Hello(hello), token, now, now);
        let mut welcome = None;
        while let Some((_, outgoing)) = conductor.poll_message() {
            if let Outgoing::Message(HubMessage::Welcome(w)) = outgoing {
                welcome = Some(w);
            }
        }
        let welcome = welcome.expect("every node is welcomed");
        let ka = Keepalive {
            node_id: welcome.node_id,
            token: welcome.token,
            rssi: 0,
            loss_pct: 0.0,
            drift_us: 0,
            uptime_s: 0,
            render_fps: 120.0,
            heap_free: 0,
            sync: None,
            cues: None,
        };
        conductor.handle_message(conn, &NodeMessage::Keepalive(ka), Token::new(), now, now);
    }
    conductor
}

fn tick(conductor: &mut Conductor) -> usize {
    let mut buf = [0; MAX_PACKET];
    let mut bytes = 0;
    conductor.handle_timeout(conductor.poll_timeout());
    while let Some(transmit) = conductor.poll_transmit(&mut buf) {
        bytes += black_box(transmit).len;
    }
    bytes
}

fn fan_out(c: &mut Criterion) {
    let mut group = c.benchmark_group("fanout_tick");
    for nodes in [1, 4, 100, 1000] {
        let mut calm = conductor(nodes, Ext::ALL);
        group.bench_function(BenchmarkId::new("peace", nodes), |b| b.iter(|| tick(&mut calm)));
        let mut busy = conductor(nodes, Ext::ALL);
        let scene = Command::SetScene { scope: Scope::Show, scene: Scene::default(), fade_ms: 2_000 };
        group.bench_function(BenchmarkId::new("change", nodes), |b| {
            b.iter(|| {
                let now = busy.poll_timeout() - Span::from_ms(5);
                busy.handle_command(None, scene.clone(), now).expect("a good command");
                tick(&mut busy)
            })
        });
        let mut apart = conductor(nodes, Ext::ALL);
        for node in apart.snapshot(Time::ZERO).nodes {
            let scope = Scope::Node(NodeRef::Id(node.id));
            let scene = Command::SetScene { scope, scene: Scene::default(), fade_ms: 0 };
            apart.handle_command(None, scene, Time::ZERO).expect("a good command");
        }
        group.bench_function(BenchmarkId::new("all_different", nodes), |b| b.iter(|| tick(&mut apart)));
        // Deployed nodes have numbers of one byte.
        let mut deployed = conductor(nodes.min(255), Ext::NONE);
        group.bench_function(BenchmarkId::new("deployed", nodes.min(255)), |b| b.iter(|| tick(&mut deployed)));
    }
    group.finish();
}

criterion_group!(benches, fan_out);
criterion_main!(benches);
