//! How long a GO takes to the wire: from the call to the hub until slots have changed in every universe.
//!
//! A list of snaps is played first, each to a level of its own in slot 1 of every universe: a packet tells which GO it shows.
//! Of the time it takes, the lead is wanted, and the frame grid of DMX is what it is: a universe has a frame every 22.7 ms, at
//! the same instants everywhere, and a change waits for the next one.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use cuelight_dmx::send::Rate;
use cuelight_measure::universes::Packet;
use cuelight_net::clock::mono_now_ns;
use cuelight_show::ListNumber;
use cuelight_sim::rng::Rng;
use cuelight_wire::cues::CueOrder;
use cuelight_wire::time::{Show, Time};

use super::course::Course;
use super::piece::Piece;
use super::theatre::Theatre;

const LIST: ListNumber = ListNumber(1);
/// GOs come so far apart, at any phase of tick and frame: two are never in one frame.
const APART_MS: (f64, f64) = (90.0, 140.0);

/// One GO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Go {
    /// CLOCK_MONOTONIC before the call.
    pub(super) called_ns: i64,
    /// From when it holds.
    pub(super) apply_at: Time<Show>,
    /// What it brings to slot 1 of every universe.
    pub(super) level: u8,
}

impl Go {
    /// From the call until the last of the universes was there with its level; `None` when one never was.
    pub(super) fn took_ns(&self, universes: &[u16], packets: &[Packet]) -> Option<i64> {
        let from = packets.partition_point(|packet| packet.at_ns < self.called_ns);
        let mut first = BTreeMap::new();
        for packet in packets[from..].iter().filter(|packet| packet.first == self.level) {
            first.entry(packet.universe).or_insert(packet.at_ns);
            if first.len() == universes.len() {
                break;
            }
        }
        let last_ns = first.values().max().filter(|_| first.len() == universes.len())?;
        Some(last_ns - self.called_ns)
    }
    /// How long it waits for the next frame of its universes, nanoseconds.
    pub(super) fn frame_wait_ns(&self) -> i64 {
        let frame = Rate::FULL.show_at(Rate::FULL.first_at_or_after(self.apply_at));
        frame.since(self.apply_at).as_ns()
    }
}

/// A list of so many snaps over these universes.
pub(super) fn piece(universes: &[u16], goes: u8) -> Result<Piece> {
    let slots: Vec<_> = universes.iter().map(|universe| format!("\"{universe}.1\"")).collect();
    let slots = slots.join(", ");
    let mut text = "show-file = 1\nlabel = \"One GO after another\"\n[[list]]\nnumber = 1\n".to_owned();
    for level in 1..=goes {
        text += &format!(
            "[[list.cue]]\nnumber = {level}\nfade = \"0s\"\n[[list.cue.set]]\nslots = [{slots}]\nlevel = \"{level}/255\"\n"
        );
    }
    Piece::of(Path::new("GOs"), text)
}

/// Presses GO after GO.
pub(super) fn run(theatre: &mut Theatre, piece: &Piece, goes: u8, seed: u64) -> Result<Vec<Go>> {
    theatre.load(piece)?;
    let (mut course, mut rng) = (Course::new(piece), Rng::new(seed ^ 0x60));
    let mut pressed = Vec::new();
    for level in 1..=goes {
        sleep(Duration::from_secs_f64(rng.between(APART_MS.0, APART_MS.1) / 1e3));
        let called_ns = mono_now_ns();
        let apply_at = theatre.order(&mut course, LIST, CueOrder::Go)?;
        pressed.push(Go { called_ns, apply_at, level });
    }
    // The last has to come too.
    sleep(Duration::from_millis(200));
    Ok(pressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_go_has_come_when_the_last_universe_shows_it() {
        let packet = |at_ns, universe, first| Packet { at_ns, universe, first, levels: 0 };
        let packets =
            [packet(5, 1, 7), packet(20, 1, 6), packet(30, 1, 7), packet(31, 2, 7), packet(50, 1, 7), packet(51, 2, 7)];
        let go = |level| Go { called_ns: 10, apply_at: Time::ZERO, level };
        assert_eq!(go(7).took_ns(&[1, 2], &packets), Some(21));
        assert_eq!((go(6).took_ns(&[1, 2], &packets), go(7).took_ns(&[1, 2, 3], &packets)), (None, None));
    }

    #[test]
    fn a_change_waits_for_the_next_frame_and_one_on_the_grid_for_none() {
        let go = |us| Go { called_ns: 0, apply_at: Time::from_us(us), level: 1 };
        assert_eq!(go(2_000_000).frame_wait_ns(), 0);
        assert_eq!(go(2_000_001).frame_wait_ns(), 1_000_000_000 / 44 - 1_000);
    }

    #[test]
    fn every_go_has_a_level_of_its_own() {
        let piece = piece(&[1, 5], 240).unwrap();
        assert_eq!((piece.universes(), piece.show.lists[0].cues().len()), (&[1, 5][..], 240));
    }
}
