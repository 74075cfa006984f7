//! Synchronisation against every delay profile: the limits it keeps, in virtual time, by the machines that ship.
//!
//! Limits are a tenth or more above what these seeds show (`--nocapture` prints it). A busy path's figures hang on the few
//! fastest messages of the first minutes: other seeds differ by a fifth.

use crate::world::{Outcome, observe, wandering};
use cuelight_proto::sync::Profile;
use cuelight_sim::oscillator::OscillatorProfile;
use cuelight_sim::profiles::{self, PathProfile};
use cuelight_wire::time::Span;

/// Largest p50, p95 and maximum of the error (us), and the latest first lock (s).
struct Limits {
    p50: f64,
    p95: f64,
    max: f64,
    lock_s: f64,
}

fn limits(p50: f64, p95: f64, max: f64, lock_s: f64) -> Limits {
    Limits { p50, p95, max, lock_s }
}

/// Four minutes for each seed, judged from the second minute on.
fn keeps_with(path: PathProfile, profile: Profile, clock: OscillatorProfile, seeds: u64, limits: &Limits) -> Outcome {
    let mut outcome = observe(path, profile, clock, seeds, 60, 240);
    let (p50, p95, max) = (outcome.percentile(0.5), outcome.percentile(0.95), outcome.percentile(1.0));
    let lock_s = outcome.slowest_lock_s();
    let what = format!("{} {} ppm", path.name, clock.ppm);
    println!("{what}: p50 {p50:.1} p95 {p95:.1} max {max:.1} us, lock {lock_s:.1} s");
    assert!(p50 <= limits.p50, "{what}: p50 {p50} us");
    assert!(p95 <= limits.p95, "{what}: p95 {p95} us");
    assert!(max <= limits.max, "{what}: max {max} us");
    assert!(lock_s <= limits.lock_s, "{what}: locked after {lock_s} s");
    assert_eq!(outcome.bound_violations, 0, "{what}: the bound left the truth out");
    assert_eq!(outcome.backward_steps, 0, "{what}: show time went back");
    assert_eq!((outcome.unlocks, outcome.unusable), (0, 0), "{what}: lost lock");
    assert!(outcome.worst_rate_ppm <= 500.0, "{what}: rate {} ppm", outcome.worst_rate_ppm);
    outcome
}

/// 32 clocks of +-50 ppm that wander; the published sigma must say how far off they are.
fn keeps(path: PathProfile, profile: Profile, limits: &Limits) {
    let outcome = keeps_with(path, profile, wandering(50.0, 0), 32, limits);
    let beyond = f64::from(outcome.beyond_3_sigma) / outcome.errors_us.len() as f64;
    assert!(beyond < 0.1, "{}: beyond three sigma in {beyond} of all looks", path.name);
}

/// SYNC-2
#[test]
fn loopback_is_known_to_half_a_microsecond() {
    keeps(profiles::LOOPBACK_PATH, Profile::LAN, &limits(0.2, 0.5, 1.0, 1.2));
}

/// SYNC-2
#[test]
fn a_wired_network_is_known_to_a_microsecond() {
    keeps(profiles::ETHERNET_PATH, Profile::LAN, &limits(0.5, 1.0, 2.0, 1.2));
}

/// SYNC-2
#[test]
fn busy_wifi_at_ten_percent_loss_is_known_to_a_fifth_of_a_millisecond() {
    keeps(profiles::WIFI_U20_LOSS_10, Profile::DEFAULT, &limits(50.0, 200.0, 1000.0, 3.5));
}

/// SYNC-2
#[test]
fn busy_wifi_at_twenty_percent_loss_is_known_to_a_fifth_of_a_millisecond() {
    keeps(profiles::WIFI_U20_LOSS_20, Profile::DEFAULT, &limits(50.0, 200.0, 1000.0, 3.5));
}

/// SYNC-2
#[test]
fn four_times_the_probes_make_busy_wifi_more_than_twice_as_good() {
    let fast = Profile { probe_period: Span::from_ms(50), ..Profile::DEFAULT };
    for path in [profiles::WIFI_U20_LOSS_10, profiles::WIFI_U20_LOSS_20] {
        keeps(path, fast, &limits(20.0, 60.0, 200.0, 3.5));
    }
}

