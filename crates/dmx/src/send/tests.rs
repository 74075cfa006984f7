//! The rules of the standards for senders, in virtual time.

use cuelight_wire::time::{Local, Span, Time};
use std::vec::Vec;

use super::*;
use crate::artnet::{self, PortAddress};
use crate::priority::Priority;
use crate::sacn::{self, Cid, Data, SourceName, StartCode, Universe};

const START: Time<Local> = Time::from_ns(1_000_000_000_000);

fn identity() -> Identity {
    Identity { cid: Cid([9; 16]), name: SourceName::new("hub") }
}
fn at(ms: i64) -> Time<Local> {
    START + Span::from_ms(ms)
}
fn universe(number: u16) -> Universe {
    Universe::new(number).unwrap()
}
fn new_stream(rate: Rate) -> SacnStream {
    SacnStream::new(SacnSettings {
        universe: universe(1),
        priority: Priority::DEFAULT,
        sync: None,
        is_forced: false,
        is_preview: false,
        rate,
    })
}

/// What a stream says when it is polled: number, start code, whether it ends, slots.
fn said(stream: &mut SacnStream, now: Time<Local>) -> Vec<(u8, StartCode, bool, Vec<u8>)> {
    let mut buf = [0; Data::MAX_LEN];
    let mut packets = Vec::new();
    while let Some(len) = stream.poll_transmit(&identity(), &mut buf, now) {
        let Ok(sacn::Packet::Data(data)) = sacn::Packet::decode(&buf[..len]) else { panic!("a stream sends data") };
        assert_eq!((data.cid, data.universe), (Cid([9; 16]), universe(1)));
        packets.push((data.sequence, data.start_code, data.options.is_terminated, data.slots.to_vec()));
        assert!(packets.len() < 10, "a poll says a few things");
    }
    packets
}

/// Polls at every frame of `seconds` seconds, each a little early or late; the instants of packets, milliseconds.
fn frames(rate: Rate, seconds: i64, mut poll: impl FnMut(i64, Time<Local>) -> bool) -> Vec<i64> {
    let mut instants = Vec::new();
    for k in 0..seconds * i64::from(rate.hz()) {
        let dither_us = [0, 1500, -900, 3000, -1200][k.rem_euclid(5) as usize];
        let now = START + (rate.show_at(k) - Time::ZERO) + Span::from_us(dither_us);
        if poll(k, now) {
            instants.push((now - START).as_ms());
        }
    }
    instants
}

/// DMX-30
#[test]
fn levels_that_change_all_the_time_go_out_once_a_frame_and_no_more() {
    for rate in [Rate::FULL, Rate::STEADY, Rate::SLOW] {
        let mut stream = new_stream(rate);
        let sent = frames(rate, 10, |k, now| {
            stream.handle_levels(&[k as u8]);
            said(&mut stream, now).len() == 1
        });
        assert_eq!(sent.len(), 10 * usize::from(rate.hz()), "every frame, early or late");
        // Polled a thousand times a second it keeps to its rate all the same.
        let mut stream = new_stream(rate);
        let sent = (0..10_000).filter(|ms| {
            stream.handle_levels(&[*ms as u8]);
            !said(&mut stream, at(*ms)).is_empty()
        });
        let sent = sent.count();
        assert!((9 * usize::from(rate.hz())..=10 * usize::from(rate.hz()) + 1).contains(&sent), "{sent}");
    }
}

/// DMX-31
#[test]
fn what_is_new_is_said_four_times_and_then_every_800_to_1000_ms() {
    for rate in [Rate::FULL, Rate::SLOW, Rate::new(10).unwrap()] {
        let mut stream = new_stream(rate);
        let mut sequence = Vec::new();
        let sent = frames(rate, 60, |_, now| {
            stream.handle_levels(&[1, 2, 3]);
            let packets = said(&mut stream, now);
            sequence.extend(packets.iter().map(|(number, ..)| *number));
            !packets.is_empty()
        });
        let period = rate.period().as_ms();
        assert!(sent[3] <= 4 * period + 4, "{sent:?}");
        assert!(sent[3..].windows(2).all(|pair| (800..=1000).contains(&(pair[1] - pair[0]))), "{sent:?}");
        assert!(sent.len() > 60 && *sent.last().unwrap() > 58_900, "it goes on for ever: {sent:?}");
        assert!(sequence.iter().enumerate().all(|(i, number)| *number == i as u8), "every packet counts");
    }
}

