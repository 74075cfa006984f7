//! Where the universes of a show go, as people write it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use cuelight_dmx::artnet::PortAddress;
use cuelight_dmx::priority::Priority;
use cuelight_dmx::range::{BadRange, UniverseRange};
use cuelight_dmx::sacn;
use cuelight_dmx::send::Rate;

use super::LightsError;
use crate::universes::BadOption;
use crate::universes::option::{self, parts, write_options};

/// A universe of the show and the number it is sent as.
pub type Numbered = (u16, u16);

/// Universes of a show, and where they go: `sacn[:UNIVERSES][@HOST[:PORT]][?OPTIONS]` or
/// `artnet[:UNIVERSES][@HOST[:PORT]][?OPTIONS]`.
///
/// Options of both are `hz=44`, `from=IP` and `first=NUMBER`; sACN has `priority=100` and `sync=UNIVERSE`, Art-Net `sync=on`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LightsTarget {
    /// Which; `None`: all that the node has.
    pub universes: Option<UniverseRange>,
    /// How they are sent.
    pub protocol: Protocol,
    /// A receiver, or a broadcast address; `None`: everybody by multicast (sACN), or those who say in replies to polls that
    /// they take a universe (Art-Net).
    pub host: Option<String>,
    /// Frames a second.
    pub rate: Rate,
    /// The address of this machine to send from: of several networks the one that is meant.
    pub from: Option<IpAddr>,
    /// The number that the first of them is sent as; the others follow it. `None`: the numbers they have in the show.
    pub first: Option<u16>,
}

/// How universes are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// By sACN.
    Sacn {
        /// How important the levels are.
        priority: Priority,
        /// Receivers show the levels when a synchronisation packet comes to this address.
        sync: Option<sacn::Universe>,
    },
    /// By Art-Net.
    ArtNet {
        /// Whether an ArtSync follows the levels.
        sync: bool,
    },
}

/// Why a text names no universes and no place for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLights {
    /// Neither protocol.
    #[error(
        "expected sacn[:UNIVERSES][@HOST] or artnet[:UNIVERSES][@HOST], like sacn:1..4 or artnet:1..4@192.168.1.50"
    )]
    Protocol,
    /// The universes.
    #[error("expected universes of 1 to 63999, like 7 or 1..4")]
    Universes,
    /// An empty host.
    #[error("expected a receiver or a broadcast address behind @, like artnet:1..4@192.168.1.50")]
    Host,
    /// The rate.
    #[error("expected hz to be 44 or less, and at least 1")]
    Hz,
    /// The number of the first.
    #[error(
        "expected first to be the number that the first universe is sent as: 1 to 63999 (sACN) or 0 to 32767 (Art-Net)"
    )]
    First,
    /// The value of an option.
    #[error(transparent)]
    Value(#[from] BadOption),
    /// An option that is none.
    #[error("expected only the options hz, from, first, sync and, with sACN, priority, like ?hz=40&sync=1000")]
    Option,
}

impl LightsTarget {
    /// All universes of the node by sACN to everybody, 44 Hz.
    pub const SACN: Self = Self {
        universes: None,
        protocol: Protocol::Sacn { priority: Priority::DEFAULT, sync: None },
        host: None,
        rate: Rate::FULL,
        from: None,
        first: None,
    };

    /// Whether it goes to whoever asks for it.
    pub const fn is_subscribed(&self) -> bool {
        matches!(self.protocol, Protocol::ArtNet { .. }) && self.host.is_none()
    }
    /// Its universes, rising, each with the number it is sent as. `universes` are those of the node; a target that names its
    /// own has only those of them, and where there are none all that it names.
    ///
    /// # Errors
    /// [`LightsError`]: there are none, or too many, or one that the protocol has no number for.
    pub fn numbers(&self, universes: &[UniverseRange]) -> Result<Vec<Numbered>, LightsError> {
        let mine = |number: &u16| match self.universes {
            Some(range) => range.has(*number),
            None => true,
        };
        // What a target names the node has, unless the node names its own.
        let named = self.universes.filter(|_| universes.is_empty());
        let mut numbers: Vec<u16> =
            universes.iter().copied().chain(named).flat_map(|range| range.first..=range.last).filter(mine).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.is_empty() {
            return Err(LightsError::NoUniverses(self.to_string()));
        }
        if numbers.len() > cuelight_show::show::MAX_UNIVERSES {
            return Err(LightsError::TooMany { target: self.to_string(), universes: numbers.len() });
        }
        let sent_as = |(rank, number): (usize, u16)| {
            let wire = self.first.map_or(usize::from(number), |first| usize::from(first) + rank);
            let last = match self.protocol {
                Protocol::Sacn { .. } => sacn::Universe::LAST.number(),
                Protocol::ArtNet { .. } => PortAddress::LAST.number(),
            };
            let wire = u16::try_from(wire).ok().filter(|wire| *wire <= last);
            wire.map(|wire| (number, wire)).ok_or_else(|| LightsError::NoNumber {
                target: self.to_string(),
                number,
                last,
            })
        };
        numbers.into_iter().enumerate().map(sent_as).collect()
    }

