//! Follows the record of each node while it is written.
//!
//! Nodes put out ten times a second what they recorded. The demo reads it to measure how far apart equal frames really are; unless
//! the records are to be kept, a file is emptied when it has grown to [`TRIM_AT`], so that a demo may run for days.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::PathBuf;

use cuelight_measure::record::News;

/// Some three minutes of frames.
const TRIM_AT: u64 = 4 << 20;
/// What is read at a time: a second of frames is 25 KiB. The rest is read the next time.
const READ_AT_ONCE: u64 = 256 << 10;
/// No line is longer; of what is, only the end is looked at, and found to be no line.
const LONGEST_LINE: usize = 4096;

/// One record that is followed.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    file: Option<File>,
    lines: Lines,
    is_kept: bool,
}

impl Tail {
    /// Follows `path`, which need not exist yet, from its beginning; `is_kept` means that it is never emptied.
    pub(super) fn new(path: PathBuf, is_kept: bool) -> Self {
        Self { path, file: None, lines: Lines::default(), is_kept }
    }

    /// Hands on what is new. A record that cannot be read has nothing new.
    pub(super) fn read(&mut self, each: impl FnMut(News)) {
        // The next time may be better.
        let _ = self.try_read(each);
    }

    fn try_read(&mut self, mut each: impl FnMut(News)) -> io::Result<()> {
        if self.file.is_none() {
            self.file = Some(File::options().read(true).write(true).open(&self.path)?);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut bytes = Vec::new();
        file.take(READ_AT_ONCE).read_to_end(&mut bytes)?;
        self.lines.take(&bytes, |line| News::of(line).into_iter().for_each(&mut each));
        // Nodes append, so they go on at the new end; a line written in between is lost to the figures of one moment.
        if !self.is_kept && file.stream_position()? > TRIM_AT {
            file.set_len(0)?;
            file.rewind()?;
        }
        Ok(())
    }
}

/// Cuts bytes into lines.
#[derive(Debug, Default)]
struct Lines {
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
}

impl Lines {
    fn take(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.rest.len() + piece.len() > LONGEST_LINE {
                self.rest.clear();
            }
            match piece.strip_suffix(b"\n") {
                Some(end) if self.rest.is_empty() => each(end),
                Some(end) => {
                    self.rest.extend_from_slice(end);
                    each(&self.rest);
                    self.rest.clear();
                }
                None => self.rest.extend_from_slice(&piece[piece.len().saturating_sub(LONGEST_LINE)..]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;
    use std::path::Path;

    use super::*;

    fn append(path: &Path, text: &str) {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn frame(index: i64) -> String {
        format!(
            "{{\"kind\":\"frame\",\"frame\":{index},\"show_us\":0,\"mono_ns\":{index},\"late_ns\":0,\"render_ns\":0,\
             \"synced\":true,\"scene_rev\":1,\"hash\":\"00ff\"}}\n"
        )
    }

    fn frames(tail: &mut Tail) -> Vec<i64> {
        let mut frames = Vec::new();
        tail.read(|news| match news {
            News::Frame(index, _) => frames.push(index),
            News::Start => frames.push(-1),
        });
        frames
    }

    #[test]
    fn a_record_is_followed_from_before_it_exists() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node-1.jsonl");
        let mut tail = Tail::new(path.clone(), true);
        assert!(frames(&mut tail).is_empty());
        append(&path, "{\"kind\":\"start\",\"format\":1,\"mono_ns\":5}\n");
        append(&path, &frame(7));
        assert_eq!(frames(&mut tail), [-1, 7]);
        assert!(frames(&mut tail).is_empty());
    }

    #[test]
    fn a_line_that_comes_in_pieces_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node-1.jsonl");
        let mut tail = Tail::new(path.clone(), true);
        let line = frame(8);
        let mut seen = Vec::new();
        for piece in [&line[..10], &line[10..50], &line[50..]] {
            append(&path, piece);
            seen.extend(frames(&mut tail));
        }
        assert_eq!(seen, [8]);
    }

    #[test]
    fn a_long_record_is_emptied_unless_it_is_kept() {
        for is_kept in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("node-1.jsonl");
            append(&path, &frame(1).repeat(usize::try_from(TRIM_AT).unwrap() / frame(1).len() + 1));
            let written = fs::metadata(&path).unwrap().len();
            let mut tail = Tail::new(path.clone(), is_kept);
            while !frames(&mut tail).is_empty() {}
            assert_eq!(fs::metadata(&path).unwrap().len(), if is_kept { written } else { 0 });
            append(&path, &frame(9));
            assert_eq!(frames(&mut tail), [9]);
        }
    }

    #[test]
    fn a_line_without_end_is_not_collected_without_end() {
        let mut lines = Lines::default();
        let mut seen = 0;
        for _ in 0..100 {
            lines.take(&[b'x'; 1000], |_| seen += 1);
        }
        assert!(lines.rest.len() <= LONGEST_LINE);
        lines.take(b"\nshort\n", |_| seen += 1);
        assert_eq!(seen, 2);
    }
}
