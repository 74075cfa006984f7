//! Pattern files.

use cuelight_wire::prism::studio::Studio;
use cuelight_wire::prism::{Prism, PrismWriter, max_len};
use cuelight_wire::scene::Rgb;

/// What is understood yields an index of the palette for every LED of every frame, and is written again as a file that
/// means the same.
pub fn run(data: &[u8]) {
    if let Some(studio) = Studio::read(data) {
        assert!(studio.frames.len() + 64 <= data.len() && studio.name.len() <= 20);
        Prism::read(data).expect_err("a studio file is no pattern");
    }
    let Ok(prism) = Prism::read(data) else { return };
    let (header, colors) = (*prism.header(), prism.facts().colors);
    let mut indices = vec![0; header.leds.into()];
    let palette: Vec<Rgb> = (0..colors as u8).map(|index| prism.color(index)).collect();
    // A short file can unpack to a long one: long enough to see, short enough to be quick.
    if max_len(&header, palette.len()) > 1 << 20 {
        return;
    }
    let mut buf = vec![0; max_len(&header, palette.len())];
    let mut writer = PrismWriter::new(header, &palette, &mut buf).expect("what was read can be written");
    let mut pictures = Vec::new();
    for frame in prism.frames() {
        frame.decode(&mut indices, colors).expect("a checked frame");
        let before = pictures.last().map(Vec::as_slice);
        writer.frame(&indices, before).expect("a checked frame can be written");
        pictures.push(indices.clone());
    }
    assert_eq!(pictures.len(), header.frames as usize);
    let len = writer.finish().expect("all frames were written");
    let again = Prism::read(&buf[..len]).expect("what was written can be read");
    assert_eq!(again.header(), &header);
    for (frame, picture) in again.frames().zip(&pictures) {
        frame.decode(&mut indices, colors).expect("a checked frame");
        assert_eq!(indices, *picture);
    }
}
