//! LED strips and matrices as fixtures: so many pixels of a few colours each, over as many universes as they need.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::fixture::{Address, Channel, SLOTS};
use crate::level::Level;

/// The most pixels of a mode.
pub const MAX_PIXELS: u16 = 32_768;

/// The letters of colours, in which the order of a pixel's slots is told, and their attributes.
const LETTERS: [(char, &str); 6] = [
    ('r', "ColorAdd_R"),
    ('g', "ColorAdd_G"),
    ('b', "ColorAdd_B"),
    ('w', "ColorAdd_W"),
    ('a', "ColorAdd_RY"),
    ('u', "ColorAdd_UV"),
];

/// Why pixels are not so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PixelsError {
    /// None, or too many.
    #[error("expected 1 to {MAX_PIXELS} pixels")]
    Count,
    /// No order of colours.
    #[error(
        "expected the order of the colours of a pixel: letters of r, g, b, w, a, u, each at most once, like \"grb\""
    )]
    Order,
    /// None, more than a universe holds, or so few that there are too many universes.
    #[error("expected as many pixels per universe as its 512 slots hold, or fewer; at most 256 universes")]
    PerUniverse,
}

/// The pixels of a mode: each a cell, in their order, with its colours one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    count: u16,
    order: String,
    per_universe: u16,
}

impl Pixels {
    /// So many pixels with colours in this order; `per_universe` of them in each universe, as many as fit if it does not say.
    pub fn new(count: u16, order: &str, per_universe: Option<u16>) -> Result<Self, PixelsError> {
        if !(1..=MAX_PIXELS).contains(&count) {
            return Err(PixelsError::Count);
        }
        let is_color = |letter: char| LETTERS.iter().any(|(known, _)| *known == letter);
        let is_once = |(at, letter): (usize, char)| !order[..at].contains(letter);
        if order.is_empty() || !order.chars().all(is_color) || !order.char_indices().all(is_once) {
            return Err(PixelsError::Order);
        }
        let most = SLOTS / order.len() as u16;
        let per_universe = per_universe.unwrap_or(most);
        if !(1..=most).contains(&per_universe) || count.div_ceil(per_universe) > 256 {
            return Err(PixelsError::PerUniverse);
        }
        Ok(Self { count, order: order.to_owned(), per_universe })
    }
    /// How many there are.
    pub const fn count(&self) -> u16 {
        self.count
    }
    /// The order of the colours.
    pub fn order(&self) -> &str {
        &self.order
    }
    /// How many lie in a universe; nothing where it is as many as fit.
    pub fn per_universe(&self) -> Option<u16> {
        (self.per_universe != SLOTS / self.order.len() as u16).then_some(self.per_universe)
    }
    /// How many universes they take: the parts of their mode.
    pub const fn parts(&self) -> u16 {
        self.count.div_ceil(self.per_universe)
    }
    /// Their channels. They have no dimmer: their colours are intensities, so that grand master and blackout reach them.
    pub fn channels(&self) -> Vec<Channel> {
        let mut channels = Vec::with_capacity(usize::from(self.count) * self.order.len());
        for pixel in 0..self.count {
            let first = pixel % self.per_universe * self.order.len() as u16;
            for (offset, letter) in (first + 1..).zip(self.order.chars()) {
                let attribute = LETTERS.iter().find(|(known, _)| *known == letter).map_or("", |(_, name)| name);
                channels.push(Channel {
                    attribute: attribute.to_owned(),
                    cell: pixel + 1,
                    part: (pixel / self.per_universe) as u8,
                    offsets: alloc::vec![offset],
                    default: Level::OFF,
                    is_intensity: true,
                    snaps: false,
                    physical: None,
                });
            }
        }
        channels
    }
    /// The pixels whose channels these are.
    pub fn of(channels: &[Channel]) -> Option<Self> {
        let letter =
            |channel: &Channel| LETTERS.iter().find(|(_, name)| *name == channel.attribute).map(|(letter, _)| *letter);
        let order: Option<String> = channels.iter().take_while(|channel| channel.cell == 1).map(letter).collect();
        let order = order.filter(|order| !order.is_empty())?;
        let first = channels.iter().take_while(|channel| channel.part == 0).count();
        let per_universe = u16::try_from(first / order.len()).ok()?;
        let count = u16::try_from(channels.len() / order.len()).ok()?;
        let is_whole = first == channels.len();
        let pixels = Self::new(count, &order, (!is_whole).then_some(per_universe)).ok()?;
        (pixels.channels() == channels).then_some(pixels)
    }
    /// Where all parts are when the first is at `first`: each further one begins the next universe.
    pub fn addresses(&self, first: Address) -> Vec<Address> {
        let next = |part: u16| Address::new(first.universe.checked_add(part)?, 1);
        core::iter::once(first).chain((1..self.parts()).filter_map(next)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_go_on_in_the_next_universe_when_one_is_full() {
        let pixels = Pixels::new(300, "grb", None).unwrap();
        let channels = pixels.channels();
        assert_eq!((channels.len(), pixels.parts()), (900, 2));
        let at = |index: usize| (channels[index].attribute.as_str(), channels[index].part, channels[index].offsets[0]);
        assert_eq!([at(0), at(1), at(2)], [("ColorAdd_G", 0, 1), ("ColorAdd_R", 0, 2), ("ColorAdd_B", 0, 3)]);
        assert_eq!([at(509), at(510)], [("ColorAdd_B", 0, 510), ("ColorAdd_G", 1, 1)]);
        let first = Address::new(5, 1).unwrap();
        assert_eq!(pixels.addresses(first), [first, Address::new(6, 1).unwrap()]);
        assert_eq!(pixels.addresses(Address::new(63_999, 1).unwrap()).len(), 1);
    }

    #[test]
    fn pixels_are_known_by_their_channels() {
        for (count, order, per_universe) in
            [(1, "w", None), (170, "rgb", None), (300, "grbw", None), (300, "rgb", Some(100))]
        {
            let pixels = Pixels::new(count, order, per_universe).unwrap();
            let mut channels = pixels.channels();
            let known = Pixels::of(&channels).unwrap();
            assert_eq!((known.channels(), known.per_universe()), (pixels.channels(), pixels.per_universe()));
            channels[0].is_intensity = false;
            assert_eq!(Pixels::of(&channels), None);
        }
        assert_eq!(Pixels::of(&[]), None);
    }

    #[test]
    fn pixels_that_are_not_so_are_refused() {
        let refused = |count, order, per_universe| Pixels::new(count, order, per_universe).unwrap_err();
        assert_eq!(refused(0, "rgb", None), PixelsError::Count);
        assert_eq!(refused(MAX_PIXELS + 1, "rgb", None), PixelsError::Count);
        for order in ["", "rgbr", "xyz", "RGB"] {
            assert_eq!(refused(1, order, None), PixelsError::Order, "{order}");
        }
        assert_eq!(refused(1, "rgb", Some(171)), PixelsError::PerUniverse);
        assert_eq!(refused(257, "rgb", Some(1)), PixelsError::PerUniverse);
    }
}
