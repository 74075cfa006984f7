//! Updates of this node (OTA-1 to OTA-8): what the driver has to do with them.
//!
//! A node that `cuelight-launch` has started from a slot puts the images that its hub offers into the other slot, on a
//! thread of its own, and asks to be started again. Started on trial, it watches itself until it has proven itself, or gives
//! way to the image before it. The thread is the only one that writes the slots while the node runs.

mod desk;
mod rate;
mod report;
mod worker;

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cuelight_fetch::{Digest, Http};
use cuelight_proto::node::UpdateReport;
use cuelight_update::health::{Gate, Health, SETTLE, Verdict};
use cuelight_update::slots::{RunningIn, Slots};
use cuelight_update::trust::{BadTrust, Trust};
use cuelight_update::updater::{Offer, Updater};
use cuelight_wire::control::{OtaStop, OtaUpdate};
use semver::Version;
use thiserror::Error;
use tokio::sync::mpsc::{Receiver, channel};
use tracing::{info, warn};

use crate::settings::UpdateSettings;
use desk::{Desk, Judgement};
pub(crate) use rate::Rate;
use report::failed;
use worker::Worker;

/// What images of this program are for.
const PRODUCT: &str = "cuelight-node";
/// Events that wait for the driver; the thread waits when there are more.
const EVENTS: usize = 8;

/// Why a node does not know whom to believe.
#[derive(Debug, Error)]
#[error("the update keys cannot be used: {0}")]
pub struct BadKeys(#[from] BadTrust);

/// Something for the driver to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum UpdateEvent {
    /// Tell the hub.
    Report(UpdateReport),
    /// End in order, and ask the launcher to start what is next.
    Restart,
}

/// The driver's side. Dropping it ends the thread.
pub(crate) struct Updates {
    /// None: this node was not started from a slot.
    desk: Option<Arc<Desk>>,
    events: Receiver<UpdateEvent>,
    /// Until the image on trial is judged.
    gate: Option<Gate>,
    version: Version,
    /// Why this node is not updated over the network, when it is not.
    obstacle: Option<&'static str>,
}

impl Updates {
    /// Finds out how this process was started (`running`), and begins where an earlier one was. `pinned` are the keys it
    /// believes, `version` is that of this program.
    ///
    /// # Errors
    /// When there is no thread.
    pub(crate) fn start(
        settings: &UpdateSettings,
        pinned: Option<Trust>,
        running: Option<RunningIn>,
        version: Version,
        trust: &cuelight_trust::Trust,
    ) -> io::Result<Self> {
        let (tell, events) = channel(EVENTS);
        let Some((running, slots, boot)) = running.and_then(|running| opened(running, settings)) else {
            let obstacle = Some("this node was not started by cuelight-launch");
            if pinned.is_some() {
                warn!("update keys are given, but this node was not started by cuelight-launch: it is not updated");
            }
            return Ok(Self { desk: None, events, gate: None, version, obstacle });
        };
        let image = boot.image(running.slot);
        let version = image.map_or(version, |image| image.version.clone());
        let gate = running.trial.map(|deadline| Gate::new(boot.needs_hub(), gate_limit(deadline)));
        info!(slot = running.slot.name(), %version, trial = ?running.trial, "started from a slot");
        let obstacle = pinned.is_none().then_some("no update keys are pinned on this node");
        if let Some(obstacle) = obstacle {
            warn!("{obstacle}: it is not updated over the network");
        }
        let updater =
            pinned.map(|pinned| Updater::new(slots.clone(), pinned, PRODUCT, &settings.channel, version.clone()));
        let desk = Arc::new(Desk::new(gate.is_some()));
        let http = Http::new(concat!("cuelight-node/", env!("CARGO_PKG_VERSION")), trust);
        let is_mortal = settings.fails_at.is_some();
        let worker = Worker { slots, updater, desk: desk.clone(), tell, http, is_mortal };
        thread::Builder::new().name("updates".into()).spawn(move || worker.run())?;
        Ok(Self { desk: Some(desk), events, gate, version, obstacle })
    }

    /// Whether the hub may offer images.
    pub(crate) const fn is_possible(&self) -> bool {
        self.obstacle.is_none()
    }
    /// The version that runs: of the slot's signed manifest where there is one, else of this program.
    pub(crate) const fn version(&self) -> &Version {
        &self.version
    }
    /// Whether this image still has to prove itself.
    pub(crate) const fn is_on_trial(&self) -> bool {
        self.gate.is_some()
    }

    /// The next thing to do; may be dropped and asked for again.
    pub(crate) async fn next(&mut self) -> UpdateEvent {
        match self.events.recv().await {
            Some(event) => event,
            // The thread is done, or there is none.
            None => std::future::pending().await,
        }
    }

