//! When a tool that ended is started again: soon at first, then ever more seldom, so that a broken one does not keep the
//! machine busy (AP-6).

use cuelight_wire::time::{Local, Span, Time};

/// The first pause: a tool that fell over is back before a phone notices.
const FIRST_PAUSE: Span = Span::from_ms(500);
/// The longest: an unplugged device is back on the air this soon after somebody put it back.
const LONGEST_PAUSE: Span = Span::from_s(30);
/// A tool that ran this long is sound; its next failure is a new one.
const SOUND: Span = Span::from_s(60);

/// The upkeep of one tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Upkeep {
    pause: Span,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Waiting { until: Time<Local> },
    Running { since: Time<Local> },
}

impl Upkeep {
    /// Due at once.
    pub(super) fn new(now: Time<Local>) -> Self {
        Self { pause: FIRST_PAUSE, phase: Phase::Waiting { until: now } }
    }

    /// Whether it is to be started now.
    pub(super) fn is_due(&self, now: Time<Local>) -> bool {
        matches!(self.phase, Phase::Waiting { until } if until <= now)
    }

    /// It runs.
    pub(super) fn handle_started(&mut self, now: Time<Local>) {
        self.phase = Phase::Running { since: now };
    }

    /// It ended, or did not start; returns the pause until it is started again.
    pub(super) fn handle_ended(&mut self, now: Time<Local>) -> Span {
        if matches!(self.phase, Phase::Running { since } if now - since >= SOUND) {
            self.pause = FIRST_PAUSE;
        }
        let pause = self.pause;
        self.phase = Phase::Waiting { until: now + pause };
        self.pause = (pause + pause).min(LONGEST_PAUSE);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AP-6
    #[test]
    fn pauses_grow_to_a_limit_and_a_sound_run_makes_them_short_again() {
        let mut now = Time::ZERO;
        let mut upkeep = Upkeep::new(now);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            assert!(upkeep.is_due(now));
            upkeep.handle_started(now);
            assert!(!upkeep.is_due(now + LONGEST_PAUSE));
            let pause = upkeep.handle_ended(now);
            assert!(!upkeep.is_due(now + pause - Span::from_ns(1)));
            now += pause;
            pauses.push(pause.as_ms());
        }
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
        upkeep.handle_started(now);
        assert_eq!(upkeep.handle_ended(now + SOUND), FIRST_PAUSE);
    }

    /// AP-6
    #[test]
    fn what_does_not_start_is_tried_again_after_a_pause() {
        let mut upkeep = Upkeep::new(Time::ZERO);
        let pause = upkeep.handle_ended(Time::ZERO);
        assert!(!upkeep.is_due(Time::ZERO) && upkeep.is_due(Time::ZERO + pause));
    }
}
