//! DDP.

use std::collections::BTreeMap;

use cuelight_dmx::ddp::{DataType, Datagrams, Destination, Flags, Header, MAX_DATAGRAM, Packet, Sequence, Timecode};

fn vectors() -> BTreeMap<&'static str, Vec<u8>> {
    super::vectors(include_str!("../../vectors/ddp.txt"))
}

fn header(flags: Flags, sequence: u8, data_type: DataType, destination: Destination) -> Header {
    let sequence = Sequence::from_byte(sequence);
    Header { flags, sequence, data_type, destination, offset: 0, length: 0, timecode: None }
}

/// OUT-1
#[test]
fn the_vectors_are_read_and_written_as_the_layout_says() {
    use DataType::{Rgb8, Rgbw8};
    let display = Destination::DISPLAY;
    let cases: [(&str, Header, &[u8]); 7] = [
        ("two-red-pixels", Header { length: 6, ..header(Flags::PUSH, 1, Rgb8, display) }, &[255, 0, 0, 255, 0, 0]),
        (
            "rgbw-second-part",
            Header { offset: 1440, length: 4, ..header(Flags::NONE, 15, Rgbw8, display) },
            &[1, 2, 3, 4],
        ),
        ("push-all", header(Flags::PUSH, 0, Rgb8, Destination::ALL), &[]),
        (
            "push-at",
            Header {
                offset: 3,
                length: 3,
                timecode: Some(Timecode(0x1234_8000)),
                ..header(Flags::PUSH, 2, Rgb8, display)
            },
            &[10, 11, 12],
        ),
        ("query-status", Header { length: 480, ..header(Flags::QUERY, 3, Rgb8, Destination::STATUS) }, &[]),
        (
            "reply-status",
            Header { length: 2, ..header(Flags::REPLY.or(Flags::PUSH), 3, Rgb8, Destination::STATUS) },
            b"{}",
        ),
        ("storage", Header { length: 1, ..header(Flags::STORAGE.or(Flags::PUSH), 4, Rgb8, display) }, b"1"),
    ];
    let vectors = vectors();
    assert_eq!(vectors.len(), cases.len());
    for (name, header, data) in cases {
        let bytes = &vectors[name];
        assert_eq!(Packet::decode(bytes), Ok(Packet { header, data }), "{name}");
        let mut written = [0; 64];
        let len = header.encode(&mut written).unwrap();
        // Type 0x00 is read as RGB but written as 0x0B.
        let mut expected = bytes[..len].to_vec();
        expected[2] = header.data_type.byte();
        assert_eq!(written[..len], expected, "{name}");
    }
}

/// OUT-1
#[test]
fn a_small_frame_is_one_datagram_as_in_the_vectors() {
    let mut buf = [0; MAX_DATAGRAM];
    let mut datagrams = Datagrams::new(&[255, 0, 0, 255, 0, 0], DataType::Rgb8, Destination::DISPLAY, Sequence::FIRST);
    assert_eq!(datagrams.next_into(&mut buf), Some(&vectors()["two-red-pixels"][..]));
    assert_eq!(datagrams.next_into(&mut buf), None);
}
