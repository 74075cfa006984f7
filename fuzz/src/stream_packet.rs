//! A datagram of the stream: header and payload.

use cuelight_wire::ids::TokenHash;
use cuelight_wire::limits::MAX_STREAM_PAYLOAD;
use cuelight_wire::stream::payload::{BeatTick, ParamDelta, SceneChange};
use cuelight_wire::stream::{HEADER_LEN, Header, MAX_PACKET, MsgType, cues};

/// A state that is understood is written as the same bytes, up to what a later version does not say in this one's words.
fn state_of_cues(payload: &[u8]) {
    let Ok(state) = cues::decode(payload) else { return };
    let mut buf = [0; cues::MAX_LEN];
    let len = cues::encode(&state, &mut buf).expect("the largest state fits");
    assert_eq!(cues::decode(&buf[..len]), Ok(state));
}

/// What is understood has the length its header says, and is written again as the same bytes.
pub fn run(data: &[u8]) {
    // The token hash that the datagram itself carries, so that the other checks are reached.
    let token = data.get(8..12).map_or(0, |bytes| u32::from_be_bytes(bytes.try_into().expect("four bytes")));
    let _ = Header::decode(data, TokenHash(!token)).expect_err("another session's token is refused");
    let Ok((header, payload)) = Header::decode(data, TokenHash(token)) else { return };
    assert!(payload.len() <= MAX_STREAM_PAYLOAD);
    assert_eq!(data.len(), HEADER_LEN + payload.len());
    let mut buf = [0; MAX_PACKET];
    let len = header.encode(payload, &mut buf).expect("the largest packet fits");
    assert_eq!(Header::decode(&buf[..len], TokenHash(token)), Ok((header, payload)));
    match header.msg_type {
        MsgType::ParamDelta => {
            if let Ok(delta) = ParamDelta::decode(payload) {
                // Deployed nodes use the upper byte of the hue.
                assert_eq!(delta.encode()[..7], payload[..7]);
            }
        }
        MsgType::BeatTick => {
            if let Ok(tick) = BeatTick::decode(payload) {
                assert_eq!(tick.encode()[..3], payload[..3]);
            }
        }
        MsgType::SceneChange => {
            if let Ok(change) = SceneChange::decode(payload) {
                assert_eq!(change.encode(), *payload);
            }
        }
        MsgType::FullState => super::full_state::run(payload),
        MsgType::Cues => state_of_cues(payload),
        MsgType::Heartbeat => {}
    }
}
