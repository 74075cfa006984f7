//! How a zone's light combines with the light below it (RENDER-5).

use cuelight_wire::scene::BlendMode;

use crate::color::Rgb16;
use crate::fixed::{FULL, scale};

/// The light of a zone (`top`) over what lies below it, part by part. Both are amounts of light, after gamma and the
/// zone's brightness.
pub fn blend(mode: BlendMode, below: Rgb16, top: Rgb16) -> Rgb16 {
    let each = |f: fn(u16, u16) -> u16| Rgb16::new(f(below.r, top.r), f(below.g, top.g), f(below.b, top.b));
    match mode {
        BlendMode::Overwrite => top,
        BlendMode::Add => below.plus(top),
        BlendMode::Multiply => each(scale),
        BlendMode::Screen => each(|a, b| FULL - scale(FULL - a, FULL - b)),
        BlendMode::Lighten => below.lighter(top),
        BlendMode::Darken => each(u16::min),
        BlendMode::Average => each(|a, b| a.midpoint(b)),
        BlendMode::Difference => each(u16::abs_diff),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_gives_its_known_colour() {
        // RENDER-5.
        let (below, top) = (Rgb16::new(0x8000, 0x4000, FULL), Rgb16::new(0x4000, 0xe000, 0));
        let expected = [
            (BlendMode::Overwrite, top),
            (BlendMode::Add, Rgb16::new(0xc000, FULL, FULL)),
            // Products: 1/2 * 1/4, 1/4 * 7/8, 1 * 0.
            (BlendMode::Multiply, Rgb16::new(0x2000, 0x3800, 0)),
            // 1 - 1/2 * 3/4, 1 - 3/4 * 1/8, 1 - 0 * 1.
            (BlendMode::Screen, Rgb16::new(0xa000, 0xe800, FULL)),
            (BlendMode::Lighten, Rgb16::new(0x8000, 0xe000, FULL)),
            (BlendMode::Darken, Rgb16::new(0x4000, 0x4000, 0)),
            (BlendMode::Average, Rgb16::new(0x6000, 0x9000, 0x7fff)),
            (BlendMode::Difference, Rgb16::new(0x4000, 0xa000, FULL)),
        ];
        assert_eq!(expected.map(|(mode, _)| mode), BlendMode::ALL);
        for (mode, Rgb16 { r, g, b }) in expected {
            let is = blend(mode, below, top);
            // Levels go to 65,535, not 65,536: products are right to one step.
            let off = is.r.abs_diff(r).max(is.g.abs_diff(g)).max(is.b.abs_diff(b));
            assert!(off <= 1, "{mode:?}: {is:?}");
        }
    }
}
