//! The thread that makes shows ready for the lights thread, and frees what that gives back. Implements DMX-52.
//!
//! A stage for a score is made here, and comes to the instant from which it is wanted, so that the lights thread finds the
//! work done. The stage that was played before goes back; the next state of the same score goes on from it.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use cuelight_show::{Playbacks, Score, Stage};
use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::{Show, Time};
use rtrb::{Consumer, Producer, RingBuffer};

use super::Playing;
use super::machine::MAX_PENDING;

/// States that wait to be made ready. When there are more the newest of them gives way.
const MAX_WAITING: usize = 8;
/// Stages at once on their way to the lights thread, in it, or on their way back.
const MAX_OUT: usize = MAX_PENDING + 4;
/// How often to look whether something came back: the lights thread cannot wake anybody.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A show that is ready to be played.
#[derive(Debug)]
pub struct Staged {
    pub(crate) score: Arc<Score>,
    pub(crate) playbacks: Playbacks,
    pub(crate) from: Time<Show>,
    pub(crate) stage: Stage,
}

impl Staged {
    /// Makes a show ready, on the stage of `spare` if that is one of the same score. The stage comes to the show's instant, or
    /// to `shown` if that is later, so that little is left to do for the next frame.
    pub fn new(
        playing: Playing,
        spare: Option<Box<Self>>,
        master: &Master,
        tempo: &Tempo,
        shown: Time<Show>,
    ) -> Box<Self> {
        let Playing { score, playbacks, from } = playing;
        let mut staged = match spare.filter(|spare| Arc::ptr_eq(&spare.score, &score)) {
            Some(spare) => Box::new(Self { playbacks, from, ..*spare }),
            None => Box::new(Self { stage: Stage::new(&score), score, playbacks, from }),
        };
        let Self { score, playbacks, stage, .. } = &mut *staged;
        stage.levels(score, playbacks, master, tempo, from.max(shown));
        staged
    }
}

/// What the handle leaves for the stagehand.
#[derive(Debug, Default)]
struct Desk {
    waiting: VecDeque<Playing>,
    master: Option<Master>,
    tempo: Option<Tempo>,
    overtaken: u64,
    is_over: bool,
}

/// The desk, and the bell on it.
#[derive(Debug, Default)]
struct Shared {
    desk: Mutex<Desk>,
    bell: Condvar,
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Nothing that is done under the lock leaves it half done.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The controls of the thread. Dropping them ends it.
#[derive(Debug)]
pub(crate) struct Stagehand {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// The lights thread's end.
#[derive(Debug)]
pub(crate) struct Wings {
    ready: Consumer<Box<Staged>>,
    back: Producer<Box<Staged>>,
    /// The instant of the newest frame, so that a stage is brought to where it will be wanted.
    shown_ns: Arc<AtomicI64>,
}

impl Stagehand {
    pub(crate) fn start() -> io::Result<(Self, Wings)> {
        let (ready, ready_out) = RingBuffer::new(MAX_OUT);
        let (back_in, back) = RingBuffer::new(MAX_OUT);
        let shown_ns = Arc::new(AtomicI64::new(i64::MIN));
        let shared = Arc::new(Shared::default());
        let work =
            Work { ready, back, out: 0, spare: None, shown_ns: Arc::clone(&shown_ns), shared: Arc::clone(&shared) };
        let thread = Builder::new().name("stagehand".into()).spawn(move || work.run())?;
        Ok((Self { shared, thread: Some(thread) }, Wings { ready: ready_out, back: back_in, shown_ns }))
    }
    /// Leaves a state to be made ready.
    pub(crate) fn play(&self, playing: Playing) {
        let mut desk = self.shared.desk();
        if desk.waiting.len() == MAX_WAITING {
            desk.waiting.pop_back();
            desk.overtaken += 1;
        }
        desk.waiting.push_back(playing);
        self.shared.bell.notify_one();
    }
    /// States that gave way to newer ones, since the start.
    pub(crate) fn overtaken(&self) -> u64 {
        self.shared.desk().overtaken
    }
    pub(crate) fn set_master(&self, master: Master) {
        self.shared.desk().master = Some(master);
    }
    pub(crate) fn set_tempo(&self, tempo: Tempo) {
        self.shared.desk().tempo = Some(tempo);
    }
}

impl Drop for Stagehand {
    fn drop(&mut self) {
        self.shared.desk().is_over = true;
        self.shared.bell.notify_one();
        // A thread that panicked has said so.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Wings {
    /// The next show that is ready. Never waits.
    pub(crate) fn next(&mut self) -> Option<Box<Staged>> {
        self.ready.pop().ok()
    }
    /// Gives a show back. Never waits and frees nothing.
    pub(crate) fn give_back(&mut self, staged: Box<Staged>) {
        if let Err(rtrb::PushError::Full(staged)) = self.back.push(staged) {
            // Cannot be: no more are out than fit. Better to keep it for ever than to free it here.
            std::mem::forget(staged);
        }
    }
    /// A frame of this instant is worked out.
    pub(crate) fn set_shown(&self, instant: Time<Show>) {
        self.shown_ns.store(instant.as_ns(), Ordering::Relaxed);
    }
}

/// What the thread owns.
struct Work {
    ready: Producer<Box<Staged>>,
    back: Consumer<Box<Staged>>,
    out: usize,
    /// What came back last: a stage that is nearly where the next one is to be.
    spare: Option<Box<Staged>>,
    shown_ns: Arc<AtomicI64>,
    shared: Arc<Shared>,
}

impl Work {
    fn run(mut self) {
        while let Some((playing, master, tempo)) = self.next() {
            let shown = Time::from_ns(self.shown_ns.load(Ordering::Relaxed));
            let staged = Staged::new(playing, self.spare.take(), &master, &tempo, shown);
            self.out += 1;
            // `next` saw that there is room.
            let _ = self.ready.push(staged);
        }
    }

