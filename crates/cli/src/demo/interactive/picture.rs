//! Pixels as characters of a terminal: half blocks, two pixels one above the other in each.
//!
//! Frames carry the gamma of LEDs; pixels that share a character are averaged as light, and the gamma is taken out again for the
//! screen.

use cuelight_render::{Finish, Geometry};
use cuelight_wire::scene::Rgb;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

/// The upper half block: the foreground is its upper pixel, the background the lower one.
const HALF_BLOCK: char = '▀';
/// How high a strip is drawn when there is room: high enough to see from afar.
const STRIP_LINES: u16 = 4;
/// Brightness as letters, from dark to bright.
const LETTERS: &[u8; 10] = b" .:-=+*#%@";
/// Levels of the colour cube that terminals with 256 colours have, and where it begins.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];
const CUBE_START: u8 = 16;

/// What colours a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    True,
    Indexed,
    /// None: brightness as letters.
    Letters,
}

impl Depth {
    /// From the environment variables `COLORTERM`, `TERM` and `NO_COLOR`.
    pub(super) fn of(colorterm: &str, term: &str, no_color: &str) -> Self {
        if !no_color.is_empty() {
            Self::Letters
        } else if colorterm.contains("truecolor") || colorterm.contains("24bit") || term.contains("direct") {
            Self::True
        } else {
            Self::Indexed
        }
    }
}

/// Draws frames of one geometry.
#[derive(Debug)]
pub(super) struct Picture {
    width: usize,
    height: usize,
    /// Index of the pixel at each place, row by row.
    grid: Vec<usize>,
    /// Strips and rings fill the space there is; a matrix keeps its size, as long as it fits.
    stretches: bool,
    depth: Depth,
}

impl Picture {
    pub(super) fn new(geometry: &Geometry, depth: Depth) -> Self {
        let cells: Vec<(usize, usize)> = (0..geometry.len()).map(|index| geometry.cell(index)).collect();
        let width = cells.iter().map(|(column, _)| column + 1).max().unwrap_or(0);
        let height = cells.iter().map(|(_, row)| row + 1).max().unwrap_or(0);
        let mut grid = vec![0; width * height];
        for (index, (column, row)) in cells.into_iter().enumerate() {
            grid[row * width + column] = index;
        }
        Self { width, height, grid, stretches: !matches!(geometry, Geometry::Matrix { .. }), depth }
    }

    /// Lines it would like to have.
    pub(super) fn lines(&self) -> u16 {
        if self.stretches { STRIP_LINES } else { u16::try_from(self.height.div_ceil(2)).unwrap_or(u16::MAX) }
    }

    /// Draws a frame into `area`, fewer or more pixels than there is room for.
    pub(super) fn draw(&self, pixels: &[Rgb], area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        let fit = |room: usize, size: usize| if self.stretches { room } else { room.min(size) };
        let (columns, rows) =
            (fit(usize::from(area.width), self.width), fit(2 * usize::from(area.height), self.height));
        if columns == 0 || rows == 0 || self.grid.is_empty() {
            return;
        }
        for (x, column) in area.columns().take(columns).enumerate() {
            for (y, place) in column.rows().take(rows.div_ceil(2)).enumerate() {
                let top = self.mean(pixels, part(x, columns, self.width), part(2 * y, rows, self.height));
                let bottom = match 2 * y + 1 {
                    below if below < rows => {
                        self.mean(pixels, part(x, columns, self.width), part(below, rows, self.height))
                    }
                    _ => Rgb::BLACK,
                };
                let cell = &mut buffer[(place.x, place.y)];
                match self.depth {
                    Depth::True => cell.set_char(HALF_BLOCK).set_fg(true_color(top)).set_bg(true_color(bottom)),
                    Depth::Indexed => cell.set_char(HALF_BLOCK).set_fg(indexed(top)).set_bg(indexed(bottom)),
                    Depth::Letters => cell.set_char(letter(top, bottom)),
                };
            }
        }
    }

    /// The colour on a screen of the pixels in these columns and rows together.
    fn mean(&self, pixels: &[Rgb], columns: (usize, usize), rows: (usize, usize)) -> Rgb {
        let (mut sum, mut count) = ([0_u32; 3], 0_u32);
        for row in rows.0..rows.1 {
            for column in columns.0..columns.1 {
                let Rgb { r, g, b } = pixels.get(self.grid[row * self.width + column]).copied().unwrap_or(Rgb::BLACK);
                sum = [sum[0] + u32::from(r), sum[1] + u32::from(g), sum[2] + u32::from(b)];
                count += 1;
            }
        }
        let [r, g, b] = sum.map(|sum| on_screen(sum as f32 / count.max(1) as f32));
        Rgb::new(r, g, b)
    }
}

/// The part of `size` pixels, first and one after the last, that is drawn at place `at` of `places`. Never empty.
fn part(at: usize, places: usize, size: usize) -> (usize, usize) {
    let first = at * size / places;
    (first, ((at + 1) * size / places).max(first + 1))
}

