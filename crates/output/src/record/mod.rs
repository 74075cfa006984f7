//! Records of what happened and when, as JSON lines in a file. Implements OUT-6; format: `docs/operations/record-format.md`.
//!
//! A thread that records holds a [`Lane`]: a bounded ring it pushes plain values into, without waiting. When a lane's ring is
//! full the newest record is dropped and counted, and a line in the file says how many are missing. A writer thread
//! empties all lanes ten times a second, formats and flushes, so that a killed process loses the last tenth of a second
//! and no more.

mod line;
mod writer;

pub use line::Record;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{Builder, JoinHandle};

use cuelight_wire::ids::Revision;
use cuelight_wire::time::{Show, Time};
use rtrb::{Producer, RingBuffer};

use crate::frame::{ClockSample, Frame, Output};
use writer::{Intake, Writer};

/// Records a lane holds: eight seconds of frames, in case the disk stalls.
pub const LANE_CAPACITY: usize = 1024;

/// Why there is no record, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file cannot be opened for writing.
    #[error("cannot record to {path} ({source}): does the folder exist, and may this user write there?")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No thread.
    #[error("the record's writer thread did not start: {0}")]
    NoThread(io::Error),
    /// Writing failed on the way; the file holds what came before.
    #[error("recording to {path} stopped: {message}")]
    Stopped {
        /// The file.
        path: PathBuf,
        /// What the system said.
        message: String,
    },
}

/// A file that is being recorded to.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Lanes not yet seen by the writer.
    new_lanes: Mutex<Vec<Intake>>,
    stop: AtomicBool,
    failure: OnceLock<String>,
}

impl Recorder {
    /// Starts recording at the end of `path`, which is made if it does not exist; a `start` line names the process.
    ///
    /// # Errors
    /// [`RecordError::Unwritable`], [`RecordError::NoThread`].
    pub fn open(path: &Path, name: &str) -> Result<Self, RecordError> {
        let file = open(path).map_err(|source| RecordError::Unwritable { path: path.to_owned(), source })?;
        let shared = Arc::new(Shared::default());
        let writer = Writer::new(file, name);
        let thread = Builder::new()
            .name("record".into())
            .spawn({
                let shared = Arc::clone(&shared);
                move || writer.run(&shared)
            })
            .map_err(RecordError::NoThread)?;
        Ok(Self { path: path.to_owned(), shared, thread: Some(thread) })
    }

    /// A lane for one thread; `name` is what a `lost` line calls it.
    pub fn lane(&self, name: &'static str) -> Lane {
        let (lane, intake) = lane(name);
        self.shared.new_lanes.lock().unwrap_or_else(PoisonError::into_inner).push(intake);
        lane
    }

    /// What stopped the recording, if something did.
    pub fn failure(&self) -> Option<RecordError> {
        let message = self.shared.failure.get()?.clone();
        Some(RecordError::Stopped { path: self.path.clone(), message })
    }

    /// Writes what is in the lanes and closes the file. Dropping the recorder does the same, silently.
    ///
    /// # Errors
    /// [`RecordError::Stopped`] when something could not be written.
    pub fn close(mut self) -> Result<(), RecordError> {
        self.end();
        self.failure().map_or(Ok(()), Err)
    }

    fn end(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.shared.stop.store(true, Ordering::Release);
            thread.thread().unpark();
            if thread.join().is_err() {
                let _ = self.shared.failure.set("the writer thread panicked".into());
            }
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.end();
    }
}

/// One thread's way into a record. As an [`Output`] it records every frame and ten clock samples a second.
#[derive(Debug)]
pub struct Lane {
    ring: Producer<Record>,
    lost: Arc<AtomicU64>,
}

impl Lane {
    /// Records something. Never waits; when the ring is full the record is dropped and counted.
    pub fn push(&mut self, record: Record) {
        if self.ring.push(record).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
    /// Records what a clock says.
    pub fn clock(&mut self, sample: ClockSample) {
        self.push(Record::Clock(sample));
    }
    /// Records that change `rev` came by way of `via`, at show time `arrived_at` and CLOCK_MONOTONIC `mono_ns`, to be shown
    /// at `apply_at`.
    pub fn change(
        &mut self,
        rev: Revision,
        via: &'static str,
        arrived_at: Time<Show>,
        apply_at: Time<Show>,
        mono_ns: i64,
    ) {
        self.push(Record::Change { rev, via, arrived_at, apply_at, mono_ns });
    }
}

impl Output for Lane {
    fn emit(&mut self, frame: &Frame<'_>) {
        self.push(Record::of_frame(frame));
    }
    fn clock(&mut self, sample: &ClockSample) {
        self.push(Record::Clock(*sample));
    }
    fn name(&self) -> &str {
        "record"
    }
}

fn lane(name: &'static str) -> (Lane, Intake) {
    let (mut producer, mut ring) = RingBuffer::new(LANE_CAPACITY);
    // Every entry is written once, so that the lane's memory is the process's from the start: a lane that gets a change now and
    // then would look like a leak for its first hour, and its first pages would be fetched in the middle of a show.
    while producer.push(Record::Event { event: "", mono_ns: 0 }).is_ok() {}
    while ring.pop().is_ok() {}
    let lost = Arc::new(AtomicU64::new(0));
    (Lane { ring: producer, lost: Arc::clone(&lost) }, Intake { name, ring, lost, told: 0 })
}

/// Opens for appending. A line that a killed process left unfinished is ended first, so that only it is spoilt.
fn open(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_lane_is_empty_and_has_all_its_room_when_it_is_made() {
        let (mut lane, mut intake) = lane("changes");
        assert_eq!((lane.ring.slots(), intake.ring.slots()), (LANE_CAPACITY, 0));
        lane.push(Record::Event { event: "welcome", mono_ns: 1 });
        assert_eq!(intake.ring.pop(), Ok(Record::Event { event: "welcome", mono_ns: 1 }));
    }

    #[test]
    fn a_killed_process_spoils_only_its_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n1.jsonl");
        fs::write(&path, "{\"kind\":\"start\"}\n{\"kind\":\"fra").unwrap();
        Recorder::open(&path, "n1").unwrap().close().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let readable: Vec<bool> =
            text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).collect();
        assert_eq!(readable, [true, false, true, true], "{text}");
    }

    #[test]
    fn a_folder_that_does_not_exist_is_named_in_the_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("n1.jsonl");
        let message = Recorder::open(&path, "n1").unwrap_err().to_string();
        assert!(message.contains("n1.jsonl") && message.contains("folder"), "{message}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_stops_the_record_and_says_so() {
        let recorder = Recorder::open(Path::new("/dev/full"), "n1").unwrap();
        let message = recorder.close().unwrap_err().to_string();
        assert!(message.contains("/dev/full") && message.contains("space"), "{message}");
    }
}
