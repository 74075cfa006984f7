//! Pattern files: what holds for all of them, and what every kind of damage is called.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use cuelight_wire::prism::{
    BadPrism, Direction, Field, Header, Motion, Prism, PrismWriter, Problem, Rate, SyncMode, WriteError, max_len,
};
use cuelight_wire::scene::Rgb;
use proptest::collection::vec;
use proptest::prelude::*;

const HEADER: Header = Header {
    leds: 5,
    frames: 3,
    rate: Rate::MAX,
    color_format: 1,
    compression: 0,
    motion: Motion { sync: SyncMode::Offset, direction: Direction::Edge, parameter: 300 },
};
const COLORS: [Rgb; 3] = [Rgb::BLACK, Rgb::new(255, 0, 0), Rgb::new(1, 2, 3)];

fn write(header: Header, palette: &[Rgb], pictures: &[Vec<u8>]) -> Result<Vec<u8>, WriteError> {
    let mut buf = vec![0; max_len(&header, palette.len())];
    let mut writer = PrismWriter::new(header, palette, &mut buf)?;
    for (i, picture) in pictures.iter().enumerate() {
        writer.frame(picture, i.checked_sub(1).map(|before| pictures[before].as_slice()))?;
    }
    let len = writer.finish()?;
    buf.truncate(len);
    Ok(buf)
}

fn pictures(prism: &Prism<'_>) -> Vec<Vec<u8>> {
    let mut indices = vec![0; prism.header().leds.into()];
    let decode = |frame: cuelight_wire::prism::Frame<'_>| {
        frame.decode(&mut indices, prism.facts().colors).unwrap();
        indices.clone()
    };
    prism.frames().map(decode).collect()
}

/// Header 82 bytes, palette 2 + 9, frame 0 as it is (3 + 5), frame 1 packed (3 + 2), frame 2 the difference (3 + 3).
fn sample() -> Vec<u8> {
    let mut file = write(HEADER, &COLORS, &[vec![0, 1, 2, 1, 0], vec![1; 5], vec![1, 1, 1, 1, 2]]).unwrap();
    assert_eq!(file.len(), 82 + 11 + 8 + 5 + 6 + 4);
    // The writer prefers a frame that stands for itself where the difference is no shorter.
    assert_eq!(file[106..112], [2, 3, 0, 0x84, 1, 2]);
    file[106..112].copy_from_slice(&[3, 3, 0, 0x84, 0, 3]);
    mended(file)
}

/// The file with the checksum of its payload made right again.
fn mended(mut file: Vec<u8>) -> Vec<u8> {
    let end = file.len() - 4;
    let checksum = crc32(&file[82..end]);
    file[end..].copy_from_slice(&checksum.to_le_bytes());
    file
}

/// CRC-32 (IEEE) bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    };
    !bytes.iter().fold(!0, step)
}

/// What reading the sample says when the bytes at a place are others, checksums being right.
fn refusal(at: usize, to: &[u8]) -> BadPrism {
    let mut file = sample();
    file[at..at + to.len()].copy_from_slice(to);
    Prism::read(&mended(file)).unwrap_err()
}

/// PRISM-1, PRISM-3
#[test]
fn every_field_with_a_rule_is_refused_by_its_name_and_place() {
    let cases: [(usize, &[u8], Field, u32); 16] = [
        (0, b"MSRP", Field::Magic, u32::from_le_bytes(*b"MSRP")),
        (4, &[2, 1], Field::Version, 0x0102),
        (6, &[0, 0], Field::LedCount, 0),
        (6, &[1, 16], Field::LedCount, 4_097),
        (8, &[0; 4], Field::FrameCount, 0),
        (12, &[0; 4], Field::FramesPerSecond, 0),
        (12, &[1, 255, 0, 0], Field::FramesPerSecond, 65_281),
        (24, &[9], Field::Padding, 9),
        (63, &[1], Field::Padding, 1),
        (64, &[2], Field::MetaVersion, 2),
        (65, &[5], Field::SyncMode, 5),
        (66, &[5], Field::Direction, 5),
        (82, &[0, 0], Field::PaletteSize, 0),
        (82, &[65, 0], Field::PaletteSize, 65),
        (93, &[1], Field::FrameFlags(0), 1),
        (101, &[4], Field::FrameFlags(1), 4),
    ];
    for (at, to, field, value) in cases {
        let bad = refusal(at, to);
        assert_eq!((bad.field, bad.at), (field, at), "{bad}");
        assert!(matches!(bad.problem, Problem::Value { found, .. } if found == value), "{bad}");
        let text = bad.to_string();
        assert!(text.contains(&format!("{field} at byte {at}")) && text.contains("must be"), "{text}");
    }
}

