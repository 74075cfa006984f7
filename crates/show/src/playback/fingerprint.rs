//! One number for a state, so that machines can tell by a few bytes that they have the same one (CUE-3).

use cuelight_wire::time::Span;

use super::{Playback, Playbacks, Run};

/// FNV-1a, 64 bits.
#[derive(Clone, Copy)]
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(14_695_981_039_346_656_037)
    }
    fn put(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(1_099_511_628_211);
        }
    }
    fn u32(&mut self, value: u32) {
        self.put(&value.to_be_bytes());
    }
    fn i64(&mut self, value: i64) {
        self.put(&value.to_be_bytes());
    }
    /// A number that may be missing: its presence first.
    fn some_i64(&mut self, value: Option<i64>) {
        self.put(&[u8::from(value.is_some())]);
        self.i64(value.unwrap_or(0));
    }
    fn span(&mut self, span: Span) {
        self.i64(span.as_ns());
    }
}

impl Playbacks {
    /// FNV-1a 64 over everything it is made of, numbers big-endian, in the order of its JSON form: equal states have equal
    /// ones on every machine.
    pub fn fingerprint(&self) -> u64 {
        let mut fnv = Fnv::new();
        fnv.u32(self.lists.len() as u32);
        self.lists.iter().for_each(|playback| put_playback(&mut fnv, playback));
        fnv.i64(self.holds_from.as_ns());
        fnv.0
    }
}

fn put_playback(fnv: &mut Fnv, playback: &Playback) {
    fnv.put(&playback.list.0.to_be_bytes());
    fnv.u32(playback.runs.len() as u32);
    for Run { cue, started_at, held, fade_ms, follows } in &playback.runs {
        fnv.u32(cue.map_or(0, |cue| cue.milli()));
        fnv.i64(started_at.as_ns());
        fnv.span(*held);
        fnv.some_i64(fade_ms.map(i64::from));
        fnv.put(&[u8::from(*follows)]);
    }
    fnv.some_i64(playback.paused_at.map(|at| at.as_ns()));
    fnv.span(playback.held);
    fnv.u32(playback.anchors.len() as u32);
    for anchor in &playback.anchors {
        fnv.u32(anchor.cue.milli());
        fnv.i64(anchor.at.as_ns());
    }
}

#[cfg(test)]
mod tests {
    use cuelight_wire::time::Time;

    use super::*;
    use crate::list::ListNumber;

    /// CUE-3
    #[test]
    fn anything_that_differs_makes_another_fingerprint() {
        // FNV-1a 64 of "foobar", from the published reference vectors.
        let mut fnv = Fnv::new();
        fnv.put(b"foobar");
        assert_eq!(fnv.0, 0x8594_4171_f739_67e8);
        let run = Run { cue: "1".parse().ok(), started_at: Time::ZERO, held: Span::ZERO, fade_ms: None, follows: true };
        let base = Playbacks {
            lists: [Playback { runs: [run].into(), ..Playback::new(ListNumber(1)) }].into(),
            holds_from: Time::ZERO,
        };
        let changed = |change: fn(&mut Playbacks)| {
            let mut other = base.clone();
            change(&mut other);
            other.fingerprint()
        };
        let mut all = std::vec![
            base.fingerprint(),
            changed(|p| p.holds_from = Time::from_us(1)),
            changed(|p| p.lists[0].list = ListNumber(2)),
            changed(|p| p.lists[0].paused_at = Some(Time::ZERO)),
            changed(|p| p.lists[0].held = Span::from_us(1)),
            changed(|p| p.lists[0].runs[0].cue = None),
            changed(|p| p.lists[0].runs[0].started_at = Time::from_us(1)),
            changed(|p| p.lists[0].runs[0].held = Span::from_us(1)),
            changed(|p| p.lists[0].runs[0].fade_ms = Some(0)),
            changed(|p| p.lists[0].runs[0].follows = false),
            changed(|p| p.lists[0].runs.clear()),
            changed(|p| p.lists.clear()),
        ];
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count, "{all:x?}");
    }
}
