//! How a database is, for people: the log, `/health`, and an event.

use serde_json::json;

use crate::events::Told;

/// How a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It is read and written.
    Good,
    /// Writing fails at present, the disk being full or the like; every write is tried.
    Failing {
        /// What the system says.
        why: String,
    },
    /// Nothing is written in this run of the hub: what there is comes from elsewhere.
    Replaced {
        /// What is wrong with the file, what is read instead, and what to do.
        why: String,
    },
    /// It turned out to be damaged while the hub ran; it is still read as far as it goes.
    Damaged {
        /// What is wrong.
        why: String,
    },
}

impl Condition {
    /// Whether changes are worth trying.
    pub(crate) fn is_writable(&self) -> bool {
        matches!(self, Self::Good | Self::Failing { .. })
    }

    /// The word for it.
    const fn word(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Failing { .. } => "failing",
            Self::Replaced { .. } => "read-only",
            Self::Damaged { .. } => "damaged",
        }
    }

    /// What is wrong, in a sentence.
    pub(crate) fn why(&self) -> Option<&str> {
        match self {
            Self::Good => None,
            Self::Failing { why } | Self::Replaced { why } | Self::Damaged { why } => Some(why),
        }
    }

    /// What is told when it has become so.
    pub(super) fn told(&self, file: &str) -> Told {
        Told::new("hub.storage", json!({ "file": file, "state": self.word(), "why": self.why() }))
    }
}
