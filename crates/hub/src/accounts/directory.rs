//! Who there is: accounts of people, keys of programs, sessions of browsers. Pure decisions; the caller saves what changed.
//!
//! All three are bounded. One account or key too many is refused; one session too many ends the oldest (ACC-3, ACC-4).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use cuelight_wire::time::{Span, Time, Wall};
use cuelight_wire::universes::UniverseRanges;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::password::PasswordHash;
use super::role::Role;
use super::secret::{Digest, SecretId};

/// Accounts, at most: a house has some dozens.
const MAX_ACCOUNTS: usize = 200;
/// Keys, at most: one for each of 1,000 receivers.
const MAX_KEYS: usize = 1_024;
/// Sessions of one account; one more ends the one that was used longest ago.
const MAX_SESSIONS: usize = 20;
/// Bytes of a name.
const MAX_NAME: usize = 64;
/// How long a session lasts: a long day of a show.
const SESSION: Span = Span::from_s(24 * 3_600);
/// How long one lasts on a device that is to be remembered.
const REMEMBERED: Span = Span::from_s(30 * 24 * 3_600);

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refused {
    /// No such thing.
    #[error("there is no {what} \"{name}\": list them")]
    Unknown { what: &'static str, name: String },
    /// It is there already.
    #[error("there is an account \"{0}\" already: choose another name, or change that one")]
    Taken(String),
    /// No room.
    #[error("there are {0} already, which is the most: remove one that is no longer used")]
    Full(String),
    /// A name that cannot be.
    #[error("a name has 1 to {MAX_NAME} letters, digits, dots, hyphens, underscores and @")]
    BadName,
    /// A role that people do not have.
    #[error("an account is a viewer, an operator or an admin; \"{0}\" is for keys of programs")]
    NotForPeople(Role),
    /// Nobody could give out rights any more.
    #[error("\"{0}\" is the only admin: make another one first")]
    LastAdmin(String),
}

/// An account of a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) role: Role,
    pub(crate) password: PasswordHash,
    #[serde(with = "wall_ms")]
    pub(crate) made_at: Time<Wall>,
}

/// A key of a program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) role: Role,
    digest: Digest,
    #[serde(with = "wall_ms")]
    pub(crate) made_at: Time<Wall>,
    #[serde(with = "wall_ms_if_any", default)]
    pub(crate) expires_at: Option<Time<Wall>>,
    /// The universes that whoever has it may drive; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) universes: Option<UniverseRanges>,
    pub(crate) used: Used,
}

/// What a key is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) role: Role,
    /// The universes that whoever has it may drive; `None`: all.
    pub(crate) universes: Option<UniverseRanges>,
}

impl From<Role> for Grant {
    fn from(role: Role) -> Self {
        Self { role, universes: None }
    }
}

/// A session of a browser.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) account: String,
    digest: Digest,
    /// Where it began.
    pub(crate) address: String,
    pub(crate) is_remembered: bool,
    #[serde(with = "wall_ms")]
    pub(crate) made_at: Time<Wall>,
    #[serde(with = "wall_ms")]
    pub(crate) expires_at: Time<Wall>,
    pub(crate) used: Used,
}

/// When something was used last. It is shared by copies, so that using it is no change that has to be saved at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Used(Arc<AtomicI64>);

impl Used {
    pub(crate) fn at(&self) -> Option<Time<Wall>> {
        Some(self.0.load(Ordering::Relaxed)).filter(|ms| *ms != 0).map(wall_ms::of)
    }
    fn now(&self, now: Time<Wall>) {
        self.0.store(wall_ms::ms(now), Ordering::Relaxed);
    }
}

/// Who there is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Directory {
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) keys: BTreeMap<SecretId, Key>,
    pub(crate) sessions: BTreeMap<SecretId, Session>,
}

/// A name as it is kept; case does not matter.
pub(crate) fn name(text: &str) -> Result<String, Refused> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'@');
    if (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_allowed) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(Refused::BadName)
    }
}

impl Directory {
    /// A new account.
    pub(crate) fn add_account(
        &mut self,
        account: &str,
        role: Role,
        password: PasswordHash,
        now: Time<Wall>,
    ) -> Result<(), Refused> {
        let account = name(account)?;
        is_for_people(role)?;
        if self.accounts.contains_key(&account) {
            return Err(Refused::Taken(account));
        }
        if self.accounts.len() == MAX_ACCOUNTS {
            return Err(Refused::Full(format!("{MAX_ACCOUNTS} accounts")));
        }
        self.accounts.insert(account, Account { role, password, made_at: now });
        Ok(())
    }

