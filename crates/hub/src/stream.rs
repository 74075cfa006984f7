//! The stream of one tick: what the conductor decides leaves in batches (FANOUT-1, FANOUT-21, FANOUT-22). And what does not
//! wait for the tick (FANOUT-23).

use cuelight_conductor::Conductor;
use cuelight_net::clock::LocalClock;
use cuelight_net::udp::{BatchSender, Flushed};
use cuelight_wire::limits::UDP_TICK_PERIOD;
use cuelight_wire::time::Span;

/// A tick sends second and third copies until half its period is over. The other half is for what comes between two ticks,
/// and for a tick that begins late.
const COPIES_FOR: Span = Span::from_ns(UDP_TICK_PERIOD.as_ns() / 2);
/// Copies, or datagrams ahead of a tick, between two looks at the clock: as many as leave in one call, some 100 us.
const COPIES_AT_ONCE: u32 = 64;

/// Carries out the tick that is due: payloads, packets, out. It waits for nobody, and tells the conductor what the tick
/// cost and what the network did not take. Public for the benchmark of the fan-out, which measures what the tick thread
/// runs.
pub fn send_tick(conductor: &mut Conductor, socket: &mut BatchSender, clock: LocalClock) -> Flushed {
    let start = clock.now();
    conductor.handle_timeout(start);
    send_datagrams(conductor, socket, || clock.now() - start < COPIES_FOR);
    let flushed = socket.flush();
    conductor.note_unsent(flushed.blocked + flushed.failed);
    conductor.note_tick(start, clock.now());
    flushed
}

/// Sends what the commands carried out before have to say at once. It ends in time for the tick, and after half a period.
pub(crate) fn send_ahead(conductor: &mut Conductor, socket: &mut BatchSender, clock: LocalClock) {
    let start = clock.now();
    if !conductor.announce_ahead(start) {
        return;
    }
    let until = conductor.ahead_until().min(start + COPIES_FOR);
    send_until(conductor, socket, || clock.now() < until);
    let flushed = socket.flush();
    conductor.note_unsent(flushed.blocked + flushed.failed);
}

/// Sends what leaves ahead of a tick, while there is time.
fn send_until(conductor: &mut Conductor, socket: &mut BatchSender, is_time_left: impl Fn() -> bool) {
    let mut until_look = COPIES_AT_ONCE;
    while socket.push_with(|buf| conductor.poll_transmit(buf).map(|transmit| (transmit.to, transmit.len))) {
        until_look -= 1;
        if until_look == 0 {
            until_look = COPIES_AT_ONCE;
            if !is_time_left() {
                conductor.leave_ahead();
            }
        }
    }
}

