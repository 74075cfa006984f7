//! What the access point is doing, for the API.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::{fs, io};

use serde::Serialize;
use utoipa::ToSchema;

use super::dnsmasq::{self, Lease};
use super::hostapd::Told;
use super::settings::AccessPointSettings;
use super::tools::Tool;

/// Devices that are counted as joined; hostapd lets in no more than there are addresses.
const MAX_STATIONS: usize = 2 * dnsmasq::POOL;

/// What everybody may ask of a hub's access point.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) settings: AccessPointSettings,
    pub(super) lease_file: PathBuf,
    state: Arc<Mutex<State>>,
}

/// What changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Whether the interface is there with its address.
    pub(crate) interface_up: bool,
    /// Whether hostapd says that the network is on the air.
    pub(crate) radio_on: bool,
    /// Devices on the radio, by their MAC addresses.
    pub(crate) stations: BTreeSet<String>,
    /// The programs, in the order in which they are started.
    pub(crate) programs: Vec<ProgramState>,
}

/// How a program of the access point does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ProgramState {
    pub(crate) name: &'static str,
    pub(crate) running: bool,
    /// How often it was started.
    pub(crate) starts: u64,
    /// Why it ended the last time it did.
    pub(crate) failure: Option<String>,
}

impl Facts {
    pub(super) fn new(settings: AccessPointSettings, lease_file: PathBuf, programs: &[Tool]) -> Self {
        let programs = programs.iter();
        let state = |tool: &Tool| ProgramState { name: tool.name(), running: false, starts: 0, failure: None };
        let state = State { programs: programs.map(state).collect(), ..State::default() };
        Self { settings, lease_file, state: Arc::new(Mutex::new(state)) }
    }

    /// Those of an access point whose programs have not started.
    #[cfg(test)]
    pub(crate) fn unstarted(settings: AccessPointSettings, lease_file: PathBuf) -> Self {
        Self::new(settings, lease_file, &[Tool::Hostapd, Tool::Dnsmasq])
    }

    /// The present state.
    pub(crate) fn state(&self) -> State {
        self.lock().clone()
    }

    /// The leases that hold at `wall_s` (seconds since 1970).
    ///
    /// # Errors
    /// The file cannot be read. A file that is not there yet has no leases.
    pub(crate) fn leases(&self, wall_s: u64) -> io::Result<Vec<Lease>> {
        match fs::read_to_string(&self.lease_file) {
            Ok(text) => Ok(dnsmasq::leases(&text, wall_s)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn set_interface(&self, up: bool) {
        self.lock().interface_up = up;
    }

    pub(super) fn set_started(&self, tool: Tool) {
        self.change(tool, |program| {
            program.running = true;
            program.starts += 1;
        });
    }

    pub(super) fn set_ended(&self, tool: Tool, failure: Option<String>) {
        self.change(tool, |program| {
            program.running = false;
            program.failure = failure;
        });
        if tool == Tool::Hostapd {
            self.handle_radio(&Told::Disabled);
        }
    }

    pub(super) fn handle_radio(&self, told: &Told) {
        let mut state = self.lock();
        match told {
            Told::Enabled => state.radio_on = true,
            Told::Disabled => {
                state.radio_on = false;
                state.stations.clear();
            }
            Told::Joined(device) if state.stations.len() < MAX_STATIONS => {
                state.stations.insert(device.clone());
            }
            Told::Joined(_) => {}
            Told::Left(device) => {
                state.stations.remove(device);
            }
        }
    }

    fn change(&self, tool: Tool, change: impl FnOnce(&mut ProgramState)) {
        let mut state = self.lock();
        if let Some(program) = state.programs.iter_mut().find(|program| program.name == tool.name()) {
            change(program);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can panic.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let settings = AccessPointSettings::new("wlan0".parse().unwrap());
        Facts::unstarted(settings, "/nowhere/leases".into())
    }

    #[test]
    fn a_radio_that_ends_has_no_stations() {
        let facts = facts();
        facts.set_started(Tool::Hostapd);
        facts.handle_radio(&Told::Enabled);
        facts.handle_radio(&Told::Joined("a".into()));
        facts.handle_radio(&Told::Joined("b".into()));
        facts.handle_radio(&Told::Left("a".into()));
        assert!(facts.state().radio_on && facts.state().stations.len() == 1);
        facts.set_ended(Tool::Hostapd, Some("exit status: 1".into()));
        let state = facts.state();
        assert!(!state.radio_on && state.stations.is_empty());
        assert_eq!(state.programs[0].failure.as_deref(), Some("exit status: 1"));
        assert_eq!((state.programs[0].running, state.programs[0].starts), (false, 1));
    }

    #[test]
    fn stations_are_counted_up_to_a_limit() {
        let facts = facts();
        for device in 0..10 * MAX_STATIONS {
            facts.handle_radio(&Told::Joined(device.to_string()));
        }
        assert_eq!(facts.state().stations.len(), MAX_STATIONS);
    }

    #[test]
    fn before_the_first_lease_there_is_no_file_and_no_error() {
        assert_eq!(facts().leases(0).unwrap(), []);
    }
}
