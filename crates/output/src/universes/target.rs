//! Where universes go, as people write it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use cuelight_dmx::artnet::PortAddress;
use cuelight_dmx::priority::Priority;
use cuelight_dmx::sacn;
use cuelight_dmx::send::Rate;
use cuelight_wire::limits::FRAME_HZ;

use super::option::{self, BadOption, parts, write_options};

/// Universes by sACN: `FIRST[@HOST[:PORT]][?hz=40&priority=100&sync=UNIVERSE&from=IP]`. Without a host they are multicast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SacnTarget {
    /// The first universe; the others follow it.
    pub first: sacn::Universe,
    /// A receiver; `None`: everybody, by multicast.
    pub host: Option<String>,
    /// How often, and from where.
    pub way: Way,
    /// How important the levels are.
    pub priority: Priority,
    /// Receivers show the levels when a synchronisation packet comes to this address.
    pub sync: Option<sacn::Universe>,
}

/// Universes by Art-Net: `FIRST[@HOST[:PORT]][?hz=40&sync=on&from=IP]`. Without a host they go to whoever asks for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtNetTarget {
    /// The first universe; the others follow it.
    pub first: PortAddress,
    /// The receiver, or a broadcast address; `None`: those who say in replies to polls that they take a universe.
    pub host: Option<String>,
    /// How often, and from where.
    pub way: Way,
    /// Whether an ArtSync follows the levels.
    pub sync: bool,
}

/// What both protocols have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Frames a second; a part of the 120 that are rendered, so that all are equally far apart.
    pub rate: Rate,
    /// The address of this machine to send from: of several networks the one that is meant.
    pub from: Option<IpAddr>,
}

impl Way {
    const DEFAULT: Self = Self { rate: Rate::STEADY, from: None };

    /// A word of the options, if it is one of both protocols.
    fn take(&mut self, key: &str, value: &str) -> Result<bool, BadTarget> {
        match key {
            "hz" => self.rate = rate(value).ok_or(BadTarget::Hz)?,
            "from" => self.from = Some(option::from(value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
    /// How many rendered frames there are for each that is sent.
    pub fn stride(self) -> i64 {
        i64::from(FRAME_HZ) / i64::from(self.rate.hz())
    }
}

fn rate(text: &str) -> Option<Rate> {
    let rate = Rate::new(text.parse().ok()?)?;
    FRAME_HZ.is_multiple_of(rate.hz().into()).then_some(rate)
}

/// Why a text is no such target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// The universe.
    #[error("expected a first universe of 1 to 63999 (sACN) or 0 to 32767 (Art-Net)")]
    Universe,
    /// An empty host.
    #[error("expected a receiver or a broadcast address behind the universe, like artnet:0@192.168.1.50")]
    Host,
    /// The rate.
    #[error("expected hz to be 40, 30, 24, 20, 15, 12, 10 or less, a part of the 120 frames a second")]
    Hz,
    /// The value of an option.
    #[error(transparent)]
    Value(#[from] BadOption),
    /// An option that is none.
    #[error("expected only the options hz, from, sync and, with sACN, priority, like ?hz=30&sync=1000")]
    Option,
}

impl FromStr for SacnTarget {
    type Err = BadTarget;
    fn from_str(text: &str) -> Result<Self, BadTarget> {
        let (first, host, options) = parts(text);
        let universe = |text: &str| text.parse().ok().and_then(sacn::Universe::new);
        let mut target = Self {
            first: universe(first).ok_or(BadTarget::Universe)?,
            host: host.map(str::to_owned),
            way: Way::DEFAULT,
            priority: Priority::DEFAULT,
            sync: None,
        };
        if host == Some("") {
            return Err(BadTarget::Host);
        }
        for text in options {
            match text.split_once('=').ok_or(BadTarget::Option)? {
                ("priority", value) => target.priority = option::priority(value)?,
                ("sync", value) => target.sync = Some(option::sacn_sync(value)?),
                (key, value) if target.way.take(key, value)? => {}
                _ => return Err(BadTarget::Option),
            }
        }
        Ok(target)
    }
}

impl FromStr for ArtNetTarget {
    type Err = BadTarget;
    fn from_str(text: &str) -> Result<Self, BadTarget> {
        let (first, host, options) = parts(text);
        let first = first.parse().ok().and_then(PortAddress::new).ok_or(BadTarget::Universe)?;
        if host == Some("") {
            return Err(BadTarget::Host);
        }
        let mut target = Self { first, host: host.map(str::to_owned), way: Way::DEFAULT, sync: false };
        for text in options {
            match text.split_once('=').ok_or(BadTarget::Option)? {
                ("sync", value) => target.sync = option::artnet_sync(value)?,
                (key, value) if target.way.take(key, value)? => {}
                _ => return Err(BadTarget::Option),
            }
        }
        Ok(target)
    }
}

impl Way {
    fn options(self) -> [Option<String>; 2] {
        let hz = (self.rate != Self::DEFAULT.rate).then(|| format!("hz={}", self.rate.hz()));
        [hz, self.from.map(|from| format!("from={from}"))]
    }
}

impl fmt::Display for SacnTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first.number())?;
        if let Some(host) = &self.host {
            write!(f, "@{host}")?;
        }
        write_options(f, self.way.options().into_iter().chain(option::sacn_options(self.priority, self.sync)))
    }
}
impl fmt::Display for ArtNetTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first.number())?;
        self.host.as_ref().map_or(Ok(()), |host| write!(f, "@{host}"))?;
        write_options(f, self.way.options().into_iter().chain(option::artnet_options(self.sync)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_and_written_in_one_form() {
        for text in ["1", "63999@10.0.0.5", "7@node.local:5569?hz=30&from=10.0.0.1&priority=120&sync=7962", "1?hz=24"] {
            assert_eq!(text.parse::<SacnTarget>().unwrap().to_string(), text);
        }
        for text in ["0@10.0.0.5", "32767@10.255.255.255?hz=20&sync=on", "0?hz=20"] {
            assert_eq!(text.parse::<ArtNetTarget>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, error) in [
            ("0", BadTarget::Universe),
            ("64000", BadTarget::Universe),
            ("", BadTarget::Universe),
            ("1@", BadTarget::Host),
            ("1?hz=44", BadTarget::Hz),
            ("1?hz=0", BadTarget::Hz),
            ("1?priority=201", BadTarget::Value(BadOption::Priority)),
            ("1?sync=on", BadTarget::Value(BadOption::Sync)),
            ("1?from=here", BadTarget::Value(BadOption::From)),
            ("1?speed=3", BadTarget::Option),
            ("1?hz", BadTarget::Option),
        ] {
            assert_eq!(text.parse::<SacnTarget>(), Err(error), "{text}");
        }
        for (text, error) in [
            ("0@", BadTarget::Host),
            ("32768@a", BadTarget::Universe),
            ("0@a?sync=7", BadTarget::Value(BadOption::Sync)),
            ("0@a?priority=7", BadTarget::Option),
        ] {
            assert_eq!(text.parse::<ArtNetTarget>(), Err(error), "{text}");
        }
    }
}
