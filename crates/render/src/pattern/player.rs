//! Finding a pattern's frames: at any moment, at a bounded cost, without allocating (PLAY-2).
//!
//! Frames may be differences from the frame before. When a pattern is loaded its frames are walked over once and every 16th
//! is kept as it is, a checkpoint; to show a frame, at most 15 are walked over from there. A pattern that simply plays is
//! walked over frame by frame. What is kept of the last frame only saves the way: the picture follows from the file and the
//! frame's number.

use cuelight_wire::ids::PatternId;
use cuelight_wire::prism::{BadPrism, Facts, MAX_COLORS, Prism};
use cuelight_wire::scene::PatternPlay;
use cuelight_wire::time::{FrameIndex, Show, Time};

use super::place::{Place, delay_us};
use crate::color::Rgb16;
use crate::geometry::Geometry;

/// Frames from one checkpoint to the next: the most that are taken apart for one picture. 16 frames of 4,096 LEDs are 64 KiB
/// of indices; checkpoints then take a sixteenth of what the whole pattern would unpacked.
pub const FRAMES_PER_CHECKPOINT: u32 = 16;
/// Before a checkpoint's indices stands where its next frame begins in the file.
const NEXT_AT_LEN: usize = 4;

/// A pattern ready to be shown: its file, and working memory of [`work_len`] bytes for one frame and the checkpoints. Both
/// are the caller's: slices in firmware, boxes elsewhere.
#[derive(Clone, Debug)]
pub struct Player<F, W> {
    id: PatternId,
    facts: Facts,
    file: F,
    work: W,
    /// The frame whose indices are at the front of `work`.
    frame: u32,
    /// Where the frame after it begins in the file.
    next_at: usize,
}

/// Why a pattern cannot be made ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayerError {
    /// The bytes are no pattern.
    Bad(BadPrism),
    /// The working memory is too short.
    NoRoom {
        /// Bytes that are needed.
        needs: usize,
        /// Bytes there are.
        has: usize,
    },
}

impl core::fmt::Display for PlayerError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Bad(bad) => bad.fmt(f),
            Self::NoRoom { needs, has } => {
                write!(f, "the pattern needs {needs} bytes of working memory, there are {has}")
            }
        }
    }
}
impl core::error::Error for PlayerError {}

impl From<BadPrism> for PlayerError {
    fn from(bad: BadPrism) -> Self {
        Self::Bad(bad)
    }
}

/// Working memory of a pattern, bytes: one frame, and one for every [`FRAMES_PER_CHECKPOINT`].
///
/// A frame of n LEDs takes at least n / 64 bytes of a file (a run of 127 takes two), so this is below 64 / 16 + 1 = 5 times
/// the file's length.
pub const fn work_len(facts: &Facts) -> usize {
    let leds = facts.header.leds as usize;
    let checkpoints = facts.header.frames.div_ceil(FRAMES_PER_CHECKPOINT) as usize;
    leds + checkpoints * (NEXT_AT_LEN + leds)
}

