//! The hub's side of the UDP exchange: answer at once, and remember when the answer really left. Implements SYNC-9.
//!
//! The kernel's transmit stamp of a pong is known only after it has left, so it travels in the next pong to the same
//! session. This machine remembers one stamp a session.

use cuelight_wire::exchange::{BadExchange, Form, Ping, Pong};
use cuelight_wire::ids::TokenHash;
use cuelight_wire::time::{Show, Time};

use super::counters::BadCounters;

/// Why a ping was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PingDrop {
    /// No ping.
    Bad(BadExchange),
    /// No session has this token.
    UnknownToken,
}

impl From<BadExchange> for PingDrop {
    fn from(bad: BadExchange) -> Self {
        Self::Bad(bad)
    }
}

/// What the server has counted. Counters saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerCounters {
    /// Pings answered.
    pub answered: u32,
    /// Dropped: no ping.
    pub bad: BadCounters,
    /// Dropped: no session has this token.
    pub unknown_token: u32,
}

/// A ping that deserves an answer. Read the clock, then [`Answer::pong`], then send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The ping.
    pub ping: Ping,
    /// When it arrived.
    pub t2: Time<Show>,
    /// Number and transmit stamp of the pong before, when known.
    pub previous: Option<(u32, Time<Show>)>,
}

impl Answer {
    /// The pong to send, `t3` read as late as possible. The previous pong's stamp goes only into the form that has
    /// room for it.
    pub fn pong(&self, t3: Time<Show>) -> Pong {
        let Ping { form, seq, token_hash, t1 } = self.ping;
        let previous = self.previous.filter(|_| form == Form::Nanosecond);
        Pong { form, seq, token_hash, t1, t2: self.t2, t3, previous }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    token_hash: TokenHash,
    seq: u32,
    /// `None`: a ping came twice, so two pongs have this number, and a stamp would be taken for the other one's.
    at: Option<Time<Show>>,
    /// When it was noted, counted in notes; 0 is an empty place.
    noted: u64,
}

/// Answers pings and remembers the last pong's transmit stamp of `N` sessions; when full, the one noted longest ago
/// makes room (its session falls back to user-space stamps for one exchange).
#[derive(Clone, Debug)]
pub struct SyncServer<const N: usize> {
    sent: [Sent; N],
    notes: u64,
    counters: ServerCounters,
}

impl<const N: usize> Default for SyncServer<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> SyncServer<N> {
    /// A server that has answered nobody.
    pub fn new() -> Self {
        Self { sent: [Sent::default(); N], notes: 0, counters: ServerCounters::default() }
    }

    /// Takes a datagram received at `t2`. `is_known` says whether a session has that token.
    pub fn handle_ping(
        &mut self,
        bytes: &[u8],
        is_known: impl Fn(TokenHash) -> bool,
        t2: Time<Show>,
    ) -> Result<Answer, PingDrop> {
        let ping = match Ping::decode(bytes) {
            Ok(ping) if is_known(ping.token_hash) => ping,
            Ok(_) => return Err(self.drop_ping(PingDrop::UnknownToken)),
            Err(bad) => return Err(self.drop_ping(bad.into())),
        };
        self.counters.answered = self.counters.answered.saturating_add(1);
        let previous = self
            .sent
            .iter()
            .find(|sent| sent.noted != 0 && sent.token_hash == ping.token_hash)
            .and_then(|sent| Some((sent.seq, sent.at?)));
        Ok(Answer { ping, t2, previous })
    }

    /// The kernel sent pong `seq` of that session at `tx_at`.
    pub fn handle_sent(&mut self, token_hash: TokenHash, seq: u32, tx_at: Time<Show>) {
        self.notes += 1;
        let known = self.sent.iter().position(|sent| sent.noted != 0 && sent.token_hash == token_hash);
        if let Some(place) = known {
            // Numbers wrap: the newer of two is less than half a turn ahead.
            match seq.wrapping_sub(self.sent[place].seq).cast_signed() {
                0 => return self.sent[place].at = None,
                // A ping that was overtaken, or came a second time: the newest number's stamp stays.
                i32::MIN..0 => return,
                1.. => {}
            }
        }
        let oldest = || (0..N).min_by_key(|&i| self.sent[i].noted);
        if let Some(place) = known.or_else(oldest) {
            self.sent[place] = Sent { token_hash, seq, at: Some(tx_at), noted: self.notes };
        }
    }

    /// What was counted.
    pub fn counters(&self) -> ServerCounters {
        self.counters
    }

