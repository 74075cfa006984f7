//! What holds for every frame of the pattern upload, and for any bytes that claim to be one.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use cuelight_wire::tlv::{
    Answer, BadFrame, BadRequest, Control, Declared, Dialect, ErrorCode, Frame, Listing, ListingWriter, Metrics, Name,
    RECEIVE_BUFFER, Request, WriteError,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn dialect() -> impl Strategy<Value = Dialect> {
    select([Dialect::Plain, Dialect::Checked].as_slice())
}

/// A request, as both dialects can say it, made of `name` and `bytes`.
fn requests<'a>(name: &'a [u8], bytes: &'a [u8], number: u32) -> [Request<'a>; 11] {
    [
        Request::Begin { name, declared: Some(Declared { size: number, crc32: !number }) },
        Request::Data { offset: Some(number), bytes },
        Request::End,
        Request::Delete { name },
        Request::List,
        Request::Metrics,
        Request::Control(Control::Play { name }),
        Request::Control(Control::Stop),
        Request::Control(Control::Brightness(number as u8)),
        Request::Control(Control::Gamma(bytes)),
        Request::Control(Control::Template(bytes)),
    ]
}

/// What is left of a request in the plain dialect.
fn in_plain(request: Request<'_>) -> Request<'_> {
    match request {
        Request::Begin { name, .. } => Request::Begin { name, declared: None },
        Request::Data { bytes, .. } => Request::Data { offset: None, bytes },
        other => other,
    }
}

proptest! {
    /// PATTERN-1, PATTERN-5, PATTERN-6
    #[test]
    fn what_is_written_is_read_again(name in vec(any::<u8>(), 0..255), bytes in vec(any::<u8>(), 0..4000), number: u32) {
        let mut buf = [0; RECEIVE_BUFFER];
        for request in requests(&name, &bytes, number) {
            let len = request.write(Dialect::Checked, &mut buf).unwrap();
            prop_assert_eq!(Request::read(&Frame::decode(&buf[..len]).unwrap()), Ok(request));
            match request.write(Dialect::Plain, &mut buf) {
                Ok(len) => {
                    let frame = Frame::decode(&buf[..len]).unwrap();
                    prop_assert_eq!(Request::read(&frame), Ok(in_plain(request)));
                }
                Err(error) => {
                    prop_assert_eq!(error, WriteError::NotInDialect);
                    prop_assert!(matches!(request, Request::Control(_)));
                }
            }
        }
    }

    /// PATTERN-1
    #[test]
    fn any_bytes_are_a_frame_that_is_written_the_same_or_an_error(bytes in vec(any::<u8>(), 0..64)) {
        if let Ok(frame) = Frame::decode(&bytes) {
            let mut buf = [0; 64];
            let len = frame.encode(&mut buf).unwrap();
            prop_assert_eq!(&buf[..len], &bytes[..]);
            let _ = (Request::read(&frame), Answer::read(&frame), Metrics::read(&frame));
        }
        let _ = (Listing::read(&bytes), Name::normalised(&bytes));
    }

    /// PATTERN-2
    #[test]
    fn a_changed_bit_of_a_checked_frame_is_noticed(bytes in vec(any::<u8>(), 0..200), at: usize, bit in 0..8_u32) {
        let mut buf = [0; 256];
        let len = Request::Data { offset: Some(7), bytes: &bytes }.write(Dialect::Checked, &mut buf).unwrap();
        buf[at % len] ^= 1 << bit;
        let frame = Frame::decode(&buf[..len]);
        // In the length, the bit may make a frame of another length, and never one of this dialect.
        prop_assert!(frame.is_err() || frame.is_ok_and(|frame| frame.dialect == Dialect::Plain), "{frame:?}");
    }

    /// PATTERN-7
    #[test]
    fn an_answers_text_is_cut_where_the_buffer_ends(dialect in dialect(), text in ".{0,40}", room in 8_usize..64) {
        let mut buf = vec![0; room];
        let len = Answer::write_error(dialect, ErrorCode::StorageFull, &text, &mut buf).unwrap();
        let frame = Frame::decode(&buf[..len]).unwrap();
        let Some(Answer::Error { code: ErrorCode::StorageFull, text: read }) = Answer::read(&frame) else {
            panic!("{frame:?}");
        };
        prop_assert!(text.starts_with(std::str::from_utf8(read).unwrap()));
        prop_assert!(read.len() == text.len() || read.len() + 4 > room - dialect.overhead() - 1);
    }

    /// PATTERN-8
    #[test]
    fn a_listing_comes_whole_in_as_many_frames_as_it_takes(
        dialect in dialect(),
        entries in vec(("[a-z0-9_-]{1,63}", any::<u32>()), 0..300),
        room in 90_usize..4096,
    ) {
        let count = entries.len() as u16;
        let names: Vec<(Name, u32)> = entries.iter().map(|(name, size)| (name.parse().unwrap(), *size)).collect();
        let (mut read, mut at) = (Vec::new(), 0);
        loop {
            let mut buf = vec![0; room];
            let mut writer = ListingWriter::new(dialect, count, &mut buf).unwrap();
            while at < names.len() && writer.push(&names[at].0, names[at].1) {
                at += 1;
            }
            let len = writer.finish();
            let frame = Frame::decode(&buf[..len]).unwrap();
            prop_assert_eq!(frame.dialect, dialect);
            let Some(Answer::Status { code: 0, rest }) = Answer::read(&frame) else { panic!("{frame:?}") };
            let listing = Listing::read(rest).unwrap();
            prop_assert_eq!(listing.count, count);
            read.extend(listing.entries().map(|e| (Name::normalised(e.name).unwrap(), e.size)));
            if at == names.len() {
                break;
            }
        }
        prop_assert_eq!(read, names);
    }
}

/// PATTERN-1, PATTERN-2
#[test]
fn what_is_no_frame_is_named() {
    assert_eq!(Frame::decode(&[]), Err(BadFrame::Short { found: 0 }));
    assert_eq!(Frame::decode(&[0x21, 0]), Err(BadFrame::Short { found: 2 }));
    assert_eq!(Frame::decode(&[0x11, 0, 4, 1, 2, 3]), Err(BadFrame::Length { says: 4, found: 3 }));
    assert_eq!(Frame::decode(&[0x12, 0, 0, 1]), Err(BadFrame::Length { says: 0, found: 1 }));
    // CRC-32 of 12 00 00 is not 0.
    assert!(matches!(Frame::decode(&[0x12, 0, 0, 0, 0, 0, 0]), Err(BadFrame::Crc { says: 0, .. })));
}

/// PATTERN-5, PATTERN-6
#[test]
fn what_is_no_request_is_named() {
    let plain = |kind, value| Request::read(&Frame { dialect: Dialect::Plain, kind, value });
    let checked = |kind, value| Request::read(&Frame { dialect: Dialect::Checked, kind, value });
    assert_eq!(plain(0x22, &[]), Err(BadRequest::Type { kind: 0x22, dialect: Dialect::Plain }));
    assert_eq!(checked(0x40, &[]), Err(BadRequest::Type { kind: 0x40, dialect: Dialect::Checked }));
    assert_eq!(checked(0x20, &[0x55]), Err(BadRequest::Control(0x55)));
    for (kind, value) in [
        (0x10, &[5, b'a', 0, 0, 0, 0, 0, 0, 0, 0][..]),
        (0x10, &[1, b'a', 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        (0x10, &[]),
        (0x11, &[0, 0, 0]),
        (0x12, &[0]),
        (0x20, &[]),
        (0x20, &[1]),
        (0x20, &[1, 2, b'a']),
        (0x20, &[2, 0]),
        (0x20, &[0x10]),
        (0x20, &[0x10, 1, 2]),
        (0x22, &[0]),
        (0x30, &[0]),
    ] {
        let refused = checked(kind, value);
        assert!(matches!(refused, Err(BadRequest::Value { .. })), "{kind:#04x} {value:?}: {refused:?}");
    }
}
