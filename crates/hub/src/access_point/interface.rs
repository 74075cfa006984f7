//! The interface that becomes the show's network: whether it may, and its address.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cuelight_net::addresses::{ipv4, is_on_hub_network};
use cuelight_wire::limits::{HUB_IP, HUB_NETWORK_BITS};
use nix::net::if_::if_nametoindex;

use super::AccessPointError;
use super::settings::{AccessPointSettings, Interface, Radio};
use super::tools::{Tool, Tools};

/// Interfaces that are listed in a message, at most.
const MAX_LISTED: usize = 16;

/// Where the system tells about itself; elsewhere in tests.
struct System {
    sys: PathBuf,
    run: PathBuf,
}

impl Default for System {
    fn default() -> Self {
        Self { sys: "/sys".into(), run: "/run".into() }
    }
}

/// Refuses an interface that is not there, not fit, or somebody else's (AP-4).
pub(super) fn check(settings: &AccessPointSettings) -> Result<(), AccessPointError> {
    System::default().check_device(settings)?;
    check_network_manager(&settings.interface)?;
    check_addresses(&settings.interface, &ipv4())
}

impl System {
    fn check_device(&self, settings: &AccessPointSettings) -> Result<(), AccessPointError> {
        let interface = &settings.interface;
        let device = self.sys.join("class/net").join(interface.as_str());
        if !device.exists() {
            return Err(AccessPointError::NoInterface { wanted: interface.clone(), there: self.interfaces() });
        }
        if settings.radio == Radio::Nl80211 {
            check_radio(&device.join("phy80211"), interface)?;
        }
        if self.run.join("wpa_supplicant").join(interface.as_str()).exists() {
            return Err(AccessPointError::Managed {
                interface: interface.clone(),
                who: "wpa_supplicant",
                advice: format!(
                    "sudo systemctl disable --now wpa_supplicant@{interface}, or stop the program that runs it"
                ),
            });
        }
        Ok(())
    }

    fn interfaces(&self) -> Vec<String> {
        let entries = fs::read_dir(self.sys.join("class/net")).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names.truncate(MAX_LISTED);
        names
    }
}

fn check_radio(phy: &Path, interface: &Interface) -> Result<(), AccessPointError> {
    let Ok(entries) = fs::read_dir(phy) else {
        return Err(AccessPointError::NoRadio(interface.clone()));
    };
    let switches = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("rfkill"));
    for switch in switches {
        let is_set = |name| fs::read_to_string(switch.path().join(name)).is_ok_and(|text| text.trim() == "1");
        let how = match (is_set("hard"), is_set("soft")) {
            (true, _) => "by a switch on the machine (rfkill: hard blocked): use that switch",
            (_, true) => "by software (rfkill: soft blocked): sudo rfkill unblock wlan",
            (false, false) => continue,
        };
        return Err(AccessPointError::Blocked { interface: interface.clone(), how });
    }
    Ok(())
}

/// NetworkManager answers for every interface, also for those it leaves alone. No answer: it does not run.
fn check_network_manager(interface: &Interface) -> Result<(), AccessPointError> {
    let mut question = Command::new("nmcli");
    question.args(["-g", "GENERAL.STATE", "device", "show", interface.as_str()]).env("LC_ALL", "C");
    let Ok(answer) = question.stdin(Stdio::null()).output() else { return Ok(()) };
    if answer.status.success() && is_managed(&String::from_utf8_lossy(&answer.stdout)) {
        return Err(AccessPointError::Managed {
            interface: interface.clone(),
            who: "NetworkManager",
            advice: format!(
                "sudo nmcli device set {interface} managed no (docs/operations/access-point.md keeps it so)"
            ),
        });
    }
    Ok(())
}

/// Whether a state like `100 (connected)` is any but `10 (unmanaged)` and `0 (unknown)` (`NMDeviceState`).
fn is_managed(state: &str) -> bool {
    let number = state.split_whitespace().next().and_then(|number| number.parse::<u32>().ok());
    number.is_some_and(|number| number > 10)
}

fn check_addresses(interface: &Interface, addresses: &[(String, Ipv4Addr)]) -> Result<(), AccessPointError> {
    for (name, address) in addresses {
        let is_ours = name == interface.as_str();
        match (is_ours, *address) {
            // What a hub that was killed left behind.
            (true, HUB_IP) => {}
            (true, address) => return Err(AccessPointError::InUse { interface: interface.clone(), address }),
            (false, address) if is_on_hub_network(address) => {
                return Err(AccessPointError::Overlap { other: name.clone(), address });
            }
            (false, _) => {}
        }
    }
    Ok(())
}

/// The number of an interface while it is there; a device that was pulled out and put back has another.
pub(super) fn index(interface: &Interface) -> Option<u32> {
    if_nametoindex(interface.as_str()).ok()
}

/// The hub's address on the interface. It is taken away when this is dropped.
#[derive(Debug)]
pub(super) struct Address {
    ip: PathBuf,
    interface: Interface,
}