/// DMX-31
#[test]
fn a_stream_driven_by_its_own_alarm_keeps_alive_too() {
    let mut stream = new_stream(Rate::FULL);
    assert_eq!(stream.poll_timeout(), None);
    stream.handle_levels(&[5]);
    let (mut now, mut sent) = (START, Vec::new());
    while now < at(20_000) {
        assert_eq!(said(&mut stream, now).len(), 1);
        sent.push((now - START).as_ms());
        now = stream.poll_timeout().unwrap();
    }
    assert_eq!(sent[..4], [0, 22, 45, 68]);
    assert!(sent[3..].windows(2).all(|pair| (800..=1000).contains(&(pair[1] - pair[0]))), "{sent:?}");
}

#[test]
fn a_stream_without_levels_says_nothing_not_even_its_end() {
    let mut stream = new_stream(Rate::FULL);
    stream.handle_priorities(Some(&[100]));
    assert_eq!(said(&mut stream, START), []);
    stream.handle_end();
    assert_eq!((said(&mut stream, at(1)), stream.is_ended()), (Vec::new(), true));
    // But levels that are no slots at all are levels.
    let mut stream = new_stream(Rate::FULL);
    stream.handle_levels(&[]);
    assert_eq!(said(&mut stream, START).len(), 1);
}

/// DMX-32
#[test]
fn the_end_is_said_three_times_with_numbers_that_count_on_and_then_nothing() {
    let mut stream = new_stream(Rate::FULL);
    stream.handle_levels(&[5]);
    assert_eq!(said(&mut stream, START).len(), 1);
    stream.handle_end();
    let packets = said(&mut stream, at(1));
    let ends: Vec<_> = packets.iter().map(|(number, _, is_terminated, _)| (*number, *is_terminated)).collect();
    assert_eq!((ends, stream.is_ended()), ([(1, true), (2, true), (3, true)].to_vec(), true));
    stream.handle_levels(&[6]);
    stream.handle_end();
    assert_eq!((said(&mut stream, at(5000)), stream.poll_timeout()), (Vec::new(), None));
}

/// DMX-33
#[test]
fn priorities_come_before_the_levels_are_repeated_and_kept_alive() {
    let mut stream = new_stream(Rate::FULL);
    stream.handle_priorities(Some(&[200, 0]));
    stream.handle_levels(&[1, 2]);
    let first: Vec<_> = said(&mut stream, START).into_iter().map(|(_, code, _, slots)| (code, slots)).collect();
    assert_eq!(first, [(StartCode::PRIORITIES, [200, 0].to_vec()), (StartCode::LEVELS, [1, 2].to_vec())]);
    let mut sent = Vec::new();
    for k in 1..44 * 10 {
        let now = START + (Rate::FULL.show_at(k) - Time::ZERO);
        stream.handle_levels(&[k as u8, 2]);
        let packets = said(&mut stream, now);
        assert!(packets.iter().any(|(_, code, ..)| *code == StartCode::LEVELS));
        if packets.iter().any(|(_, code, ..)| *code == StartCode::PRIORITIES) {
            sent.push((now - START).as_ms());
        }
    }
    assert_eq!(sent[..3], [22, 45, 68]);
    assert!(sent[2..].windows(2).all(|pair| (800..=1000).contains(&(pair[1] - pair[0]))), "{sent:?}");
    stream.handle_priorities(None);
    let rest: usize =
        (10_000..20_000).map(|ms| said(&mut stream, at(ms)).iter().filter(|p| p.1 != StartCode::LEVELS).count()).sum();
    assert_eq!(rest, 0);
}

#[test]
fn another_priority_is_said_at_once() {
    let mut stream = new_stream(Rate::FULL);
    stream.handle_levels(&[1]);
    for ms in [0, 30, 60, 90] {
        assert_eq!(said(&mut stream, at(ms)).len(), 1);
    }
    assert_eq!(said(&mut stream, at(499)), []);
    stream.handle_priority(Priority::MAX);
    let mut buf = [0; Data::MAX_LEN];
    let len = stream.poll_transmit(&identity(), &mut buf, at(500)).unwrap();
    let Ok(sacn::Packet::Data(data)) = sacn::Packet::decode(&buf[..len]) else { panic!("a stream sends data") };
    assert_eq!(data.priority, Priority::MAX);
}

