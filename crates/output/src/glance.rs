//! What the pixels show, for somebody who looks at the node's own page: a few of them, a few times a second, in a latest-value
//! cell. Nothing waits, nothing is allocated; whoever looks takes the newest.

use cuelight_wire::scene::Rgb;

use crate::frame::{Frame, Output};
use crate::latest::{Latest, Publisher, Words, latest};

/// Pixels of a glance, at most: what fits into the words of a cell beside their number.
pub const GLANCE_PIXELS: usize = 80;
/// Every sixth frame of 120 a second: what a page shows.
const EVERY: i64 = 6;

/// What the pixels showed at one instant: all of them, or as many of them at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The pixels; the rest is black.
    pub pixels: [Rgb; GLANCE_PIXELS],
    /// How many there are.
    pub len: usize,
}

impl Glance {
    /// Of all pixels those in the middle of their equal shares.
    fn of(pixels: &[Rgb]) -> Self {
        let len = pixels.len().min(GLANCE_PIXELS);
        let mut glance = Self { pixels: [Rgb::default(); GLANCE_PIXELS], len };
        for (place, pixel) in glance.pixels.iter_mut().take(len).enumerate() {
            *pixel = pixels[(2 * place + 1) * pixels.len() / (2 * len)];
        }
        glance
    }
}

impl Words for Glance {
    type Array = [i64; 31];
    fn to_words(self) -> [i64; 31] {
        let mut words = [0; 31];
        words[0] = self.len as i64;
        let bytes = self.pixels.iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]);
        for (place, byte) in bytes.enumerate() {
            words[1 + place / 8] |= i64::from(byte) << (8 * (place % 8));
        }
        words
    }
    fn from_words(words: [i64; 31]) -> Self {
        let byte = |place: usize| (words[1 + place / 8] >> (8 * (place % 8))) as u8;
        let mut pixels = [Rgb::default(); GLANCE_PIXELS];
        for (place, pixel) in pixels.iter_mut().enumerate() {
            *pixel = Rgb::new(byte(3 * place), byte(3 * place + 1), byte(3 * place + 2));
        }
        Self { pixels, len: usize::try_from(words[0]).unwrap_or(0).min(GLANCE_PIXELS) }
    }
}

/// The output that whoever glances sees.
#[derive(Debug)]
pub struct Glances(Publisher<Glance>);

impl Glances {
    /// The output, and where its newest glance is.
    pub fn new() -> (Self, Latest<Glance>) {
        let (publisher, latest) = latest();
        (Self(publisher), latest)
    }
}

impl Output for Glances {
    fn emit(&mut self, frame: &Frame<'_>) {
        if frame.index.0 % EVERY == 0 {
            self.0.publish(Glance::of(frame.pixels));
        }
    }
    fn name(&self) -> &str {
        "page"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(len: u16) -> Vec<Rgb> {
        (0..len).map(|place| Rgb::new((place >> 8) as u8, place as u8, 7)).collect()
    }

    #[test]
    fn a_glance_survives_its_words_and_has_pixels_at_equal_distances() {
        for len in [0, 1, 79, 80, 81, 640] {
            let glance = Glance::of(&strip(len));
            assert_eq!(Glance::from_words(glance.to_words()), glance, "{len}");
            assert_eq!(glance.len, usize::from(len).min(GLANCE_PIXELS));
        }
        let every_eighth = Glance::of(&strip(640));
        assert_eq!(every_eighth.pixels[0], Rgb::new(0, 4, 7));
        assert_eq!(every_eighth.pixels[79], Rgb::new(2, 124, 7), "636 of 640");
        assert_eq!(Glance::of(&strip(80)).pixels[79], Rgb::new(0, 79, 7));
    }
}
