//! What came over the wire against what the show says.
//!
//! For every frame of every universe the levels are worked out from the show, the orders and the frame's instant alone, and every
//! packet is held against them. Which frame a packet is of follows from its arrival and the hub's recorded clock.

use std::collections::BTreeMap;

use cuelight_dmx::send::Rate;
use cuelight_measure::figures::true_show_ns;
use cuelight_measure::machine::Stall;
use cuelight_measure::quantiles::Quantiles;
use cuelight_measure::record::ClockLine;
use cuelight_measure::universes::{Packet, fingerprint};
use cuelight_show::Stage;
use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::{Show, Time};

use super::course::Course;
use super::piece::Piece;

/// Universes of nodes are sent at this rate where nobody says another.
const RATE: Rate = Rate::FULL;
/// A packet that comes so much after its instant is late: what universes of several nodes may differ by.
const LATE_NS: i64 = 1_000_000;
/// A packet may be so many frames late, half a second, and still be known as what it is: late, not wrong.
const FRAMES_LATE: i64 = 22;
/// Show time steps a little over a restart of the hub, and nodes slew to it: how late a frame is is not judged until then.
const SLEWS_NS: i64 = 3_000_000_000;

/// What is judged.
pub(super) struct Case<'a> {
    pub(super) piece: &'a Piece,
    pub(super) course: &'a Course<'a>,
    /// The universes of each node.
    pub(super) shares: Vec<&'a [u16]>,
    /// In the order they came.
    pub(super) packets: &'a [Packet],
    /// The hub's recorded clock, over all its starts.
    pub(super) hub: &'a [ClockLine],
    /// When the machine itself stood still.
    pub(super) stalls: &'a [Stall],
    /// CLOCK_MONOTONIC of the end.
    pub(super) to_ns: i64,
    /// CLOCK_MONOTONIC of when the hub was killed, and when every node played again.
    pub(super) away_ns: Option<(i64, i64)>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Found {
    /// Packets of levels.
    pub(super) packets: usize,
    /// Of those, with the levels of an instant that is theirs.
    pub(super) right: usize,
    /// Packets from the hub's death until the end of what its restart brought about.
    pub(super) away: usize,
    /// Of those, with the levels of their instant.
    pub(super) away_right: usize,
    /// Frames that differ from the ones before them.
    pub(super) changes: usize,
    /// Of those, that did not come.
    pub(super) skipped: usize,
    /// Packets that came more than a millisecond after their instant.
    pub(super) late: usize,
    /// First to last arrival of a frame's universes, frames of several nodes.
    pub(super) apart: Option<Quantiles>,
    /// Percent of those frames that were not judged because the machine stood still.
    pub(super) stalled_percent: f64,
}

/// The levels of every universe in every frame, by their fingerprints.
struct Truth {
    first: i64,
    universes: BTreeMap<u16, usize>,
    frames: Vec<Vec<u64>>,
}

impl Truth {
    fn new(piece: &Piece, course: &Course, from: i64, to: i64) -> Self {
        let mut stage = Stage::new(&piece.score);
        let frame = |k: i64| {
            let at = RATE.show_at(k);
            let levels = stage.levels(&piece.score, &course.state_at(at), &Master::DEFAULT, &Tempo::DEFAULT, at);
            levels.iter().map(|(_, levels)| fingerprint(levels)).collect()
        };
        let frames = (from..to).map(frame).collect();
        let universes = piece.universes().iter().enumerate().map(|(at, universe)| (*universe, at)).collect();
        Self { first: from, universes, frames }
    }
    fn of(&self, k: i64, universe: usize) -> Option<u64> {
        self.frames.get(usize::try_from(k - self.first).ok()?)?.get(universe).copied()
    }
    /// The frame whose levels these are: `nearest`, or one a little before it.
    fn frame_of(&self, packet: &Packet, universe: usize, nearest: i64) -> Option<i64> {
        (nearest - FRAMES_LATE..=nearest).rev().find(|k| self.of(*k, universe) == Some(packet.levels))
    }
    fn is_change(&self, k: i64, universe: usize) -> bool {
        self.of(k - 1, universe).zip(self.of(k, universe)).is_some_and(|(before, now)| before != now)
    }
}

