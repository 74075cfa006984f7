//! Entries, each bound to the one before: the hash of a line covers the hash of the line before it, so that nobody changes,
//! removes or slips in an entry without changing all that follow (AUD-1).

use cuelight_fetch::Digest;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

/// What stands before the hash of a line.
const HASH: &str = ",\"hash\":\"";

/// One entry, as a line of the log has it before its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// From 1, without gaps.
    pub number: u64,
    /// When, RFC 3339.
    pub at: String,
    /// The account or the name of the key; null where nobody is known.
    pub who: Option<String>,
    /// The role that was acted in.
    pub role: Option<String>,
    /// session, key or this-machine.
    pub via: Option<String>,
    /// The address.
    pub from: Option<String>,
    /// What was done or tried.
    pub what: String,
    /// `ok`, or the status and the reason.
    pub outcome: String,
    /// The hash of the entry before, 64 hex digits; zeros for the first.
    pub before: String,
}

/// The end of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last {
    /// Number of the last entry; 0 where there is none.
    pub number: u64,
    /// Its hash.
    pub hash: Digest,
}

impl Default for Last {
    fn default() -> Self {
        Self { number: 0, hash: Digest([0; 32]) }
    }
}

/// Where a chain is not whole.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Broken {
    /// A line is no entry.
    #[error("what follows entry {after} is no entry")]
    NoEntry {
        /// The last good one.
        after: u64,
    },
    /// An entry is not as it was written.
    #[error("entry {0} was changed: its hash is another")]
    Changed(u64),
    /// Entries are missing or were slipped in.
    #[error("entry {found} does not follow entry {after}: something was removed, slipped in or put elsewhere")]
    Cut {
        /// The last good one.
        after: u64,
        /// What comes next.
        found: u64,
    },
}

/// Makes the line of an entry, without a line feed, and the end of the chain after it.
pub(crate) fn line(entry: &Entry) -> (String, Last) {
    let text = serde_json::to_string(entry).expect("an entry is JSON");
    let hash = Digest::of(text.as_bytes());
    let open = text.strip_suffix('}').expect("an entry is an object");
    (format!("{open}{HASH}{hash}\"}}"), Last { number: entry.number, hash })
}

/// The entry of a line and its hash, where that is right; `Err` with its number where it is not.
pub(crate) fn read(line: &str) -> Result<(Entry, Digest), Option<u64>> {
    let (text, rest) = line.rsplit_once(HASH).ok_or(None)?;
    let told = rest.strip_suffix("\"}").ok_or(None)?;
    let text = format!("{text}}}");
    let entry: Entry = serde_json::from_str(&text).map_err(|_| None)?;
    let hash = Digest::of(text.as_bytes());
    if hash.to_string() == told { Ok((entry, hash)) } else { Err(Some(entry.number)) }
}

/// Looks at a chain line by line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checker {
    last: Option<Last>,
    first: u64,
}

impl Checker {
    /// The next line.
    ///
    /// # Errors
    /// Where the chain is not whole. What follows is not looked at then.
    pub fn next(&mut self, line: &str) -> Result<(), Broken> {
        let after = self.last.map_or(0, |last| last.number);
        let (entry, hash) = match read(line) {
            Ok(read) => read,
            Err(Some(number)) => return Err(Broken::Changed(number)),
            Err(None) => return Err(Broken::NoEntry { after }),
        };
        // The oldest file that is kept begins somewhere; from there on everything follows.
        let follows = match self.last {
            Some(last) => entry.number == last.number + 1 && entry.before == last.hash.to_string(),
            None => entry.number > 0 && (entry.number > 1 || entry.before == Last::default().hash.to_string()),
        };
        if !follows {
            return Err(Broken::Cut { after, found: entry.number });
        }
        if self.last.is_none() {
            self.first = entry.number;
        }
        self.last = Some(Last { number: entry.number, hash });
        Ok(())
    }

    /// The first entry that was looked at and the end of the chain; `None` before the first.
    pub fn seen(&self) -> Option<(u64, Last)> {
        self.last.map(|last| (self.first, last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64, before: Last) -> Entry {
        Entry {
            number,
            at: "2026-11-21T12:00:00.000Z".into(),
            who: Some("anna \",\"hash\":\"".into()),
            role: Some("admin".into()),
            via: None,
            from: Some("10.0.0.1".into()),
            what: "POST /api/v1/blackout".into(),
            outcome: "ok".into(),
            before: before.hash.to_string(),
        }
    }

    fn chain(count: u64) -> Vec<String> {
        let mut last = Last::default();
        let next = |number| {
            let (text, after) = line(&entry(number, last));
            last = after;
            text
        };
        (1..=count).map(next).collect()
    }

    fn check(lines: &[String]) -> Result<Option<(u64, Last)>, Broken> {
        let mut checker = Checker::default();
        lines.iter().try_for_each(|line| checker.next(line))?;
        Ok(checker.seen())
    }

    /// AUD-1
    #[test]
    fn a_chain_that_nobody_touched_is_whole_also_without_its_oldest_files() {
        let lines = chain(5);
        let (first, last) = check(&lines).unwrap().unwrap();
        assert_eq!((first, last.number), (1, 5));
        assert_eq!(check(&lines[2..]).unwrap(), Some((3, last)));
        assert_eq!(check(&[]), Ok(None));
        for line in &lines {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }

    /// AUD-1
    #[test]
    fn whatever_is_changed_removed_moved_or_slipped_in_is_found() {
        let lines = chain(5);
        let with = |edit: &dyn Fn(&mut Vec<String>)| {
            let mut lines = lines.clone();
            edit(&mut lines);
            check(&lines).unwrap_err()
        };
        assert_eq!(with(&|lines| lines[2] = lines[2].replace("blackout", "identify")), Broken::Changed(3));
        assert_eq!(with(&|lines| drop(lines.remove(2))), Broken::Cut { after: 2, found: 4 });
        assert_eq!(with(&|lines| lines.swap(1, 2)), Broken::Cut { after: 1, found: 3 });
        assert_eq!(with(&|lines| lines.insert(3, lines[2].clone())), Broken::Cut { after: 3, found: 3 });
        assert_eq!(with(&|lines| lines[3].push('x')), Broken::NoEntry { after: 3 });
        // An entry that somebody has made anew, with a right hash of its own.
        let forged = |lines: &mut Vec<String>| {
            let mut other = entry(3, Last::default());
            other.before = read(&lines[1]).unwrap().1.to_string();
            other.outcome = "refused".into();
            lines[2] = line(&other).0;
        };
        assert_eq!(with(&forged), Broken::Cut { after: 3, found: 4 });
        assert_eq!(
            with(&|lines| lines[0] = line(&entry(1, Last { number: 0, hash: Digest([1; 32]) })).0),
            Broken::Cut { after: 0, found: 1 }
        );
        for (at, byte) in lines[4].bytes().enumerate() {
            let mut text = lines[4].clone().into_bytes();
            text[at] = if byte == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(text).unwrap();
            assert!(check(&[lines[3].clone(), changed]).is_err(), "byte {at}");
        }
    }
}
