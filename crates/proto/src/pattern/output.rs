//! What a session says.

use cuelight_wire::tlv::Dialect;

use super::Session;
use super::action::Action;
use super::answer::Answer;

impl Session {
    /// The next thing to do, in the order things happened.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next answer, and the dialect to write it in. Answers that nobody can be given may be left: a bounded number is
    /// kept (PATTERN-16).
    pub fn poll_answer(&mut self) -> Option<(Dialect, Answer)> {
        self.answers.pop_front()
    }

    /// Whether an answer waits.
    pub fn has_answers(&self) -> bool {
        !self.answers.is_empty()
    }

    pub(super) fn act(&mut self, action: Action) {
        if self.actions.is_full() {
            self.actions.pop_front();
        }
        // There is room: one was just removed if there was none.
        let _ = self.actions.push_back(action);
    }

    pub(super) fn answer_in(&mut self, dialect: Dialect, answer: Answer) {
        if self.answers.is_full() {
            self.answers.pop_front();
            self.counters.unread = self.counters.unread.saturating_add(1);
        }
        // There is room: one was just removed if there was none.
        let _ = self.answers.push_back((dialect, answer));
    }
}
