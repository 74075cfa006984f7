//! The thread that moves frames over all paths of a network, each when its link model says.
//!
//! It stands for cables and radio, so it has a higher priority than anything that runs on a show's machines. What is not held
//! back is passed on as soon as it is read; what is, waits in one heap until an absolute instant of CLOCK_MONOTONIC. One
//! busy path does not keep others waiting: each is read in turns of [`TURN`] frames.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};
use cuelight_net::clock::mono_now_ns;
use cuelight_net::realtime::make_thread_realtime;
use cuelight_net::wake::{Waker, Wakeup, wake_pair};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::time::{TimeSpec, TimeValLike};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use super::path::{Path, PathProfile, Traffic, Way};

/// Above the frame thread's 70, the time exchange's 60 and the tick thread's 50.
const PRIORITY: u8 = 80;
/// Frames taken from one side of a path before the next one's turn.
const TURN: usize = 16;
/// Frames held back at once, all paths together; more are dropped, as a full queue would. 16 nodes with three packets in each
/// of 100 ticks a second, held back for a quarter of a second, are 1200.
const HELD_BACK: usize = 16_384;
/// An Ethernet frame: 1500 bytes and its header.
const LONGEST_FRAME: usize = 1600;
/// What the events of the timer and the waker are called; sides of paths are called by twice their number.
const TIMER: u64 = u64::MAX;
const WAKEUP: u64 = u64::MAX - 1;

/// Which path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PathId(usize);

enum Order {
    Add(Box<Path>),
    Profile(PathId, PathProfile),
    Dark(PathId, bool),
    Traffic(PathId, SyncSender<Traffic>),
    Forget(PathId),
    End,
}

/// The running thread. It ends when this is dropped, and the devices with it.
pub(super) struct Forwarder {
    orders: Sender<Order>,
    waker: Waker,
    paths: usize,
    is_realtime: bool,
    thread: Option<JoinHandle<()>>,
}

impl Forwarder {
    /// Starts the thread.
    pub(super) fn start() -> Result<Self> {
        let (waker, wakeup) = wake_pair()?;
        let (orders, incoming) = channel();
        let (say, hear) = sync_channel(1);
        let body = move || {
            let is_realtime = make_thread_realtime(PRIORITY).is_ok();
            // Whoever started it waits for this.
            let _ = say.send(is_realtime);
            if let Err(error) = Loop::new(incoming, wakeup).and_then(Loop::run) {
                eprintln!("the paths of the lab's network are down: {error:#}");
            }
        };
        let thread = thread::Builder::new().name("forwarder".into()).spawn(body)?;
        let is_realtime = hear.recv().context("the forwarder has ended")?;
        Ok(Self { orders, waker, paths: 0, is_realtime, thread: Some(thread) })
    }

    /// Whether it was given its priority.
    pub(super) fn is_realtime(&self) -> bool {
        self.is_realtime
    }

    pub(super) fn add(&mut self, path: Path) -> Result<PathId> {
        self.order(Order::Add(Box::new(path)))?;
        self.paths += 1;
        Ok(PathId(self.paths - 1))
    }
    pub(super) fn set_profile(&self, path: PathId, profile: PathProfile) -> Result<()> {
        self.order(Order::Profile(path, profile))
    }
    pub(super) fn set_dark(&self, path: PathId, is_dark: bool) -> Result<()> {
        self.order(Order::Dark(path, is_dark))
    }
    /// Forgets what passed so far.
    pub(super) fn forget(&self, path: PathId) -> Result<()> {
        self.order(Order::Forget(path))
    }
    /// What passed since.
    pub(super) fn traffic(&self, path: PathId) -> Result<Traffic> {
        let (say, hear) = sync_channel(1);
        self.order(Order::Traffic(path, say))?;
        hear.recv().context("the forwarder has ended")
    }