/// Judges.
pub(super) fn judge(case: &Case) -> Found {
    let Some(began_at) = case.course.began_at() else { return Found::default() };
    let Some(ends_at) = show_at(case.hub, case.to_ns) else { return Found::default() };
    // A frame after the first, so that each has one before it; and the last may not be whole.
    let (from, to) = (RATE.first_at_or_after(began_at), RATE.first_at_or_after(ends_at) - 1);
    let truth = Truth::new(case.piece, case.course, from, to);
    let owner = |universe: u16| case.shares.iter().position(|share| share.contains(&universe));
    let mut found = Found::default();
    // For each frame: which universes came, from which nodes, and when first and last.
    let mut came: BTreeMap<i64, Frame> = BTreeMap::new();
    for packet in case.packets {
        let Some(universe) = truth.universes.get(&packet.universe).copied() else { continue };
        let Some(at) = show_at(case.hub, packet.at_ns) else { continue };
        let nearest = nearest(at);
        if nearest <= from || nearest >= to {
            continue;
        }
        let k = truth.frame_of(packet, universe, nearest);
        found.packets += 1;
        found.right += usize::from(k.is_some());
        let is_away = case.is_away(packet.at_ns);
        found.away += usize::from(is_away);
        found.away_right += usize::from(is_away && k.is_some());
        let Some(k) = k else { continue };
        let late_ns = at.since(RATE.show_at(k)).as_ns();
        let is_stalled = case.is_stalled(packet.at_ns - late_ns.max(0), packet.at_ns);
        found.late += usize::from(late_ns > LATE_NS && !is_away && !is_stalled);
        let frame = came.entry(k).or_insert_with(|| Frame::new(packet.at_ns));
        frame.to_ns = frame.to_ns.max(packet.at_ns);
        frame.universes.push(universe);
        frame.nodes.extend(owner(packet.universe));
    }
    for k in from + 1..to {
        for universe in (0..truth.universes.len()).filter(|universe| truth.is_change(k, *universe)) {
            found.changes += 1;
            let has_come = came.get(&k).is_some_and(|frame| frame.universes.contains(&universe));
            found.skipped += usize::from(!has_come && !case.is_frame_stalled(k));
        }
    }
    let several = came.values().filter(|frame| frame.nodes.iter().any(|node| Some(node) != frame.nodes.first()));
    let several: Vec<&Frame> = several.filter(|frame| !case.is_away(frame.from_ns)).collect();
    let judged: Vec<_> = several.iter().filter(|frame| !case.is_stalled(frame.from_ns, frame.to_ns)).collect();
    found.stalled_percent = 100.0 * (several.len() - judged.len()) as f64 / several.len().max(1) as f64;
    found.apart = Quantiles::of_ns(judged.iter().map(|frame| frame.to_ns - frame.from_ns).collect());
    found
}

/// Packets of one instant.
struct Frame {
    from_ns: i64,
    to_ns: i64,
    universes: Vec<usize>,
    nodes: Vec<usize>,
}

impl Frame {
    const fn new(at_ns: i64) -> Self {
        Self { from_ns: at_ns, to_ns: at_ns, universes: Vec::new(), nodes: Vec::new() }
    }
}

impl Case<'_> {
    fn is_away(&self, at_ns: i64) -> bool {
        self.away_ns.is_some_and(|(from_ns, to_ns)| (from_ns..to_ns + SLEWS_NS).contains(&at_ns))
    }
    fn is_stalled(&self, from_ns: i64, to_ns: i64) -> bool {
        self.stalls.iter().any(|stall| stall.touches(from_ns, to_ns))
    }
    /// Whether the machine stood still about a frame's instant, when it was to be worked out and sent.
    fn is_frame_stalled(&self, k: i64) -> bool {
        let at = RATE.show_at(k);
        let line = self.hub.partition_point(|line| line.show_ns < at.as_ns());
        let Some(line) = self.hub.get(line).or(self.hub.last()) else { return false };
        let at_ns = line.mono_ns + at.as_ns() - line.show_ns;
        let period_ns = RATE.period().as_ns();
        self.is_stalled(at_ns - period_ns, at_ns + period_ns)
    }
}

/// The frame whose instant is nearest.
fn nearest(at: Time<Show>) -> i64 {
    let next = RATE.first_at_or_after(at);
    let (after, before) = (RATE.show_at(next).since(at), at.since(RATE.show_at(next - 1)));
    if after < before { next } else { next - 1 }
}

