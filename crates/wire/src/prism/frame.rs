//! Frames of a pattern: palette indices, packed or not, for themselves or as the difference from the frame before.

use super::error::{Field, Problem};
use super::{BadPrism, FLAG_DELTA, FLAG_PACKED, MAX_RUN, RUN};

/// Length of what stands before a frame's data: flags and length.
pub(super) const FRAME_HEADER: usize = 3;

/// One frame as it lies in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    flags: u8,
    data: &'a [u8],
}

/// Why a frame cannot be taken apart. The indices are then partly written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadFrame(pub Problem);

impl<'a> Frame<'a> {
    /// Whether it is the difference from the frame before.
    pub const fn is_delta(&self) -> bool {
        self.flags & FLAG_DELTA != 0
    }
    /// Whether it is run-length packed.
    pub const fn is_packed(&self) -> bool {
        self.flags & FLAG_PACKED != 0
    }
    /// Its data as they lie in the file.
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }
    /// Makes `indices`, those of the frame before, those of this frame. All are below `colors` when the answer is `Ok`
    /// (PRISM-4).
    pub fn decode(&self, indices: &mut [u8], colors: u16) -> Result<(), BadFrame> {
        let keep = if self.is_delta() { 0xff } else { 0 };
        if self.is_packed() {
            unpack(self.data, indices, keep)?;
        } else if self.data.len() == indices.len() {
            for (index, byte) in indices.iter_mut().zip(self.data) {
                *index = (*index & keep) ^ byte;
            }
        } else {
            return Err(BadFrame(Problem::Indices { found: self.data.len(), expected: indices.len() }));
        }
        match indices.iter().position(|index| u16::from(*index) >= colors) {
            Some(led) => Err(BadFrame(Problem::NoColor { index: indices[led], led, colors })),
            None => Ok(()),
        }
    }
}

/// Runs and literals. `keep` has all bits set where a byte is the difference from the index that is there.
fn unpack(data: &[u8], indices: &mut [u8], keep: u8) -> Result<(), BadFrame> {
    let (mut within, mut led) = (0, 0);
    let leds = indices.len();
    while let Some(&byte) = data.get(within) {
        let (len, value, taken) = if byte & RUN == 0 {
            (1, byte, 1)
        } else {
            let len = usize::from(byte) & MAX_RUN;
            let value = data.get(within + 1).filter(|_| len > 0).ok_or(BadFrame(Problem::BadRun { within }))?;
            (len, *value, 2)
        };
        let too_many = BadFrame(Problem::Indices { found: led + len, expected: leds });
        for index in indices.get_mut(led..led + len).ok_or(too_many)? {
            *index = (*index & keep) ^ value;
        }
        led += len;
        within += taken;
    }
    if led == leds { Ok(()) } else { Err(BadFrame(Problem::Indices { found: led, expected: leds })) }
}

/// Walks over the frames of a payload from any one of them on.
#[derive(Clone, Copy, Debug)]
pub struct Frames<'a> {
    file: &'a [u8],
    /// Where the next frame begins.
    at: usize,
    end: usize,
    next: u32,
    count: u32,
}

impl<'a> Frames<'a> {
    /// The frames from number `next` on, which begins at byte `at` of the file, to byte `end`. `count` frames in all.
    pub(crate) const fn new(file: &'a [u8], at: usize, end: usize, next: u32, count: u32) -> Self {
        Self { file, at, end, next, count }
    }
    /// Where the next frame begins, bytes from the start of the file.
    pub const fn at(&self) -> usize {
        self.at
    }
    /// The number of the next frame.
    pub const fn number(&self) -> u32 {
        self.next
    }
    /// The next frame; `None` after the last. A frame that is not all there is an error, and the last.
    pub(crate) fn advance(&mut self) -> Option<Result<Frame<'a>, BadPrism>> {
        if self.next == self.count {
            return None;
        }
        let (number, at) = (self.next, self.at);
        let frame = read(self.file, at, self.end, number);
        match frame {
            Ok(frame) => {
                self.at = at + FRAME_HEADER + frame.data.len();
                self.next += 1;
            }
            Err(_) => self.next = self.count,
        }
        Some(frame)
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;
    /// The next frame of a file that was checked.
    fn next(&mut self) -> Option<Frame<'a>> {
        self.advance()?.ok()
    }
}

fn read(file: &[u8], at: usize, end: usize, number: u32) -> Result<Frame<'_>, BadPrism> {
    let has = end.saturating_sub(at);
    let truncated = |field, at, needs, has| BadPrism { field, at, problem: Problem::Truncated { needs, has } };
    let &[flags, low, high] = file
        .get(at..end)
        .and_then(|rest| rest.first_chunk::<FRAME_HEADER>())
        .ok_or_else(|| truncated(Field::FrameFlags(number), at, FRAME_HEADER, has))?;
    if flags & !(FLAG_DELTA | FLAG_PACKED) != 0 {
        let problem = Problem::Value { found: flags.into(), expected: "0 to 3 (1 difference, 2 run-length packed)" };
        return Err(BadPrism { field: Field::FrameFlags(number), at, problem });
    }
    let len = usize::from(u16::from_le_bytes([low, high]));
    let data_at = at + FRAME_HEADER;
    let data = file
        .get(data_at..end)
        .and_then(|rest| rest.get(..len))
        .ok_or_else(|| truncated(Field::FrameLength(number), at + 1, len, has - FRAME_HEADER))?;
    Ok(Frame { flags, data })
}
