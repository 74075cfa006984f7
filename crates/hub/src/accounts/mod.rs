//! People, roles, keys and sessions: who may do what on this hub (ACC-1 to ACC-8).
//!
//! | module | idea |
//! |---|---|
//! | `role` | what a caller may do, and what a call wants |
//! | `caller` | who makes a request |
//! | `secret` | keys, sessions and codes: made, found, compared |
//! | `password` | what is kept of a password |
//! | `directory` | who there is |
//! | `setup` | the first admin |
//! | `limits` | how often somebody may call |
//!
//! All of it is read from memory. What changes is on the disk before it is answered, in `accounts.json`, which is readable by
//! its owner only and has neither passwords nor keys in it, only what they are compared with.

mod caller;
mod directory;
mod limits;
pub(crate) mod password;
mod role;
mod secret;
mod setup;

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cuelight_disk::replace;
use cuelight_net::clock::wall_now;
use cuelight_wire::time::{Local, Span, Time, Wall};
use thiserror::Error;
use tokio::task::spawn_blocking;

pub(crate) use caller::{Caller, Via};
pub(crate) use directory::{Account, Directory, Grant, Key, Refused, Session};
pub(crate) use limits::{Neighbourhood, Who};
use password::{BadPassword, Busy, Cost, Passwords};
pub(crate) use role::{Least, Role};
pub(crate) use secret::SecretId;
use secret::{Kind, fresh, fresh_code};
use setup::Setup;

use self::limits::Limits;
use crate::store::{DataFolder, OperatorKey};

/// File of the directory.
const FILE: &str = "accounts.json";

/// Why something about accounts was not done.
#[derive(Debug, Error)]
pub(crate) enum NotDone {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    BadPassword(#[from] BadPassword),
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Nothing has changed then.
    #[error("it cannot be saved: {0}")]
    Unsaved(#[from] io::Error),
    #[error("account or password is wrong")]
    WrongPassword,
    #[error("the code is wrong or no longer good: the hub prints a new one on its console")]
    WrongCode,
    #[error("this hub has an account: log in with it")]
    IsSetUp,
}

/// What a new session is.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The whole secret, for the cookie.
    pub(crate) secret: String,
    pub(crate) caller: Caller,
}

/// Who may do what. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Accounts(Arc<Inner>);

struct Inner {
    path: PathBuf,
    operator_key: OperatorKey,
    trusts_this_machine: bool,
    passwords: Passwords,
    directory: Mutex<Directory>,
    /// Held by whoever changes the directory, until it is saved.
    saving: Arc<tokio::sync::Mutex<()>>,
    setup: Mutex<Setup>,
    limits: Mutex<Limits>,
}

/// How accounts are to be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Whether who is on this machine is an admin without a key.
    pub(crate) trusts_this_machine: bool,
    pub(crate) reads_per_s: u32,
    pub(crate) writes_per_s: u32,
    pub(crate) cost: Cost,
}

impl Accounts {
    /// Those of a data folder.
    pub(crate) fn open(folder: &DataFolder, operator_key: OperatorKey, terms: Terms) -> Self {
        let Terms { trusts_this_machine, reads_per_s, writes_per_s, cost } = terms;
        Self(Arc::new(Inner {
            path: folder.path().join(FILE),
            operator_key,
            trusts_this_machine,
            passwords: Passwords::new(cost),
            directory: Mutex::new(folder.read(FILE).unwrap_or_default()),
            saving: Arc::default(),
            setup: Mutex::default(),
            limits: Mutex::new(Limits::new(reads_per_s, writes_per_s)),
        }))
    }

    /// Whether who is on this machine is an admin without a key.
    pub(crate) fn trusts_this_machine(&self) -> bool {
        self.0.trusts_this_machine
    }

    /// Who shows this key.
    pub(crate) fn by_key(&self, given: &str) -> Option<Caller> {
        if self.0.operator_key.matches(given) {
            let name = "operator.key".to_owned();
            return Some(Caller { role: Role::Admin, name, via: Via::OperatorKey, expires_at: None, universes: None });
        }
        let id = SecretId::of(Kind::Key, given)?;
        let directory = self.directory();
        let key = directory.key(&id, given, wall_now())?;
        let Key { role, name, expires_at, universes, .. } = key.clone();
        Some(Caller { role, name, via: Via::Key(id), expires_at, universes })
    }

    /// Whose browser shows this session.
    pub(crate) fn by_session(&self, given: &str) -> Option<Caller> {
        let id = SecretId::of(Kind::Session, given)?;
        let directory = self.directory();
        let (session, role) = directory.session(&id, given, wall_now())?;
        let (name, expires_at) = (session.account.clone(), Some(session.expires_at));
        Some(Caller { role, name, via: Via::Session(id), expires_at, universes: None })
    }

    /// Whether somebody who was let in, and watches, may still do so.
    pub(crate) fn is_still_good(&self, caller: &Caller) -> bool {
        let (directory, now) = (self.directory(), wall_now());
        match &caller.via {
            Via::OperatorKey | Via::ThisMachine => true,
            Via::Key(id) => directory.keys.get(id).is_some_and(|key| key.expires_at.is_none_or(|end| now < end)),
            Via::Session(id) => directory.sessions.get(id).is_some_and(|session| now < session.expires_at),
        }
    }