    fn take(&mut self, key: &str, value: &str) -> Result<(), BadLights> {
        match (key, &mut self.protocol) {
            ("hz", _) => self.rate = value.parse().ok().and_then(Rate::new).ok_or(BadLights::Hz)?,
            ("from", _) => self.from = Some(option::from(value)?),
            ("first", protocol) => {
                let number = value.parse().map_err(|_| BadLights::First)?;
                let is_one = match protocol {
                    Protocol::Sacn { .. } => sacn::Universe::new(number).is_some(),
                    Protocol::ArtNet { .. } => PortAddress::new(number).is_some(),
                };
                self.first = Some(number).filter(|_| is_one);
                return if is_one { Ok(()) } else { Err(BadLights::First) };
            }
            ("priority", Protocol::Sacn { priority, .. }) => *priority = option::priority(value)?,
            ("sync", Protocol::Sacn { sync, .. }) => *sync = Some(option::sacn_sync(value)?),
            ("sync", Protocol::ArtNet { sync }) => *sync = option::artnet_sync(value)?,
            _ => return Err(BadLights::Option),
        }
        Ok(())
    }
}

impl FromStr for LightsTarget {
    type Err = BadLights;
    fn from_str(text: &str) -> Result<Self, BadLights> {
        let (place, host, options) = parts(text);
        let (word, universes) = place.split_once(':').map_or((place, None), |(word, of)| (word, Some(of)));
        let protocol = match word {
            "sacn" => Protocol::Sacn { priority: Priority::DEFAULT, sync: None },
            "artnet" => Protocol::ArtNet { sync: false },
            _ => return Err(BadLights::Protocol),
        };
        let of_show = |range: UniverseRange| if range.first == 0 { Err(BadRange) } else { Ok(range) };
        let universes = universes.map(|text| text.parse().and_then(of_show)).transpose();
        let universes = universes.map_err(|BadRange| BadLights::Universes)?;
        if host == Some("") {
            return Err(BadLights::Host);
        }
        let mut target = Self { universes, protocol, host: host.map(str::to_owned), ..Self::SACN };
        for text in options {
            let (key, value) = text.split_once('=').ok_or(BadLights::Option)?;
            target.take(key, value)?;
        }
        Ok(target)
    }
}

impl fmt::Display for LightsTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self.protocol, Protocol::Sacn { .. }) { "sacn" } else { "artnet" })?;
        self.universes.map_or(Ok(()), |range| write!(f, ":{range}"))?;
        self.host.as_ref().map_or(Ok(()), |host| write!(f, "@{host}"))?;
        let hz = (self.rate != Rate::FULL).then(|| format!("hz={}", self.rate.hz()));
        let from = self.from.map(|from| format!("from={from}"));
        let first = self.first.map(|first| format!("first={first}"));
        let of_protocol = match self.protocol {
            Protocol::Sacn { priority, sync } => option::sacn_options(priority, sync),
            Protocol::ArtNet { sync } => option::artnet_options(sync),
        };
        write_options(f, [hz, from, first].into_iter().chain(of_protocol))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_and_written_in_one_form() {
        for text in [
            "sacn",
            "sacn:1..4",
            "sacn:7@10.0.0.5:5569?hz=40&from=10.0.0.1&first=101&priority=120&sync=7962",
            "sacn@node.local",
            "artnet:1..4@10.255.255.255?first=0&sync=on",
            "artnet@10.0.0.7?hz=1",
            "artnet:1..4?first=0",
        ] {
            assert_eq!(text.parse::<LightsTarget>().unwrap().to_string(), text);
        }
        assert_eq!("sacn".parse(), Ok(LightsTarget::SACN));
        assert_eq!("sacn:3?hz=44".parse::<LightsTarget>().unwrap().to_string(), "sacn:3");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, error) in [
            ("", BadLights::Protocol),
            ("ddp:1", BadLights::Protocol),
            ("sacn:", BadLights::Universes),
            ("sacn:0", BadLights::Universes),
            ("sacn:4..1", BadLights::Universes),
            ("sacn:1..64000", BadLights::Universes),
            ("sacn:1@", BadLights::Host),
            ("artnet:1@", BadLights::Host),
            ("sacn:1?hz=45", BadLights::Hz),
            ("sacn:1?hz=0", BadLights::Hz),
            ("sacn:1?first=0", BadLights::First),
            ("artnet:1@a?first=32768", BadLights::First),
            ("sacn:1?priority=201", BadLights::Value(BadOption::Priority)),
            ("artnet:1@a?priority=1", BadLights::Option),
            ("sacn:1?sync=on", BadLights::Value(BadOption::Sync)),
            ("artnet:1@a?sync=7", BadLights::Value(BadOption::Sync)),
            ("sacn:1?from=here", BadLights::Value(BadOption::From)),
            ("sacn:1?hz", BadLights::Option),
        ] {
            assert_eq!(text.parse::<LightsTarget>(), Err(error), "{text}");
        }
    }
}
