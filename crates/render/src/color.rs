//! Colour in 16 bits per part, and what happens to it on its way: hue, saturation, mixing.

use cuelight_wire::scene::Rgb;

use crate::fixed::{FULL, lerp, scale, widen};

/// A colour in 16 bits per part. Effects and palettes make code values (before gamma); after
/// [`Gamma::light`](crate::finish::Gamma::light) the parts are amounts of light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rgb16 {
    /// Red.
    pub r: u16,
    /// Green.
    pub g: u16,
    /// Blue.
    pub b: u16,
}

impl Rgb16 {
    /// No light.
    pub const BLACK: Self = Self { r: 0, g: 0, b: 0 };
    /// Full light.
    pub const WHITE: Self = Self { r: FULL, g: FULL, b: FULL };

    /// A colour from its three parts.
    pub const fn new(r: u16, g: u16, b: u16) -> Self {
        Self { r, g, b }
    }
    /// An 8-bit colour in 16 bits: 255 becomes 65,535.
    pub const fn from_rgb(rgb: Rgb) -> Self {
        Self::new(widen(rgb.r), widen(rgb.g), widen(rgb.b))
    }
    /// The colour at `level` of its strength; 65,535 leaves it unchanged.
    #[must_use]
    pub const fn scaled(self, level: u16) -> Self {
        Self::new(scale(self.r, level), scale(self.g, level), scale(self.b, level))
    }
    /// The colour at `level` / 65,535 of its strength, rounded down.
    #[must_use]
    pub(crate) const fn scaled_down(self, level: u16) -> Self {
        const fn part(value: u16, level: u16) -> u16 {
            (value as u32 * level as u32 / 65_535) as u16
        }
        Self::new(part(self.r, level), part(self.g, level), part(self.b, level))
    }
    /// The colour on the straight way to `other`: itself at 0, `other` at 65,535.
    #[must_use]
    pub const fn toward(self, other: Self, t: u16) -> Self {
        Self::new(lerp(self.r, other.r, t), lerp(self.g, other.g, t), lerp(self.b, other.b, t))
    }
    /// The sum, limited to full in each part.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self::new(self.r.saturating_add(other.r), self.g.saturating_add(other.g), self.b.saturating_add(other.b))
    }
    /// The larger of the two, in each part.
    #[must_use]
    pub fn lighter(self, other: Self) -> Self {
        Self::new(self.r.max(other.r), self.g.max(other.g), self.b.max(other.b))
    }
    /// The colour with its hue moved round the circle by `hue` / 65,536; lightest and darkest part stay (HSV hue).
    #[must_use]
    pub fn with_hue_moved(self, hue: u16) -> Self {
        let max = self.r.max(self.g).max(self.b);
        let min = self.r.min(self.g).min(self.b);
        let chroma = max - min;
        if hue == 0 || chroma == 0 {
            return self;
        }
        // The hue in 2^16 steps per sixth of the circle: where between two primaries the middle part lies.
        let part = |value: u16| (u32::from(value - min) << 16) / u32::from(chroma);
        let sixths = if self.r == max {
            if self.g >= self.b { part(self.g) } else { 6 * 65_536 - part(self.b) }
        } else if self.g == max {
            if self.b >= self.r { 2 * 65_536 + part(self.b) } else { 2 * 65_536 - part(self.r) }
        } else if self.r >= self.g {
            4 * 65_536 + part(self.r)
        } else {
            4 * 65_536 - part(self.g)
        };
        let sixths = (sixths + u32::from(hue) * 6) % (6 * 65_536);
        let rest = (sixths & 0xffff) as u16;
        let rising = min + scale(chroma, rest);
        let falling = max - scale(chroma, rest);
        match sixths >> 16 {
            0 => Self::new(max, rising, min),
            1 => Self::new(falling, max, min),
            2 => Self::new(min, max, rising),
            3 => Self::new(min, falling, max),
            4 => Self::new(rising, min, max),
            _ => Self::new(max, min, falling),
        }
    }
    /// The colour with `saturation` / 255 of its saturation; at 0 it is white of the same value.
    #[must_use]
    pub fn with_saturation(self, saturation: u8) -> Self {
        let max = self.r.max(self.g).max(self.b);
        Self::new(max, max, max).toward(self, widen(saturation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Rgb16 = Rgb16::new(FULL, 0, 0);

    #[test]
    fn thirds_of_the_hue_circle_are_red_green_and_blue() {
        // 65,536 / 3 is not whole: the parts are right to one step of the circle.
        let near = |a: Rgb16, b: Rgb16| a.r.abs_diff(b.r).max(a.g.abs_diff(b.g)).max(a.b.abs_diff(b.b)) < 16;
        assert!(near(RED.with_hue_moved(21_845), Rgb16::new(0, FULL, 0)));
        assert!(near(RED.with_hue_moved(43_691), Rgb16::new(0, 0, FULL)));
        assert_eq!(RED.with_hue_moved(0), RED);
        assert!(near(RED.with_hue_moved(10_923), Rgb16::new(FULL, FULL, 0)), "a sixth from red is yellow");
    }

    #[test]
    fn moving_the_hue_there_and_back_gives_the_colour_again() {
        for rgb in [RED, Rgb16::new(100, 40_000, 65_000), Rgb16::new(9_000, 8_000, 30_000), Rgb16::new(5, 60_000, 5)] {
            for hue in [1_u16, 3_000, 20_000, 33_333, 65_535] {
                let back = rgb.with_hue_moved(hue).with_hue_moved(hue.wrapping_neg());
                for (a, b) in [(rgb.r, back.r), (rgb.g, back.g), (rgb.b, back.b)] {
                    assert!(a.abs_diff(b) <= 4, "{rgb:?} by {hue}: {back:?}");
                }
            }
        }
    }

    #[test]
    fn grey_has_no_hue_and_no_saturation_is_white() {
        let grey = Rgb16::new(700, 700, 700);
        assert_eq!(grey.with_hue_moved(12_345), grey);
        assert_eq!(RED.with_saturation(0), Rgb16::WHITE);
        assert_eq!(RED.with_saturation(255), RED);
    }
}