    /// Gives an account another role, another password, or both. With another password all its sessions end but `kept`.
    pub(crate) fn change_account(
        &mut self,
        account: &str,
        role: Option<Role>,
        password: Option<PasswordHash>,
        kept: Option<&SecretId>,
    ) -> Result<(), Refused> {
        let account = self.known(account)?;
        if let Some(role) = role {
            is_for_people(role)?;
            if role != Role::Admin {
                self.not_the_last_admin(&account)?;
            }
        }
        let entry = self.accounts.get_mut(&account).expect("it was found");
        entry.role = role.unwrap_or(entry.role);
        if let Some(password) = password {
            entry.password = password;
            self.sessions.retain(|id, session| session.account != account || Some(id) == kept);
        }
        Ok(())
    }

    /// Removes an account with its sessions.
    pub(crate) fn remove_account(&mut self, account: &str) -> Result<(), Refused> {
        let account = self.known(account)?;
        self.not_the_last_admin(&account)?;
        self.accounts.remove(&account);
        self.sessions.retain(|_, session| session.account != account);
        Ok(())
    }

    fn known(&self, account: &str) -> Result<String, Refused> {
        let found = name(account).ok().filter(|account| self.accounts.contains_key(account));
        found.ok_or_else(|| Refused::Unknown { what: "account", name: shown(account) })
    }

    fn not_the_last_admin(&self, account: &str) -> Result<(), Refused> {
        let mut admins = self.accounts.iter().filter(|(_, entry)| entry.role == Role::Admin).map(|(name, _)| name);
        match (admins.next(), admins.next()) {
            (Some(only), None) if only == account => Err(Refused::LastAdmin(account.to_owned())),
            _ => Ok(()),
        }
    }

    /// A new key. Those that have expired make room for it.
    pub(crate) fn add_key(
        &mut self,
        (id, secret): (SecretId, &str),
        key_name: &str,
        grant: impl Into<Grant>,
        expires_at: Option<Time<Wall>>,
        now: Time<Wall>,
    ) -> Result<(), Refused> {
        let name = name(key_name)?;
        if self.keys.len() >= MAX_KEYS {
            self.keys.retain(|_, key| key.expires_at.is_none_or(|end| now < end));
        }
        if self.keys.len() >= MAX_KEYS {
            return Err(Refused::Full(format!("{MAX_KEYS} keys")));
        }
        let (Grant { role, universes }, used) = (grant.into(), Used::default());
        let digest = Digest::of(secret);
        self.keys.insert(id, Key { name, role, digest, made_at: now, expires_at, universes, used });
        Ok(())
    }

    /// Ends a key.
    pub(crate) fn remove_key(&mut self, id: &str) -> Result<Key, Refused> {
        let removed = self.keys.remove(&SecretId::named(id));
        removed.ok_or_else(|| Refused::Unknown { what: "key", name: shown(id) })
    }

    /// The key that a program shows, where it is good.
    pub(crate) fn key(&self, id: &SecretId, secret: &str, now: Time<Wall>) -> Option<&Key> {
        let key = self.keys.get(id).filter(|key| key.digest.is_of(secret))?;
        let is_good = key.expires_at.is_none_or(|end| now < end);
        is_good.then(|| key.used.now(now)).map(|()| key)
    }

    /// A new session; those that have ended make room for it, then the one of this account that was used longest ago.
    pub(crate) fn add_session(
        &mut self,
        (id, secret): (SecretId, &str),
        account: &str,
        address: String,
        is_remembered: bool,
        now: Time<Wall>,
    ) -> Result<Time<Wall>, Refused> {
        let account = self.known(account)?;
        self.sessions.retain(|_, session| now < session.expires_at);
        let of_account = || self.sessions.iter().filter(|(_, session)| session.account == account);
        if of_account().count() >= MAX_SESSIONS {
            let oldest = of_account().min_by_key(|(_, session)| session.used.at()).map(|(id, _)| id.clone());
            oldest.and_then(|oldest| self.sessions.remove(&oldest));
        }
        let expires_at = now + if is_remembered { REMEMBERED } else { SESSION };
        let (digest, used) = (Digest::of(secret), Used::default());
        used.now(now);
        let session = Session { account, digest, address, is_remembered, made_at: now, expires_at, used };
        self.sessions.insert(id, session);
        Ok(expires_at)
    }

    /// Ends a session, of `account` where one is named.
    pub(crate) fn remove_session(&mut self, id: &str, account: Option<&str>) -> Result<Session, Refused> {
        let id = SecretId::named(id);
        let is_there =
            self.sessions.get(&id).is_some_and(|session| account.is_none_or(|account| session.account == account));
        let removed = if is_there { self.sessions.remove(&id) } else { None };
        removed.ok_or_else(|| Refused::Unknown { what: "session", name: shown(id.as_str()) })
    }

