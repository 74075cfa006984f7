//! What can happen to a show, one scenario a file.

mod access_point;
mod appliance;
mod bare_path;
mod cable_pulled;
mod commands;
mod dhcp;
mod flood;
mod frame_jitter;
mod hub_killed;
mod hub_stopped;
mod join;
mod legacy;
mod longer_path;
mod node_power;
mod scene_changes;
mod sixteen_nodes;
mod ticks;
mod universes;
mod update;

use crate::stage::Scenario;

/// All of them, in the order of reports.
pub(crate) const ALL: &[Scenario] = &[
    bare_path::SCENARIO,
    join::SCENARIO,
    scene_changes::LOSS_0,
    scene_changes::LOSS_5,
    scene_changes::LOSS_20,
    scene_changes::WIFI,
    scene_changes::WIFI_BURSTS,
    longer_path::SCENARIO,
    hub_killed::SCENARIO,
    hub_stopped::SCENARIO,
    node_power::SCENARIO,
    cable_pulled::SCENARIO,
    flood::SCENARIO,
    legacy::SCENARIO,
    dhcp::SCENARIO,
    access_point::SCENARIO,
    sixteen_nodes::SCENARIO,
    ticks::SCENARIO,
    commands::SCENARIO,
    update::SCENARIO,
    universes::SCENARIO,
    frame_jitter::SCENARIO,
];

/// The scenario of that name.
pub(crate) fn named(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_scenario_has_a_name_of_its_own_that_is_a_folder_too() {
        let names: BTreeSet<_> = ALL.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(
            names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'))
        );
        assert!(named("join").is_some() && named("nothing").is_none());
    }
}
