//! Which slot runs next: every transition of the state in `boot.json`.

use semver::Version;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use cuelight_fetch::Digest;

/// How often a new image may be started before it counts as failed.
pub const TRIES: u8 = 3;
/// Log lines of a failed image that are kept, and the longest of them, bytes.
const LOG_LINES: usize = 200;
const LOG_LINE: usize = 400;
/// The version of this form.
const FORMAT: u32 = 1;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    /// The first.
    A,
    /// The second.
    B,
}

impl Slot {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
    /// Its folder's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }
}

/// What is in a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Its version.
    pub version: Version,
    /// Its length, bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Digest,
    /// Whether it has passed the health gate once.
    #[serde(default)]
    pub proven: bool,
}

/// A new image that did not prove itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Its version.
    pub version: Version,
    /// Its digest, so that it is not tried again by itself.
    pub sha256: Digest,
    /// What it did.
    pub reason: String,
    /// Its last lines on standard error.
    #[serde(default)]
    pub log: Vec<String>,
    /// Whether the hub has been told.
    #[serde(default)]
    pub reported: bool,
}

/// What is started next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// From which slot.
    pub slot: Slot,
    /// Whether it still has to prove itself.
    pub is_trial: bool,
}

/// A transition that the state does not permit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadTransition {
    /// The slot to be written is on trial.
    #[error("version {0} is on trial; wait until it has proven itself or failed")]
    OnTrial(Version),
    /// There is nothing in the other slot.
    #[error("slot {} is empty: nothing to start", .0.name())]
    Empty(Slot),
}

/// The state in `boot.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    format: u32,
    /// The slot whose image has proven itself, or was the first.
    active: Slot,
    a: Option<Image>,
    b: Option<Image>,
    /// Starts left to the image in the other slot, while it is on trial.
    #[serde(default)]
    tries_left: Option<u8>,
    /// Whether that image has to reach a hub to prove itself.
    #[serde(default)]
    needs_hub: bool,
    /// The last image that failed.
    #[serde(default)]
    failed: Option<Failed>,
    /// The largest counter of an image that was verified in full.
    counter: u64,
    /// The latest wall-clock instant known to be past, seconds since 1970: for machines whose clock is not set at start.
    #[serde(default)]
    seen_s: i64,
}

impl Boot {
    /// The state of a folder with one image, in slot A.
    pub fn first(image: Image) -> Self {
        let proven = Image { proven: true, ..image };
        Self {
            format: FORMAT,
            active: Slot::A,
            a: Some(proven),
            b: None,
            tries_left: None,
            needs_hub: false,
            failed: None,
            counter: 0,
            seen_s: 0,
        }
    }

    /// The state of a folder whose `boot.json` was lost: what is in the slots, `active` among them.
    pub(crate) fn recovered(active: Slot, a: Option<Image>, b: Option<Image>) -> Self {
        let (tries_left, needs_hub) = (None, false);
        Self { format: FORMAT, active, a, b, tries_left, needs_hub, failed: None, counter: 0, seen_s: 0 }
    }

    /// Reads the text of a `boot.json`; `None` when it is none, of another form, or contradicts itself.
    pub fn read(text: &[u8]) -> Option<Self> {
        let boot: Self = serde_json::from_slice(text).ok()?;
        let has_trial = boot.tries_left.is_none_or(|tries| tries <= TRIES && boot.image(boot.active.other()).is_some());
        (boot.format == FORMAT && boot.image(boot.active).is_some() && has_trial).then_some(boot)
    }

    /// What is in a slot.
    pub const fn image(&self, slot: Slot) -> Option<&Image> {
        match slot {
            Slot::A => self.a.as_ref(),
            Slot::B => self.b.as_ref(),
        }
    }
    fn image_mut(&mut self, slot: Slot) -> &mut Option<Image> {
        match slot {
            Slot::A => &mut self.a,
            Slot::B => &mut self.b,
        }
    }
    /// The slot that runs when nothing is on trial.
    pub const fn active(&self) -> Slot {
        self.active
    }
    /// The image that is on trial.
    pub fn trial(&self) -> Option<&Image> {
        self.tries_left.and_then(|_| self.image(self.active.other()))
    }
    /// Whether the image on trial has to reach a hub to prove itself.
    pub const fn needs_hub(&self) -> bool {
        self.needs_hub
    }
    /// The last image that failed.
    pub const fn failed(&self) -> Option<&Failed> {
        self.failed.as_ref()
    }
    /// The largest counter of an image that was verified in full.
    pub const fn counter(&self) -> u64 {
        self.counter
    }
    /// The wall clock, or the latest instant known to be past when the clock says an earlier one.
    pub fn now_s(&self, wall_s: i64) -> i64 {
        wall_s.max(self.seen_s)
    }
    /// Notes that it is at least this late, seconds since 1970.
    pub fn note_wall(&mut self, wall_s: i64) {
        self.seen_s = self.now_s(wall_s);
    }

