//! What holds for every value and every sequence of bytes.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use cuelight_wire::beat::BeatGrid;
use cuelight_wire::control::HexPayload;
use cuelight_wire::exchange::{BadExchange, Form, PING_LEN, PONG_NS_LEN, Ping, Pong};
use cuelight_wire::ids::{EffectId, PaletteId, PatternId, Revision, TokenHash};
use cuelight_wire::limits::{MAX_STREAM_PAYLOAD, MAX_ZONES};
use cuelight_wire::scene::{BlendMode, FullState, Layer, Master, Parameters, PatternPlay, Rgb, Scene, Tempo, Zone};
use cuelight_wire::stream::payload::{BeatTick, ParamDelta, SceneChange};
use cuelight_wire::stream::{BadPacket, HEADER_LEN, Header, MAX_PACKET, MsgType, full_state};
use cuelight_wire::time::{FrameIndex, Time};
use proptest::array::uniform3;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Instants that whole microseconds can express.
fn instant<D: std::fmt::Debug>() -> impl Strategy<Value = Time<D>> {
    (i64::MIN / 1000..=i64::MAX / 1000).prop_map(Time::from_us)
}

fn header() -> impl Strategy<Value = Header> {
    const TYPES: [MsgType; 5] =
        [MsgType::ParamDelta, MsgType::BeatTick, MsgType::SceneChange, MsgType::Heartbeat, MsgType::FullState];
    (select(TYPES.as_slice()), any::<u32>(), any::<u32>(), instant(), instant()).prop_map(
        |(msg_type, seq, token_hash, hub_now, apply_at)| Header {
            msg_type,
            seq,
            token_hash: TokenHash(token_hash),
            hub_now,
            apply_at,
        },
    )
}

fn zone() -> impl Strategy<Value = (Zone, u64)> {
    (any::<[u16; 2]>(), any::<[u8; 4]>(), select(BlendMode::ALL.as_slice()), any::<u64>()).prop_map(
        |([effect, palette], [brightness, speed, from, to], blend, phase)| {
            let (effect, palette) = (EffectId(effect), PaletteId(palette));
            (Zone { id: 0, effect, palette, brightness, speed, blend, from, to }, phase)
        },
    )
}

fn pattern() -> impl Strategy<Value = PatternPlay> {
    (any::<[u8; 8]>(), any::<bool>(), instant()).prop_map(|(id, repeats, starts_at)| PatternPlay {
        id: PatternId(id),
        repeats,
        starts_at,
    })
}

fn layer() -> impl Strategy<Value = Layer> {
    let ids = subsequence((0..MAX_ZONES as u8).collect::<Vec<_>>(), 0..=MAX_ZONES);
    let zones = ids.prop_flat_map(|ids| {
        let count = ids.len();
        vec(zone(), count).prop_map(move |mut zones| {
            zones.iter_mut().zip(&ids).for_each(|((zone, _), id)| zone.id = *id);
            zones
        })
    });
    let numbers = (any::<[u32; 3]>(), any::<[u16; 3]>(), any::<[u8; 6]>(), any::<u64>());
    let pattern = proptest::option::of(pattern());
    (numbers, instant(), uniform3(any::<[u8; 3]>()), zones, pattern).prop_map(
        |(([rev, fade_ms, seed], [effect, palette, hue], p, phase), at, colors, zones, pattern)| {
            let mut zone_phases = [0; MAX_ZONES];
            zone_phases.iter_mut().zip(&zones).for_each(|(to, (_, phase))| *to = *phase);
            let [brightness, speed, intensity, saturation, complexity, variation] = p;
            Layer {
                rev: Revision(rev),
                at,
                fade_ms,
                scene: Scene {
                    effect: EffectId(effect),
                    palette: PaletteId(palette),
                    parameters: Parameters { brightness, speed, hue, intensity, saturation, complexity, variation },
                    colors: colors.map(|[r, g, b]| Rgb::new(r, g, b)),
                    seed,
                    zones: zones.into_iter().map(|(zone, _)| zone).collect(),
                    pattern,
                },
                phase,
                zone_phases,
            }
        },
    )
}

fn tempo() -> impl Strategy<Value = Tempo> {
    (any::<u32>(), instant(), any::<i64>(), any::<u16>(), 1..=u8::MAX).prop_map(
        |(rev, at, micro_beats, bpm_x100, beats_per_bar)| Tempo {
            rev: Revision(rev),
            grid: BeatGrid { at, micro_beats, bpm_x100, beats_per_bar },
        },
    )
}