/// PRISM-1, PRISM-4
#[test]
fn frames_that_do_not_yield_an_index_for_every_led_are_refused() {
    let problem = |at: usize, to: &[u8]| {
        let bad = refusal(at, to);
        (bad.field, bad.at, bad.problem)
    };
    // Frame 0, as it is: an index that is no colour.
    let no_color = Problem::NoColor { index: 3, led: 4, colors: 3 };
    assert_eq!(problem(100, &[3]), (Field::FrameData(0), 96, no_color));
    // Frame 1, packed: runs that are too long, too short, of nothing; an index beyond the palette.
    assert_eq!(problem(104, &[0x86]), (Field::FrameData(1), 104, Problem::Indices { found: 6, expected: 5 }));
    assert_eq!(problem(104, &[0x84]), (Field::FrameData(1), 104, Problem::Indices { found: 4, expected: 5 }));
    assert_eq!(problem(104, &[0x80]), (Field::FrameData(1), 104, Problem::BadRun { within: 0 }));
    assert_eq!(problem(104, &[1, 0x85]), (Field::FrameData(1), 104, Problem::BadRun { within: 1 }));
    assert_eq!(problem(105, &[0x83]).2, Problem::NoColor { index: 0x83, led: 0, colors: 3 });
    // Frame 2, the difference: 1 ^ 2 is no colour.
    assert_eq!(problem(111, &[2]).2, Problem::NoColor { index: 3, led: 4, colors: 3 });
    // A length that reaches beyond the frames, and a frame that is not all there.
    assert_eq!(problem(107, &[4]), (Field::FrameLength(2), 107, Problem::Truncated { needs: 4, has: 3 }));
    assert_eq!(problem(8, &[4]).0, Field::FrameFlags(3));
    assert_eq!(problem(8, &[255]).0, Field::FrameCount);
    // A frame less, so that something is left over.
    assert_eq!(problem(8, &[2]).0, Field::End);
}

/// PRISM-1
#[test]
fn a_file_cut_anywhere_is_refused_and_so_is_one_with_more_behind_it() {
    let file = sample();
    for len in 0..file.len() {
        let bad = Prism::read(&file[..len]).unwrap_err();
        assert!(!bad.to_string().is_empty(), "{len}");
    }
    let mut longer = file.clone();
    longer.push(0);
    assert_eq!(Prism::read(&longer).unwrap_err().field, Field::End);
    // The extra data are longer than the file.
    assert_eq!(refusal(80, &[255, 255]).field, Field::Extra);
    let mut damaged = file;
    damaged[90] ^= 1;
    assert!(matches!(Prism::read(&damaged).unwrap_err().problem, Problem::Checksum { .. }));
}

/// PRISM-2
#[test]
fn a_wrong_header_checksum_is_refused_in_version_1_0_and_told_in_1_1() {
    let mut file = sample();
    assert_eq!(Prism::read(&file).unwrap().facts().warning, None);
    // Of the base header alone, as some packers do it: nothing to tell.
    let of_base = crc32(&file[..20]);
    file[20..24].copy_from_slice(&of_base.to_le_bytes());
    assert_eq!(Prism::read(&file).unwrap().facts().warning, None);
    file[20] ^= 1;
    let warning = Prism::read(&file).unwrap().facts().warning.unwrap();
    assert!(warning.to_string().contains("header checksum at byte 20"), "{warning}");

    // The same in version 1.0, which has no metadata.
    file.drain(64..80);
    file[4] = 0;
    let of_base = crc32(&file[..20]);
    file[20..24].copy_from_slice(&of_base.to_le_bytes());
    assert_eq!(Prism::read(&file).unwrap().header().motion, Motion::NONE);
    file[20] ^= 1;
    assert_eq!(Prism::read(&file).unwrap_err().field, Field::HeaderChecksum);
}

