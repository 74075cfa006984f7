//! A pattern as a picture in the terminal: LEDs from left to right, its frames from top to bottom.

use std::fmt::Write as _;

use cuelight_wire::prism::Prism;
use cuelight_wire::scene::Rgb;

/// The picture, with at most so many columns and lines. Each line of text holds two rows, in the upper and the lower half of
/// its cells.
pub(super) fn drawn(prism: &Prism<'_>, columns: usize, lines: usize) -> String {
    let rows = rows(prism, columns, 2 * lines);
    let mut text = String::new();
    for pair in rows.chunks(2) {
        for (column, upper) in pair[0].iter().enumerate() {
            let lower = pair.get(1).map(|row| row[column]);
            let _ = write!(text, "\x1b[38;2;{};{};{}m", upper.r, upper.g, upper.b);
            let _ = match lower {
                Some(Rgb { r, g, b }) => write!(text, "\x1b[48;2;{r};{g};{b}m\u{2580}"),
                None => write!(text, "\u{2580}"),
            };
        }
        text.push_str("\x1b[0m\n");
    }
    text
}

/// Every so manieth frame's every so manieth LED, evenly over all of them.
fn rows(prism: &Prism<'_>, columns: usize, most: usize) -> Vec<Vec<Rgb>> {
    let (leds, frames) = (usize::from(prism.header().leds), prism.header().frames as usize);
    let (columns, count) = (columns.clamp(1, leds), most.clamp(1, frames));
    let mut indices = vec![0; leds];
    let mut rows = Vec::with_capacity(count);
    for (number, frame) in prism.frames().enumerate() {
        // A file that was read has no bad frame.
        if frame.decode(&mut indices, prism.facts().colors).is_err() {
            break;
        }
        if rows.len() < count && number == rows.len() * frames / count {
            let led = |column: usize| (2 * column + 1) * leds / (2 * columns);
            rows.push((0..columns).map(|column| prism.color(indices[led(column)])).collect());
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use cuelight_wire::prism::{Header, Motion, PrismWriter, Rate, max_len};

    use super::*;

    /// Frame n has colour n on all LEDs but the last, which is black.
    fn file(frames: u8) -> Vec<u8> {
        let rate = Rate::from_field(24).unwrap();
        let header =
            Header { leds: 4, frames: frames.into(), rate, color_format: 1, compression: 0, motion: Motion::NONE };
        let mut colors = vec![Rgb::BLACK];
        colors.extend((1..=frames).map(|n| Rgb::new(n, 0, 0)));
        let mut file = vec![0; max_len(&header, colors.len())];
        let mut writer = PrismWriter::new(header, &colors, &mut file).unwrap();
        (1..=frames).for_each(|n| writer.frame(&[n, n, n, 0], None).unwrap());
        let len = writer.finish().unwrap();
        file.truncate(len);
        file
    }

    #[test]
    fn frames_and_leds_are_taken_evenly() {
        let file = file(10);
        let prism = Prism::read(&file).unwrap();
        let reds = |rows: Vec<Vec<Rgb>>| -> Vec<Vec<u8>> {
            rows.iter().map(|row| row.iter().map(|color| color.r).collect()).collect()
        };
        // LEDs 1 and 3 of 4, frames 0, 2, 5, 7 of 10.
        assert_eq!(reds(rows(&prism, 2, 4)), [[1, 0], [3, 0], [6, 0], [8, 0]]);
        let all = reds(rows(&prism, 100, 100));
        assert_eq!((all.len(), &all[9]), (10, &vec![10, 10, 10, 0]));
    }

    #[test]
    fn a_line_of_text_holds_two_frames() {
        let file = file(3);
        let text = drawn(&Prism::read(&file).unwrap(), 1, 12);
        let expected = "\x1b[38;2;1;0;0m\x1b[48;2;2;0;0m\u{2580}\x1b[0m\n\x1b[38;2;3;0;0m\u{2580}\x1b[0m\n";
        assert_eq!(text, expected);
    }
}
