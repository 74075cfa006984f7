//! One update, from the offer to the restart (OTA-8): what a node does, step by step, on a thread of its own.
//!
//! ```text
//! offer kept -> manifest checked -> image fetched -> image checked -> slot cleared -> image moved in -> trial begun -> restart
//! ```
//!
//! Each arrow is a moment at which the machine may lose power; afterwards the node runs the old image and goes on with the
//! offer it has kept, or runs the new one on trial. While a show is armed nothing is fetched and nothing is switched.

mod offer;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use semver::Version;
use thiserror::Error;

use crate::manifest::{Device, Manifest, Refusal};
use crate::plain::{self, NoRelease};
use crate::signed::Signed;
use crate::slots::{BadTransition, Boot, Image, Point, Slots, SlotsError};
use crate::trust::Trust;
use cuelight_fetch::{Digest, Fetch, FetchError, Progress, Server, Wanted};
pub use offer::Offer;

/// Pause before a server is asked again: from the first to the last, doubling, each dithered over its upper half: nodes that lost
/// their hub together do not come back together.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(30)];
/// How often it is looked whether the show is still armed.
const HOLD: Duration = Duration::from_secs(1);
/// Bytes that have to be free beyond the image, for the state beside it.
const ROOM: u64 = 1 << 20;
/// The longest manifest of all releases, bytes.
const MAX_MANIFESTS: u64 = 1 << 20;

/// What a node says of its update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Fetching the image; so much of it is there, per cent.
    Downloading(u8),
    /// Checking it.
    Verifying,
    /// Writing it into its slot.
    Applying,
    /// Restarting into it.
    Rebooting,
}

