//! The payload of packet 0x10.

use cuelight_wire::stream::full_state::{MAX_LEN, decode, encode};

/// What is understood is ordered, and is written again as a payload that means the same.
pub fn run(data: &[u8]) {
    let Ok(state) = decode(data) else { return };
    assert!(state.layers.is_sorted_by_key(|layer| layer.at));
    assert!(state.layers.iter().all(|layer| layer.scene.zones.is_sorted_by_key(|zone| zone.id)));
    let mut buf = [0; MAX_LEN];
    let len = encode(&state, &mut buf).expect("the largest state fits");
    assert_eq!(decode(&buf[..len]), Ok(state));
}
