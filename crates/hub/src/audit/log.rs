//! The thread that writes the audit log: appended to, synced once a second, put aside when it is large; the oldest files go
//! (AUD-2, AUD-3). Nothing waits for it: an entry for which there is no room is counted, and the count is an entry.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cuelight_net::clock::wall_now;
use cuelight_wire::time::{Time, Wall};
use tracing::{error, warn};

use super::chain::{Entry, Last, line, read};
use super::files::{CURRENT, earlier, files};
use crate::events::rfc3339;

/// Entries that wait to be written: four seconds of 1,000 commands each.
const QUEUE: usize = 4_096;
/// Bytes of a file; then it is put aside. It is read whole to be looked at.
const FILE_BYTES: u64 = 4 * 1024 * 1024;
/// Files that are kept, the one that is written among them: 64 MiB, some 200,000 entries.
const FILES: usize = 16;
/// How often what was written is synced, and what could not be is tried again.
const PERIOD: Duration = Duration::from_secs(1);

/// What is to be written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) who: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) via: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) what: String,
    pub(crate) outcome: String,
}

/// What the thread is told.
#[derive(Debug)]
enum Job {
    Write(Time<Wall>, Note),
    Stop,
}

/// The way to the thread. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Audit {
    jobs: SyncSender<Job>,
    left_out: Arc<AtomicU64>,
    folder: Arc<PathBuf>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Audit {
    /// Goes on with the log of a data folder.
    pub(crate) fn start(folder: &Path) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(QUEUE);
        let left_out = Arc::new(AtomicU64::new(0));
        let mut writer = Writer::open(folder.to_owned())?;
        let counter = left_out.clone();
        let thread = thread::Builder::new().name("audit".into()).spawn(move || writer.run(&queue, &counter))?;
        let (folder, thread) = (Arc::new(folder.to_owned()), Arc::new(Mutex::new(Some(thread))));
        Ok(Self { jobs, left_out, folder, thread })
    }

    /// Has something written down.
    pub(crate) fn note(&self, note: Note) {
        if self.jobs.try_send(Job::Write(wall_now(), note)).is_err() {
            self.leave_out();
        }
    }

    /// Counts something that is not written down by itself.
    pub(crate) fn leave_out(&self) {
        self.left_out.fetch_add(1, Ordering::Relaxed);
    }

    /// The folder of its files.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits until everything is on the disk. What is noted afterwards is lost.
    pub(crate) fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && (self.jobs.send(Job::Stop).is_err() || thread.join().is_err())
        {
            error!("the audit thread failed; the last entries may be missing");
        }
    }
}

struct Writer {
    folder: PathBuf,
    file: File,
    bytes: u64,
    /// Number of the file's first entry; `None` while it has none.
    first: Option<u64>,
    last: Last,
    /// Lines that could not be written yet.
    unwritten: String,
    /// Notes that found no room.
    dropped: u64,
    /// When it was synced last, and whether something was written since.
    synced_at: Instant,
    is_unsynced: bool,
    is_failing: bool,
}

impl Writer {
    fn open(folder: PathBuf) -> io::Result<Self> {
        let (path, is_new) = (folder.join(CURRENT), !folder.join(CURRENT).exists());
        let mut open = OpenOptions::new();
        let mut file = open.create(true).truncate(false).read(true).write(true).mode(0o600).open(&path)?;
        let text = fs::read(&path)?;
        // A power cut leaves at most one line unfinished.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        let text = String::from_utf8_lossy(&text[..whole]).into_owned();
        let numbers = |line: Option<&str>| line.and_then(|line| read(line).ok());
        let first = numbers(text.lines().next()).map(|(entry, _)| entry.number);
        let mut last = numbers(text.lines().next_back()).map(|(entry, hash)| Last { number: entry.number, hash });
        if whole == 0
            && let Some(newest) = files(&folder)?.iter().rev().find(|file| **file != path)
        {
            let text = String::from_utf8_lossy(&fs::read(newest)?).into_owned();
            last = numbers(text.lines().next_back()).map(|(entry, hash)| Last { number: entry.number, hash });
        } else if whole > 0 && last.is_none() {
            let aside = folder.join("audit.damaged");
            warn!("the audit log's end cannot be read; it is kept as {}, and a new one begins", aside.display());
            fs::rename(&path, &aside)?;
            return Self::open(folder);
        }
        if is_new {
            File::open(&folder)?.sync_all()?;
        }
        let last = last.unwrap_or_default();
        Ok(Self {
            folder,
            file,
            bytes: whole as u64,
            first,
            last,
            unwritten: String::new(),
            dropped: 0,
            synced_at: Instant::now(),
            is_unsynced: false,
            is_failing: false,
        })
    }

    fn run(&mut self, queue: &Receiver<Job>, left_out: &AtomicU64) {
        let mut is_open = true;
        while is_open {
            let first = match queue.recv_timeout(PERIOD) {
                Ok(first) => Some(first),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(Job::Stop),
            };
            for job in first.into_iter().chain(queue.try_iter().take(QUEUE)) {
                match job {
                    Job::Write(at, note) => self.add(at, note),
                    Job::Stop => is_open = false,
                }
            }
            match left_out.swap(0, Ordering::Relaxed) + std::mem::take(&mut self.dropped) {
                0 => {}
                count => {
                    let what = format!("{count} more requests were refused or found no room in this log");
                    self.add(wall_now(), Note { what, outcome: "not written down".into(), ..Note::default() });
                }
            }
            self.write(!is_open);
        }
    }

