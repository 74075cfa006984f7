//! Synchronisation against every delay profile: the limits it keeps, in virtual time, by the machines that ship.

use crate::world::{Outcome, observe};
use cuelight_proto::sync::Profile;
use cuelight_sim::profiles::{self, PathProfile};
use cuelight_wire::time::Span;

/// Largest p50, p95 and maximum of the error (us), and the latest first lock (s).
struct Limits {
    p50: f64,
    p95: f64,
    max: f64,
    lock_s: f64,
}

/// Eight seeds, four minutes each, judged from the second minute on.
fn keeps(path: PathProfile, profile: Profile, limits: Limits) -> Outcome {
    let mut outcome = observe(path, profile, 8, 60, 240);
    let (p50, p95, max) = (outcome.percentile(0.5), outcome.percentile(0.95), outcome.percentile(1.0));
    let lock_s = outcome.slowest_lock_s();
    println!("{}: p50 {p50:.1} p95 {p95:.1} max {max:.1} us, lock {lock_s:.1} s", path.name);
    assert!(p50 <= limits.p50, "{}: p50 {p50} us", path.name);
    assert!(p95 <= limits.p95, "{}: p95 {p95} us", path.name);
    assert!(max <= limits.max, "{}: max {max} us", path.name);
    assert!(lock_s <= limits.lock_s, "{}: locked after {lock_s} s", path.name);
    assert_eq!(outcome.bound_violations, 0, "{}: the bound left the truth out", path.name);
    assert_eq!(outcome.backward_steps, 0, "{}: show time went back", path.name);
    assert_eq!((outcome.unlocks, outcome.unusable), (0, 0), "{}: lost lock", path.name);
    assert!(outcome.worst_rate_ppm <= 500.0, "{}: rate {} ppm", path.name, outcome.worst_rate_ppm);
    outcome
}

/// SYNC-2
#[test]
fn loopback_is_known_to_a_microsecond() {
    keeps(profiles::LOOPBACK_PATH, Profile::LAN, Limits { p50: 0.5, p95: 1.0, max: 5.0, lock_s: 1.2 });
}

/// SYNC-2
#[test]
fn a_wired_network_is_known_to_two_microseconds() {
    keeps(profiles::ETHERNET_PATH, Profile::LAN, Limits { p50: 1.0, p95: 2.0, max: 10.0, lock_s: 1.2 });
}

/// SYNC-2
#[test]
fn busy_wifi_at_ten_percent_loss_is_known_to_a_fraction_of_a_millisecond() {
    keeps(profiles::WIFI_U20_LOSS_10, Profile::DEFAULT, Limits { p50: 100.0, p95: 400.0, max: 2000.0, lock_s: 5.0 });
}

/// SYNC-2
#[test]
fn busy_wifi_at_twenty_percent_loss_is_known_to_a_fraction_of_a_millisecond() {
    keeps(profiles::WIFI_U20_LOSS_20, Profile::DEFAULT, Limits { p50: 100.0, p95: 400.0, max: 2000.0, lock_s: 5.0 });
}

/// SYNC-2
#[test]
fn four_times_the_probes_make_busy_wifi_more_than_twice_as_good() {
    let fast = Profile { probe_period: Span::from_ms(50), ..Profile::DEFAULT };
    for path in [profiles::WIFI_U20_LOSS_10, profiles::WIFI_U20_LOSS_20] {
        keeps(path, fast, Limits { p50: 50.0, p95: 150.0, max: 1000.0, lock_s: 5.0 });
    }
}

/// SYNC-2
#[test]
fn long_tails_hardly_matter() {
    keeps(profiles::WIFI_EXP, Profile::DEFAULT, Limits { p50: 25.0, p95: 80.0, max: 400.0, lock_s: 5.0 });
}

/// SYNC-2
#[test]
fn contention_that_comes_and_goes_hardly_matters() {
    keeps(profiles::WIFI_BURSTS, Profile::DEFAULT, Limits { p50: 5.0, p95: 15.0, max: 50.0, lock_s: 1.2 });
}

/// SYNC-2
#[test]
fn jitter_on_one_direction_does_not_bias() {
    keeps(profiles::ONE_SIDED, Profile::DEFAULT, Limits { p50: 50.0, p95: 150.0, max: 400.0, lock_s: 5.0 });
}

/// SYNC-3
#[test]
fn unequal_floors_cost_their_half_difference_and_no_more() {
    keeps(profiles::UNEQUAL_FLOORS, Profile::DEFAULT, Limits { p50: 10.0, p95: 50.0, max: 100.0, lock_s: 1.2 });
}

/// SYNC-11
#[test]
fn the_websocket_alone_is_good_enough() {
    keeps(profiles::WEBSOCKET, Profile::DEFAULT, Limits { p50: 30.0, p95: 100.0, max: 400.0, lock_s: 5.0 });
}

/// SYNC-4
#[test]
fn delays_without_a_sharp_floor_are_left_to_the_filter() {
    keeps(profiles::GAMMA, Profile::DEFAULT, Limits { p50: 250.0, p95: 700.0, max: 2000.0, lock_s: 5.0 });
    keeps(profiles::GAUSSIAN, Profile::DEFAULT, Limits { p50: 200.0, p95: 600.0, max: 2000.0, lock_s: 5.0 });
}