/// Why an update did not happen. Nothing has changed then.
#[derive(Debug, Error)]
pub enum UpdateError {
    /// The hub has no manifest of it.
    #[error(transparent)]
    NoRelease(#[from] NoRelease),
    /// The hub's manifest has no signed part.
    #[error("the release {0} is not signed: this node installs signed images only")]
    Unsigned(String),
    /// The image is not for this node, or not by those who may.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// What is signed is not what was offered.
    #[error("offered was {offered}, signed is {signed}")]
    OtherImage {
        /// The digest and version of the offer.
        offered: String,
        /// Those of the manifest.
        signed: String,
    },
    /// The hub has no manifests.
    #[error("there are no manifests at {0}: publish the image there first")]
    NoManifests(String),
    /// The image does not fit on the disk.
    #[error("the image needs {needed} more bytes on the disk and {free} are free: make room on this node")]
    NoRoom {
        /// Bytes that are missing of it, and a margin.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The image did not come.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The slots cannot be written.
    #[error(transparent)]
    Slots(#[from] SlotsError),
    /// This node was not started by the launcher: there are no slots.
    #[error("this node was not started by cuelight-launch, so it cannot update itself")]
    NoSlots,
}

impl From<Refusal> for UpdateError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

/// What the updater needs of the node around it.
pub trait Surroundings {
    /// Whether a show is armed that the offer does not name, or may be: the updater waits.
    fn is_held(&mut self, offer: &Offer) -> bool;
    /// Whether the node has a hub now: then the new image has to reach one too.
    fn has_hub(&mut self) -> bool;
    /// Something that may pass keeps the update from going on.
    fn complain(&mut self, trouble: &str);
    /// Tells the hub.
    fn report(&mut self, stage: Stage);
    /// Waits; an updater that is told to end returns `false`.
    fn pause(&mut self, pause: Duration) -> bool;
    /// The wall clock, seconds since 1970.
    fn wall_s(&self) -> i64;
    /// A random number.
    fn draw(&mut self) -> u32;
}

/// What runs, and what it believes.
#[derive(Clone, Debug)]
pub struct Updater {
    slots: Slots,
    pinned: Trust,
    product: String,
    channel: String,
    version: Version,
}

/// How an update ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The new image is on trial from the next start on: the process is to end with [`crate::launch::RESTART`].
    Restart,
    /// The node is about to run, or runs, that very image.
    Nothing,
    /// The updater was told to end; the offer is kept and is gone on with at the next start.
    Ended,
}

impl Updater {
    /// An updater of a node that runs `version` of `product`, takes images of `channel`, and believes the keys of `pinned`,
    /// or of the list that has replaced it.
    pub fn new(slots: Slots, pinned: Trust, product: &str, channel: &str, version: Version) -> Self {
        Self { slots, pinned, product: product.into(), channel: channel.into(), version }
    }

    /// The offer that an earlier run has kept and not finished. One whose image has failed by now is forgotten: it is only
    /// tried again when the hub offers it again.
    pub fn kept_offer(&self) -> Option<Offer> {
        let kept = Offer::kept(&self.slots)?;
        let boot = self.slots.boot().ok()?;
        if boot.failed().is_some_and(|failed| failed.sha256 == kept.sha256) {
            // One that stays is looked at again at the next start.
            let _ = Offer::forget(&self.slots);
            return None;
        }
        Some(kept)
    }

    /// Does what the offer says. A second offer of an image that runs, or is on trial, changes nothing.
    ///
    /// # Errors
    /// When the image is refused, does not come, or cannot be kept. The offer is forgotten then; the image that runs is
    /// untouched.
    pub fn update(
        &self,
        offer: &Offer,
        server: &mut dyn Server,
        around: &mut dyn Surroundings,
    ) -> Result<Outcome, UpdateError> {
        let done = self.attempt(offer, server, around);
        if !matches!(done, Ok(Outcome::Ended)) {
            Offer::forget(&self.slots)?;
        }
        if done.is_err() {
            self.slots.clear_download();
        }
        done
    }

    /// Forgets the offer of that image, and what was fetched of it (OTA-21); `false` when none is kept. Not while
    /// [`Self::update`] is at it: it is told to end by [`Surroundings::pause`].
    ///
    /// # Errors
    /// When the offer cannot be removed.
    pub fn leave_off(&self, sha256: &Digest) -> Result<bool, SlotsError> {
        if Offer::kept(&self.slots).is_none_or(|kept| kept.sha256 != *sha256) {
            return Ok(false);
        }
        Offer::forget(&self.slots)?;
        self.slots.clear_download();
        Ok(true)
    }

    /// The image of the offer is in the other slot and has proven itself there: it is taken from there, on trial as any
    /// other (OTA-13). It was verified when it came, and is what this node would fall back to anyway.
    fn go_back(
        &self,
        offer: &Offer,
        boot: &mut Boot,
        around: &mut dyn Surroundings,
    ) -> Result<Option<Outcome>, UpdateError> {
        let other = boot.active().other();
        let image = boot.image(other).filter(|image| image.proven && image.sha256 == offer.sha256);
        if image.is_none_or(|image| !self.slots.is_whole(other, image)) {
            return Ok(None);
        }
        if !may_switch(offer, around) {
            return Ok(Some(Outcome::Ended));
        }
        around.report(Stage::Applying);
        boot.begin_trial(around.has_hub()).map_err(SlotsError::from)?;
        self.slots.save(boot)?;
        self.slots.reached(Point::TrialBegun);
        around.report(Stage::Rebooting);
        Ok(Some(Outcome::Restart))
    }

    fn attempt(
        &self,
        offer: &Offer,
        server: &mut dyn Server,
        around: &mut dyn Surroundings,
    ) -> Result<Outcome, UpdateError> {
        let mut boot = self.slots.boot()?;
        let runs = boot.trial().or_else(|| boot.image(boot.active()));
        if runs.is_some_and(|image| image.sha256 == offer.sha256) {
            return Ok(Outcome::Nothing);
        }
        if let Some(image) = boot.trial() {
            return Err(SlotsError::from(BadTransition::OnTrial(image.version.clone())).into());
        }
        offer.keep(&self.slots)?;
        self.slots.reached(Point::OfferKept);
        boot.note_wall(around.wall_s());
        if let Some(outcome) = self.go_back(offer, &mut boot, around)? {
            return Ok(outcome);
        }

        let Some(manifest) = self.manifest(offer, &boot, server, around)? else { return Ok(Outcome::Ended) };
        self.slots.reached(Point::ManifestChecked);
        let other = boot.active().other();
        let Manifest { version, size, sha256, counter, .. } = manifest.clone();
        let wanted = Image { version, size, sha256, proven: false };
        // It may be there: from an attempt that ended there, from one that was taken back, or as the image before this one.
        let image = if self.slots.is_whole(other, &wanted) {
            self.slots.program(other)
        } else {
            let Some(image) = self.fetch(offer, &manifest, server, around)? else { return Ok(Outcome::Ended) };
            image
        };
        around.report(Stage::Verifying);
        self.slots.reached(Point::ImageChecked);
        if !may_switch(offer, around) {
            return Ok(Outcome::Ended);
        }
        around.report(Stage::Applying);
        self.slots.stage(&mut boot, &image, wanted, counter)?;
        boot.begin_trial(around.has_hub()).map_err(SlotsError::from)?;
        self.slots.save(&boot)?;
        self.slots.reached(Point::TrialBegun);
        around.report(Stage::Rebooting);
        Ok(Outcome::Restart)
    }

    /// The manifest of what is offered; `None` when the updater is told to end.
    fn manifest(
        &self,
        offer: &Offer,
        boot: &Boot,
        server: &mut dyn Server,
        around: &mut dyn Surroundings,
    ) -> Result<Option<Manifest>, UpdateError> {
        let mut pause = PAUSES[0];
        while wait_while_held(offer, around) {
            match server.text(&offer.manifest_url, MAX_MANIFESTS) {
                Ok(text) => return self.check(&text, offer, boot, around.wall_s()).map(Some),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(UpdateError::NoManifests(offer.manifest_url.clone()));
                }
                Err(error) => around.complain(&format!("{}: {error}", offer.manifest_url)),
            }
            if !next_pause(&mut pause, around) {
                break;
            }
        }
        Ok(None)
    }

    /// Fetches the image and checks it: where it is; `None` when the updater is told to end.
    fn fetch(
        &self,
        offer: &Offer,
        manifest: &Manifest,
        server: &mut dyn Server,
        around: &mut dyn Surroundings,
    ) -> Result<Option<PathBuf>, UpdateError> {
        let size = manifest.size;
        let wanted = Wanted { url: offer.url.clone(), sha256: manifest.sha256, size };
        let mut fetch = Fetch::open(&self.slots.download(), wanted)?;
        let (needed, free) = (size - fetch.have() + ROOM, self.slots.free()?);
        if needed > free {
            return Err(UpdateError::NoRoom { needed, free });
        }
        let mut pause = PAUSES[0];
        around.report(Stage::Downloading(pct(fetch.have(), size)));
        while wait_while_held(offer, around) {
            let goes_on = match fetch.step(server) {
                Ok(Progress::Whole) => return Ok(Some(fetch.path().to_owned())),
                Ok(Progress::More(have)) => {
                    pause = PAUSES[0];
                    around.report(Stage::Downloading(pct(have, size)));
                    self.slots.reached(Point::PartWritten);
                    around.pause(Duration::ZERO)
                }
                Err(error) if error.is_passing() => {
                    around.complain(&error.to_string());
                    next_pause(&mut pause, around)
                }
                Err(error) => return Err(error.into()),
            };
            if !goes_on {
                break;
            }
        }
        Ok(None)
    }

    /// Whether the image that is offered is signed, for this node, and the one that was meant.
    fn check(&self, manifests: &[u8], offer: &Offer, boot: &Boot, wall_s: i64) -> Result<Manifest, UpdateError> {
        let device = Device {
            product: self.product.clone(),
            hardware: Device::this_hardware(),
            version: self.version.clone(),
            counter: boot.counter(),
            now_s: boot.now_s(wall_s),
        };
        let platform = format!("{}-{}", self.product, device.hardware);
        let release = plain::release(manifests, &platform, &self.channel)?;
        let signed: &Signed = release.signed.as_ref().ok_or_else(|| UpdateError::Unsigned(release.version.clone()))?;
        let manifest = Manifest::open(signed, &self.slots.trust(&self.pinned))?;
        manifest.suits(&device)?;
        if manifest.sha256 != offer.sha256 {
            return Err(UpdateError::OtherImage {
                offered: format!("{} ({})", offer.version, offer.sha256),
                signed: format!("{} ({})", manifest.version, manifest.sha256),
            });
        }
        Ok(manifest)
    }
}

/// `false` when the updater is told to end.
fn wait_while_held(offer: &Offer, around: &mut dyn Surroundings) -> bool {
    while around.is_held(offer) {
        if !around.pause(HOLD) {
            return false;
        }
    }
    true
}

/// From here on the update is not left off any more; `false` when the updater is told to end.
fn may_switch(offer: &Offer, around: &mut dyn Surroundings) -> bool {
    wait_while_held(offer, around) && around.pause(Duration::ZERO)
}

fn next_pause(pause: &mut Duration, around: &mut dyn Surroundings) -> bool {
    let half = *pause / 2;
    let share = f64::from(around.draw()) / f64::from(u32::MAX);
    let goes_on = around.pause(half + half.mul_f64(share));
    *pause = (*pause * 2).min(PAUSES[1]);
    goes_on
}

fn pct(have: u64, size: u64) -> u8 {
    u8::try_from(u128::from(have) * 100 / u128::from(size.max(1))).unwrap_or(100)
}

#[cfg(test)]
mod tests;
