//! Films from pictures: a PNG, whose rows are the frames, or a GIF, whose pictures are.

use std::io::Cursor;

use anyhow::{Context, Result, bail, ensure};
use cuelight_wire::prism::{MAX_LEDS, Rate};
use cuelight_wire::scene::Rgb;
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::{AnimationDecoder, DynamicImage, Frame, ImageDecoder, ImageFormat, Limits, RgbaImage, guess_format};

use super::film::Film;

/// Largest side of a picture. A strip of 4096 LEDs for a minute at 60 frames a second is 4096 * 3600.
const MAX_SIDE: u32 = 65_536;
/// Most memory for decoding one picture: 4096 * 4096 pixels of red, green, blue, alpha in 8 bits.
const MAX_ALLOC: u64 = 64 << 20;
/// What browsers make of a GIF's delays that are too short to be meant, hundredths of a second.
const LEAST_DELAY_CS: u64 = 2;
const USUAL_DELAY_CS: u64 = 10;

/// Reads a PNG or GIF. `leds` and `rate`, where given, take the place of the picture's own; a PNG has no rate and gets
/// `default_rate`.
pub(super) fn read(bytes: &[u8], leds: Option<u16>, rate: Option<Rate>, default_rate: Rate) -> Result<Film> {
    match guess_format(bytes) {
        Ok(ImageFormat::Png) => png(bytes, leds, rate.unwrap_or(default_rate)),
        Ok(ImageFormat::Gif) => gif(bytes, leds, rate),
        _ => bail!("it is neither a PNG nor a GIF"),
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    limits.max_alloc = Some(MAX_ALLOC);
    limits
}

fn png(bytes: &[u8], leds: Option<u16>, rate: Rate) -> Result<Film> {
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits()).context("the PNG cannot be read")?;
    let picture = DynamicImage::from_decoder(decoder).context("the PNG cannot be read")?.into_rgba8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let leds = leds_of(leds, width, "columns")?;
    Film::check(leds, height)?;
    let mut pixels = Vec::with_capacity(leds * height);
    for y in 0..picture.height() {
        pixels.extend(row(&picture, y, leds));
    }
    Ok(Film { leds, rate, pixels })
}

/// LEDs of a pattern whose picture has `own` of them.
fn leds_of(given: Option<u16>, own: usize, what: &str) -> Result<usize> {
    match given {
        Some(leds) => Ok(leds.into()),
        None if own <= usize::from(MAX_LEDS) => Ok(own),
        None => bail!("it has {own} {what}, a pattern has at most {MAX_LEDS} LEDs: give --leds"),
    }
}

/// One row of a picture as a line of LEDs: each shows the column that lies over its middle.
fn row(picture: &RgbaImage, y: u32, leds: usize) -> impl Iterator<Item = Rgb> {
    let width = picture.width() as usize;
    (0..leds).map(move |led| over_black(picture.get_pixel(((2 * led + 1) * width / (2 * leds)) as u32, y).0))
}

/// A colour as it shows over no light.
fn over_black([r, g, b, alpha]: [u8; 4]) -> Rgb {
    let part = |value: u8| ((u32::from(value) * u32::from(alpha) + 127) / 255) as u8;
    Rgb::new(part(r), part(g), part(b))
}

/// A picture of a GIF and how long it stays, hundredths of a second.
struct Shot {
    line: Vec<Rgb>,
    lasts_cs: u64,
}

/// Every picture, cell by cell from the top left, as a matrix shows it; with `leds` the middle row as a line of that many.
fn gif(bytes: &[u8], leds: Option<u16>, rate: Option<Rate>) -> Result<Film> {
    let mut decoder = GifDecoder::new(Cursor::new(bytes)).context("the GIF cannot be read")?;
    decoder.set_limits(limits()).context("the GIF is too large")?;
    let (width, height) = decoder.dimensions();
    let cells = width as usize * height as usize;
    let count = match leds {
        Some(leds) => usize::from(leds),
        None => leds_of(None, cells, "pixels")?,
    };
    let mut shots: Vec<Shot> = Vec::new();
    for frame in decoder.into_frames() {
        let frame = frame.context("the GIF cannot be read to its end")?;
        Film::check(count, shots.len() + 1)?;
        shots.push(shot(&frame, leds));
    }
    ensure!(!shots.is_empty(), "the GIF has no picture");
    // The delays' common measure is the rate at which every picture keeps its own length.
    let measure_cs = shots.iter().map(|shot| shot.lasts_cs).reduce(gcd).unwrap_or(USUAL_DELAY_CS).max(1);
    // 100 / measure frames a second, in 256ths; a measure of a hundredth is 100 frames a second.
    let own = Rate::from_field((25_600 / measure_cs).max(256) as u32);
    let rate = rate.or(own).context("the GIF has no rate that can be kept: give --fps")?;
    let lasts_cs: u64 = shots.iter().map(|shot| shot.lasts_cs).sum();
    let frames = (u128::from(lasts_cs) * u128::from(rate.x256())).div_ceil(25_600);
    let frames = usize::try_from(frames).unwrap_or(usize::MAX);
    Film::check(count, frames)?;
    let mut pixels = Vec::with_capacity(count * frames);
    let (mut shot, mut ends_cs) = (0, shots[0].lasts_cs);
    for frame in 0..frames as u64 {
        // Frame j begins at j * 25,600 / rate hundredths of a second.
        while shot + 1 < shots.len() && frame * 25_600 >= ends_cs * u64::from(rate.x256()) {
            shot += 1;
            ends_cs += shots[shot].lasts_cs;
        }
        pixels.extend_from_slice(&shots[shot].line);
    }
    Ok(Film { leds: count, rate, pixels })
}

