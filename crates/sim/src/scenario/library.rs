//! The scenarios this program knows, from `crates/sim/scenarios`.

use super::Scenario;

macro_rules! library {
    ($($file:literal)*) => {
        /// Names and texts, in the order of their numbers.
        const FILES: &[(&str, &str)] = &[$(($file, include_str!(concat!("../../scenarios/", $file)))),*];
    };
}

library! {
    "001-join.toml"
    "002-fifty-changes.toml"
    "003-loss-20.toml"
    "004-loss-bursts.toml"
    "005-duplicates-and-reordering.toml"
    "006-busy-wifi.toml"
    "007-wifi-batches.toml"
    "008-asymmetric.toml"
    "009-one-sided-jitter.toml"
    "010-rate-limit.toml"
    "011-heavy-tail.toml"
    "012-contention.toml"
    "013-normal-delays.toml"
    "014-no-density-at-the-floor.toml"
    "015-no-time-exchange.toml"
    "016-clocks-far-apart.toml"
    "017-temperature.toml"
    "018-clock-step.toml"
    "019-counter-wrap.toml"
    "020-sequence-wrap.toml"
    "021-partition.toml"
    "022-short-partition.toml"
    "023-hub-restart.toml"
    "024-hub-power-cut.toml"
    "025-hub-with-old-state.toml"
    "026-hub-with-an-empty-disk.toml"
    "027-hub-restart-at-20-percent-loss.toml"
    "028-hub-stopped.toml"
    "029-node-crash.toml"
    "030-node-power-cycle.toml"
    "031-roam.toml"
    "032-slow-cpu.toml"
    "033-late-frames.toml"
    "034-full-inbox.toml"
    "035-later-versions.toml"
    "036-strangers.toml"
    "037-deployed-nodes.toml"
    "038-deployed-hub.toml"
    "039-join-in-a-fade.toml"
    "040-groups.toml"
    "041-ten-thousand-changes.toml"
}

/// There is no such scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no scenario is called {name:?}{}; all are listed by `cuelight sim list`", suggested(.near))]
pub struct UnknownScenario {
    /// What was asked for.
    pub name: String,
    /// Names like it.
    pub near: Vec<String>,
}

fn suggested(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) }
}

/// All of them, in the order of their numbers.
///
/// # Panics
/// Never: a test reads every file.
pub fn all() -> Vec<Scenario> {
    FILES.iter().map(|(file, text)| Scenario::parse(file, text).expect("a test reads every file")).collect()
}

/// The scenario of that number or name.
///
/// # Errors
/// When there is none; with those whose names are near.
pub fn find(name: &str) -> Result<Scenario, UnknownScenario> {
    let is_it = |scenario: &Scenario| {
        let stem = scenario.origin.trim_end_matches(".toml");
        [scenario.number.as_str(), scenario.name.as_str(), stem, scenario.origin.as_str()].contains(&name)
    };
    let mut all = all();
    if let Some(found) = all.iter().position(is_it) {
        return Ok(all.swap_remove(found));
    }
    let mut near: Vec<(f64, String)> = all
        .into_iter()
        .map(|scenario| (likeness(name, &scenario.name), scenario.name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near = near.into_iter().take(3).map(|(_, name)| name).collect();
    Err(UnknownScenario { name: name.to_owned(), near })
}

/// How alike two names are, 0 to 1; a part of a name is very much like it.
fn likeness(asked: &str, name: &str) -> f64 {
    if asked.len() > 2 && name.contains(asked) { 1.0 } else { strsim::jaro_winkler(asked, name) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_in_the_library_under_the_number_it_begins_with() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let mut files: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        assert_eq!(files, FILES.iter().map(|(file, _)| (*file).to_owned()).collect::<Vec<_>>());
        for (n, (file, _)) in FILES.iter().enumerate() {
            assert!(file.starts_with(&format!("{:03}-", n + 1)), "{file} has the number {:03}", n + 1);
        }
        let names: std::collections::BTreeSet<String> = all().into_iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), FILES.len(), "no name twice");
    }

    #[test]
    fn a_scenario_is_found_by_number_name_and_file() {
        for name in ["001", "join", "001-join", "001-join.toml"] {
            assert_eq!(find(name).unwrap().number, "001", "{name}");
        }
        let unknown = find("joni").unwrap_err();
        assert!(unknown.to_string().contains("did you mean join"), "{unknown}");
    }
}
