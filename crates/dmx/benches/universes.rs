//! What 512 universes cost: written as packets, and received from two sources each and merged.
//!
//! Each measurement is one frame, 1/44 s of a show: a time of 1 ms is 4.4 % of a core.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use cuelight_dmx::artnet::{Dmx, PortAddress, Sequence};
use cuelight_dmx::merge::Mode;
use cuelight_dmx::priority::Priority;
use cuelight_dmx::receive::{Names, Receiver};
use cuelight_dmx::sacn::{self, Cid, Data, Options, SourceName, StartCode};
use cuelight_dmx::send::{Identity, Rate, SacnSettings, SacnStream};
use cuelight_dmx::universe::{Settings, Universe};
use cuelight_wire::time::{Local, Span, Time};

const UNIVERSES: u16 = 512;
/// Sources that a universe has room for.
const SOURCES: usize = 4;

fn universe(i: u16) -> sacn::Universe {
    sacn::Universe::new(i + 1).expect("1 to 512")
}

/// Levels that are others in every frame and universe.
fn levels(i: u16, frame: u32) -> [u8; 512] {
    std::array::from_fn(|slot| (slot as u32 * 7 + u32::from(i) * 3 + frame * 5) as u8)
}

fn data(cid: u8, i: u16, sequence: u8, slots: &[u8]) -> Data<'_> {
    Data {
        cid: Cid([cid; 16]),
        source_name: SourceName::new("bench"),
        priority: Priority::DEFAULT,
        sync: None,
        sequence,
        options: Options::default(),
        universe: universe(i),
        start_code: StartCode::LEVELS,
        slots,
    }
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode 512 universes");
    group.throughput(Throughput::Elements(UNIVERSES.into()));
    let all: Vec<[u8; 512]> = (0..UNIVERSES).map(|i| levels(i, 0)).collect();
    let mut buf = [0; Data::MAX_LEN];
    group.bench_function("sacn", |b| {
        b.iter(|| {
            for (i, slots) in (0..).zip(&all) {
                black_box(data(1, i, 7, slots).encode(&mut buf).expect("it fits"));
            }
        });
    });
    group.bench_function("artnet", |b| {
        b.iter(|| {
            for (i, slots) in (0..).zip(&all) {
                let port_address = PortAddress::new(i).expect("15 bits");
                let dmx = Dmx { sequence: Sequence::FIRST, physical: 0, port_address, slots };
                black_box(dmx.encode(&mut buf).expect("it fits"));
            }
        });
    });
    // With what a stream does besides: comparing, numbering, keeping its rhythm.
    let settings = |i| SacnSettings {
        universe: universe(i),
        priority: Priority::DEFAULT,
        sync: None,
        is_forced: false,
        is_preview: false,
        rate: Rate::FULL,
    };
    let mut streams: Vec<_> = (0..UNIVERSES).map(|i| SacnStream::new(settings(i))).collect();
    let identity = Identity { cid: Cid([1; 16]), name: SourceName::new("bench") };
    let both = [all, (0..UNIVERSES).map(|i| levels(i, 1)).collect()];
    let mut now = Time::<Local>::ZERO;
    let mut frame = 0;
    group.bench_function("sacn streams, all levels new", |b| {
        b.iter(|| {
            now += Rate::FULL.period();
            frame ^= 1;
            for (stream, slots) in streams.iter_mut().zip(&both[frame]) {
                stream.handle_levels(slots);
                black_box(stream.poll_transmit(&identity, &mut buf, now).expect("it is due"));
            }
        });
    });
    group.finish();
}

/// The datagrams of one frame from both sources, in the order in which they come.
fn frame(number: u32, are_artnet: bool) -> Vec<Vec<u8>> {
    let mut datagrams = Vec::new();
    for i in 0..UNIVERSES {
        for source in 1..=2 {
            let slots = levels(i, number * u32::from(source));
            let mut buf = [0; Data::MAX_LEN];
            let len = if are_artnet {
                let port_address = PortAddress::new(i).expect("15 bits");
                Dmx { sequence: Sequence(0), physical: source, port_address, slots: &slots }.encode(&mut buf)
            } else {
                data(source, i, number as u8, &slots).encode(&mut buf)
            };
            datagrams.push(buf[..len.expect("it fits")].to_vec());
        }
    }
    datagrams
}

fn receive(c: &mut Criterion) {
    let mut group = c.benchmark_group("receive and merge 512 universes x 2 sources");
    group.throughput(Throughput::Elements(2 * u64::from(UNIVERSES)));
    for (name, mode, are_artnet) in
        [("sacn, HTP", Mode::Htp, false), ("sacn, LTP", Mode::Ltp, false), ("artnet, HTP", Mode::Htp, true)]
    {
        // As many numbers as there are, so that no packet is late.
        let frames: Vec<_> = (0..256).step_by(4).map(|number| frame(number, are_artnet)).collect();
        let settings = Settings { mode, priorities_wait: Span::ZERO, ..Settings::default() };
        let mut universes: Vec<_> = (0..UNIVERSES).map(|_| Universe::<SOURCES>::new(settings)).collect();
        let names: Vec<_> =
            (0..UNIVERSES).map(|i| Names { sacn: Some(universe(i)), artnet: PortAddress::new(i) }).collect();
        let mut receiver = Receiver::<512, SOURCES>::new(&mut universes, &names).expect("all names differ");
        let (mut now, mut next) = (Time::<Local>::ZERO, 0);
        group.bench_function(name, |b| {
            b.iter_batched(
                || {
                    next = (next + 1) % frames.len();
                    next
                },
                |next| {
                    now += Rate::FULL.period();
                    for datagram in &frames[next] {
                        if are_artnet {
                            receiver.handle_artnet(datagram, [10, 0, 0, 1], now).expect("it is wanted");
                        } else {
                            receiver.handle_sacn(datagram, now).expect("it is wanted");
                        }
                    }
                    for universe in receiver.universes() {
                        black_box(universe.poll_levels(now));
                    }
                    receiver.handle_timeout(now);
                },
                BatchSize::SmallInput,
            );
        });
        assert_eq!(receiver.drops().dropped, 0);
    }
    group.finish();
}

criterion_group!(benches, encode, receive);
criterion_main!(benches);
