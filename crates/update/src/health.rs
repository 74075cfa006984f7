//! Whether a new image has proven itself: hub, clock, outputs and frame rate, all at once and for a while (OTA-2).

use std::fmt;
use std::time::Duration;

/// For how long everything has to be well.
///
/// A hub calls a node done when it has seen it healthy for 5 s, and must not do so before the node has confirmed itself. It may
/// begin to count with the keepalive of a node whose clock has just locked and whose frame loop has not summed up its first
/// second: 1 s before the node does. 3.5 s and that second leave 0.5 s for the node's looks at itself, 100 ms apart, and for
/// writing down that it stays.
pub const SETTLE: Duration = Duration::from_millis(3_500);
/// The smallest share of its frames a healthy node puts out, per cent.
pub const MIN_RATE_PCT: f32 = 95.0;

/// How the node is now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Health {
    /// It has a session with a hub.
    pub has_hub: bool,
    /// Its clock can be scheduled on.
    pub is_locked: bool,
    /// All its outputs are open.
    pub has_outputs: bool,
    /// Frames put out of those that were due lately, per cent.
    pub rate_pct: f32,
}

impl Health {
    /// The first thing that is not well.
    fn trouble(&self, needs_hub: bool) -> Option<Trouble> {
        let is_slow = self.rate_pct.is_nan() || self.rate_pct < MIN_RATE_PCT;
        match () {
            () if !self.has_outputs => Some(Trouble::Outputs),
            () if needs_hub && !self.has_hub => Some(Trouble::Hub),
            () if needs_hub && !self.is_locked => Some(Trouble::Clock),
            () if is_slow => Some(Trouble::Rate(self.rate_pct)),
            () => None,
        }
    }
}

/// What is not well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    /// No session with a hub.
    Hub,
    /// The clock is not locked.
    Clock,
    /// An output is not open.
    Outputs,
    /// Too few frames, per cent.
    Rate(f32),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hub => f.write_str("it did not reach the hub"),
            Self::Clock => f.write_str("its clock did not lock"),
            Self::Outputs => f.write_str("an output could not be opened"),
            Self::Rate(pct) => write!(f, "it put out {pct:.0} % of its frames, {MIN_RATE_PCT:.0} % are wanted"),
        }
    }
}

/// What the gate says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Not known yet.
    Waiting,
    /// The image stays.
    Proven,
    /// Its time is over.
    Failed(Trouble),
}

/// The gate a new image has to pass. Instants are spans since the process started.
#[derive(Clone, Debug)]
pub struct Gate {
    needs_hub: bool,
    limit: Duration,
    well_since: Option<Duration>,
}

impl Gate {
    /// A gate that is open for `limit`. `needs_hub`: the old image had a hub when it was replaced; one that had none cannot
    /// ask more of the new one.
    pub const fn new(needs_hub: bool, limit: Duration) -> Self {
        Self { needs_hub, limit, well_since: None }
    }

    /// How the node is `now`, the time since its start.
    pub fn handle(&mut self, health: &Health, now: Duration) -> Verdict {
        match health.trouble(self.needs_hub) {
            None => {
                let since = *self.well_since.get_or_insert(now);
                if now.saturating_sub(since) >= SETTLE { Verdict::Proven } else { Verdict::Waiting }
            }
            Some(trouble) => {
                self.well_since = None;
                if now >= self.limit { Verdict::Failed(trouble) } else { Verdict::Waiting }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Health = Health { has_hub: true, is_locked: true, has_outputs: true, rate_pct: 100.0 };
    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_image_is_proven_when_everything_is_well_for_three_and_a_half_seconds_on_end() {
        let mut gate = Gate::new(true, s(80));
        assert_eq!(gate.handle(&WELL, s(1)), Verdict::Waiting);
        assert_eq!(gate.handle(&Health { is_locked: false, ..WELL }, s(5)), Verdict::Waiting);
        assert_eq!(gate.handle(&WELL, s(6)), Verdict::Waiting);
        assert_eq!(gate.handle(&WELL, Duration::from_millis(9_499)), Verdict::Waiting);
        assert_eq!(gate.handle(&WELL, Duration::from_millis(9_500)), Verdict::Proven);
    }

    #[test]
    fn each_trouble_fails_it_at_its_limit_and_is_named() {
        let told = |health: Health| {
            let mut gate = Gate::new(true, s(80));
            assert_eq!(gate.handle(&health, s(79)), Verdict::Waiting);
            match gate.handle(&health, s(80)) {
                Verdict::Failed(trouble) => trouble.to_string(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(told(Health { has_hub: false, ..WELL }), "it did not reach the hub");
        assert_eq!(told(Health { is_locked: false, ..WELL }), "its clock did not lock");
        assert_eq!(told(Health { has_outputs: false, ..WELL }), "an output could not be opened");
        assert_eq!(told(Health { rate_pct: 50.0, ..WELL }), "it put out 50 % of its frames, 95 % are wanted");
        assert_eq!(told(Health { rate_pct: f32::NAN, ..WELL }), "it put out NaN % of its frames, 95 % are wanted");
    }

    #[test]
    fn an_image_that_is_well_at_the_limit_gets_the_time_it_needs() {
        let mut gate = Gate::new(true, s(80));
        assert_eq!(gate.handle(&WELL, s(79)), Verdict::Waiting);
        assert_eq!(gate.handle(&WELL, s(81)), Verdict::Waiting);
        assert_eq!(gate.handle(&WELL, s(82)), Verdict::Waiting);
        assert_eq!(gate.handle(&WELL, s(83)), Verdict::Proven);
    }

    #[test]
    fn a_node_that_had_no_hub_needs_none_to_prove_itself() {
        let mut gate = Gate::new(false, s(80));
        let alone = Health { has_hub: false, is_locked: false, ..WELL };
        gate.handle(&alone, s(0));
        assert_eq!(gate.handle(&alone, s(5)), Verdict::Proven);
    }
}
