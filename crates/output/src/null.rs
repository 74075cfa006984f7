//! The output that puts frames nowhere: for a node that is only measured.

use crate::frame::{Frame, Output};

/// Takes frames and forgets them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Null;

impl Output for Null {
    fn emit(&mut self, _frame: &Frame<'_>) {}
    fn name(&self) -> &str {
        "null"
    }
}
