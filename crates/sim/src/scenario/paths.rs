//! Ways to the hub, as files say them: the name of a profile, or a description that may begin with one.

use serde::Deserialize;

use super::units::{BitRate, Length, Share};
use crate::link::{Jitter, LinkProfile, Loss, Rate};
use crate::profiles::{self, PathProfile};

/// A path.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "the name of a delay profile, or a table that describes a path")]
pub(super) enum PathText {
    /// A profile's name.
    Named(String),
    /// A description.
    Described(Box<Described>),
}

/// A path, described. What is said of both ways holds for each; `up` (node to hub) and `down` say more of one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Described {
    /// The profile that everything unsaid is taken from; a wire without delay when absent.
    like: Option<String>,
    floor: Option<Length>,
    jitter: Option<JitterText>,
    tail: Option<TailText>,
    loss: Option<LossText>,
    duplicate: Option<Share>,
    keeps_order: Option<bool>,
    rate: Option<RateText>,
    /// Whether datagrams of the time exchange pass.
    time_exchange: Option<bool>,
    up: Option<Way>,
    down: Option<Way>,
}

/// What is said of one direction.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Way {
    floor: Option<Length>,
    jitter: Option<JitterText>,
    tail: Option<TailText>,
    loss: Option<LossText>,
    duplicate: Option<Share>,
    keeps_order: Option<bool>,
    rate: Option<RateText>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum JitterText {
    /// From 0 to this.
    Uniform(Length),
    /// With this mean.
    Exponential(Length),
    /// With this standard deviation.
    Normal(Length),
    /// Contention that comes and goes.
    #[serde(rename_all = "kebab-case")]
    Contention { quiet: Length, busy: Length, quiet_for: Length, busy_for: Length },
    /// Deliveries at once, this far apart.
    Batches(Length, Length),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TailText {
    chance: Share,
    up_to: Length,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged, expecting = "a share (\"20 %\"), or { enter = \"2 %\", leave = \"33 %\", loss = \"100 %\" }")]
enum LossText {
    Random(Share),
    Burst(Burst),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Burst {
    enter: Share,
    leave: Share,
    loss: Share,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RateText {
    line: BitRate,
    queue: Length,
}

impl PathText {
    /// The path, or what is wrong with its name.
    pub(super) fn profile(&self) -> Result<PathProfile, String> {
        match self {
            Self::Named(name) => named(name),
            Self::Described(described) => described.profile(),
        }
    }
}

fn named(name: &str) -> Result<PathProfile, String> {
    let all = || profiles::ALL.iter().map(|profile| profile.name).collect::<Vec<_>>().join(", ");
    profiles::named(name).ok_or_else(|| format!("no delay profile is called {name:?}; there are {}", all()))
}

impl Described {
    fn profile(&self) -> Result<PathProfile, String> {
        let still = LinkProfile::constant(0.0);
        let none = PathProfile { name: "described", up: still, down: still, is_stream: false };
        let base = self.like.as_deref().map_or(Ok(none), named)?;
        let both = Way {
            floor: self.floor,
            jitter: self.jitter,
            tail: self.tail,
            loss: self.loss,
            duplicate: self.duplicate,
            keeps_order: self.keeps_order,
            rate: self.rate,
        };
        let way = |link, own: &Option<Way>| own.as_ref().map_or(both.over(link), |own| own.over(both.over(link)));
        Ok(PathProfile {
            name: base.name,
            up: way(base.up, &self.up),
            down: way(base.down, &self.down),
            is_stream: self.time_exchange.map_or(base.is_stream, |passes| !passes),
        })
    }
}

impl Way {
    fn over(&self, link: LinkProfile) -> LinkProfile {
        LinkProfile {
            floor_ns: self.floor.map_or(link.floor_ns, |floor| floor.ns),
            jitter: self.jitter.map_or(link.jitter, JitterText::jitter),
            tail: self.tail.map_or(link.tail, |tail| Some((tail.chance.part, tail.up_to.ns))),
            loss: self.loss.map_or(link.loss, LossText::loss),
            duplicate: self.duplicate.map_or(link.duplicate, |chance| chance.part),
            reorders: self.keeps_order.map_or(link.reorders, |keeps| !keeps),
            rate: self
                .rate
                .map_or(link.rate, |rate| Some(Rate { bits_per_s: rate.line.bits_per_s, queue_ns: rate.queue.ns })),
        }
    }
}

impl JitterText {
    const fn jitter(self) -> Jitter {
        match self {
            Self::Uniform(width) => Jitter::Uniform(width.ns),
            Self::Exponential(mean) => Jitter::Exponential(mean.ns),
            Self::Normal(sd) => Jitter::Gaussian(sd.ns),
            Self::Contention { quiet, busy, quiet_for, busy_for } => {
                Jitter::Bursty { quiet: quiet.ns, busy: busy.ns, quiet_for: quiet_for.ns, busy_for: busy_for.ns }
            }
            Self::Batches(shortest, longest) => Jitter::Batches(shortest.ns, longest.ns),
        }
    }
}

impl LossText {
    const fn loss(self) -> Loss {
        match self {
            Self::Random(share) => Loss::Random(share.part),
            Self::Burst(Burst { enter, leave, loss }) => {
                Loss::Burst { enter: enter.part, leave: leave.part, loss: loss.part }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Result<PathProfile, String> {
        #[derive(Deserialize)]
        struct Just {
            path: PathText,
        }
        toml::from_str::<Just>(text).map_err(|error| error.to_string()).and_then(|just| just.path.profile())
    }

    #[test]
    fn a_path_is_a_profile_with_what_is_said_of_both_ways_and_of_one() {
        let text = r#"path = { like = "ethernet", loss = "5 %", down = { floor = "2 ms", loss = "10 %" } }"#;
        let path = path(text).unwrap();
        assert_eq!((path.up.loss, path.down.loss), (Loss::Random(0.05), Loss::Random(0.1)));
        assert_eq!((path.up.floor_ns, path.down.floor_ns), (120e3, 2e6));
        assert_eq!(path.down.tail, profiles::ETHERNET_PATH.down.tail);
    }

    #[test]
    fn an_unknown_profile_is_named_with_those_there_are() {
        let told = path(r#"path = "carrier-pigeon""#).unwrap_err();
        assert!(told.contains("carrier-pigeon") && told.contains("ethernet"), "{told}");
    }
}
