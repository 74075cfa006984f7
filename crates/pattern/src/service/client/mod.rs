//! One client: messages in, answers out, actions to the disk and the lights.

mod answers;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use cuelight_proto::pattern::{Action, Refused, Session, StoreFailure, UploadId, Why};
use cuelight_wire::tlv;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval, sleep_until};
use tracing::debug;

use super::block::{BLOCKS, Block};
use super::disk::{Desk, Job, Outcome};
use super::link::{Incoming, Link, Outgoing};
use super::{Inner, goodbye, orders};

/// How often a silent client is asked for a sign of life.
const PING_PERIOD: Duration = Duration::from_secs(15);
/// A client that gives none for so many periods is gone.
const SILENT_PERIODS: u32 = 3;
/// Messages taken before other tasks have their turn.
const AT_ONCE: u32 = 64;

/// A client and its session.
pub(super) struct Client<L> {
    service: Arc<Inner>,
    link: L,
    session: Session,
    desk: Desk,
    outcomes: mpsc::UnboundedReceiver<Outcome>,
    /// The block that is being filled, when it is not on the disk's thread.
    block: Option<Block>,
    spare: Vec<Block>,
    /// Blocks that no upload has needed so far.
    unmade: usize,
    /// A listing of which not every frame is out.
    paging: Option<answers::Paging>,
    is_unflushed: bool,
    _place: OwnedSemaphorePermit,
}

/// What happens next.
enum Event {
    Came(Incoming),
    Outcome(Outcome),
    Deadline,
    Ping,
}

/// The timers of a session.
struct Timers {
    /// Set again only when it has rung, so that a frame costs no timer.
    deadline: Pin<Box<Sleep>>,
    ping: Interval,
    silent_periods: u32,
}

impl<L: Link> Client<L> {
    pub(super) fn new(service: Arc<Inner>, link: L, place: OwnedSemaphorePermit) -> Self {
        let (told, outcomes) = mpsc::unbounded_channel();
        let desk = service.disk.desk(told);
        let session = Session::new(service.config, service.now());
        Self {
            service,
            link,
            session,
            desk,
            outcomes,
            block: None,
            spare: Vec::new(),
            unmade: BLOCKS,
            paging: None,
            is_unflushed: false,
            _place: place,
        }
    }

    pub(super) async fn run(mut self, first: Option<Incoming>) {
        let mut ping = interval(PING_PERIOD);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.reset();
        let deadline = Box::pin(sleep_until(Instant::now() + PING_PERIOD));
        let mut timers = Timers { deadline, ping, silent_periods: 0 };
        let end = self.converse(first, &mut timers).await;
        debug!(?end, counters = ?self.session.counters(), "pattern session ends");
        self.session.handle_gone();
        self.desk.hand(Job::Leave).await;
        if let Some((code, reason)) = end {
            goodbye::close(&mut self.link, code, reason).await;
        }
    }