    /// The session that a browser shows, where it is good, and its account's role.
    pub(crate) fn session(&self, id: &SecretId, secret: &str, now: Time<Wall>) -> Option<(&Session, Role)> {
        let session = self.sessions.get(id).filter(|session| session.digest.is_of(secret))?;
        let role = self.accounts.get(&session.account)?.role;
        (now < session.expires_at).then(|| session.used.now(now)).map(|()| (session, role))
    }
}

fn is_for_people(role: Role) -> Result<(), Refused> {
    if role.is_for_people() { Ok(()) } else { Err(Refused::NotForPeople(role)) }
}

/// What somebody named, as far as an answer repeats it.
fn shown(text: &str) -> String {
    text.chars().take(MAX_NAME).collect()
}

impl Serialize for Used {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.load(Ordering::Relaxed).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Used {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(|ms| Self(Arc::new(AtomicI64::new(ms))))
    }
}

/// Instants as milliseconds since 1970.
mod wall_ms {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Time, Wall};

    const NS: i64 = 1_000_000;

    pub(super) fn ms(at: Time<Wall>) -> i64 {
        at.as_ns().div_euclid(NS)
    }
    /// What cannot be is the end of time, not a wrong instant.
    pub(super) fn of(ms: i64) -> Time<Wall> {
        Time::from_ns(ms.saturating_mul(NS))
    }
    pub(super) fn serialize<S: Serializer>(at: &Time<Wall>, serializer: S) -> Result<S::Ok, S::Error> {
        ms(*at).serialize(serializer)
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time<Wall>, D::Error> {
        i64::deserialize(deserializer).map(of)
    }
}

/// The same, of what may not be.
mod wall_ms_if_any {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Time, Wall, wall_ms};

    pub(super) fn serialize<S: Serializer>(at: &Option<Time<Wall>>, serializer: S) -> Result<S::Ok, S::Error> {
        at.map(wall_ms::ms).serialize(serializer)
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time<Wall>>, D::Error> {
        Option::<i64>::deserialize(deserializer).map(|ms| ms.map(wall_ms::of))
    }
}

#[cfg(test)]
mod tests {
    use super::super::secret::{Kind, fresh};
    use super::*;

    fn at_s(s: i64) -> Time<Wall> {
        Time::from_ns(s * 1_000_000_000)
    }

    fn with_admin() -> Directory {
        let mut directory = Directory::default();
        directory.add_account("Anna", Role::Admin, PasswordHash::default(), at_s(1)).unwrap();
        directory
    }

    /// A session of `account` that began at `now`, as the browser shows it.
    fn log_in(directory: &mut Directory, account: &str, is_remembered: bool, now: Time<Wall>) -> (SecretId, String) {
        let (id, secret) = fresh(Kind::Session).unwrap();
        directory.add_session((id.clone(), &secret), account, "10.0.0.1".into(), is_remembered, now).unwrap();
        (id, secret)
    }

    /// ACC-3
    #[test]
    fn there_is_always_an_admin_and_names_are_one_whatever_their_case() {
        let mut directory = with_admin();
        assert_eq!(
            directory.add_account("ANNA", Role::Viewer, PasswordHash::default(), at_s(1)),
            Err(Refused::Taken("anna".into()))
        );
        assert_eq!(directory.remove_account("anna"), Err(Refused::LastAdmin("anna".into())));
        assert_eq!(
            directory.change_account("anna", Some(Role::Operator), None, None),
            Err(Refused::LastAdmin("anna".into()))
        );
        directory.add_account("ben", Role::Admin, PasswordHash::default(), at_s(1)).unwrap();
        directory.remove_account("Anna").unwrap();
        assert!(matches!(directory.remove_account("anna"), Err(Refused::Unknown { .. })));
        for wrong in ["", "a b", "a/b", "ä", &"x".repeat(65)] {
            assert_eq!(
                directory.add_account(wrong, Role::Viewer, PasswordHash::default(), at_s(1)),
                Err(Refused::BadName)
            );
        }
        let refused = directory.add_account("robot", Role::Node, PasswordHash::default(), at_s(1));
        assert_eq!(refused, Err(Refused::NotForPeople(Role::Node)));
    }

