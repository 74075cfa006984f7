//! Where the pixels are: strips, rings and matrices, and their short text form.

use core::fmt;
use core::str::FromStr;

mod points;
pub(crate) use points::{Point, fill_points, fill_zone_points};

/// The most pixels one renderer draws.
pub const MAX_PIXELS: usize = 4096;

/// The corner of a matrix where its wiring begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Top left.
    #[default]
    TopLeft,
    /// Top right.
    TopRight,
    /// Bottom left.
    BottomLeft,
    /// Bottom right.
    BottomRight,
}

/// The arrangement of a node's pixels, in the order of their wiring. Text form: `strip:320`, `ring:60`, `matrix:16x16`,
/// with any of `:serpentine`, `:vertical` and `:top-right`, `:bottom-left`, `:bottom-right` after a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Geometry {
    /// A straight line.
    Strip {
        /// Pixels.
        len: u16,
    },
    /// A closed circle, anticlockwise from the right.
    Ring {
        /// Pixels.
        len: u16,
    },
    /// Rows and columns.
    Matrix {
        /// Pixels in a row.
        width: u16,
        /// Pixels in a column.
        height: u16,
        /// Every second line of the wiring runs backwards.
        serpentine: bool,
        /// The wiring runs along columns, not along rows.
        vertical: bool,
        /// Where the wiring begins.
        origin: Origin,
    },
}

/// Why a text is not a geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadGeometry {
    /// The word before the first colon is not a known shape.
    UnknownShape,
    /// The size is not a number, or two numbers with an `x` between for a matrix.
    BadSize,
    /// No pixels, or more than [`MAX_PIXELS`].
    OutOfRange,
    /// An option of a matrix is unknown or given twice, or a strip or ring has one.
    BadOption,
}

impl fmt::Display for BadGeometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownShape => f.write_str("unknown shape: expected strip:LEN, ring:LEN or matrix:WIDTHxHEIGHT"),
            Self::BadSize => {
                f.write_str("bad size: expected strip:LEN, ring:LEN or matrix:WIDTHxHEIGHT in whole pixels")
            }
            Self::OutOfRange => write!(f, "size out of range: expected 1 to {MAX_PIXELS} pixels in all"),
            Self::BadOption => f.write_str(
                "bad option: a matrix takes :serpentine, :vertical and one of :top-left, :top-right, :bottom-left, \
                 :bottom-right; strips and rings take none",
            ),
        }
    }
}
impl core::error::Error for BadGeometry {}

impl Geometry {
    /// A strip of `len` pixels.
    pub const fn strip(len: u16) -> Self {
        Self::Strip { len }
    }
    /// A ring of `len` pixels.
    pub const fn ring(len: u16) -> Self {
        Self::Ring { len }
    }
    /// A matrix wired row by row from the top left, every row from the left.
    pub const fn matrix(width: u16, height: u16) -> Self {
        Self::Matrix { width, height, serpentine: false, vertical: false, origin: Origin::TopLeft }
    }
    /// How many pixels it has.
    pub const fn len(&self) -> usize {
        match *self {
            Self::Strip { len } | Self::Ring { len } => len as usize,
            Self::Matrix { width, height, .. } => width as usize * height as usize,
        }
    }
    /// Whether it has no pixels; none that was read from text is empty.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Column and row, from the left and from the top, of pixel `index`; a strip or ring is one row.
    pub const fn cell(&self, index: usize) -> (usize, usize) {
        let Self::Matrix { width, height, serpentine, vertical, origin } = *self else { return (index, 0) };
        let (width, height) = (width as usize, height as usize);
        let run = if vertical { height } else { width };
        let (line, mut place) = (index / run, index % run);
        if serpentine && line % 2 == 1 {
            place = run - 1 - place;
        }
        let (column, row) = if vertical { (line, place) } else { (place, line) };
        match origin {
            Origin::TopLeft => (column, row),
            Origin::TopRight => (width - 1 - column, row),
            Origin::BottomLeft => (column, height - 1 - row),
            Origin::BottomRight => (width - 1 - column, height - 1 - row),
        }
    }
}

impl FromStr for Geometry {
    type Err = BadGeometry;
    fn from_str(text: &str) -> Result<Self, BadGeometry> {
        let mut parts = text.split(':');
        let shape = parts.next().unwrap_or_default();
        if !["strip", "ring", "matrix"].contains(&shape) {
            return Err(BadGeometry::UnknownShape);
        }
        let size = parts.next().ok_or(BadGeometry::BadSize)?;
        let geometry = if shape == "matrix" {
            let (width, height) = size.split_once('x').ok_or(BadGeometry::BadSize)?;
            read_matrix(number(width)?, number(height)?, parts)?
        } else {
            if parts.next().is_some() {
                return Err(BadGeometry::BadOption);
            }
            let len = number(size)?;
            if shape == "strip" { Self::Strip { len } } else { Self::Ring { len } }
        };
        if geometry.is_empty() || geometry.len() > MAX_PIXELS { Err(BadGeometry::OutOfRange) } else { Ok(geometry) }
    }
}