/// Sends first copies, and the others while there is time.
fn send_datagrams(conductor: &mut Conductor, socket: &mut BatchSender, is_time_left: impl Fn() -> bool) {
    let mut is_copy = false;
    let mut until_look = 0;
    while socket.push_with(|buf| {
        let transmit = conductor.poll_transmit(buf)?;
        is_copy = transmit.copy > 0;
        Some((transmit.to, transmit.len))
    }) {
        if !is_copy {
            continue;
        }
        if until_look == 0 {
            until_look = COPIES_AT_ONCE;
            if !is_time_left() {
                conductor.skip_copies();
            }
        }
        until_look -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, UdpSocket};

    use cuelight_conductor::{Command, Config, ConnId, Outgoing, Saved};
    use cuelight_wire::caps::Ext;
    use cuelight_wire::control::{Caps, Hello, HubMessage, Keepalive, NodeMessage, Topo};
    use cuelight_wire::ids::Mac;
    use cuelight_wire::stream::MAX_PACKET;
    use cuelight_wire::time::{Local, Time};

    use super::*;

    const NODES: u8 = 100;

    /// A show whose nodes all stream to `port`, after a tick with nothing new.
    fn quiet(port: u16) -> Conductor {
        let now = Time::ZERO;
        let mut conductor = Conductor::new(Config::default(), Saved::default(), now, None);
        for n in 0..NODES {
            let conn = ConnId(n.into());
            conductor.handle_open(conn, IpAddr::V4(Ipv4Addr::LOCALHOST), now);
            let hello = Hello {
                proto: 1,
                mac: Mac([2, 0, 0, 0, 0, n]),
                fw: Default::default(),
                caps: Caps { udp: true, ota: false, clock: true },
                topo: Topo::default(),
                udp_port: Some(port),
                name: None,
                ext: Ext::ALL,
                hardware: None,
                universes: None,
                page_port: None,
                geometry: None,
                show: None,
            };
            let token = format!("{n:032}").as_str().try_into().unwrap();
            conductor.handle_message(conn, &NodeMessage::Hello(hello), token, now, now);
            let Some((_, Outgoing::Message(HubMessage::Welcome(welcome)))) = conductor.poll_message() else {
                panic!("the node is welcomed");
            };
            while conductor.poll_message().is_some() {}
            let keepalive = Keepalive {
                node_id: welcome.node_id,
                token: welcome.token,
                rssi: 0,
                loss_pct: 0.0,
                drift_us: 0,
                uptime_s: 0,
                render_fps: 0.0,
                heap_free: 0,
                sync: None,
                cues: None,
            };
            conductor.handle_message(conn, &NodeMessage::Keepalive(keepalive), Default::default(), now, now);
        }
        conductor.handle_timeout(conductor.poll_timeout());
        while conductor.poll_transmit(&mut [0; MAX_PACKET]).is_some() {}
        conductor
    }

    fn blackout(conductor: &mut Conductor, now: Time<Local>) {
        conductor.handle_command(None, Command::Blackout { on: true }, now).unwrap();
    }

    fn sent_with(is_time_left: impl Fn() -> bool) -> (u64, u64) {
        let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut socket = BatchSender::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).unwrap();
        let mut conductor = quiet(receiver.local_addr().unwrap().port());
        let now = conductor.poll_timeout();
        blackout(&mut conductor, now);
        conductor.handle_timeout(now);
        send_datagrams(&mut conductor, &mut socket, is_time_left);
        (socket.flush().sent, conductor.snapshot(Time::ZERO).totals.copies_skipped)
    }

    /// FANOUT-3
    #[test]
    fn while_there_is_time_every_node_gets_three_copies() {
        assert_eq!(sent_with(|| true), (3 * u64::from(NODES), 0));
    }

    /// FANOUT-22
    #[test]
    fn when_the_time_is_over_first_copies_leave_all_the_same_and_the_others_are_left_out_and_counted() {
        let nodes = u64::from(NODES);
        assert_eq!(sent_with(|| false), (nodes + 1, 2 * nodes - 1));
    }

    /// FANOUT-22
    #[test]
    fn the_clock_is_looked_at_once_in_64_copies() {
        let looks = std::cell::Cell::new(0);
        sent_with(|| {
            looks.set(looks.get() + 1);
            true
        });
        assert_eq!(looks.get(), (2 * u32::from(NODES)).div_ceil(COPIES_AT_ONCE));
    }

    /// Datagrams that leave 5 ms ahead of a tick, and those of the tick.
    fn sent_ahead_with(is_time_left: impl Fn() -> bool) -> (u64, u64) {
        let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut socket = BatchSender::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).unwrap();
        let mut conductor = quiet(receiver.local_addr().unwrap().port());
        let now = conductor.poll_timeout() - Span::from_ms(5);
        blackout(&mut conductor, now);
        assert!(conductor.announce_ahead(now));
        send_until(&mut conductor, &mut socket, is_time_left);
        let ahead = socket.flush().sent;
        conductor.handle_timeout(conductor.poll_timeout());
        send_datagrams(&mut conductor, &mut socket, || true);
        let totals = conductor.snapshot(Time::ZERO).totals;
        assert_eq!((totals.copies_skipped, totals.unsent), (0, 0), "what is left to the tick is not missed");
        (ahead, socket.flush().sent)
    }

    /// FANOUT-23
    #[test]
    fn ahead_of_a_tick_leaves_what_there_is_time_for_and_the_tick_leaves_nothing_out() {
        let whole = 3 * u64::from(NODES);
        assert_eq!(sent_ahead_with(|| true), (whole, whole));
        assert_eq!(sent_ahead_with(|| false), (u64::from(COPIES_AT_ONCE), whole));
    }
}
