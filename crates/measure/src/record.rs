//! Reading the records of a hub and its nodes (`docs/operations/record-format.md`).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A record that is not to be had.
#[derive(Debug, thiserror::Error)]
#[error("the record {} cannot be read: {source}", path.display())]
pub struct Unreadable {
    /// Where.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// One frame as it was put out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLine {
    /// CLOCK_MONOTONIC when the output began.
    pub mono_ns: i64,
    /// Newest scene change in force.
    pub scene_rev: u32,
    /// Hash of the pixels.
    pub hash: u64,
    /// Time it took to render.
    pub render_ns: i64,
    /// Lateness against the deadline, by the process's own clock.
    pub late_ns: i64,
}

/// One reading of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockLine {
    /// CLOCK_MONOTONIC.
    pub mono_ns: i64,
    /// Show time as the machine believed it to be then.
    pub show_ns: i64,
    /// The bound it gave, if it could.
    pub bound_ns: Option<i64>,
    /// Whether it said the clock can be scheduled on.
    pub is_synced: bool,
}

/// When a change came by the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeLine {
    /// Show time when it came.
    pub arrived_us: i64,
    /// Its applyAt.
    pub apply_at_us: i64,
}

/// Something that happened to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLine {
    /// CLOCK_MONOTONIC.
    pub mono_ns: i64,
    /// `welcome`, `locked`, `unlocked`, `fallback`, `live`.
    pub event: String,
}

/// Everything one machine recorded, over all its starts.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// CLOCK_MONOTONIC of each start of the process.
    pub starts: Vec<i64>,
    /// Frames on show time, by their index.
    pub frames: BTreeMap<i64, FrameLine>,
    /// Frames put out while show time was not known, in the order written; they count on the process's own timeline.
    pub free_frames: Vec<FrameLine>,
    /// In the order written.
    pub clocks: Vec<ClockLine>,
    /// First arrival of each change by the stream.
    pub changes: BTreeMap<u32, ChangeLine>,
    /// What happened, in the order written.
    pub events: Vec<EventLine>,
    /// Records the process had no room to write.
    pub lost: u64,
    /// Lines that are not whole: a killed process may leave one at the end.
    pub broken_lines: usize,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Line {
    Start {
        mono_ns: i64,
    },
    Frame {
        frame: i64,
        mono_ns: i64,
        late_ns: i64,
        synced: bool,
        scene_rev: u32,
        #[serde(deserialize_with = "hex")]
        hash: u64,
        render_ns: i64,
    },
    Clock {
        mono_ns: i64,
        show_ns: i64,
        bound_ns: Option<i64>,
        synced: bool,
    },
    Change {
        rev: u32,
        via: String,
        show_us: i64,
        apply_at_us: i64,
    },
    Event {
        event: String,
        mono_ns: i64,
    },
    Lost {
        records: u64,
    },
    #[serde(other)]
    Other,
}

fn hex<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    u64::from_str_radix(&text, 16).map_err(serde::de::Error::custom)
}

/// What is of interest to one who follows a record while it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The process was started, again perhaps.
    Start,
    /// A frame was put out.
    Frame(i64, FrameLine),
}

impl News {
    /// Reads a line; `None` when it is of no interest or not whole.
    pub fn of(line: &[u8]) -> Option<Self> {
        match serde_json::from_slice(line).ok()? {
            Line::Start { .. } => Some(Self::Start),
            Line::Frame { frame, mono_ns, late_ns, synced: _, scene_rev, hash, render_ns } => {
                Some(Self::Frame(frame, FrameLine { mono_ns, scene_rev, hash, render_ns, late_ns }))
            }
            Line::Clock { .. } | Line::Change { .. } | Line::Event { .. } | Line::Lost { .. } | Line::Other => None,
        }
    }
}

impl Record {
    /// Reads a record file.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(path: &Path) -> Result<Self, Unreadable> {
        let unreadable = |source| Unreadable { path: path.to_owned(), source };
        let mut record = Self::default();
        for line in BufReader::new(File::open(path).map_err(unreadable)?).split(b'\n') {
            record.take_line(&line.map_err(unreadable)?);
        }
        Ok(record)
    }

    /// Adds one line of a record file.
    pub fn take_line(&mut self, line: &[u8]) {
        match serde_json::from_slice(line) {
            Ok(line) => self.take(line),
            Err(_) => self.broken_lines += 1,
        }
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Start { mono_ns } => self.starts.push(mono_ns),
            Line::Frame { frame, mono_ns, late_ns, synced, scene_rev, hash, render_ns } => {
                let line = FrameLine { mono_ns, scene_rev, hash, render_ns, late_ns };
                if synced {
                    self.frames.insert(frame, line);
                } else {
                    self.free_frames.push(line);
                }
            }
            Line::Clock { mono_ns, show_ns, bound_ns, synced } => {
                self.clocks.push(ClockLine { mono_ns, show_ns, bound_ns, is_synced: synced });
            }
            Line::Change { rev, via, show_us, apply_at_us } if via == "stream" => {
                self.changes.entry(rev).or_insert(ChangeLine { arrived_us: show_us, apply_at_us });
            }
            Line::Event { event, mono_ns } => self.events.push(EventLine { mono_ns, event }),
            Line::Lost { records } => self.lost += records,
            Line::Change { .. } | Line::Other => {}
        }
    }

    /// CLOCK_MONOTONIC of each event of that name.
    pub fn events_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = i64> + 'a {
        self.events.iter().filter(move |line| line.event == name).map(|line| line.mono_ns)
    }

    /// The first frame in which a change is in force.
    pub fn first_frame_with(&self, rev: u32) -> Option<i64> {
        self.frames.iter().find(|(_, line)| line.scene_rev >= rev).map(|(frame, _)| *frame)
    }
}
