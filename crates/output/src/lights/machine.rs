//! Which frame of universes is next, when, and with which levels: the lights without their thread. Implements DMX-50, DMX-51
//! and DMX-52.
//!
//! The machine reads no clock and does not sleep: the thread tells it the time and does as [`LightsMachine::plan`] says. It
//! promises that instants rise; that frames are skipped only when their time has passed, and counted; and that it never goes
//! back, except when the timeline itself goes back by more than 2 s: then it begins anew, and counts the step.

use cuelight_dmx::range::UniverseRange;
use cuelight_dmx::send::Identity;
use cuelight_net::udp::Flushed;
use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::{Local, Show, Span, Time};

use super::figures::{Figures, LightsReport, PutOut};
use super::grid::Grids;
use super::input::LightsInput;
use super::mix::Mixes;
use super::pending::Pending;
use super::senders::{Levels, Senders};
use super::stagehand::Staged;
use super::{LightsError, LightsFallback, LightsTarget};
use crate::clock::FrameClock;
use crate::universes::Subscriptions;

/// Levels are worked out so long before the instant: a late wake-up, and a quiet frame of few universes.
const AHEAD: Span = Span::from_ms(2);
/// And so much more for each universe: 512 slots that all fade take 11 us at the 99th percentile
/// (`docs/validation/dmx-cost.md`: 5.6 ms for 512 universes).
const AHEAD_A_UNIVERSE: Span = Span::from_us(14);
/// The most of it: of the 22.7 ms of a frame at 44 Hz the universes of the one before need some to leave.
const AHEAD_MAX: Span = Span::from_ms(14);
/// A frame that is overdue by more than a period of 44 Hz is skipped.
const PERIOD: Span = Span::from_ns(1_000_000_000 / 44);
/// A timeline that goes back by no more than this is waited for; the slowest universes have a frame a second.
const LONGEST_WAIT: Span = Span::from_s(2);
/// A wake-up may be so early that it is still the frame's own: a map is slewed by far less between two looks at it.
const EARLY: Span = Span::from_ms(1);
/// States of playbacks that wait for their instant. A stage of 512 universes is some 12 MB.
pub(crate) const MAX_PENDING: usize = 6;
/// Masters and tempos that wait.
const MAX_PENDING_SMALL: usize = 16;

/// What is told besides shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Grand master and blackout, from an instant on.
    Master(Master, Time<Show>),
    /// The beat that effects go by, from an instant on.
    Tempo(Tempo, Time<Show>),
    /// Whether the hub is missing.
    Alone(bool),
}

/// The next frame, and when to do what for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its instant.
    pub instant: Time<Show>,
    /// When to take orders and work out the levels.
    pub wake_at: Time<Local>,
}

/// The state of the lights.
#[derive(Debug)]
pub struct LightsMachine {
    senders: Senders,
    mixes: Mixes,
    fallback: LightsFallback,
    grids: Grids,
    ahead: Span,
    clock: FrameClock,
    /// The instant of the last frame that was put out or skipped.
    last: Option<Time<Show>>,
    planned_at: Option<Time<Local>>,
    playing: Option<Box<Staged>>,
    pending: Pending<Box<Staged>>,
    master: Master,
    masters: Pending<Master>,
    tempo: Tempo,
    tempos: Pending<Tempo>,
    is_alone: bool,
    figures: Figures,
}

impl LightsMachine {
    /// A machine that plays nothing yet, on the free-running clock. Opens all sockets; resolving a name may take a while.
    ///
    /// # Errors
    /// [`LightsError`]; a receiver that is merely off is none.
    pub fn new(
        targets: &[LightsTarget],
        universes: &[UniverseRange],
        identity: Identity,
        fallback: LightsFallback,
    ) -> Result<Self, LightsError> {
        Self::with_network(targets, universes, identity, fallback, Vec::new(), &Subscriptions::default())
    }

    /// The same, with universes that are taken from the network, and receivers that were found there.
    ///
    /// # Errors
    /// [`LightsError`].
    pub fn with_network(
        targets: &[LightsTarget],
        universes: &[UniverseRange],
        identity: Identity,
        fallback: LightsFallback,
        inputs: Vec<LightsInput>,
        subscriptions: &Subscriptions,
    ) -> Result<Self, LightsError> {
        let senders = Senders::new(targets, universes, identity, subscriptions)?;
        let universes = i64::try_from(senders.len()).unwrap_or(i64::MAX);
        Ok(Self {
            grids: senders.grids(),
            ahead: (AHEAD + AHEAD_A_UNIVERSE.times(universes)).min(AHEAD_MAX),
            senders,
            mixes: Mixes::new(inputs),
            fallback,
            clock: FrameClock::FREE,
            last: None,
            planned_at: None,
            playing: None,
            pending: Pending::new(MAX_PENDING),
            master: Master::DEFAULT,
            masters: Pending::new(MAX_PENDING_SMALL),
            tempo: Tempo::DEFAULT,
            tempos: Pending::new(MAX_PENDING_SMALL),
            is_alone: false,
            figures: Figures::new(),
        })
    }

    /// A newer clock map. It moves the instants of frames to come.
    pub fn handle_clock(&mut self, clock: FrameClock) {
        self.clock = clock;
    }
    /// A show, or another state of it. Returns what gives way.
    pub fn handle_staged(&mut self, staged: Box<Staged>) -> Option<Box<Staged>> {
        let displaced = self.pending.push(staged.from, staged);
        self.figures.report.overtaken += u64::from(displaced.is_some());
        displaced
    }
    /// An order.
    pub fn handle_order(&mut self, order: Order) {
        let is_overtaken = match order {
            Order::Master(master, from) => self.masters.push(from, master).is_some(),
            Order::Tempo(tempo, from) => self.tempos.push(from, tempo).is_some(),
            Order::Alone(is_alone) => {
                self.is_alone = is_alone;
                false
            }
        };
        self.figures.report.overtaken += u64::from(is_overtaken);
    }

