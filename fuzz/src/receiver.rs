//! A node's end of the stream: any datagrams in any order.

use cuelight_proto::stream::Receiver;
use cuelight_wire::ids::TokenHash;
use cuelight_wire::stream::{Header, MAX_PACKET, MsgType};
use cuelight_wire::time::Time;

use crate::script::{START, Script};

/// The session of the seeds: FNV-1a of "0123456789abcdef0123456789abcdef".
pub(crate) const TOKEN: TokenHash = TokenHash(0x86d0_4db5);

/// Writes a packet of the session from a script.
pub(crate) fn packet(script: &mut Script<'_>, buf: &mut [u8; MAX_PACKET]) -> usize {
    // Seeds count on the first five where they are.
    const TYPES: [MsgType; 6] = [
        MsgType::ParamDelta,
        MsgType::BeatTick,
        MsgType::SceneChange,
        MsgType::Heartbeat,
        MsgType::FullState,
        MsgType::Cues,
    ];
    let header = Header {
        msg_type: TYPES[usize::from(script.u8()) % TYPES.len()],
        seq: script.u32(),
        token_hash: TOKEN,
        hub_now: Time::from_us(script.i64()),
        apply_at: Time::from_us(script.i64()),
    };
    let payload = script.chunk();
    header.encode(&payload[..payload.len().min(512)], buf).expect("the largest packet fits")
}

/// Every datagram is accepted or counted under a reason, and loss stays a percentage.
pub fn run(data: &[u8]) {
    let mut script = Script::new(data);
    let mut now = START;
    let mut receiver = Receiver::new(now);
    receiver.start(TOKEN, None);
    let mut buf = [0; MAX_PACKET];
    while let Some(step) = script.step() {
        now += script.pause();
        let bytes = match step % 8 {
            0 => {
                receiver.start(TOKEN, None);
                continue;
            }
            1 => script.chunk(),
            _ => {
                let len = packet(&mut script, &mut buf);
                &buf[..len]
            }
        };
        let before = receiver.drops().total();
        let accepted = receiver.handle_datagram(bytes, now).is_ok();
        assert_eq!(receiver.drops().total(), before + u64::from(!accepted));
        assert!((0.0..=100.0).contains(&receiver.loss_pct(now)));
    }
}
