//! The clock discipline of RFC 5905, section 11.3 and appendix A.5.5.6: a hybrid of a phase-locked and a frequency-locked
//! loop, with its state machine and its choice of the time constant.
//!
//! It begins in state FSET: the frequency is known from a frequency file, the offset is not. Measuring the frequency first
//! (state FREQ) is not there. The panic threshold is not used: the first offset may be anything.

use std::collections::VecDeque;

use cuelight_wire::time::{Local, Show, Time};

use super::{FASTER, PRECISION};

/// Beyond this the clock is stepped, nanoseconds (STEPT).
const STEP_THRESHOLD: f64 = 128e6;
/// ...when it lasts so long, seconds (WATCH).
const STEP_OUT_S: f64 = 900.0 / FASTER;
/// Gain of the phase-locked loop: of the reference implementation. The 65536 of the RFC's appendix belongs to fixed-point
/// numbers; as a number of seconds it would be a time constant of days.
const PLL: f64 = 16.0;
/// Where the frequency-locked loop begins to be better, seconds (ALLAN).
const ALLAN_S: f64 = 1500.0 / FASTER;
/// Gain of the frequency-locked loop (FLL: MAXPOLL + 1, no less than AVG).
const FLL: i32 = 18;
/// Averaging constant (AVG).
const AVERAGE: f64 = 4.0;
/// The smallest poll exponent (MINPOLL); p means 2^p / 64 seconds.
const MIN_POLL: i32 = 4;
/// The poll exponent changes when its counter passes this (LIMIT).
const POLL_LIMIT: i32 = 30;
/// Offsets below so many jitters let the poll interval grow (PGATE).
const POLL_GATE: f64 = 4.0;
/// Largest frequency, s/s (MAXFREQ).
const MAX_FREQUENCY: f64 = 500e-6;
/// Lines of the clock that are remembered, to stamp questions asked up to 2 s ago: 25 updates a second at most.
const LINES: usize = 64;

/// The clock from one update to the next.
#[derive(Clone, Copy, Debug)]
struct Line {
    local0: Time<Local>,
    show0: Time<Show>,
    /// s/s.
    frequency: f64,
    /// Still to be slewed at the beginning, nanoseconds, and the time constant with which it goes, seconds.
    residual: f64,
    time_constant_s: f64,
}

impl Line {
    /// What of the residual is gone after so many nanoseconds.
    fn slewed(&self, elapsed: f64) -> f64 {
        self.residual * (1.0 - (-elapsed * 1e-9 / self.time_constant_s).exp())
    }
    fn show_at(&self, local: Time<Local>) -> Time<Show> {
        let elapsed = local.since(self.local0);
        let gained = self.frequency * elapsed.as_ns() as f64 + self.slewed(elapsed.as_ns() as f64);
        Time::from_ns(self.show0.as_ns() + elapsed.as_ns() + gained.round() as i64)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The frequency is set, the time is not.
    FrequencySet,
    Synchronised,
    /// An offset beyond the step threshold was seen.
    Spike,
}

#[derive(Clone, Debug)]
pub(super) struct Discipline {
    state: State,
    /// The newest last; empty before the first update.
    lines: VecDeque<Line>,
    updated_at: Time<Local>,
    last_offset: f64,
    jitter: f64,
    poll: i32,
    max_poll: i32,
    count: i32,
    poll_adjusted_at: Time<Local>,
    /// Frequency before the first update, s/s.
    frequency_file: f64,
}

impl Discipline {
    /// A clock that was never set, with a frequency file (server seconds per local second, minus one) and a largest poll
    /// exponent.
    pub(super) fn new(frequency_file: f64, max_poll: i32) -> Self {
        Self {
            state: State::FrequencySet,
            lines: VecDeque::with_capacity(LINES),
            updated_at: Time::ZERO,
            last_offset: 0.0,
            jitter: PRECISION,
            poll: MIN_POLL,
            max_poll,
            count: 0,
            poll_adjusted_at: Time::ZERO,
            frequency_file,
        }
    }

    pub(super) fn is_set(&self) -> bool {
        !self.lines.is_empty()
    }

    /// An update was used and the last one was not beyond the step threshold.
    pub(super) fn is_synchronised(&self) -> bool {
        self.state == State::Synchronised
    }

    /// The poll interval, nanoseconds.
    pub(super) fn poll_ns(&self) -> f64 {
        self.poll_s() * 1e9
    }

    fn poll_s(&self) -> f64 {
        f64::from(1 << self.poll) / FASTER
    }

    /// The clock's reading; of the past as it was then. Before the first update show time is local time.
    pub(super) fn show_at(&self, local: Time<Local>) -> Time<Show> {
        let line = self.lines.iter().rev().find(|line| line.local0 <= local).or(self.lines.front());
        line.map_or(Time::from_ns(local.as_ns()), |line| line.show_at(local))
    }

