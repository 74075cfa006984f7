//! How far an upload is, on a terminal.

use cuelight_pattern::client::Progress;
use indicatif::{ProgressBar, ProgressStyle};

const TEMPLATE: &str = "{prefix} [{bar:40}] {percent:>3} %  {bytes} of {total_bytes}  {binary_bytes_per_sec}";

/// One upload's bar on standard error; where that is no terminal there is none.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// An upload of `total` bytes begins.
    pub(super) fn new(name: &str, total: usize) -> Self {
        let style = ProgressStyle::with_template(TEMPLATE).expect("the template is well-formed");
        let bar = ProgressBar::new(total as u64).with_style(style.progress_chars("=> ")).with_prefix(name.to_owned());
        Self(bar)
    }
    /// It is so far.
    pub(super) fn show(&self, progress: Progress) {
        self.0.set_position(progress.done as u64);
    }
    /// Says something above the bar.
    pub(super) fn say(&self, text: &str) {
        self.0.suspend(|| eprintln!("{text}"));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_without_a_terminal_only_counts() {
        let bar = Bar::new("waves", 100);
        bar.show(Progress { done: 60, total: 100 });
        // An upload that starts again goes back.
        bar.show(Progress { done: 40, total: 100 });
        assert_eq!((bar.0.position(), bar.0.length()), (40, Some(100)));
    }
}