#[test]
fn a_writer_refuses_what_a_reader_would() {
    let picture = vec![0; 5];
    let three = [picture.clone(), picture.clone(), picture.clone()];
    assert!(write(HEADER, &COLORS, &three).is_ok());
    assert_eq!(write(Header { leds: 0, ..HEADER }, &COLORS, &three), Err(WriteError::BadHeader));
    assert_eq!(write(Header { frames: 0, ..HEADER }, &COLORS, &[]), Err(WriteError::BadHeader));
    assert_eq!(write(HEADER, &[], &three), Err(WriteError::BadPalette));
    assert_eq!(write(HEADER, &[Rgb::BLACK; 65], &three), Err(WriteError::BadPalette));
    assert_eq!(write(HEADER, &COLORS, &three[..2]), Err(WriteError::FrameCount));
    assert_eq!(write(HEADER, &COLORS, &[three.as_slice(), &three].concat()), Err(WriteError::FrameCount));
    assert_eq!(write(HEADER, &COLORS, &[vec![0; 4]]), Err(WriteError::BadFrame));
    assert_eq!(write(HEADER, &COLORS, &[vec![3; 5]]), Err(WriteError::BadFrame));
    let mut short = [0; 90];
    assert_eq!(PrismWriter::new(HEADER, &COLORS, &mut short).unwrap_err(), WriteError::Truncated);
}

fn header() -> impl Strategy<Value = Header> {
    let motion = (0..5_u8, 0..5_u8, any::<u16>()).prop_map(|(sync, direction, parameter)| Motion {
        sync: SyncMode::from_wire(sync).unwrap(),
        direction: Direction::from_wire(direction).unwrap(),
        parameter,
    });
    (1..300_u16, 1..40_u32, 256..=65_280_u32, any::<[u8; 2]>(), motion).prop_map(
        |(leds, frames, x256, [color_format, compression], motion)| {
            let rate = Rate::from_field(x256).unwrap();
            Header { leds, frames, rate, color_format, compression, motion }
        },
    )
}

/// A header, a palette and pictures with runs and with few changes, as pictures have.
fn pattern() -> impl Strategy<Value = (Header, Vec<Rgb>, Vec<Vec<u8>>)> {
    (header(), 1..=64_u8).prop_flat_map(|(header, colors)| {
        let palette = vec(any::<[u8; 3]>().prop_map(|[r, g, b]| Rgb::new(r, g, b)), usize::from(colors));
        let strokes = vec((0..header.leds, 1..=160_u16, 0..colors), 0..6);
        let pictures = vec(strokes, header.frames as usize).prop_map(move |frames| {
            let mut picture = vec![0; header.leds.into()];
            let draw = |strokes: Vec<(u16, u16, u8)>| {
                for (from, len, index) in strokes {
                    let end = usize::from(from.saturating_add(len)).min(picture.len());
                    picture[usize::from(from)..end].fill(index);
                }
                picture.clone()
            };
            frames.into_iter().map(draw).collect()
        });
        (Just(header), palette, pictures)
    })
}

proptest! {
    /// PRISM-6
    #[test]
    fn a_pattern_comes_back_as_it_was_written((header, palette, drawn) in pattern()) {
        let file = write(header, &palette, &drawn).unwrap();
        prop_assert!(file.len() <= max_len(&header, palette.len()));
        let prism = Prism::read(&file).unwrap();
        prop_assert_eq!(prism.header(), &header);
        prop_assert_eq!(pictures(&prism), drawn);
        for (i, color) in (0..).zip(&palette) {
            prop_assert_eq!(prism.color(i), *color);
        }
        prop_assert_eq!(prism.color(palette.len() as u8), Rgb::BLACK);
    }

    /// PRISM-1: whatever is changed, and however the checksum is mended, a file is refused or is all there.
    #[test]
    fn a_file_with_any_byte_changed_is_refused_or_yields_every_index(
        (header, palette, drawn) in pattern(), at: prop::sample::Index, to: u8, mend: bool,
    ) {
        let mut file = write(header, &palette, &drawn).unwrap();
        let at = at.index(file.len());
        file[at] = to;
        if mend {
            file = mended(file);
        }
        if let Ok(prism) = Prism::read(&file) {
            let all = pictures(&prism);
            prop_assert_eq!(all.len(), prism.header().frames as usize);
            prop_assert!(all.iter().flatten().all(|index| u16::from(*index) < prism.facts().colors));
        }
    }

    #[test]
    fn any_bytes_are_refused_or_understood(bytes in vec(any::<u8>(), 0..400)) {
        let mut file = b"PRSM\x01\x01".to_vec();
        file.extend(&bytes);
        prop_assert!(Prism::read(&bytes).is_err() && Prism::read(&file).is_err());
    }
}
