//! Curves over an axis.

use super::axis::Axis;
use super::canvas::{self, Canvas, LABEL, Px};
use super::frame::{self, Area, Frame, Legend, Side, Swatch};
use super::palette;
use super::thin::thinned;

/// Height of the grid, pixels.
const GRID: i32 = 260;
/// A curve has about so many markers.
const MARKERS: i32 = 7;
/// With more curves than this they are thin.
const FEW: usize = 4;

/// A named curve. A value that is not finite interrupts it.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend; an empty one is not shown.
    pub name: String,
    /// Points in the order of drawing.
    pub points: Vec<(f64, f64)>,
}

impl Series {
    /// A named curve.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points }
    }
}

/// A dashed line across the grid: a limit, an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    is_vertical: bool,
    at: f64,
    label: String,
}

impl Mark {
    /// A limit of the vertical axis.
    pub fn horizontal(at: f64, label: impl Into<String>) -> Self {
        Self { is_vertical: false, at, label: label.into() }
    }
    /// An event on the horizontal axis.
    pub fn vertical(at: f64, label: impl Into<String>) -> Self {
        Self { is_vertical: true, at, label: label.into() }
    }
}

/// Curves over an axis. Fields can be filled in after [`Lines::new`].
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// The panel's heading.
    pub title: String,
    /// Horizontal.
    pub x: Axis,
    /// Vertical.
    pub y: Axis,
    /// The curves; the first ones are the easiest to tell apart.
    pub series: Vec<Series>,
    /// Limits and events.
    pub marks: Vec<Mark>,
}

impl Lines {
    /// A panel without curves yet.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self { title: title.into(), x, y, series: Vec::new(), marks: Vec::new() }
    }

    /// Cumulative distributions: which share of each series' samples is at most so large. Samples that are not a number
    /// are left out.
    pub fn cumulative<N: Into<String>>(
        title: impl Into<String>,
        values: Axis,
        series: impl IntoIterator<Item = (N, Vec<f64>)>,
    ) -> Self {
        let curve = |(name, mut samples): (N, Vec<f64>)| {
            samples.retain(|sample| !sample.is_nan());
            samples.sort_by(f64::total_cmp);
            let percent = 100.0 / samples.len() as f64;
            let points = samples.into_iter().zip(1..).map(|(sample, n)| (sample, f64::from(n) * percent)).collect();
            Series::new(name, points)
        };
        let share = Axis::linear("share of samples, %").within(0.0, 100.0);
        Self { series: series.into_iter().map(curve).collect(), ..Self::new(title, values, share) }
    }

    fn legend(&self) -> Legend<'_> {
        Legend::new(self.series.iter().enumerate().map(|(i, series)| {
            let (colour, marker) = palette::series(i);
            (Swatch::Line(colour, marker), series.name.as_str())
        }))
    }

    pub(super) fn height(&self, width: i32) -> i32 {
        frame::height(&self.legend(), width, GRID)
    }

    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Area) {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let is_across = |vertical: bool| self.marks.iter().filter(move |mark| mark.is_vertical == vertical);
        let limits = is_across(false).map(|mark| mark.at);
        let x = self.x.ruler(points().filter(|(_, y)| y.is_finite()).map(|(x, _)| *x), false);
        let y = self.y.ruler(points().filter(|(x, _)| x.is_finite()).map(|(_, y)| *y).chain(limits), true);
        let (Some(x), Some(y), true) = (x, y, points().any(|(x, y)| x.is_finite() && y.is_finite())) else {
            return frame::draw_nothing(canvas, area, &self.title);
        };
        let side = Side::Axis(&self.y, y);
        let frame = Frame::draw(canvas, area, &self.title, &self.legend(), (&self.x, x), side);
        // The first curve is the one the figure is about: it lies on top.
        let drawn: Vec<(usize, Vec<Px>)> = self
            .series
            .iter()
            .enumerate()
            .rev()
            .map(|(i, series)| (i, self.draw_curve(canvas, &frame, i, series)))
            .collect();
        for (i, points) in drawn {
            draw_markers(canvas, &points, (i, self.series.len()));
        }
        for mark in is_across(false) {
            let y = frame.y_at(mark.at);
            canvas.dashed((frame.grid.left, y), (frame.grid.right, y), palette::INK);
            canvas.text_on_paper((frame.grid.right - canvas::width(&mark.label) - 8, y - LABEL / 2 - 2), &mark.label);
        }
        draw_events(canvas, &frame, is_across(true));
        frame.close(canvas);
    }

    /// Draws a curve and returns its points.
    fn draw_curve(&self, canvas: &mut Canvas<'_>, frame: &Frame, index: usize, series: &Series) -> Vec<Px> {
        let (colour, _) = palette::series(index);
        let width = if self.series.len() <= FEW { 2 } else { 1 };
        let is_drawn = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
        let mut drawn = Vec::new();
        for piece in series.points.split(|point| !is_drawn(point)).filter(|piece| !piece.is_empty()) {
            let piece = thinned(piece.iter().map(|&(x, y)| (frame.x_at(x), frame.y_at(y))));
            if piece.len() > 1 {
                canvas.line(piece.clone(), colour, width);
            }
            drawn.extend(piece);
        }
        drawn
    }
}

/// Markers at equal distances, those of different curves beside one another; a short curve has at least one.
fn draw_markers(canvas: &mut Canvas<'_>, points: &[Px], (index, of): (usize, usize)) {
    let (colour, marker) = palette::series(index);
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
    let spacing = ((last.0 - first.0) / MARKERS).max(24);
    let mut next = first.0 + spacing * index as i32 / of as i32;
    let mut is_bare = true;
    for &(x, y) in points {
        if x >= next {
            canvas.marker((x, y), marker, colour);
            (next, is_bare) = (x + spacing, false);
        }
    }
    if is_bare {
        canvas.marker(*last, marker, colour);
    }
}

/// Vertical marks; a label that would touch the one before goes a line lower.
fn draw_events<'a>(canvas: &mut Canvas<'_>, frame: &Frame, marks: impl Iterator<Item = &'a Mark>) {
    let mut free_from = [i32::MIN; 4];
    let mut marks: Vec<&Mark> = marks.collect();
    marks.sort_by(|a, b| a.at.total_cmp(&b.at));
    for mark in marks {
        let x = frame.x_at(mark.at);
        canvas.dashed((x, frame.grid.top), (x, frame.grid.bottom), palette::QUIET);
        let width = canvas::width(&mark.label);
        let from = (x + 4).min(frame.grid.right - width - 4);
        let Some(line) = free_from.iter().position(|free| *free <= from) else { continue };
        free_from[line] = from + width + 8;
        canvas.text_on_paper((from, frame.grid.top + LABEL / 2 + 2 + line as i32 * LABEL), &mark.label);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cumulative_distribution_ends_at_a_hundred_percent() {
        let lines = Lines::cumulative("d", Axis::log("us"), [("a", vec![3.0, f64::NAN, 1.0, 2.0, 2.0])]);
        assert_eq!(lines.series[0].points, [(1.0, 25.0), (2.0, 50.0), (2.0, 75.0), (3.0, 100.0)]);
    }
}
