//! From taps to a beat grid (SHOW-9): the tempo is the mean of the last taps' distances, the beat falls on the newest.

use cuelight_wire::beat::BeatGrid;
use cuelight_wire::time::{Show, Span, Time};
use heapless::Vec;

/// Taps that count.
const MAX_TAPS: usize = 8;
/// A longer pause begins a new series: 20 beats per minute.
const LONGEST: Span = Span::from_ms(3_000);
/// Taps closer than this are one tap that bounced: 600 beats per minute.
const SHORTEST: Span = Span::from_ms(100);
/// The tempos there are, hundredths of beats per minute.
pub(crate) const BPM_X100: core::ops::RangeInclusive<u16> = 2_000..=60_000;

/// The taps of one series, oldest first; when full the oldest makes room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taps(Vec<Time<Show>, MAX_TAPS>);

impl Taps {
    /// A tap; returns the tempo as far as the series tells one. A bounce changes nothing.
    pub(crate) fn tap(&mut self, at: Time<Show>) -> Option<u16> {
        match self.0.last().map(|last| at - *last) {
            Some(gap) if gap < SHORTEST => return self.bpm_x100(),
            Some(gap) if gap > LONGEST => self.0.clear(),
            _ => {}
        }
        if self.0.is_full() {
            self.0.remove(0);
        }
        self.0.push(at).expect("room was just made");
        self.bpm_x100()
    }
    /// The newest tap that was no bounce.
    pub(crate) fn newest(&self) -> Option<Time<Show>> {
        self.0.last().copied()
    }
    /// Forgets the series.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
    /// 60 s / mean distance.
    fn bpm_x100(&self) -> Option<u16> {
        let (first, last) = (self.0.first()?, self.0.last()?);
        let beats = self.0.len() as i64 - 1;
        let ns = last.since(*first).as_ns();
        if beats == 0 || ns <= 0 {
            return None;
        }
        let bpm_x100 = (beats * 6_000_000_000_000 + ns / 2) / ns;
        u16::try_from(bpm_x100).ok().map(|bpm| bpm.clamp(*BPM_X100.start(), *BPM_X100.end()))
    }
}

/// `grid` from `at` on, its position unbroken.
pub(crate) fn continued(grid: BeatGrid, at: Time<Show>) -> BeatGrid {
    BeatGrid { micro_beats: grid.position(at), at, ..grid }
}

/// `grid` from `at` on with the beat nearest to `tap` moved onto it, and a new tempo if there is one.
pub(crate) fn tapped(grid: BeatGrid, tap: Time<Show>, bpm_x100: Option<u16>, at: Time<Show>) -> BeatGrid {
    let beat = round_to(grid.position(tap), 1_000_000);
    let from_tap = BeatGrid { at: tap, micro_beats: beat, bpm_x100: bpm_x100.unwrap_or(grid.bpm_x100), ..grid };
    continued(from_tap, at)
}

/// `grid` from `at` on with the bar that begins nearest to `now` moved onto it.
pub(crate) fn downbeat(grid: BeatGrid, now: Time<Show>, at: Time<Show>) -> BeatGrid {
    let bar = 1_000_000 * i64::from(grid.beats_per_bar.max(1));
    continued(BeatGrid { at: now, micro_beats: round_to(grid.position(now), bar), ..grid }, at)
}

/// `grid` from `at` on, moved by millionths of a beat.
pub(crate) fn nudged(grid: BeatGrid, micro_beats: i32, at: Time<Show>) -> BeatGrid {
    let grid = continued(grid, at);
    BeatGrid { micro_beats: grid.micro_beats.saturating_add(micro_beats.into()), ..grid }
}

/// The multiple of `step` nearest to `value`.
fn round_to(value: i64, step: i64) -> i64 {
    value.saturating_add(step / 2).div_euclid(step).saturating_mul(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: i64) -> Time<Show> {
        Time::ZERO + Span::from_ms(ms)
    }

    #[test]
    fn taps_half_a_second_apart_are_120_beats_per_minute_on_the_taps() {
        let mut taps = Taps::default();
        assert_eq!(taps.tap(ms(10_100)), None);
        let bpm = [10_600, 11_100, 11_600].map(|at| taps.tap(ms(at))).last().copied().flatten();
        assert_eq!(bpm, Some(12_000));
        let grid = tapped(BeatGrid { bpm_x100: 9_000, ..BeatGrid::DEFAULT }, ms(11_600), bpm, ms(11_650));
        assert_eq!(grid.position(ms(11_600)).rem_euclid(1_000_000), 0);
        assert_eq!(grid.position(ms(12_100)).rem_euclid(1_000_000), 0);
        assert_eq!(grid.at, ms(11_650));
    }

    #[test]
    fn only_the_last_eight_taps_count_and_a_pause_begins_anew() {
        let mut taps = Taps::default();
        for i in 0..20 {
            taps.tap(ms(i * 1000));
        }
        let fast = (1..=7).map(|i| taps.tap(ms(19_000 + i * 250))).last().flatten();
        assert_eq!(fast, Some(24_000), "eight taps, seven distances of 250 ms");
        assert_eq!(taps.tap(ms(60_000)), None, "a new series");
        assert_eq!(taps.tap(ms(60_050)), None, "a bounce");
        assert_eq!(taps.tap(ms(61_000)), Some(6_000));
    }

    #[test]
    fn downbeat_and_nudge_move_the_position_and_nothing_else() {
        let grid = BeatGrid::DEFAULT;
        let bar = downbeat(grid, ms(2_900), ms(2_950));
        assert_eq!(bar.position(ms(2_900)), 4_000_000, "5.8 beats are nearest to bar 4");
        assert!(bar.is_downbeat(ms(2_900)) && bar.bpm_x100 == grid.bpm_x100);
        assert_eq!(nudged(grid, -250_000, ms(500)).position(ms(500)), 750_000);
    }
}
