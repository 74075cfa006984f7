//! A node that runs a new image and its hub both watch it for a while. The node has to be sure first: what the hub calls done
//! must not be taken back by the node itself.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

use std::time::Duration;

use cuelight_conductor::rollout::{Plan, Rollout, Seen, Status};
use cuelight_update::health::{Gate, Health, Verdict};
use cuelight_wire::control::OtaState;
use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Span, Time};

const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);

/// The clock locks, the frame loop sums up a second, and keepalives go, each at moments of their own (milliseconds). Returns when
/// the node is sure, and when the hub is.
fn sure_at(locked_at: u64, summed_at: u64, keepalive_at: u64) -> (u64, u64) {
    let mut hub = Rollout::new(Plan::new("0.2.0", vec![MAC]), None).unwrap();
    hub.handle_report(MAC, OtaState::Rebooting, 0, None, Time::ZERO);
    let mut gate = Gate::new(true, Duration::from_secs(80));
    let (mut node_at, mut hub_at) = (None, None);
    for now in (0..20_000).step_by(10) {
        let fps = if now >= summed_at { 120.0 } else { 0.0 };
        let health =
            Health { has_hub: true, is_locked: now >= locked_at, has_outputs: true, rate_pct: fps / 120.0 * 100.0 };
        if now % 100 == 0 && node_at.is_none() && gate.handle(&health, Duration::from_millis(now)) == Verdict::Proven {
            node_at = Some(now);
        }
        // A hub looks at what the last keepalive said ten times a second.
        let told = now >= locked_at && now >= keepalive_at;
        let fps = if now >= keepalive_at && (now - (now - keepalive_at) % 1_000) >= summed_at { 120.0 } else { 0.0 };
        let seen = Seen { is_connected: true, is_ready: told, fw: "cuelight-0.2.0", fps, uptime: Some(Span::ZERO) };
        let at = Time::from_us(i64::try_from(now).unwrap() * 1_000);
        hub.handle_seen(MAC, &seen, at);
        hub.handle_timeout(at);
        if hub_at.is_none() && hub.status() == Status::Finished {
            hub_at = Some(now);
        }
    }
    (node_at.expect("the node is sure"), hub_at.expect("the hub is sure"))
}

/// OTA-2, OTA-3
#[test]
fn the_node_is_sure_of_its_image_before_the_hub_is() {
    let mut closest = u64::MAX;
    for locked_at in (300..2_400).step_by(70) {
        // The frame loop's first sum comes within a second of the lock, or has come before it.
        for summed_at in (0..=locked_at + 1_000).step_by(110) {
            for keepalive_at in (locked_at..locked_at + 1_000).step_by(130) {
                let (node_at, hub_at) = sure_at(locked_at, summed_at, keepalive_at);
                assert!(node_at < hub_at, "{locked_at} {summed_at} {keepalive_at}: node {node_at}, hub {hub_at}");
                closest = closest.min(hub_at - node_at);
            }
        }
    }
    // What is left for writing it down, at the worst moment of all.
    assert!((300..600).contains(&closest), "{closest} ms");
}
