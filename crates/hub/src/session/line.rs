//! Tests of a control connection: pings of WebSocket, which every node answers, deployed ones too, and when their pongs are
//! back (HUB-16). They are sent by the connection's own task, so they wait in its queue as any message does.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use cuelight_conductor::ConnId;
use cuelight_net::clock::LocalClock;
use cuelight_wire::time::{Local, Span, Time};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

/// Pings of a test.
pub(crate) const PINGS: u8 = 20;
/// Between two of them: ten a second, of the hundred frames a second that a session may bring beside its messages.
const EVERY: Duration = Duration::from_millis(100);
/// How long an answer to the last one is waited for. With the pings 2.9 s, of the 5 s that a request may take.
const LAST: Duration = Duration::from_secs(1);

/// What came back of a test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Echoes {
    /// Pings that were sent.
    pub(crate) sent: u8,
    /// How long each of the pongs took, in the order in which they came.
    pub(crate) round_trips: Vec<Span>,
}

/// Who waits for a test. Dropped: it is not made.
type Order = oneshot::Sender<Echoes>;

/// The connections there are. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(Arc<Mutex<HashMap<ConnId, mpsc::Sender<Order>>>>);

impl Lines {
    fn lines(&self) -> MutexGuard<'_, HashMap<ConnId, mpsc::Sender<Order>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// A connection that can be tested for as long as this is kept.
    pub(super) fn open(&self, conn: ConnId) -> Line {
        let (order, orders) = mpsc::channel(1);
        self.lines().insert(conn, order);
        Line { lines: self.clone(), conn, orders, test: None }
    }
    /// Tests a connection. None: it is gone, or is being tested already.
    pub(crate) async fn test(&self, conn: ConnId) -> Option<Echoes> {
        let line = self.lines().get(&conn)?.clone();
        let (answer, answered) = oneshot::channel();
        line.try_send(answer).ok()?;
        drop(line);
        answered.await.ok()
    }
}

/// A connection's side.
#[derive(Debug)]
pub(super) struct Line {
    lines: Lines,
    conn: ConnId,
    orders: mpsc::Receiver<Order>,
    test: Option<Test>,
}

/// A test under way.
#[derive(Debug)]
struct Test {
    answer: Order,
    echoes: Echoes,
    /// The pings whose pongs have not come.
    waiting: Vec<(u8, Time<Local>)>,
    /// When there is something to do.
    due: Instant,
}

impl Line {
    /// Waits for what is to be sent in a ping now; may be dropped and asked for again. Answers are given meanwhile.
    pub(super) async fn next(&mut self, clock: LocalClock) -> Bytes {
        loop {
            let Some(test) = &mut self.test else {
                let Some(answer) = self.orders.recv().await else { return pending().await };
                let (echoes, waiting) = (Echoes::default(), Vec::with_capacity(usize::from(PINGS)));
                self.test = Some(Test { answer, echoes, waiting, due: Instant::now() });
                continue;
            };
            tokio::select! {
                // One at a time.
                order = self.orders.recv() => { drop(order); continue }
                () = sleep_until(test.due) => {}
            }
            if test.echoes.sent < PINGS {
                let number = test.echoes.sent;
                test.echoes.sent += 1;
                test.due += if test.echoes.sent < PINGS { EVERY } else { LAST };
                test.waiting.push((number, clock.now()));
                return Bytes::copy_from_slice(&[number]);
            }
            self.finish();
        }
    }

    /// A pong has come.
    pub(super) fn handle_pong(&mut self, payload: &[u8], now: Time<Local>) {
        let (Some(test), &[number]) = (&mut self.test, payload) else { return };
        let Some(place) = test.waiting.iter().position(|(waiting, _)| *waiting == number) else { return };
        let (_, sent_at) = test.waiting.swap_remove(place);
        test.echoes.round_trips.push(now - sent_at);
        if test.echoes.sent == PINGS && test.waiting.is_empty() {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if let Some(Test { answer, echoes, .. }) = self.test.take() {
            // Whoever asked may have gone.
            let _ = answer.send(echoes);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.lines.lines().remove(&self.conn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONN: ConnId = ConnId(7);

    /// HUB-16
    #[tokio::test(start_paused = true)]
    async fn a_connection_is_tested_once_at_a_time_and_what_does_not_come_back_is_missing() {
        let lines = Lines::default();
        assert_eq!(lines.test(CONN).await, None, "there is no such connection");
        let mut line = lines.open(CONN);
        let tested = tokio::spawn({
            let lines = lines.clone();
            async move { lines.test(CONN).await }
        });
        let clock = LocalClock::UNCHANGED;
        for number in 0..PINGS {
            assert_eq!(line.next(clock).await.as_ref(), [number]);
            let sent_at = line.test.as_ref().unwrap().waiting.last().unwrap().1;
            if number == 3 {
                continue;
            }
            // A pong twice, one that was not asked for, one of another form.
            for pong in [&[number][..], &[number], &[number + 1], b"", b"hello"] {
                line.handle_pong(pong, sent_at + Span::from_us(250));
            }
            if number == 5 {
                let second = lines.test(CONN);
                tokio::select! {
                    refused = second => assert_eq!(refused, None, "it is being tested"),
                    _ = line.next(clock) => panic!("the next ping is not due"),
                }
            }
        }
        tokio::select! {
            echoes = tested => {
                let expected = Echoes { sent: PINGS, round_trips: vec![Span::from_us(250); usize::from(PINGS) - 1] };
                assert_eq!(echoes.unwrap(), Some(expected));
            }
            _ = line.next(clock) => panic!("no more pings"),
        }
        drop(line);
        assert_eq!(lines.test(CONN).await, None, "it is gone");
    }
}
