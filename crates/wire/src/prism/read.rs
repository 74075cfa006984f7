//! Reading: everything is checked, then nothing needs to be (PRISM-1).

use super::error::{Field, Problem};
use super::frame::FRAME_HEADER;
use super::{
    BASE_CHECKED, BASE_LEN, BadPrism, Direction, FLAG_DELTA, Frames, Header, MAGIC, MAX_COLORS, MAX_LEDS, META_CHECKED,
    META_LEN, Motion, Rate, SyncMode, VERSION_1_0, VERSION_1_1, studio,
};
use crate::scene::Rgb;

/// What is odd about a file that is good enough to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The header of version 1.1 has another checksum than its bytes: deployed packers disagree on what it covers (PRISM-2).
    HeaderChecksum {
        /// What the file says.
        stored: u32,
        /// What its bytes give.
        computed: u32,
    },
}

impl core::fmt::Display for Warning {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self::HeaderChecksum { stored, computed } = self;
        write!(f, "header checksum at byte 20: found {stored:#010x}, the bytes give {computed:#010x}; accepted")
    }
}

/// Everything about a checked file but its bytes: where what lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What the header says.
    pub header: Header,
    /// Colours of the palette, 1 to [`MAX_COLORS`].
    pub colors: u16,
    /// What is odd.
    pub warning: Option<Warning>,
    palette_at: usize,
    frames_at: usize,
    frames_end: usize,
}

impl Facts {
    /// The checked file with these facts. `bytes` must be the same as were read; others give wrong pictures, never a panic.
    pub const fn of(self, bytes: &[u8]) -> Prism<'_> {
        Prism { facts: self, bytes }
    }
}

/// A checked pattern file.
#[derive(Clone, Copy, Debug)]
pub struct Prism<'a> {
    facts: Facts,
    bytes: &'a [u8],
}

impl<'a> Prism<'a> {
    /// Checks a whole file, every frame of it too. Takes time in proportion to its LEDs times its frames and 4 KiB of stack.
    pub fn read(bytes: &'a [u8]) -> Result<Self, BadPrism> {
        let mut r = Cursor { bytes, at: 0 };
        let base = read_base(&mut r)?;
        let (header, stored) = (base.header, base.stored);
        let mut computed = crc32(&[&bytes[..BASE_CHECKED]]);
        let mut warning = None;
        let mut motion = Motion::NONE;
        if base.version == VERSION_1_1 {
            let meta: [u8; META_LEN] = r.take(Field::MetaVersion)?;
            motion = read_motion(&meta)?;
            let plain = computed;
            computed = crc32(&[&bytes[..BASE_CHECKED], &meta[..META_CHECKED]]);
            if stored != computed && stored != plain {
                warning = Some(Warning::HeaderChecksum { stored, computed });
            }
        } else if stored != computed {
            let problem = Problem::Checksum { stored, computed };
            return Err(BadPrism { field: Field::HeaderChecksum, at: BASE_CHECKED, problem });
        }
        let header = Header { motion, ..header };
        let extra_len = u16::from_le_bytes(r.take(Field::ExtraLength)?);
        r.skip(Field::Extra, extra_len.into())?;
        let facts = read_payload(&mut r, header, warning)?;
        Ok(Self { facts, bytes })
    }

    /// Everything but the bytes.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }
    /// What the header says.
    pub const fn header(&self) -> &Header {
        &self.facts.header
    }
    /// The colour with an index; black where there is none.
    pub fn color(&self, index: u8) -> Rgb {
        let at = self.facts.palette_at + 3 * usize::from(index);
        match self.bytes.get(at..at + 3) {
            Some(&[r, g, b]) if u16::from(index) < self.facts.colors => Rgb::new(r, g, b),
            _ => Rgb::BLACK,
        }
    }
    /// All frames.
    pub const fn frames(&self) -> Frames<'a> {
        self.frames_from(0, self.facts.frames_at)
    }
    /// The frames from number `next` on, which begins at byte `at` of the file ([`Frames::at`]).
    pub const fn frames_from(&self, next: u32, at: usize) -> Frames<'a> {
        Frames::new(self.bytes, at, self.facts.frames_end, next, self.facts.header.frames)
    }
}

/// CRC-32 (IEEE 802.3) of parts that follow one another.
pub(super) fn crc32(parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}

struct Base {
    version: u16,
    header: Header,
    stored: u32,
}

fn read_base(r: &mut Cursor<'_>) -> Result<Base, BadPrism> {
    let base: [u8; BASE_LEN] = r.take(Field::Magic)?;
    let value = |field, at, found, expected| BadPrism { field, at, problem: Problem::Value { found, expected } };
    let u16_at = |at: usize| u16::from_le_bytes([base[at], base[at + 1]]);
    let u32_at = |at: usize| u32::from_le_bytes([base[at], base[at + 1], base[at + 2], base[at + 3]]);
    if base[..4] != MAGIC {
        return Err(value(Field::Magic, 0, u32_at(0), "\"PRSM\""));
    }
    if studio::is_studio(&base) {
        return Err(BadPrism { field: Field::Version, at: 4, problem: Problem::Studio });
    }
    let version = u16_at(4);
    if version != VERSION_1_0 && version != VERSION_1_1 {
        return Err(value(Field::Version, 4, version.into(), "256 (1.0) or 257 (1.1)"));
    }
    let leds = u16_at(6);
    if leds == 0 || leds > MAX_LEDS {
        return Err(value(Field::LedCount, 6, leds.into(), "1 to 4096"));
    }
    let frames = u32_at(8);
    if frames == 0 {
        return Err(value(Field::FrameCount, 8, frames, "1 or more"));
    }
    let per_second = u32_at(12);
    let rate = Rate::from_field(per_second).ok_or_else(|| {
        value(Field::FramesPerSecond, 12, per_second, "1 to 255, or 256 to 65280 in 256ths of a frame")
    })?;
    let checked_end = BASE_CHECKED + 4;
    if let Some(at) = base[checked_end..].iter().position(|byte| *byte != 0) {
        return Err(value(Field::Padding, checked_end + at, base[checked_end + at].into(), "0"));
    }
    let header = Header { leds, frames, rate, color_format: base[16], compression: base[17], motion: Motion::NONE };
    Ok(Base { version, header, stored: u32_at(BASE_CHECKED) })
}

