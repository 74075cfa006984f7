//! A crowd: a hub and very many nodes for very long, to find what only numbers show.
//!
//! The machines are those that ship, each node with its role, clock and links, as in [`crate::world`]. What is done otherwise,
//! so that a thousand nodes live an hour in minutes:
//!
//! * a datagram that repeats the state a node has is handed over when something else happens to the node, at the latest with
//!   its next time exchange, with the instant it arrived at: it is seen, numbered and counted like any other, only not at once
//!   ([`Facts::disturbed`] counts those whose consequences came in a later step than they should; a test wants none);
//! * a frame is evaluated where a change comes into force, not 120 times a second; between, nothing of it changes but the
//!   phase. So missed frames are not counted;
//! * the hub reads its control connections a step behind: within two ticks while nodes join, within half a second from then
//!   on. The time exchange is answered at once, as by its own thread.
//!
//! Nodes do not meet but at the hub, so within a step each lives for itself: lanes of nodes run on threads of their own, and
//! the run is the same on any number of them.
//!
//! | file | idea |
//! |---|---|
//! | `hub` | the hub's shell, tick by tick |
//! | `site` | a node and its links, step by step |
//! | `frames` | frames where something changes |
//! | `lane` | nodes on a thread, and the step they keep with the hub |
//! | `notes` | what the oracle hears |
//! | `facts` | what is found |

mod facts;
mod frames;
mod hub;
mod lane;
mod notes;
mod site;

pub use facts::Facts;

use cuelight_wire::time::Span;

use crate::profiles::PathProfile;
use hub::Hub;
use lane::Lanes;
use notes::Hearing;

/// What a crowd is made of.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// How many nodes, at most 60,000.
    pub nodes: usize,
    /// How long, of virtual time.
    pub lasts: Span,
    /// Everything random follows from it.
    pub seed: u64,
    /// The way of each node to the hub.
    pub path: PathProfile,
    /// An operator changes the scene this often.
    pub changes_every: Span,
}

/// Nodes are switched on over this time.
const STARTS_WITHIN_NS: i64 = 2_000_000_000;
/// Clocks and changes count from here on: by then all have joined.
const COUNTS_FROM_NS: i64 = 10_000_000_000;
/// Ticks for which nodes live by themselves, once they have joined: 250 ms. The hub hears them up to two steps later, a small
/// part of its patience of 3.5 s.
const TICKS_IN_A_STEP: u32 = 25;
/// Clocks are looked at from here on, as in the comparison of filters; at once in a crowd that lives no longer.
const LOOKS_FROM_NS: i64 = 60_000_000_000;
/// Clocks, and a frame of every node, are looked at this often.
const LOOK_EVERY_NS: i64 = 10_000_000_000;
/// And a last time so long before the end: after the last change, two steps for the frame to come.
const LAST_LOOK_NS: i64 = 750_000_000;

impl Crowd {
    /// Runs it on this many threads, this one included. What is found does not depend on their number.
    pub fn run(&self, threads: usize) -> Facts {
        let (hub, sites) = hub::populate(self);
        let view = hub.view();
        lane::with_lanes(sites, view, threads, |lanes| self.conduct(hub, lanes))
    }

    /// Whether it lives long enough for what its clocks reach to be judged.
    fn has_settled(&self) -> bool {
        self.lasts.as_ns() > LOOKS_FROM_NS
    }

    fn conduct(&self, mut hub: Hub, lanes: &mut Lanes<'_>) -> Facts {
        let mut hearing = Hearing::new(self);
        let end_ns = self.lasts.as_ns();
        let mut next_change = COUNTS_FROM_NS;
        let mut next_look = if self.has_settled() { LOOKS_FROM_NS } else { COUNTS_FROM_NS };
        let mut at_ns = hub.next_tick();
        while at_ns < end_ns {
            let from_ns = at_ns;
            let ticks = if at_ns < COUNTS_FROM_NS { 1 } else { TICKS_IN_A_STEP };
            for _ in 0..ticks {
                if at_ns >= next_change {
                    next_change += self.changes_every.as_ns().max(1);
                    hub.change(at_ns);
                }
                hub.tick(at_ns, lanes);
                at_ns = hub.next_tick();
            }
            let looks = (at_ns >= next_look).then(|| hub.frame_soon(at_ns));
            if looks.is_some() {
                let is_last = next_look >= end_ns - LAST_LOOK_NS;
                let next = (next_look + LOOK_EVERY_NS).min(end_ns - LAST_LOOK_NS);
                next_look = if is_last { i64::MAX } else { next };
            }
            let heard = lanes.run(at_ns, hub.show_clock(), looks);
            hub.take(heard.said);
            // The step before is over.
            hearing.take([heard.notes, hub.take_notes()].concat(), from_ns);
        }
        let (heard, counts, run_hash) = lanes.finish(at_ns);
        let mut facts = Facts { run_hash, ..hub.facts(self) };
        counts.tell(&mut facts);
        facts.figures = hearing.figures(heard.notes);
        facts
    }
}