impl Address {
    /// Gives the interface the hub's address and switches it on.
    pub(super) fn set(tools: &Tools, interface: &Interface) -> Result<Self, AccessPointError> {
        let address = Self { ip: tools.path(Tool::Ip).to_owned(), interface: interface.clone() };
        address.renew()?;
        Ok(address)
    }

    /// Does it again, as after the interface was away.
    pub(super) fn renew(&self) -> Result<(), AccessPointError> {
        self.call(&["address", "replace", &with_bits(), "dev", self.interface.as_str()])?;
        self.call(&["link", "set", self.interface.as_str(), "up"])
    }

    /// Whether the interface has it.
    pub(super) fn is_there(&self) -> bool {
        ipv4().iter().any(|(name, address)| name == self.interface.as_str() && *address == HUB_IP)
    }

    fn call(&self, args: &[&str]) -> Result<(), AccessPointError> {
        let command = || format!("ip {}", args.join(" "));
        let output = Command::new(&self.ip).args(args).env("LC_ALL", "C").stdin(Stdio::null()).output();
        let output =
            output.map_err(|source| AccessPointError::Failed { command: command(), reason: source.to_string() })?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(AccessPointError::Failed { command: command(), reason: said.trim().to_owned() })
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        // The interface may be gone, and its address with it.
        let _ = self.call(&["address", "del", &with_bits(), "dev", self.interface.as_str()]);
    }
}

fn with_bits() -> String {
    format!("{HUB_IP}/{HUB_NETWORK_BITS}")
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A machine with one Wi-Fi and one wired interface.
    fn machine() -> (TempDir, System) {
        let folder = tempfile::tempdir().unwrap();
        let system = System { sys: folder.path().join("sys"), run: folder.path().join("run") };
        fs::create_dir_all(system.sys.join("class/net/cuewlan/phy80211/rfkill0")).unwrap();
        fs::create_dir_all(system.sys.join("class/net/cueeth")).unwrap();
        (folder, system)
    }

    fn refusal(system: &System, interface: &str, radio: Radio) -> String {
        let settings = AccessPointSettings { radio, ..AccessPointSettings::new(interface.parse().unwrap()) };
        system.check_device(&settings).map_or_else(|error| error.to_string(), |()| String::new())
    }

    /// AP-4
    #[test]
    fn a_missing_interface_is_told_with_those_there_are_and_a_wired_one_needs_the_radio_off() {
        let (_folder, system) = machine();
        let message = refusal(&system, "wlan9", Radio::Nl80211);
        assert_eq!(message, "there is no interface wlan9; this machine has cueeth, cuewlan");
        assert!(refusal(&system, "cueeth", Radio::Nl80211).contains("--radio off"));
        assert_eq!(refusal(&system, "cueeth", Radio::Off), "");
        assert_eq!(refusal(&system, "cuewlan", Radio::Nl80211), "");
    }

    /// AP-4
    #[test]
    fn a_blocked_radio_says_what_unblocks_it() {
        let (_folder, system) = machine();
        let switch = system.sys.join("class/net/cuewlan/phy80211/rfkill0");
        fs::write(switch.join("soft"), "1\n").unwrap();
        assert!(refusal(&system, "cuewlan", Radio::Nl80211).contains("rfkill unblock"));
        fs::write(switch.join("hard"), "1\n").unwrap();
        assert!(refusal(&system, "cuewlan", Radio::Nl80211).contains("use that switch"));
        assert_eq!(refusal(&system, "cuewlan", Radio::None), "");
    }

    /// AP-4
    #[test]
    fn an_interface_that_somebody_looks_after_is_refused() {
        let (_folder, system) = machine();
        fs::create_dir_all(system.run.join("wpa_supplicant/cuewlan")).unwrap();
        assert!(refusal(&system, "cuewlan", Radio::Nl80211).contains("wpa_supplicant"));
        for (state, managed) in
            [("100 (connected)\n", true), ("30 (disconnected)", true), ("10 (unmanaged)", false), ("", false)]
        {
            assert_eq!(is_managed(state), managed, "{state}");
        }
    }

    /// AP-4
    #[test]
    fn no_second_dhcp_server_comes_into_a_network_that_exists() {
        let interface: Interface = "eth0".parse().unwrap();
        let told = |name: &str, address: &str| {
            let addresses = [("lo".to_owned(), Ipv4Addr::LOCALHOST), (name.to_owned(), address.parse().unwrap())];
            check_addresses(&interface, &addresses).map_or_else(|error| error.to_string(), |()| String::new())
        };
        assert!(told("eth0", "10.0.0.7").contains("10.0.0.7"));
        assert!(told("eth0", "192.168.4.7").contains("another network"));
        assert!(told("eth1", "192.168.4.7").contains("disconnect eth1"));
        assert_eq!(told("eth0", "192.168.4.1"), "", "what a killed hub left");
        assert_eq!(told("eth1", "192.168.5.1"), "");
    }
}
