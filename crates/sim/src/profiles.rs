//! The delay profiles synchronisation is judged by, under their names.
//!
//! Synthetic: independent or Markov delays each way. They bracket what wired and radio networks do; they are not
//! recordings.

use crate::link::{Jitter, LinkProfile, Loss};

/// A path to the hub and back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathProfile {
    /// Its name in tables.
    pub name: &'static str,
    /// Node to hub.
    pub up: LinkProfile,
    /// Hub to node.
    pub down: LinkProfile,
    /// Whether exchanges travel in the WebSocket only.
    pub is_stream: bool,
}

impl PathProfile {
    /// Half the difference of the two floors: the error no exchange of messages can find, nanoseconds.
    pub fn unavoidable_ns(&self) -> f64 {
        (self.up.floor_ns - self.down.floor_ns) / 2.0
    }
}

const US: f64 = 1e3;
const MS: f64 = 1e6;
const S: f64 = 1e9;

const fn path(name: &'static str, up: LinkProfile, down: LinkProfile) -> PathProfile {
    PathProfile { name, up, down, is_stream: false }
}
const fn both(name: &'static str, way: LinkProfile) -> PathProfile {
    path(name, way, way)
}

const LOOPBACK: LinkProfile = LinkProfile::constant(15.0 * US).with_jitter(Jitter::Exponential(4.0 * US));
const ETHERNET: LinkProfile =
    LinkProfile::constant(120.0 * US).with_jitter(Jitter::Exponential(25.0 * US)).with_tail(0.02, MS);
const WIFI_UNIFORM: LinkProfile = LinkProfile::constant(MS).with_jitter(Jitter::Uniform(19.0 * MS));
const WIFI_EXPONENTIAL: LinkProfile =
    LinkProfile::constant(1.5 * MS).with_jitter(Jitter::Exponential(4.0 * MS)).with_tail(0.05, 80.0 * MS);
const WIFI_BURSTY: LinkProfile = LinkProfile::constant(1.5 * MS).with_jitter(Jitter::Bursty {
    quiet: 0.3 * MS,
    busy: 15.0 * MS,
    quiet_for: 2.0 * S,
    busy_for: 0.5 * S,
});

/// Loopback: 15 us + exponential 4 us.
pub const LOOPBACK_PATH: PathProfile = both("loopback", LOOPBACK);
/// Wired: 120 us + exponential 25 us, 2 % up to 1 ms more.
pub const ETHERNET_PATH: PathProfile = both("ethernet", ETHERNET);
/// Busy Wi-Fi: uniform 1 to 20 ms each way, 10 % loss.
pub const WIFI_U20_LOSS_10: PathProfile = both("wifi-u20-loss10", WIFI_UNIFORM.with_loss(Loss::Random(0.1)));
/// The same with 20 % loss.
pub const WIFI_U20_LOSS_20: PathProfile = both("wifi-u20-loss20", WIFI_UNIFORM.with_loss(Loss::Random(0.2)));
/// Wi-Fi with long tails: 1.5 ms + exponential 4 ms, 5 % up to 80 ms more, 10 % loss.
pub const WIFI_EXP: PathProfile = both("wifi-exp", WIFI_EXPONENTIAL.with_loss(Loss::Random(0.1)));
/// Wi-Fi with contention that comes and goes.
pub const WIFI_BURSTS: PathProfile = both("wifi-bursty", WIFI_BURSTY);
/// Jitter on one direction: up uniform 1 to 20 ms, down 1 ms + exponential 0.5 ms.
pub const ONE_SIDED: PathProfile =
    path("one-sided", WIFI_UNIFORM, LinkProfile::constant(MS).with_jitter(Jitter::Exponential(0.5 * MS)));
/// Unequal floors: 4 ms up, 1 ms down, exponential 1 ms each.
pub const UNEQUAL_FLOORS: PathProfile = path(
    "unequal-floors",
    LinkProfile::constant(4.0 * MS).with_jitter(Jitter::Exponential(MS)),
    LinkProfile::constant(MS).with_jitter(Jitter::Exponential(MS)),
);
/// WebSocket only: the long-tailed Wi-Fi, whose 2 % loss becomes retransmission stalls.
pub const WEBSOCKET: PathProfile =
    PathProfile { is_stream: true, ..both("websocket", WIFI_EXPONENTIAL.with_loss(Loss::Random(0.02))) };
/// Gamma of shape 3 (no density at the floor): 1 ms + gamma with mean 9 ms.
pub const GAMMA: PathProfile = both("gamma", LinkProfile::constant(MS).with_jitter(Jitter::Gamma(3, 3.0 * MS)));
/// Gaussian: 10 ms, standard deviation 3 ms.
pub const GAUSSIAN: PathProfile =
    both("gaussian", LinkProfile::constant(10.0 * MS).with_jitter(Jitter::Gaussian(3.0 * MS)));

/// A sleeping Wi-Fi receiver: up 1.5 ms + exponential 1 ms, down 1.5 ms and then until the next delivery, which comes 100 to
/// 250 ms after the last; 5 % loss.
pub const WIFI_BATCHED: PathProfile = path(
    "wifi-batched",
    LinkProfile::constant(1.5 * MS).with_jitter(Jitter::Exponential(MS)).with_loss(Loss::Random(0.05)),
    LinkProfile::constant(1.5 * MS).with_jitter(Jitter::Batches(100.0 * MS, 250.0 * MS)).with_loss(Loss::Random(0.05)),
);

/// All of them, in the order of the tables.
pub const ALL: [PathProfile; 12] = [
    LOOPBACK_PATH,
    ETHERNET_PATH,
    WIFI_U20_LOSS_10,
    WIFI_U20_LOSS_20,
    WIFI_EXP,
    WIFI_BURSTS,
    ONE_SIDED,
    UNEQUAL_FLOORS,
    WEBSOCKET,
    GAMMA,
    GAUSSIAN,
    WIFI_BATCHED,
];

/// The profile of that name.
pub fn named(name: &str) -> Option<PathProfile> {
    ALL.into_iter().find(|profile| profile.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_by_its_own_name() {
        for profile in ALL {
            assert_eq!(named(profile.name), Some(profile));
        }
        assert_eq!(named("carrier-pigeon"), None);
    }

    #[test]
    fn only_unequal_floors_have_an_unavoidable_error() {
        for profile in ALL {
            let expected = if profile.name == "unequal-floors" { 1.5 * MS } else { 0.0 };
            assert!((profile.unavoidable_ns() - expected).abs() < 1.0, "{}", profile.name);
        }
    }
}