fn shot(frame: &Frame, leds: Option<u16>) -> Shot {
    let (numerator, denominator) = frame.delay().numer_denom_ms();
    let delay_cs = u64::from(numerator) / (10 * u64::from(denominator.max(1)));
    let lasts_cs = if delay_cs < LEAST_DELAY_CS { USUAL_DELAY_CS } else { delay_cs };
    let picture = frame.buffer();
    let line = match leds {
        Some(leds) => row(picture, picture.height() / 2, leds.into()).collect(),
        None => picture.pixels().map(|pixel| over_black(pixel.0)).collect(),
    };
    Shot { line, lasts_cs }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::gif::GifEncoder;
    use image::{Delay, Rgba};

    fn rate(fps: u32) -> Rate {
        Rate::from_field(fps).unwrap()
    }

    fn png_of(picture: &RgbaImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn gif_of(pictures: &[(RgbaImage, u32)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new(&mut bytes);
        for (picture, ms) in pictures {
            let delay = Delay::from_numer_denom_ms(*ms, 1);
            encoder.encode_frame(Frame::from_parts(picture.clone(), 0, 0, delay)).unwrap();
        }
        drop(encoder);
        bytes
    }

    fn flat(r: u8) -> RgbaImage {
        RgbaImage::from_pixel(3, 2, Rgba([r, 0, 0, 255]))
    }

    #[test]
    fn the_rows_of_a_png_are_the_frames() {
        let picture =
            RgbaImage::from_fn(5, 4, |x, y| Rgba([x as u8 * 10, y as u8 * 20, 7, if x == 4 { 0 } else { 255 }]));
        let film = read(&png_of(&picture), None, None, rate(60)).unwrap();
        assert_eq!((film.leds, film.frames(), film.rate), (5, 4, rate(60)));
        assert_eq!(film.pixels[5 + 2], Rgb::new(20, 20, 7));
        assert_eq!(film.pixels[5 + 4], Rgb::BLACK, "what is transparent is dark");
        let film = read(&png_of(&picture), Some(2), Some(rate(30)), rate(60)).unwrap();
        assert_eq!((film.leds, film.rate), (2, rate(30)));
        assert_eq!(film.pixels[..2], [Rgb::new(10, 0, 7), Rgb::new(30, 0, 7)], "columns 1 and 3 of 5");
    }

    #[test]
    fn the_pictures_of_a_gif_keep_their_lengths() {
        let bytes = gif_of(&[(flat(255), 100), (flat(0), 300), (flat(128), 200)]);
        let film = read(&bytes, None, None, rate(60)).unwrap();
        assert_eq!((film.leds, film.rate, film.frames()), (6, rate(10), 6));
        let reds: Vec<u8> = film.pixels.chunks(6).map(|frame| frame[5].r).collect();
        assert_eq!(reds, [255, 0, 0, 0, 128, 128]);
        // At another rate the pictures stay as long; a given number of LEDs takes the middle row.
        let film = read(&bytes, Some(4), Some(rate(25)), rate(60)).unwrap();
        let reds: Vec<u8> = film.pixels.chunks(4).map(|frame| frame[0].r).collect();
        assert_eq!((film.frames(), reds.iter().filter(|red| **red == 255).count()), (15, 3));
    }

    #[test]
    fn delays_too_short_to_be_meant_are_a_tenth_of_a_second() {
        let film = read(&gif_of(&[(flat(255), 0), (flat(0), 10)]), None, None, rate(60)).unwrap();
        assert_eq!((film.rate, film.frames()), (rate(10), 2));
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_refused_with_the_reason() {
        let told = |result: Result<Film>| format!("{:#}", result.unwrap_err());
        assert!(told(read(b"PRSM", None, None, rate(60))).contains("neither a PNG nor a GIF"));
        let mut cut = png_of(&flat(9));
        cut.truncate(cut.len() / 2);
        assert!(told(read(&cut, None, None, rate(60))).contains("cannot be read"));
        let wide = png_of(&RgbaImage::new(4_097, 1));
        assert!(told(read(&wide, None, None, rate(60))).contains("4097 columns"));
        let mut cut = gif_of(&[(flat(255), 100), (flat(0), 300)]);
        cut.truncate(cut.len() - 12);
        assert!(told(read(&cut, None, None, rate(60))).contains("GIF"), "a GIF cut short");
    }
}
