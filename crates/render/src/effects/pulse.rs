//! Beats of light that start sharply and die away.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, scale, squared};

/// Two pulses in a cycle. Complexity lets them start later toward the ends; intensity is their contrast to the ground;
/// variation gives them different heights and colours.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let lag = view.grain(0, 0xc000);
    view.paint(out, |_, point| {
        let time = view.travel(2).wrapping_sub(u32::from(scale(point.reach, lag)));
        let (pulse, since) = (time >> 16, time as u16);
        // A sixteenth of the pulse is its attack.
        let level = if since < 0x1000 { since * 16 } else { squared(FULL - since) };
        view.shade(view.strayed(0, pulse), scale(level, view.uneven(pulse)))
    });
}
