//! How a universe is received.

use cuelight_wire::time::Span;

use crate::merge::Mode;
use crate::priority::Priority;

/// How a universe is received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How sources of equal priority share a slot.
    pub mode: Mode,
    /// What is left when all sources are gone.
    pub on_loss: OnLoss,
    /// Whether previews are shown: on a visualiser, never on a stage.
    pub shows_previews: bool,
    /// How long a new sACN source waits for its priorities of single slots before it counts without them. A source that
    /// has them sends them along with its first levels, so most wait for nothing; but levels at a priority that is not
    /// theirs would flash.
    pub priorities_wait: Span,
    /// The priority of Art-Net senders, which have none of their own.
    pub artnet_priority: Priority,
    /// What a source of the network counts at most, however important it says it is (DMX-27).
    pub highest_priority: Priority,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Htp,
            on_loss: OnLoss::Hold,
            shows_previews: false,
            priorities_wait: Span::from_ms(1500),
            artnet_priority: Priority::DEFAULT,
            highest_priority: Priority::MAX,
        }
    }
}

/// What is left when all sources are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLoss {
    /// The last levels.
    #[default]
    Hold,
    /// All slots at 0.
    Dark,
    /// All slots at full.
    Full,
}

impl OnLoss {
    /// The level of all slots; `None`: they stay.
    pub(super) const fn level(self) -> Option<u8> {
        match self {
            Self::Hold => None,
            Self::Dark => Some(0),
            Self::Full => Some(u8::MAX),
        }
    }
}
