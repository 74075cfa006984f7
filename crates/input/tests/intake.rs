//! Datagrams through real sockets of this machine's loopback into universes. What is sent there has arrived when it is sent.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

use std::net::{Ipv4Addr, UdpSocket};

use cuelight_dmx::artnet::{self, Dmx, GoodOutput, Poll, PollFlags, PollReply, PortAddress, Sequence};
use cuelight_dmx::presence::{Port, PortWay};
use cuelight_dmx::priority::Priority;
use cuelight_dmx::receive::Names;
use cuelight_dmx::sacn::{self, Cid, Data, Options, SourceName, StartCode, Universe};
use cuelight_dmx::universe::Settings;
use cuelight_input::{Door, Heard, Intake, Wanted};
use cuelight_net::clock::LocalClock;
use cuelight_wire::time::Span;

/// Addresses of this machine that nothing else uses: one for each test, and one to send from.
const SENDER: Ipv4Addr = Ipv4Addr::new(127, 0, 72, 200);

fn wanted(number: u16) -> Wanted {
    let names = Names { sacn: Universe::new(number), artnet: PortAddress::new(number) };
    Wanted { names, settings: Settings { priorities_wait: Span::ZERO, ..Settings::default() } }
}

fn door(host: u8, from: &str) -> Option<Door> {
    let from = if from.is_empty() { Default::default() } else { from.parse().unwrap() };
    Some(Door { at: Some(Ipv4Addr::new(127, 0, 72, host)), from, ..Door::default() })
}

fn sacn_datagram(universe: u16, sequence: u8, sync: Option<u16>, slots: &[u8]) -> Vec<u8> {
    let data = Data {
        cid: Cid([7; 16]),
        source_name: SourceName::new("desk"),
        priority: Priority::DEFAULT,
        sync: sync.and_then(Universe::new),
        sequence,
        options: Options::default(),
        universe: Universe::new(universe).unwrap(),
        start_code: StartCode::LEVELS,
        slots,
    };
    let mut bytes = vec![0; Data::MAX_LEN];
    let len = data.encode(&mut bytes).unwrap();
    bytes.truncate(len);
    bytes
}

fn artnet_datagram(number: u16, slots: &[u8]) -> Vec<u8> {
    let port_address = PortAddress::new(number).unwrap();
    let mut bytes = vec![0; Dmx::MAX_LEN];
    let len = Dmx { sequence: Sequence::UNUSED, physical: 0, port_address, slots }.encode(&mut bytes).unwrap();
    bytes.truncate(len);
    bytes
}

fn levels(intake: &mut Intake<'_>, i: usize) -> Vec<u8> {
    let now = intake.now();
    intake.universes()[i].levels(now).to_vec()
}

/// DMX-45
#[test]
fn universes_by_group_by_unicast_and_by_both_protocols_are_merged() {
    // 50 universes: three sockets of groups.
    let numbers: Vec<_> = (701..=750).map(wanted).collect();
    let mut table = Intake::table(&numbers);
    let mut intake = Intake::open(&numbers, &mut table, door(1, ""), door(1, ""), LocalClock::UNCHANGED).unwrap();
    let sender = UdpSocket::bind((SENDER, 0)).unwrap();
    for (i, universe) in (701..=751).enumerate() {
        let group = Ipv4Addr::from(Universe::new(universe).unwrap().group());
        sender.send_to(&sacn_datagram(universe, 1, None, &[i as u8 + 1, 9]), (group, sacn::PORT)).unwrap();
    }
    sender.send_to(&artnet_datagram(750, &[200, 1]), (Ipv4Addr::new(127, 0, 72, 1), artnet::PORT)).unwrap();
    // A datagram more of a flood than of a show: nobody understands it.
    sender.send_to(&[0; 1472], (Ipv4Addr::new(127, 0, 72, 1), artnet::PORT)).unwrap();
    intake.take(|_, _| {});
    for i in 0..49 {
        assert_eq!(levels(&mut intake, i), [i as u8 + 1, 9]);
    }
    assert_eq!(levels(&mut intake, 49), [200, 9]);
    assert_eq!((intake.figures().datagrams, intake.drops().bad, intake.drops().elsewhere), (52, 1, 0));
    assert_eq!(intake.address_of(Cid([7; 16])), Some(SENDER));
}