/// SYNC-2
#[test]
fn long_tails_hardly_matter() {
    keeps(profiles::WIFI_EXP, Profile::DEFAULT, &limits(15.0, 45.0, 120.0, 2.5));
}

/// SYNC-2
#[test]
fn contention_that_comes_and_goes_hardly_matters() {
    keeps(profiles::WIFI_BURSTS, Profile::DEFAULT, &limits(3.0, 8.0, 20.0, 1.2));
}

/// SYNC-2
#[test]
fn jitter_on_one_direction_does_not_bias() {
    keeps(profiles::ONE_SIDED, Profile::DEFAULT, &limits(15.0, 40.0, 150.0, 3.5));
}

/// SYNC-3
#[test]
fn unequal_floors_cost_their_half_difference_and_no_more() {
    keeps(profiles::UNEQUAL_FLOORS, Profile::DEFAULT, &limits(5.0, 15.0, 40.0, 1.2));
}

/// SYNC-11
#[test]
fn the_websocket_alone_is_good_enough() {
    keeps(profiles::WEBSOCKET, Profile::DEFAULT, &limits(15.0, 50.0, 200.0, 4.0));
}

/// SYNC-4
#[test]
fn delays_without_a_sharp_floor_are_left_to_the_filter() {
    keeps(profiles::GAMMA, Profile::DEFAULT, &limits(200.0, 600.0, 1800.0, 3.5));
    keeps(profiles::GAUSSIAN, Profile::DEFAULT, &limits(130.0, 350.0, 1000.0, 3.5));
}

/// SYNC-5
#[test]
fn a_sleeping_receiver_can_be_scheduled_on_within_five_seconds_and_stays_so() {
    keeps(profiles::WIFI_BATCHED, Profile::DEFAULT, &limits(120.0, 400.0, 1200.0, 5.0));
}

/// SYNC-2
#[test]
fn a_skew_of_100_or_200_ppm_costs_nothing() {
    for ppm in [100.0, 200.0] {
        let clock = wandering(ppm, 0);
        keeps_with(profiles::ETHERNET_PATH, Profile::LAN, clock, 16, &limits(0.5, 1.0, 2.0, 1.2));
        keeps_with(profiles::WIFI_U20_LOSS_20, Profile::DEFAULT, clock, 16, &limits(60.0, 240.0, 1000.0, 3.5));
        keeps_with(profiles::ONE_SIDED, Profile::DEFAULT, clock, 16, &limits(15.0, 40.0, 150.0, 3.5));
        keeps_with(profiles::WIFI_BATCHED, Profile::DEFAULT, clock, 16, &limits(140.0, 500.0, 1700.0, 5.0));
    }
}

/// SYNC-2
#[test]
fn a_temperature_ramp_costs_microseconds_wired_and_little_on_busy_paths() {
    // 3 ppm in three minutes: three times what stage 1 takes for the worst.
    let clock = OscillatorProfile { ramp_ppm_per_s: 0.0167, ramp_s: 180.0, ..wandering(50.0, 0) };
    keeps_with(profiles::ETHERNET_PATH, Profile::LAN, clock, 16, &limits(1.0, 7.0, 12.0, 1.2));
    keeps_with(profiles::WIFI_U20_LOSS_10, Profile::DEFAULT, clock, 16, &limits(80.0, 250.0, 1000.0, 3.5));
    keeps_with(profiles::WIFI_U20_LOSS_20, Profile::DEFAULT, clock, 16, &limits(85.0, 250.0, 1000.0, 3.5));
    keeps_with(profiles::WIFI_EXP, Profile::DEFAULT, clock, 16, &limits(30.0, 80.0, 150.0, 2.5));
    keeps_with(profiles::WIFI_BATCHED, Profile::DEFAULT, clock, 16, &limits(150.0, 400.0, 1200.0, 5.0));
    keeps_with(profiles::GAUSSIAN, Profile::DEFAULT, clock, 16, &limits(130.0, 420.0, 1000.0, 3.5));
}
