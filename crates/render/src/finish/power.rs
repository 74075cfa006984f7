//! The power limit: what a picture draws, and by how much it must be dimmed (RENDER-7).

use cuelight_wire::scene::Rgb;

use super::Finish;
use crate::color::Rgb16;

/// Current of pixels by the node's figures, and the budget for their light.
///
/// Currents are kept as sums of (level * mA), levels 0..=65,535: 4,096 pixels of 3 * 65,535 mA at full stay below 2^46.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    ma: [u64; 3],
    budget: u64,
}

impl Draw {
    /// The limit of `finish` for `pixels` pixels, less what their chips draw; `None` when there is no limit.
    pub(crate) fn new(finish: &Finish, pixels: usize) -> Option<Self> {
        let limit_ua = u64::from(finish.power_limit_ma?) * 1_000;
        let standby_ua = u64::from(finish.standby_ua) * pixels as u64;
        let budget = limit_ua.saturating_sub(standby_ua) * 65_535 / 1_000;
        Some(Self { ma: finish.ma_per_channel.map(u64::from), budget })
    }

    /// The scale, 0..=65,535, that keeps `light` within the budget; `None` when it is within.
    pub(crate) fn scale(&self, light: &[Rgb16]) -> Option<u16> {
        let [red, green, blue] = self.ma;
        let [mut r, mut g, mut b] = [0_u64; 3];
        for pixel in light {
            r += u64::from(pixel.r);
            g += u64::from(pixel.g);
            b += u64::from(pixel.b);
        }
        let drawn = r * red + g * green + b * blue;
        // drawn > budget >= 0: the quotient is below 65,536, and the budget below 2^32 * 65,535 = 2^48.
        (drawn > self.budget).then(|| (self.budget * 65_535 / drawn) as u16)
    }

    /// By how much the bytes exceed the budget, in units of one (level * mA); 0 when they do not.
    pub(crate) fn excess(&self, out: &[Rgb]) -> u64 {
        let drawn: u64 = out.iter().map(|p| self.of_byte(0, p.r) + self.of_byte(1, p.g) + self.of_byte(2, p.b)).sum();
        drawn.saturating_sub(self.budget)
    }

    /// What one channel draws at a byte, in the same units.
    pub(crate) fn of_byte(&self, channel: usize, byte: u8) -> u64 {
        u64::from(byte) * 257 * self.ma[channel]
    }
}
