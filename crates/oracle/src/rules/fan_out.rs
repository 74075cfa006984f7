//! ORACLE-9: what a node gets in a tick (FANOUT-1, FANOUT-3, FANOUT-4), and ahead of one (FANOUT-23).
//!
//! A deployed node gets exactly one datagram of a deployed type. A Cuelight node gets its full state once, and three times
//! while a change is announced whose applyAt is ahead. A tick is known by the hubNow its datagrams have in common. What leaves
//! ahead of a tick is judged like a tick of its own; between two ticks there is one such at most, so three within less than
//! a period are one too many.

use cuelight_wire::limits::UDP_TICK_PERIOD;
use cuelight_wire::stream::MsgType;
use cuelight_wire::time::{Show, Span, Time};

use crate::entry::What;
use crate::figures::{Figure, Figures};
use crate::judge::Scene;
use crate::wire::Packet;

/// hubNow and applyAt are rounded to microseconds: a change this near to its applyAt may count either way.
const ROUNDING: Span = Span::from_us(2);

/// The tick that is under way for one node.
#[derive(Clone, Copy, Debug)]
struct Tick {
    hub_now: Time<Show>,
    takes_full_state: bool,
    datagrams: u32,
    has_other_kind: bool,
    /// The nearest applyAt ahead.
    pending_at: Option<Time<Show>>,
    /// The farthest applyAt ahead.
    pending_until: Option<Time<Show>>,
}

#[derive(Debug)]
pub(crate) struct FanOut {
    open: Vec<Option<Tick>>,
    /// For each node hubNow of what came before that.
    before: Vec<Option<Time<Show>>>,
    ticks: u64,
    faults: u64,
    missed: u64,
}

impl FanOut {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { open: vec![None; nodes], before: vec![None; nodes], ticks: 0, faults: 0, missed: 0 }
    }
    pub(crate) fn take(&mut self, scene: &Scene<'_>) {
        match &scene.entry.what {
            What::HubStarted | What::HubStopped => (0..self.open.len()).for_each(|n| self.close(n)),
            What::NodeStarted(n) | What::Closed(n) => self.close(n.0),
            What::Told(n, ..) if scene.leavers() != crate::judge::Leavers::None => self.close(n.0),
            What::Sent(n, _) => {
                let session = scene.presence.of(*n).session;
                if let (Some(Ok(packet)), Some(session)) = (scene.packet, session) {
                    self.on_packet(n.0, packet, session.takes_full_state);
                }
            }
            _ => {}
        }
    }
    fn on_packet(&mut self, n: usize, packet: &Packet, takes_full_state: bool) {
        // Cues are datagrams of their own, beside these (CUE-2).
        if packet.header.msg_type == MsgType::Cues {
            return;
        }
        let hub_now = packet.header.hub_now;
        if let Some(before) = self.open[n].filter(|tick| tick.hub_now != hub_now) {
            let is_crowded = self.before[n].is_some_and(|earlier| hub_now - earlier < UDP_TICK_PERIOD - ROUNDING);
            self.faults += u64::from(is_crowded);
            self.close(n);
            self.before[n] = Some(before.hub_now);
            let periods = (hub_now - before.hub_now + Span::from_ns(UDP_TICK_PERIOD.as_ns() / 2)).as_ns();
            self.missed += (periods / UDP_TICK_PERIOD.as_ns() - 1).max(0).unsigned_abs();
        }
        let tick = self.open[n].get_or_insert(Tick {
            hub_now,
            takes_full_state,
            datagrams: 0,
            has_other_kind: false,
            pending_at: None,
            pending_until: None,
        });
        tick.datagrams += 1;
        tick.has_other_kind |= (packet.header.msg_type == MsgType::FullState) != takes_full_state;
        tick.pending_at = packet.pending.iter().copied().min();
        tick.pending_until = packet.pending.iter().copied().max();
        // The header says which change is next; without one it points ahead of now.
        let is_announcing = takes_full_state && tick.pending_at.is_some_and(|at| at - hub_now > ROUNDING);
        let is_honest = packet.header.apply_at == tick.pending_at.unwrap_or_default();
        self.faults += u64::from(is_announcing && !is_honest);
    }
    fn close(&mut self, n: usize) {
        self.before[n] = None;
        let Some(tick) = self.open[n].take() else { return };
        self.ticks += 1;
        let is_near = tick.pending_until.is_none_or(|at| at - tick.hub_now <= ROUNDING);
        let is_right = match tick.datagrams {
            1 => !tick.takes_full_state || is_near,
            3 => tick.takes_full_state && tick.pending_until.is_some(),
            _ => false,
        };
        self.faults += u64::from(!is_right || tick.has_other_kind);
    }
    pub(crate) fn finish(self, figures: &mut Figures) {
        // The tick that is under way for each node may not be complete, so it is not judged.
        if self.ticks > 0 {
            figures.count(Figure::FanOutFaults, self.faults);
            figures.count(Figure::TicksMissed, self.missed);
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts and whole nanoseconds are exact")]
mod tests {
    use crate::figures::Figure;
    use crate::rules::traces::Trace;

    fn faults(trace: Trace) -> f64 {
        trace.figures().get(Figure::FanOutFaults).unwrap()
    }

    #[test]
    fn two_datagrams_a_tick_are_one_too_many_and_while_a_change_is_announced_two_are_one_too_few() {
        let mut trace = Trace::of_two();
        trace.tick(0, 2);
        trace.tick(0, 1);
        assert_eq!(faults(trace), 1.0);
        for (copies, expected) in [(1, 1.0), (2, 1.0), (3, 0.0), (4, 1.0)] {
            let mut trace = Trace::of_two();
            trace.tick_announcing(0, copies, 5, 100_000);
            trace.tick(0, 1);
            assert_eq!(faults(trace), expected, "{copies}");
        }
    }

    #[test]
    fn a_deployed_node_gets_no_full_state_and_a_cuelight_node_nothing_else() {
        let mut trace = Trace::of_two();
        trace.heartbeat(0);
        trace.tick(0, 1);
        assert_eq!(faults(trace), 1.0);
        let mut trace = Trace::of_deployed();
        trace.heartbeat(0);
        trace.heartbeat(0);
        assert_eq!(faults(trace), 0.0);
        let mut trace = Trace::of_deployed();
        trace.tick(0, 1);
        trace.tick(0, 1);
        assert_eq!(faults(trace), 1.0);
    }

    #[test]
    fn a_tick_left_out_is_counted() {
        let mut trace = Trace::of_two();
        trace.tick(0, 1);
        trace.pass_ms(30);
        trace.tick(0, 1);
        trace.tick(0, 1);
        assert_eq!(trace.figures().get(Figure::TicksMissed), Some(3.0));
    }

    #[test]
    fn one_announcement_between_two_ticks_is_right_and_two_are_one_too_many() {
        for (pauses_ms, expected) in [(vec![10], 0.0), (vec![4, 6], 0.0), (vec![3, 3, 4], 2.0)] {
            let mut trace = Trace::of_two();
            trace.tell(0, 3, 5, 100_000);
            for ms in pauses_ms {
                trace.pass_ms(ms);
                trace.tell(0, 3, 5, 100_000);
            }
            trace.pass_ms(10);
            trace.tick_announcing(0, 3, 5, 100_000);
            assert_eq!(faults(trace), expected);
        }
    }
}
