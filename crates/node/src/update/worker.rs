//! The update thread: the only one that writes the slots while the node runs.

use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cuelight_fetch::{Digest, Http};
use cuelight_update::slots::{Slots, SlotsError};
use cuelight_update::updater::{Offer, Outcome, Stage, Surroundings, Updater};
use tokio::sync::mpsc::Sender;
use tracing::{error, info, warn};

use super::UpdateEvent;
use super::desk::{Desk, Judgement, Task};
use super::report::{failed, progress};

pub(super) struct Worker {
    pub(super) slots: Slots,
    /// None: no keys are pinned, so nothing is installed; an image on trial is judged all the same.
    pub(super) updater: Option<Updater>,
    pub(super) desk: Arc<Desk>,
    pub(super) tell: Sender<UpdateEvent>,
    pub(super) http: Http,
    /// The process is to end at a point of an update, in a test.
    pub(super) is_mortal: bool,
}

impl Worker {
    /// Works until the node ends, or is to be started again.
    pub(super) fn run(mut self) {
        while let Some(task) = self.desk.next() {
            let restarts = match task {
                Task::Greet => {
                    self.greet();
                    false
                }
                Task::Judge(judgement) => self.judge(judgement),
                Task::Stop { sha256, was_waiting } => {
                    self.stop(&sha256, was_waiting);
                    false
                }
                Task::Update(offer) => self.update(&offer),
            };
            if restarts {
                self.tell(UpdateEvent::Restart);
                return;
            }
        }
    }

    fn tell(&self, event: UpdateEvent) {
        // A driver that is gone ends the process anyway.
        let _ = self.tell.blocking_send(event);
    }

    /// Tells the hub, once, of an image that gave way in an earlier life, and goes on with the offer that was left.
    fn greet(&self) {
        if let Err(error) = self.tell_failure() {
            warn!("{error}");
        }
        if let Some(kept) = self.updater.as_ref().and_then(Updater::kept_offer) {
            info!(version = kept.version, "goes on with an update that was interrupted");
            self.desk.resume(kept);
        }
    }

    fn tell_failure(&self) -> Result<(), SlotsError> {
        let mut boot = self.slots.boot()?;
        let Some(failure) = boot.failed().filter(|failure| !failure.reported) else { return Ok(()) };
        warn!(version = %failure.version, "an update was taken back: {}", failure.reason);
        self.tell(UpdateEvent::Report(failed(&failure.reason, Some(&failure.log))));
        boot.note_reported();
        self.slots.save(&boot)
    }

    /// Writes down what became of the image on trial; whether to start again.
    fn judge(&self, judgement: Judgement) -> bool {
        let written = match self.slots.boot() {
            Ok(mut boot) => {
                match &judgement {
                    Judgement::Proven => boot.confirm(),
                    Judgement::GivesWay(why) => boot.fall_back(why.clone(), Vec::new()),
                }
                self.slots.save(&boot)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            // The launcher's deadline decides instead.
            error!("the state of the update cannot be written: {error}");
        }
        match judgement {
            Judgement::Proven => {
                info!("the update has proven itself");
                false
            }
            Judgement::GivesWay(why) => {
                error!("the update did not prove itself: {why}; the image before it takes over");
                true
            }
        }
    }

    /// Forgets the update to that image, and says so: the hub waits for what became of it (OTA-21).
    fn stop(&self, sha256: &Digest, was_waiting: bool) {
        let was_kept = self.updater.as_ref().map_or(Ok(false), |updater| updater.leave_off(sha256));
        let said = match was_kept {
            Ok(was_kept) if was_kept || was_waiting => "left off, as the hub wanted; nothing has changed".to_owned(),
            Ok(_) => "there is no such update to leave off".to_owned(),
            Err(error) => error.to_string(),
        };
        info!(image = %sha256, "update: {said}");
        self.tell(UpdateEvent::Report(failed(&said, None)));
    }

    /// Does what the offer says; whether to start again.
    fn update(&mut self, offer: &Offer) -> bool {
        let Some(updater) = &self.updater else { return false };
        info!(version = offer.version, from = offer.url, "update offered");
        let mut around = Around { desk: &self.desk, tell: &self.tell, complaint: None };
        let http = &mut self.http;
        let done = catch_unwind(AssertUnwindSafe(|| updater.update(offer, http, &mut around)));
        let why = match done {
            Ok(Ok(Outcome::Restart)) => {
                info!(version = offer.version, "the update is in its slot; starting it");
                return true;
            }
            Ok(Ok(Outcome::Nothing)) => {
                info!(version = offer.version, "that image runs here already");
                return false;
            }
            Ok(Ok(Outcome::Ended)) => return false,
            Ok(Err(error)) => error.to_string(),
            Err(_) if self.is_mortal => std::process::abort(),
            Err(_) => "the updater failed; its message is in the node's log".to_owned(),
        };
        warn!(version = offer.version, "update refused: {why}");
        self.tell(UpdateEvent::Report(failed(&why, None)));
        false
    }
}

/// The node around an update.
struct Around<'a> {
    desk: &'a Desk,
    tell: &'a Sender<UpdateEvent>,
    /// The last trouble, so that it is told once and not at every attempt.
    complaint: Option<String>,
}

impl Surroundings for Around<'_> {
    fn is_held(&mut self, offer: &Offer) -> bool {
        self.desk.is_held(offer)
    }
    fn has_hub(&mut self) -> bool {
        self.desk.has_hub()
    }
    fn report(&mut self, stage: Stage) {
        // A driver that is gone has left a word on the desk too.
        let _ = self.tell.blocking_send(UpdateEvent::Report(progress(stage)));
    }
    fn complain(&mut self, trouble: &str) {
        if self.complaint.as_deref() != Some(trouble) {
            warn!("the update does not come: {trouble}; trying again until it does");
            self.complaint = Some(trouble.to_owned());
        }
    }
    fn pause(&mut self, pause: Duration) -> bool {
        self.desk.pause(pause)
    }
    fn wall_s(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }
    fn draw(&mut self) -> u32 {
        // The standard library's hashers are seeded by the system; 32 of the 64 bits will do.
        RandomState::new().hash_one(()) as u32
    }
}
