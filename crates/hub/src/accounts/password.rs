//! Passwords of people: Argon2id, whose cost is what protects a short secret (RFC 9106, ACC-3).
//!
//! Checking one takes tens of milliseconds and 19 MiB. So it is done beside the runtime's thread, two at a time, and a flood of
//! logins waits in a short line or is sent away: the show does not notice.

use std::fmt;
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Memory of one check, KiB, and passes over it: the least that OWASP's password storage cheat sheet names for Argon2id.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
/// Checks at once.
const AT_ONCE: usize = 2;
/// Logins that wait for their check; one more is told to come again.
const WAITING: usize = 16;
/// Characters of a password, at least: NIST SP 800-63B wants 8, and there is no second factor here.
const SHORTEST: usize = 10;
/// Characters of a password, at most: more is no better, and takes longer to look at.
const LONGEST: usize = 128;
const SALT: usize = 16;
const HASH: usize = 32;

/// What is kept of a password.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct PasswordHash {
    memory_kib: u32,
    passes: u32,
    salt: [u8; SALT],
    hash: [u8; HASH],
}

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum BadPassword {
    #[error("a password has {SHORTEST} to {LONGEST} characters")]
    Length,
    #[error("a password of so few different characters is guessed: take a sentence")]
    Monotonous,
    #[error("a password must not have the account's name in it")]
    Name,
}

/// Why a password is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many logins at once: try again in a moment")]
pub(crate) struct Busy;

/// What hashes and checks.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    cost: Cost,
    room: Arc<Semaphore>,
    line: Arc<Semaphore>,
}

/// What a check costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    memory_kib: u32,
    passes: u32,
}

impl Cost {
    /// What is wanted in earnest.
    #[cfg(not(test))]
    pub(crate) const FULL: Self = Self { memory_kib: MEMORY_KIB, passes: PASSES };
    /// As little as there is, for tests.
    #[cfg(test)]
    pub(crate) const LEAST: Self = Self { memory_kib: 8, passes: 1 };
}

/// Whether `password` can be one of `account`.
pub(crate) fn check(account: &str, password: &str) -> Result<(), BadPassword> {
    if !(SHORTEST..=LONGEST).contains(&password.chars().count()) {
        return Err(BadPassword::Length);
    }
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < 5 {
        return Err(BadPassword::Monotonous);
    }
    if account.len() > 2 && password.to_lowercase().contains(&account.to_lowercase()) {
        return Err(BadPassword::Name);
    }
    Ok(())
}

impl Passwords {
    pub(crate) fn new(cost: Cost) -> Self {
        let of = |places| Arc::new(Semaphore::new(places));
        Self { cost, room: of(AT_ONCE), line: of(AT_ONCE + WAITING) }
    }

    /// What is to be kept of `password`.
    pub(crate) async fn hash(&self, password: String) -> Result<PasswordHash, Busy> {
        let Cost { memory_kib, passes } = self.cost;
        self.beside(move || {
            let mut salt = [0; SALT];
            getrandom::fill(&mut salt).expect("the system gave random numbers when the hub started");
            PasswordHash { memory_kib, passes, salt, hash: derived(&password, &salt, memory_kib, passes) }
        })
        .await
    }

    /// Whether `password` is the one of which `kept` was kept. Without one it takes as long, so that nobody learns from the time
    /// it takes which accounts there are.
    pub(crate) async fn is_right(&self, kept: Option<PasswordHash>, password: String) -> Result<bool, Busy> {
        let Cost { memory_kib, passes } = self.cost;
        let (known, kept) = (kept.is_some(), kept.unwrap_or_default());
        self.beside(move || {
            let (memory_kib, passes) = if known { (kept.memory_kib, kept.passes) } else { (memory_kib, passes) };
            let given = derived(&password, &kept.salt, memory_kib, passes);
            known && bool::from(given.ct_eq(&kept.hash))
        })
        .await
    }

    async fn beside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let _in_line = self.line.try_acquire().map_err(|_| Busy)?;
        let place = self.room.clone().acquire_owned().await.expect("the semaphore is never closed");
        // The place is given back when the work is done, also where nobody waits for it any more.
        let work = spawn_blocking(move || {
            let _place = place;
            work()
        });
        work.await.map_err(|_| Busy)
    }
}

/// Argon2id, version 1.3, one lane.
fn derived(password: &str, salt: &[u8], memory_kib: u32, passes: u32) -> [u8; HASH] {
    let mut hash = [0; HASH];
    // Numbers that cannot be come only from a file that somebody edited; then no password is right.
    if let Ok(params) = Params::new(memory_kib.min(MEMORY_KIB), passes.min(PASSES), 1, Some(HASH)) {
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon.hash_password_into(password.as_bytes(), salt, &mut hash).expect("salt and hash have lengths that can be");
    } else {
        // Unequal to whatever is kept, but for one in 2^256.
        let _ = getrandom::fill(&mut hash);
    }
    hash
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// ACC-3
    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let passwords = Passwords::new(Cost::LEAST);
        let kept = passwords.hash("correct horse".into()).await.unwrap();
        let again = passwords.hash("correct horse".into()).await.unwrap();
        assert_ne!(kept.hash, again.hash, "each has its salt");
        let is_right = |kept: Option<&PasswordHash>, text: &str| passwords.is_right(kept.cloned(), text.to_owned());
        assert_eq!(is_right(Some(&kept), "correct horse").await, Ok(true));
        assert_eq!(is_right(Some(&kept), "correct horsf").await, Ok(false));
        assert_eq!(is_right(Some(&PasswordHash::default()), "").await, Ok(false), "a damaged one");
        assert_eq!(is_right(None, "").await, Ok(false));
        assert_eq!(format!("{kept:?}"), "PasswordHash(..)");
    }

    /// The vector of RFC 9106, section 5.3, has a secret and associated data, which are not used here; this one is from the
    /// reference implementation's test suite (`src/test.c`: version 0x13, t = 2, m = 256 KiB, p = 1, "password", "somesalt").
    #[test]
    fn it_is_argon2id() {
        let hex: String = derived("password", b"somesalt", 256, 2).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe");
    }

    /// ACC-3
    #[tokio::test]
    async fn a_flood_of_logins_is_sent_away() {
        let passwords = Passwords::new(Cost::LEAST);
        let all = passwords.room.clone().acquire_many_owned(2).await.unwrap();
        let mut waiting: Vec<_> = (0..18).map(|_| Box::pin(passwords.is_right(None, String::new()))).collect();
        for login in &mut waiting {
            assert_eq!(login.as_mut().now_or_never(), None);
        }
        assert_eq!(passwords.is_right(None, String::new()).await, Err(Busy));
        drop(waiting);
        drop(all);
        assert_eq!(passwords.is_right(None, String::new()).await, Ok(false));
    }

    #[test]
    fn weak_passwords_are_refused_with_what_is_wrong() {
        assert_eq!(check("anna", "short"), Err(BadPassword::Length));
        assert_eq!(check("anna", &"x".repeat(129)), Err(BadPassword::Length));
        assert_eq!(check("anna", "aaaaabbbbbb"), Err(BadPassword::Monotonous));
        assert_eq!(check("anna", "hello Anna 2026"), Err(BadPassword::Name));
        assert_eq!(check("anna", "grüne Laterne"), Ok(()));
    }
}
