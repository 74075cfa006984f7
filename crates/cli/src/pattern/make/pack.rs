//! From a film and its palette to a file.

use anyhow::{Context, Result};
use cuelight_wire::prism::{Header, Motion, PrismWriter, max_len};
use cuelight_wire::scene::Rgb;

use super::film::Film;
use super::palette::Palette;

/// The colour format deployed packers write for a palette with indices.
const PALETTE_AND_INDICES: u8 = 1;

/// The file.
pub(super) fn file(film: &Film, palette: &Palette, motion: Motion, dither: bool) -> Result<Vec<u8>> {
    let header = Header {
        leds: u16::try_from(film.leds).context("a pattern has at most 4096 LEDs")?,
        frames: u32::try_from(film.frames()).context("a pattern has less than 2^32 frames")?,
        rate: film.rate,
        color_format: PALETTE_AND_INDICES,
        compression: 0,
        motion,
    };
    let mut bytes = vec![0; max_len(&header, palette.colors.len())];
    let mut writer = PrismWriter::new(header, &palette.colors, &mut bytes)?;
    let mut before: Option<Vec<u8>> = None;
    for frame in film.pixels.chunks(film.leds) {
        let indices = indices(frame, palette, dither);
        writer.frame(&indices, before.as_deref())?;
        before = Some(indices);
    }
    let len = writer.finish()?;
    bytes.truncate(len);
    Ok(bytes)
}

/// The palette index of each LED. With dithering what a colour lacks is added to the next LED's, so that the mean is right
/// over a few of them.
fn indices(frame: &[Rgb], palette: &Palette, dither: bool) -> Vec<u8> {
    let mut owed = [0; 3];
    let index = |pixel: &Rgb| {
        let own = [pixel.r, pixel.g, pixel.b].map(i32::from);
        let wanted: [i32; 3] = std::array::from_fn(|i| (own[i] + owed[i]).clamp(0, 255));
        let index = palette.nearest(wanted);
        if dither {
            let shown = palette.colors[usize::from(index)];
            let shown = [shown.r, shown.g, shown.b].map(i32::from);
            owed = std::array::from_fn(|i| wanted[i] - shown[i]);
        }
        index
    };
    frame.iter().map(index).collect()
}

#[cfg(test)]
mod tests {
    use super::super::palette;
    use super::*;
    use cuelight_wire::prism::{Prism, Rate};

    #[test]
    fn a_film_of_few_colours_comes_out_of_its_file_as_it_went_in() {
        let color = |i: usize| Rgb::new((i % 9 * 20) as u8, (i % 5 * 50) as u8, 3);
        let film = Film { leds: 30, rate: Rate::from_field(40).unwrap(), pixels: (0..30 * 50).map(color).collect() };
        let file = file(&film, &palette::of(&film), Motion::NONE, false).unwrap();
        let prism = Prism::read(&file).unwrap();
        assert_eq!((prism.header().leds, prism.header().frames, prism.header().rate.to_field()), (30, 50, 40));
        let mut indices = vec![0; 30];
        let mut shown = Vec::new();
        for frame in prism.frames() {
            frame.decode(&mut indices, prism.facts().colors).unwrap();
            shown.extend(indices.iter().map(|index| prism.color(*index)));
        }
        assert_eq!(shown, film.pixels);
    }

    #[test]
    fn dithering_keeps_the_mean() {
        let palette = Palette { colors: vec![Rgb::BLACK, Rgb::new(200, 200, 200)], before: 3 };
        let frame = [Rgb::new(50, 50, 50); 100];
        assert!(indices(&frame, &palette, false).iter().all(|index| *index == 0));
        let lit = indices(&frame, &palette, true).iter().filter(|index| **index == 1).count();
        assert!((24..=26).contains(&lit), "{lit} of 100 at full for a quarter of the light");
    }
}
