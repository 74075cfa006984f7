//! A node's control session: every event at any time, timers served late or not at all.

use std::iter;

use cuelight_proto::session::{Output, Session, State};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::Welcome;
use cuelight_wire::ids::{NodeId, Token, TokenHash};
use cuelight_wire::time::{Local, Span, Time};

use crate::script::{START, Script};

/// Outputs of one input, at most (CTRL-31).
const AT_ONCE: usize = 3;
/// The longest a session waits for anything: the patient redial delay (CTRL-32).
const LONGEST_WAIT: Span = Span::from_s(5);

/// A node has an identity exactly while its session is live, says hello once for each connection and nothing else before
/// its welcome, and never waits for longer than its slowest timer.
pub fn run(data: &[u8]) {
    let mut script = Script::new(data);
    let mut world = World { session: Session::new(script.u32().into(), START), now: START };
    while let Some(step) = script.step() {
        world.now += script.pause();
        world.step(step, &mut script);
        // A driver that is held up serves its timers late.
        if step & 0x80 == 0 {
            world.serve_timers();
        }
    }
}

struct World {
    session: Session,
    now: Time<Local>,
}

impl World {
    fn step(&mut self, step: u8, script: &mut Script<'_>) {
        let Self { session, now } = self;
        let (before, now) = (session.state(), *now);
        match step % 8 {
            0 => session.handle_connected(now),
            1 => session.handle_disconnected(now),
            2 | 3 => {
                let welcome = welcome(script);
                let is_good = welcome.proto == 1 && !welcome.token.is_empty() && welcome.ts_port != Some(0);
                assert_eq!(session.handle_welcome(&welcome, now).is_ok(), is_good);
                if let Some(identity) = session.identity().filter(|_| is_good) {
                    assert_eq!(identity.token_hash, TokenHash::of(welcome.token.as_bytes()));
                }
            }
            4 => session.handle_error(),
            5 => session.handle_heard(now),
            6 => session.hurry_keepalive(now),
            _ => {}
        }
        self.check(before);
    }
    fn serve_timers(&mut self) {
        for _ in 0..4 {
            if self.session.poll_timeout() > self.now {
                assert!(self.session.poll_timeout() - self.now <= LONGEST_WAIT);
                return;
            }
            let before = self.session.state();
            self.session.handle_timeout(self.now);
            self.check(before);
        }
        panic!("a timer is due again and again at {:?}", self.now);
    }
    /// What the session wants after one input, in the state it had `before`.
    fn check(&mut self, before: State) {
        let session = &mut self.session;
        let outputs: Vec<Output> = iter::from_fn(|| session.poll_output()).collect();
        assert!(outputs.len() <= AT_ONCE, "{outputs:?}");
        let after = session.state();
        assert_eq!(session.identity().is_some(), after == State::Live);
        for output in outputs {
            match output {
                Output::Dial => assert_eq!((before, after), (State::Disconnected, State::Connecting)),
                Output::Hello => assert_eq!(after, State::AwaitingWelcome),
                Output::Keepalive => assert_eq!(after, State::Live),
                Output::HangUp(_) => assert!(before != State::Disconnected && after == State::Disconnected),
                Output::Ended(_) => assert_eq!(before, State::Live),
            }
        }
    }
}

fn welcome(script: &mut Script<'_>) -> Welcome {
    let flags = script.u8();
    let token = if flags & 1 == 1 { Token::new() } else { Token::try_from("0123456789abcdef").expect("it is short") };
    Welcome {
        proto: if flags & 2 == 2 { script.u8() } else { 1 },
        node_id: NodeId(script.u16()),
        token,
        udp_port: 49152,
        hub_epoch_us: script.i64(),
        ts_port: (flags & 4 == 4).then(|| script.u16()),
        ext: Ext::ALL,
        boot_id: Some(script.u32()),
    }
}