fn number(text: &str) -> Result<u16, BadGeometry> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BadGeometry::BadSize);
    }
    // Only digits: what does not parse is too large.
    text.parse().map_err(|_| BadGeometry::OutOfRange)
}

fn read_matrix<'a>(width: u16, height: u16, words: impl Iterator<Item = &'a str>) -> Result<Geometry, BadGeometry> {
    let (mut serpentine, mut vertical, mut origin) = (false, false, None);
    for word in words {
        let corner = match word {
            "serpentine" if !serpentine => {
                serpentine = true;
                continue;
            }
            "vertical" if !vertical => {
                vertical = true;
                continue;
            }
            "top-left" => Origin::TopLeft,
            "top-right" => Origin::TopRight,
            "bottom-left" => Origin::BottomLeft,
            "bottom-right" => Origin::BottomRight,
            _ => return Err(BadGeometry::BadOption),
        };
        if origin.replace(corner).is_some() {
            return Err(BadGeometry::BadOption);
        }
    }
    Ok(Geometry::Matrix { width, height, serpentine, vertical, origin: origin.unwrap_or_default() })
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Strip { len } => write!(f, "strip:{len}"),
            Self::Ring { len } => write!(f, "ring:{len}"),
            Self::Matrix { width, height, serpentine, vertical, origin } => {
                write!(f, "matrix:{width}x{height}")?;
                f.write_str(if serpentine { ":serpentine" } else { "" })?;
                f.write_str(if vertical { ":vertical" } else { "" })?;
                f.write_str(match origin {
                    Origin::TopLeft => "",
                    Origin::TopRight => ":top-right",
                    Origin::BottomLeft => ":bottom-left",
                    Origin::BottomRight => ":bottom-right",
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn the_text_form_is_read_and_written_alike() {
        for text in [
            "strip:320",
            "ring:60",
            "matrix:16x16",
            "matrix:16x8:serpentine",
            "matrix:8x32:serpentine:vertical:bottom-right",
            "matrix:1x4096:top-right",
        ] {
            assert_eq!(text.parse::<Geometry>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_geometry_is_refused_with_its_reason() {
        use BadGeometry::*;
        for (text, reason) in [
            ("", UnknownShape),
            ("circle:9", UnknownShape),
            ("strip", BadSize),
            ("strip:", BadSize),
            ("strip:-1", BadSize),
            ("ring:1x2", BadSize),
            ("matrix:16", BadSize),
            ("matrix:16x", BadSize),
            ("strip:0", OutOfRange),
            ("strip:4097", OutOfRange),
            ("strip:99999", OutOfRange),
            ("matrix:65x64", OutOfRange),
            ("strip:3:serpentine", BadOption),
            ("matrix:4x4:zigzag", BadOption),
            ("matrix:4x4:top-left:top-right", BadOption),
            ("matrix:4x4:serpentine:serpentine", BadOption),
        ] {
            assert_eq!(text.parse::<Geometry>(), Err(reason), "{text}");
        }
    }

    #[test]
    fn a_serpentine_matrix_runs_every_second_line_backwards() {
        let cells = |text: &str| {
            let geometry: Geometry = text.parse().unwrap();
            (0..geometry.len()).map(|i| geometry.cell(i)).collect::<std::vec::Vec<_>>()
        };
        assert_eq!(cells("matrix:3x2"), [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]);
        assert_eq!(cells("matrix:3x2:serpentine"), [(0, 0), (1, 0), (2, 0), (2, 1), (1, 1), (0, 1)]);
        assert_eq!(cells("matrix:3x2:serpentine:vertical"), [(0, 0), (0, 1), (1, 1), (1, 0), (2, 0), (2, 1)]);
        assert_eq!(cells("matrix:3x2:serpentine:bottom-right"), [(2, 1), (1, 1), (0, 1), (0, 0), (1, 0), (2, 0)]);
    }

    #[test]
    fn every_wiring_reaches_every_cell_once() {
        for options in ["", ":serpentine", ":vertical", ":serpentine:vertical:bottom-left", ":top-right:serpentine"] {
            let geometry: Geometry = std::format!("matrix:5x7{options}").parse().unwrap();
            let mut seen = [[0; 7]; 5];
            for (column, row) in (0..35).map(|i| geometry.cell(i)) {
                seen[column][row] += 1;
            }
            assert_eq!(seen, [[1; 7]; 5], "{options}");
        }
    }
}