fn master() -> impl Strategy<Value = Master> {
    (any::<u32>(), instant(), any::<u8>(), any::<bool>()).prop_map(|(rev, at, level, blackout)| Master {
        rev: Revision(rev),
        at,
        level,
        blackout,
    })
}

fn state() -> impl Strategy<Value = FullState> {
    (vec(layer(), 0..=3), vec(tempo(), 0..=2), vec(master(), 0..=2)).prop_map(
        |(mut layers, mut tempos, mut masters)| {
            layers.sort_by_key(|l| l.at);
            tempos.sort_by_key(|t| t.grid.at);
            masters.sort_by_key(|m| m.at);
            FullState {
                layers: layers.into_iter().collect(),
                tempos: tempos.into_iter().collect(),
                masters: masters.into_iter().collect(),
            }
        },
    )
}

fn form() -> impl Strategy<Value = Form> {
    select([Form::Deployed, Form::Nanosecond].as_slice())
}

fn ping() -> impl Strategy<Value = Ping> {
    (form(), any::<u32>(), any::<u32>(), instant()).prop_map(|(form, seq, token_hash, t1)| Ping {
        form,
        seq,
        token_hash: TokenHash(token_hash),
        t1,
    })
}

fn pong() -> impl Strategy<Value = Pong> {
    let previous = proptest::option::of((any::<u32>(), any::<i64>().prop_map(Time::from_ns)));
    (form(), any::<u32>(), any::<u32>(), instant(), instant(), instant(), previous).prop_map(
        |(form, seq, token_hash, t1, t2, t3, previous)| Pong {
            form,
            seq,
            token_hash: TokenHash(token_hash),
            t1,
            t2,
            t3,
            previous: previous.filter(|_| form == Form::Nanosecond),
        },
    )
}

fn packet(header: &Header, payload: &[u8]) -> Vec<u8> {
    let mut buf = [0; MAX_PACKET];
    let len = header.encode(payload, &mut buf).unwrap();
    buf[..len].to_vec()
}

