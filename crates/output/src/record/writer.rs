//! The thread that turns records into lines.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::park_timeout;
use std::time::Duration;

use rtrb::Consumer;

use super::Shared;
use super::line::{Record, write_end, write_lost, write_start};
use crate::pace::mono_now_ns;

/// What a killed process may lose. A second of frames is 15 kB, so this many flushes cost nothing.
const WRITE_PERIOD: Duration = Duration::from_millis(100);

/// The writer's end of a lane.
#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) name: &'static str,
    pub(crate) ring: Consumer<Record>,
    pub(crate) lost: Arc<AtomicU64>,
    /// How many of the lost ones the file already tells of.
    pub(crate) told: u64,
}

impl Intake {
    /// Writes what is in the lane, then how many records did not fit into it.
    fn drain(&mut self, to: &mut impl Write) -> io::Result<()> {
        // Read first: what is counted until here was lost before the ring is empty.
        let lost = self.lost.load(Ordering::Relaxed);
        while let Ok(record) = self.ring.pop() {
            record.write(to)?;
        }
        if lost > self.told {
            write_lost(to, self.name, lost - self.told)?;
            self.told = lost;
        }
        Ok(())
    }

    /// Whether the lane's thread has gone and all it recorded is written.
    fn is_finished(&self) -> bool {
        self.ring.is_abandoned() && self.ring.is_empty() && self.lost.load(Ordering::Relaxed) == self.told
    }
}

#[derive(Debug)]
pub(crate) struct Writer<W: Write> {
    file: BufWriter<W>,
    name: String,
    lanes: Vec<Intake>,
}

impl<W: Write> Writer<W> {
    pub(crate) fn new(file: W, name: &str) -> Self {
        Self { file: BufWriter::with_capacity(1 << 15, file), name: name.to_owned(), lanes: Vec::new() }
    }

    /// Writes until told to stop. After a failure nothing more is written: a record with a hole in it would look whole.
    pub(crate) fn run(mut self, shared: &Shared) {
        if let Err(error) = self.write(shared) {
            let _ = shared.failure.set(error.to_string());
        }
        // What is still buffered goes out with the error, or has gone out.
        let (_file, _unwritten) = self.file.into_parts();
    }

    fn write(&mut self, shared: &Shared) -> io::Result<()> {
        write_start(&mut self.file, &self.name, mono_now_ns())?;
        loop {
            let stop = shared.stop.load(Ordering::Acquire);
            self.lanes.append(&mut shared.new_lanes.lock().unwrap_or_else(PoisonError::into_inner));
            for lane in &mut self.lanes {
                lane.drain(&mut self.file)?;
            }
            self.lanes.retain(|lane| !lane.is_finished());
            if stop {
                write_end(&mut self.file, mono_now_ns())?;
            }
            self.file.flush()?;
            if stop {
                return Ok(());
            }
            park_timeout(WRITE_PERIOD);
        }
    }
}

#[cfg(test)]
mod tests {
    use cuelight_wire::ids::Revision;
    use cuelight_wire::time::Time;

    use super::super::{LANE_CAPACITY, lane};

    /// OUT-6
    #[test]
    fn a_full_lane_drops_the_newest_records_and_a_line_says_how_many() {
        let (mut lane, mut intake) = lane("frames");
        for rev in 0..LANE_CAPACITY as u32 + 3 {
            lane.change(Revision(rev), "stream", Time::ZERO, Time::ZERO, 0);
        }
        let mut text = Vec::new();
        intake.drain(&mut text).unwrap();
        intake.drain(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), LANE_CAPACITY + 1);
        assert_eq!(lines.last(), Some(&r#"{"kind":"lost","lane":"frames","records":3}"#));
        assert!(lines[LANE_CAPACITY - 1].contains(&format!("\"rev\":{},", LANE_CAPACITY - 1)));
    }
}