/// DMX-34
#[test]
fn synchronisation_follows_the_levels_after_its_delay_once_a_frame() {
    let mut sync = SacnSynchroniser::new(Cid([9; 16]), universe(7), Span::from_ms(2));
    let mut buf = [0; sacn::Sync::LEN];
    let mut sent = Vec::new();
    for ms in 0..50 {
        if ms % 20 == 0 {
            sync.handle_frame(at(ms));
        }
        if let Some(len) = sync.poll_transmit(&mut buf, at(ms)) {
            let Ok(sacn::Packet::Sync(packet)) = sacn::Packet::decode(&buf[..len]) else { panic!("it synchronises") };
            assert_eq!((packet.cid, packet.address), (Cid([9; 16]), universe(7)));
            sent.push((ms, packet.sequence));
        }
    }
    assert_eq!(sent, [(2, 0), (22, 1), (42, 2)]);
    let mut sync = ArtNetSynchroniser::new(Span::ZERO);
    let mut buf = [0; artnet::Sync::LEN];
    assert_eq!(sync.poll_transmit(&mut buf, at(0)), None);
    sync.handle_frame(at(1));
    assert_eq!(sync.poll_timeout(), Some(at(1)));
    let len = sync.poll_transmit(&mut buf, at(1)).unwrap();
    assert_eq!(artnet::Packet::decode(&buf[..len]), Ok(artnet::Packet::Sync(artnet::Sync)));
    assert_eq!(sync.poll_transmit(&mut buf, at(2)), None);
}

/// DMX-35
#[test]
fn the_list_is_said_every_ten_seconds_and_once_more_when_it_changes() {
    let all: Vec<Universe> = (1..=600).map(universe).collect();
    let mut announcer = Announcer::new(START);
    let mut buf = [0; sacn::Page::MAX_LEN];
    let mut sent = Vec::new();
    for ms in 0..40_000 {
        if ms == 12_000 || ms == 13_000 || ms == 14_000 {
            announcer.handle_change();
        }
        // Two pages before the change, one after.
        let universes = if ms < 12_000 { &all[..] } else { &all[..10] };
        while let Some(len) = announcer.poll_transmit(&identity(), universes, &mut buf, at(ms)) {
            let Ok(sacn::Packet::Discovery(page)) = sacn::Packet::decode(&buf[..len]) else { panic!("it is a page") };
            sent.push((ms, page.page, page.last, page.universes.len()));
        }
    }
    let expected = [
        (0, 0, 1, 512),
        (0, 1, 1, 88),
        (10_000, 0, 1, 512),
        (10_000, 1, 1, 88),
        (12_000, 0, 0, 10),
        (20_000, 0, 0, 10),
        (30_000, 0, 0, 10),
    ];
    assert_eq!(sent, expected);
}

/// DMX-8, DMX-36
#[test]
fn art_net_says_what_is_new_keeps_alive_and_counts_from_one() {
    let mut stream = ArtNetStream::new(PortAddress::new(0x123).unwrap(), 1, Rate::FULL);
    let mut buf = [0; artnet::Dmx::MAX_LEN];
    let mut numbers = Vec::new();
    let sent = frames(Rate::FULL, 300, |_, now| {
        stream.handle_levels(&[1, 2, 3]);
        let Some(len) = stream.poll_transmit(&mut buf, now) else { return false };
        let Ok(artnet::Packet::Dmx(dmx)) = artnet::Packet::decode(&buf[..len]) else { panic!("a stream sends levels") };
        assert_eq!((dmx.port_address.number(), dmx.physical, dmx.slots), (0x123, 1, &[1, 2, 3, 0][..]));
        numbers.push(dmx.sequence.0);
        true
    });
    assert!(sent[3] < 92 && sent[3..].windows(2).all(|pair| (800..=1000).contains(&(pair[1] - pair[0]))), "{sent:?}");
    assert!(numbers.len() > 300);
    assert!(numbers.iter().enumerate().all(|(i, number)| usize::from(*number) == i % 255 + 1), "{numbers:?}");
}
