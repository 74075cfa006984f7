//! The commands of one receiver, from the order to the acknowledgement: a machine without clock, inputs `handle_*`, `now` last.
//!
//! A command waits until the receiver asks for its commands, is given out, and given out again when nothing is heard of it, three
//! times. One that has waited too long is not given out at all: nothing is carried out late in silence (RECV-2, RECV-3).

use std::collections::VecDeque;

use cuelight_wire::time::{Local, Span, Time};

use super::order::Order;

/// Commands that wait for one receiver. One more is refused.
pub(crate) const ROOM: usize = 64;
/// How long a command may wait for a receiver that is away.
pub(crate) const AWAY: Span = Span::from_s(10);
/// How long a receiver may take to say what became of a command: two heartbeats.
const ANSWER_WITHIN: Span = Span::from_s(2);
/// How often a command is given out again.
const RETRIES: u8 = 3;

/// A command on its way.
#[derive(Clone, Debug, PartialEq)]
struct OnItsWay {
    id: String,
    order: Order,
    ordered_at: Time<Local>,
    /// How often it was given out.
    given: u8,
    /// When it may be given out, again or at last judged.
    due_at: Time<Local>,
    /// Why the receiver could not carry it out, as it said the last time.
    problem: Option<String>,
}

/// A command that is given out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Given {
    pub(crate) id: String,
    pub(crate) order: Order,
    /// How often it was given out, this time included.
    pub(crate) attempt: u8,
    /// How old it is.
    pub(crate) age: Span,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The receiver carried it out.
    Executed,
    /// It could not, or nothing was heard of it: what was the matter.
    Failed(String),
}

/// No room for another command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The receiver has no such command, or it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotOnItsWay;

/// The commands of one receiver, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lane {
    open: VecDeque<OnItsWay>,
}

impl Lane {
    /// How many wait or are not answered yet.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// A new command.
    pub(crate) fn handle_order(&mut self, id: String, order: Order, now: Time<Local>) -> Result<(), Full> {
        if self.open.len() >= ROOM {
            return Err(Full);
        }
        self.open.push_back(OnItsWay { id, order, ordered_at: now, given: 0, due_at: now, problem: None });
        Ok(())
    }

    /// The receiver asks for its commands: those that are due, in the order they were given in.
    pub(crate) fn handle_asked(&mut self, now: Time<Local>) -> Vec<Given> {
        let due = self.open.iter_mut().filter(|command| command.due_at <= now && !command.is_over(now));
        due.map(|command| {
            command.given += 1;
            command.due_at = now + ANSWER_WITHIN;
            let (id, order) = (command.id.clone(), command.order.clone());
            Given { id, order, attempt: command.given, age: now - command.ordered_at }
        })
        .collect()
    }

    /// The receiver says what became of a command. `None`: it will be given out again.
    pub(crate) fn handle_answer(
        &mut self,
        id: &str,
        outcome: Outcome,
        now: Time<Local>,
    ) -> Result<Option<Outcome>, NotOnItsWay> {
        let is_it = |command: &OnItsWay| command.id == id && command.given > 0;
        let place = self.open.iter().position(is_it).ok_or(NotOnItsWay)?;
        let command = &mut self.open[place];
        match outcome {
            Outcome::Failed(problem) if command.given <= RETRIES => {
                command.problem = Some(problem);
                command.due_at = now;
                Ok(None)
            }
            over => {
                self.open.remove(place);
                Ok(Some(over))
            }
        }
    }

    /// The commands that are over because nothing came of them; with what was the matter.
    pub(crate) fn poll_failed(&mut self, now: Time<Local>) -> Option<(String, String)> {
        let place = self.open.iter().position(|command| command.is_over(now))?;
        let command = self.open.remove(place)?;
        let why = command.why();
        Some((command.id, why))
    }
}

impl OnItsWay {
    fn is_over(&self, now: Time<Local>) -> bool {
        let is_too_old = self.given == 0 && now - self.ordered_at >= AWAY;
        is_too_old || (self.given > RETRIES && self.due_at <= now)
    }