    /// The next state to be made ready; `None` when it is over.
    fn next(&mut self) -> Option<(Playing, Master, Tempo)> {
        let shared = Arc::clone(&self.shared);
        let mut desk = shared.desk();
        loop {
            if desk.is_over {
                return None;
            }
            if self.back.slots() > 0 {
                // Freeing may take a while.
                drop(desk);
                self.collect();
                desk = shared.desk();
                continue;
            }
            if self.out < MAX_OUT
                && let Some(playing) = desk.waiting.pop_front()
            {
                let (master, tempo) = (desk.master.unwrap_or(Master::DEFAULT), desk.tempo.unwrap_or(Tempo::DEFAULT));
                return Some((playing, master, tempo));
            }
            // One show stays with the lights thread.
            desk = if self.out > 1 {
                let waited = shared.bell.wait_timeout(desk, LOOK_EVERY);
                waited.unwrap_or_else(PoisonError::into_inner).0
            } else {
                shared.bell.wait(desk).unwrap_or_else(PoisonError::into_inner)
            };
        }
    }

    fn collect(&mut self) {
        while let Ok(staged) = self.back.pop() {
            self.out -= 1;
            self.spare = Some(staged);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cuelight_show::{Address, Cue, CueList, Instruction, Level, ListNumber, Look, Show as Written, Target, Value};

    const LIST: ListNumber = ListNumber(1);

    fn score() -> Arc<Score> {
        let mut cue = Cue::new("1".parse().unwrap());
        let target = Target::Slot(Address::new(1, 1).unwrap());
        cue.look = Look::from_instructions(vec![Instruction { target, value: Value::Level(Level::FULL) }]);
        let mut list = CueList::new(LIST);
        list.insert(cue).unwrap();
        Arc::new(Score::new(&Written::of_lists(vec![list])))
    }

    fn next(wings: &mut Wings) -> Box<Staged> {
        loop {
            if let Some(staged) = wings.next() {
                return staged;
            }
            std::thread::yield_now();
        }
    }

    /// DMX-52
    #[test]
    fn shows_are_made_ready_in_order_and_what_comes_back_is_freed_by_the_stagehand() {
        let (stagehand, mut wings) = Stagehand::start().unwrap();
        let score = score();
        // More than may be out at once: the stagehand waits for those that come back.
        for n in 0..3 * MAX_OUT as i64 {
            let playing =
                Playing { score: Arc::clone(&score), playbacks: Playbacks::default(), from: Time::from_us(n) };
            stagehand.play(playing);
            let staged = next(&mut wings);
            assert_eq!(staged.from, Time::from_us(n));
            wings.give_back(staged);
        }
        assert_eq!(stagehand.overtaken(), 0);
        drop(stagehand);
        // The last may lie in the ring until the lights thread is gone too.
        drop(wings);
        assert_eq!(Arc::strong_count(&score), 1);
    }

    #[test]
    fn a_stage_of_the_same_score_is_used_again_and_shows_the_new_state() {
        let (score, other) = (score(), score());
        let at = Time::from_us(5_000_000);
        let mut playbacks = Playbacks::default();
        playbacks.go(&score, LIST, at).unwrap();
        let (master, tempo) = (Master::DEFAULT, Tempo::DEFAULT);
        let playing = |score: &Arc<Score>| Playing { score: Arc::clone(score), playbacks: playbacks.clone(), from: at };
        for spare in [None, Some(&score), Some(&other)] {
            let spare = spare.map(|score| {
                let nothing = Playing { playbacks: Playbacks::default(), ..playing(score) };
                Staged::new(nothing, None, &master, &tempo, Time::ZERO)
            });
            let mut staged = Staged::new(playing(&score), spare, &master, &tempo, Time::ZERO);
            let Staged { score, playbacks, stage, .. } = &mut *staged;
            let levels = stage.levels(score, playbacks, &master, &tempo, at);
            assert_eq!(levels.slot(Address { universe: 1, slot: 1 }), Some(255));
        }
    }
}
