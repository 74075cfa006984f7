//! The packets of the lighting protocols as Wireshark's dissectors read them: Debian's `tshark`.
//!
//! Version 4.0 knows sACN data and Art-Net; it knows neither sACN's synchronisation and discovery nor DDP, so those stand
//! against other implementations only (`crates/dmx/tests/oracles.rs`) and their layouts. It calls every sACN packet of fewer
//! than six slots malformed, whoever wrote it, and ArtPollReplies of the 207 bytes that older nodes send, which we only read.

use std::fs;
use std::path::Path;
use std::process::Command;

use cuelight_dmx::priority::Priority;
use cuelight_dmx::text::Text;
use cuelight_dmx::{artnet, sacn};
use tempfile::tempdir;

/// A packet: the port it goes to, its bytes, and what is to be read in it.
struct Packet {
    port: u16,
    bytes: Vec<u8>,
    fields: [&'static str; 4],
}

fn written(port: u16, fields: [&'static str; 4], write: impl FnOnce(&mut [u8]) -> usize) -> Packet {
    let mut bytes = vec![0; 1200];
    let len = write(&mut bytes);
    bytes.truncate(len);
    Packet { port, bytes, fields }
}

/// Universe, number, priority, start code.
const SACN_FIELDS: [&str; 4] = ["acn.dmx.universe", "acn.dmx.seq_number", "acn.dmx.priority", "acn.dmx.start_code2"];

fn sacn_packets() -> Vec<Packet> {
    let slots: Vec<u8> = (0..512).map(|i| i as u8).collect();
    let universe = |number| sacn::Universe::new(number).unwrap();
    let plain = sacn::Data {
        cid: sacn::Cid([7; 16]),
        source_name: sacn::SourceName::new("Cuelight"),
        priority: Priority::DEFAULT,
        sync: None,
        sequence: 1,
        options: sacn::Options::default(),
        universe: universe(1),
        start_code: sacn::StartCode::LEVELS,
        slots: &slots,
    };
    let preview = sacn::Options { is_preview: true, ..sacn::Options::default() };
    let terminated = sacn::Options { is_terminated: true, is_forced: true, ..sacn::Options::default() };
    let cases = [
        (plain, ["1", "1", "100", "0"]),
        (
            sacn::Data { universe: universe(63_999), sync: Some(universe(7)), sequence: 255, ..plain },
            ["63999", "255", "100", "0"],
        ),
        (sacn::Data { start_code: sacn::StartCode::PRIORITIES, sequence: 2, ..plain }, ["1", "2", "100", "221"]),
        (sacn::Data { options: preview, priority: Priority::MAX, ..plain }, ["1", "1", "200", "0"]),
        (sacn::Data { options: terminated, slots: &slots[..6], ..plain }, ["1", "1", "100", "0"]),
    ];
    let write = |(data, fields): (sacn::Data<'_>, _)| written(sacn::PORT, fields, |buf| data.encode(buf).unwrap());
    cases.into_iter().map(write).collect()
}

/// Operation, universe, slots, name.
const ARTNET_FIELDS: [&str; 4] =
    ["artnet.header.opcode", "artnet.output.universe", "artnet.output.length", "artnet.poll_reply.short_name"];

fn artnet_packets() -> Vec<Packet> {
    use artnet::{
        Address, Command, Dmx, Poll, PollFlags, PollReply, PortAddress, Rate, Sequence, Sync, Targets, TimeCode,
    };
    let port_address = PortAddress::new(0x0123).unwrap();
    let dmx = Dmx { sequence: Sequence(9), physical: 1, port_address, slots: &[5; 512] };
    let targets = Some(Targets { bottom: port_address, top: port_address });
    let poll = Poll { flags: PollFlags::REPLY_ON_CHANGE, diagnostics_from: 0x10, targets, esta: 1, oem: 2 };
    let reply = PollReply { ip: [10, 0, 0, 7], port_name: Text::new("door"), ..PollReply::default() };
    let code = TimeCode { stream: 0, hours: 1, minutes: 2, seconds: 3, frames: 4, rate: Rate::Smpte };
    let address = Address::command(Command::MergeLtp(0), 1);
    let port = artnet::PORT;
    vec![
        written(port, ["0x5000", "291", "512", ""], |buf| dmx.encode(buf).unwrap()),
        written(port, ["0x5000", "291", "2", ""], |buf| Dmx { slots: &[5], ..dmx }.encode(buf).unwrap()),
        written(port, ["0x2000", "", "", ""], |buf| poll.encode(buf).unwrap()),
        written(port, ["0x2100", "", "", "door"], |buf| reply.encode(buf).unwrap()),
        written(port, ["0x5200", "", "", ""], |buf| Sync.encode(buf).unwrap()),
        written(port, ["0x9700", "", "", ""], |buf| code.encode(buf).unwrap()),
        written(port, ["0x6000", "", "", ""], |buf| address.encode(buf).unwrap()),
    ]
}

/// A capture file: header, then for each packet a record of IPv4 and UDP from 10.0.0.1 to 10.0.0.2.
fn capture(packets: &[Packet]) -> Vec<u8> {
    let mut file = Vec::new();
    // Magic number; version 2.4; no zone, no accuracy; longest record; link type 101, which is raw IP.
    file.extend(0xA1B2_C3D4_u32.to_le_bytes());
    file.extend([2_u16, 4].map(u16::to_le_bytes).as_flattened());
    file.extend([0_u32, 0, 65_535, 101].map(u32::to_le_bytes).as_flattened());
    for (second, Packet { port, bytes, .. }) in (0_u32..).zip(packets) {
        let (udp_len, len) = (8 + bytes.len() as u16, 28 + bytes.len() as u32);
        file.extend([second, 0, len, len].map(u32::to_le_bytes).as_flattened());
        let [high, low] = (20 + udp_len).to_be_bytes();
        let mut ip = [0x45, 0, high, low, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        let sum: u32 = ip.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
        let checksum = !((sum & 0xFFFF) + (sum >> 16)) as u16;
        ip[10..12].copy_from_slice(&checksum.to_be_bytes());
        file.extend(ip);
        // UDP without a checksum of its own.
        file.extend([*port, *port, udp_len, 0].map(u16::to_be_bytes).as_flattened());
        file.extend(bytes);
    }
    file
}

/// What tshark says of each packet of a file: what is wrong with it, and the fields asked for.
fn dissect(file: &Path, fields: &[&str]) -> Vec<(String, Vec<String>)> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(["--enable-heuristic", "acn", "-o", "acn.dmx_enable:TRUE"]);
    command.args(["-d", "udp.port==6454,artnet", "-T", "fields", "-e", "_ws.malformed", "-e", "_ws.expert.message"]);
    fields.iter().for_each(|field| {
        command.args(["-e", field]);
    });
    let output = command.output().expect("tshark runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("tshark writes UTF-8");
    let of_line = |line: &str| {
        let mut columns = line.split('\t').map(str::to_owned);
        let wrong = columns.by_ref().take(2).collect();
        (wrong, columns.collect())
    };
    text.lines().map(of_line).collect()
}

/// DMX-1, DMX-6
#[test]
fn tshark_reads_our_packets_and_finds_nothing_wrong() {
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("nothing is dissected: no tshark (apt-get install tshark; as root `cargo xtask test` does that)");
        return;
    }
    let folder = tempdir().unwrap();
    let file = folder.path().join("lighting.pcap");
    for (mut packets, fields) in [(sacn_packets(), SACN_FIELDS), (artnet_packets(), ARTNET_FIELDS)] {
        fs::write(&file, capture(&packets)).unwrap();
        let found = dissect(&file, &fields);
        assert_eq!(found.len(), packets.len());
        for (packet, (wrong, found)) in packets.iter().zip(&found) {
            assert_eq!((wrong.as_str(), &found[..]), ("", &packet.fields.map(String::from)[..]));
        }
        // It does find what is wrong: the first packet cut in its middle.
        packets.truncate(1);
        packets[0].bytes.truncate(100);
        fs::write(&file, capture(&packets)).unwrap();
        let (wrong, _) = &dissect(&file, &[])[0];
        assert!(wrong.contains("Malformed"), "{wrong}");
    }
}
