//! sACN datagrams.

use cuelight_dmx::sacn::{Packet, Page, Universe};

/// What is understood is written so that it is understood the same.
pub fn run(data: &[u8]) {
    let Ok(packet) = Packet::decode(data) else { return };
    let mut buf = [0; cuelight_dmx::sacn::MAX_DATAGRAM];
    let len = match packet {
        Packet::Data(data) => data.encode(&mut buf),
        Packet::Sync(sync) => sync.encode(&mut buf),
        Packet::Discovery(read) => {
            // Numbers that are no universes are read over, so the list may come out shorter.
            let universes: Vec<Universe> = read.universes.iter().collect();
            let page = Page {
                cid: read.cid,
                source_name: read.source_name,
                page: read.page,
                last: read.last,
                universes: &universes,
            };
            let len = page.encode(&mut buf).expect("the largest page fits");
            let Ok(Packet::Discovery(again)) = Packet::decode(&buf[..len]) else { panic!("it was written so") };
            assert!(again.universes.iter().eq(universes));
            return;
        }
    };
    assert_eq!(Packet::decode(&buf[..len.expect("the largest packet fits")]), Ok(packet));
}
