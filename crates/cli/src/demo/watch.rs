//! Waiting for something to become true.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often to look.
const EVERY: Duration = Duration::from_millis(5);

/// Looks until there is something, at most for `limit`; an error of `look` ends the wait.
pub(crate) fn until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            bail!("gave up after {limit:?} waiting until {what}");
        }
        sleep(EVERY);
    }
}
