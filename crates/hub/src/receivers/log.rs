//! The newest commands to receivers, and what became of each.

use std::collections::VecDeque;

use cuelight_net::clock::wall_now;
use cuelight_wire::time::{Time, Wall};

use super::order::Order;

/// Commands that are kept; when there are more the oldest goes.
const KEPT: usize = 1_000;

/// Where a command is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It waits to be given out, for the first time or again.
    Queued,
    /// It was given out and is not acknowledged.
    Sent,
    /// It was carried out.
    Executed,
    /// It came to nothing: why.
    Failed(String),
}

impl State {
    /// The word for it.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Executed => "executed",
            Self::Failed(_) => "failed",
        }
    }
}

/// One command.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Counts the commands.
    pub(crate) number: u64,
    pub(crate) id: String,
    pub(crate) node: String,
    pub(crate) order: Order,
    pub(crate) ordered_at: Time<Wall>,
    pub(crate) state: State,
}

/// Oldest first.
#[derive(Debug, Default)]
pub(super) struct Log {
    newest: u64,
    entries: VecDeque<Entry>,
}

impl Log {
    pub(super) fn begin(&mut self, id: &str, node: &str, order: Order, state: State) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.newest += 1;
        self.entries.push_back(Entry {
            number: self.newest,
            id: id.to_owned(),
            node: node.to_owned(),
            order,
            ordered_at: wall_now(),
            state,
        });
    }

    /// What became of a command; nothing for one that is no longer kept.
    pub(super) fn set(&mut self, id: &str, state: State) {
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.id == id) {
            entry.state = state;
        }
    }

    /// Why the newest command to a node failed, if it did.
    pub(super) fn last_failure(&self, node: &str) -> Option<String> {
        let newest = self.entries.iter().rev().find(|entry| entry.node == node)?;
        if let State::Failed(why) = &newest.state { Some(format!("command {}: {why}", newest.id)) } else { None }
    }

    /// The newest before a number, newest first.
    pub(super) fn page(&self, before: Option<u64>, limit: usize) -> Vec<Entry> {
        let is_before = |entry: &&Entry| before.is_none_or(|before| entry.number < before);
        self.entries.iter().rev().filter(is_before).take(limit).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_thousand_are_kept_and_read_in_pages() {
        let mut log = Log::default();
        for n in 0..KEPT + 5 {
            log.begin(&n.to_string(), "node-01", Order::Clear {}, State::Queued);
        }
        log.set("1004", State::Executed);
        log.set("0", State::Executed);
        let first = log.page(None, 2);
        assert_eq!(first.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["1004", "1003"]);
        assert_eq!((first[0].state.word(), first[1].state.word()), ("executed", "queued"));
        let rest = log.page(Some(first[1].number), KEPT);
        assert_eq!((rest.len(), rest[0].id.as_str(), rest.last().unwrap().id.as_str()), (KEPT - 2, "1002", "5"));
    }
}
