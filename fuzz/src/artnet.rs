//! Art-Net datagrams.

use cuelight_dmx::artnet::{Dmx, Packet};

/// What is understood is written so that it is understood the same.
pub fn run(data: &[u8]) {
    let Ok(packet) = Packet::decode(data) else { return };
    let mut buf = [0; Dmx::MAX_LEN];
    let len = match packet {
        Packet::Dmx(dmx) => {
            // An odd number of slots becomes an even one.
            let len = dmx.encode(&mut buf).expect("the largest packet fits");
            let Ok(Packet::Dmx(again)) = Packet::decode(&buf[..len]) else { panic!("it was written so") };
            assert_eq!(again.slots[..dmx.slots.len()], *dmx.slots);
            assert_eq!(Dmx { slots: dmx.slots, ..again }, dmx);
            return;
        }
        Packet::Poll(poll) => poll.encode(&mut buf),
        Packet::PollReply(reply) => reply.encode(&mut buf),
        Packet::Sync(sync) => sync.encode(&mut buf),
        Packet::TimeCode(code) => code.encode(&mut buf),
        Packet::Address(address) => address.encode(&mut buf),
    };
    assert_eq!(Packet::decode(&buf[..len.expect("the largest packet fits")]), Ok(packet));
}
