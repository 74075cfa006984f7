//! What a session wants done.

use super::Session;
use super::event::Output;

impl Session {
    /// The next thing to do, in the order things happened.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(super) fn output(&mut self, output: Output) {
        if self.outputs.is_full() {
            self.outputs.pop_front();
        }
        // There is room: one was just removed if there was none.
        let _ = self.outputs.push_back(output);
    }
}
