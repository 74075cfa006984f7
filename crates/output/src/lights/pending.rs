//! What was told and does not hold yet.

use std::collections::VecDeque;

use cuelight_wire::time::{Show, Time};

/// Values that hold from an instant of show time on, in the order in which they were told. The newest whose instant has come
/// holds, and with it all that were told before it are past.
#[derive(Debug)]
pub(crate) struct Pending<T> {
    /// Never longer than its capacity: allocates nothing after `new`.
    waiting: VecDeque<(Time<Show>, T)>,
    capacity: usize,
}

impl<T> Pending<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { waiting: VecDeque::with_capacity(capacity), capacity }
    }
    /// Takes one more. When it is full the newest that waits gives way and is returned: its state is in the one that comes.
    pub(crate) fn push(&mut self, from: Time<Show>, value: T) -> Option<T> {
        let displaced = if self.waiting.len() == self.capacity { self.waiting.pop_back() } else { None };
        self.waiting.push_back((from, value));
        displaced.map(|(_, value)| value)
    }
    /// The oldest value that does not wait any more at `at`, and whether it is the one that holds then. Call again until
    /// there is none.
    pub(crate) fn next_past(&mut self, at: Time<Show>) -> Option<(T, bool)> {
        let holds = self.waiting.iter().rposition(|(from, _)| *from <= at)?;
        self.waiting.pop_front().map(|(_, value)| (value, holds == 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: i64) -> Time<Show> {
        Time::from_us(us)
    }

    fn past(pending: &mut Pending<char>, us: i64) -> Vec<(char, bool)> {
        std::iter::from_fn(|| pending.next_past(at(us))).collect()
    }

    /// DMX-51
    #[test]
    fn the_newest_whose_instant_has_come_holds_and_those_told_before_it_are_past() {
        let mut pending = Pending::new(4);
        for (us, value) in [(10, 'a'), (5, 'b'), (30, 'c')] {
            assert_eq!(pending.push(at(us), value), None);
        }
        assert_eq!(past(&mut pending, 4), []);
        assert_eq!(past(&mut pending, 5), [('a', false), ('b', true)]);
        assert_eq!(past(&mut pending, 29), []);
        assert_eq!(past(&mut pending, 31), [('c', true)]);
    }

    /// DMX-51
    #[test]
    fn when_it_is_full_the_newest_that_waits_gives_way() {
        let mut pending = Pending::new(2);
        assert_eq!(pending.push(at(1), 'a'), None);
        assert_eq!(pending.push(at(2), 'b'), None);
        assert_eq!(pending.push(at(3), 'c'), Some('b'));
        assert_eq!(past(&mut pending, 9), [('a', false), ('c', true)]);
    }
}