    /// Until the end; with what the other side is told of it.
    async fn converse(&mut self, first: Option<Incoming>, timers: &mut Timers) -> Option<(u16, &'static str)> {
        let mut stop = self.service.stop.subscribe();
        let mut event = first.map(Event::Came);
        loop {
            let mut count = 0;
            while let Some(now) = event.take() {
                match now {
                    Event::Came(Incoming::Gone) => return None,
                    Event::Came(Incoming::TooLong) => {
                        self.session.handle_oversized(tlv::MAX_FRAME + 1, self.service.now());
                        self.act().await;
                        self.flush().await;
                        return Some((1009, "a frame has at most 65,542 bytes"));
                    }
                    Event::Came(message) => {
                        timers.silent_periods = 0;
                        self.hear(message).await;
                    }
                    Event::Outcome(outcome) => self.told(outcome),
                    Event::Deadline => self.session.handle_timeout(self.service.now()),
                    Event::Ping if timers.silent_periods >= SILENT_PERIODS => {
                        return Some((1001, "no sign of life for 45 s"));
                    }
                    Event::Ping => {
                        timers.silent_periods += 1;
                        if poll_fn(|cx| self.link.poll_ready(cx)).await.is_err() {
                            return None;
                        }
                        let _ = self.link.start_send(Outgoing::Ping);
                        self.is_unflushed = true;
                    }
                }
                self.act().await;
                count += 1;
                if count < AT_ONCE {
                    event = poll_fn(|cx| Poll::Ready(self.poll_at_once(cx))).await;
                } else {
                    tokio::task::yield_now().await;
                }
            }
            event = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return Some((1001, "stopping")),
                event = poll_fn(|cx| self.poll_event(cx, timers)) => event,
            };
            // Nothing more can be sent: the other side is gone.
            event.as_ref()?;
        }
    }

    async fn hear(&mut self, message: Incoming) {
        let now = self.service.now();
        match message {
            Incoming::Binary(message) => {
                let store = &self.service.store;
                let taken = self.session.handle_frame(&message, |name| store.room(name), now);
                self.keep(taken).await;
            }
            Incoming::Text => self.session.handle_text(now),
            Incoming::Sign | Incoming::TooLong | Incoming::Gone => {}
        }
    }

    /// Puts bytes of an upload into blocks, and full ones on their way.
    async fn keep(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let block = self.empty_block().await;
            bytes = block.fill(bytes);
            if block.is_full()
                && let Some(full) = self.block.take()
            {
                self.desk.hand(Job::Append(full)).await;
            }
        }
    }

    /// The block that is being filled; waits for the disk when there is none.
    async fn empty_block(&mut self) -> &mut Block {
        while self.block.is_none() && self.spare.is_empty() && self.unmade == 0 {
            match self.next_outcome().await {
                Some(outcome) => self.told(outcome),
                // Its blocks are lost with it.
                None => self.spare.push(Block::new()),
            }
        }
        let (spare, unmade) = (&mut self.spare, &mut self.unmade);
        self.block.get_or_insert_with(|| {
            spare.pop().unwrap_or_else(|| {
                *unmade = unmade.saturating_sub(1);
                Block::new()
            })
        })
    }

    /// Does what the session wants done. What is awaited is awaited with all answers before it on their way.
    async fn act(&mut self) {
        while let Some(action) = self.session.poll_action() {
            if matches!(action, Action::Store { .. } | Action::Delete { .. } | Action::Control(_)) {
                self.send_at_once().await;
            }
            match action {
                Action::Open { upload, name } => {
                    self.forget_bytes();
                    self.desk.hand(Job::Open(upload, name)).await;
                }
                Action::Store { upload, .. } => self.store(upload).await,
                Action::Discard { .. } => {
                    self.forget_bytes();
                    self.desk.hand(Job::Discard).await;
                }
                Action::Delete { name } => {
                    self.desk.hand(Job::Delete(name)).await;
                    if !self.await_outcome(|outcome| matches!(outcome, Outcome::Deleted(_))).await {
                        self.session.handle_worked(Err(refused(StoreFailure::Disk)));
                    }
                }
                Action::Control(command) => {
                    let outcome = match orders::light(command, &self.service.store.listing()) {
                        Ok(light) => orders::carry_out(&self.service.orders, light).await,
                        Err(refused) => Err(refused),
                    };
                    self.session.handle_worked(outcome);
                }
            }
        }
    }

    async fn store(&mut self, upload: UploadId) {
        if let Some(block) = self.block.take_if(|block| !block.is_empty()) {
            self.desk.hand(Job::Append(block)).await;
        }
        self.desk.hand(Job::Commit(upload)).await;
        if !self.await_outcome(|outcome| matches!(outcome, Outcome::Stored(id, _) if *id == upload)).await {
            self.session.handle_stored(upload, Err(StoreFailure::Disk));
        }
    }

    /// Waits for one outcome; `false` when it cannot come any more. Frames stay unread meanwhile, as the session demands.
    async fn await_outcome(&mut self, is_it: impl Fn(&Outcome) -> bool) -> bool {
        while let Some(outcome) = self.next_outcome().await {
            let is_over = is_it(&outcome);
            self.told(outcome);
            if is_over {
                return true;
            }
        }
        false
    }

    /// The next outcome; `None` when the thread for the disk has failed.
    async fn next_outcome(&mut self) -> Option<Outcome> {
        tokio::select! {
            biased;
            outcome = self.outcomes.recv() => outcome,
            () = self.desk.failed() => None,
        }
    }

    fn told(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Block(block) => self.spare.push(block),
            Outcome::Stored(upload, outcome) => self.session.handle_stored(upload, outcome),
            Outcome::Deleted(outcome) => self.session.handle_worked(outcome.map_err(refused)),
        }
    }

    fn forget_bytes(&mut self) {
        if let Some(block) = &mut self.block {
            block.clear();
        }
    }

    /// The next event; `None` when nothing can be sent any more. Answers go out first, what is written is flushed when
    /// there is nothing to read.
    fn poll_event(&mut self, cx: &mut Context<'_>, timers: &mut Timers) -> Poll<Option<Event>> {
        if self.poll_answers(cx).is_err() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(Some(outcome)) = self.outcomes.poll_recv(cx) {
            return Poll::Ready(Some(Event::Outcome(outcome)));
        }
        if let Poll::Ready(incoming) = self.link.poll_receive(cx) {
            return Poll::Ready(Some(Event::Came(incoming)));
        }
        if self.is_unflushed {
            match self.link.poll_flush(cx) {
                Poll::Ready(Ok(())) => self.is_unflushed = false,
                Poll::Ready(Err(_)) => return Poll::Ready(None),
                Poll::Pending => {}
            }
        }
        if timers.ping.poll_tick(cx).is_ready() {
            return Poll::Ready(Some(Event::Ping));
        }
        self.poll_deadline(cx, timers)
    }

    /// What is there already, without waiting. `None` also when nothing can be sent: [`Self::poll_event`] finds that out
    /// again.
    fn poll_at_once(&mut self, cx: &mut Context<'_>) -> Option<Event> {
        self.poll_answers(cx).ok()?;
        if let Ok(outcome) = self.outcomes.try_recv() {
            return Some(Event::Outcome(outcome));
        }
        match self.link.poll_receive(cx) {
            Poll::Ready(incoming) => Some(Event::Came(incoming)),
            Poll::Pending => None,
        }
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, timers: &mut Timers) -> Poll<Option<Event>> {
        loop {
            let Some(due) = self.session.poll_timeout() else { return Poll::Pending };
            let left = (due - self.service.now()).as_ns();
            let Ok(left) = u64::try_from(left) else { return Poll::Ready(Some(Event::Deadline)) };
            let at = Instant::now() + Duration::from_nanos(left);
            // One that rings early is set anew then; one that would ring late is set now.
            if timers.deadline.is_elapsed() || timers.deadline.deadline() > at {
                timers.deadline.as_mut().reset(at);
            }
            if timers.deadline.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

fn refused(failure: StoreFailure) -> Refused {
    let why = Why::Store(failure);
    Refused::new(why.code(), &why.to_string())
}