    /// ACC-3
    #[test]
    fn what_is_kept_is_bounded() {
        let mut directory = with_admin();
        for n in 1..MAX_ACCOUNTS {
            directory.add_account(&format!("a{n}"), Role::Viewer, PasswordHash::default(), at_s(1)).unwrap();
        }
        assert!(matches!(
            directory.add_account("more", Role::Viewer, PasswordHash::default(), at_s(1)),
            Err(Refused::Full(_))
        ));
        let add = |directory: &mut Directory, now, end| {
            let (id, secret) = fresh(Kind::Key).unwrap();
            directory.add_key((id, &secret), "k", Role::Node, end, now)
        };
        for n in 0..MAX_KEYS {
            add(&mut directory, at_s(1), (n == 0).then(|| at_s(9))).unwrap();
        }
        assert!(matches!(add(&mut directory, at_s(8), None), Err(Refused::Full(_))));
        add(&mut directory, at_s(9), None).unwrap();
        assert_eq!(directory.keys.len(), MAX_KEYS, "an expired one made room");

        let first = log_in(&mut directory, "anna", false, at_s(1));
        let others: Vec<_> = (2..=20).map(|s| log_in(&mut directory, "anna", false, at_s(s))).collect();
        assert!(directory.session(&first.0, &first.1, at_s(30)).is_some(), "now it was used last");
        log_in(&mut directory, "anna", false, at_s(31));
        assert!(directory.session(&first.0, &first.1, at_s(32)).is_some());
        assert!(directory.session(&others[0].0, &others[0].1, at_s(32)).is_none());
        assert_eq!(directory.sessions.len(), MAX_SESSIONS);
    }

    /// ACC-2
    #[test]
    fn a_key_is_good_until_it_expires_or_is_revoked_and_only_whole() {
        let mut directory = with_admin();
        let (id, secret) = fresh(Kind::Key).unwrap();
        directory.add_key((id.clone(), &secret), "desk", Role::Operator, Some(at_s(10)), at_s(1)).unwrap();
        assert_eq!(directory.keys[&id].used.at(), None);
        let role = |directory: &Directory, secret: &str, now| directory.key(&id, secret, now).map(|key| key.role);
        assert_eq!(role(&directory, &secret, at_s(9)), Some(Role::Operator));
        assert_eq!(directory.keys[&id].used.at(), Some(at_s(9)));
        assert_eq!(role(&directory, &secret, at_s(10)), None);
        let other_end = if secret.ends_with('x') { 'y' } else { 'x' };
        let nearly = format!("{}{other_end}", &secret[..secret.len() - 1]);
        assert_eq!(role(&directory, &nearly, at_s(9)), None);
        directory.remove_key(id.as_str()).unwrap();
        assert_eq!(role(&directory, &secret, at_s(9)), None);
        assert!(matches!(directory.remove_key(id.as_str()), Err(Refused::Unknown { .. })));
    }

    /// ACC-4
    #[test]
    fn sessions_end_with_their_day_their_account_and_another_password() {
        let mut directory = with_admin();
        directory.add_account("ben", Role::Operator, PasswordHash::default(), at_s(1)).unwrap();
        let is_good = |directory: &Directory, (id, secret): &(SecretId, String), now| {
            directory.session(id, secret, now).is_some()
        };
        let day = log_in(&mut directory, "ben", false, at_s(0));
        let month = log_in(&mut directory, "Ben", true, at_s(0));
        let (a_day, a_month) = (24 * 3_600, 30 * 24 * 3_600);
        assert!(is_good(&directory, &day, at_s(a_day - 1)) && !is_good(&directory, &day, at_s(a_day)));
        assert!(is_good(&directory, &month, at_s(a_month - 1)) && !is_good(&directory, &month, at_s(a_month)));

        let anna = log_in(&mut directory, "anna", true, at_s(0));
        directory.change_account("ben", Some(Role::Viewer), None, None).unwrap();
        assert_eq!(directory.session(&month.0, &month.1, at_s(1)).unwrap().1, Role::Viewer, "at once");
        directory.change_account("ben", None, Some(PasswordHash::default()), Some(&month.0)).unwrap();
        assert!(is_good(&directory, &month, at_s(1)) && !is_good(&directory, &day, at_s(1)));
        assert!(directory.remove_session(anna.0.as_str(), Some("ben")).is_err(), "not his");
        directory.remove_account("ben").unwrap();
        assert!(!is_good(&directory, &month, at_s(1)) && is_good(&directory, &anna, at_s(1)));
        directory.remove_session(anna.0.as_str(), None).unwrap();
        assert!(!is_good(&directory, &anna, at_s(1)));
    }

    #[test]
    fn it_comes_back_from_a_file_as_it_was() {
        let mut directory = with_admin();
        let session = log_in(&mut directory, "anna", true, at_s(5));
        let (id, secret) = fresh(Kind::Key).unwrap();
        directory.add_key((id.clone(), &secret), "desk", Role::Metrics, None, at_s(1)).unwrap();
        let text = serde_json::to_string(&directory).unwrap();
        assert!(!text.contains(&secret) && !text.contains(&session.1));
        let back: Directory = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), text);
        assert!(back.key(&id, &secret, at_s(2)).is_some() && back.session(&session.0, &session.1, at_s(6)).is_some());
    }
}