proptest! {
    /// WIRE-1
    #[test]
    fn a_packet_comes_back_as_it_was_sent(header in header(), payload in vec(any::<u8>(), 0..=MAX_STREAM_PAYLOAD)) {
        let bytes = packet(&header, &payload);
        prop_assert_eq!(Header::decode(&bytes, header.token_hash), Ok((header, payload.as_slice())));
    }

    /// WIRE-10
    #[test]
    fn a_packet_cut_short_or_drawn_out_is_refused(header in header(), payload in vec(any::<u8>(), 0..=64)) {
        let mut bytes = packet(&header, &payload);
        for len in 0..bytes.len() {
            prop_assert_eq!(Header::decode(&bytes[..len], header.token_hash), Err(BadPacket::Truncated));
        }
        bytes.push(0);
        prop_assert_eq!(Header::decode(&bytes, header.token_hash), Err(BadPacket::Oversized));
    }

    /// WIRE-10
    #[test]
    fn a_packet_of_another_version_type_or_session_is_refused(header in header(), version: u8, kind: u8, token: u32) {
        let bytes = packet(&header, &[]);
        let with = |at: usize, byte: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            bytes
        };
        prop_assume!(version != 1 && !matches!(kind, 1..=4 | 0x10 | 0x11) && token != header.token_hash.0);
        let refused = |bytes: &[u8]| Header::decode(bytes, header.token_hash).unwrap_err();
        prop_assert_eq!(refused(&with(0, version)), BadPacket::WrongVersion);
        prop_assert_eq!(refused(&with(1, kind)), BadPacket::UnknownType);
        prop_assert_eq!(Header::decode(&bytes, TokenHash(token)).unwrap_err(), BadPacket::WrongToken);
        // A payload length of 3 * 256 and more.
        prop_assert_eq!(refused(&with(2, 3)), BadPacket::Oversized);
    }

    /// WIRE-2, WIRE-4
    #[test]
    fn deployed_payloads_come_back_as_they_were_sent(a: u16, b: u16, c: u8, d: u8, hue: u8, downbeat: bool) {
        let (effect, palette) = (EffectId(a), PaletteId(b));
        let delta = ParamDelta { effect, palette, brightness: c, speed: d, hue: u16::from(hue) << 8 };
        prop_assert_eq!(ParamDelta::decode(&delta.encode()), Ok(delta));
        let tick = BeatTick { bpm_x100: a, phase: c, downbeat };
        prop_assert_eq!(BeatTick::decode(&tick.encode()), Ok(tick));
        let change = SceneChange { effect, palette };
        prop_assert_eq!(SceneChange::decode(&change.encode()), Ok(change));
    }

    #[test]
    fn a_deployed_payload_of_any_other_length_is_refused(payload in vec(any::<u8>(), 0..=MAX_STREAM_PAYLOAD)) {
        prop_assert_eq!(ParamDelta::decode(&payload).is_ok(), payload.len() == 8);
        prop_assert_eq!(BeatTick::decode(&payload).is_ok(), payload.len() == 4);
        prop_assert_eq!(SceneChange::decode(&payload).is_ok(), payload.len() == 4);
    }

    /// WIRE-7, WIRE-8, WIRE-16
    #[test]
    fn a_full_state_comes_back_as_it_was_sent(state in state(), later_version in vec(any::<u8>(), 0..=16)) {
        let mut buf = [0; full_state::MAX_LEN];
        let len = full_state::encode(&state, &mut buf).unwrap();
        let mut bytes = buf[..len].to_vec();
        if !later_version.is_empty() && state.layers.iter().all(|layer| layer.scene.pattern.is_none()) {
            // No patterns, said in a byte, so that something can follow.
            bytes.push(0);
        }
        bytes.extend(later_version);
        prop_assert_eq!(full_state::decode(&bytes), Ok(state));
    }

    #[test]
    fn a_full_state_cut_short_is_refused(state in state()) {
        let mut buf = [0; full_state::MAX_LEN];
        let len = full_state::encode(&state, &mut buf).unwrap();
        let mut without = state;
        without.layers.iter_mut().for_each(|layer| layer.scene.pattern = None);
        let without_patterns = full_state::encode(&without, &mut [0; full_state::MAX_LEN]).unwrap();
        for short in 0..len {
            // A state that ends after its last master is one that plays no pattern.
            let expected = if short == without_patterns { Ok(without.clone()) } else { Err(BadPacket::BadPayload) };
            prop_assert_eq!(full_state::decode(&buf[..short]), expected);
        }
    }

    #[test]
    fn a_buffer_that_is_too_short_is_an_error_and_not_a_panic(state in state(), header in header(), pong in pong()) {
        let mut buf = [0; MAX_PACKET];
        let payload = full_state::encode(&state, &mut buf).unwrap();
        for short in 0..payload {
            prop_assert!(full_state::encode(&state, &mut buf[..short]).is_err());
        }
        for short in 0..HEADER_LEN + 4 {
            prop_assert!(header.encode(&[0; 4], &mut buf[..short]).is_err());
        }
        let pong_len = pong.encode(&mut buf).unwrap();
        for short in 0..pong_len {
            prop_assert!(pong.encode(&mut buf[..short]).is_err());
        }
    }

    /// WIRE-9
    #[test]
    fn lists_that_are_not_oldest_first_are_refused(state in state()) {
        let mut swapped = state.clone();
        swapped.layers.reverse();
        prop_assume!(!swapped.layers.is_sorted_by_key(|l| l.at));
        let mut buf = [0; full_state::MAX_LEN];
        let len = full_state::encode(&swapped, &mut buf).unwrap();
        prop_assert_eq!(full_state::decode(&buf[..len]), Err(BadPacket::BadPayload));
    }

    /// WIRE-9
    #[test]
    fn patterns_of_layers_that_are_not_there_are_refused(state in state(), place: u8, pattern in pattern()) {
        let mut state = state;
        state.layers.iter_mut().for_each(|layer| layer.scene.pattern = None);
        prop_assume!(!state.layers.is_empty());
        state.layers[0].scene.pattern = Some(pattern);
        let mut buf = [0; full_state::MAX_LEN];
        let len = full_state::encode(&state, &mut buf).unwrap();
        // The last 18 bytes are the pattern, which begins with the place of its layer.
        buf[len - 18] = place;
        let decoded = full_state::decode(&buf[..len]);
        prop_assert_eq!(decoded.is_ok(), usize::from(place) < state.layers.len());
        // The same place twice.
        buf[len - 18] = 0;
        buf[len - 19] = 2;
        let again: Vec<u8> = buf[len - 18..len].to_vec();
        let mut twice = buf[..len].to_vec();
        twice.extend(again);
        prop_assert_eq!(full_state::decode(&twice), Err(BadPacket::BadPayload));
    }

    /// WIRE-5, WIRE-6
    #[test]
    fn pings_and_pongs_come_back_as_they_were_sent(ping in ping(), pong in pong()) {
        prop_assert_eq!(Ping::decode(&ping.encode()), Ok(ping));
        let mut buf = [0; PONG_NS_LEN];
        let len = pong.encode(&mut buf).unwrap();
        prop_assert_eq!(Pong::decode(&buf[..len]), Ok(pong));
    }

    #[test]
    fn pings_and_pongs_of_another_length_are_refused(ping in ping(), pong in pong()) {
        let mut buf = [0; PONG_NS_LEN + 1];
        buf[..PING_LEN].copy_from_slice(&ping.encode());
        for len in 0..PING_LEN {
            prop_assert_eq!(Ping::decode(&buf[..len]), Err(BadExchange::Truncated));
        }
        prop_assert_eq!(Ping::decode(&buf[..=PING_LEN]), Err(BadExchange::Oversized));
        let pong_len = pong.encode(&mut buf).unwrap();
        for len in 0..pong_len {
            prop_assert_eq!(Pong::decode(&buf[..len]), Err(BadExchange::Truncated));
        }
        prop_assert_eq!(Pong::decode(&buf[..=pong_len]), Err(BadExchange::Oversized));
    }

    /// What reads as a message is written again as one that reads the same: no decoder lets through what its encoder
    /// could not have meant.
    #[test]
    fn any_bytes_are_refused_or_understood(bytes in vec(any::<u8>(), 0..=600)) {
        if let Ok((header, payload)) = Header::decode(&bytes, TokenHash(0)) {
            prop_assert!(payload.len() <= MAX_STREAM_PAYLOAD && header.token_hash == TokenHash(0));
        }
        if let Ok(state) = full_state::decode(&bytes) {
            let mut buf = [0; full_state::MAX_LEN];
            let len = full_state::encode(&state, &mut buf).unwrap();
            prop_assert_eq!(full_state::decode(&buf[..len]), Ok(state));
        }
        if let Ok(ping) = Ping::decode(&bytes) {
            prop_assert_eq!(Ping::decode(&ping.encode()), Ok(ping));
        }
        if let Ok(pong) = Pong::decode(&bytes) {
            let mut buf = [0; PONG_NS_LEN];
            let len = pong.encode(&mut buf).unwrap();
            prop_assert_eq!(Pong::decode(&buf[..len]), Ok(pong));
        }
    }

    /// Mutations of real datagrams get deeper into the decoders than random bytes do.
    #[test]
    fn a_full_state_with_any_byte_changed_is_refused_or_understood(state in state(), at: prop::sample::Index, to: u8) {
        let mut buf = [0; full_state::MAX_LEN];
        let len = full_state::encode(&state, &mut buf).unwrap();
        buf[at.index(len)] = to;
        if let Ok(state) = full_state::decode(&buf[..len]) {
            let mut again = [0; full_state::MAX_LEN];
            let len = full_state::encode(&state, &mut again).unwrap();
            prop_assert_eq!(full_state::decode(&again[..len]), Ok(state));
        }
    }

    /// CTRL-6
    #[test]
    fn payloads_survive_their_hex_text(bytes in vec(any::<u8>(), 0..=full_state::MAX_LEN), odd: bool) {
        let payload = HexPayload(bytes.into_iter().collect());
        let mut text = serde_json::to_string(&payload).unwrap();
        prop_assert_eq!(&serde_json::from_str::<HexPayload>(&text).unwrap(), &payload);
        text.insert(1, if odd { '0' } else { 'g' });
        prop_assert!(serde_json::from_str::<HexPayload>(&text).is_err(), "{}", text);
    }

    /// WIRE-11, WIRE-12
    #[test]
    fn frames_and_instants_agree(k in -1_000_000_000_000_i64..1_000_000_000_000, before in 1..8_333_333_i64) {
        let at = FrameIndex(k).show_at();
        prop_assert_eq!(FrameIndex::first_at_or_after(at), FrameIndex(k));
        let just_before = Time::from_ns(at.as_ns() - before);
        prop_assert_eq!(FrameIndex::first_at_or_after(just_before), FrameIndex(k));
    }
}
