//! What the driver leaves for the update thread: the newest of each thing, so that neither waits for the other.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cuelight_fetch::Digest;
use cuelight_update::updater::Offer;

/// What became of the image on trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It stays.
    Proven,
    /// It does not, and why.
    GivesWay(String),
}

/// What the thread does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// There is a hub for the first time: tell what it does not know yet, go on with what was left.
    Greet,
    /// The image on trial is judged.
    Judge(Judgement),
    /// Forget the update to this image.
    Stop {
        /// Its digest.
        sha256: Digest,
        /// Its offer was on the desk, and is gone.
        was_waiting: bool,
    },
    /// Do what this offer says.
    Update(Offer),
}

/// What is known of armed shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Lock {
    /// No hub has said anything yet: one may be armed.
    #[default]
    Unknown,
    /// None is, or the hub knows nothing of armed shows.
    Open,
    /// This one is, until a hub says otherwise, whatever becomes of the session.
    Armed(String),
}

#[derive(Debug, Default)]
struct Left {
    is_over: bool,
    lock: Lock,
    has_hub: bool,
    /// A hub was there that has not been greeted.
    is_new: bool,
    was_greeted: bool,
    is_on_trial: bool,
    judgement: Option<Judgement>,
    /// The newest offer that has not been begun; a later one takes its place.
    offer: Option<Offer>,
    /// The one that is under way.
    current: Option<Offer>,
    /// The image whose update is to be left off.
    stop: Option<Digest>,
}

/// Where both meet.
#[derive(Debug)]
pub(super) struct Desk {
    left: Mutex<Left>,
    news: Condvar,
}

impl Desk {
    pub(super) fn new(is_on_trial: bool) -> Self {
        Self { left: Mutex::new(Left { is_on_trial, ..Left::default() }), news: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Left> {
        // Nobody panics while holding it.
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn leave(&self, change: impl FnOnce(&mut Left)) {
        change(&mut self.lock());
        self.news.notify_all();
    }

    // The driver's side.

    pub(super) fn welcome(&self, tells_lock: bool) {
        self.leave(|left| {
            left.has_hub = true;
            left.is_new = !left.was_greeted;
            if !tells_lock {
                left.lock = Lock::Open;
            }
        });
    }
    pub(super) fn hub_gone(&self) {
        self.leave(|left| left.has_hub = false);
    }
    pub(super) fn arm(&self, show: Option<&str>) {
        self.leave(|left| left.lock = show.map_or(Lock::Open, |show| Lock::Armed(show.to_owned())));
    }
    /// The hub makes an offer; the one that is under way already is passed over (OTA-6), any other takes its place.
    pub(super) fn offer(&self, offer: Offer) {
        self.leave(|left| {
            if left.current.as_ref() != Some(&offer) {
                left.offer = Some(offer);
            }
        });
    }
    /// The hub wants the update to that image left off (OTA-21).
    pub(super) fn stop(&self, sha256: Digest) {
        self.leave(|left| left.stop = Some(sha256));
    }
    pub(super) fn judge(&self, judgement: Judgement) {
        self.leave(|left| left.judgement = Some(judgement));
    }
    pub(super) fn end(&self) {
        self.leave(|left| left.is_over = true);
    }

    // The thread's side.

    /// Waits for something to do; `None` when it is to end. Nothing new is begun while an image is on trial.
    pub(super) fn next(&self) -> Option<Task> {
        let mut left = self.lock();
        left.current = None;
        loop {
            if left.is_over {
                return None;
            }
            if std::mem::take(&mut left.is_new) {
                left.was_greeted = true;
                return Some(Task::Greet);
            }
            if let Some(judgement) = left.judgement.take() {
                left.is_on_trial = false;
                return Some(Task::Judge(judgement));
            }
            // What is on trial is no update under way: it stays or gives way by itself.
            if let Some(sha256) = left.stop.take().filter(|_| !left.is_on_trial) {
                let was_waiting = left.offer.take_if(|offer| offer.sha256 == sha256).is_some();
                return Some(Task::Stop { sha256, was_waiting });
            }
            if !left.is_on_trial
                && let Some(offer) = left.offer.take()
            {
                left.current = Some(offer.clone());
                return Some(Task::Update(offer));
            }
            left = self.news.wait(left).unwrap_or_else(PoisonError::into_inner);
        }
    }
    /// An offer that an earlier run has kept is gone on with, unless the hub has made another one by now.
    pub(super) fn resume(&self, kept: Offer) {
        self.leave(|left| {
            left.offer.get_or_insert(kept);
        });
    }
    /// Whether a show is armed, or may be, that the offer does not name (OTA-20).
    pub(super) fn is_held(&self, offer: &Offer) -> bool {
        match &self.lock().lock {
            Lock::Unknown => true,
            Lock::Open => false,
            Lock::Armed(show) => offer.in_spite_of.as_ref() != Some(show),
        }
    }
    pub(super) fn has_hub(&self) -> bool {
        self.lock().has_hub
    }
    /// Waits; `false` as soon as the thread is to end, another offer has come, or this one is to be left off.
    pub(super) fn pause(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let mut left = self.lock();
        loop {
            let is_stopped = left.stop.is_some() && left.stop == left.current.as_ref().map(|offer| offer.sha256);
            if left.is_over || left.offer.is_some() || is_stopped {
                return false;
            }
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return true;
            }
            left = self.news.wait_timeout(left, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