#[cfg(test)]
mod tests {
    use cuelight_oracle::Figure;

    use super::*;
    use crate::profiles::{ETHERNET_PATH, WIFI_U20_LOSS_10, WIFI_U20_LOSS_20};
    use crate::scenario::Row;

    fn crowd(path: PathProfile) -> Crowd {
        Crowd { nodes: 30, lasts: Span::from_s(25), seed: 5, path, changes_every: Span::from_ms(700) }
    }

    fn count(facts: &Facts, figure: Figure) -> u64 {
        facts.figures.get(figure).unwrap() as u64
    }

    #[test]
    fn a_crowd_on_a_wire_shows_every_change_in_its_frame() {
        let crowd = crowd(ETHERNET_PATH);
        let facts = crowd.run(1);
        assert_eq!((facts.orders, facts.expected), (20, 30 * 20), "{facts:?}");
        let judged = [Figure::Changes, Figure::Late, Figure::Wrong, Figure::Excused].map(|of| count(&facts, of));
        assert_eq!(judged, [30 * 20, 0, 0, 0], "every change on every node");
        // A frame for each change, and one for each of three looks, of which the first is a change's.
        assert_eq!(count(&facts, Figure::Frames), 20 + 2, "{facts:?}");
        assert_eq!(count(&facts, Figure::ClockSamples), 30 * 3, "{facts:?}");
        assert!(facts.rows(&crowd).iter().all(Row::is_met), "{facts:?}");
        assert_eq!(facts.faults(), Vec::<String>::new());
    }

    #[test]
    fn busy_wifi_costs_no_change_and_no_bound_and_its_clocks_reach_their_goal() {
        let crowd = Crowd { lasts: Span::from_s(120), ..crowd(WIFI_U20_LOSS_10) };
        let facts = crowd.run(2);
        let rows = facts.rows(&crowd);
        assert_eq!(rows.len(), 7, "the clocks are judged, too");
        assert!(rows.iter().all(Row::is_met), "{facts:?}");
        assert_eq!(facts.faults(), Vec::<String>::new(), "{facts:?}");
    }

    #[test]
    fn a_path_with_no_room_for_the_lead_is_found_out() {
        // A lead of 30 ms, and 60 ms on the way.
        let mut path = PathProfile { name: "far", ..ETHERNET_PATH };
        path.down.floor_ns = 60e6;
        path.up.floor_ns = 60e6;
        let crowd = crowd(path);
        let facts = crowd.run(2);
        assert_eq!(count(&facts, Figure::Late), facts.expected, "{facts:?}");
        assert_eq!(facts.rows(&crowd).iter().filter(|row| !row.is_met()).count(), 1, "{facts:?}");
    }

    #[test]
    fn what_was_ordered_and_not_sent_and_who_is_gone_is_told() {
        let facts = Facts { nodes: 4, ready: 2, degraded: 1, expected: 5, disturbed: 1, ..Facts::default() };
        assert_eq!((facts.unaccounted(), facts.faults().len()), (5, 3));
        let all_there = Facts { degraded: 2, expected: 0, disturbed: 0, ..facts };
        assert_eq!(all_there.faults(), Vec::<String>::new());
    }

    #[test]
    fn threads_and_repetition_change_nothing_and_a_seed_does() {
        let crowd = crowd(WIFI_U20_LOSS_20);
        let one = crowd.run(1);
        for threads in [1, 2, 3] {
            assert_eq!(crowd.run(threads), one, "{threads}");
        }
        assert_eq!(one.disturbed, 0, "{one:?}");
        assert_ne!(Crowd { seed: 6, ..crowd }.run(2).run_hash, one.run_hash);
    }
}