/// Show time at an instant: by the hub's readings around it, or, while the hub is away, as its clock would have gone on.
fn show_at(hub: &[ClockLine], mono_ns: i64) -> Option<Time<Show>> {
    let known = true_show_ns(hub, mono_ns);
    let gone_on = || {
        let before = hub.partition_point(|line| line.mono_ns < mono_ns);
        let (a, b) = (hub.get(before.checked_sub(2)?)?, hub.get(before - 1)?);
        let (dx, dy) = (i128::from(b.mono_ns - a.mono_ns), i128::from(b.show_ns - a.show_ns));
        let passed = i128::from(mono_ns - b.mono_ns);
        i64::try_from(i128::from(b.show_ns) + passed * dy / dx.max(1)).ok()
    };
    known.or_else(gone_on).map(Time::from_ns)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use cuelight_show::ListNumber;
    use cuelight_wire::cues::CueOrder;

    use super::*;

    /// CLOCK_MONOTONIC less show time.
    const OFFSET_NS: i64 = 7_000_000_000;
    const LIST: ListNumber = ListNumber(1);

    fn piece() -> Piece {
        let text = "show-file = 1\n[[list]]\nnumber = 1\n[[list.cue]]\nnumber = 1\nfade = \"4s\"\n[[list.cue.set]]\n\
                    slots = [\"1.1\", \"2.1\", \"1.2\", \"2.2\"]\nlevel = 100\n";
        Piece::of(Path::new("x"), text.to_owned()).unwrap()
    }

    fn course(piece: &Piece) -> Course<'_> {
        let mut course = Course::new(piece);
        course.note(LIST, CueOrder::Go, Time::from_us(1_000_000)).unwrap();
        course
    }

    /// Ten readings a second; none between these instants.
    fn hub(gap: std::ops::Range<i64>) -> Vec<ClockLine> {
        let line = |tenth: i64| ClockLine {
            mono_ns: OFFSET_NS + tenth * 100_000_000,
            show_ns: tenth * 100_000_000,
            bound_ns: None,
            is_synced: true,
        };
        (0..100).filter(|tenth| !gap.contains(tenth)).map(line).collect()
    }

    /// What a faultless pair of nodes sends from GO for six seconds, universe 2 a little after universe 1.
    fn packets(piece: &Piece, course: &Course) -> Vec<Packet> {
        let mut stage = Stage::new(&piece.score);
        let mut packets = Vec::new();
        for k in 44..7 * 44 {
            let at = RATE.show_at(k);
            let state = course.state_at(at);
            let levels = stage.levels(&piece.score, &state, &Master::DEFAULT, &Tempo::DEFAULT, at);
            for (universe, levels) in levels.iter() {
                let at_ns = OFFSET_NS + at.as_ns() + i64::from(universe) * 40_000;
                packets.push(Packet { at_ns, universe, first: levels[0], levels: fingerprint(levels) });
            }
        }
        packets
    }

    fn found(packets: &[Packet], hub: &[ClockLine], away_ns: Option<(i64, i64)>) -> Found {
        let piece = piece();
        let course = course(&piece);
        let to_ns = OFFSET_NS + 6_900_000_000;
        let shares = vec![&[1][..], &[2][..]];
        judge(&Case { piece: &piece, course: &course, shares, packets, hub, stalls: &[], to_ns, away_ns })
    }

    fn sent() -> Vec<Packet> {
        let piece = piece();
        packets(&piece, &course(&piece))
    }

    #[test]
    fn faultless_nodes_have_no_fault_also_while_the_hub_is_away() {
        let whole = found(&sent(), &hub(0..0), None);
        assert!(whole.packets > 500 && whole.right == whole.packets && whole.changes > 300, "{whole:?}");
        assert_eq!((whole.skipped, whole.late, whole.away), (0, 0, 0));
        assert!((39.9..40.1).contains(&whole.apart.unwrap().max), "{whole:?}");
        let gap = (OFFSET_NS + 3_000_000_000, OFFSET_NS + 4_800_000_000);
        let away = found(&sent(), &hub(31..48), Some(gap));
        assert_eq!((away.packets, away.right), (whole.packets, whole.right));
        assert!(away.away > 300 && away.away_right == away.away, "{away:?}");
    }

    #[test]
    fn a_wrong_level_a_late_packet_and_one_that_did_not_come_are_each_counted_once() {
        let mut wrong = sent();
        wrong[100].levels ^= 1;
        let found_wrong = found(&wrong, &hub(0..0), None);
        assert_eq!(
            (found_wrong.packets - found_wrong.right, found_wrong.skipped),
            (1, 1),
            "what is wrong did not come"
        );
        let mut late = sent();
        late[100].at_ns += 1_500_000;
        let found_late = found(&late, &hub(0..0), None);
        assert_eq!((found_late.late, found_late.right, found_late.skipped), (1, found_late.packets, 0));
        // A whole frame later: it is still known by its levels.
        late[100].at_ns += 22_000_000;
        let found_late = found(&late, &hub(0..0), None);
        assert_eq!((found_late.late, found_late.right, found_late.skipped), (1, found_late.packets, 0));
        let mut missing = sent();
        missing.remove(100);
        assert_eq!(found(&missing, &hub(0..0), None).skipped, 1);
    }

    #[test]
    fn levels_that_stay_need_not_come_again() {
        let mut sent = sent();
        // The fade ends after four seconds: nothing changes from then on.
        sent.retain(|packet| packet.at_ns < OFFSET_NS + 5_200_000_000);
        let found = found(&sent, &hub(0..0), None);
        assert_eq!((found.skipped, found.right), (0, found.packets));
    }
}
