//! Pixels as text.

use std::fmt::Write;

use cuelight_render::Geometry;
use cuelight_wire::scene::Rgb;

/// What a terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// 24-bit colour, drawn in place.
    #[default]
    Color,
    /// Brightness as letters, drawn in place.
    Letters,
    /// Brightness as letters, line after line, no control codes at all.
    Lines,
}

/// Letters from dark to bright.
const LETTERS: &[u8; 10] = b" .:-=+*#%@";

/// Draws frames of one geometry.
#[derive(Debug)]
pub(crate) struct Picture {
    style: Style,
    /// Pixel indices, row by row; `None` where the last row of a wrapped strip is short.
    rows: Vec<Vec<Option<usize>>>,
    /// Screen level of an LED level.
    levels: [u8; 256],
    /// Lines on the screen to draw over.
    lines_above: usize,
}

impl Picture {
    /// A matrix is drawn as it is, at most `columns` wide: of a wider one, evenly spaced columns. A strip or ring is wrapped.
    pub(crate) fn new(geometry: &Geometry, columns: u16, gamma_x100: u16, style: Style) -> Self {
        let columns = usize::from(columns.max(1));
        let cell = |index| match geometry {
            Geometry::Matrix { .. } => geometry.cell(index),
            Geometry::Strip { .. } | Geometry::Ring { .. } => (index % columns, index / columns),
        };
        let cells: Vec<(usize, usize)> = (0..geometry.len()).map(cell).collect();
        let width = cells.iter().map(|(column, _)| column + 1).max().unwrap_or(0);
        let height = cells.iter().map(|(_, row)| row + 1).max().unwrap_or(0);
        let mut full = vec![vec![None; width]; height];
        for (index, (column, row)) in cells.into_iter().enumerate() {
            full[row][column] = Some(index);
        }
        let shown = width.min(columns);
        let rows = full.iter().map(|row| (0..shown).map(|column| row[column * width / shown]).collect()).collect();
        let exponent = 100.0 / f32::from(gamma_x100.max(1));
        let levels = std::array::from_fn(|level| ((level as f32 / 255.0).powf(exponent) * 255.0).round() as u8);
        Self { style, rows, levels, lines_above: 0 }
    }

    /// Appends a heading and the pixels to `text`, over what was drawn before where the style allows.
    pub(crate) fn draw(&mut self, heading: &str, pixels: &[Rgb], text: &mut String) {
        let in_place = self.style != Style::Lines;
        if in_place && self.lines_above > 0 {
            // To the beginning of the line that many lines up.
            push(text, format_args!("\x1b[{}F", self.lines_above));
        }
        let erase = if in_place { "\x1b[K" } else { "" };
        push(text, format_args!("{heading}{erase}\n"));
        for pair in self.rows.chunks(2) {
            let lower = pair.get(1);
            let mut last = None;
            for (column, upper) in pair[0].iter().enumerate() {
                let top = self.screen(pixels, *upper);
                let bottom = self.screen(pixels, lower.and_then(|row| row[column]));
                self.put(top, bottom, &mut last, text);
            }
            push(text, format_args!("{}{erase}\n", if self.style == Style::Color { "\x1b[0m" } else { "" }));
        }
        self.lines_above = 1 + self.rows.len().div_ceil(2);
    }

    /// Two pixels, one above the other, as one character.
    fn put(&self, top: Rgb, bottom: Rgb, last: &mut Option<(Rgb, Rgb)>, text: &mut String) {
        if self.style != Style::Color {
            let brightness = [top.r, top.g, top.b, bottom.r, bottom.g, bottom.b].into_iter().max().unwrap_or(0);
            text.push(char::from(LETTERS[usize::from(brightness) * LETTERS.len() / 256]));
            return;
        }
        // Colours stay until they are changed: most neighbours are alike.
        if *last != Some((top, bottom)) {
            push(
                text,
                format_args!("\x1b[38;2;{};{};{};48;2;{};{};{}m", top.r, top.g, top.b, bottom.r, bottom.g, bottom.b),
            );
            *last = Some((top, bottom));
        }
        text.push('▀');
    }

    fn screen(&self, pixels: &[Rgb], index: Option<usize>) -> Rgb {
        let Some(Rgb { r, g, b }) = index.and_then(|index| pixels.get(index)).copied() else { return Rgb::BLACK };
        let level = |value: u8| self.levels[usize::from(value)];
        Rgb::new(level(r), level(g), level(b))
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a string does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(geometry: &str, columns: u16, style: Style, pixels: &[Rgb]) -> String {
        let mut text = String::new();
        Picture::new(&geometry.parse().unwrap(), columns, 100, style).draw("head", pixels, &mut text);
        text
    }

    const RED: Rgb = Rgb::new(255, 0, 0);
    const DIM: Rgb = Rgb::new(0, 0, 60);

    /// OUT-7
    #[test]
    fn two_rows_of_pixels_make_one_line_of_half_blocks() {
        let text = drawn("matrix:2x2", 80, Style::Color, &[RED, RED, DIM, DIM]);
        assert_eq!(text, "head\x1b[K\n\x1b[38;2;255;0;0;48;2;0;0;60m▀▀\x1b[0m\x1b[K\n");
    }

    #[test]
    fn without_color_there_are_letters_and_without_a_terminal_no_control_codes() {
        let pixels = [Rgb::BLACK, RED, DIM, Rgb::new(130, 130, 130)];
        assert_eq!(drawn("strip:4", 80, Style::Lines, &pixels), "head\n @:+\n");
        assert_eq!(drawn("strip:4", 80, Style::Letters, &pixels), "head\x1b[K\n @:+\x1b[K\n");
    }

    #[test]
    fn a_strip_is_wrapped_and_a_wide_matrix_thinned_out() {
        let mut pixels = [Rgb::BLACK; 5];
        pixels[4] = RED;
        // Rows: 0 1, 2 3, 4 -.
        assert_eq!(drawn("strip:5", 2, Style::Lines, &pixels), "head\n  \n@ \n");
        let pixels: Vec<Rgb> = (0..8).map(|i| if i % 4 == 2 { RED } else { Rgb::BLACK }).collect();
        // Columns 0, 2 of 4.
        assert_eq!(drawn("matrix:4x2", 2, Style::Lines, &pixels), "head\n @\n");
    }

    #[test]
    fn the_second_picture_is_drawn_over_the_first() {
        let mut picture = Picture::new(&Geometry::strip(6), 3, 100, Style::Color);
        let mut text = String::new();
        picture.draw("a", &[RED; 6], &mut text);
        let first_lines = text.lines().count();
        text.clear();
        picture.draw("b", &[RED; 6], &mut text);
        assert!(text.starts_with(&format!("\x1b[{first_lines}F")), "{text:?}");
    }

    #[test]
    fn the_gamma_of_the_leds_is_taken_out() {
        // 0.2 ^ (1 / 2.2) = 0.4812.
        let picture = Picture::new(&Geometry::strip(1), 3, 220, Style::Color);
        assert_eq!((picture.levels[0], picture.levels[51], picture.levels[255]), (0, 123, 255));
    }
}
