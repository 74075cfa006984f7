//! Charts as SVG text: data in, a [`String`] out.
//!
//! A [`Figure`] is one file with panels below one another: [`Lines`] over an axis (also as [`Lines::cumulative`]
//! distribution), [`Histogram`], [`Bars`] with ranges, and [`Bands`] of states. Colours can be told apart by
//! colour-blind people and each series has a marker of its own, so that a figure is readable in grey too. The same data
//! gives the same bytes.
//!
//! | file | idea |
//! |---|---|
//! | [`lines`], [`histogram`], [`bars`], [`bands`] | one kind of panel each |
//! | [`axis`] | scales, ranges, ticks and their words |
//! | `frame` | the rectangle a panel draws in: grid, axis titles, legend |
//! | `thin` | no more points than pixels |
//! | `palette` | colours and markers |
//! | `canvas` | shapes and text into the file |

pub mod axis;
pub mod bands;
pub mod bars;
pub mod histogram;
pub mod lines;

mod canvas;
mod frame;
mod palette;
mod thin;

pub use axis::{Axis, Scale};
pub use bands::{Bands, Row, Stretch};
pub use bars::{Bar, Bars, Group};
pub use histogram::Histogram;
pub use lines::{Lines, Mark, Series};

use canvas::Canvas;
use frame::Area;

/// Width of every figure, pixels.
const WIDTH: i32 = 960;
/// Around and between panels, pixels.
const MARGIN: i32 = 16;
/// Height of a figure's title, pixels.
const TITLE: i32 = 34;

/// One chart of a figure.
#[derive(Clone, Debug)]
pub enum Panel {
    /// Curves.
    Lines(Lines),
    /// How often which values occur.
    Histogram(Histogram),
    /// Values with ranges, in groups.
    Bars(Bars),
    /// What state each of several things was in, and when.
    Bands(Bands),
}

impl From<Lines> for Panel {
    fn from(lines: Lines) -> Self {
        Self::Lines(lines)
    }
}
impl From<Histogram> for Panel {
    fn from(histogram: Histogram) -> Self {
        Self::Histogram(histogram)
    }
}
impl From<Bars> for Panel {
    fn from(bars: Bars) -> Self {
        Self::Bars(bars)
    }
}
impl From<Bands> for Panel {
    fn from(bands: Bands) -> Self {
        Self::Bands(bands)
    }
}

impl Panel {
    fn height(&self) -> i32 {
        match self {
            Self::Lines(lines) => lines.height(WIDTH - 2 * MARGIN),
            Self::Histogram(histogram) => histogram.height(WIDTH - 2 * MARGIN),
            Self::Bars(bars) => bars.height(WIDTH - 2 * MARGIN),
            Self::Bands(bands) => bands.height(WIDTH - 2 * MARGIN),
        }
    }
    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) {
        match self {
            Self::Lines(lines) => lines.draw(canvas, area),
            Self::Histogram(histogram) => histogram.draw(canvas, area),
            Self::Bars(bars) => bars.draw(canvas, area),
            Self::Bands(bands) => bands.draw(canvas, area),
        }
    }
}

/// One file: a title and panels below one another.
#[derive(Clone, Debug)]
pub struct Figure {
    title: String,
    panels: Vec<Panel>,
}

