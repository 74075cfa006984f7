use cuelight_dmx::receive::{Names, Receiver};
use cuelight_dmx::universe::{Settings, Universe};
use cuelight_wire::ids::Revision;
use cuelight_wire::time::FrameIndex;
use std::time::Duration;

use super::*;

const PIXELS: usize = 200;

/// Frame `index` at its own show time; every pixel tells its place and the frame.
fn picture(index: i64) -> Vec<Rgb> {
    (0..PIXELS).map(|i| Rgb::new(i as u8, index as u8, 7)).collect()
}
fn emit(output: &mut impl Output, index: i64) {
    let index = FrameIndex(index);
    output.emit(&Frame {
        index,
        show_at: index.show_at(),
        mono_ns: index.show_at().as_ns(),
        late: Span::ZERO,
        render: Span::ZERO,
        is_synced: true,
        scene_rev: Revision(1),
        hash: 0,
        pixels: &picture(index.0),
    });
}
fn bytes(index: i64) -> Vec<u8> {
    picture(index).iter().flat_map(|p| [p.r, p.g, p.b]).collect()
}
fn identity() -> Identity {
    Identity { cid: sacn::Cid([5; 16]), name: sacn::SourceName::new("node") }
}

/// A receiver's socket, and what has come to it.
fn listen() -> (UdpSocket, String) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    // On loopback what was sent has arrived.
    socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    (socket, address)
}
fn arrived(socket: &UdpSocket) -> Vec<Vec<u8>> {
    let mut buf = [0; 2000];
    std::iter::from_fn(|| socket.recv(&mut buf).ok().map(|len| buf[..len].to_vec())).collect()
}

/// OUT-8
#[test]
fn every_third_frame_goes_out_as_universes_followed_by_its_synchronisation() {
    let (socket, address) = listen();
    let target: SacnTarget = format!("7@{address}?sync=99").parse().unwrap();
    let mut output = Sacn::new(&target, PIXELS, identity()).unwrap();
    let mut said = Vec::new();
    for index in 3..12 {
        emit(&mut output, index);
        for datagram in arrived(&socket) {
            match sacn::Packet::decode(&datagram).unwrap() {
                sacn::Packet::Data(data) => {
                    let from = SLOTS_PER_UNIVERSE * usize::from(data.universe.number() - 7);
                    assert_eq!(data.slots, &bytes(index)[from..(from + SLOTS_PER_UNIVERSE).min(3 * PIXELS)]);
                    assert_eq!(data.sync, sacn::Universe::new(99));
                    said.push((index, data.universe.number()));
                }
                sacn::Packet::Sync(sync) => said.push((index, sync.address.number())),
                sacn::Packet::Discovery(page) => {
                    assert_eq!(page.universes.iter().map(sacn::Universe::number).collect::<Vec<_>>(), [7, 8]);
                    said.push((index, 0));
                }
            }
        }
    }
    assert_eq!(said, [(3, 0), (3, 7), (3, 8), (4, 99), (6, 7), (6, 8), (7, 99), (9, 7), (9, 8), (10, 99)]);
    assert_eq!((output.counters().sent(), output.counters().refused()), (10, 0));
    // The end is said three times for each universe.
    drop(output);
    let ends = arrived(&socket);
    let is_end = |d: &Vec<u8>| matches!(sacn::Packet::decode(d), Ok(sacn::Packet::Data(d)) if d.options.is_terminated);
    assert_eq!((ends.len(), ends.iter().all(is_end)), (6, true));
}

