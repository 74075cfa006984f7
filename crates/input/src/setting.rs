//! An input as people write it: `sacn:1..4`, `artnet:0..3?as=1`.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use cuelight_dmx::artnet::PortAddress;
use cuelight_dmx::merge::Mode;
use cuelight_dmx::priority::Priority;
use cuelight_dmx::range::{BadRange, UniverseRange};
use cuelight_dmx::sacn::Universe;
use cuelight_dmx::universe::OnLoss;

use crate::{Allowed, BadAddress, Protocol};

/// Universes that are taken from the network:
/// `sacn:1..4` or `artnet:0..3`, and after a `?`, joined by `&`, as needed:
/// `as=1` (the first of them is the show's universe 1), `at=IP` (address of this machine, and the network of the groups),
/// `from=IP,NET/BITS` (who is listened to), `max=120` (the highest priority that a source may have), `priority=100`
/// (Art-Net's, which has none of its own), `show=100` (the priority of the show they are merged with), `mode=htp|ltp`,
/// `loss=hold|dark|full` (what is left when all sources are gone).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputSetting {
    /// How they come.
    pub protocol: Protocol,
    /// Which, as the protocol counts them.
    pub range: UniverseRange,
    /// The show's number of the first one; the others follow it.
    pub shown_as: u16,
    /// The address of this machine to take them at; `None`: all.
    pub at: Option<Ipv4Addr>,
    /// Who is listened to.
    pub from: Allowed,
    /// What a source counts at most.
    pub highest: Priority,
    /// What Art-Net senders count.
    pub priority: Priority,
    /// What the show they are merged with counts, where there is one: 1 to 200.
    pub show: Priority,
    /// How sources of equal priority share a slot.
    pub mode: Mode,
    /// What is left when all sources are gone.
    pub loss: OnLoss,
}

/// Why a text is no input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadInput {
    /// The protocol.
    #[error("expected an input: sacn:1..4 or artnet:0..3")]
    Protocol,
    /// The universes.
    #[error(transparent)]
    Range(#[from] BadRange),
    /// Universes that the protocol does not have.
    #[error("expected universes of 1 to 63999 (sACN) or 0 to 32767 (Art-Net)")]
    Universe,
    /// The show's universes.
    #[error("expected as to be the show's first universe, and the last one at most 63999")]
    As,
    /// The address to take them at.
    #[error("expected at to be an IPv4 address of this machine")]
    At,
    /// Who is listened to.
    #[error("from: {0}")]
    From(BadAddress),
    /// A priority.
    #[error("expected a priority of 0 to 200")]
    Priority,
    /// The show's priority.
    #[error("expected show to be a priority of 1 to 200")]
    Show,
    /// What is left.
    #[error("expected loss to be hold, dark or full")]
    Loss,
    /// The merge.
    #[error("expected mode to be htp or ltp")]
    Mode,
    /// An option that is none.
    #[error(
        "expected only the options as, at, from, max, show, mode, loss and, with Art-Net, priority, like \
         ?from=10.0.0.5&max=120"
    )]
    Option,
}

impl InputSetting {
    /// The show's universes.
    pub fn shown(&self) -> UniverseRange {
        UniverseRange { first: self.shown_as, last: self.shown_as + (self.range.last - self.range.first) }
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), BadInput> {
        let priority = || value.parse().ok().and_then(Priority::new).ok_or(BadInput::Priority);
        match key {
            "as" => self.shown_as = value.parse().ok().filter(|number| *number >= 1).ok_or(BadInput::As)?,
            "at" => self.at = Some(value.parse().map_err(|_| BadInput::At)?),
            "from" => self.from = value.parse().map_err(BadInput::From)?,
            "max" => self.highest = priority()?,
            "priority" if self.protocol == Protocol::ArtNet => self.priority = priority()?,
            "show" => self.show = priority().ok().filter(|own| *own > Priority::MIN).ok_or(BadInput::Show)?,
            "loss" => {
                self.loss = match value {
                    "hold" => OnLoss::Hold,
                    "dark" => OnLoss::Dark,
                    "full" => OnLoss::Full,
                    _ => return Err(BadInput::Loss),
                }
            }
            "mode" => {
                self.mode = match value {
                    "htp" => Mode::Htp,
                    "ltp" => Mode::Ltp,
                    _ => return Err(BadInput::Mode),
                }
            }
            _ => return Err(BadInput::Option),
        }
        Ok(())
    }
}

