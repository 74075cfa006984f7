//! Art-Net.

use cuelight_dmx::artnet::{
    Address, Command, Dmx, GoodOutput, Packet, Poll, PollFlags, PollReply, PortAddress, PortType, Program, Rate,
    Sequence, Status2, Sync, Targets, TimeCode,
};
use cuelight_dmx::text::Text;

fn port_address(number: u16) -> PortAddress {
    PortAddress::new(number).unwrap()
}

fn reply() -> PollReply {
    PollReply {
        ip: [10, 0, 0, 7],
        firmware: 0x0102,
        net: 1,
        sub_net: 2,
        oem: 0x434C,
        status_1: 0xD0,
        esta: 0x434C,
        port_name: Text::new("door"),
        long_name: Text::new("Cuelight node door"),
        report: Text::new("#0001 [0042] running"),
        ports: 1,
        port_types: [PortType::DMX_OUTPUT, PortType(0), PortType(0), PortType(0)],
        good_output: [
            GoodOutput::DATA.or(GoodOutput::MERGING).or(GoodOutput::LTP).or(GoodOutput::SACN),
            GoodOutput(0),
            GoodOutput(0),
            GoodOutput(0),
        ],
        outputs: [5, 0, 0, 0],
        acn_priority: 100,
        mac: [2, 0, 0, 0, 0, 7],
        bind_ip: [10, 0, 0, 1],
        bind_index: 3,
        status_2: Status2::PORT_ADDRESS_15.or(Status2::SACN),
        status_3: 0x20,
        refresh_hz: 44,
        queue_policy: 4,
        ..PollReply::default()
    }
}

fn written(packet: Packet<'_>) -> Vec<u8> {
    let mut buf = [0xEE; 600];
    let len = match packet {
        Packet::Dmx(dmx) => dmx.encode(&mut buf),
        Packet::Poll(poll) => poll.encode(&mut buf),
        Packet::PollReply(reply) => reply.encode(&mut buf),
        Packet::Sync(sync) => sync.encode(&mut buf),
        Packet::TimeCode(code) => code.encode(&mut buf),
        Packet::Address(address) => address.encode(&mut buf),
    };
    buf[..len.unwrap()].to_vec()
}

/// DMX-6
#[test]
fn the_vectors_are_read_and_written_as_the_layouts_say() {
    let vectors = super::vectors(include_str!("../../vectors/artnet.txt"));
    let ramp: Vec<u8> = (0..512).map(|i| i as u8).collect();
    let (counted, address) = (Sequence(5), port_address(0x1234));
    let dmx = Dmx { sequence: counted, physical: 2, port_address: address, slots: &[255, 128, 1, 0] };
    let poll = Poll {
        flags: PollFlags::REPLY_ON_CHANGE.or(PollFlags::DIAGNOSTICS),
        diagnostics_from: 0x10,
        targets: Some(Targets { bottom: port_address(0x10), top: port_address(0x1F) }),
        esta: 0x434C,
        oem: 1,
    };
    let full = Dmx { sequence: Sequence::UNUSED, physical: 0, port_address: port_address(0), slots: &ramp };
    let programming = Address {
        net: Program::To(1),
        sub_net: Program::Reset,
        outputs: [Program::To(5), Program::Keep, Program::Keep, Program::Keep],
        port_name: Text::new("wing"),
        ..Address::command(Command::MergeLtp(0), 2)
    };
    let code = TimeCode { stream: 0, hours: 1, minutes: 2, seconds: 3, frames: 4, rate: Rate::Ebu };
    let cases = [
        ("dmx", Packet::Dmx(dmx)),
        ("dmx-full", Packet::Dmx(full)),
        ("poll", Packet::Poll(poll)),
        ("poll-reply", Packet::PollReply(reply())),
        ("sync", Packet::Sync(Sync)),
        ("time-code", Packet::TimeCode(code)),
        ("address", Packet::Address(programming)),
    ];
    // And the two below.
    assert_eq!(vectors.len(), cases.len() + 2);
    for (name, packet) in cases {
        assert_eq!(Packet::decode(&vectors[name]), Ok(packet), "{name}");
        assert_eq!(written(packet), vectors[name], "{name}");
    }
}

/// DMX-7, DMX-9
#[test]
fn packets_of_older_versions_are_read_with_zeros_for_what_they_lack() {
    let vectors = super::vectors(include_str!("../../vectors/artnet.txt"));
    let poll = Poll { flags: PollFlags::REPLY_ON_CHANGE, diagnostics_from: 0, targets: None, esta: 0, oem: 0 };
    assert_eq!(Packet::decode(&vectors["poll-short"]), Ok(Packet::Poll(poll)));
    let older = PollReply {
        bind_ip: [0; 4],
        bind_index: 0,
        status_2: Status2(0),
        status_3: 0,
        refresh_hz: 0,
        queue_policy: 0,
        ..reply()
    };
    assert_eq!(vectors["poll-reply-short"].len(), PollReply::MIN_LEN);
    assert_eq!(Packet::decode(&vectors["poll-reply-short"]), Ok(Packet::PollReply(older)));
}