    /// The other slot is about to be written: what it held is gone.
    ///
    /// # Errors
    /// While its image is on trial.
    pub fn clear_other(&mut self) -> Result<Slot, BadTransition> {
        if let Some(image) = self.trial() {
            return Err(BadTransition::OnTrial(image.version.clone()));
        }
        let other = self.active.other();
        *self.image_mut(other) = None;
        Ok(other)
    }
    /// The other slot holds an image that was verified in full; images with smaller counters are refused from now on.
    ///
    /// # Errors
    /// While another image is on trial there.
    pub fn stage(&mut self, image: Image, counter: u64) -> Result<Slot, BadTransition> {
        let other = self.clear_other()?;
        *self.image_mut(other) = Some(Image { proven: false, ..image });
        self.counter = self.counter.max(counter);
        Ok(other)
    }
    /// The next start is the other slot's, on trial. `needs_hub`: whether it has to reach a hub to prove itself.
    ///
    /// # Errors
    /// When there is nothing in it.
    pub fn begin_trial(&mut self, needs_hub: bool) -> Result<(), BadTransition> {
        let other = self.active.other();
        if self.image(other).is_none() {
            return Err(BadTransition::Empty(other));
        }
        self.tries_left = Some(TRIES);
        self.needs_hub = needs_hub;
        Ok(())
    }

    /// What to start now. A trial's count goes down *before* the start, so that a machine that dies of it counts too; when
    /// none is left the trial has failed.
    pub fn next_start(&mut self) -> Start {
        match self.tries_left {
            None => Start { slot: self.active, is_trial: false },
            Some(0) => {
                self.fall_back(format!("it was started {TRIES} times and did not prove itself"), Vec::new());
                Start { slot: self.active, is_trial: false }
            }
            Some(tries) => {
                self.tries_left = Some(tries - 1);
                Start { slot: self.active.other(), is_trial: true }
            }
        }
    }

    /// The image on trial has proven itself: it is the active one. Without a trial nothing happens.
    pub fn confirm(&mut self) {
        if self.tries_left.take().is_some() {
            self.active = self.active.other();
            if let Some(image) = self.image_mut(self.active) {
                image.proven = true;
            }
            self.failed = None;
        }
    }

    /// The image on trial has failed; the active one goes on. Without a trial nothing happens.
    pub fn fall_back(&mut self, reason: String, log: Vec<String>) {
        if self.tries_left.take().is_some()
            && let Some(image) = self.image(self.active.other()).cloned()
        {
            self.failed = Some(failed(image, reason, log));
        }
    }

    /// The active image, proven a short while ago, keeps dying: the other one, which was proven before it, takes over again.
    /// Returns whether there is one.
    pub fn go_back(&mut self, reason: String, log: Vec<String>) -> bool {
        let other = self.active.other();
        let is_proven = self.image(other).is_some_and(|image| image.proven);
        if is_proven && self.tries_left.is_none() {
            if let Some(image) = self.image(self.active).cloned() {
                self.failed = Some(failed(image, reason, log));
            }
            if let Some(image) = self.image_mut(self.active) {
                image.proven = false;
            }
            self.active = other;
        }
        is_proven
    }

    /// What the image that failed last said before it ended.
    pub fn note_last_words(&mut self, log: Vec<String>) {
        if let Some(failed) = &mut self.failed {
            failed.log = kept(log);
        }
    }
    /// The hub knows of the last failure.
    pub fn note_reported(&mut self) {
        if let Some(failed) = &mut self.failed {
            failed.reported = true;
        }
    }
}

fn failed(image: Image, reason: String, log: Vec<String>) -> Failed {
    Failed { version: image.version, sha256: image.sha256, reason, log: kept(log), reported: false }
}

