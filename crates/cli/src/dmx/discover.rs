//! `cuelight dmx discover`: devices of Art-Net answer a poll, sources of sACN say a list every ten seconds.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::Ordering;

use anyhow::Result;
use clap::Args;
use cuelight_dmx::artnet::{self, Packet, Poll, PollReply, PortAddress, PortType};
use cuelight_dmx::presence::{Controller, Listing};
use cuelight_dmx::sacn;
use cuelight_input::{Door, Heard, Intake, Protocol};
use cuelight_net::addresses::broadcasts;
use cuelight_net::clock::LocalClock;
use cuelight_wire::time::Span;
use serde::Serialize;

use super::Network;
use crate::{print, shutdown};

/// A list is said every 10 s.
const FOR_LISTS: f64 = 10.5;
/// A poll is answered within a second; a device may miss one, and the next comes 2.75 s later.
const FOR_REPLIES: f64 = 4.0;
/// Sources of sACN that are listed.
const MAX_DESKS: usize = 64;
/// Bound parts of devices that are listed.
const MAX_PARTS: usize = 1024;

/// `cuelight dmx discover`.
#[derive(Args, Debug)]
pub(super) struct Discover {
    #[command(flatten)]
    network: Network,
    /// Poll this device, or broadcast address, instead of everybody; may be given several times
    #[arg(long, value_name = "IP")]
    to: Vec<Ipv4Addr>,
    /// How long to listen [default: 10.5; 4 with --artnet]
    #[arg(long, value_name = "S")]
    seconds: Option<f64>,
    /// Print JSON: {"artnet": [..], "sacn": [..]}
    #[arg(long)]
    json: bool,
}

/// What is there.
#[derive(Debug, Serialize)]
struct Found {
    artnet: Vec<Part>,
    sacn: Vec<Desk>,
}

/// A device of Art-Net, or one bound part of it.
#[derive(Debug, Serialize)]
struct Part {
    ip: Ipv4Addr,
    bind_index: u8,
    name: String,
    long_name: String,
    /// Universes it puts out.
    takes: Vec<u16>,
    /// Universes it sends.
    sends: Vec<u16>,
    report: String,
}

/// A source of sACN.
#[derive(Debug, Serialize)]
struct Desk {
    cid: String,
    name: String,
    ip: Option<Ipv4Addr>,
    universes: Vec<u16>,
}

impl Discover {
    /// Listens and lists.
    pub(super) fn run(self) -> Result<()> {
        let stop = shutdown::flag()?;
        let door = || Door { at: self.network.at, ..Door::default() };
        let door_of = |protocol| self.network.has(protocol).then(door);
        let mut table = Intake::table(&[]);
        let doors = (door_of(Protocol::Sacn), door_of(Protocol::ArtNet));
        let mut intake = Intake::open(&[], &mut table, doors.0, doors.1, LocalClock::UNCHANGED)?;
        let usual = if self.network.has(Protocol::Sacn) { FOR_LISTS } else { FOR_REPLIES };
        let until = intake.now() + Span::from_ns((self.seconds.unwrap_or(usual).clamp(0.0, 86_400.0) * 1e9) as i64);

        let to = if self.to.is_empty() { broadcasts(self.network.at) } else { self.to.clone() };
        let mut controller = Controller::<0>::new(intake.now());
        let mut listing = Box::new(Listing::<MAX_DESKS>::new());
        let mut parts: BTreeMap<([u8; 4], u8), PollReply> = BTreeMap::new();
        while intake.now() < until && !stop.load(Ordering::Acquire) {
            poll(&intake, &mut controller, &to);
            intake.wait(until.min(controller.poll_timeout()), None)?;
            let now = intake.now();
            intake.take(|heard, _| match heard {
                Heard::Sacn(sacn::Packet::Discovery(page)) => listing.handle_page(page, now),
                Heard::ArtNet(Packet::PollReply(reply)) => {
                    let place = (reply.ip, reply.bind_index);
                    if parts.len() < MAX_PARTS || parts.contains_key(&place) {
                        parts.insert(place, *reply);
                    }
                }
                _ => {}
            });
        }
        let desks = listing.desks().map(|desk| Desk {
            cid: desk.cid().to_string(),
            name: desk.name().to_string(),
            ip: intake.address_of(desk.cid()),
            universes: desk.universes().iter().map(sacn::Universe::number).collect(),
        });
        let found = Found { artnet: parts.values().map(part).collect(), sacn: desks.collect() };
        if self.json { print::json(&found) } else { print::text(&described(&found)) }
    }
}

