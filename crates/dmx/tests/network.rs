//! Senders and receivers over a network that loses and reorders, in virtual time: what one says, the other shows.

#![allow(clippy::unwrap_used, reason = "test code; the exemption of clippy.toml covers only functions with #[test]")]

use cuelight_dmx::artnet::{Dmx, PortAddress};
use cuelight_dmx::priority::Priority;
use cuelight_dmx::receive::{BadNames, Names, NotUsed, Receiver};
use cuelight_dmx::sacn::{self, Cid, Data, Packet, SourceName};
use cuelight_dmx::send::{ArtNetStream, Identity, Rate, SacnSettings, SacnStream, SacnSynchroniser};
use cuelight_dmx::universe::{Settings, SourceId, Universe};
use cuelight_wire::time::{Local, Span, Time};
use proptest::prelude::*;

const UNIVERSES: usize = 3;
const SYNC: u16 = 99;

fn universe(number: u16) -> sacn::Universe {
    sacn::Universe::new(number).unwrap()
}
fn names() -> [Names; UNIVERSES] {
    [3, 1, 2].map(|n| Names { sacn: sacn::Universe::new(n), artnet: PortAddress::new(n + 100) })
}
fn stream(number: u16, sync: Option<sacn::Universe>) -> SacnStream {
    let priority = Priority::DEFAULT;
    let rate = Rate::FULL;
    SacnStream::new(SacnSettings {
        universe: universe(number),
        priority,
        sync,
        is_forced: true,
        is_preview: false,
        rate,
    })
}
fn identity(cid: u8) -> Identity {
    Identity { cid: Cid([cid; 16]), name: SourceName::new("desk") }
}

/// Datagrams of four streams on their way: when each arrives. Some are lost, never more than two of a stream in a row;
/// some come late, after others.
struct Link {
    under_way: Vec<(Time<Local>, Vec<u8>)>,
    fates: std::iter::Cycle<std::vec::IntoIter<u8>>,
    lost_in_a_row: [u8; 4],
}

