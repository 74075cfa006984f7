//! The lines of a record.

use std::io::{self, Write};

use cuelight_wire::ids::Revision;
use cuelight_wire::time::{FrameIndex, Show, Span, Time};

use crate::frame::{ClockSample, Frame};

/// The number of the format, in every `start` line; it rises when a key changes its meaning.
pub(crate) const FORMAT: u32 = 1;

/// One thing that happened, as plain values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// A frame went out; the fields are those of [`Frame`].
    #[allow(missing_docs, reason = "the fields are those of Frame")]
    Frame {
        index: FrameIndex,
        show_at: Time<Show>,
        mono_ns: i64,
        late: Span,
        render: Span,
        is_synced: bool,
        scene_rev: Revision,
        hash: u64,
    },
    /// What a clock said.
    Clock(ClockSample),
    /// A change arrived.
    Change {
        /// The change.
        rev: Revision,
        /// Which way it came: `stream` or `control`.
        via: &'static str,
        /// When, in show time.
        arrived_at: Time<Show>,
        /// When it is to be shown.
        apply_at: Time<Show>,
        /// When it came, CLOCK_MONOTONIC before any injection, nanoseconds.
        mono_ns: i64,
    },
    /// Something happened to the node's session or clock.
    Event {
        /// What: `welcome`, `locked`, `unlocked`, `fallback` or `live`.
        event: &'static str,
        /// When, CLOCK_MONOTONIC before any injection, nanoseconds.
        mono_ns: i64,
    },
}

impl Record {
    pub(crate) const fn of_frame(frame: &Frame<'_>) -> Self {
        let Frame { index, show_at, mono_ns, late, render, is_synced, scene_rev, hash, pixels: _ } = *frame;
        Self::Frame { index, show_at, mono_ns, late, render, is_synced, scene_rev, hash }
    }

    /// Writes the record as one line.
    pub(crate) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        match *self {
            Self::Frame { index, show_at, mono_ns, late, render, is_synced, scene_rev, hash } => writeln!(
                to,
                r#"{{"kind":"frame","frame":{},"show_us":{},"mono_ns":{mono_ns},"late_ns":{},"render_ns":{},"synced":{is_synced},"scene_rev":{},"hash":"{hash:016x}"}}"#,
                index.0,
                show_at.as_us(),
                late.as_ns(),
                render.as_ns(),
                scene_rev.0,
            ),
            Self::Clock(ClockSample { mono_ns, show_at, sigma, bound, is_synced }) => {
                write!(to, r#"{{"kind":"clock","mono_ns":{mono_ns},"show_ns":{},"sigma_ns":"#, show_at.as_ns())?;
                write_span(to, sigma)?;
                write!(to, r#","bound_ns":"#)?;
                write_span(to, bound)?;
                writeln!(to, r#","synced":{is_synced}}}"#)
            }
            Self::Change { rev, via, arrived_at, apply_at, mono_ns } => writeln!(
                to,
                r#"{{"kind":"change","mono_ns":{mono_ns},"rev":{},"via":"{via}","show_us":{},"apply_at_us":{}}}"#,
                rev.0,
                arrived_at.as_us(),
                apply_at.as_us(),
            ),
            Self::Event { event, mono_ns } => {
                writeln!(to, r#"{{"kind":"event","mono_ns":{mono_ns},"event":"{event}"}}"#)
            }
        }
    }
}

/// A span that is not known is `null`: 2^63 nanoseconds would be taken for a number.
fn write_span(to: &mut impl Write, span: Span) -> io::Result<()> {
    if span == Span::MAX { write!(to, "null") } else { write!(to, "{}", span.as_ns()) }
}

/// The first line of a process.
pub(crate) fn write_start(to: &mut impl Write, name: &str, mono_ns: i64) -> io::Result<()> {
    write!(to, r#"{{"kind":"start","format":{FORMAT},"name":""#)?;
    for character in name.chars() {
        match character {
            '"' | '\\' => write!(to, "\\{character}")?,
            control if control < ' ' => write!(to, "\\u{:04x}", u32::from(control))?,
            other => write!(to, "{other}")?,
        }
    }
    writeln!(to, r#"","mono_ns":{mono_ns}}}"#)
}

/// The last line of a process that ended in order.
pub(crate) fn write_end(to: &mut impl Write, mono_ns: i64) -> io::Result<()> {
    writeln!(to, r#"{{"kind":"end","mono_ns":{mono_ns}}}"#)
}

/// Records of a lane that are missing here.
pub(crate) fn write_lost(to: &mut impl Write, lane: &str, records: u64) -> io::Result<()> {
    writeln!(to, r#"{{"kind":"lost","lane":"{lane}","records":{records}}}"#)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parsed(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Value {
        let mut line = Vec::new();
        write(&mut line).unwrap();
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        serde_json::from_slice(&line).unwrap()
    }

    /// OUT-6
    #[test]
    fn every_line_is_json_with_the_documented_keys() {
        let frame = Record::Frame {
            index: FrameIndex(-1),
            show_at: FrameIndex(-1).show_at(),
            mono_ns: 77,
            late: Span::from_ns(5),
            render: Span::from_ns(6),
            is_synced: true,
            scene_rev: Revision(9),
            hash: 0xab,
        };
        assert_eq!(
            parsed(|to| frame.write(to)),
            json!({"kind": "frame", "frame": -1, "show_us": -8334, "mono_ns": 77, "late_ns": 5, "render_ns": 6, "synced": true,
                   "scene_rev": 9, "hash": "00000000000000ab"})
        );
        let sample = ClockSample {
            mono_ns: 1,
            show_at: Time::from_ns(2),
            sigma: Span::from_ns(3),
            bound: Span::MAX,
            is_synced: false,
        };
        assert_eq!(
            parsed(|to| Record::Clock(sample).write(to)),
            json!({"kind": "clock", "mono_ns": 1, "show_ns": 2, "sigma_ns": 3, "bound_ns": null, "synced": false})
        );
        let change = Record::Change {
            rev: Revision(4),
            via: "stream",
            arrived_at: Time::from_ns(5_999),
            apply_at: Time::from_us(30),
            mono_ns: 6,
        };
        assert_eq!(
            parsed(|to| change.write(to)),
            json!({"kind": "change", "mono_ns": 6, "rev": 4, "via": "stream", "show_us": 5, "apply_at_us": 30})
        );
        assert_eq!(
            parsed(|to| Record::Event { event: "locked", mono_ns: 7 }.write(to)),
            json!({"kind": "event", "mono_ns": 7, "event": "locked"})
        );
        assert_eq!(
            parsed(|to| write_start(to, "bike \"1\"\\\n\u{e9}", 3)),
            json!({"kind": "start", "format": 1, "name": "bike \"1\"\\\n\u{e9}", "mono_ns": 3})
        );
        assert_eq!(parsed(|to| write_end(to, 3)), json!({"kind": "end", "mono_ns": 3}));
        assert_eq!(parsed(|to| write_lost(to, "frames", 8)), json!({"kind": "lost", "lane": "frames", "records": 8}));
    }
}
