//! sACN.

use cuelight_dmx::priority::Priority;
use cuelight_dmx::sacn::{Cid, Data, Options, Packet, Page, SourceName, StartCode, Sync, Universe};

const CID: Cid = Cid([0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF]);

fn universe(number: u16) -> Universe {
    Universe::new(number).unwrap()
}

fn levels(slots: &[u8]) -> Data<'_> {
    Data {
        cid: CID,
        source_name: SourceName::new("Cuelight hub"),
        priority: Priority::DEFAULT,
        sync: None,
        sequence: 0,
        options: Options::default(),
        universe: universe(1),
        start_code: StartCode::LEVELS,
        slots,
    }
}

/// DMX-1, DMX-3
#[test]
fn the_vectors_are_read_and_written_as_the_layouts_say() {
    let vectors = super::vectors(include_str!("../../vectors/sacn.txt"));
    let ramp: Vec<u8> = (0..512).map(|i| i as u8).collect();
    let data = [
        ("levels", levels(&[255, 128, 1, 0])),
        (
            "levels-full",
            Data {
                source_name: SourceName::new("Bühne"),
                priority: Priority::MAX,
                sync: Some(universe(7962)),
                sequence: 255,
                options: Options { is_forced: true, ..Options::default() },
                universe: universe(63_999),
                ..levels(&ramp)
            },
        ),
        ("priorities", Data { sequence: 1, start_code: StartCode::PRIORITIES, ..levels(&[200, 0, 1]) }),
        (
            "preview",
            Data {
                sequence: 2,
                options: Options { is_preview: true, ..Options::default() },
                universe: universe(256),
                ..levels(&[9])
            },
        ),
        (
            "terminated",
            Data {
                priority: Priority::MIN,
                sequence: 3,
                options: Options { is_terminated: true, ..Options::default() },
                ..levels(&[])
            },
        ),
    ];
    // And the two below.
    assert_eq!(vectors.len(), data.len() + 2);
    for (name, data) in data {
        let mut written = [0; Data::MAX_LEN];
        let len = data.encode(&mut written).unwrap();
        assert_eq!(written[..len], vectors[name], "{name}");
        assert_eq!(Packet::decode(&vectors[name]), Ok(Packet::Data(data)), "{name}");
    }

    let sync = Sync { cid: CID, sequence: 17, address: universe(7962) };
    let mut written = [0; Sync::LEN];
    sync.encode(&mut written).unwrap();
    assert_eq!(written[..], vectors["sync"]);
    assert_eq!(Packet::decode(&vectors["sync"]), Ok(Packet::Sync(sync)));

    let universes = [1, 513, 63_999].map(universe);
    let page = Page { cid: CID, source_name: SourceName::new("Cuelight hub"), page: 1, last: 1, universes: &universes };
    let mut written = [0; Page::MAX_LEN];
    let len = page.encode(&mut written).unwrap();
    assert_eq!(written[..len], vectors["discovery"]);
    let Ok(Packet::Discovery(read)) = Packet::decode(&vectors["discovery"]) else { panic!("it is a page") };
    assert_eq!((read.cid, read.source_name, read.page, read.last), (CID, page.source_name, 1, 1));
    assert_eq!(read.universes.iter().collect::<Vec<_>>(), universes);
}