/// OUT-8, DMX-22
#[test]
fn a_receiver_of_art_net_shows_whole_frames_at_its_synchronisation() {
    let (socket, address) = listen();
    let target: ArtNetTarget = format!("16@{address}?hz=30&sync=on").parse().unwrap();
    let mut output = ArtNet::new(&target, PIXELS, &Subscriptions::default()).unwrap();
    let mut universes = [0; 2].map(|_| Universe::<2>::new(Settings::default()));
    let names = [16, 17].map(|n| Names { sacn: None, artnet: PortAddress::new(n) });
    let mut receiver = Receiver::<2, 2>::new(&mut universes, &names).unwrap();
    for index in 0..40 {
        emit(&mut output, index);
        let now = Time::from_ns(FrameIndex(index).show_at().as_ns());
        for datagram in arrived(&socket) {
            receiver.handle_artnet(&datagram, [127, 0, 0, 1], now).unwrap();
        }
        // From the first synchronisation on levels wait for the next one, a frame after them.
        let shown = if index == 0 { 0 } else { (index - 1).div_euclid(4) * 4 };
        let levels: Vec<u8> = receiver.universes().iter_mut().flat_map(|u| u.levels(now).to_vec()).collect();
        assert_eq!(levels, bytes(shown), "frame {index}");
    }
}

#[test]
fn universes_that_do_not_exist_are_refused_at_the_start() {
    let target: SacnTarget = "63999@127.0.0.1".parse().unwrap();
    let message = Sacn::new(&target, PIXELS, identity()).unwrap_err().to_string();
    assert!(message.contains("need 2 universes; there are only 1"), "{message}");
    let target: ArtNetTarget = "32767@127.0.0.1".parse().unwrap();
    assert!(matches!(
        ArtNet::new(&target, PIXELS, &Subscriptions::default()),
        Err(UniversesError::TooMany { needed: 2, there: 1, .. })
    ));
    assert!(ArtNet::new(&target, PIXELS_PER_UNIVERSE, &Subscriptions::default()).is_ok());
}

/// DMX-44
#[test]
fn pixels_go_to_those_who_ask_for_their_universe() {
    // Art-Net's port belongs to a receiver: one of this machine that nothing else here uses.
    let here = Ipv4Addr::new(127, 0, 73, 21);
    let receiver = UdpSocket::bind((here, artnet::PORT)).unwrap();
    receiver.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let [first, second] = [8, 9].map(|number| PortAddress::new(number).unwrap());
    let (subscriptions, mut told) = Subscriptions::new([first, second].into_iter());
    let target: ArtNetTarget = "8".parse().unwrap();
    let mut output = ArtNet::new(&target, PIXELS, &subscriptions).unwrap();
    emit(&mut output, 0);
    assert_eq!(output.counters().sent(), 0, "nobody asks");
    told[1].1.publish(Subscribers::of([here].into_iter(), &[]));
    emit(&mut output, 3);
    let mut buf = [0; 1_000];
    let len = receiver.recv(&mut buf).unwrap();
    let Ok(artnet::Packet::Dmx(dmx)) = artnet::Packet::decode(&buf[..len]) else { panic!("levels come") };
    assert_eq!((dmx.port_address, dmx.slots), (second, &bytes(3)[SLOTS_PER_UNIVERSE..]));
    assert_eq!(output.counters().sent(), 1, "the other universe is asked for by nobody");
    let message = ArtNet::new(&target, PIXELS, &Subscriptions::default()).unwrap_err().to_string();
    assert!(message.contains("name one behind @"), "{message}");
}

#[test]
fn each_node_has_an_identity_of_its_own_that_is_a_uuid() {
    let [a, b] = [1, 2].map(|i| identity_of(Mac([2, 0, 0, 0, 0, i]), "door", 0));
    assert_ne!(a.cid, b.cid);
    assert_eq!(a.cid.to_string(), "6375656c-6967-8874-8000-020000000001");
    assert_eq!(a.name.as_str(), "door");
}

/// DMX-37
#[test]
fn each_output_and_each_target_of_a_node_is_a_source_of_its_own() {
    let mac = Mac([2, 0, 0, 0, 0, 1]);
    let mut all: Vec<_> = (0..4).map(|output| identity_of(mac, "door", output).cid.0).collect();
    let lights = crate::lights::identity_of(mac, "door");
    all.extend((0..4).map(|target| nth(lights, target).cid.0));
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
    assert!(all.iter().all(|cid| cid[6] >> 4 == 8 && cid[8] >> 6 == 0b10), "UUIDs of version 8");
}