/// DMX-46
#[test]
fn who_is_not_allowed_changes_nothing_and_is_counted() {
    let numbers = [wanted(761)];
    let mut table = Intake::table(&numbers);
    let (sacn_door, artnet_door) = (door(2, "127.0.72.201"), door(2, "10.0.0.0/8,127.0.72.201"));
    let mut intake = Intake::open(&numbers, &mut table, sacn_door, artnet_door, LocalClock::UNCHANGED).unwrap();
    let at = Ipv4Addr::new(127, 0, 72, 2);
    let stranger = UdpSocket::bind((SENDER, 0)).unwrap();
    stranger.send_to(&sacn_datagram(761, 1, None, &[255]), (at, sacn::PORT)).unwrap();
    stranger.send_to(&artnet_datagram(761, &[255, 255]), (at, artnet::PORT)).unwrap();
    let friend = UdpSocket::bind(("127.0.72.201", 0)).unwrap();
    friend.send_to(&sacn_datagram(761, 1, None, &[5]), (at, sacn::PORT)).unwrap();
    let mut seen = 0;
    intake.take(|_, from| {
        assert_eq!(from.ip(), &Ipv4Addr::new(127, 0, 72, 201));
        seen += 1;
    });
    assert_eq!((levels(&mut intake, 0), seen), (vec![5], 1));
    assert_eq!((intake.figures().datagrams, intake.figures().not_allowed), (3, 2));
}

/// DMX-20, DMX-45
#[test]
fn the_group_of_synchronisation_is_joined_when_levels_name_it() {
    let numbers = [wanted(771)];
    let mut table = Intake::table(&numbers);
    let mut intake = Intake::open(&numbers, &mut table, door(3, ""), None, LocalClock::UNCHANGED).unwrap();
    let sender = UdpSocket::bind((SENDER, 0)).unwrap();
    let group = |number| Ipv4Addr::from(Universe::new(number).unwrap().group());
    let say = |intake: &mut Intake<'_>, sequence, level| {
        sender.send_to(&sacn_datagram(771, sequence, Some(7771), &[level]), (group(771), sacn::PORT)).unwrap();
        intake.take(|_, _| {});
        levels(intake, 0)
    };
    let sync = |intake: &mut Intake<'_>, sequence| {
        let mut bytes = [0; sacn::Sync::LEN];
        let packet = sacn::Sync { cid: Cid([7; 16]), sequence, address: Universe::new(7771).unwrap() };
        packet.encode(&mut bytes).unwrap();
        sender.send_to(&bytes, (group(7771), sacn::PORT)).unwrap();
        intake.take(|_, _| {});
        levels(intake, 0)
    };
    assert_eq!(say(&mut intake, 1, 10), [10], "nobody has synchronised yet");
    assert_eq!(sync(&mut intake, 1), [10]);
    assert_eq!(say(&mut intake, 2, 20), [10], "levels wait");
    assert_eq!(sync(&mut intake, 2), [20]);
}

/// DMX-41
#[test]
fn a_poll_is_answered_from_the_port_that_takes_levels() {
    let mut table = Intake::table(&[]);
    let mut intake = Intake::open(&[], &mut table, None, door(4, ""), LocalClock::UNCHANGED).unwrap();
    let port = Port { port_address: PortAddress::new(0x123).unwrap(), way: PortWay::Takes(GoodOutput::DATA) };
    intake.answer_polls(PollReply { ip: [127, 0, 72, 4], ..PollReply::default() }, vec![port], 1);
    // A controller has Art-Net's port at its own address.
    let mut table = Intake::table(&[]);
    let mut controller = Intake::open(&[], &mut table, None, door(5, ""), LocalClock::UNCHANGED).unwrap();
    let poll = Poll { flags: PollFlags::NONE, diagnostics_from: 0, targets: None, esta: 0, oem: 0 };
    let mut bytes = [0; Poll::LEN];
    poll.encode(&mut bytes).unwrap();
    let at = (Ipv4Addr::new(127, 0, 72, 4), artnet::PORT);
    controller.artnet_sender().unwrap().send_to(&bytes, at).unwrap();
    let mut replies = Vec::new();
    while replies.is_empty() {
        // The answer is due within a second, and each wait ends when it is.
        intake.wait(intake.now() + Span::from_ms(100), None).unwrap();
        intake.take(|_, _| {});
        controller.take(|heard, from| {
            if let Heard::ArtNet(artnet::Packet::PollReply(reply)) = heard {
                replies.push((*from.ip(), reply.output_addresses().map(PortAddress::number).collect::<Vec<_>>()));
            }
        });
    }
    assert_eq!(replies, [(Ipv4Addr::new(127, 0, 72, 4), vec![0x123])]);
}
