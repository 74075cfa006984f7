//! Frames that leave a node: every output gets every frame, whole and the same.

use std::net::UdpSocket;
use std::thread;

use tempfile::tempdir;

use crate::support::{HERE, Hub, Node, SOON, fnv1a_64, until, until_true};

const PIXELS: usize = 1000;
/// A second of frames.
const FRAMES: usize = 120;

/// One DDP datagram, as the format's public description has it: flags, sequence, data type, destination, offset (4, big
/// endian), length (2, big endian), data.
struct Datagram<'a> {
    is_last: bool,
    sequence: u8,
    offset: usize,
    data: &'a [u8],
}

fn parse(bytes: &[u8]) -> Datagram<'_> {
    let [flags, sequence, kind, destination, o0, o1, o2, o3, l0, l1, data @ ..] = bytes else {
        panic!("a datagram of {} bytes", bytes.len());
    };
    assert_eq!(flags & 0b1100_0000, 0b0100_0000, "version 1");
    assert_eq!(flags & 0b0011_1110, 0, "neither time code nor storage, reply or query");
    assert!([0x00, 0x01, 0x0a, 0x0b].contains(kind), "data type {kind:#x}");
    assert_eq!(*destination, 1, "the display");
    assert_eq!(usize::from(u16::from_be_bytes([*l0, *l1])), data.len(), "length");
    let offset = u32::from_be_bytes([*o0, *o1, *o2, *o3]);
    Datagram { is_last: flags & 1 == 1, sequence: sequence & 0x0f, offset: offset as usize, data }
}

/// Receives whole frames: each must be covered from its first byte to its last, once, with one push at the end.
fn receive(socket: &UdpSocket) -> Vec<Vec<u8>> {
    let (mut frames, mut frame, mut sequence) = (Vec::new(), Vec::new(), None);
    while frames.len() < FRAMES {
        let mut buf = [0; 2000];
        let len = socket.recv(&mut buf).expect("frames go on");
        let datagram = parse(&buf[..len]);
        assert_eq!(datagram.offset, frame.len(), "offsets follow each other");
        assert!(datagram.data.len() <= 1440);
        if let Some(before) = sequence.replace(datagram.sequence) {
            assert_eq!(datagram.sequence, before % 15 + 1, "sequence numbers 1 to 15");
        }
        frame.extend_from_slice(datagram.data);
        assert_eq!(datagram.is_last, frame.len() == 3 * PIXELS, "the push is on the last datagram alone");
        if datagram.is_last {
            frames.push(std::mem::take(&mut frame));
        }
    }
    frames
}

/// OUT-1, OUT-6, RENDER-9
#[test]
fn two_ddp_receivers_and_the_record_get_the_same_whole_frames() {
    let folder = tempdir().unwrap();
    let hub = Hub::start(folder.path(), &[]);
    hub.post("/api/v1/scene", &serde_json::json!({"effect": "plasma", "palette": "ocean"}));
    let sockets = [0; 2].map(|_| {
        let socket = UdpSocket::bind((HERE, 0)).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        socket
    });
    let outputs = [0, 1].map(|i: usize| format!("ddp:{}", sockets[i].local_addr().unwrap()));
    let receivers = sockets.map(|socket| thread::spawn(move || receive(&socket)));
    let options = ["--geometry", "strip:1000", "--output", &outputs[0], "--output", &outputs[1]];
    let node = Node::start(1, folder.path(), hub.at, &options);
    let [first, second] = receivers.map(|receiver| receiver.join().expect("a receiver got whole frames"));
    assert!(first == second, "the receivers got different frames");
    assert!(first.windows(2).any(|pair| pair[0] != pair[1]), "nothing moved");

    let record = until("the record has the frames too", SOON, || {
        Some(node.record()).filter(|record| record.frames.len() >= FRAMES)
    });
    for (index, (frame, line)) in first.iter().zip(&record.frames).enumerate() {
        assert_eq!(fnv1a_64(frame), line.hash, "frame {index} as recorded");
    }
    until_true("the node is READY", SOON, || hub.node(&node.mac).is_some_and(|node| node["state"] == "ready"));
}