    fn add(&mut self, at: Time<Wall>, note: Note) {
        // A disk that takes nothing is not waited for.
        if self.unwritten.len() as u64 > FILE_BYTES {
            self.dropped += 1;
            return;
        }
        let Note { who, role, via, from, what, outcome } = note;
        let (number, before) = (self.last.number + 1, self.last.hash.to_string());
        let at = rfc3339(at);
        let (text, last) = line(&Entry { number, at, who, role, via, from, what, outcome, before });
        self.unwritten.push_str(&text);
        self.unwritten.push('\n');
        self.first.get_or_insert(number);
        self.last = last;
    }

    fn write(&mut self, is_last: bool) {
        match self.try_write(is_last) {
            Ok(()) if self.is_failing => {
                warn!("the audit log is written again");
                self.is_failing = false;
            }
            Err(problem) if !self.is_failing => {
                error!("the audit log in {} cannot be written: {problem}; it is tried again", self.folder.display());
                self.is_failing = true;
            }
            Ok(()) | Err(_) => {}
        }
    }

    fn try_write(&mut self, is_last: bool) -> io::Result<()> {
        if !self.unwritten.is_empty() {
            // After a write that failed half of it may be there.
            self.file.set_len(self.bytes)?;
            self.file.seek(SeekFrom::Start(self.bytes))?;
            self.file.write_all(self.unwritten.as_bytes())?;
            self.bytes += self.unwritten.len() as u64;
            self.unwritten.clear();
            self.is_unsynced = true;
        }
        if self.is_unsynced && (is_last || self.synced_at.elapsed() >= PERIOD) {
            self.file.sync_data()?;
            (self.synced_at, self.is_unsynced) = (Instant::now(), false);
        }
        if self.bytes >= FILE_BYTES
            && let Some(first) = self.first
        {
            self.put_aside(first)?;
        }
        Ok(())
    }

    fn put_aside(&mut self, first: u64) -> io::Result<()> {
        self.file.sync_data()?;
        fs::rename(self.folder.join(CURRENT), earlier(&self.folder, first))?;
        let mut open = OpenOptions::new();
        self.file = open.create_new(true).read(true).write(true).mode(0o600).open(self.folder.join(CURRENT))?;
        (self.bytes, self.first) = (0, None);
        File::open(&self.folder)?.sync_all()?;
        let files = files(&self.folder)?;
        for oldest in files.iter().take(files.len().saturating_sub(FILES)) {
            fs::remove_file(oldest)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::chain::Checker;
    use super::super::read::newest;
    use super::*;

    fn note(what: &str) -> Note {
        Note { what: what.into(), outcome: "ok".into(), ..Note::default() }
    }

    /// The first and the last number of a whole chain.
    fn verified(folder: &Path) -> (u64, u64) {
        let mut checker = Checker::default();
        for file in files(folder).unwrap() {
            fs::read_to_string(file).unwrap().lines().for_each(|line| checker.next(line).unwrap());
        }
        let (first, last) = checker.seen().unwrap();
        (first, last.number)
    }

    /// AUD-2
    #[test]
    fn it_goes_on_after_a_restart_and_after_an_entry_that_was_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        for run in 0..3 {
            let audit = Audit::start(folder.path()).unwrap();
            audit.note(note(&format!("a{run}")));
            audit.note(note(&format!("b{run}")));
            audit.stop();
            let mut file = OpenOptions::new().append(true).open(folder.path().join(CURRENT)).unwrap();
            file.write_all(b"{\"number\":99,\"at\"").unwrap();
        }
        Audit::start(folder.path()).unwrap().stop();
        assert_eq!(verified(folder.path()), (1, 6));
        let seen = newest(folder.path(), None, 3).unwrap();
        assert_eq!(seen.iter().map(|entry| entry.what.as_str()).collect::<Vec<_>>(), ["b2", "a2", "b1"]);
        assert_eq!(newest(folder.path(), Some(seen[2].number), 9).unwrap().len(), 3);
        let mode = fs::metadata(folder.path().join(CURRENT)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    /// AUD-3
    #[test]
    fn it_is_bounded_and_still_a_chain_when_its_oldest_files_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(folder.path().to_owned()).unwrap();
        let long = "x".repeat(64 * 1024);
        for _ in 0..FILES + 2 {
            for _ in 0..=FILE_BYTES / 65_536 {
                writer.add(Time::from_ns(0), note(&long));
            }
            writer.write(true);
        }
        let all = files(folder.path()).unwrap();
        assert_eq!(all.len(), FILES);
        let bytes: u64 = all.iter().map(|file| fs::metadata(file).unwrap().len()).sum();
        assert!(bytes < FILES as u64 * (FILE_BYTES + 200_000), "{bytes}");
        let (first, last) = verified(folder.path());
        assert_eq!((first > 1, last), (true, writer.last.number));
        drop(writer);
        // The file that is written is empty then; it goes on with the one before.
        let audit = Audit::start(folder.path()).unwrap();
        audit.note(note("after"));
        audit.stop();
        assert_eq!(verified(folder.path()).1, last + 1);
    }

    /// AUD-3
    #[test]
    fn what_is_not_written_down_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::start(folder.path()).unwrap();
        (0..7).for_each(|_| audit.leave_out());
        audit.stop();
        let told: u64 = newest(folder.path(), None, 9)
            .unwrap()
            .iter()
            .map(|entry| entry.what.split(' ').next().unwrap().parse::<u64>().unwrap())
            .sum();
        assert_eq!(told, 7);
    }

    #[test]
    fn a_log_whose_end_is_damaged_is_kept_and_a_new_one_begins() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(CURRENT), b"nonsense\n").unwrap();
        let audit = Audit::start(folder.path()).unwrap();
        audit.note(note("first"));
        audit.stop();
        assert!(folder.path().join("audit.damaged").exists());
        assert_eq!(verified(folder.path()), (1, 1));
    }
}
