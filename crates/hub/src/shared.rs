//! What every connection and request sees of the hub.

use std::sync::Arc;

use arc_swap::ArcSwap;
use cuelight_conductor::Snapshot;
use cuelight_net::clock::LocalClock;
use cuelight_pattern::service::Service;
use cuelight_wire::time::{Local, Time};
use tokio::sync::Semaphore;

use crate::access_point::Facts;
use crate::accounts::Accounts;
use crate::api::plain::MayBePlain;
use crate::api::{Documents, Repeats};
use crate::audit::Audit;
use crate::chronicle::Chronicle;
use crate::database::Database;
use crate::distribution::Distribution;
use crate::events::Events;
use crate::front::Shares;
use crate::images::Images;
use crate::inbox::Inbox;
use crate::keeper::SaveTrouble;
use crate::live::Live;
use crate::pairing::Pairings;
use crate::patterns::Patterns;
use crate::receivers::Receivers;
use crate::session::Lines;
use crate::shows::Shows;
use crate::store::DataFolder;
use crate::tls::Tls;

/// Cheap to clone; holds no lock that the tick thread takes.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    /// The way to the tick thread.
    pub(crate) inbox: Inbox,
    /// The newest snapshot; the tick thread swaps it ten times a second and after each command.
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    /// The hub's clock.
    pub(crate) clock: LocalClock,
    /// Control connections, to be tested.
    pub(crate) lines: Lines,
    /// Who may do what.
    pub(crate) accounts: Accounts,
    /// Where it is written down who did what.
    pub(crate) audit: Audit,
    /// Names of the hub besides those that only its network can have given it.
    pub(crate) host_names: Arc<[String]>,
    /// Who the hub is to those that speak TLS with it.
    pub(crate) tls: Tls,
    /// Which nodes belong to the show.
    pub(crate) pairings: Pairings,
    /// What other machines may ask for in plain text.
    pub(crate) may_be_plain: MayBePlain,
    /// Room for control connections.
    pub(crate) connections: Arc<Semaphore>,
    /// Answers to requests that may come again.
    pub(crate) repeats: Repeats,
    /// Held by whoever changes a document.
    pub(crate) documents: Documents,
    /// What the access point is doing, when the hub is one.
    pub(crate) access_point: Option<Facts>,
    /// The patterns it has.
    pub(crate) patterns: Patterns,
    /// How far each node has come with them.
    pub(crate) distribution: Distribution,
    /// What takes patterns from clients.
    pub(crate) uploads: Service,
    /// Whether clients of other machines need no key for it.
    pub(crate) patterns_are_open: bool,
    /// The show files it has.
    pub(crate) shows: Shows,
    /// The images it has for its nodes.
    pub(crate) images: Images,
    /// Room for images being fetched.
    pub(crate) downloads: Arc<Semaphore>,
    /// How many each address fetches.
    pub(crate) download_shares: Shares,
    /// Programs that follow over HTTP.
    pub(crate) receivers: Receivers,
    /// The data folder.
    pub(crate) folder: DataFolder,
    /// Room for backups being made.
    pub(crate) backups: Arc<Semaphore>,
    /// What people made: documents, registrations.
    pub(crate) library: Database,
    /// What is kept of what has happened: commands, figures.
    pub(crate) chronicle: Chronicle,
    /// Why the show is not saved, while it is not.
    pub(crate) save_trouble: SaveTrouble,
    /// What has happened.
    pub(crate) events: Events,
    /// What is kept up to date for whoever watches.
    pub(crate) live: Live,
    /// When the hub started.
    pub(crate) started_at: Time<Local>,
}

impl Shared {
    /// What is dangerous about how this hub is set up, and about its disk, one sentence each.
    pub(crate) fn risks(&self) -> Vec<String> {
        let mut risks = self.access_point.as_ref().map_or_else(Vec::new, |facts| facts.settings.risks());
        if self.accounts.trusts_this_machine() {
            let risk =
                "everybody on the hub's own machine is an admin without a key: --trust-this-machine off wants one";
            risks.push(risk.to_owned());
        }
        if self.patterns_are_open {
            let risk = "anybody on the network may upload, delete and play patterns: --open-patterns off wants the key";
            risks.push(risk.to_owned());
        }
        for condition in [self.library.condition(), self.chronicle.condition()] {
            risks.extend(condition.why().map(str::to_owned));
        }
        risks.extend(self.save_trouble.get());
        if self.may_be_plain.all {
            let risk = "the network sees everything in plain text, keys too: --plain-http off wants TLS";
            risks.push(risk.to_owned());
        }
        if self.pairings.admits_all() {
            risks.push("whoever asks to join is a node of the show: --admit-all off asks you first".to_owned());
        }
        if self.may_be_plain.deployed {
            let risk = "whoever says to be a deployed device is let in, in plain text: --allow-legacy off wants TLS";
            risks.push(risk.to_owned());
        }
        risks
    }
}
