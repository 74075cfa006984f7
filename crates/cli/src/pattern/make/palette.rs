//! A film's palette: its own colours where they are at most 64, else 64 that stand for them.
//!
//! Median cut (Heckbert, 1982) divides the colours into boxes: the box whose colours are farthest apart, weighted by how
//! often they are seen, is cut at its median along its longest side. Then Lloyd's iterations move each colour to the mean of
//! those it stands for. All in integers and in a fixed order: the same film makes the same palette on every machine.

use std::collections::BTreeMap;

use cuelight_wire::prism::MAX_COLORS;
use cuelight_wire::scene::Rgb;

use super::film::Film;

/// Lloyd's iterations. On films of seven effects (4 s, 60 LEDs) the root mean square error falls by up to 10 % until the
/// twelfth, and by at most 0.4 % in the 28 after that; twelve take a tenth of a second for 6,750 colours.
const ITERATIONS: usize = 12;

/// Colours, and how a film's own ones are found among them.
#[derive(Clone, Debug)]
pub(super) struct Palette {
    pub(super) colors: Vec<Rgb>,
    /// Colours of the film.
    pub(super) before: usize,
}

impl Palette {
    /// The index of the colour that is nearest to red, green and blue; of equally near ones the first.
    pub(super) fn nearest(&self, color: [i32; 3]) -> u8 {
        let distance = |c: &Rgb| {
            let [r, g, b] = [c.r, c.g, c.b].map(i32::from);
            (r - color[0]).pow(2) + (g - color[1]).pow(2) + (b - color[2]).pow(2)
        };
        let nearest = (0_u8..).zip(&self.colors).min_by_key(|(index, color)| (distance(color), *index));
        nearest.map_or(0, |(index, _)| index)
    }
}

type Counted = (Rgb, u64);

/// The palette of a film.
pub(super) fn of(film: &Film) -> Palette {
    let mut counts: BTreeMap<[u8; 3], u64> = BTreeMap::new();
    for pixel in &film.pixels {
        *counts.entry([pixel.r, pixel.g, pixel.b]).or_default() += 1;
    }
    let mut all: Vec<Counted> = counts.into_iter().map(|([r, g, b], n)| (Rgb::new(r, g, b), n)).collect();
    let before = all.len();
    let room = usize::from(MAX_COLORS);
    if before <= room {
        return Palette { colors: all.into_iter().map(|(color, _)| color).collect(), before };
    }
    let mut boxes: Vec<&mut [Counted]> = vec![&mut all];
    while boxes.len() < room {
        // There are more colours than boxes, so one has at least two; of equals the first is cut.
        let worst = (0..boxes.len()).max_by_key(|i| (spread(boxes[*i]), usize::MAX - i)).unwrap_or(0);
        let [a, b] = cut(boxes.swap_remove(worst));
        boxes.extend([a, b]);
    }
    let mut palette = Palette { colors: boxes.iter().map(|colors| mean(colors)).collect(), before };
    let all: Vec<Counted> = boxes.into_iter().flat_map(|colors| colors.iter().copied()).collect();
    for _ in 0..ITERATIONS {
        refine(&mut palette, &all);
    }
    palette.colors.sort_by_key(|color| (color.r, color.g, color.b));
    palette.colors.dedup();
    palette
}

/// The longest side of a box, weighted by its pixels.
fn spread(colors: &[Counted]) -> u64 {
    let pixels: u64 = colors.iter().map(|(_, n)| n).sum();
    let (_, side) = longest_side(colors);
    u64::from(side).pow(2).saturating_mul(pixels)
}

fn part(color: &Rgb, side: usize) -> u8 {
    [color.r, color.g, color.b][side]
}

/// Which side of a box is longest, and how long.
fn longest_side(colors: &[Counted]) -> (usize, u8) {
    let length = |side: usize| {
        let values = || colors.iter().map(|(color, _)| part(color, side));
        values().max().unwrap_or(0) - values().min().unwrap_or(0)
    };
    // Green first where they are equal: the eye sees it best.
    [1, 0, 2]
        .into_iter()
        .map(|side| (side, length(side)))
        .reduce(|a, b| if b.1 > a.1 { b } else { a })
        .unwrap_or((1, 0))
}

/// Cuts a box of at least two colours where half of its pixels lie on either side.
fn cut(colors: &mut [Counted]) -> [&mut [Counted]; 2] {
    let (side, _) = longest_side(colors);
    colors.sort_by_key(|(color, _)| (part(color, side), color.r, color.g, color.b));
    let half = colors.iter().map(|(_, n)| n).sum::<u64>() / 2;
    let mut sum = 0;
    let below = colors.iter().take_while(|(_, n)| {
        sum += n;
        sum <= half
    });
    let at = below.count().clamp(1, colors.len() - 1);
    let (a, b) = colors.split_at_mut(at);
    [a, b]
}

