//! Tags of datagrams.

use std::fs;
use std::path::Path;

use cuelight_wire::bytes::Truncated;
use cuelight_wire::seal::{Seal, TAG_LEN};

fn bytes(hex: &str) -> Vec<u8> {
    let hex = hex.trim_matches('-');
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// WIRE-17
#[test]
fn tags_are_those_of_another_implementation_and_nothing_else_opens() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/seal.txt")).unwrap();
    let vectors: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(vectors.len() >= 4);
    for line in vectors {
        let [token, plane, datagram, tag] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let token = token.as_bytes();
        let seals = [Seal::of_stream(token), Seal::of_exchange(token)];
        let [seal, other] = if plane == "stream" { seals } else { [seals[1].clone(), seals[0].clone()] };
        let (datagram, tag) = (bytes(datagram), bytes(tag));
        let mut closed = datagram.clone();
        closed.resize(datagram.len() + TAG_LEN, 0);
        assert_eq!(seal.close(&mut closed, datagram.len()), Ok(closed.len()), "{line}");
        assert_eq!(closed[datagram.len()..], tag, "{line}");
        assert_eq!(seal.open(&closed), Some(&datagram[..]), "{line}");
        assert_eq!(other.open(&closed), None, "the other plane: {line}");
        assert_eq!(Seal::of_stream(b"another").open(&closed), None, "another session: {line}");
        for place in 0..closed.len() {
            let mut altered = closed.clone();
            altered[place] ^= 1;
            assert_eq!(seal.open(&altered), None, "byte {place}: {line}");
            assert_eq!(seal.open(&closed[..place]), None, "{place} bytes: {line}");
        }
        let len = datagram.len();
        assert_eq!(seal.close(&mut closed[..len + TAG_LEN - 1], len), Err(Truncated));
        assert_eq!(seal.close(&mut closed[..len], len + 1), Err(Truncated));
    }
    assert_eq!(format!("{:?}", Seal::of_stream(b"secret")), "Seal");
}
