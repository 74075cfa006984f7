//! Waiting for something to become true.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often to look.
const EVERY: Duration = Duration::from_millis(5);

/// It did not become true in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("gave up after {limit:?} waiting until {what}")]
pub struct GaveUp {
    /// What was waited for, as in "waiting until ...".
    pub what: String,
    /// How long.
    pub limit: Duration,
}

/// Looks every 5 ms until there is something, at most for `limit`.
///
/// # Errors
/// [`GaveUp`] after `limit`; an error of `look` ends the wait at once.
pub fn until<T, E: From<GaveUp>>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Result<Option<T>, E>,
) -> Result<T, E> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            return Err(GaveUp { what: what.to_owned(), limit }.into());
        }
        sleep(EVERY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_with_what_was_found_or_says_what_never_came() {
        let mut looks = 0;
        let found = until::<_, GaveUp>("the third look", Duration::from_secs(60), || {
            looks += 1;
            Ok((looks == 3).then_some(looks))
        });
        assert_eq!(found, Ok(3));
        let error = until::<(), GaveUp>("never", Duration::ZERO, || Ok(None)).unwrap_err();
        assert_eq!(error.to_string(), "gave up after 0ns waiting until never");
    }
}
