//! ORACLE-8: every datagram has its session's token (WIRE-3), the next number, wrapping (`30-stream.md`), the length it says
//! (WIRE-1), and the hub's show time.

use crate::entry::What;
use crate::figures::{Figure, Figures};
use crate::judge::{Leavers, Scene};

#[derive(Debug)]
pub(crate) struct Session {
    /// The number each node's next datagram must have; `None` before the first of a session.
    expected: Vec<Option<u32>>,
    datagrams: u64,
    faults: u64,
}

impl Session {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { expected: vec![None; nodes], datagrams: 0, faults: 0 }
    }
    pub(crate) fn take(&mut self, scene: &Scene<'_>) {
        match scene.leavers() {
            Leavers::None => {}
            Leavers::One(n) if matches!(scene.entry.what, What::Told(..)) => self.expected[n.0] = None,
            Leavers::One(_) => {}
            Leavers::All => self.expected.fill(None),
        }
        let What::Sent(n, _) = &scene.entry.what else { return };
        self.datagrams += 1;
        // A datagram without a session is another rule's.
        let Some(packet) = scene.packet else { return };
        let is_right = packet.as_ref().is_ok_and(|packet| {
            let header = &packet.header;
            let is_next = self.expected[n.0].is_none_or(|expected| header.seq == expected);
            self.expected[n.0] = Some(header.seq.wrapping_add(1));
            is_next && header.hub_now.as_us() == scene.entry.show.as_us()
        });
        self.faults += u64::from(!is_right);
    }
    pub(crate) fn finish(self, figures: &mut Figures) {
        figures.count(Figure::Datagrams, self.datagrams);
        if self.datagrams > 0 {
            figures.count(Figure::SessionFaults, self.faults);
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts and whole nanoseconds are exact")]
mod tests {
    use crate::figures::Figure;
    use crate::rules::traces::Trace;

    #[test]
    fn a_number_left_out_a_wrong_token_and_a_wrong_show_time_are_each_seen() {
        let faults = |spoil: fn(&mut [u8])| {
            let mut trace = Trace::of_two();
            trace.tick(0, 1);
            trace.tick(0, 1);
            trace.spoil_last(spoil);
            trace.figures().get(Figure::SessionFaults).unwrap()
        };
        assert_eq!(faults(|_| ()), 0.0);
        assert_eq!(faults(|bytes| bytes[7] += 1), 1.0, "seq");
        assert_eq!(faults(|bytes| bytes[11] ^= 1), 1.0, "token");
        assert_eq!(faults(|bytes| bytes[19] ^= 1), 1.0, "hubNow");
        assert_eq!(faults(|bytes| bytes[0] = 2), 1.0, "version");
        assert_eq!(faults(|bytes| bytes[3] += 1), 1.0, "length");
    }

    #[test]
    fn numbers_wrap() {
        let mut trace = Trace::of_two();
        trace.next_seq = u32::MAX - 1;
        trace.rejoin_stream();
        for _ in 0..4 {
            trace.tick(0, 1);
        }
        assert_eq!(trace.figures().get(Figure::SessionFaults), Some(0.0));
    }
}
