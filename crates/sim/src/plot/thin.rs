//! No more points than pixels: of each pixel column a curve keeps its first, lowest, highest and last point.
//!
//! This draws the same picture as all points (Jugel et al., "M4: A Visualization-Oriented Time Series Data
//! Aggregation", 2014).

use super::canvas::Px;

/// One pixel column of a curve.
#[derive(Clone, Copy)]
struct Column {
    x: i32,
    first: i32,
    low: i32,
    high: i32,
    last: i32,
}

impl Column {
    fn at((x, y): Px) -> Self {
        Self { x, first: y, low: y, high: y, last: y }
    }
    fn add(&mut self, y: i32) {
        (self.low, self.high, self.last) = (self.low.min(y), self.high.max(y), y);
    }
    fn points(self) -> impl Iterator<Item = Px> {
        [self.first, self.low, self.high, self.last].into_iter().map(move |y| (self.x, y))
    }
}

/// The points to draw of a curve whose points are in the order of drawing.
pub(super) fn thinned(points: impl Iterator<Item = Px>) -> Vec<Px> {
    let mut kept = Vec::new();
    let mut column: Option<Column> = None;
    for point in points {
        match &mut column {
            Some(column) if column.x == point.0 => column.add(point.1),
            _ => kept.extend(column.replace(Column::at(point)).into_iter().flat_map(Column::points)),
        }
    }
    kept.extend(column.into_iter().flat_map(Column::points));
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extremes_of_a_column_stay() {
        let column = [(1, 5), (1, 9), (1, 2), (1, 4), (2, 4)];
        assert_eq!(thinned(column.into_iter()), [(1, 5), (1, 2), (1, 9), (1, 4), (2, 4)]);
        assert_eq!(thinned([].into_iter()), []);
        assert_eq!(thinned([(1, 1), (1, 1), (2, 1)].into_iter()), [(1, 1), (2, 1)]);
    }
}