fn mean(colors: &[Counted]) -> Rgb {
    let pixels: u64 = colors.iter().map(|(_, n)| n).sum();
    let part = |side| {
        let sum: u64 = colors.iter().map(|(color, n)| u64::from(part(color, side)) * n).sum();
        ((sum + pixels / 2) / pixels.max(1)) as u8
    };
    Rgb::new(part(0), part(1), part(2))
}

/// Each colour becomes the mean of those it is nearest to; one that is nearest to none stays.
fn refine(palette: &mut Palette, all: &[Counted]) {
    let mut nearest: Vec<Vec<Counted>> = vec![Vec::new(); palette.colors.len()];
    for counted in all {
        let color = [counted.0.r, counted.0.g, counted.0.b].map(i32::from);
        nearest[usize::from(palette.nearest(color))].push(*counted);
    }
    for (color, own) in palette.colors.iter_mut().zip(&nearest).filter(|(_, own)| !own.is_empty()) {
        *color = mean(own);
    }
}

#[cfg(test)]
mod tests {
    use super::super::film::{Source, of_effect};
    use super::*;
    use cuelight_wire::prism::Rate;

    fn film(pixels: Vec<Rgb>) -> Film {
        Film { leds: 1, rate: Rate::MAX, pixels }
    }

    #[test]
    fn few_colours_are_kept_as_they_are() {
        let pixels: Vec<Rgb> = (0..640).map(|i| Rgb::new((i % 64) as u8, 7, 200)).collect();
        let palette = of(&film(pixels.clone()));
        assert_eq!((palette.colors.len(), palette.before), (64, 64));
        for pixel in pixels {
            let index = palette.nearest([pixel.r, pixel.g, pixel.b].map(i32::from));
            assert_eq!(palette.colors[usize::from(index)], pixel);
        }
    }

    #[test]
    fn many_colours_are_brought_down_to_near_ones_and_the_rare_ones_count_less() {
        // A ramp, and a white that is seen more often than everything else.
        let mut pixels: Vec<Rgb> = (0..=255).map(|i| Rgb::new(i, 255 - i, 0)).collect();
        pixels.extend(vec![Rgb::new(255, 255, 255); 1_000]);
        let palette = of(&film(pixels.clone()));
        assert_eq!(palette.before, 257);
        assert!((60..=64).contains(&palette.colors.len()), "{}", palette.colors.len());
        assert!(palette.colors.contains(&Rgb::new(255, 255, 255)));
        for pixel in &pixels {
            let near = palette.colors[usize::from(palette.nearest([pixel.r, pixel.g, pixel.b].map(i32::from)))];
            assert!(near.r.abs_diff(pixel.r) <= 5 && near.g.abs_diff(pixel.g) <= 5, "{pixel:?} became {near:?}");
        }
        pixels.reverse();
        assert_eq!(of(&film(pixels)).colors, palette.colors, "the order of the pixels does not show");
    }

    #[test]
    fn effects_keep_their_looks() {
        // Beside an even cube of 4 x 4 x 4 colours, which is what 64 colours are without looking at the film.
        let even = (0..64_u8).map(|i| Rgb::new(i / 16 * 85, i / 4 % 4 * 85, i % 4 * 85)).collect();
        let even = Palette { colors: even, before: 64 };
        for name in ["aurora", "fire", "rainbow", "plasma"] {
            let film = of_effect(Source::effect(name, None).unwrap(), 60, Rate::from_field(30).unwrap(), 2.0).unwrap();
            let palette = of(&film);
            let error = |palette: &Palette, pixel: &Rgb| {
                let near = palette.colors[usize::from(palette.nearest([pixel.r, pixel.g, pixel.b].map(i32::from)))];
                u64::from(near.r.abs_diff(pixel.r))
                    + u64::from(near.g.abs_diff(pixel.g))
                    + u64::from(near.b.abs_diff(pixel.b))
            };
            let sum = |palette| film.pixels.iter().map(|pixel| error(palette, pixel)).sum::<u64>();
            let (own, cube) = (sum(&palette), sum(&even));
            println!("{name}: {} colours of {}, error {own} beside {cube}", palette.colors.len(), palette.before);
            assert!(5 * own < 3 * cube, "{name}: {own} beside {cube}");
        }
    }
}