    /// There is a session with a hub. `tells_lock`: it will say whether a show is armed.
    pub(crate) fn on_welcome(&self, tells_lock: bool) {
        self.with_desk(|desk| desk.welcome(tells_lock));
    }
    /// The session is over.
    pub(crate) fn on_session_end(&self) {
        self.with_desk(Desk::hub_gone);
    }
    /// The show that is armed now.
    pub(crate) fn on_show_lock(&self, show: Option<&str>) {
        self.with_desk(|desk| desk.arm(show));
    }
    /// The hub wants this node updated. The answer, if any, is to be told to it.
    pub(crate) fn on_offer(&self, update: &OtaUpdate) -> Option<UpdateReport> {
        match (&self.desk, self.obstacle, offer_of(update)) {
            (_, Some(obstacle), _) => {
                warn!(version = %update.version, "update refused: {obstacle}");
                Some(failed(obstacle, None))
            }
            (_, _, Err(why)) => {
                warn!(version = %update.version, "update refused: {why}");
                Some(failed(&why, None))
            }
            (Some(desk), None, Ok(offer)) => {
                desk.offer(offer);
                None
            }
            (None, None, Ok(_)) => None,
        }
    }

    /// The hub wants this node to leave an update off; what becomes of it is reported (OTA-21).
    pub(crate) fn on_stop(&self, stop: &OtaStop) {
        match stop.sha256.parse() {
            Ok(sha256) => self.with_desk(|desk| desk.stop(sha256)),
            Err(_) => warn!("the hub wants an update left off, but names none: {:?}", stop.sha256),
        }
    }

    /// How the node is, `age` after its start: the image on trial is judged by it.
    pub(crate) fn look(&mut self, health: &Health, age: Duration) {
        let Some(gate) = &mut self.gate else { return };
        let judgement = match gate.handle(health, age) {
            Verdict::Waiting => return,
            Verdict::Proven => Judgement::Proven,
            Verdict::Failed(trouble) => Judgement::GivesWay(trouble.to_string()),
        };
        self.gate = None;
        self.with_desk(|desk| desk.judge(judgement));
    }

    fn with_desk(&self, then: impl FnOnce(&Desk)) {
        if let Some(desk) = &self.desk {
            then(desk);
        }
    }
}

impl Drop for Updates {
    fn drop(&mut self) {
        // The thread may be in the middle of a part, which ends within the time-out of a request: nobody waits for it. What it
        // writes is whole or not there.
        self.with_desk(Desk::end);
    }
}

/// The slots this process runs from; none when they cannot be read, which keeps no light off.
fn opened(running: RunningIn, settings: &UpdateSettings) -> Option<(RunningIn, Slots, cuelight_update::slots::Boot)> {
    let mut slots = Slots::new(&running.folder);
    if let Some(point) = settings.fails_at {
        slots = slots.failing_at(point);
    }
    match slots.boot() {
        Ok(boot) => Some((running, slots, boot)),
        Err(error) => {
            warn!("the slots cannot be used: {error}; this node is not updated");
            None
        }
    }
}

/// When the gate gives up: so long before the launcher does that the reason and the good seconds still fit in.
fn gate_limit(deadline: Duration) -> Duration {
    deadline.saturating_sub(SETTLE + (deadline / 18).max(Duration::from_secs(1)))
}

/// What an `ota_update` offers; the manifest is on the same server.
fn offer_of(update: &OtaUpdate) -> Result<Offer, String> {
    let url = update.url.as_str();
    let path = ["http://", "https://"].into_iter().find_map(|scheme| {
        let rest = url.strip_prefix(scheme)?;
        Some(scheme.len() + rest.find('/')?)
    });
    let origin =
        path.map(|at| &url[..at]).ok_or_else(|| format!("the image's address {url:?} is no http://HOST/PATH"))?;
    let sha256: Digest = update.sha256.parse().map_err(|error| format!("the image's digest: {error}"))?;
    Ok(Offer {
        version: update.version.as_str().into(),
        url: url.into(),
        manifest_url: format!("{origin}/ota/manifest.json"),
        sha256,
        in_spite_of: update.in_spite_of.as_ref().map(|show| show.as_str().into()),
    })
}

impl UpdateSettings {
    /// Whom to believe; nobody when no keys are given.
    ///
    /// # Errors
    /// When too few keys are given, or one twice, or more signatures are wanted than there are keys.
    pub(crate) fn trust(&self) -> Result<Option<Trust>, BadKeys> {
        if self.keys.is_empty() {
            return Ok(None);
        }
        Ok(Some(Trust::new(self.keys.clone(), self.signatures)?))
    }
}

#[cfg(test)]
mod tests;
