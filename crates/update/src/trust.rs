//! The keys a node believes, and how they are replaced.
//!
//! At least two keys are pinned, so that the loss of one locks nobody out. A new list must be signed by enough of the old
//! keys, or whoever hands it out could make itself trusted, and by enough of the new ones, or a mistake in it would lock
//! its owner out (the rule of The Update Framework, section 5.3 of its specification).

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::key::{KeyId, PublicKey};
use crate::signed::{NotSigned, Purpose, Signed};

/// Keys of one list: no fewer, no more.
const KEYS: std::ops::RangeInclusive<usize> = 2..=8;

/// Why a list of keys is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadTrust {
    /// Too few or too many.
    #[error("{0} keys are given; pin 2 to 8, so that the loss of one key locks nobody out")]
    Count(usize),
    /// The same key twice.
    #[error("key {0} is there twice")]
    Twice(KeyId),
    /// More signatures wanted than keys, or none.
    #[error("{threshold} signatures are wanted of {keys} keys")]
    Threshold {
        /// Signatures wanted.
        threshold: usize,
        /// Keys.
        keys: usize,
    },
    /// The list is not newer.
    #[error("the list of keys is number {offered}; number {current} is already in force")]
    NotNewer {
        /// The list's number.
        offered: u64,
        /// The number of the list in force.
        current: u64,
    },
    /// It cannot be read.
    #[error("the list of keys cannot be read: {0}")]
    Malformed(String),
    /// Old or new keys have not signed it.
    #[error("the new list of keys is not believed: {0}")]
    NotSigned(#[from] NotSigned),
}

/// Keys and how many of them must have signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Trust {
    /// Counts the lists: a newer one has a larger number. 0 is the list a node was set up with.
    number: u64,
    keys: Vec<PublicKey>,
    threshold: usize,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    number: u64,
    keys: Vec<PublicKey>,
    threshold: usize,
}

impl TryFrom<Raw> for Trust {
    type Error = BadTrust;
    fn try_from(raw: Raw) -> Result<Self, BadTrust> {
        Ok(Self { number: raw.number, ..Self::new(raw.keys, raw.threshold)? })
    }
}

impl Trust {
    /// The keys a node is set up with.
    ///
    /// # Errors
    /// Unless there are 2 to 8 different keys and at least one and at most all of them must sign.
    pub fn new(keys: Vec<PublicKey>, threshold: usize) -> Result<Self, BadTrust> {
        if !KEYS.contains(&keys.len()) {
            return Err(BadTrust::Count(keys.len()));
        }
        if let Some((at, key)) = keys.iter().enumerate().find(|(at, key)| keys[..*at].contains(key)) {
            debug_assert!(at > 0, "a key is not its own predecessor");
            return Err(BadTrust::Twice(key.id()));
        }
        if !(1..=keys.len()).contains(&threshold) {
            return Err(BadTrust::Threshold { threshold, keys: keys.len() });
        }
        Ok(Self { number: 0, keys, threshold })
    }

    /// The same list under another number.
    pub fn numbered(self, number: u64) -> Self {
        Self { number, ..self }
    }
    /// The list's number.
    pub const fn number(&self) -> u64 {
        self.number
    }
    /// The keys.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }
    /// How many of them must have signed.
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// The list that `document` puts in place of this one.
    ///
    /// # Errors
    /// Unless it is newer, and signed by enough of the old and of the new keys.
    pub fn replaced_by(&self, document: &Signed) -> Result<Self, BadTrust> {
        let text = document.open(Purpose::Keys, self)?;
        let new: Self = serde_json::from_str(text).map_err(|error| BadTrust::Malformed(error.to_string()))?;
        document.open(Purpose::Keys, &new)?;
        if new.number <= self.number {
            return Err(BadTrust::NotNewer { offered: new.number, current: self.number });
        }
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_seed([seed; 32])
    }
    fn trust(seeds: &[u8], threshold: usize) -> Trust {
        Trust::new(seeds.iter().map(|seed| key(*seed).public()).collect(), threshold).unwrap()
    }
    fn document(new: &Trust, signers: &[u8]) -> Signed {
        let mut document = Signed::new(serde_json::to_string(new).unwrap());
        signers.iter().for_each(|seed| document.sign(Purpose::Keys, &key(*seed)));
        document
    }

    #[test]
    fn a_list_of_one_key_or_of_twins_is_refused() {
        let public = |seed| key(seed).public();
        assert_eq!(Trust::new(vec![public(1)], 1), Err(BadTrust::Count(1)));
        assert_eq!(Trust::new(vec![public(1), public(2), public(1)], 1), Err(BadTrust::Twice(public(1).id())));
        assert!(matches!(Trust::new(vec![public(1), public(2)], 3), Err(BadTrust::Threshold { .. })));
        assert!(matches!(Trust::new(vec![public(1), public(2)], 0), Err(BadTrust::Threshold { .. })));
    }

    #[test]
    fn a_new_list_needs_old_and_new_signers_and_a_larger_number() {
        let (old, new) = (trust(&[1, 2], 1), trust(&[3, 4], 2).numbered(1));
        assert_eq!(old.replaced_by(&document(&new, &[1, 3, 4])), Ok(new.clone()));
        assert!(matches!(old.replaced_by(&document(&new, &[3, 4])), Err(BadTrust::NotSigned(_))), "no old key");
        assert!(matches!(old.replaced_by(&document(&new, &[1, 3])), Err(BadTrust::NotSigned(_))), "one new key of two");
        let stale = trust(&[1, 2], 1);
        assert_eq!(old.replaced_by(&document(&stale, &[1])), Err(BadTrust::NotNewer { offered: 0, current: 0 }));
    }

    #[test]
    fn a_list_that_would_be_refused_cannot_come_in_as_text_either() {
        let text = format!(r#"{{"number":7,"keys":["{}"],"threshold":1}}"#, key(1).public());
        let error = serde_json::from_str::<Trust>(&text).unwrap_err().to_string();
        assert!(error.contains("pin 2 to 8"), "{error}");
    }
}
