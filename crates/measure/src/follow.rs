//! Following a record while it is written, for as long as one likes: what has been read is kept until it is forgotten, and
//! its place on the disk is given back.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use nix::fcntl::{FallocateFlags, fallocate};

use crate::record::{Record, Unreadable};

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;
/// A line is never so long; what is, is broken and passed over.
const MAX_LINE: usize = 64 * 1024;
/// What has been read is given back in pieces of at least so many bytes.
const PIECE: u64 = 1024 * 1024;

/// A record that is being written.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    file: Option<File>,
    /// Bytes read.
    read: u64,
    /// Bytes given back.
    freed: u64,
    /// The beginning of a line that is not whole yet.
    partial: Vec<u8>,
    /// What was read and not forgotten.
    pub record: Record,
}

impl Follower {
    /// Follows a file, which need not be there yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, read: 0, freed: 0, partial: Vec::new(), record: Record::default() }
    }

    /// Reads what is new.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(&mut self) -> Result<(), Unreadable> {
        self.try_read().map_err(|source| Unreadable { path: self.path.clone(), source })
    }

    fn try_read(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            match File::options().read(true).write(true).open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        file.seek(SeekFrom::Start(self.read))?;
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = file.read(&mut chunk)?;
            if count == 0 {
                break;
            }
            self.read += count as u64;
            for part in chunk[..count].split_inclusive(|byte| *byte == b'\n') {
                self.partial.extend_from_slice(part);
                if part.ends_with(b"\n") {
                    self.record.take_line(&self.partial);
                    self.partial.clear();
                } else if self.partial.len() > MAX_LINE {
                    self.partial.clear();
                }
            }
        }
        let unfreed = self.read - self.freed;
        if unfreed >= PIECE {
            // The file keeps its length, so that the process goes on writing at its end. Where the file system cannot do
            // it, the record stays whole.
            let hole = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
            let offset = |bytes: u64| i64::try_from(bytes).map_err(io::Error::other);
            if fallocate(&*file, hole, offset(self.freed)?, offset(unfreed)?).is_ok() {
                self.freed = self.read;
            }
        }
        Ok(())
    }

    /// Forgets what lies before an instant of CLOCK_MONOTONIC, and changes numbered below `rev`.
    pub fn forget(&mut self, before_mono_ns: i64, rev: u32) {
        let record = &mut self.record;
        record.frames.retain(|_, line| line.mono_ns >= before_mono_ns);
        record.free_frames.retain(|line| line.mono_ns >= before_mono_ns);
        record.clocks.retain(|line| line.mono_ns >= before_mono_ns);
        record.events.retain(|line| line.mono_ns >= before_mono_ns);
        record.starts.retain(|at| *at >= before_mono_ns);
        record.changes.retain(|number, _| *number >= rev);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn frame(number: i64) -> String {
        format!(
            "{{\"kind\":\"frame\",\"frame\":{number},\"mono_ns\":{},\"late_ns\":0,\"synced\":true,\"scene_rev\":1,\
             \"hash\":\"0f\",\"render_ns\":1,\"show_us\":0}}\n",
            number * 10
        )
    }

    #[test]
    fn lines_are_taken_when_they_are_whole_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let mut follower = Follower::new(&path);
        follower.read().unwrap();
        let mut file = File::options().create(true).append(true).open(&path).unwrap();
        let second = frame(2);
        file.write_all(format!("{}{}", frame(1), &second[..20]).as_bytes()).unwrap();
        follower.read().unwrap();
        assert_eq!(follower.record.frames.keys().copied().collect::<Vec<_>>(), [1]);
        file.write_all(&second.as_bytes()[20..]).unwrap();
        follower.read().unwrap();
        follower.read().unwrap();
        assert_eq!(follower.record.frames.keys().copied().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(follower.record.broken_lines, 0);
        follower.forget(15, 2);
        assert_eq!(follower.record.frames.keys().copied().collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_long_record_needs_no_more_place_than_what_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let mut follower = Follower::new(&path);
        let mut file = File::options().create(true).append(true).open(&path).unwrap();
        let lines: String = (0..10_000).map(frame).collect();
        for round in 1..=4 {
            file.write_all(lines.as_bytes()).unwrap();
            follower.read().unwrap();
            assert_eq!(follower.record.frames.len(), 10_000, "round {round}");
            follower.forget(i64::MAX, 0);
        }
        let metadata = file.metadata().unwrap();
        assert_eq!(metadata.len(), 4 * lines.len() as u64);
        // A file system that cannot give it back keeps all of it.
        let held = metadata.blocks() * 512;
        assert!(held < 2 * PIECE || follower.freed == 0, "{held}");
    }

    #[test]
    fn what_is_no_line_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        std::fs::write(&path, [vec![b'x'; 3 * MAX_LINE], b"\n".to_vec(), frame(1).into_bytes()].concat()).unwrap();
        let mut follower = Follower::new(&path);
        follower.read().unwrap();
        assert_eq!((follower.record.frames.len(), follower.record.broken_lines), (1, 1));
        assert!(follower.partial.capacity() < 4 * MAX_LINE);
    }
}
