//! Records of hubs and nodes, read from outside (`docs/operations/record-format.md`).

use std::fs;
use std::path::Path;

use serde_json::Value;

/// One frame as it was put out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FrameLine {
    pub(crate) frame: i64,
    pub(crate) mono_ns: i64,
    pub(crate) is_synced: bool,
    pub(crate) scene_rev: u64,
    pub(crate) hash: String,
}

/// One reading of a clock: CLOCK_MONOTONIC and show time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockLine {
    pub(crate) mono_ns: i64,
    pub(crate) show_ns: i64,
}

/// What one machine recorded, in the order written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) frames: Vec<FrameLine>,
    pub(crate) clocks: Vec<ClockLine>,
    /// Processes that ended in order.
    pub(crate) ends: usize,
}

impl Record {
    /// Reads what there is; a line that is still being written is left out.
    pub(crate) fn read(path: &Path) -> Self {
        let mut record = Self::default();
        for line in fs::read_to_string(path).unwrap_or_default().lines() {
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            let number = |key: &str| line[key].as_i64().unwrap();
            match line["kind"].as_str().unwrap() {
                "frame" => record.frames.push(FrameLine {
                    frame: number("frame"),
                    mono_ns: number("mono_ns"),
                    is_synced: line["synced"].as_bool().unwrap(),
                    scene_rev: line["scene_rev"].as_u64().unwrap(),
                    hash: line["hash"].as_str().unwrap().to_owned(),
                }),
                "clock" => {
                    record.clocks.push(ClockLine { mono_ns: number("mono_ns"), show_ns: number("show_ns") });
                }
                "end" => record.ends += 1,
                _ => {}
            }
        }
        record
    }

    /// The frame of this index.
    pub(crate) fn frame(&self, index: i64) -> Option<&FrameLine> {
        self.frames.iter().rfind(|line| line.frame == index)
    }

    /// The first frame in which change `rev` was in force.
    pub(crate) fn first_with(&self, rev: u64) -> Option<i64> {
        self.frames.iter().find(|line| line.scene_rev >= rev).map(|line| line.frame)
    }

    /// The frames that went out at or after an instant of CLOCK_MONOTONIC.
    pub(crate) fn since(&self, mono_ns: i64) -> &[FrameLine] {
        let start = self.frames.iter().position(|line| line.mono_ns >= mono_ns).unwrap_or(self.frames.len());
        &self.frames[start..]
    }

    /// When the newest frame went out.
    pub(crate) fn newest_ns(&self) -> i64 {
        self.frames.last().map_or(i64::MIN, |line| line.mono_ns)
    }
}

/// Frames that a node may leave out in a row because the machine stood still or ran another test: half a second. Processes
/// that start again, lose their hub or wait for a network are away for longer. How exact frames are is judged in the lab.
const STALL_FRAMES: i64 = 60;

/// Indices between which frames are missing for longer than a busy machine makes a process wait.
pub(crate) fn gaps(frames: &[FrameLine]) -> Vec<(i64, i64)> {
    let pairs = frames.windows(2).map(|pair| (pair[0].frame, pair[1].frame));
    pairs.filter(|(before, after)| !(1..=STALL_FRAMES).contains(&(after - before))).collect()
}

/// The pixel hash as the protocol's pages define it: FNV-1a 64 over red, green, blue of each pixel.
pub(crate) fn fnv1a_64(bytes: &[u8]) -> String {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}
