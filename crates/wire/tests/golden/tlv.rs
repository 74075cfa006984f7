//! Frames of the pattern upload, both dialects.

use std::collections::BTreeSet;

use cuelight_wire::tlv::{
    Answer, Control, Declared, Dialect, ErrorCode, Frame, Listing, ListingWriter, Metrics, Name, OlderError, Request,
};

use crate::vector::{self, Vector};

fn request<'a>(v: &mut Vector, dialect: Dialect, name: &'a mut String, data: &'a mut Vec<u8>) -> Option<Request<'a>> {
    let is_checked = dialect == Dialect::Checked;
    Some(match v.kind.as_str() {
        "tlv.begin" => {
            *name = v.text("name");
            let declared = is_checked.then(|| Declared { size: v.number("size"), crc32: v.number("crc32") });
            Request::Begin { name: name.as_bytes(), declared }
        }
        "tlv.data" => {
            *data = v.hex("data");
            Request::Data { offset: is_checked.then(|| v.number("offset")), bytes: data }
        }
        "tlv.end" => Request::End,
        "tlv.delete" => {
            *name = v.text("name");
            Request::Delete { name: name.as_bytes() }
        }
        "tlv.list" => Request::List,
        "tlv.ask_metrics" => Request::Metrics,
        "tlv.play" => {
            *name = v.text("name");
            Request::Control(Control::Play { name: name.as_bytes() })
        }
        "tlv.stop" => Request::Control(Control::Stop),
        "tlv.brightness" => Request::Control(Control::Brightness(v.number("level"))),
        "tlv.gamma" => {
            *data = v.hex("value");
            Request::Control(Control::Gamma(data))
        }
        "tlv.template" => {
            *data = v.hex("value");
            Request::Control(Control::Template(data))
        }
        _ => return None,
    })
}

/// What the fields of an answer are written as.
fn answer(v: &mut Vector, dialect: Dialect, frame: &Frame<'_>) -> Vec<u8> {
    let mut buf = [0; 256];
    let read = Answer::read(frame);
    let len = match v.kind.as_str() {
        "tlv.done" => {
            let text = v.text("text");
            assert_eq!(read, Some(Answer::Status { code: 0, rest: text.as_bytes() }), "{}", v.name);
            Answer::write_done(dialect, &text, &mut buf).unwrap()
        }
        "tlv.error" => {
            let (code, text) = (ErrorCode::of(v.number("code")), v.text("text"));
            assert_eq!(read, Some(Answer::Error { code, text: text.as_bytes() }), "{}", v.name);
            Answer::write_error(dialect, code, &text, &mut buf).unwrap()
        }
        "tlv.metrics" => {
            let metrics = Metrics {
                free_memory: v.number("free_memory"),
                largest_memory: v.number("largest_memory"),
                patterns: v.number("patterns"),
                store_used: v.number("store_used"),
                store_free: v.number("store_free"),
                uptime_s: v.number("uptime_s"),
            };
            assert_eq!(Metrics::read(frame), Some(metrics), "{}", v.name);
            metrics.write(dialect, &mut buf).unwrap()
        }
        "tlv.listing" => {
            let Some(Answer::Status { code: 0, rest }) = read else { panic!("{}: {read:?}", v.name) };
            let listing = Listing::read(rest).unwrap();
            let count = v.number("count");
            assert_eq!(listing.count, count);
            let mut writer = ListingWriter::new(dialect, count, &mut buf).unwrap();
            for (number, entry) in listing.entries().enumerate() {
                let name: Name = v.text(&format!("entry.{number}.name")).parse().unwrap();
                let size = v.number(&format!("entry.{number}.size"));
                assert_eq!((entry.name, entry.size), (name.as_str().as_bytes(), size), "{}", v.name);
                assert!(writer.push(&name, size));
            }
            writer.finish()
        }
        other => panic!("{}: kind {other}", v.name),
    };
    buf[..len].to_vec()
}

fn check(file: &str, dialect: Dialect, kinds: usize) {
    let mut seen = BTreeSet::new();
    for mut v in vector::read(file) {
        seen.insert(v.kind.clone());
        let bytes = v.bytes.clone();
        let frame = Frame::decode(&bytes).unwrap_or_else(|e| panic!("{}: {e}", v.name));
        assert_eq!(frame.dialect, dialect, "{}", v.name);
        let (mut name, mut data) = (String::new(), Vec::new());
        let mut buf = [0; 256];
        let written = match request(&mut v, dialect, &mut name, &mut data) {
            Some(request) => {
                assert_eq!(Request::read(&frame), Ok(request), "{}: decoded", v.name);
                let len = request.write(dialect, &mut buf).unwrap();
                buf[..len].to_vec()
            }
            None => answer(&mut v, dialect, &frame),
        };
        assert_eq!(written, bytes, "{}: encoded", v.name);
        v.finish();
    }
    assert_eq!(seen.len(), kinds, "every kind has a vector: {seen:?}");
}

/// PATTERN-1, PATTERN-5, PATTERN-7, PATTERN-8, PATTERN-9
#[test]
fn plain_frames_are_read_and_written_byte_for_byte() {
    check("tlv-plain.txt", Dialect::Plain, 10);
}

/// PATTERN-1, PATTERN-6, PATTERN-7, PATTERN-8, PATTERN-9
#[test]
fn checked_frames_are_read_and_written_byte_for_byte() {
    check("tlv-checked.txt", Dialect::Checked, 15);
}

/// PATTERN-7
#[test]
fn errors_of_older_devices_are_understood() {
    let mut seen = Vec::new();
    for mut v in vector::read("tlv-older.txt") {
        let frame = Frame::decode(&v.bytes).unwrap();
        let Some(Answer::OlderError(error)) = Answer::read(&frame) else { panic!("{}", v.name) };
        seen.push((v.number::<u8>("code"), error));
        v.finish();
    }
    assert_eq!(seen, [(4, OlderError::Full), (5, OlderError::NotFound), (9, OlderError::Other(9))]);
}
