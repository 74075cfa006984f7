//! How often which values occur.

use super::axis::Axis;
use super::canvas::Canvas;
use super::frame::{self, Area, Frame, Legend, Side, Swatch};
use super::palette;

/// Height of the grid, pixels.
const GRID: i32 = 220;
/// Bars lie over one another: this much of each is seen.
const OPACITY: f64 = 0.45;

/// Shares of samples in classes of equal width on the axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// The panel's heading.
    pub title: String,
    /// What the samples measure.
    pub x: Axis,
    /// Number of classes.
    pub classes: usize,
    /// Named samples. What is not a number is left out, what lies beyond a fixed axis counts in its last class.
    pub series: Vec<(String, Vec<f64>)>,
}

impl Histogram {
    /// A panel of 60 classes without samples yet.
    pub fn new(title: impl Into<String>, x: Axis) -> Self {
        Self { title: title.into(), x, classes: 60, series: Vec::new() }
    }

    fn legend(&self) -> Legend<'_> {
        Legend::new(
            self.series
                .iter()
                .enumerate()
                .map(|(i, (name, _))| (Swatch::Fill(palette::series(i).0, OPACITY), name.as_str())),
        )
    }

    pub(super) fn height(&self, width: i32) -> i32 {
        frame::height(&self.legend(), width, GRID)
    }

    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Area) {
        let Some(x) = self.x.ruler(self.series.iter().flat_map(|(_, samples)| samples).copied(), false) else {
            return frame::draw_nothing(canvas, area, &self.title);
        };
        let shares: Vec<Vec<f64>> =
            self.series.iter().map(|(_, samples)| shares(samples, self.classes, |v| x.share(v))).collect();
        let share = Axis::linear("share of samples, %");
        let Some(y) = share.ruler(shares.iter().flatten().copied().chain([0.0]), true) else {
            return frame::draw_nothing(canvas, area, &self.title);
        };
        let side = Side::Axis(&share, y);
        let frame = Frame::draw(canvas, area, &self.title, &self.legend(), (&self.x, x), side);
        for (i, shares) in shares.iter().enumerate() {
            let (colour, _) = palette::series(i);
            let mut outline = Vec::new();
            for (class, share) in shares.iter().enumerate() {
                let edge = |class: usize| frame.x_at(frame.x.value(class as f64 / self.classes as f64));
                let (left, right, top) = (edge(class), edge(class + 1), frame.y_at(*share));
                if *share > 0.0 {
                    canvas.filled((left, top), (right, frame.grid.bottom), colour, OPACITY);
                }
                outline.extend([(left, top), (right, top)]);
            }
            canvas.line(outline, colour, 1);
        }
        frame.close(canvas);
    }
}

/// Percent of the samples in each class.
fn shares(samples: &[f64], classes: usize, share_of_axis: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut counts = vec![0u32; classes.max(1)];
    let numbers = samples.iter().filter(|sample| !sample.is_nan());
    let total = numbers.clone().count().max(1);
    for sample in numbers {
        let class = (share_of_axis(*sample) * classes as f64) as usize;
        let last = counts.len() - 1;
        counts[class.min(last)] += 1;
    }
    counts.into_iter().map(|count| f64::from(count) * 100.0 / total as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_everything_that_is_a_number() {
        let samples = [0.0, 0.1, 0.6, 1.0, 7.0, f64::NAN];
        assert_eq!(shares(&samples, 4, |v| v.clamp(0.0, 1.0)), [40.0, 0.0, 20.0, 40.0]);
    }
}