    fn why(&self) -> String {
        if self.given == 0 {
            return format!("not asked for within {} s, and not carried out late", AWAY.as_ms() / 1000);
        }
        let said = self.problem.as_ref().map_or_else(String::new, |problem| format!("; it had said: {problem}"));
        format!("given out {} times and not acknowledged{said}", self.given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(s: i64) -> Time<Local> {
        Time::ZERO + Span::from_s(s)
    }

    fn lane(ids: &[&str]) -> Lane {
        let mut lane = Lane::default();
        ids.iter().for_each(|id| lane.handle_order((*id).into(), Order::Clear {}, s(0)).unwrap());
        lane
    }

    fn asked(lane: &mut Lane, now: Time<Local>) -> Vec<(String, u8, i64)> {
        lane.handle_asked(now).into_iter().map(|given| (given.id, given.attempt, given.age.as_ms())).collect()
    }

    /// RECV-2
    #[test]
    fn commands_are_given_out_in_order_and_are_over_when_they_are_acknowledged() {
        let mut lane = lane(&["a", "b"]);
        assert_eq!(lane.handle_answer("a", Outcome::Executed, s(0)), Err(NotOnItsWay), "it was not given out");
        assert_eq!(asked(&mut lane, s(3)), [("a".into(), 1, 3_000), ("b".into(), 1, 3_000)]);
        assert_eq!(asked(&mut lane, s(4)), []);
        assert_eq!(lane.handle_answer("a", Outcome::Executed, s(4)), Ok(Some(Outcome::Executed)));
        assert_eq!(lane.handle_answer("a", Outcome::Executed, s(4)), Err(NotOnItsWay));
        assert_eq!((lane.len(), lane.poll_failed(s(4))), (1, None));
    }

    /// RECV-3
    #[test]
    fn a_command_that_is_not_acknowledged_is_given_out_three_more_times_and_then_it_has_failed() {
        let mut lane = lane(&["a"]);
        for (attempt, at) in [(1, 0), (2, 2), (3, 4), (4, 6)] {
            assert_eq!(asked(&mut lane, s(at)), [("a".into(), attempt, at * 1_000)]);
            assert_eq!((asked(&mut lane, s(at + 1)), lane.poll_failed(s(at + 1))), (vec![], None));
        }
        assert_eq!(asked(&mut lane, s(8)), []);
        let (id, why) = lane.poll_failed(s(8)).unwrap();
        assert!(id == "a" && why.contains("4 times"), "{why}");
        assert_eq!((lane.len(), lane.poll_failed(s(8))), (0, None));
    }

    /// RECV-3
    #[test]
    fn a_receiver_that_fails_gets_the_command_again_at_once_and_its_last_word_counts() {
        let mut lane = lane(&["a"]);
        let failed = || Outcome::Failed("no such cue".into());
        for attempt in 1..=RETRIES {
            assert_eq!(asked(&mut lane, s(1))[0].1, attempt);
            assert_eq!(lane.handle_answer("a", failed(), s(1)), Ok(None));
        }
        assert_eq!(asked(&mut lane, s(1))[0].1, RETRIES + 1);
        assert_eq!(lane.handle_answer("a", failed(), s(1)), Ok(Some(failed())));
        assert_eq!(lane.len(), 0);
    }

    /// RECV-2
    #[test]
    fn a_command_waits_for_ten_seconds_and_is_never_given_out_afterwards() {
        let mut waits = lane(&["a"]);
        assert_eq!(asked(&mut waits, s(9)), [("a".into(), 1, 9_000)]);
        let mut late = lane(&["a"]);
        assert_eq!(late.poll_failed(s(9)), None);
        assert_eq!(asked(&mut late, s(10)), []);
        let (id, why) = late.poll_failed(s(10)).unwrap();
        assert!(id == "a" && why.contains("10 s"), "{why}");
    }

    /// RECV-2
    #[test]
    fn sixty_four_commands_wait_and_one_more_is_refused() {
        let mut lane = Lane::default();
        for n in 0..ROOM {
            lane.handle_order(n.to_string(), Order::Clear {}, s(0)).unwrap();
        }
        assert_eq!(lane.handle_order("more".into(), Order::Clear {}, s(0)), Err(Full));
    }
}