impl FromStr for InputSetting {
    type Err = BadInput;
    fn from_str(text: &str) -> Result<Self, BadInput> {
        let (place, options) = text.split_once('?').unwrap_or((text, ""));
        let (protocol, range) = place.split_once(':').ok_or(BadInput::Protocol)?;
        let protocol = Protocol::of_word(protocol).ok_or(BadInput::Protocol)?;
        let range: UniverseRange = range.parse()?;
        if !protocol.has(range.first) || !protocol.has(range.last) {
            return Err(BadInput::Universe);
        }
        let (highest, priority) = (Priority::MAX, Priority::DEFAULT);
        let from = Allowed::default();
        // Art-Net's universe 0 has no namesake among the show's, which begin at 1.
        let shown_as = range.first.max(1);
        let (show, mode, loss) = (Priority::DEFAULT, Mode::Htp, OnLoss::Hold);
        let mut input = Self { protocol, range, shown_as, at: None, from, highest, priority, show, mode, loss };
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (key, value) = option.split_once('=').ok_or(BadInput::Option)?;
            input.set(key, value)?;
        }
        let last = usize::from(input.shown_as) + input.range.count() - 1;
        if last > usize::from(Universe::LAST.number()) { Err(BadInput::As) } else { Ok(input) }
    }
}

impl fmt::Display for InputSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.protocol.word(), self.range)?;
        let differs = |priority: Priority, usual| (priority != usual).then(|| priority.number().to_string());
        let loss = match self.loss {
            OnLoss::Hold => None,
            OnLoss::Dark => Some("dark".to_owned()),
            OnLoss::Full => Some("full".to_owned()),
        };
        let options = [
            ("as", (self.shown_as != self.range.first).then(|| self.shown_as.to_string())),
            ("at", self.at.map(|at| at.to_string())),
            ("from", (!self.from.is_everybody()).then(|| self.from.to_string())),
            ("max", differs(self.highest, Priority::MAX)),
            ("priority", differs(self.priority, Priority::DEFAULT)),
            ("show", differs(self.show, Priority::DEFAULT)),
            ("mode", (self.mode == Mode::Ltp).then(|| "ltp".to_owned())),
            ("loss", loss),
        ];
        let given = options.into_iter().filter_map(|(key, value)| Some((key, value?)));
        for ((key, value), separator) in given.zip(std::iter::once('?').chain(std::iter::repeat('&'))) {
            write!(f, "{separator}{key}={value}")?;
        }
        Ok(())
    }
}

impl Protocol {
    /// As it is written in settings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sacn => "sacn",
            Self::ArtNet => "artnet",
        }
    }
    fn of_word(word: &str) -> Option<Self> {
        [Self::Sacn, Self::ArtNet].into_iter().find(|protocol| protocol.word() == word)
    }
    /// Whether it has a universe of this number.
    pub const fn has(self, number: u16) -> bool {
        match self {
            Self::Sacn => Universe::new(number).is_some(),
            Self::ArtNet => PortAddress::new(number).is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_read_and_written_in_one_form() {
        for text in [
            "sacn:1..4",
            "artnet:0..3?as=1",
            "sacn:7?as=101&at=10.0.0.1&from=10.0.0.5,10.1.0.0/16&max=120&mode=ltp",
            "artnet:5?priority=90",
            "sacn:1?show=150&loss=dark",
        ] {
            assert_eq!(text.parse::<InputSetting>().unwrap().to_string(), text);
        }
        let input: InputSetting = "artnet:0..3".parse().unwrap();
        assert_eq!(input.shown(), UniverseRange { first: 1, last: 4 }, "the show has no universe 0");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, error) in [
            ("", BadInput::Protocol),
            ("dmx:1", BadInput::Protocol),
            ("sacn", BadInput::Protocol),
            ("sacn:", BadInput::Range(BadRange)),
            ("sacn:0", BadInput::Universe),
            ("artnet:32768", BadInput::Universe),
            ("sacn:1..4?as=0", BadInput::As),
            ("sacn:1..4?as=63997", BadInput::As),
            ("sacn:1?at=here", BadInput::At),
            ("sacn:1?from=desk", BadInput::From(BadAddress)),
            ("sacn:1?max=201", BadInput::Priority),
            ("sacn:1?priority=90", BadInput::Option),
            ("sacn:1?show=0", BadInput::Show),
            ("sacn:1?loss=gone", BadInput::Loss),
            ("sacn:1?mode=new", BadInput::Mode),
            ("sacn:1?mode", BadInput::Option),
        ] {
            assert_eq!(text.parse::<InputSetting>(), Err(error), "{text}");
        }
    }
}
