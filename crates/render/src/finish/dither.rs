//! From 16-bit light to bytes (RENDER-6).

use cuelight_wire::scene::Rgb;
use cuelight_wire::time::FrameIndex;

use super::Draw;
use crate::color::Rgb16;

/// One byte is 257 steps of light: 255 * 257 = 65,535.
const STEP: u32 = 257;
/// Steps of the thresholds from frame to frame and from pixel to pixel. Both are near 257 times a golden section (0.618
/// and its complement), so that successive thresholds fall far apart, and both are prime to the prime 257, so that 257
/// frames, or 257 pixels, see every threshold once: the mean of 257 frames is exact.
const FRAME_STEP: u32 = 159;
const PIXEL_STEP: u32 = 98;

/// Writes `light` as bytes. With dithering the threshold that decides between two bytes is a function of frame and pixel;
/// without, light is rounded.
pub(crate) fn quantize(light: &[Rgb16], frame: FrameIndex, dither: bool, out: &mut [Rgb]) {
    if !dither {
        let byte = |value: u16| ((u32::from(value) + STEP / 2) / STEP) as u8;
        for (to, from) in out.iter_mut().zip(light) {
            *to = Rgb::new(byte(from.r), byte(from.g), byte(from.b));
        }
        return;
    }
    let mut threshold = (frame.0.rem_euclid(i64::from(STEP)) as u32 * FRAME_STEP) % STEP;
    for (to, from) in out.iter_mut().zip(light) {
        // 65,535 + 256 < 256 * 257: never above 255.
        let byte = |value: u16| ((u32::from(value) + threshold) / STEP) as u8;
        *to = Rgb::new(byte(from.r), byte(from.g), byte(from.b));
        threshold += PIXEL_STEP;
        if threshold >= STEP {
            threshold -= STEP;
        }
    }
}

/// Rounds down, from the first pixel on, the bytes that were rounded up, until the bytes no longer draw more than the
/// budget. `light` itself is within the budget, so this ends there at the latest when all are rounded down.
pub(crate) fn ceiling_cut(light: &[Rgb16], draw: &Draw, out: &mut [Rgb]) {
    let mut excess = draw.excess(out);
    for (to, from) in out.iter_mut().zip(light) {
        for (channel, byte, value) in [(0, &mut to.r, from.r), (1, &mut to.g, from.g), (2, &mut to.b, from.b)] {
            if excess == 0 {
                return;
            }
            if u32::from(*byte) * STEP > u32::from(value) {
                *byte -= 1;
                excess = excess.saturating_sub(draw.of_byte(channel, 1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_257_dithered_frames_is_exact() {
        // RENDER-6.
        for value in [0_u16, 1, 100, 128, 257, 300, 12_345, 65_278, 65_534, 65_535] {
            let light = [Rgb16::new(value, 0, value); 5];
            let mut sums = [0_u32; 5];
            for frame in -100..157 {
                let mut out = [Rgb::BLACK; 5];
                quantize(&light, FrameIndex(frame), true, &mut out);
                assert!(out.iter().all(|p| p.g == 0 && p.r == p.b));
                sums.iter_mut().zip(out).for_each(|(sum, p)| *sum += u32::from(p.r));
            }
            assert_eq!(sums, [u32::from(value); 5]);
        }
    }

    #[test]
    fn without_dithering_light_is_rounded_to_the_nearest_byte() {
        let mut out = [Rgb::BLACK; 1];
        for (value, byte) in [(0, 0), (128, 0), (129, 1), (32_896, 128), (65_406, 254), (65_407, 255), (65_535, 255)] {
            quantize(&[Rgb16::new(value, 0, 0)], FrameIndex(9), false, &mut out);
            assert_eq!(out[0].r, byte, "{value}");
        }
    }
}
