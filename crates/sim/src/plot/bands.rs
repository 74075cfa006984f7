//! What state each of several things was in, and when: a coloured band each.

use super::axis::Axis;
use super::canvas::Canvas;
use super::frame::{self, Area, Frame, Legend, Side, Swatch};
use super::palette;

/// Height of a band while there are few, pixels.
const TALL: i32 = 18;
/// Height of all bands together at most, pixels; then each is lower and has no name.
const MOST: i32 = 640;
/// A name needs so much, pixels.
const NAMED: i32 = 13;

/// From when to when something was in a state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Where it begins on the axis.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Which of [`Bands::states`].
    pub state: usize,
}

/// One thing and its states.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its states; where there is none nothing is drawn.
    pub stretches: Vec<Stretch>,
}

/// A coloured band for each of several things. Fields can be filled in after [`Bands::new`].
#[derive(Clone, Debug, PartialEq)]
pub struct Bands {
    /// The panel's heading.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Names of the states, from good to bad: light to dark. More than six share the last colour.
    pub states: Vec<String>,
    /// The things, from the top.
    pub rows: Vec<Row>,
}

impl Bands {
    /// A panel without rows yet.
    pub fn new(title: impl Into<String>, x: Axis) -> Self {
        Self { title: title.into(), x, states: Vec::new(), rows: Vec::new() }
    }

    fn legend(&self) -> Legend<'_> {
        Legend::new(
            self.states.iter().enumerate().map(|(i, name)| (Swatch::Fill(palette::state(i), 1.0), name.as_str())),
        )
    }

    fn row_height(&self) -> i32 {
        (MOST / self.rows.len().max(1) as i32).clamp(1, TALL)
    }

    pub(super) fn height(&self, width: i32) -> i32 {
        frame::height(&self.legend(), width, (self.rows.len() as i32 * self.row_height()).max(TALL))
    }

    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Area) {
        let ends = self.rows.iter().flat_map(|row| row.stretches.iter().flat_map(|stretch| [stretch.from, stretch.to]));
        let Some(x) = self.x.ruler(ends, false) else {
            return frame::draw_nothing(canvas, area, &self.title);
        };
        let height = self.row_height();
        let is_named = height >= NAMED;
        let names = self.rows.iter().filter(|_| is_named).map(|row| row.name.as_str()).collect();
        let frame = Frame::draw(canvas, area, &self.title, &self.legend(), (&self.x, x), Side::Names(names));
        let gap = i32::from(height > 3);
        for (i, row) in self.rows.iter().enumerate() {
            let top = frame.grid.top + i as i32 * height;
            for stretch in row.stretches.iter().filter(|stretch| stretch.from.is_finite() && stretch.to.is_finite()) {
                let (left, right) = (frame.x_at(stretch.from), frame.x_at(stretch.to));
                // However short: what happened is seen.
                let right = right.max(left + 1).min(frame.grid.right);
                canvas.filled((left, top + gap), (right, top + height - gap), palette::state(stretch.state), 1.0);
            }
            if is_named {
                canvas.text_before((frame.grid.left - 6, top + height / 2), &row.name);
            }
        }
        frame.close(canvas);
    }
}
