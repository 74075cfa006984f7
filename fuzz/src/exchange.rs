//! Datagrams of the time exchange, at both ends.

use cuelight_proto::sync::SyncServer;
use cuelight_wire::exchange::{PONG_NS_LEN, Ping, Pong};
use cuelight_wire::time::Time;

/// What is understood is written again as the same message; every ping that is understood has an answer that its sender
/// understands.
pub fn run(data: &[u8]) {
    if let Ok(pong) = Pong::decode(data) {
        let mut buf = [0; PONG_NS_LEN];
        let len = pong.encode(&mut buf).expect("the longest pong fits");
        assert_eq!(Pong::decode(&buf[..len]), Ok(pong));
    }
    let ping = Ping::decode(data);
    if let Ok(ping) = ping {
        assert_eq!(Ping::decode(&ping.encode()), Ok(ping));
    }
    let mut server = SyncServer::<2>::new();
    let answer = server.handle_ping(data, |_| true, Time::from_us(5_000_000));
    assert_eq!(answer.is_ok(), ping.is_ok());
    if let Ok(answer) = answer {
        let pong = answer.pong(Time::from_us(5_000_100));
        let mut buf = [0; PONG_NS_LEN];
        let len = pong.encode(&mut buf).expect("the longest pong fits");
        assert_eq!(Pong::decode(&buf[..len]), Ok(pong));
        assert!(len <= data.len() + 32, "an answer is not an amplifier");
        server.handle_sent(pong.token_hash, pong.seq, Time::from_us(5_000_110));
    }
    assert!(server.handle_ping(data, |_| false, Time::ZERO).is_err(), "an unknown session has no answer");
}