    /// Disciplines the clock with an offset (server minus clock, nanoseconds). True: it was stepped.
    pub(super) fn handle_offset(&mut self, offset: f64, now: Time<Local>) -> bool {
        let since_update = now.since(self.updated_at).as_ns() as f64 * 1e-9;
        if offset.abs() > STEP_THRESHOLD {
            match self.state {
                State::Synchronised => {
                    self.state = State::Spike;
                    return false;
                }
                State::Spike if since_update < STEP_OUT_S => return false,
                State::Spike | State::FrequencySet => {}
            }
            (self.poll, self.count) = (MIN_POLL, 0);
            self.begin_line(now, offset, 0.0, self.frequency());
            self.updated(now, 0.0);
            return true;
        }
        let difference = (offset - self.last_offset).abs().max(PRECISION);
        let variance = self.jitter * self.jitter;
        self.jitter = (variance + (difference * difference - variance) / AVERAGE).sqrt();
        let correction = match self.state {
            State::FrequencySet => 0.0,
            State::Synchronised | State::Spike => self.frequency_correction(offset, since_update, now),
        };
        let frequency = (self.frequency() + correction).clamp(-MAX_FREQUENCY, MAX_FREQUENCY);
        self.begin_line(now, 0.0, offset, frequency);
        self.updated(now, offset);
        self.adjust_poll(offset, now);
        false
    }

    fn frequency(&self) -> f64 {
        self.lines.back().map_or(self.frequency_file, |line| line.frequency)
    }

    /// What both loops add to the frequency, s/s.
    fn frequency_correction(&self, offset: f64, since_update: f64, now: Time<Local>) -> f64 {
        let poll = self.poll_s();
        let mut correction = 0.0;
        if poll > ALLAN_S / 2.0 {
            let unexplained = offset - self.residual(now);
            let gain = f64::from(FLL - self.poll).max(AVERAGE);
            correction += unexplained * 1e-9 / (since_update.max(ALLAN_S) * gain);
        }
        let integrated = since_update.min(poll);
        let gain = 4.0 * PLL * poll;
        correction + offset * 1e-9 * integrated / (gain * gain)
    }

    /// What is still to be slewed, nanoseconds.
    fn residual(&self, now: Time<Local>) -> f64 {
        self.lines.back().map_or(0.0, |line| line.residual - line.slewed(now.since(line.local0).as_ns() as f64))
    }

    fn begin_line(&mut self, now: Time<Local>, step: f64, residual: f64, frequency: f64) {
        let show0 = Time::from_ns(self.show_at(now).as_ns() + step.round() as i64);
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        let time_constant_s = PLL * self.poll_s().min(ALLAN_S);
        self.lines.push_back(Line { local0: now, show0, frequency, residual, time_constant_s });
    }

    fn updated(&mut self, now: Time<Local>, offset: f64) {
        (self.state, self.updated_at, self.last_offset) = (State::Synchronised, now, offset);
    }