fn read_motion(meta: &[u8; META_LEN]) -> Result<Motion, BadPrism> {
    let value = |field, at, found: u8, expected| {
        let problem = Problem::Value { found: found.into(), expected };
        BadPrism { field, at: BASE_LEN + at, problem }
    };
    let &[version, sync, direction, _, low, high, ..] = meta;
    if version > 1 {
        return Err(value(Field::MetaVersion, 0, version, "0 or 1"));
    }
    let expected = "0 sync, 1 offset, 2 progressive, 3 wave or 4 custom";
    let sync = SyncMode::from_wire(sync).ok_or_else(|| value(Field::SyncMode, 1, sync, expected))?;
    let expected = "0 left, 1 right, 2 centre, 3 edge or 4 static";
    let direction = Direction::from_wire(direction).ok_or_else(|| value(Field::Direction, 2, direction, expected))?;
    Ok(Motion { sync, direction, parameter: u16::from_le_bytes([low, high]) })
}

fn read_payload(r: &mut Cursor<'_>, header: Header, warning: Option<Warning>) -> Result<Facts, BadPrism> {
    let payload_at = r.at;
    let palette_size = u16::from_le_bytes(r.take(Field::PaletteSize)?);
    if palette_size == 0 || palette_size > MAX_COLORS {
        let problem = Problem::Value { found: palette_size.into(), expected: "1 to 64" };
        return Err(BadPrism { field: Field::PaletteSize, at: payload_at, problem });
    }
    let palette_at = r.at;
    r.skip(Field::Palette, 3 * usize::from(palette_size))?;
    // The checksum is the file's last four bytes; frames that reach into it are cut short, frames that end before it leave
    // something over.
    let (frames_at, frames_end) = (r.at, r.bytes.len().saturating_sub(4).max(r.at));
    let least = frames_end - frames_at;
    if (header.frames as usize).saturating_mul(FRAME_HEADER + 1) > least {
        let problem =
            Problem::Truncated { needs: (header.frames as usize).saturating_mul(FRAME_HEADER + 1), has: least };
        return Err(BadPrism { field: Field::FrameCount, at: 8, problem });
    }
    let facts = Facts { header, colors: palette_size, warning, palette_at, frames_at, frames_end };
    let end = check_frames(&facts, r.bytes)?;
    if end != frames_end {
        let left = (frames_end - end) as u32;
        let problem = Problem::Value { found: left, expected: "0 bytes between the last frame and the checksum" };
        return Err(BadPrism { field: Field::End, at: end, problem });
    }
    r.at = end;
    let stored = u32::from_le_bytes(r.take(Field::PayloadChecksum)?);
    let computed = crc32(&[&r.bytes[payload_at..end]]);
    if stored != computed {
        return Err(BadPrism {
            field: Field::PayloadChecksum,
            at: end,
            problem: Problem::Checksum { stored, computed },
        });
    }
    Ok(facts)
}

/// Takes every frame apart. Returns where the last one ends.
fn check_frames(facts: &Facts, bytes: &[u8]) -> Result<usize, BadPrism> {
    let mut indices = [0; MAX_LEDS as usize];
    let indices = &mut indices[..facts.header.leds.into()];
    let mut frames = facts.of(bytes).frames();
    loop {
        let (number, at) = (frames.number(), frames.at());
        let Some(frame) = frames.advance().transpose()? else { return Ok(at) };
        if number == 0 && frame.is_delta() {
            let expected = "without the flag 1: no frame is before it";
            let problem = Problem::Value { found: FLAG_DELTA.into(), expected };
            return Err(BadPrism { field: Field::FrameFlags(0), at, problem });
        }
        frame.decode(indices, facts.colors).map_err(|bad| BadPrism {
            field: Field::FrameData(number),
            at: at + FRAME_HEADER,
            problem: bad.0,
        })?;
    }
}

/// The bytes, and where in them.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn take<const N: usize>(&mut self, field: Field) -> Result<[u8; N], BadPrism> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let problem = Problem::Truncated { needs: N, has: rest.len() };
        let taken = *rest.first_chunk::<N>().ok_or(BadPrism { field, at: self.at, problem })?;
        self.at += N;
        Ok(taken)
    }
    fn skip(&mut self, field: Field, len: usize) -> Result<(), BadPrism> {
        let has = self.bytes.len() - self.at;
        if has < len {
            return Err(BadPrism { field, at: self.at, problem: Problem::Truncated { needs: len, has } });
        }
        self.at += len;
        Ok(())
    }
}
