//! One update, from the offer to the restart (OTA-8): what a node does, step by step, on a thread of its own.
//!
//! ```text
//! offer kept -> manifest checked -> image fetched -> image checked -> slot cleared -> image moved in -> trial begun -> restart
//! ```
//!
//! Each arrow is a moment at which the machine may lose power; afterwards the node runs the old image and goes on with the
//! offer it has kept, or runs the new one on trial. While a show is armed nothing is fetched and nothing is switched.

mod offer;

use std::time::Duration;

use semver::Version;
use thiserror::Error;

use crate::manifest::{Device, Manifest, Refusal};
use crate::plain::{self, NoRelease};
use crate::signed::Signed;
use crate::slots::{Image, Point, Slots, SlotsError};
use crate::trust::Trust;
use cuelight_fetch::{Fetch, FetchError, Progress, Server, Wanted};
pub use offer::Offer;

/// Pause before a server is asked again: from the first to the last, doubling.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(30)];
/// How often it is looked whether the show is still armed.
const HOLD: Duration = Duration::from_secs(1);
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
    /// The show that is armed now, when one is that the offer does not name: the updater waits.
    fn is_held(&self, offer: &Offer) -> bool;
    /// Tells the hub.
    fn report(&mut self, stage: Stage);
    /// Waits; an updater that is told to end returns `false`.
    fn pause(&mut self, pause: Duration) -> bool;
    /// The wall clock, seconds since 1970.
    fn wall_s(&self) -> i64;
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

    /// The offer that an earlier run has kept and not finished.
    pub fn kept_offer(&self) -> Option<Offer> {
        Offer::kept(&self.slots)
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
        done
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
        offer.keep(&self.slots)?;
        self.slots.reached(Point::OfferKept);
        boot.note_wall(around.wall_s());

        let mut pause = PAUSES[0];
        let manifest = loop {
            if !wait_while_held(offer, around) {
                return Ok(Outcome::Ended);
            }
            match server.text(&offer.manifest_url, MAX_MANIFESTS) {
                Ok(text) => break self.check(&text, offer, &boot, around.wall_s())?,
                Err(_) if next_pause(&mut pause, around) => {}
                Err(_) => return Ok(Outcome::Ended),
            }
        };
        self.slots.reached(Point::ManifestChecked);

        let wanted = Wanted { url: offer.url.clone(), sha256: manifest.sha256, size: manifest.size };
        let mut fetch = Fetch::open(&self.slots.download(), wanted)?;
        let mut pause = PAUSES[0];
        around.report(Stage::Downloading(pct(fetch.have(), manifest.size)));
        loop {
            if !wait_while_held(offer, around) {
                return Ok(Outcome::Ended);
            }
            match fetch.step(server) {
                Ok(Progress::Whole) => break,
                Ok(Progress::More(have)) => {
                    pause = PAUSES[0];
                    around.report(Stage::Downloading(pct(have, manifest.size)));
                    self.slots.reached(Point::PartWritten);
                    if !around.pause(Duration::ZERO) {
                        return Ok(Outcome::Ended);
                    }
                }
                Err(error) if error.is_passing() => {
                    if !next_pause(&mut pause, around) {
                        return Ok(Outcome::Ended);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        around.report(Stage::Verifying);
        self.slots.reached(Point::ImageChecked);
        if !wait_while_held(offer, around) {
            return Ok(Outcome::Ended);
        }
        around.report(Stage::Applying);
        let Manifest { version, size, sha256, counter, .. } = manifest;
        self.slots.stage(&mut boot, fetch.path(), Image { version, size, sha256, proven: false }, counter)?;
        boot.begin_trial().map_err(SlotsError::from)?;
        self.slots.save(&boot)?;
        self.slots.reached(Point::TrialBegun);
        around.report(Stage::Rebooting);
        Ok(Outcome::Restart)
    }

    /// Whether the image that is offered is signed, for this node, and the one that was meant.
    fn check(
        &self,
        manifests: &[u8],
        offer: &Offer,
        boot: &crate::slots::Boot,
        wall_s: i64,
    ) -> Result<Manifest, UpdateError> {
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

fn next_pause(pause: &mut Duration, around: &mut dyn Surroundings) -> bool {
    let goes_on = around.pause(*pause);
    *pause = (*pause * 2).min(PAUSES[1]);
    goes_on
}

fn pct(have: u64, size: u64) -> u8 {
    u8::try_from(u128::from(have) * 100 / u128::from(size.max(1))).unwrap_or(100)
}

#[cfg(test)]
mod tests;
