//! DDP datagrams.

use cuelight_dmx::ddp::Packet;

/// What is understood has the data its header says.
pub fn run(data: &[u8]) {
    if let Ok(packet) = Packet::decode(data) {
        assert!(packet.data.len() <= data.len());
        let mut buf = [0; 64];
        let len = packet.header.encode(&mut buf).expect("a header fits");
        let mut again = buf[..len].to_vec();
        again.extend_from_slice(packet.data);
        assert_eq!(Packet::decode(&again), Ok(packet));
    }
}