    fn order(&self, order: Order) -> Result<()> {
        self.orders.send(order).map_err(|_| anyhow!("the forwarder has ended"))?;
        self.waker.wake();
        Ok(())
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.order(Order::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A frame held back. Ordered by its instant, then by its arrival.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    due_at: i64,
    number: u64,
    path: usize,
    is_down: bool,
    frame: Vec<u8>,
}

struct Loop {
    orders: Receiver<Order>,
    wakeup: Wakeup,
    epoll: Epoll,
    timer: TimerFd,
    paths: Vec<Path>,
    held: BinaryHeap<Reverse<Held>>,
    number: u64,
}

impl Loop {
    fn new(orders: Receiver<Order>, wakeup: Wakeup) -> Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK)?;
        epoll.add(&timer, EpollEvent::new(EpollFlags::EPOLLIN, TIMER))?;
        epoll.add(&wakeup, EpollEvent::new(EpollFlags::EPOLLIN, WAKEUP))?;
        Ok(Self { orders, wakeup, epoll, timer, paths: Vec::new(), held: BinaryHeap::new(), number: 0 })
    }

    fn run(mut self) -> Result<()> {
        let mut events = [EpollEvent::empty(); 64];
        let mut buffer = [0; LONGEST_FRAME];
        loop {
            let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Ok(count) => count,
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(errno.into()),
            };
            for event in &events[..count] {
                match event.data() {
                    TIMER => {}
                    WAKEUP => {
                        self.wakeup.take();
                        if !self.heed_orders()? {
                            return Ok(());
                        }
                    }
                    side => {
                        let way = if side % 2 == 0 { Way::Up } else { Way::Down };
                        self.take_turn(usize::try_from(side / 2)?, way, &mut buffer);
                    }
                }
            }
            self.release()?;
        }
    }

    /// Carries out what waits; false when it is to end.
    fn heed_orders(&mut self) -> Result<bool> {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Add(path) => {
                    let name = 2 * self.paths.len() as u64;
                    self.epoll.add(&path.node_side, EpollEvent::new(EpollFlags::EPOLLIN, name))?;
                    self.epoll.add(&path.switch_side, EpollEvent::new(EpollFlags::EPOLLIN, name + 1))?;
                    self.paths.push(*path);
                }
                Order::Profile(PathId(path), profile) => self.paths[path].set_profile(profile),
                Order::Dark(PathId(path), is_dark) => self.paths[path].is_dark = is_dark,
                Order::Forget(PathId(path)) => self.paths[path].traffic = Traffic::default(),
                // Whoever asked may have given up.
                Order::Traffic(PathId(path), say) => drop(say.send(self.paths[path].traffic.clone())),
                Order::End => return Ok(false),
            }
        }
        Ok(true)
    }

    fn take_turn(&mut self, index: usize, way: Way, buffer: &mut [u8]) {
        for _ in 0..TURN {
            let path = &mut self.paths[index];
            let Some(len) = path.read(way, buffer) else { return };
            let (frame, now_ns) = (&buffer[..len], mono_now_ns());
            for due_at in path.fate(way, frame, now_ns).into_iter().flatten() {
                if due_at <= now_ns {
                    path.write(way, frame, now_ns);
                } else if self.held.len() < HELD_BACK {
                    self.number += 1;
                    let (number, is_down) = (self.number, way == Way::Down);
                    self.held.push(Reverse(Held { due_at, number, path: index, is_down, frame: frame.to_vec() }));
                } else {
                    path.traffic.counts.overflowed += 1;
                }
            }
        }
    }

    /// Passes on what is due, and sets the timer to what is due next.
    fn release(&mut self) -> Result<()> {
        while let Some(Reverse(held)) = self.held.peek() {
            let now_ns = mono_now_ns();
            if held.due_at > now_ns {
                // Set again in every round: that also takes away the expiry it may have signalled.
                let due = Expiration::OneShot(TimeSpec::nanoseconds(held.due_at));
                return Ok(self.timer.set(due, TimerSetTimeFlags::TFD_TIMER_ABSTIME)?);
            }
            let Some(Reverse(held)) = self.held.pop() else { break };
            let way = if held.is_down { Way::Down } else { Way::Up };
            self.paths[held.path].write(way, &held.frame, now_ns);
        }
        Ok(self.timer.unset()?)
    }
}
