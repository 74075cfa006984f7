//! Shapes and text into an SVG document. Coordinates are pixels from the upper left corner.

use plotters::coord::Shift;
use plotters::prelude::{
    Circle, Color, DrawingArea, EmptyElement, FontStyle, IntoDrawingArea, IntoFont, PathElement, Polygon, RGBColor,
    Rectangle, SVGBackend, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontTransform, ShapeStyle, TextStyle};

use super::palette::{self, Marker};

/// The backend writes sizes divided by this.
const BACKEND_FONT_SCALE: f64 = 1.24;
/// Font sizes, pixels.
const TITLE_PX: i32 = 18;
const HEADING_PX: i32 = 14;
const TEXT_PX: i32 = 12;
/// Height of a line of text, pixels.
pub(super) const LABEL: i32 = 16;
/// Drawing into a string has nothing that could fail.
const INTO_A_STRING: &str = "a string takes every element";

/// A point.
pub(super) type Px = (i32, i32);

pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Draws a document of that size.
pub(super) fn document(title: &str, (width, height): Px, draw: impl FnOnce(&mut Canvas<'_>)) -> String {
    let mut svg = String::new();
    let size = (u32::try_from(width).expect("positive"), u32::try_from(height).expect("positive"));
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&palette::PAPER).expect(INTO_A_STRING);
        let mut canvas = Canvas { area };
        draw(&mut canvas);
        canvas.area.present().expect(INTO_A_STRING);
    }
    // For readers who hear the figure.
    let escaped = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    svg.replacen(">\n", &format!(">\n<title>{escaped}</title>\n"), 1)
}

/// About how wide a text is in the font of labels, pixels.
pub(super) fn width(text: &str) -> i32 {
    // Sans-serif letters and digits are 0.5 to 0.6 em wide.
    text.chars().count() as i32 * TEXT_PX * 6 / 10
}

impl Canvas<'_> {
    fn write(&mut self, at: Px, text: &str, size: i32, style: FontStyle, colour: RGBColor, (h, v): (HPos, VPos)) {
        let font = ("sans-serif", f64::from(size) * BACKEND_FONT_SCALE, style).into_font();
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(h, v));
        self.area.draw(&Text::new(text.to_owned(), at, style)).expect(INTO_A_STRING);
    }

    /// The figure's title, its upper left corner at `at`.
    pub(super) fn title(&mut self, at: Px, text: &str) {
        self.write(at, text, TITLE_PX, FontStyle::Bold, palette::INK, (HPos::Left, VPos::Top));
    }
    /// A panel's title, its upper left corner at `at`.
    pub(super) fn heading(&mut self, at: Px, text: &str) {
        self.write(at, text, HEADING_PX, FontStyle::Bold, palette::INK, (HPos::Left, VPos::Top));
    }
    /// Text that begins at `at`, centred in height.
    pub(super) fn text_after(&mut self, at: Px, text: &str) {
        self.write(at, text, TEXT_PX, FontStyle::Normal, palette::INK, (HPos::Left, VPos::Center));
    }
    /// The same on a patch of paper, so that what lies behind does not make it hard to read.
    pub(super) fn text_on_paper(&mut self, (x, y): Px, text: &str) {
        if !text.is_empty() {
            self.filled((x - 2, y - LABEL / 2), (x + width(text) + 2, y + LABEL / 2), palette::PAPER, 0.85);
            self.text_after((x, y), text);
        }
    }
    /// Text that ends at `at`, centred in height.
    pub(super) fn text_before(&mut self, at: Px, text: &str) {
        self.write(at, text, TEXT_PX, FontStyle::Normal, palette::INK, (HPos::Right, VPos::Center));
    }
    /// Text below `at`, centred in width.
    pub(super) fn text_below(&mut self, at: Px, text: &str) {
        self.write(at, text, TEXT_PX, FontStyle::Normal, palette::INK, (HPos::Center, VPos::Top));
    }
    /// Text that is read upwards and centred at `at`.
    pub(super) fn text_upwards(&mut self, at: Px, text: &str) {
        let font = ("sans-serif", f64::from(TEXT_PX) * BACKEND_FONT_SCALE).into_font();
        let font = font.transform(FontTransform::Rotate270);
        let style = TextStyle::from(font).color(&palette::INK).pos(Pos::new(HPos::Center, VPos::Top));
        self.area.draw(&Text::new(text.to_owned(), at, style)).expect(INTO_A_STRING);
    }

    pub(super) fn line(&mut self, points: Vec<Px>, colour: RGBColor, width: u32) {
        self.area.draw(&PathElement::new(points, colour.stroke_width(width))).expect(INTO_A_STRING);
    }
    /// A straight dashed line, horizontal or vertical.
    pub(super) fn dashed(&mut self, (x0, y0): Px, (x1, y1): Px, colour: RGBColor) {
        const DASH: i32 = 7;
        const PERIOD: i32 = 12;
        for at in (0..(x1 - x0).max(y1 - y0)).step_by(PERIOD as usize) {
            let from = if x1 > x0 { (x0 + at, y0) } else { (x0, y0 + at) };
            let to = if x1 > x0 { ((from.0 + DASH).min(x1), y0) } else { (x0, (from.1 + DASH).min(y1)) };
            self.line(vec![from, to], colour, 1);
        }
    }
    pub(super) fn filled(&mut self, upper_left: Px, lower_right: Px, colour: RGBColor, opacity: f64) {
        let shape = Rectangle::new([upper_left, lower_right], colour.mix(opacity).filled());
        self.area.draw(&shape).expect(INTO_A_STRING);
    }
    pub(super) fn outline(&mut self, upper_left: Px, lower_right: Px, colour: RGBColor) {
        self.area.draw(&Rectangle::new([upper_left, lower_right], colour)).expect(INTO_A_STRING);
    }

    /// A marker centred at `(x, y)`.
    pub(super) fn marker(&mut self, (x, y): Px, marker: Marker, colour: RGBColor) {
        const R: i32 = 4;
        let fill: ShapeStyle = colour.filled();
        let stroke = colour.stroke_width(2);
        match marker {
            Marker::Disc => self.area.draw(&Circle::new((x, y), R, fill)),
            Marker::Ring => self
                .area
                .draw(&Circle::new((x, y), R, palette::PAPER.filled()))
                .and_then(|()| self.area.draw(&Circle::new((x, y), R, stroke))),
            Marker::Square => self.area.draw(&Rectangle::new([(x - R, y - R), (x + R, y + R)], fill)),
            Marker::Triangle => {
                self.area.draw(&Polygon::new(vec![(x - R - 1, y + R), (x + R + 1, y + R), (x, y - R - 1)], fill))
            }
            Marker::Diamond => {
                let (near, far) = (R - 1, R + 2);
                self.area.draw(&Polygon::new(vec![(x - near, y), (x, y - far), (x + near, y), (x, y + far)], fill))
            }
            Marker::Cross => {
                let stroke_of = |a, b| PathElement::new(vec![a, b], stroke);
                let cross = EmptyElement::at((x, y)) + stroke_of((-R, -R), (R, R)) + stroke_of((-R, R), (R, -R));
                self.area.draw(&cross)
            }
            Marker::Plus => {
                let stroke_of = |a, b| PathElement::new(vec![a, b], stroke);
                let plus =
                    EmptyElement::at((x, y)) + stroke_of((-R - 1, 0), (R + 1, 0)) + stroke_of((0, -R - 1), (0, R + 1));
                self.area.draw(&plus)
            }
        }
        .expect(INTO_A_STRING);
    }
}
