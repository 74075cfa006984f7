//! Reading the records of a hub and its nodes (`docs/operations/record-format.md`).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// One frame as it was put out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameLine {
    /// CLOCK_MONOTONIC when the output began.
    pub(crate) mono_ns: i64,
    /// Newest scene change in force.
    pub(crate) scene_rev: u32,
    /// Hash of the pixels.
    pub(crate) hash: u64,
    /// Time it took to render.
    pub(crate) render_ns: i64,
}

/// One reading of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockLine {
    /// CLOCK_MONOTONIC.
    pub(crate) mono_ns: i64,
    /// Show time as the machine believed it to be then.
    pub(crate) show_ns: i64,
    /// The bound it gave, if it could.
    pub(crate) bound_ns: Option<i64>,
    /// Whether it said the clock can be scheduled on.
    pub(crate) is_synced: bool,
}

/// When a change came by the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChangeLine {
    /// Show time when it came.
    pub(crate) arrived_us: i64,
    /// Its applyAt.
    pub(crate) apply_at_us: i64,
}

/// Everything one machine recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// By frame index.
    pub(crate) frames: BTreeMap<i64, FrameLine>,
    /// In the order written.
    pub(crate) clocks: Vec<ClockLine>,
    /// First arrival of each change by the stream.
    pub(crate) changes: BTreeMap<u32, ChangeLine>,
    /// CLOCK_MONOTONIC of each welcome.
    pub(crate) welcomes: Vec<i64>,
    /// CLOCK_MONOTONIC of each lock.
    pub(crate) locks: Vec<i64>,
    /// Lines that are not whole: a killed process may leave one at the end.
    pub(crate) broken_lines: usize,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Line {
    Start {},
    Frame {
        frame: i64,
        mono_ns: i64,
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
    #[serde(other)]
    Other,
}

fn hex<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    u64::from_str_radix(&text, 16).map_err(serde::de::Error::custom)
}

/// What is of interest to one who follows a record while it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// The process was started, again perhaps.
    Start,
    /// A frame was put out.
    Frame(i64, FrameLine),
}

impl News {
    /// Reads a line; `None` when it is of no interest or not whole.
    pub(crate) fn of(line: &[u8]) -> Option<Self> {
        match serde_json::from_slice(line).ok()? {
            Line::Start {} => Some(Self::Start),
            Line::Frame { frame, mono_ns, scene_rev, hash, render_ns } => {
                Some(Self::Frame(frame, FrameLine { mono_ns, scene_rev, hash, render_ns }))
            }
            Line::Clock { .. } | Line::Change { .. } | Line::Event { .. } | Line::Other => None,
        }
    }
}

impl Record {
    /// Reads a record file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("the record {} cannot be opened", path.display()))?;
        let mut record = Self::default();
        for line in BufReader::new(file).split(b'\n') {
            let line = line.with_context(|| format!("the record {} cannot be read", path.display()))?;
            match serde_json::from_slice(&line) {
                Ok(line) => record.take(line),
                Err(_) => record.broken_lines += 1,
            }
        }
        Ok(record)
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Frame { frame, mono_ns, scene_rev, hash, render_ns } => {
                self.frames.insert(frame, FrameLine { mono_ns, scene_rev, hash, render_ns });
            }
            Line::Clock { mono_ns, show_ns, bound_ns, synced } => {
                self.clocks.push(ClockLine { mono_ns, show_ns, bound_ns, is_synced: synced });
            }
            Line::Change { rev, via, show_us, apply_at_us } if via == "stream" => {
                self.changes.entry(rev).or_insert(ChangeLine { arrived_us: show_us, apply_at_us });
            }
            Line::Event { event, mono_ns } if event == "welcome" => self.welcomes.push(mono_ns),
            Line::Event { event, mono_ns } if event == "locked" => self.locks.push(mono_ns),
            Line::Change { .. } | Line::Event { .. } => {}
            Line::Start {} | Line::Other => {}
        }
    }

    /// The first frame in which a change is in force.
    pub(crate) fn first_frame_with(&self, rev: u32) -> Option<i64> {
        self.frames.iter().find(|(_, line)| line.scene_rev >= rev).map(|(frame, _)| *frame)
    }
}