    /// The poll interval, and with it the time constant, grows while offsets are jitter and shrinks when they are not. The
    /// RFC has one update a poll interval; more of them do not count.
    fn adjust_poll(&mut self, offset: f64, now: Time<Local>) {
        if (now.since(self.poll_adjusted_at).as_ns() as f64) < self.poll_ns() {
            return;
        }
        self.poll_adjusted_at = now;
        if offset.abs() < POLL_GATE * self.jitter {
            self.count += self.poll;
            if self.count > POLL_LIMIT {
                self.count = if self.poll < self.max_poll { 0 } else { POLL_LIMIT };
                self.poll = (self.poll + 1).min(self.max_poll);
            }
        } else {
            self.count -= 2 * self.poll;
            if self.count < -POLL_LIMIT {
                self.count = if self.poll > MIN_POLL { 0 } else { -POLL_LIMIT };
                self.poll = (self.poll - 1).max(MIN_POLL);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: f64 = 1e6;
    const MAX_POLL: i32 = 10;

    fn at(ms: i64) -> Time<Local> {
        Time::from_us(ms * 1_000)
    }

    /// A discipline whose first offset was an hour.
    fn set() -> Discipline {
        let mut discipline = Discipline::new(0.0, MAX_POLL);
        assert!(discipline.handle_offset(3_600_000.0 * MS, at(0)));
        assert_eq!(discipline.show_at(at(0)), Time::from_us(3_600_000_000));
        discipline
    }

    #[test]
    fn an_offset_is_slewed_away_with_the_time_constant() {
        let mut discipline = Discipline::new(0.0, MAX_POLL);
        assert!(!discipline.handle_offset(MS, at(0)));
        // 16 times a quarter of a second: 1 - 1/e.
        let gained = discipline.show_at(at(4_000)).as_ns() - at(4_000).as_ns();
        assert_eq!(gained, 632_121);
        assert!((discipline.residual(at(4_000)) - 367_879.0).abs() < 1.0);
        assert!(discipline.show_at(at(400_000)).as_ns() - at(400_000).as_ns() <= 1_000_000);
    }

    #[test]
    fn the_phase_locked_loop_corrects_the_frequency_by_the_formula() {
        let mut discipline = set();
        discipline.handle_offset(MS, at(1_000));
        // 1 ms * 0.25 s / (4 * 16 * 0.25 s)^2.
        assert!((discipline.frequency() - 1e-3 * 0.25 / 256.0).abs() < 1e-15);
    }

    #[test]
    fn a_fast_server_is_followed_in_frequency_and_phase() {
        let mut discipline = Discipline::new(0.0, MIN_POLL);
        let (mut offset, mut half_way) = (0.0, 0.0);
        for i in 0..3_000 {
            let now = at(i * 200);
            let server = 3_600e9 + now.as_ns() as f64 * (1.0 + 50e-6);
            offset = server - discipline.show_at(now).as_ns() as f64;
            discipline.handle_offset(offset, now);
            if discipline.frequency() < 25e-6 {
                half_way = now.as_ns() as f64 * 1e-9;
            }
        }
        // With a time constant of 4 s the loop is damped twice as much as needed: its slow pole takes a minute.
        assert!((20.0..60.0).contains(&half_way), "{half_way}");
        assert!((discipline.frequency() - 50e-6).abs() < 0.1e-6, "{}", discipline.frequency());
        assert!(offset.abs() < 1_000.0, "{offset}");
    }

    #[test]
    fn a_spike_is_waited_out_and_a_step_is_made_when_it_lasts() {
        let mut discipline = set();
        discipline.handle_offset(0.0, at(1_000));
        assert!(discipline.is_synchronised());
        assert!(!discipline.handle_offset(200.0 * MS, at(2_000)));
        assert!(!discipline.is_synchronised());
        assert!(!discipline.handle_offset(0.0, at(3_000)));
        assert!(discipline.is_synchronised(), "it was a spike");
        for ms in (4_000..17_000).step_by(200) {
            assert!(!discipline.handle_offset(200.0 * MS, at(ms)));
        }
        let before = discipline.show_at(at(17_500));
        assert!(discipline.handle_offset(200.0 * MS, at(17_500)), "900 s / 64 after the last good update");
        assert_eq!(discipline.show_at(at(17_500)).since(before).as_ms(), 200);
    }

    #[test]
    fn jitter_lets_the_time_constant_grow_and_a_trend_lets_it_shrink() {
        let mut discipline = set();
        let alternating = |i: i64| if i % 2 == 0 { MS } else { -MS };
        for i in 1..=200 {
            discipline.handle_offset(alternating(i), at(i * 200));
        }
        // 8 polls of 1/4 s, 7 of 1/2 s, 6 of 1 s, 5 of 2 s, 4 of 4 s: beyond 38 s it is 8 s.
        assert_eq!(discipline.poll, 9);
        for i in 201..=700 {
            discipline.handle_offset(alternating(i), at(i * 200));
        }
        assert_eq!(discipline.poll, MAX_POLL);
        for i in 701..=1_000 {
            discipline.handle_offset(50.0 * MS + i as f64, at(i * 200));
        }
        assert!(discipline.poll < MAX_POLL, "{}", discipline.poll);
    }

    #[test]
    fn the_frequency_locked_loop_joins_above_half_the_allan_intercept() {
        let mut discipline = set();
        discipline.handle_offset(0.0, at(1_000));
        discipline.poll = MAX_POLL;
        // 16 s later 1 ms is left that the residual of 0 does not explain: over 23.4 s and a gain of 8, and the
        // phase-locked part over 16 s.
        let correction = discipline.frequency_correction(MS, 16.0, at(17_000));
        let expected = 1e-3 / (1500.0 / 64.0 * 8.0) + 1e-3 * 16.0 / (4.0_f64 * 16.0 * 16.0).powi(2);
        assert!((correction - expected).abs() < 1e-12, "{correction} {expected}");
    }

    #[test]
    fn the_frequency_of_the_file_is_used_from_the_first_update_on() {
        let mut discipline = Discipline::new(50e-6, MAX_POLL);
        discipline.handle_offset(1_000.0 * MS, at(0));
        assert_eq!(discipline.show_at(at(10_000)).as_ns(), 11_000_500_000);
    }

    #[test]
    fn a_question_is_stamped_with_the_clock_as_it_was() {
        let mut discipline = Discipline::new(0.0, MAX_POLL);
        discipline.handle_offset(3_600_000.0 * MS, at(0));
        let asked = discipline.show_at(at(1_990));
        discipline.handle_offset(100.0 * MS, at(2_000));
        discipline.handle_offset(100.0 * MS, at(2_010));
        assert_eq!(discipline.show_at(at(1_990)), asked);
    }
}