    /// The next frame. Skips frames that are overdue; call it again after every wake-up that [`Self::is_current`] refused.
    pub fn plan(&mut self, now: Time<Local>) -> Plan {
        let show_now = self.clock.show_at(now);
        let first = self.grids.first_at_or_after(show_now + self.ahead);
        let instant = match self.last {
            None => first,
            Some(last) => {
                let next = self.grids.first_at_or_after(last + Span::from_ns(1));
                if show_now - next > PERIOD {
                    let here = self.grids.first_at_or_after(show_now);
                    self.count_skipped(next, here, now);
                    here
                } else if next - show_now > LONGEST_WAIT + self.ahead {
                    self.figures.report.steps += 1;
                    first
                } else {
                    next
                }
            }
        };
        self.last = Some(instant - Span::from_ns(1));
        self.planned_at = Some(now);
        Plan { instant, wake_at: self.due_at(instant) - self.ahead }
    }
    /// When a frame is due by the newest clock map.
    pub fn due_at(&self, instant: Time<Show>) -> Time<Local> {
        self.clock.local_at(instant)
    }
    /// Whether, after waking, it is time to work out the planned frame. If not, plan again.
    pub fn is_current(&self, plan: &Plan, now: Time<Local>) -> bool {
        let left = self.due_at(plan.instant) - now;
        left <= self.ahead + EARLY && left >= -PERIOD
    }

    /// Works out the frame and writes its datagrams. Calls `back` with every show that does not hold any more.
    pub fn work_out(&mut self, instant: Time<Show>, mut back: impl FnMut(Box<Staged>)) {
        while let Some((staged, holds)) = self.pending.next_past(instant) {
            let past = if holds { self.playing.replace(staged) } else { Some(staged) };
            past.into_iter().for_each(&mut back);
        }
        while let Some((master, holds)) = self.masters.next_past(instant) {
            self.master = if holds { master } else { self.master };
        }
        while let Some((tempo, holds)) = self.tempos.next_past(instant) {
            self.tempo = if holds { tempo } else { self.tempo };
        }
        let due_at = self.due_at(instant);
        let is_dark = self.is_alone && self.fallback == LightsFallback::Blackout;
        let master = Master { blackout: self.master.blackout || is_dark, ..self.master };
        let Self { playing, mixes, senders, tempo, .. } = self;
        let show = playing.as_deref_mut().map(|Staged { score, playbacks, stage, .. }| {
            let levels = stage.levels(score, playbacks, &master, tempo, instant);
            (score.rig(), levels)
        });
        if !mixes.is_empty() {
            // What is dark for want of a hub is the show: another desk may be there for just that.
            mixes.work_out(show, self.master.blackout, due_at);
        }
        if show.is_some() || !mixes.is_empty() {
            senders.write(Levels { show: show.map(|(_, levels)| levels), mixes }, instant, due_at);
        }
    }
    /// Sends what the devices take of what was written. Returns whether nothing is left.
    pub fn send_some(&mut self) -> bool {
        self.senders.send_some()
    }
    /// Gives up what has not left, and tells what became of everything since the last time.
    pub fn flush(&mut self) -> Flushed {
        self.senders.flush()
    }
    /// When the next synchronisation packet is due.
    pub fn sync_due_at(&self) -> Option<Time<Local>> {
        self.senders.sync_due_at()
    }
    /// Sends the synchronisation packets that are due.
    pub fn synchronise(&mut self, now: Time<Local>) {
        self.senders.synchronise(now);
        let flushed = self.senders.flush();
        self.figures.count(flushed);
    }
    /// Sends the list of universes, if it is due.
    pub fn announce(&mut self, now: Time<Local>) {
        let flushed = self.senders.announce(now);
        self.figures.count(flushed);
    }
    /// Says the end of every universe of sACN but those that somebody else goes on with.
    pub fn end(&mut self, kept: &[UniverseRange], now: Time<Local>) {
        let flushed = self.senders.end(kept, now);
        self.figures.count(flushed);
    }
    /// The frame of `instant` was put out; it is `now`. Once a second, the answer is a report.
    pub fn handle_output(&mut self, instant: Time<Show>, frame: PutOut, now: Time<Local>) -> Option<LightsReport> {
        self.last = Some(instant);
        self.figures.report.is_synced = self.clock.is_synced;
        self.figures.report.universes = u32::try_from(self.senders.begun()).unwrap_or(u32::MAX);
        self.figures.handle_output(frame, now)
    }

    /// Counts up to now, with the figures of the last whole second.
    pub fn report(&self) -> LightsReport {
        self.figures.report
    }

    /// Frames from `next` on and before `here` are skipped. Those that passed in local time were missed; but when the
    /// timeline itself went ahead, as at the first lock, nothing was.
    fn count_skipped(&mut self, next: Time<Show>, here: Time<Show>, now: Time<Local>) {
        let waited = self.planned_at.map_or(Span::ZERO, |planned_at| now - planned_at);
        if here - next - waited > LONGEST_WAIT {
            self.figures.report.steps += 1;
        } else {
            let frames = self.grids.frames_between(next, here);
            self.figures.report.missed += u64::try_from(frames).unwrap_or(0);
        }
    }
}
