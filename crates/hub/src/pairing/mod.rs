//! Which nodes belong to the show (`docs/protocol/15-trust.md`): a node shows a key over TLS, an operator admits it once, and
//! from then on only that key speaks for that node.
//!
//! | module | idea |
//! |---|---|
//! | `rules` | who is let in, who waits, who is refused; no I/O |
//! | `keys` | keys that were given in a file, to be admitted without asking |

mod keys;
mod rules;

use std::future::pending;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cuelight_disk::replace;
use cuelight_trust::{Code, KeyHash, Pin};
use cuelight_wire::control::{Hello, Refusal};
use cuelight_wire::ids::Mac;
use serde_json::json;
use tokio::sync::{Mutex as Turn, Notify, watch};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::{error, info, warn};

use crate::events::{Events, Told};
use crate::settings::HubSettings;
use crate::store::DataFolder;
pub(crate) use keys::BadKeys;
use rules::{Asking, Rules, Saved, Verdict};
pub(crate) use rules::{Settled, Waiting};

/// File of the nodes that were admitted.
const FILE: &str = "pairings.json";
/// Nodes that are admitted by themselves come in crowds: what changed is written once for all of a second.
const GATHER: Duration = Duration::from_secs(1);

/// By what a node is known on its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A key, shown over TLS.
    Key(KeyHash),
    /// None. Whether the connection comes from this machine.
    Nothing {
        /// So.
        is_local: bool,
    },
}

/// The nodes of the show and those that ask to join. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Pairings {
    rules: Arc<Mutex<Rules>>,
    /// To be written.
    changed: Arc<Notify>,
    /// Held by whoever writes, so that a list is never replaced by an older one.
    turn: Arc<Turn<()>>,
    /// Changes when somebody was refused.
    refusals: watch::Sender<()>,
    path: Arc<PathBuf>,
    authority: Pin,
    events: Events,
}

impl Pairings {
    pub(crate) fn open(
        settings: &HubSettings,
        folder: &DataFolder,
        authority: Pin,
        events: Events,
    ) -> Result<Self, BadKeys> {
        let saved = folder.read::<Saved>(FILE).unwrap_or_default();
        let expected = settings.admit_keys.as_deref().map(keys::read).transpose()?.unwrap_or_default();
        let rules = Rules::new(saved, expected, settings.admit_all, settings.allow_legacy);
        let path = Arc::new(folder.path().join(FILE));
        let (rules, refusals) = (Arc::new(Mutex::new(rules)), watch::Sender::new(()));
        Ok(Self { rules, changed: Arc::default(), turn: Arc::default(), refusals, path, authority, events })
    }

    /// Whether the node that says this hello is let in, and for how long.
    pub(crate) fn judge(&self, hello: &Hello, ip: IpAddr, credential: Credential) -> Result<Membership, Refusal> {
        let asking = Asking {
            mac: hello.mac,
            name: hello.name.as_ref().map(|name| name.as_str().to_owned()),
            ip,
            at_s: now_s(),
        };
        let refusals = self.refusals.subscribe();
        let verdict = self.rules().handle_hello(asking, credential);
        let membership = || Membership { pairings: self.clone(), mac: hello.mac, credential, refusals };
        match verdict {
            Verdict::LetIn => Ok(membership()),
            Verdict::Admitted(key) => {
                self.changed.notify_one();
                let code = self.code(key);
                info!(mac = %hello.mac, %ip, %code, "node admitted");
                Ok(membership())
            }
            Verdict::Refused(refusal) => Err(refusal),
            Verdict::Waits { key, is_new } => {
                if is_new {
                    let code = self.code(key);
                    warn!(mac = %hello.mac, %ip, %code, "a node asks to join: where it shows the same code, admit it with `cuelight pairing admit {code}`");
                    let told = json!({ "code": code.to_string(), "mac": hello.mac.to_string(), "ip": ip.to_string() });
                    self.events.add(Told::new("node.asks", told));
                }
                Err(Refusal::NotAdmitted)
            }
        }
    }

    /// A node with this key asks to join.
    #[cfg(test)]
    pub(crate) fn ask_as(&self, mac: Mac, key: KeyHash) {
        let asking = Asking { mac, name: None, ip: [10, 0, 0, 7].into(), at_s: 0 };
        self.rules().handle_hello(asking, Credential::Key(key));
    }
    /// The code of a node's key, as the node shows it.
    pub(crate) fn code(&self, key: KeyHash) -> Code {
        Code::of(key, self.authority)
    }
    /// Those that ask to join, in the order they came.
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        self.rules().waiting().to_vec()
    }
    /// Those that belong to the show, by their MAC addresses.
    pub(crate) fn admitted(&self) -> Vec<Settled> {
        self.rules().admitted()
    }
    /// Those that were refused, the oldest first.
    pub(crate) fn refused(&self) -> Vec<Settled> {
        self.rules().refused().to_vec()
    }
    /// Whether whoever asks is admitted.
    pub(crate) fn admits_all(&self) -> bool {
        self.rules().admits_all()
    }

    /// Admits the nodes of this code that wait or were refused; which those are. It is on the disk when this returns.
    pub(crate) async fn admit(&self, code: Code) -> io::Result<Vec<Mac>> {
        let admitted = self.rules().admit(|key| self.code(key) == code, now_s());
        self.keep_if(!admitted.is_empty()).await?;
        admitted.iter().for_each(|mac| info!(%mac, %code, "node admitted"));
        Ok(admitted)
    }

    /// Refuses the nodes of this code, whether they wait or were admitted: they are not told of again, and their sessions end.
    /// Which those are. It is on the disk when this returns.
    pub(crate) async fn refuse(&self, code: Code) -> io::Result<Vec<Mac>> {
        let refused = self.rules().refuse(|key| self.code(key) == code, now_s());
        self.refusals.send_replace(());
        self.keep_if(!refused.is_empty()).await?;
        refused.iter().for_each(|mac| info!(%mac, %code, "node refused"));
        Ok(refused)
    }

    /// Writes what changed by itself, for as long as the hub runs.
    pub(crate) async fn look_after(self) {
        loop {
            self.changed.notified().await;
            sleep(GATHER).await;
            if let Err(problem) = self.keep().await {
                error!("admitted nodes cannot be kept in {}: {problem}; they are asked again", self.path.display());
            }
        }
    }

    async fn keep_if(&self, has_changed: bool) -> io::Result<()> {
        if has_changed { self.keep().await } else { Ok(()) }
    }
    /// Puts the list on the disk. Nodes that come meanwhile are in the next one.
    pub(crate) async fn keep(&self) -> io::Result<()> {
        let _turn = self.turn.lock().await;
        let (text, path) = (serde_json::to_vec_pretty(&self.rules().saved())?, self.path.clone());
        spawn_blocking(move || replace(&path, &text, 0o600, true)).await.map_err(io::Error::other)?
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        // Nothing that panics is done under the lock, and nothing that waits.
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That a node was let in, for as long as nobody refuses it.
#[derive(Debug)]
pub(crate) struct Membership {
    pairings: Pairings,
    mac: Mac,
    credential: Credential,
    refusals: watch::Receiver<()>,
}

impl Membership {
    /// Waits until it no longer belongs to the show. One that needed no key is not known by any, and stays.
    pub(crate) async fn ended(&mut self) {
        let Credential::Key(key) = self.credential else { return pending().await };
        while self.pairings.rules().still_belongs(self.mac, key) {
            // The sender lives as long as the pairings that this has.
            let _ = self.refusals.changed().await;
        }
    }
}

/// Seconds of the wall clock.
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
