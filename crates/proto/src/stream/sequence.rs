//! Which packet is next: serial-number arithmetic on 32 bits (RFC 1982), `STREAM-32`.
//!
//! The first packet of a session sets the expected number to its own plus one. Equal is accepted; greater is accepted
//! and the gap is loss; smaller is dropped, as a duplicate when that number was accepted before and as late when not.

/// A gap of this many packets is a large one: 20 packets at 100 Hz are the 200 ms after which silence degrades a node.
pub const LARGE_GAP: u32 = 20;

/// Numbers this far behind the newest are remembered one by one.
const REMEMBERED: u32 = u64::BITS;

/// What to do with a packet of a given number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Take it; so many packets before it are missing.
    Accept {
        /// Packets missing between this one and the newest before it.
        gap: u32,
    },
    /// Drop it: accepted before.
    Duplicate,
    /// Drop it: newer ones were accepted.
    Late {
        /// Whether it had been counted as lost, which it was not after all.
        was_counted_lost: bool,
    },
}

/// The sequence state of one session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequence {
    /// The expected number and, bit i, whether number `expected - 1 - i` has arrived; `None` before the first packet.
    state: Option<(u32, u64)>,
    /// How many numbers behind the expected one have belonged to the session so far, at most [`REMEMBERED`].
    depth: u32,
}

impl Sequence {
    /// Before the first packet of a session.
    pub const fn new() -> Self {
        Self { state: None, depth: 0 }
    }

    /// What to do with packet `seq`; changes nothing.
    pub const fn verdict(&self, seq: u32) -> Verdict {
        let Some((expected, arrived)) = self.state else { return Verdict::Accept { gap: 0 } };
        let ahead = seq.wrapping_sub(expected);
        // Serial-number arithmetic: the lower half of the circle is ahead. The exact opposite counts as behind.
        if ahead < 1 << 31 {
            return Verdict::Accept { gap: ahead };
        }
        let behind = expected.wrapping_sub(1).wrapping_sub(seq);
        if behind >= self.depth {
            return Verdict::Late { was_counted_lost: false };
        }
        if arrived >> behind & 1 == 1 { Verdict::Duplicate } else { Verdict::Late { was_counted_lost: true } }
    }

    /// Packet `seq` is taken, or (when its verdict was late) has at least arrived.
    pub const fn mark(&mut self, seq: u32) {
        let Some((expected, arrived)) = self.state else {
            self.state = Some((seq.wrapping_add(1), 1));
            self.depth = 1;
            return;
        };
        let ahead = seq.wrapping_sub(expected);
        if ahead < 1 << 31 {
            let shifted = if ahead + 1 < REMEMBERED { arrived << (ahead + 1) } else { 0 };
            self.state = Some((seq.wrapping_add(1), shifted | 1));
            let depth = self.depth.saturating_add(ahead + 1);
            self.depth = if depth < REMEMBERED { depth } else { REMEMBERED };
        } else {
            let behind = expected.wrapping_sub(1).wrapping_sub(seq);
            if behind < self.depth {
                self.state = Some((expected, arrived | 1 << behind));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn take(sequence: &mut Sequence, seq: u32) -> Verdict {
        let verdict = sequence.verdict(seq);
        sequence.mark(seq);
        verdict
    }

    #[test]
    fn equal_and_greater_are_accepted_and_smaller_is_dropped() {
        // STREAM-32
        let mut s = Sequence::new();
        assert_eq!(take(&mut s, 100), Verdict::Accept { gap: 0 });
        assert_eq!(take(&mut s, 101), Verdict::Accept { gap: 0 });
        assert_eq!(take(&mut s, 105), Verdict::Accept { gap: 3 });
        assert_eq!(take(&mut s, 105), Verdict::Duplicate);
        assert_eq!(take(&mut s, 103), Verdict::Late { was_counted_lost: true });
        assert_eq!(take(&mut s, 103), Verdict::Duplicate);
        assert_eq!(take(&mut s, 99), Verdict::Late { was_counted_lost: false });
        assert_eq!(take(&mut s, 106), Verdict::Accept { gap: 0 });
    }

    #[test]
    fn the_opposite_side_of_the_circle_is_behind() {
        let mut s = Sequence::new();
        s.mark(u32::MAX);
        assert_eq!(s.verdict(i32::MAX as u32), Verdict::Accept { gap: i32::MAX as u32 });
        assert_eq!(s.verdict(1 << 31), Verdict::Late { was_counted_lost: false });
    }

    #[test]
    fn a_gap_of_half_the_circle_is_survived() {
        let mut s = Sequence::new();
        s.mark(0);
        assert_eq!(take(&mut s, 1 << 31), Verdict::Accept { gap: i32::MAX as u32 });
        assert_eq!(take(&mut s, (1 << 31) - 64), Verdict::Late { was_counted_lost: false });
        assert_eq!(take(&mut s, (1 << 31) - 63), Verdict::Late { was_counted_lost: true });
    }

    proptest! {
        #[test]
        fn numbering_from_anywhere_gives_the_same_verdicts(
            start in any::<u32>(), steps in prop::collection::vec(-70_i32..40, 1..200)
        ) {
            // STREAM-32: the wrap at 2^32 is nowhere to be seen.
            let (mut here, mut there) = (Sequence::new(), Sequence::new());
            let mut at = 1000_u32;
            for step in steps {
                at = at.wrapping_add_signed(step);
                prop_assert_eq!(take(&mut here, at), take(&mut there, at.wrapping_add(start)));
            }
        }

        #[test]
        fn each_number_is_accepted_or_late_once_and_a_duplicate_after(
            start in any::<u32>(), order in prop::collection::vec(0_u32..60, 1..300)
        ) {
            let mut s = Sequence::new();
            s.mark(start);
            let mut seen = [false; 61];
            seen[0] = true;
            for n in order {
                let verdict = take(&mut s, start.wrapping_add(n));
                prop_assert_eq!(verdict == Verdict::Duplicate, seen[n as usize]);
                seen[n as usize] = true;
            }
        }
    }
}