impl Figure {
    /// A figure without panels yet.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), panels: Vec::new() }
    }

    /// The same with one more panel below.
    pub fn with(mut self, panel: impl Into<Panel>) -> Self {
        self.panels.push(panel.into());
        self
    }

    /// The SVG document.
    pub fn svg(&self) -> String {
        let height = TITLE + self.panels.iter().map(|panel| panel.height() + MARGIN).sum::<i32>() + MARGIN;
        canvas::document(&self.title, (WIDTH, height), |canvas| {
            canvas.title((MARGIN, MARGIN), &self.title);
            let mut top = TITLE + MARGIN;
            for panel in &self.panels {
                let bottom = top + panel.height();
                panel.draw(canvas, Area { left: MARGIN, top, right: WIDTH - MARGIN, bottom });
                top = bottom + MARGIN;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(name: &str) -> Figure {
        let wave: Vec<(f64, f64)> = (0..5_000).map(|i| (f64::from(i) * 0.1, f64::from(i % 700) + 1.0)).collect();
        let samples: Vec<f64> = wave.iter().map(|(_, y)| *y).collect();
        let row = |name: &str| Row {
            name: name.into(),
            stretches: vec![Stretch { from: 0.0, to: 20.0, state: 1 }, Stretch { from: 20.0, to: 60.0, state: 0 }],
        };
        Figure::new(name)
            .with(Lines {
                series: vec![Series::new("node 1", wave.clone()), Series::new("node 2", wave)],
                marks: vec![Mark::horizontal(400.0, "limit"), Mark::vertical(100.0, "hub restarts")],
                ..Lines::new("Clock error", Axis::linear("seconds"), Axis::log("error, us"))
            })
            .with(Lines::cumulative("Distribution", Axis::log("error, us"), [("node 1", samples.clone())]))
            .with(Histogram {
                series: vec![("node 1".into(), samples)],
                ..Histogram::new("Histogram", Axis::linear("error, us"))
            })
            .with(Bars {
                series: vec!["ours".into(), "theirs".into()],
                groups: vec![Group {
                    name: "ethernet".into(),
                    bars: vec![Some(Bar { value: 3.0, low: 1.0, high: 9.0 }), None],
                }],
                ..Bars::new("Bars", Axis::log("error, us"))
            })
            .with(Bands {
                states: vec!["locked".into(), "unlocked".into()],
                rows: vec![row("node 1"), row("node 2")],
                ..Bands::new("State", Axis::linear("seconds"))
            })
    }

    #[test]
    fn the_same_data_gives_the_same_bytes() {
        assert_eq!(figure("a").svg(), figure("a").svg());
        assert_ne!(figure("a").svg(), figure("b").svg());
    }

    #[test]
    fn every_name_title_and_unit_is_in_the_file_and_is_escaped() {
        let svg = figure("<spread> & \"error\"").svg();
        for text in ["&lt;spread&gt; &amp; &quot;error&quot;", "node 1", "theirs", "ethernet", "seconds", "error, us"] {
            assert!(svg.contains(text), "{text}");
        }
        for text in ["hub restarts", "limit", "unlocked", "share of samples, %", "State"] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(!svg.contains("<spread>"));
    }

    #[test]
    fn nothing_lies_outside_the_canvas() {
        let svg = figure("bounds").svg();
        let height: i32 = attribute(svg.lines().next().unwrap(), "height").unwrap();
        for line in svg.lines() {
            for (x, y) in [("x", "y"), ("x1", "y1"), ("x2", "y2"), ("cx", "cy")] {
                let (Some(x), Some(y)) = (attribute(line, x), attribute(line, y)) else { continue };
                assert!((0..=WIDTH).contains(&x) && (0..=height).contains(&y), "{line}");
            }
        }
    }

    #[test]
    fn a_long_run_is_no_larger_than_what_can_be_seen_of_it() {
        let points = |n: u32| (0..n).map(|i| (f64::from(i), f64::from(i * 7_919 % 1_000))).collect();
        let svg = |n| {
            let lines = Lines {
                series: vec![Series::new("x", points(n))],
                ..Lines::new("t", Axis::linear("s"), Axis::linear("v"))
            };
            Figure::new("f").with(lines).svg()
        };
        assert!(svg(200_000).len() < 40_000);
        assert!(svg(50).len() < svg(200_000).len());
    }

    #[test]
    fn no_data_is_said_and_harms_nobody() {
        let nan = vec![(f64::NAN, f64::INFINITY), (1.0, f64::NAN)];
        for series in [vec![], vec![Series::new("empty", vec![])], vec![Series::new("nan", nan)]] {
            let lines = Lines { series, ..Lines::new("t", Axis::log("s"), Axis::log("v")) };
            assert!(Figure::new("f").with(lines).svg().contains("no data"));
        }
        let bands = Bands::new("b", Axis::linear("s"));
        assert!(Figure::new("f").with(Histogram::new("h", Axis::linear("v"))).with(bands).svg().contains("no data"));
        assert!(Figure::new("f").with(Bars::new("b", Axis::log("v"))).svg().contains("no data"));
    }

    fn attribute(line: &str, name: &str) -> Option<i32> {
        let (_, rest) = line.split_once(&format!(" {name}=\""))?;
        rest.split_once('"')?.0.parse().ok()
    }
}