    fn drop_ping(&mut self, why: PingDrop) -> PingDrop {
        match why {
            PingDrop::Bad(bad) => self.counters.bad.count(bad),
            PingDrop::UnknownToken => self.counters.unknown_token = self.counters.unknown_token.saturating_add(1),
        }
        why
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: TokenHash = TokenHash(7);

    fn ping(seq: u32, token_hash: TokenHash) -> [u8; 20] {
        Ping { form: Form::Nanosecond, seq, token_hash, t1: Time::from_ns(5) }.encode()
    }

    /// SYNC-9
    #[test]
    fn a_ping_that_came_twice_or_was_overtaken_leaves_no_stamp_that_could_be_anothers() {
        let mut server = SyncServer::<2>::new();
        let previous = |server: &mut SyncServer<2>| {
            server.handle_ping(&ping(9, NODE), |_| true, Time::from_ns(10)).unwrap().previous
        };
        server.handle_sent(NODE, u32::MAX, Time::from_ns(1));
        server.handle_sent(NODE, 0, Time::from_ns(2));
        assert_eq!(previous(&mut server), Some((0, Time::from_ns(2))), "numbers wrap");
        server.handle_sent(NODE, u32::MAX, Time::from_ns(3));
        assert_eq!(previous(&mut server), Some((0, Time::from_ns(2))), "an older number changes nothing");
        server.handle_sent(NODE, 0, Time::from_ns(4));
        server.handle_sent(NODE, 0, Time::from_ns(5));
        assert_eq!(previous(&mut server), None, "two pongs have this number");
        server.handle_sent(NODE, 1, Time::from_ns(6));
        assert_eq!(previous(&mut server), Some((1, Time::from_ns(6))));
    }

    /// SYNC-9
    #[test]
    fn the_next_pong_tells_when_the_last_one_left() {
        let mut server = SyncServer::<2>::new();
        let first = server.handle_ping(&ping(1, NODE), |_| true, Time::from_ns(10)).unwrap();
        assert_eq!(first.pong(Time::from_ns(11)).previous, None);
        server.handle_sent(NODE, 1, Time::from_ns(12));
        let second = server.handle_ping(&ping(2, NODE), |_| true, Time::from_ns(20)).unwrap();
        assert_eq!(second.pong(Time::from_ns(21)).previous, Some((1, Time::from_ns(12))));
    }

    #[test]
    fn a_deployed_ping_gets_a_deployed_pong_without_the_stamp() {
        let mut server = SyncServer::<2>::new();
        server.handle_sent(NODE, 1, Time::from_ns(12));
        let ping = Ping { form: Form::Deployed, seq: 2, token_hash: NODE, t1: Time::from_us(5) };
        let pong = server.handle_ping(&ping.encode(), |_| true, Time::from_us(9)).unwrap().pong(Time::from_us(9));
        assert_eq!((pong.form, pong.previous), (Form::Deployed, None));
    }

    #[test]
    fn when_full_the_stamp_noted_longest_ago_makes_room() {
        let mut server = SyncServer::<2>::new();
        for (session, at) in [(1, 10), (2, 20), (1, 30), (3, 40)] {
            server.handle_sent(TokenHash(session), at, Time::from_ns(i64::from(at)));
        }
        let known = |session, server: &mut SyncServer<2>| {
            server.handle_ping(&ping(1, TokenHash(session)), |_| true, Time::ZERO).unwrap().previous.map(|(seq, _)| seq)
        };
        assert_eq!(known(1, &mut server), Some(30));
        assert_eq!(known(2, &mut server), None);
        assert_eq!(known(3, &mut server), Some(40));
    }

    #[test]
    fn wrong_pings_are_dropped_and_counted_by_reason() {
        let mut server = SyncServer::<1>::new();
        let good = ping(1, NODE);
        let mut wrong_version = good;
        wrong_version[0] = 2;
        let mut pong = good;
        pong[1] = 2;
        let mut long = [0; 21];
        long[..20].copy_from_slice(&good);
        let known = |hash| hash == NODE;
        let drops = [
            server.handle_ping(&good[..19], known, Time::ZERO),
            server.handle_ping(&long, known, Time::ZERO),
            server.handle_ping(&wrong_version, known, Time::ZERO),
            server.handle_ping(&pong, known, Time::ZERO),
            server.handle_ping(&ping(1, TokenHash(8)), known, Time::ZERO),
        ];
        use BadExchange::*;
        let [truncated, oversized, version, kind] =
            [Truncated, Oversized, WrongVersion, UnknownType].map(PingDrop::Bad);
        let expected = [truncated, oversized, version, kind, PingDrop::UnknownToken];
        assert_eq!(drops.map(Result::unwrap_err), expected);
        let bad = BadCounters { truncated: 1, oversized: 1, wrong_version: 1, wrong_type: 1 };
        let expected = ServerCounters { answered: 0, bad, unknown_token: 1 };
        assert_eq!(server.counters(), expected);
    }
}
