//! Writing: each frame in the shortest of its forms (PRISM-6).

use core::fmt;

use super::frame::FRAME_HEADER;
use super::read::crc32;
use super::{
    BASE_CHECKED, BASE_LEN, FLAG_DELTA, FLAG_PACKED, Header, MAGIC, MAX_COLORS, MAX_LEDS, MAX_RUN, META_CHECKED,
    META_LEN, RUN, VERSION_1_1,
};
use crate::bytes::{Truncated, Writer};
use crate::scene::Rgb;

/// Shorter runs are not worth a length byte.
const LEAST_RUN: usize = 3;

/// Why a file cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The buffer is shorter than [`max_len`] and the file does not fit.
    Truncated,
    /// LED count or frame count out of range.
    BadHeader,
    /// No colours, or more than 64.
    BadPalette,
    /// A frame with another number of indices than LEDs, or with one that is no colour.
    BadFrame,
    /// More or fewer frames than the header says.
    FrameCount,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the buffer is too short for the pattern",
            Self::BadHeader => "a pattern has 1 to 4096 LEDs and at least one frame",
            Self::BadPalette => "a palette has 1 to 64 colours",
            Self::BadFrame => "a frame has one index for each LED, each below the number of colours",
            Self::FrameCount => "there are more or fewer frames than the header says",
        })
    }
}
impl core::error::Error for WriteError {}

impl From<Truncated> for WriteError {
    fn from(_: Truncated) -> Self {
        Self::Truncated
    }
}

/// The longest a file with this header and palette can be, bytes.
pub const fn max_len(header: &Header, colors: usize) -> usize {
    let frame = FRAME_HEADER + header.leds as usize;
    BASE_LEN + META_LEN + 2 + 2 + 3 * colors + frame * header.frames as usize + 4
}

/// Writes a file of version 1.1 into a buffer, frame by frame.
#[derive(Debug)]
pub struct PrismWriter<'a> {
    out: Writer<'a>,
    header: Header,
    colors: u8,
    payload_at: usize,
    frames: u32,
}

impl<'a> PrismWriter<'a> {
    /// Begins a file: header and palette.
    pub fn new(header: Header, palette: &[Rgb], buf: &'a mut [u8]) -> Result<Self, WriteError> {
        if header.leds == 0 || header.leds > MAX_LEDS || header.frames == 0 {
            return Err(WriteError::BadHeader);
        }
        let colors = u8::try_from(palette.len()).ok().filter(|n| (1..=MAX_COLORS).contains(&u16::from(*n)));
        let colors = colors.ok_or(WriteError::BadPalette)?;
        let mut out = Writer::new(buf);
        let (base, meta) = (base(&header), meta(&header));
        out.put(&base)?;
        out.put(&meta)?;
        out.u16_le(0)?;
        let payload_at = out.len();
        out.u16_le(colors.into())?;
        for Rgb { r, g, b } in palette {
            out.put(&[*r, *g, *b])?;
        }
        Ok(Self { out, header, colors, payload_at, frames: 0 })
    }

    /// Appends a frame; `before` are the indices of the frame before, without which the frame stands for itself.
    pub fn frame(&mut self, indices: &[u8], before: Option<&[u8]>) -> Result<(), WriteError> {
        let leds = usize::from(self.header.leds);
        let before = before.filter(|_| self.frames > 0);
        if self.frames == self.header.frames {
            return Err(WriteError::FrameCount);
        }
        let fits = |indices: &[u8]| indices.len() == leds && indices.iter().all(|index| *index < self.colors);
        if !fits(indices) || !before.is_none_or(fits) {
            return Err(WriteError::BadFrame);
        }
        let alone = |led: usize| indices[led];
        let packed = packed_len(leds, alone);
        let delta = before.map(|before| packed_len(leds, |led| indices[led] ^ before[led]));
        // `packed` and `delta` are at most `leds`: a run of three takes two bytes, everything else one each.
        if let (Some(before), Some(len)) = (before, delta.filter(|delta| *delta < packed)) {
            self.begin_frame(FLAG_DELTA | FLAG_PACKED, len)?;
            pack(leds, |led| indices[led] ^ before[led], |bytes| self.out.put(bytes))?;
        } else if packed < leds {
            self.begin_frame(FLAG_PACKED, packed)?;
            pack(leds, alone, |bytes| self.out.put(bytes))?;
        } else {
            self.begin_frame(0, leds)?;
            self.out.put(indices)?;
        }
        self.frames += 1;
        Ok(())
    }

    /// Ends the file. Returns its length.
    pub fn finish(mut self) -> Result<usize, WriteError> {
        if self.frames != self.header.frames {
            return Err(WriteError::FrameCount);
        }
        let checksum = crc32(&[&self.out.written()[self.payload_at..]]);
        self.out.u32_le(checksum)?;
        Ok(self.out.len())
    }

    fn begin_frame(&mut self, flags: u8, len: usize) -> Result<(), Truncated> {
        self.out.u8(flags)?;
        self.out.u16_le(u16::try_from(len).map_err(|_| Truncated)?)
    }
}

fn base(header: &Header) -> [u8; BASE_LEN] {
    let mut base = [0; BASE_LEN];
    base[..4].copy_from_slice(&MAGIC);
    base[4..6].copy_from_slice(&VERSION_1_1.to_le_bytes());
    base[6..8].copy_from_slice(&header.leds.to_le_bytes());
    base[8..12].copy_from_slice(&header.frames.to_le_bytes());
    base[12..16].copy_from_slice(&header.rate.to_field().to_le_bytes());
    (base[16], base[17]) = (header.color_format, header.compression);
    let checksum = crc32(&[&base[..BASE_CHECKED], &meta(header)[..META_CHECKED]]);
    base[BASE_CHECKED..BASE_CHECKED + 4].copy_from_slice(&checksum.to_le_bytes());
    base
}

fn meta(header: &Header) -> [u8; META_LEN] {
    let mut meta = [0; META_LEN];
    let motion = header.motion;
    meta[..3].copy_from_slice(&[1, motion.sync as u8, motion.direction as u8]);
    meta[4..6].copy_from_slice(&motion.parameter.to_le_bytes());
    meta
}

/// Gives runs and literals, in order, to `put`.
fn pack<E>(len: usize, byte: impl Fn(usize) -> u8, mut put: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    let mut at = 0;
    while at < len {
        let value = byte(at);
        let run = (at..len).take(MAX_RUN).take_while(|led| byte(*led) == value).count();
        if run >= LEAST_RUN {
            put(&[RUN | run as u8, value])?;
        } else {
            (0..run).try_for_each(|_| put(&[value]))?;
        }
        at += run;
    }
    Ok(())
}

fn packed_len(len: usize, byte: impl Fn(usize) -> u8) -> usize {
    let mut sum = 0;
    let counted: Result<(), core::convert::Infallible> = pack(len, byte, |bytes| {
        sum += bytes.len();
        Ok(())
    });
    match counted {
        Ok(()) => sum,
        Err(never) => match never {},
    }
}