/// Polls, if it is time.
fn poll(intake: &Intake<'_>, controller: &mut Controller<0>, to: &[Ipv4Addr]) {
    let mut buf = [0; Poll::LEN];
    let Some(len) = controller.poll_transmit(&mut buf, intake.now()) else { return };
    let Some(socket) = intake.artnet_sender() else { return };
    for to in to {
        // A network that is not there has no devices.
        let _ = socket.send_to(&buf[..len], (*to, artnet::PORT));
    }
}

fn part(reply: &PollReply) -> Part {
    let numbers = |low: [u8; 4], kind: PortType| {
        let of_port = move |i: usize| PortAddress::from_parts(reply.net, reply.sub_net, low[i]).number();
        (0..4).filter(move |i| reply.port_types[*i].has(kind)).map(of_port).collect()
    };
    Part {
        ip: reply.ip.into(),
        bind_index: reply.bind_index,
        name: reply.port_name.to_string(),
        long_name: reply.long_name.to_string(),
        takes: numbers(reply.outputs, PortType::DMX_OUTPUT),
        sends: numbers(reply.inputs, PortType::DMX_INPUT),
        report: reply.report.to_string(),
    }
}

/// Universes in ranges, as few words as possible.
fn ranges(universes: &[u16]) -> String {
    let mut told: Vec<(u16, u16)> = Vec::new();
    for number in universes {
        match told.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
            _ => told.push((*number, *number)),
        }
    }
    let range = |(first, last): &(u16, u16)| if first == last { first.to_string() } else { format!("{first}..{last}") };
    if told.is_empty() { "-".to_owned() } else { told.iter().map(range).collect::<Vec<_>>().join(", ") }
}

/// Both lists, for people.
fn described(found: &Found) -> String {
    let mut text = String::new();
    if found.artnet.is_empty() {
        text.push_str("no device of Art-Net answers\n");
    } else {
        let row = |part: &Part| {
            let name = if part.name.is_empty() { part.long_name.clone() } else { part.name.clone() };
            [part.ip.to_string(), part.bind_index.to_string(), name, ranges(&part.takes), ranges(&part.sends)]
        };
        let rows: Vec<_> = found.artnet.iter().map(row).collect();
        text.push_str(&print::table(["Art-Net", ">part", "name", "takes", "sends"], &rows));
    }
    text.push('\n');
    if found.sacn.is_empty() {
        text.push_str("no source of sACN lists its universes\n");
    } else {
        let row = |desk: &Desk| {
            let ip = desk.ip.map_or_else(|| "-".to_owned(), |ip| ip.to_string());
            [ip, desk.name.clone(), ranges(&desk.universes), desk.cid.clone()]
        };
        let rows: Vec<_> = found.sacn.iter().map(row).collect();
        text.push_str(&print::table(["sACN", "name", "sends", "cid"], &rows));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn universes_that_follow_each_other_are_one_range() {
        assert_eq!(ranges(&[]), "-");
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10, 65_535]), "1..3, 7, 9..10, 65535");
    }

    #[test]
    fn a_reply_tells_what_a_device_takes_and_what_it_sends() {
        let mut reply = PollReply { ip: [10, 0, 0, 7], net: 1, sub_net: 2, ..PollReply::default() };
        (reply.port_types[0], reply.outputs[0]) = (PortType::DMX_OUTPUT, 3);
        (reply.port_types[1], reply.inputs[1]) = (PortType::DMX_INPUT, 4);
        let part = part(&reply);
        assert_eq!((part.takes.as_slice(), part.sends.as_slice()), (&[0x123][..], &[0x124][..]));
        let text = described(&Found { artnet: vec![part], sacn: vec![] });
        assert!(text.contains("10.0.0.7") && text.contains("291") && text.contains("no source of sACN"), "{text}");
    }
}