impl Link {
    fn send(&mut self, stream: usize, datagram: &[u8], now: Time<Local>) {
        let lost_in_a_row = &mut self.lost_in_a_row[stream];
        let fate = self.fates.next().unwrap();
        if fate < 2 && *lost_in_a_row < 2 {
            *lost_in_a_row += 1;
            return;
        }
        *lost_in_a_row = 0;
        let delay = if (2..4).contains(&fate) { 20 * i64::from(fate) } else { 0 };
        self.under_way.push((now + Span::from_ms(delay), datagram.to_vec()));
    }
    fn arrivals(&mut self, now: Time<Local>) -> Vec<Vec<u8>> {
        let is_here = |(at, _): &(Time<Local>, Vec<u8>)| *at <= now;
        let (mut here, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.under_way).into_iter().partition(is_here);
        self.under_way = later;
        here.sort_by_key(|(at, _)| *at);
        here.into_iter().map(|(_, datagram)| datagram).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// DMX-17, DMX-20, DMX-31, DMX-34: whatever is lost or late, the last look is everywhere four signs of life later.
    #[test]
    fn over_a_bad_network_the_last_look_arrives(
        // Of ten datagrams two are lost and two are late on average.
        fates in prop::collection::vec(0..10_u8, 50..200),
        looks in prop::collection::vec(any::<[u8; 4]>(), 1..60),
        is_synchronised: bool,
    ) {
        let mut link = Link { under_way: Vec::new(), fates: fates.into_iter().cycle(), lost_in_a_row: [0; 4] };
        let mut universes = [0; UNIVERSES].map(|_| Universe::<2>::new(Settings::default()));
        let mut receiver = Receiver::<UNIVERSES, 2>::new(&mut universes, &names()).unwrap();
        let sync = is_synchronised.then(|| universe(SYNC));
        let mut streams = [1, 2, 3].map(|number| stream(number, sync));
        let mut synchroniser = SacnSynchroniser::new(Cid([1; 16]), universe(SYNC), Span::from_ms(1));
        let mut buf = [0; Data::MAX_LEN];
        let mut sync_buf = [0; sacn::Sync::LEN];
        let mut now = Time::ZERO;
        let frames = looks.iter().map(Some).chain(std::iter::repeat_n(None, 44 * 4));
        for look in frames {
            let mut is_sent = false;
            for (stream, i) in streams.iter_mut().zip(0_u8..) {
                if let Some(look) = look {
                    stream.handle_levels(&look.map(|level| level.wrapping_add(i)));
                }
                while let Some(len) = stream.poll_transmit(&identity(1), &mut buf, now) {
                    link.send(usize::from(i), &buf[..len], now);
                    is_sent = true;
                }
            }
            if is_sent && is_synchronised {
                synchroniser.handle_frame(now);
            }
            for _ in 0..23 {
                now += Span::from_ms(1);
                if let Some(len) = synchroniser.poll_transmit(&mut sync_buf, now) {
                    link.send(3, &sync_buf[..len], now);
                }
                for datagram in link.arrivals(now) {
                    let _ = receiver.handle_sacn(&datagram, now);
                }
                receiver.handle_timeout(now);
            }
        }
        prop_assert_eq!(receiver.drops().bad + receiver.drops().elsewhere, 0);
        let last = looks.last().unwrap();
        // Places are 3, 1, 2.
        for (universe, i) in receiver.universes().iter_mut().zip([2, 0, 1]) {
            prop_assert_eq!(universe.levels(now), last.map(|level| level.wrapping_add(i)));
        }
    }
}

/// DMX-26
#[test]
fn each_datagram_finds_its_universe_and_the_rest_is_counted() {
    let mut universes =
        [0; UNIVERSES].map(|_| Universe::<2>::new(Settings { priorities_wait: Span::ZERO, ..Settings::default() }));
    let mut receiver = Receiver::<UNIVERSES, 2>::new(&mut universes, &names()).unwrap();
    let (now, mut buf) = (Time::<Local>::ZERO, [0; Data::MAX_LEN]);
    for number in [1, 2, 3, 4] {
        let mut stream = stream(number, None);
        stream.handle_levels(&[number as u8]);
        let len = stream.poll_transmit(&identity(1), &mut buf, now).unwrap();
        let outcome = receiver.handle_sacn(&buf[..len], now);
        assert_eq!(outcome.is_ok(), number != 4, "{outcome:?}");
    }
    let mut stream = ArtNetStream::new(PortAddress::new(102).unwrap(), 0, Rate::FULL);
    stream.handle_levels(&[200, 1]);
    let mut art = [0; Dmx::MAX_LEN];
    let len = stream.poll_transmit(&mut art, now).unwrap();
    receiver.handle_artnet(&art[..len], [10, 0, 0, 1], now).unwrap();
    assert!(matches!(receiver.handle_artnet(b"Art-Net\0", [10, 0, 0, 1], now), Err(NotUsed::BadArtNet(_))));
    assert!(matches!(receiver.handle_sacn(&art[..len], now), Err(NotUsed::BadSacn(_))));
    let levels: Vec<Vec<u8>> = receiver.universes().iter_mut().map(|u| u.levels(now).to_vec()).collect();
    assert_eq!(levels, [vec![3], vec![1], vec![200, 1]]);
    let owner = receiver.universes()[2].owner(1, now).unwrap();
    assert_eq!(owner.source, SourceId::ArtNet { ip: [10, 0, 0, 1], physical: 0 });
    assert_eq!((receiver.drops().bad, receiver.drops().elsewhere, receiver.drops().dropped), (2, 1, 0));
}

#[test]
fn a_page_of_universes_is_handed_on() {
    let mut universes = [Universe::<2>::new(Settings::default())];
    let mut receiver = Receiver::<1, 2>::new(&mut universes, &[Names::default()]).unwrap();
    let page = sacn::Page {
        cid: Cid([1; 16]),
        source_name: SourceName::new("desk"),
        page: 0,
        last: 0,
        universes: &[universe(7)],
    };
    let mut buf = [0; sacn::Page::MAX_LEN];
    let len = page.encode(&mut buf).unwrap();
    assert!(
        matches!(receiver.handle_sacn(&buf[..len], Time::ZERO), Ok(Packet::Discovery(page)) if page.universes.len() == 1)
    );
}

#[test]
fn universes_that_cannot_be_told_apart_are_refused() {
    let mut universes = [0; 2].map(|_| Universe::<2>::new(Settings::default()));
    let mut refusal = |names: &[Names]| Receiver::<2, 2>::new(&mut universes, names).err();
    let name = |sacn, artnet| Names { sacn: sacn::Universe::new(sacn), artnet: PortAddress::new(artnet) };
    assert_eq!(refusal(&[name(1, 1)]), Some(BadNames::Count));
    assert_eq!(refusal(&[name(1, 1), name(1, 2)]), Some(BadNames::SacnTwice(universe(1))));
    assert_eq!(refusal(&[name(1, 2), name(2, 2)]), Some(BadNames::ArtNetTwice(PortAddress::new(2).unwrap())));
    assert_eq!(refusal(&[name(0, 0x8000), name(0, 0x8000)]), None, "universes without names");
}
