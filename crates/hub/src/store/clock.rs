//! The saved map from wall clock to show time: how a restarted hub goes on with show time when no node tells it.

use cuelight_wire::time::{Show, Span, Time, Wall};
use serde::{Deserialize, Serialize};

/// The longest pause a saved map is trusted over.
const OLDEST: Span = Span::from_s(30 * 86_400);

/// One instant on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShowMap {
    wall_ns: i64,
    show_ns: i64,
}

impl ShowMap {
    /// The show time `show` and the wall clock `wall`, read together.
    pub(crate) fn new(wall: Time<Wall>, show: Time<Show>) -> Self {
        Self { wall_ns: wall.as_ns(), show_ns: show.as_ns() }
    }

    /// Show time at `wall`, when the wall clock has gone forward since, and not for longer than 30 days.
    pub(crate) fn show_at(self, wall: Time<Wall>) -> Option<Time<Show>> {
        let passed = wall - Time::from_ns(self.wall_ns);
        (Span::ZERO..=OLDEST).contains(&passed).then(|| Time::from_ns(self.show_ns) + passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn show_time_goes_on_by_as_much_as_the_wall_clock() {
        let map = ShowMap::new(Time::from_ns(1_000), Time::from_ns(50));
        assert_eq!(map.show_at(Time::from_ns(4_000)), Some(Time::from_ns(3_050)));
    }

    #[test]
    fn a_wall_clock_set_back_is_not_believed() {
        let map = ShowMap::new(Time::from_ns(1_000), Time::from_ns(50));
        assert_eq!(map.show_at(Time::from_ns(999)), None);
        assert_eq!(map.show_at(Time::from_ns(1_000) + OLDEST + Span::from_ns(1)), None);
    }
}
