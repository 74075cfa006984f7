//! The last lines a program wrote on standard error, passed on as they come.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// Lines that are kept; the oldest is forgotten for a new one.
const LINES: usize = 200;
/// Bytes of a line that are kept; the rest of it is passed on but not kept.
const LINE: u64 = 4_096;

/// A thread that reads until the end of the stream.
#[derive(Debug)]
pub(super) struct Tail {
    lines: Arc<Mutex<VecDeque<String>>>,
    thread: JoinHandle<()>,
}

impl Tail {
    /// Reads `source`, and writes it to standard error.
    pub(super) fn of(source: impl Read + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(VecDeque::with_capacity(LINES)));
        let kept = lines.clone();
        let thread = thread::spawn(move || read(BufReader::new(source), &kept, &mut std::io::stderr()));
        Self { lines, thread }
    }

    /// What was kept. A program of which a child still holds the stream open is not waited for.
    pub(super) fn lines(self) -> Vec<String> {
        for _ in 0..20 {
            if self.thread.is_finished() {
                break;
            }
            thread::sleep(std::time::Duration::from_millis(10));
        }
        let lines = self.lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        lines.iter().cloned().collect()
    }
}

fn read(mut source: impl BufRead, kept: &Mutex<VecDeque<String>>, out: &mut impl Write) {
    let mut line = Vec::new();
    loop {
        line.clear();
        // A stream that breaks is one that ends.
        if source.by_ref().take(LINE).read_until(b'\n', &mut line).unwrap_or(0) == 0 {
            return;
        }
        // Nobody may be reading what the launcher writes; the image goes on all the same.
        let _ = out.write_all(&line);
        let mut kept = kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if kept.len() == LINES {
            kept.pop_front();
        }
        kept.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_all_are_passed_on() {
        let text: String = (0..500).map(|n| format!("line {n}\n")).collect();
        let (kept, mut out) = (Mutex::new(VecDeque::new()), Vec::new());
        read(text.as_bytes(), &kept, &mut out);
        assert_eq!(out, text.as_bytes());
        let kept = kept.into_inner().unwrap();
        assert_eq!(
            (kept.len(), kept.front().unwrap().as_str(), kept.back().unwrap().as_str()),
            (200, "line 300", "line 499")
        );
    }

    #[test]
    fn a_line_without_end_does_not_grow() {
        let (kept, mut out) = (Mutex::new(VecDeque::new()), Vec::new());
        read(&vec![b'x'; 3_000_000][..], &kept, &mut out);
        assert_eq!(out.len(), 3_000_000);
        assert!(kept.into_inner().unwrap().iter().map(String::len).sum::<usize>() <= LINES * LINE as usize);
    }
}
