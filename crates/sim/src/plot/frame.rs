//! The rectangle a panel draws in: heading, legend, grid, ticks, axis titles.

use plotters::style::RGBColor;

use super::axis::{Axis, Ruler};
use super::canvas::{self, Canvas, Px};
use super::palette::{self, Marker};

/// Height of a heading, pixels.
const HEADING: i32 = 24;
/// Height of a line of the legend, pixels.
const LEGEND: i32 = 20;
/// Below the grid: tick labels and the axis' title, pixels.
const BELOW: i32 = 44;
/// Left of the tick labels of a vertical axis: its title, pixels.
const TITLE_BESIDE: i32 = 24;
/// Right of the grid: half a tick label, pixels.
const RIGHT: i32 = 24;
/// Between a tick and its label, pixels.
const GAP: i32 = 6;
/// A legend's swatch and the gaps around it, pixels.
const SWATCH: i32 = 44;

/// A rectangle, pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

/// What the legend shows before a name.
#[derive(Clone, Copy)]
pub(super) enum Swatch {
    Line(RGBColor, Marker),
    Fill(RGBColor, f64),
}

/// A legend over one panel, in as many lines as it needs.
pub(super) struct Legend<'a> {
    entries: Vec<(Swatch, &'a str)>,
}

impl<'a> Legend<'a> {
    pub(super) fn new(entries: impl Iterator<Item = (Swatch, &'a str)>) -> Self {
        Self { entries: entries.filter(|(_, name)| !name.is_empty()).collect() }
    }

    /// Where each entry stands relative to the legend's upper left corner.
    fn places(&self, width: i32) -> Vec<Px> {
        let (mut x, mut y) = (0, 0);
        let place = |(_, name): &(Swatch, &str)| {
            let needed = SWATCH + canvas::width(name);
            if x > 0 && x + needed > width {
                (x, y) = (0, y + LEGEND);
            }
            let at = (x, y);
            x += needed;
            at
        };
        self.entries.iter().map(place).collect()
    }

    fn height(&self, width: i32) -> i32 {
        self.places(width).last().map_or(0, |(_, y)| y + LEGEND)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) {
        for ((swatch, name), (x, y)) in self.entries.iter().zip(self.places(area.right - area.left)) {
            let (x, y) = (area.left + x, area.top + y + LEGEND / 2);
            match *swatch {
                Swatch::Line(colour, marker) => {
                    canvas.line(vec![(x, y), (x + 24, y)], colour, 2);
                    canvas.marker((x + 12, y), marker, colour);
                }
                Swatch::Fill(colour, opacity) => {
                    canvas.filled((x + 6, y - 6), (x + 24, y + 6), colour, opacity);
                    canvas.outline((x + 6, y - 6), (x + 24, y + 6), palette::QUIET);
                }
            }
            canvas.text_after((x + 30, y), name);
        }
    }
}

/// Height of a panel of that width whose grid is `grid` pixels high.
pub(super) fn height(legend: &Legend<'_>, width: i32, grid: i32) -> i32 {
    HEADING + legend.height(width) + GAP + grid + BELOW
}

/// What stands at the left of a grid.
pub(super) enum Side<'a> {
    /// A vertical axis.
    Axis(&'a Axis, Ruler),
    /// Names of rows, drawn by the panel itself.
    Names(Vec<&'a str>),
}

/// The grid, ready to be drawn on.
pub(super) struct Frame {
    pub(super) grid: Area,
    pub(super) x: Ruler,
    y: Option<Ruler>,
}

impl Frame {
    /// Draws everything around the data.
    pub(super) fn draw(
        canvas: &mut Canvas<'_>,
        area: Area,
        heading: &str,
        legend: &Legend<'_>,
        (x_axis, x): (&Axis, Ruler),
        side: Side<'_>,
    ) -> Self {
        canvas.heading((area.left, area.top), heading);
        let below_heading = Area { top: area.top + HEADING, ..area };
        legend.draw(canvas, below_heading);
        let labels = match &side {
            Side::Axis(_, ruler) => {
                ruler.ticks().map(|(_, label)| canvas::width(label)).max().unwrap_or(0) + TITLE_BESIDE
            }
            Side::Names(names) => names.iter().map(|name| canvas::width(name)).max().unwrap_or(0),
        };
        let grid = Area {
            left: area.left + labels + GAP,
            top: below_heading.top + legend.height(area.right - area.left) + GAP,
            right: area.right - RIGHT,
            bottom: area.bottom - BELOW,
        };
        let y = match side {
            Side::Axis(axis, ruler) => {
                canvas.text_upwards((area.left, (grid.top + grid.bottom) / 2), &axis.label);
                Some(ruler)
            }
            Side::Names(_) => None,
        };
        let frame = Self { grid, x, y };
        frame.draw_ticks(canvas);
        canvas.text_below(((grid.left + grid.right) / 2, grid.bottom + 22), &x_axis.label);
        frame
    }

    fn draw_ticks(&self, canvas: &mut Canvas<'_>) {
        let grid = self.grid;
        // Labels that would touch the one before are left out.
        let mut free_from = i32::MIN;
        for (share, label) in self.x.ticks() {
            let x = grid.left + ((grid.right - grid.left) as f64 * share).round() as i32;
            canvas.line(vec![(x, grid.top), (x, grid.bottom)], palette::GRID, 1);
            let half = canvas::width(label) / 2;
            if x - half >= free_from {
                canvas.text_below((x, grid.bottom + GAP), label);
                free_from = x + half + GAP;
            }
        }
        for (share, label) in self.y.iter().flat_map(Ruler::ticks) {
            let y = grid.bottom - ((grid.bottom - grid.top) as f64 * share).round() as i32;
            canvas.line(vec![(grid.left, y), (grid.right, y)], palette::GRID, 1);
            canvas.text_before((grid.left - GAP, y), label);
        }
    }

    /// The edge, over the data.
    pub(super) fn close(&self, canvas: &mut Canvas<'_>) {
        let grid = self.grid;
        canvas.outline((grid.left, grid.top), (grid.right, grid.bottom), palette::QUIET);
    }

    /// Where a value lies horizontally.
    pub(super) fn x_at(&self, value: f64) -> i32 {
        self.grid.left + ((self.grid.right - self.grid.left) as f64 * self.x.share(value)).round() as i32
    }
    /// Where a value lies vertically; the bottom when there is no vertical axis.
    pub(super) fn y_at(&self, value: f64) -> i32 {
        let share = self.y.as_ref().map_or(0.0, |y| y.share(value));
        self.grid.bottom - ((self.grid.bottom - self.grid.top) as f64 * share).round() as i32
    }
}

/// What a panel without data shows.
pub(super) fn draw_nothing(canvas: &mut Canvas<'_>, area: Area, heading: &str) {
    canvas.heading((area.left, area.top), heading);
    canvas.text_after((area.left, area.top + HEADING + LEGEND), "no data");
}
