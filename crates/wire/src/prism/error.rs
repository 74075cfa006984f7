//! Why a file is no pattern: which field, where, and what was found there.

use core::fmt;

/// A part of a pattern file, in its order there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of the layout")]
pub enum Field {
    Magic,
    Version,
    LedCount,
    FrameCount,
    FramesPerSecond,
    HeaderChecksum,
    Padding,
    MetaVersion,
    SyncMode,
    Direction,
    ExtraLength,
    Extra,
    PaletteSize,
    Palette,
    /// Flags of the frame with this number.
    FrameFlags(u32),
    /// Length of the frame with this number.
    FrameLength(u32),
    /// Indices of the frame with this number.
    FrameData(u32),
    PayloadChecksum,
    /// Behind everything a file has.
    End,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Magic => "magic",
            Self::Version => "version",
            Self::LedCount => "LED count",
            Self::FrameCount => "frame count",
            Self::FramesPerSecond => "frames per second",
            Self::HeaderChecksum => "header checksum",
            Self::Padding => "header padding",
            Self::MetaVersion => "metadata version",
            Self::SyncMode => "sync mode",
            Self::Direction => "motion direction",
            Self::ExtraLength => "length of the extra data",
            Self::Extra => "extra data",
            Self::PaletteSize => "palette size",
            Self::Palette => "palette",
            Self::FrameFlags(n) => return write!(f, "flags of frame {n}"),
            Self::FrameLength(n) => return write!(f, "length of frame {n}"),
            Self::FrameData(n) => return write!(f, "indices of frame {n}"),
            Self::PayloadChecksum => "payload checksum",
            Self::End => "end of the file",
        })
    }
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The file ends before the field does.
    Truncated {
        /// Bytes the field needs.
        needs: usize,
        /// Bytes there are.
        has: usize,
    },
    /// A value the field may not have.
    Value {
        /// What was found.
        found: u32,
        /// What it may be.
        expected: &'static str,
    },
    /// A checksum is not that of the bytes.
    Checksum {
        /// What the file says.
        stored: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// A frame does not yield an index for every LED.
    Indices {
        /// How many it yields; more than `expected` are not counted further.
        found: usize,
        /// The LED count.
        expected: usize,
    },
    /// A frame has an index that is no colour of the palette.
    NoColor {
        /// The index.
        index: u8,
        /// The LED it is for.
        led: usize,
        /// Colours there are.
        colors: u16,
    },
    /// A run length without the index that runs, or a run of no LEDs.
    BadRun {
        /// Where in the frame's data.
        within: usize,
    },
    /// The shape the studio packed before there was this format.
    Studio,
}

/// Why bytes are no pattern file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPrism {
    /// What part of it.
    pub field: Field,
    /// Where it begins, bytes from the start of the file.
    pub at: usize,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for BadPrism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, at, problem } = self;
        if *problem == Problem::Studio {
            return f.write_str(
                "an older studio file (64-byte header with effect, name and brightness, then raw RGB frames), which says \
                 neither how many LEDs nor how many frames a second: convert it with these given, or export it again",
            );
        }
        write!(f, "{field} at byte {at}: ")?;
        match *problem {
            Problem::Truncated { needs, has } => {
                write!(f, "the file ends early, {needs} bytes are needed, {has} are there")
            }
            Problem::Value { found, expected } => write!(f, "found {found}, must be {expected}"),
            Problem::Checksum { stored, computed } => {
                write!(f, "found {stored:#010x}, the bytes give {computed:#010x}: the file is damaged")
            }
            Problem::Indices { found, expected } if found > expected => {
                write!(f, "more indices than the {expected} LEDs need")
            }
            Problem::Indices { found, expected } => write!(f, "{found} indices for {expected} LEDs"),
            Problem::NoColor { index, led, colors } => {
                write!(f, "index {index} for LED {led}, but the palette has {colors} colours")
            }
            Problem::BadRun { within } => write!(f, "a run of nothing at byte {within} of the frame"),
            Problem::Studio => Ok(()),
        }
    }
}
impl core::error::Error for BadPrism {}