/// The last lines, each cut at its length.
fn kept(mut log: Vec<String>) -> Vec<String> {
    log.drain(..log.len().saturating_sub(LOG_LINES));
    log.iter_mut().for_each(|line| line.truncate(line.floor_char_boundary(LOG_LINE)));
    log
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn image(minor: u64) -> Image {
        Image { version: Version::new(1, minor, 0), size: 10, sha256: Digest([minor as u8; 32]), proven: false }
    }
    fn on_trial() -> Boot {
        let mut boot = Boot::first(image(1));
        assert_eq!(boot.stage(image(2), 5), Ok(Slot::B));
        boot.begin_trial(true).unwrap();
        boot
    }
    const OLD: Start = Start { slot: Slot::A, is_trial: false };
    const TRIAL: Start = Start { slot: Slot::B, is_trial: true };

    #[test]
    fn an_image_that_proves_itself_stays() {
        let mut boot = on_trial();
        assert_eq!(boot.next_start(), TRIAL);
        boot.confirm();
        assert_eq!(boot.next_start(), Start { slot: Slot::B, is_trial: false });
        assert_eq!((boot.trial(), boot.failed(), boot.counter()), (None, None, 5));
        assert!(boot.image(Slot::B).unwrap().proven);
    }

    #[test]
    fn after_three_starts_without_proof_the_old_image_goes_on() {
        let mut boot = on_trial();
        assert_eq!(
            [boot.next_start(), boot.next_start(), boot.next_start(), boot.next_start()],
            [TRIAL, TRIAL, TRIAL, OLD]
        );
        assert_eq!(boot.failed().unwrap().version, Version::new(1, 2, 0));
        assert_eq!(boot.next_start(), OLD);
        assert_eq!(boot.counter(), 5, "what was verified stays verified");
    }

    #[test]
    fn nothing_is_written_over_an_image_on_trial_or_started_from_an_empty_slot() {
        let mut boot = on_trial();
        assert!(matches!(boot.stage(image(3), 6), Err(BadTransition::OnTrial(_))));
        assert_eq!(Boot::first(image(1)).begin_trial(true), Err(BadTransition::Empty(Slot::B)));
    }

    #[test]
    fn a_confirmed_image_that_keeps_dying_gives_way_to_a_proven_one_once() {
        let mut boot = on_trial();
        boot.next_start();
        boot.confirm();
        assert!(boot.go_back("it crashed twice".into(), vec!["é".repeat(300)]));
        assert_eq!(boot.next_start(), OLD);
        assert_eq!(boot.failed().unwrap().log[0].len(), 400, "lines are cut at a character");
        assert!(!boot.go_back("again".into(), Vec::new()), "the other one is not proven any more");
        assert_eq!(boot.next_start(), OLD);
    }

    #[test]
    fn a_clock_that_is_not_set_does_not_make_old_images_young() {
        let mut boot = Boot::first(image(1));
        boot.note_wall(1_900_000_000);
        boot.note_wall(7);
        assert_eq!((boot.now_s(0), boot.now_s(2_000_000_000)), (1_900_000_000, 2_000_000_000));
    }

    #[test]
    fn a_text_that_contradicts_itself_is_no_state() {
        let text = serde_json::to_string(&on_trial()).unwrap();
        assert_eq!(Boot::read(text.as_bytes()), Some(on_trial()));
        let broken = [
            text.replace("\"format\":1", "\"format\":2"),
            text.replace("\"tries_left\":3", "\"tries_left\":200"),
            text.replace("\"active\":\"a\"", "\"active\":\"c\""),
            text[..text.len() / 2].to_owned(),
        ];
        for text in broken {
            assert_eq!(Boot::read(text.as_bytes()), None, "{text}");
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Stage(u64),
        Trial,
        Start,
        Confirm,
        FallBack,
        GoBack,
    }

    proptest! {
        /// Whatever happens in whatever order, what is started next is there, and survives its text.
        #[test]
        fn there_is_always_something_to_start(steps in prop::collection::vec(prop_oneof![
            (2..9_u64).prop_map(Step::Stage), Just(Step::Trial), Just(Step::Start), Just(Step::Confirm),
            Just(Step::FallBack), Just(Step::GoBack),
        ], 0..40)) {
            let mut boot = Boot::first(image(1));
            for step in steps {
                match step {
                    Step::Stage(minor) => drop(boot.stage(image(minor), minor)),
                    Step::Trial => drop(boot.begin_trial(true)),
                    Step::Start => {
                        let start = boot.next_start();
                        prop_assert!(boot.image(start.slot).is_some());
                    }
                    Step::Confirm => boot.confirm(),
                    Step::FallBack => boot.fall_back("x".into(), Vec::new()),
                    Step::GoBack => drop(boot.go_back("x".into(), Vec::new())),
                }
                let text = serde_json::to_vec(&boot).unwrap();
                prop_assert_eq!(Boot::read(&text), Some(boot.clone()));
            }
        }
    }
}