impl<F, W> Player<F, W>
where
    F: AsRef<[u8]>,
    W: AsRef<[u8]> + AsMut<[u8]>,
{
    /// Checks a file and makes its checkpoints: takes time in proportion to LEDs times frames, so not for the frame thread.
    /// `work` must have [`work_len`] bytes; more are not used.
    pub fn new(id: PatternId, file: F, work: W) -> Result<Self, PlayerError> {
        let facts = *Prism::read(file.as_ref())?.facts();
        let (needs, has) = (work_len(&facts), work.as_ref().len());
        if has < needs {
            return Err(PlayerError::NoRoom { needs, has });
        }
        let next_at = facts.of(file.as_ref()).frames().at();
        let mut player = Self { id, facts, file, work, frame: 0, next_at };
        player.fill_checkpoints();
        Ok(player)
    }
    /// Which pattern it is.
    pub const fn id(&self) -> PatternId {
        self.id
    }
    /// What its file says.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }
    /// The palette indices of frame `number`, one for each LED; those of the last one for numbers beyond it.
    pub fn indices(&mut self, number: u32) -> &[u8] {
        let number = number.min(self.facts.header.frames - 1);
        self.seek(number);
        &self.work.as_ref()[..self.facts.header.leds.into()]
    }

    /// Draws what the pattern shows in a frame of the show (PLAY-1, PLAY-3): code values, one for each pixel of the geometry.
    pub fn draw(&mut self, play: &PatternPlay, frame: FrameIndex, geometry: &Geometry, out: &mut [Rgb16]) {
        let header = self.facts.header;
        let number = header.rate.frame_at(frame, play.starts_at).max(0).unsigned_abs();
        let count = u64::from(header.frames);
        let number = if play.repeats { number % count } else { number.min(count - 1) };
        // Below `count`, which is 32 bits.
        self.seek(number as u32);

        let prism = self.facts.of(self.file.as_ref());
        let mut palette = [Rgb16::BLACK; MAX_COLORS as usize];
        for (index, color) in (0..).zip(&mut palette[..self.facts.colors.into()]) {
            *color = Rgb16::from_rgb(prism.color(index));
        }
        let leds = usize::from(header.leds);
        let (place, since_us) = (Place::new(geometry, leds), since_us(frame, play.starts_at));
        let indices = &self.work.as_ref()[..leds];
        for (pixel, color) in out.iter_mut().enumerate().take(geometry.len()) {
            let (led, is_second) = place.led(geometry, pixel, leds);
            let is_dark = is_second && since_us < i64::from(delay_us(header.motion, led, leds));
            let index = indices.get(led).copied().unwrap_or_default();
            *color = if is_dark { Rgb16::BLACK } else { palette[usize::from(index) % palette.len()] };
        }
    }

    /// Walks over all frames, once, and keeps every 16th.
    fn fill_checkpoints(&mut self) {
        let leds = usize::from(self.facts.header.leds);
        let mut frames = self.facts.of(self.file.as_ref()).frames();
        let (indices, checkpoints) = self.work.as_mut().split_at_mut(leds);
        let mut number = 0;
        while let Some(frame) = frames.next() {
            // The file was checked: every frame is whole.
            let _ = frame.decode(indices, self.facts.colors);
            if number % FRAMES_PER_CHECKPOINT == 0 {
                let at = (number / FRAMES_PER_CHECKPOINT) as usize * (NEXT_AT_LEN + leds);
                if let Some(checkpoint) = checkpoints.get_mut(at..at + NEXT_AT_LEN + leds) {
                    // Files longer than 4 GiB have no place in the memory of anything this runs on.
                    checkpoint[..NEXT_AT_LEN].copy_from_slice(&(frames.at() as u32).to_le_bytes());
                    checkpoint[NEXT_AT_LEN..].copy_from_slice(indices);
                }
            }
            number += 1;
        }
        (self.frame, self.next_at) = (number.saturating_sub(1), frames.at());
    }

    /// Makes the indices at the front of `work` those of frame `number`, from where that is nearer: the frame that is there,
    /// or the checkpoint before.
    fn seek(&mut self, number: u32) {
        let leds = usize::from(self.facts.header.leds);
        let from_checkpoint = number % FRAMES_PER_CHECKPOINT;
        if self.frame > number || number - self.frame > from_checkpoint {
            let at = (number / FRAMES_PER_CHECKPOINT) as usize * (NEXT_AT_LEN + leds);
            let (indices, checkpoints) = self.work.as_mut().split_at_mut(leds);
            let checkpoint = &checkpoints[at..at + NEXT_AT_LEN + leds];
            let (next_at, kept) = checkpoint.split_first_chunk::<NEXT_AT_LEN>().expect("a checkpoint begins with them");
            indices.copy_from_slice(kept);
            (self.frame, self.next_at) = (number - from_checkpoint, u32::from_le_bytes(*next_at) as usize);
        }
        let mut frames = self.facts.of(self.file.as_ref()).frames_from(self.frame + 1, self.next_at);
        let indices = &mut self.work.as_mut()[..leds];
        while self.frame < number {
            let Some(frame) = frames.next() else { break };
            let _ = frame.decode(indices, self.facts.colors);
            self.frame += 1;
        }
        self.next_at = frames.at();
    }
}

/// Microseconds from `starts_at` to a frame's instant, rounded down.
const fn since_us(frame: FrameIndex, starts_at: Time<Show>) -> i64 {
    let thirds_ns = frame.0 as i128 * 25_000_000 - starts_at.as_ns() as i128 * 3;
    let us = thirds_ns.div_euclid(3_000);
    if us > i64::MAX as i128 {
        i64::MAX
    } else if us < i64::MIN as i128 {
        i64::MIN
    } else {
        us as i64
    }
}