    /// Who there is.
    pub(crate) fn directory(&self) -> MutexGuard<'_, Directory> {
        self.0.directory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request; or says how long to wait before the next.
    pub(crate) fn count(&self, who: Who, is_write: bool, now: Time<Local>) -> Result<(), Span> {
        self.limits().request(who, is_write, now)
    }

    /// Whether a refusal is to be written down by itself.
    pub(crate) fn count_refusal(&self, from: IpAddr, now: Time<Local>) -> bool {
        self.limits().refusal(from, now)
    }

    /// Counts a login.
    pub(crate) fn count_login(&self, from: IpAddr, account: &str, now: Time<Local>) -> Result<(), Span> {
        self.limits().login(from, account, now)
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.0.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn setup(&self) -> MutexGuard<'_, Setup> {
        self.0.setup.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the first account is still to be made.
    pub(crate) fn is_setup_needed(&self) -> bool {
        !self.0.trusts_this_machine && self.directory().accounts.is_empty()
    }

    /// The code that is to be printed, where one is needed and none is good.
    pub(crate) fn code_to_print(&self, now: Time<Local>) -> Option<String> {
        let fresh = || fresh_code().expect("the system gave random numbers when the hub started");
        if self.is_setup_needed() { self.setup().code_to_print(fresh, now) } else { None }
    }

    /// Makes the first account, an admin, for who has the code.
    pub(crate) async fn set_up(
        &self,
        code: &str,
        account: &str,
        password: String,
        now: Time<Local>,
    ) -> Result<(), NotDone> {
        if !self.is_setup_needed() {
            return Err(NotDone::IsSetUp);
        }
        if !self.setup().is_right(code, now) {
            return Err(NotDone::WrongCode);
        }
        let password = self.hashed(account, password).await?;
        self.change(|directory, now| match directory.accounts.is_empty() {
            // Two browsers may have had the code.
            false => Err(Refused::Taken(account.to_owned())),
            true => directory.add_account(account, Role::Admin, password, now),
        })
        .await?;
        self.setup().done();
        Ok(())
    }

    /// A session for who has the password.
    pub(crate) async fn log_in(
        &self,
        account: &str,
        password: String,
        address: IpAddr,
        is_remembered: bool,
    ) -> Result<Opened, NotDone> {
        self.check(account, password).await?;
        self.open_session(account, address, is_remembered).await
    }

    /// Whether this is the account's password.
    pub(crate) async fn check(&self, account: &str, password: String) -> Result<(), NotDone> {
        let kept = self.directory().accounts.get(&account.to_ascii_lowercase()).map(|entry| entry.password.clone());
        let is_right = self.0.passwords.is_right(kept, password).await?;
        if is_right { Ok(()) } else { Err(NotDone::WrongPassword) }
    }

    /// A session for somebody who has shown who it is.
    pub(crate) async fn open_session(
        &self,
        account: &str,
        address: IpAddr,
        is_remembered: bool,
    ) -> Result<Opened, NotDone> {
        let (id, secret) = fresh(Kind::Session)?;
        let (from, whole) = (address.to_canonical().to_string(), secret.clone());
        self.change(move |directory, now| directory.add_session((id, &whole), account, from, is_remembered, now))
            .await?;
        let caller = self.by_session(&secret).ok_or(NotDone::WrongPassword)?;
        Ok(Opened { secret, caller })
    }

    /// What is to be kept of a password that `account` may have.
    pub(crate) async fn hashed(&self, account: &str, password: String) -> Result<password::PasswordHash, NotDone> {
        password::check(account, &password)?;
        Ok(self.0.passwords.hash(password).await?)
    }

    /// A new key: its id, and the whole of it, which is kept nowhere.
    pub(crate) async fn add_key(
        &self,
        name: &str,
        grant: impl Into<Grant>,
        expires_at: Option<Time<Wall>>,
    ) -> Result<(SecretId, String), NotDone> {
        let (id, secret) = fresh(Kind::Key)?;
        let (own, whole, grant) = (id.clone(), secret.clone(), grant.into());
        self.change(move |directory, now| directory.add_key((own, &whole), name, grant, expires_at, now)).await?;
        Ok((id, secret))
    }

    /// Changes the directory. It is on the disk when this returns; where it cannot be saved it stays as it was.
    pub(crate) async fn change<T>(
        &self,
        edit: impl FnOnce(&mut Directory, Time<Wall>) -> Result<T, Refused>,
    ) -> Result<T, NotDone> {
        let alone = self.0.saving.clone().lock_owned().await;
        let mut changed = self.directory().clone();
        let done = edit(&mut changed, wall_now())?;
        let text = serde_json::to_vec(&changed).map_err(io::Error::other)?;
        let accounts = self.clone();
        // As one, also where nobody waits for it any more: what is saved is what holds.
        let saved = spawn_blocking(move || {
            let _alone = alone;
            replace(&accounts.0.path, &text, 0o600, true)?;
            *accounts.directory() = changed;
            io::Result::Ok(())
        });
        saved.await.map_err(|_| io::Error::other("the log says why"))??;
        Ok(done)
    }

    /// The code that was printed.
    #[cfg(test)]
    pub(crate) fn code(&self) -> String {
        self.setup().code()
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").field("trusts_this_machine", &self.trusts_this_machine).finish_non_exhaustive()
    }
}
