//! What was not used.

use core::fmt;

use crate::artnet::BadArtNet;
use crate::sacn::BadSacn;
use crate::universe::Dropped;

/// Why a datagram was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotUsed {
    /// It is not sACN as it should be.
    BadSacn(BadSacn),
    /// It is not Art-Net as it should be.
    BadArtNet(BadArtNet),
    /// It is for a universe that this machine does not receive.
    Elsewhere,
    /// A universe did not want it.
    Dropped(Dropped),
}

impl fmt::Display for NotUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadSacn(bad) => bad.fmt(f),
            Self::BadArtNet(bad) => bad.fmt(f),
            Self::Elsewhere => f.write_str("a universe that is not received here"),
            Self::Dropped(why) => write!(f, "not used: {why:?}"),
        }
    }
}

/// How many datagrams were not used, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// Not as the standard has them.
    pub bad: u64,
    /// For other universes.
    pub elsewhere: u64,
    /// Not wanted by their universe, which counts them by its own reasons.
    pub dropped: u64,
}

impl Drops {
    /// Nothing yet.
    pub const NONE: Self = Self { bad: 0, elsewhere: 0, dropped: 0 };

    pub(super) fn count<T>(&mut self, outcome: Result<T, NotUsed>) -> Result<T, NotUsed> {
        if let Err(why) = &outcome {
            let counter = match why {
                NotUsed::BadSacn(_) | NotUsed::BadArtNet(_) => &mut self.bad,
                NotUsed::Elsewhere => &mut self.elsewhere,
                NotUsed::Dropped(_) => &mut self.dropped,
            };
            *counter = counter.saturating_add(1);
        }
        outcome
    }
}
