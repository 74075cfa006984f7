//! A whole node: connections, messages, datagrams, timestamps and time itself, in any order.

use cuelight_net::json::{MAX_HUB_MESSAGE, MAX_NODE_MESSAGE, read_hub_message, read_node_message, write_node_message};
use cuelight_proto::node::{FrameReport, NodeConfig, NodeRole, SyncUse};
use cuelight_proto::sync::Profile;
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Caps, Topo};
use cuelight_wire::exchange::{PONG_NS_LEN, Ping, Pong};
use cuelight_wire::ids::Mac;
use cuelight_wire::limits::{MAX_STREAM_PAYLOAD, SCHEDULE_CAPACITY};
use cuelight_wire::stream::{HEADER_LEN, MAX_PACKET};
use cuelight_wire::time::{Local, Show, Span, Time};

use crate::receiver;
use crate::script::{START, Script, drain};

/// What a node hands out at once is bounded, its messages can be read, its timers make progress, and while its clock
/// may be scheduled on, show time does not run backwards.
pub fn run(data: &[u8]) {
    let mut script = Script::new(data);
    let config = NodeConfig {
        mac: Mac([2, 0, 0, 0, 0, 1]),
        fw: "fuzz".try_into().expect("it is short"),
        name: None,
        hardware: None,
        universes: None,
        page_port: None,
        geometry: None,
        caps: Caps { udp: true, ota: false, clock: true },
        topo: Topo { leds: 640, channels: 1 },
        udp_port: None,
        ext: if script.u8().is_multiple_of(2) { Ext::ALL.without(Ext::SEAL) } else { Ext::NONE },
        profile: Profile::DEFAULT,
        sync: SyncUse::Scheduled,
    };
    let mut world = World { role: NodeRole::new(config, 1, START), now: START, ping: None, usable_at: None };
    world.settle();
    while let Some(step) = script.step() {
        world.now += script.pause();
        world.step(step, &mut script);
        if step & LATE == 0 {
            world.settle();
        } else {
            world.drain_outputs();
        }
    }
}

/// A driver that is held up serves its timers after a later step.
const LATE: u8 = 0x80;

struct World {
    role: NodeRole,
    now: Time<Local>,
    /// The newest ping the node sent.
    ping: Option<Ping>,
    /// Show time when the clock was last usable, if it has been so since.
    usable_at: Option<Time<Show>>,
}

impl World {
    fn step(&mut self, step: u8, script: &mut Script<'_>) {
        let Self { role, now, .. } = self;
        match step % 12 {
            0 => role.handle_connected(*now),
            1 => role.handle_disconnected(*now),
            2 => {
                if let Ok(message) = read_hub_message(script.text(), MAX_HUB_MESSAGE) {
                    role.handle_message(&message, *now);
                }
            }
            3 => {
                let bytes = script.chunk();
                role.handle_datagram(&bytes[..bytes.len().min(HEADER_LEN + MAX_STREAM_PAYLOAD)], *now);
            }
            4 => {
                let mut buf = [0; MAX_PACKET];
                let len = receiver::packet(script, &mut buf);
                role.handle_datagram(&buf[..len], *now);
            }
            5 => role.handle_exchange(script.chunk(), *now, *now),
            6 => {
                let rx_at = *now - Span::from_us(i64::from(script.u16()));
                if let Some(pong) = self.ping.map(|ping| answer(ping, script)) {
                    let mut buf = [0; PONG_NS_LEN];
                    let len = pong.encode(&mut buf).expect("the longest pong fits");
                    role.handle_exchange(&buf[..len], rx_at, *now);
                }
            }
            7 => {
                let seq = self.ping.map_or(0, |ping| ping.seq);
                role.handle_exchange_sent(seq, *now + Span::from_us(i64::from(script.u16())));
            }
            8 => {
                let fps = f32::from_bits(script.u32());
                let output_late = Span::from_ns(script.i64());
                role.handle_frames(FrameReport { fps, output_late, frames_missed: script.u32(), late: 0 }, *now);
            }
            9 => {
                let sync = if script.u8().is_multiple_of(2) { SyncUse::Scheduled } else { SyncUse::OnArrival };
                role.handle_sync_use(sync, *now);
                // Another timeline by the operator's wish.
                self.usable_at = None;
            }
            _ => {}
        }
    }

    /// What a driver does after every input, and again for every timer that is due; a few times, not for ever.
    fn settle(&mut self) {
        self.drain_outputs();
        for _ in 0..64 {
            if self.role.poll_timeout().is_none_or(|at| at > self.now) {
                return self.check_clock();
            }
            self.role.handle_timeout(self.now);
            self.drain_outputs();
        }
        panic!("a timer is due again and again at {:?}", self.now);
    }

    fn drain_outputs(&mut self) {
        let Self { role, now, .. } = self;
        drain("pings", 4, || role.poll_ping(*now), |ping| self.ping = Some(ping));
        drain(
            "messages",
            8,
            || role.poll_message(),
            |message| {
                let text = write_node_message(&message);
                read_node_message(&text, MAX_NODE_MESSAGE).unwrap_or_else(|bad| panic!("{bad}: {text}"));
            },
        );
        drain("events", SCHEDULE_CAPACITY, || role.poll_event(), drop);
    }

    fn check_clock(&mut self) {
        let Self { role, now, .. } = self;
        let map = role.map(*now);
        let show = map.state.is_usable().then(|| map.show_at(*now));
        if let (Some(before), Some(after)) = (self.usable_at, show) {
            assert!(before <= after, "show time ran back from {before:?} to {after:?}");
        }
        self.usable_at = show;
        let _ = role.status(*now);
    }
}

/// A hub's answer, with a clock and a delay that the script chooses.
fn answer(ping: Ping, script: &mut Script<'_>) -> Pong {
    let t2 = Time::from_ns(ping.t1.as_ns().saturating_add(i64::from(script.u32() as i32) * 1000));
    let t3 = t2 + Span::from_us(i64::from(script.u8()));
    let previous = (script.u8() & 1 == 1).then(|| (script.u32(), t2 - Span::from_ms(i64::from(script.u8()))));
    Pong { form: ping.form, seq: ping.seq, token_hash: ping.token_hash, t1: ping.t1, t2, t3, previous }
}
