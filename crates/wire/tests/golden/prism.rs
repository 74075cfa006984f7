//! Pattern files.

use cuelight_wire::prism::studio::Studio;
use cuelight_wire::prism::{BadPrism, Field, Header, Prism, PrismWriter, Problem, max_len};
use cuelight_wire::scene::Rgb;

use crate::vector::{self, Vector};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn frames(prism: &Prism<'_>) -> Vec<Vec<u8>> {
    let mut indices = vec![0; prism.header().leds.into()];
    let decode = |frame: cuelight_wire::prism::Frame<'_>| {
        frame.decode(&mut indices, prism.facts().colors).unwrap();
        indices.clone()
    };
    prism.frames().map(decode).collect()
}

fn check_prism(mut v: Vector) {
    let bytes = v.bytes.clone();
    let prism = Prism::read(&bytes).unwrap_or_else(|bad| panic!("{}: {bad}", v.name));
    let &Header { leds, frames: count, rate, color_format, compression, motion } = prism.header();
    assert_eq!(leds, v.number::<u16>("leds"), "{}", v.name);
    assert_eq!(count, v.number::<u32>("frames"), "{}", v.name);
    assert_eq!(rate.x256(), v.number::<u32>("rate_x256"), "{}", v.name);
    assert_eq!(color_format, v.number::<u8>("color_format"), "{}", v.name);
    assert_eq!(compression, v.number::<u8>("compression"), "{}", v.name);
    assert_eq!(motion.sync as u8, v.number::<u8>("sync"), "{}", v.name);
    assert_eq!(motion.direction as u8, v.number::<u8>("direction"), "{}", v.name);
    assert_eq!(motion.parameter, v.number::<u16>("parameter"), "{}", v.name);
    assert_eq!(u8::from(prism.facts().warning.is_some()), v.number::<u8>("warning"), "{}", v.name);
    let palette: Vec<Rgb> = hex(&v.text("palette")).chunks(3).map(|c| Rgb::new(c[0], c[1], c[2])).collect();
    assert_eq!(usize::from(prism.facts().colors), palette.len(), "{}", v.name);
    assert!((0..).zip(&palette).all(|(i, color)| prism.color(i) == *color), "{}", v.name);
    let pictures = frames(&prism);
    for (i, picture) in pictures.iter().enumerate() {
        assert_eq!(*picture, hex(&v.text(&format!("indices.{i}"))), "{}: frame {i}", v.name);
    }
    assert_eq!(pictures.len(), count as usize, "{}", v.name);

    // Written again it is the same to a reader.
    let mut buf = vec![0; max_len(prism.header(), palette.len())];
    let mut writer = PrismWriter::new(*prism.header(), &palette, &mut buf).unwrap();
    let mut before: Option<&[u8]> = None;
    for picture in &pictures {
        writer.frame(picture, before).unwrap();
        before = Some(picture);
    }
    let len = writer.finish().unwrap();
    let again = Prism::read(&buf[..len]).unwrap();
    assert_eq!((again.header(), frames(&again)), (prism.header(), pictures), "{}", v.name);
    assert_eq!(again.facts().warning, None);
    v.finish();
}

fn check_studio(mut v: Vector) {
    let bytes = v.bytes.clone();
    let studio = Studio::read(&bytes).unwrap();
    assert_eq!(studio.effect, v.number::<u8>("effect"));
    assert_eq!(studio.name, v.text("name"));
    assert_eq!(studio.brightness, v.number::<u8>("brightness"));
    assert_eq!(studio.frames, hex(&v.text("frames")));
    let bad = Prism::read(&v.bytes).unwrap_err();
    assert_eq!(bad, BadPrism { field: Field::Version, at: 4, problem: Problem::Studio });
    assert!(bad.to_string().contains("older studio file"), "{bad}");
    v.finish();
}

/// PRISM-1, PRISM-2, PRISM-3, PRISM-4, PRISM-5, PRISM-6
#[test]
fn pattern_files_are_read_to_the_last_index_and_written_to_mean_the_same() {
    let mut seen = std::collections::BTreeSet::new();
    for v in vector::read("prism.txt") {
        seen.insert(v.kind.clone());
        match v.kind.as_str() {
            "prism" => check_prism(v),
            "prism.studio" => check_studio(v),
            other => panic!("{}: kind {other}", v.name),
        }
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
}