/// Screen level of an LED level, both 0..=255.
fn on_screen(level: f32) -> u8 {
    let gamma = f32::from(Finish::DEFAULT.gamma_x100) / 100.0;
    ((level / 255.0).powf(1.0 / gamma) * 255.0).round() as u8
}

fn true_color(Rgb { r, g, b }: Rgb) -> Color {
    Color::Rgb(r, g, b)
}

/// The nearest colour of the cube.
fn indexed(Rgb { r, g, b }: Rgb) -> Color {
    let step = |level: u8| (0..6_u8).min_by_key(|step| CUBE[usize::from(*step)].abs_diff(level)).unwrap_or(0);
    Color::Indexed(CUBE_START + 36 * step(r) + 6 * step(g) + step(b))
}

fn letter(top: Rgb, bottom: Rgb) -> char {
    let brightness = [top.r, top.g, top.b, bottom.r, bottom.g, bottom.b].into_iter().max().unwrap_or(0);
    char::from(LETTERS[usize::from(brightness) * LETTERS.len() / 256])
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Rgb = Rgb::new(255, 0, 0);
    const BLUE: Rgb = Rgb::new(0, 0, 255);

    fn drawn(geometry: Geometry, depth: Depth, pixels: &[Rgb], width: u16, height: u16) -> Buffer {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        Picture::new(&geometry, depth).draw(pixels, area, &mut buffer);
        buffer
    }

    #[test]
    fn a_strip_fills_the_whole_space() {
        let buffer = drawn(Geometry::strip(2), Depth::True, &[RED, BLUE], 6, 2);
        for row in 0..2 {
            for column in 0..6 {
                let expected = if column < 3 { Color::Rgb(255, 0, 0) } else { Color::Rgb(0, 0, 255) };
                let cell = &buffer[(column, row)];
                assert_eq!((cell.symbol(), cell.fg, cell.bg), ("▀", expected, expected), "{column} {row}");
            }
        }
    }

    #[test]
    fn a_matrix_has_two_pixels_in_a_character_and_keeps_its_size() {
        let geometry: Geometry = "matrix:2x2:serpentine".parse().unwrap();
        let buffer = drawn(geometry, Depth::True, &[RED, BLUE, RED, BLUE], 6, 2);
        let colors = |x| (buffer[(x, 0)].fg, buffer[(x, 0)].bg);
        assert_eq!(colors(0), (Color::Rgb(255, 0, 0), Color::Rgb(0, 0, 255)));
        assert_eq!(colors(1), (Color::Rgb(0, 0, 255), Color::Rgb(255, 0, 0)));
        assert_eq!((buffer[(2, 0)].symbol(), buffer[(0, 1)].symbol()), (" ", " "));
    }

    #[test]
    fn pixels_that_share_a_character_are_averaged_as_light() {
        let buffer = drawn(Geometry::strip(4), Depth::True, &[Rgb::BLACK, RED, RED, RED], 2, 1);
        // Half the light of an LED is 73 % of a screen's level: 255 * 0.5^(1/2.2).
        assert_eq!(buffer[(0, 0)].fg, Color::Rgb(186, 0, 0));
        assert_eq!(buffer[(1, 0)].fg, Color::Rgb(255, 0, 0));
    }

    #[test]
    fn every_pixel_is_drawn_once_however_many_fit() {
        for (places, size) in [(136, 640), (640, 640), (7, 640), (1, 5)] {
            let parts: Vec<_> = (0..places).map(|at| part(at, places, size)).collect();
            assert_eq!((parts[0].0, parts[places - 1].1), (0, size));
            assert!(parts.windows(2).all(|pair| pair[0].1 == pair[1].0), "{places} {size}");
        }
    }

    #[test]
    fn fewer_colors_are_the_nearest_ones() {
        assert_eq!(indexed(Rgb::new(255, 0, 0)), Color::Indexed(196));
        assert_eq!(indexed(Rgb::new(100, 130, 250)), Color::Indexed(69));
        let buffer = drawn(Geometry::strip(1), Depth::Letters, &[RED], 1, 1);
        assert_eq!((buffer[(0, 0)].symbol(), buffer[(0, 0)].fg), ("@", Color::Reset));
    }

    #[test]
    fn true_color_is_used_where_the_terminal_says_it_has_it() {
        assert_eq!(Depth::of("truecolor", "xterm-256color", ""), Depth::True);
        assert_eq!(Depth::of("", "xterm-direct", ""), Depth::True);
        assert_eq!(Depth::of("", "screen-256color", ""), Depth::Indexed);
        assert_eq!(Depth::of("truecolor", "xterm", "1"), Depth::Letters);
    }

    #[test]
    fn no_space_and_missing_pixels_are_no_error() {
        drawn(Geometry::strip(4), Depth::True, &[RED], 0, 3);
        let buffer = drawn(Geometry::strip(4), Depth::True, &[RED], 4, 1);
        assert_eq!(buffer[(3, 0)].fg, Color::Rgb(0, 0, 0));
    }
}
