//! Where each pixel lies for the effects: positions in 65,536 steps of the whole figure.

use super::Geometry;
use crate::fixed::{angle_of, cos, sin, triangle};

/// The place of one pixel. The centre of the figure is the middle of a strip or matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    /// Along the figure: along the wire of a strip or ring, from left to right on a matrix.
    pub(crate) along: u16,
    /// From left to right.
    pub(crate) x: u16,
    /// From top to bottom; half on a strip.
    pub(crate) y: u16,
    /// Round the centre; along the strip on a strip.
    pub(crate) angle: u16,
    /// Distance from the centre, 65,535 at the far end; on a ring the way round from its first pixel.
    pub(crate) reach: u16,
}

impl Point {
    pub(crate) const ORIGIN: Self = Self { along: 0, x: 0, y: 0, angle: 0, reach: 0 };

    const fn on_strip(along: u16) -> Self {
        let reach = along.abs_diff(0x8000);
        let reach = if reach >= 0x8000 { u16::MAX } else { reach * 2 };
        Self { along, x: along, y: 0x8000, angle: along, reach }
    }
}

/// The middle of place `i` of `n`, in 65,536 steps.
const fn middle(i: usize, n: usize) -> u16 {
    (((2 * i as u64 + 1) << 15) / n as u64) as u16
}

/// Writes the place of every pixel of `geometry`; `points` has its length.
pub(crate) fn fill_points(geometry: &Geometry, points: &mut [Point]) {
    let len = geometry.len();
    for (i, point) in points.iter_mut().enumerate() {
        *point = match *geometry {
            Geometry::Strip { .. } => Point::on_strip(middle(i, len)),
            Geometry::Ring { .. } => {
                let angle = (((i as u64) << 16) / len as u64) as u16;
                let (x, y) = ((32_768 + cos(angle)) as u16, (32_768 - sin(angle)) as u16);
                Point { along: angle, x, y, angle, reach: triangle(angle) }
            }
            Geometry::Matrix { width, height, .. } => {
                let (column, row) = geometry.cell(i);
                in_matrix(column, row, usize::from(width), usize::from(height))
            }
        };
    }
}

fn in_matrix(column: usize, row: usize, width: usize, height: usize) -> Point {
    let (x, y) = (middle(column, width), middle(row, height));
    // Angle and distance by true proportions: in half pixels from the centre, at most 4,095 of them.
    let (dx, dy) = (2 * column as i32 + 1 - width as i32, height as i32 - 1 - 2 * row as i32);
    let corner = ((width * width + height * height) as u64) << 16;
    let from_centre = ((dx * dx + dy * dy) as u64) << 16;
    // sqrt(a / b) in 65,536 steps, as sqrt(a << 16) * 2^16 / sqrt(b << 16); the centres of corner pixels stay below 1.
    let reach = (from_centre.isqrt() << 16) / corner.isqrt();
    Point { along: x, x, y, angle: angle_of(dx, dy), reach: reach.min(65_535) as u16 }
}

/// Writes places for a zone whose pixels lie at `whole`: the zone is a figure of its own. A part of a strip or ring is
/// a strip; a part of a matrix is the rectangle round its pixels, with angle and distance still those of the matrix.
pub(crate) fn fill_zone_points(geometry: &Geometry, whole: &[Point], zone: &mut [Point]) {
    if !matches!(geometry, Geometry::Matrix { .. }) {
        for (i, point) in zone.iter_mut().enumerate() {
            *point = Point::on_strip(middle(i, whole.len()));
        }
        return;
    }
    let x = Stretch::over(whole, |p| p.x);
    let y = Stretch::over(whole, |p| p.y);
    for (point, from) in zone.iter_mut().zip(whole) {
        let along = x.of(from.x);
        *point = Point { along, x: along, y: y.of(from.y), ..*from };
    }
}

/// Maps the range of a coordinate that a zone covers to the whole range.
struct Stretch {
    low: u16,
    /// 65,535 / range in 2^-16; 0 for a range of one value, which is then half.
    factor: u32,
}

impl Stretch {
    fn over(points: &[Point], coordinate: impl Fn(&Point) -> u16) -> Self {
        let low = points.iter().map(&coordinate).min().unwrap_or(0);
        let high = points.iter().map(&coordinate).max().unwrap_or(0);
        let factor = (65_535_u32 << 16).checked_div(u32::from(high - low)).unwrap_or(0);
        Self { low, factor }
    }
    const fn of(&self, value: u16) -> u16 {
        if self.factor == 0 {
            return 0x8000;
        }
        // value - low <= range, so the product is at most 65,535 * 2^16.
        (((value - self.low) as u64 * self.factor as u64) >> 16) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points<const N: usize>(geometry: &Geometry) -> [Point; N] {
        let mut points = [Point::ORIGIN; N];
        fill_points(geometry, &mut points);
        points
    }

    #[test]
    fn a_strip_runs_from_end_to_end_and_is_symmetric() {
        let p = points::<4>(&Geometry::strip(4));
        assert_eq!(p.map(|p| p.along), [0x2000, 0x6000, 0xa000, 0xe000]);
        assert_eq!(p.map(|p| p.reach), [0xc000, 0x4000, 0x4000, 0xc000]);
    }

    #[test]
    fn a_ring_closes() {
        let p = points::<4>(&Geometry::ring(4));
        assert_eq!(p.map(|p| p.angle), [0, 0x4000, 0x8000, 0xc000]);
        assert_eq!(p.map(|p| p.x), [65_535, 32_768, 1, 32_768]);
        assert_eq!(p.map(|p| p.y), [32_768, 1, 32_768, 65_535]);
    }

    #[test]
    fn a_matrix_has_its_corners_at_equal_distance_and_opposite_angles() {
        let p = points::<16>(&Geometry::matrix(4, 4));
        assert_eq!([p[0].reach, p[3].reach, p[12].reach], [p[15].reach; 3]);
        assert!(p[5].reach < p[0].reach);
        assert!(p[0].angle.abs_diff(p[15].angle.wrapping_add(0x8000)) <= 4);
        assert!(p[3].angle.abs_diff(0x2000) <= 4, "top right lies an eighth round");
    }

    #[test]
    fn a_zone_of_a_matrix_spans_its_own_rectangle() {
        let geometry = Geometry::matrix(4, 4);
        let whole = points::<16>(&geometry);
        let mut zone = [Point::ORIGIN; 8];
        fill_zone_points(&geometry, &whole[4..12], &mut zone);
        assert_eq!((zone[0].x, zone[0].y), (0, 0));
        assert!(zone[7].x >= 65_534 && zone[7].y >= 65_534);
    }
}
