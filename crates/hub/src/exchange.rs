//! The time exchange thread: it answers pings on its own socket and does nothing else, so that an answer never waits
//! behind other work (HUB-7). Transmit stamps of its pongs come from the kernel and go out with the next pong.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cuelight_conductor::ShowClock;
use cuelight_net::clock::LocalClock;
use cuelight_net::udp::{StampedSocket, TxId};
use cuelight_net::wake::Wakeup;
use cuelight_proto::sync::SyncServer;
use cuelight_wire::exchange::{PONG_NS_LEN, Ping};
use cuelight_wire::ids::TokenHash;
use cuelight_wire::seal::TAG_LEN;
use cuelight_wire::time::{Show, Time};
use tracing::warn;

use crate::inbox::Inbox;
use crate::keeper::SharedShowClock;
use crate::tick::{Session, Sessions};

/// Sessions whose last transmit stamp is remembered: as many as the largest roster.
const STAMPS: usize = 1024;
/// Pongs whose transmit stamps may still come; on every device they come within a few.
const UNDER_WAY: usize = 64;
/// A session is mentioned this often: well within the second the conductor counts on, whatever the period of its pings.
const MENTION_EVERY_NS: i64 = 700_000_000;
/// A ping is 20 bytes, 36 with its tag; what is longer is dropped, and needs no more room than to be seen to be longer.
const LONGEST: usize = 64;

/// What the thread owns.
pub(crate) struct ExchangeThread {
    pub(crate) socket: StampedSocket,
    pub(crate) clock: LocalClock,
    pub(crate) show: SharedShowClock,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) inbox: Inbox,
    pub(crate) mentions: Mentions,
    pub(crate) wakeup: Wakeup,
    pub(crate) is_stopping: Arc<AtomicBool>,
}

impl ExchangeThread {
    /// Answers until it is told to stop.
    pub(crate) fn run(mut self) {
        let mut server = Box::new(SyncServer::<STAMPS>::new());
        let mut under_way = UnderWay::default();
        while !self.is_stopping.load(Ordering::Relaxed) {
            match self.socket.wait(None, Some(&self.wakeup)) {
                Ok(_) => self.turn(&mut server, &mut under_way),
                Err(error) => {
                    warn!("the time exchange ends, nodes go on by the control plane: {error}");
                    return;
                }
            }
        }
    }

    fn turn(&mut self, server: &mut SyncServer<STAMPS>, under_way: &mut UnderWay) {
        let show_clock = self.show.get();
        self.take_stamps(server, under_way, show_clock);
        let mut datagram = [0; LONGEST];
        // An error here belongs to one datagram (an unreachable sender); the next is taken all the same.
        while let Ok(Some(received)) = self.socket.recv(&mut datagram) {
            if self.is_stopping.load(Ordering::Relaxed) {
                return;
            }
            let sessions = self.sessions.load();
            let t2 = self.show_at(show_clock, received.rx_mono_ns);
            let bytes = &datagram[..received.len];
            let session = Ping::token_in(bytes).and_then(|token| find(&sessions, token));
            let seal = session.and_then(|(_, seal)| seal.as_ref());
            // WIRE-18
            let Some(ping) = seal.map_or(Some(bytes), |seal| seal.open(bytes)) else { continue };
            let Ok(answer) = server.handle_ping(ping, |_| session.is_some(), t2) else { continue };
            if self.mentions.is_due(answer.ping.token_hash, received.rx_mono_ns, &sessions) {
                self.inbox.mention(answer.ping.token_hash);
            }
            let mut pong = [0; PONG_NS_LEN + TAG_LEN];
            let t3 = show_clock.show_at(self.clock.now());
            let Ok(len) = answer.pong(t3).encode(&mut pong) else { continue };
            let Ok(len) = seal.map_or(Ok(len), |seal| seal.close(&mut pong, len)) else { continue };
            if let Ok(id) = self.socket.send_to(&pong[..len], received.from) {
                under_way.push(id, answer.ping.token_hash, answer.ping.seq);
            }
            self.take_stamps(server, under_way, show_clock);
        }
    }

    fn take_stamps(&mut self, server: &mut SyncServer<STAMPS>, under_way: &UnderWay, show_clock: ShowClock) {
        while let Some(sent) = self.socket.poll_sent() {
            if let Some((token_hash, seq)) = under_way.find(sent.id) {
                server.handle_sent(token_hash, seq, self.show_at(show_clock, sent.mono_ns));
            }
        }
    }

    fn show_at(&self, show_clock: ShowClock, mono_ns: i64) -> Time<Show> {
        show_clock.show_at(self.clock.from_mono_ns(mono_ns))
    }
}

fn find(sessions: &[Session], token_hash: TokenHash) -> Option<&Session> {
    let place = sessions.binary_search_by_key(&token_hash, |(known, _)| *known).ok()?;
    sessions.get(place)
}

/// When the tick thread was last told of each session. Deployed nodes report no loss and no drift, so this is the sign they
/// are judged by; and a node whose control connection is stuck behind a lost segment is known to be there (ROSTER-4).
#[derive(Debug, Default)]
pub(crate) struct Mentions(HashMap<TokenHash, i64>);

impl Mentions {
    /// Whether the session is to be mentioned again; then it counts as mentioned. Sessions that are over make room when
    /// there are twice as many entries as sessions.
    fn is_due(&mut self, token_hash: TokenHash, mono_ns: i64, sessions: &[Session]) -> bool {
        let is_due = self.0.get(&token_hash).is_none_or(|last| mono_ns - last >= MENTION_EVERY_NS);
        if is_due {
            if self.0.len() > 2 * sessions.len() {
                self.0.retain(|known, _| find(sessions, *known).is_some());
            }
            self.0.insert(token_hash, mono_ns);
        }
        is_due
    }
}

/// The last pongs sent; when it is full the oldest is forgotten, and its stamp passed over.
struct UnderWay {
    pongs: [Option<(TxId, TokenHash, u32)>; UNDER_WAY],
    next: usize,
}

impl Default for UnderWay {
    fn default() -> Self {
        Self { pongs: [None; UNDER_WAY], next: 0 }
    }
}

impl UnderWay {
    fn push(&mut self, id: TxId, token_hash: TokenHash, seq: u32) {
        self.pongs[self.next] = Some((id, token_hash, seq));
        self.next = (self.next + 1) % UNDER_WAY;
    }
    fn find(&self, id: TxId) -> Option<(TokenHash, u32)> {
        self.pongs.iter().flatten().find(|pong| pong.0 == id).map(|pong| (pong.1, pong.2))
    }
}

#[cfg(test)]
mod tests;
