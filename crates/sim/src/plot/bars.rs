//! Values with ranges, in named groups: bars where the axis is linear, dots where it is a ratio (a bar's length would
//! say nothing there).

use super::axis::{Axis, Scale, short};
use super::canvas::{self, Canvas};
use super::frame::{self, Area, Frame, Legend, Side, Swatch};
use super::palette;

/// Height of a bar, pixels.
const BAR: i32 = 13;
/// Height of the labels of marks, above the groups, pixels.
const MARKS: i32 = 18;
/// Between groups, pixels.
const BETWEEN: i32 = 9;

/// A value and the range around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Drawn as the bar or dot.
    pub value: f64,
    /// Where the range begins.
    pub low: f64,
    /// Where the range ends.
    pub high: f64,
}

/// One bar of each series.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What they have in common.
    pub name: String,
    /// In the order of the series; `None` is said as "none".
    pub bars: Vec<Option<Bar>>,
}

/// Values with ranges. Fields can be filled in after [`Bars::new`].
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    /// The panel's heading.
    pub title: String,
    /// What the values measure.
    pub x: Axis,
    /// Names of the bars of each group.
    pub series: Vec<String>,
    /// The groups, from the top.
    pub groups: Vec<Group>,
    /// Vertical lines with their labels: limits.
    pub marks: Vec<(f64, String)>,
}

impl Bars {
    /// A panel without groups yet.
    pub fn new(title: impl Into<String>, x: Axis) -> Self {
        Self { title: title.into(), x, series: Vec::new(), groups: Vec::new(), marks: Vec::new() }
    }

    fn legend(&self) -> Legend<'_> {
        Legend::new(self.series.iter().enumerate().map(|(i, name)| {
            let (colour, marker) = palette::series(i);
            let is_dot = self.x.scale == Scale::Log;
            (if is_dot { Swatch::Line(colour, marker) } else { Swatch::Fill(colour, 1.0) }, name.as_str())
        }))
    }

    fn group_height(&self) -> i32 {
        self.series.len().max(1) as i32 * BAR + BETWEEN
    }

    fn marks_height(&self) -> i32 {
        if self.marks.is_empty() { 0 } else { MARKS }
    }

    pub(super) fn height(&self, width: i32) -> i32 {
        let groups = (self.groups.len() as i32 * self.group_height()).max(BAR);
        frame::height(&self.legend(), width, groups + self.marks_height())
    }

    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Area) {
        let bars = || self.groups.iter().flat_map(|group| group.bars.iter().flatten());
        let values = bars().flat_map(|bar| [bar.value, bar.low, bar.high]).chain(self.marks.iter().map(|mark| mark.0));
        let zero = (self.x.scale == Scale::Linear).then_some(0.0);
        let ruler = self.x.ruler(values.chain(zero), true).filter(|_| bars().next().is_some());
        let Some(x) = ruler else { return frame::draw_nothing(canvas, area, &self.title) };
        let names: Vec<&str> = self.groups.iter().map(|group| group.name.as_str()).collect();
        let frame = Frame::draw(canvas, area, &self.title, &self.legend(), (&self.x, x), Side::Names(names));
        for (at, label) in &self.marks {
            let x = frame.x_at(*at);
            canvas.dashed((x, frame.grid.top), (x, frame.grid.bottom), palette::QUIET);
            canvas.text_after((x + 4, frame.grid.top + MARKS / 2), label);
        }
        let mut top = frame.grid.top + self.marks_height();
        for group in &self.groups {
            let middle = top + self.group_height() / 2;
            canvas.text_before((frame.grid.left - 6, middle), &group.name);
            let first = top + BETWEEN / 2 + BAR / 2;
            for (i, bar) in group.bars.iter().enumerate() {
                draw_bar(canvas, &frame, i, *bar, first + i as i32 * BAR);
            }
            top += self.group_height();
            if top < frame.grid.bottom {
                canvas.line(vec![(frame.grid.left, top), (frame.grid.right, top)], palette::GRID, 1);
            }
        }
        frame.close(canvas);
    }
}

fn draw_bar(canvas: &mut Canvas<'_>, frame: &Frame, index: usize, bar: Option<Bar>, y: i32) {
    let (colour, marker) = palette::series(index);
    let Some(bar) = bar else {
        return canvas.text_after((frame.grid.left + 6, y), "none");
    };
    let (value, low, high) = (frame.x_at(bar.value), frame.x_at(bar.low), frame.x_at(bar.high));
    if frame.x.is_log() {
        canvas.line(vec![(low, y), (high, y)], colour, 2);
        canvas.marker((value, y), marker, colour);
    } else {
        canvas.filled(
            (frame.x_at(0.0).min(value), y - BAR / 2 + 1),
            (value.max(frame.x_at(0.0)), y + BAR / 2 - 1),
            colour,
            1.0,
        );
        canvas.line(vec![(low, y), (high, y)], palette::INK, 1);
        for end in [low, high] {
            canvas.line(vec![(end, y - 3), (end, y + 3)], palette::INK, 1);
        }
    }
    // The number beside it, on the side where there is room.
    let text = short(bar.value);
    let (before, after) = (low.min(value) - 9, high.max(value) + 9);
    if after + canvas::width(&text) < frame.grid.right {
        canvas.text_on_paper((after, y), &text);
    } else if before - canvas::width(&text) > frame.grid.left {
        canvas.text_on_paper((before - canvas::width(&text), y), &text);
    }
}
