//! The UDP time exchange.

use cuelight_wire::exchange::{Form, PONG_NS_LEN, Ping, Pong};
use cuelight_wire::ids::TokenHash;
use cuelight_wire::time::Time;

use crate::vector::{self, Vector};

fn instant<D>(v: &mut Vector, form: Form, name: &str) -> Time<D> {
    match form {
        Form::Deployed => Time::from_us(v.number(&format!("{name}_us"))),
        Form::Nanosecond => Time::from_ns(v.number(&format!("{name}_ns"))),
    }
}

fn check_ping(mut v: Vector, form: Form) {
    let ping = Ping {
        form,
        seq: v.number("seq"),
        token_hash: TokenHash(v.number("token_hash")),
        t1: instant(&mut v, form, "t1"),
    };
    assert_eq!(ping.encode().as_slice(), v.bytes, "{}: encoded", v.name);
    assert_eq!(Ping::decode(&v.bytes), Ok(ping), "{}: decoded", v.name);
    v.finish();
}

fn check_pong(mut v: Vector, form: Form) {
    let mut previous = None;
    if form == Form::Nanosecond {
        let (seq, at) = (v.number("previous_seq"), Time::from_ns(v.number("previous_tx_ns")));
        previous = (v.number::<u32>("previous_known") == 1).then_some((seq, at));
    }
    let pong = Pong {
        form,
        seq: v.number("seq"),
        token_hash: TokenHash(v.number("token_hash")),
        t1: instant(&mut v, form, "t1"),
        t2: instant(&mut v, form, "t2"),
        t3: instant(&mut v, form, "t3"),
        previous,
    };
    let mut buf = [0; PONG_NS_LEN];
    let len = pong.encode(&mut buf).unwrap();
    assert_eq!(buf[..len], v.bytes, "{}: encoded", v.name);
    assert_eq!(Pong::decode(&v.bytes), Ok(pong), "{}: decoded", v.name);
    v.finish();
}

/// WIRE-5, WIRE-6
#[test]
fn pings_and_pongs_of_both_forms_are_read_and_written_byte_for_byte() {
    let mut seen = std::collections::BTreeSet::new();
    for v in vector::read("exchange.txt") {
        seen.insert(v.kind.clone());
        match v.kind.as_str() {
            "exchange.ping" => check_ping(v, Form::Deployed),
            "exchange.ping_ns" => check_ping(v, Form::Nanosecond),
            "exchange.pong" => check_pong(v, Form::Deployed),
            "exchange.pong_ns" => check_pong(v, Form::Nanosecond),
            other => panic!("{}: kind {other}", v.name),
        }
    }
    assert_eq!(seen.len(), 4, "every kind has a vector: {seen:?}");
}
