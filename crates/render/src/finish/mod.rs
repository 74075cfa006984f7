//! From light to the bytes a driver sends: gamma, power limit, dithering.

mod dither;
mod gamma;
mod power;

pub(crate) use dither::{ceiling_cut, quantize};
pub use gamma::Gamma;
pub(crate) use power::Draw;

/// How a node's pixels want their data. Colour order is the output's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finish {
    /// Exponent from code value to light, times 100, 10..=1000 (others are taken to the nearer end); 100 is none.
    pub gamma_x100: u16,
    /// Whether levels between two bytes are made by alternating them from frame to frame; else they are rounded.
    pub dither: bool,
    /// The most current all pixels together may be asked to draw, milliamperes; `None` is no limit.
    pub power_limit_ma: Option<u32>,
    /// Current of one pixel's red, green and blue at full, milliamperes. WS2812-like pixels draw up to 20 mA each.
    pub ma_per_channel: [u16; 3],
    /// Current of one dark pixel, microamperes: its chip.
    pub standby_ua: u32,
}

impl Finish {
    /// Gamma 2.2, dithering, no power limit, 20 mA a channel and 1 mA standby (WS2812).
    pub const DEFAULT: Self =
        Self { gamma_x100: 220, dither: true, power_limit_ma: None, ma_per_channel: [20; 3], standby_ua: 1_000 };
    /// Light as it is computed, neither gamma nor dithering nor limit: for screens and tests.
    pub const PLAIN: Self = Self { gamma_x100: 100, dither: false, ..Self::DEFAULT };
}

impl Default for Finish {
    fn default() -> Self {
        Self::DEFAULT
    }
}
