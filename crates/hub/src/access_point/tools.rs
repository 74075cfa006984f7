//! The programs of the system that an access point is made of, and what each must be allowed to do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use nix::unistd::geteuid;

use super::AccessPointError;
use super::settings::Radio;

/// Where they lie when the search path has no administrator's folders, as on Debian for ordinary users.
const ADMIN_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];
/// What DHCP, a radio and addresses need, by their bits (`linux/capability.h`).
const CAPABILITIES: [(u8, &str); 3] = [(10, "CAP_NET_BIND_SERVICE"), (12, "CAP_NET_ADMIN"), (13, "CAP_NET_RAW")];

/// A program of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tool {
    /// Sets addresses.
    Ip,
    /// Gives addresses to nodes.
    Dnsmasq,
    /// Runs the radio.
    Hostapd,
}

impl Tool {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Dnsmasq => "dnsmasq",
            Self::Hostapd => "hostapd",
        }
    }
    /// The Debian package that has it.
    fn package(self) -> &'static str {
        match self {
            Self::Ip => "iproute2",
            Self::Dnsmasq => "dnsmasq-base",
            Self::Hostapd => "hostapd",
        }
    }
}

/// Where the programs are.
#[derive(Clone, Debug)]
pub(super) struct Tools(BTreeMap<Tool, PathBuf>);

impl Tools {
    /// Finds the programs that an access point of this kind needs.
    pub(super) fn find(radio: Radio) -> Result<Self, AccessPointError> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = env::split_paths(&path).chain(ADMIN_FOLDERS.map(PathBuf::from)).collect();
        find_in(&folders, radio).map(Self)
    }
    /// All of them, wherever they may be.
    #[cfg(test)]
    pub(super) fn anywhere() -> Self {
        Self([Tool::Ip, Tool::Dnsmasq, Tool::Hostapd].map(|tool| (tool, tool.name().into())).into())
    }
    pub(super) fn path(&self, tool: Tool) -> &Path {
        self.0.get(&tool).expect("Tools::find found every program that this kind of access point uses")
    }
}

fn find_in(folders: &[PathBuf], radio: Radio) -> Result<BTreeMap<Tool, PathBuf>, AccessPointError> {
    let needed = [Some(Tool::Ip), Some(Tool::Dnsmasq), (radio != Radio::Off).then_some(Tool::Hostapd)];
    let find = |tool: Tool| {
        let found = folders.iter().map(|folder| folder.join(tool.name())).find(|path| path.is_file());
        let missing = AccessPointError::NoProgram { program: tool.name(), package: tool.package() };
        found.map(|path| (tool, path)).ok_or(missing)
    };
    needed.into_iter().flatten().map(find).collect()
}

/// Checks that the programs started from here may do their work. As root they may. Otherwise the capabilities have to be
/// ambient ones, because the programs inherit no others.
pub(super) fn check_privileges() -> Result<(), AccessPointError> {
    if geteuid().is_root() {
        return Ok(());
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let missing = missing(ambient(&status));
    if missing.is_empty() { Ok(()) } else { Err(AccessPointError::NoPrivilege { missing: missing.join(", ") }) }
}

fn ambient(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("CapAmb:"));
    line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0)
}

fn missing(capabilities: u64) -> Vec<&'static str> {
    let lacks = |bit: u8| capabilities & (1 << bit) == 0;
    CAPABILITIES.into_iter().filter(|(bit, _)| lacks(*bit)).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AP-4
    #[test]
    fn the_first_missing_program_is_told_and_a_wired_network_needs_no_hostapd() {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().to_owned()];
        for (tool, package) in [(Tool::Ip, "iproute2"), (Tool::Dnsmasq, "dnsmasq-base"), (Tool::Hostapd, "hostapd")] {
            let refusal = find_in(&folders, Radio::Nl80211).unwrap_err().to_string();
            assert!(refusal.contains(&format!("apt-get install {package}")), "{refusal}");
            fs::write(folder.path().join(tool.name()), b"").unwrap();
        }
        assert_eq!(find_in(&folders, Radio::None).unwrap().len(), 3);
        fs::remove_file(folder.path().join("hostapd")).unwrap();
        assert_eq!(find_in(&folders, Radio::Off).unwrap()[&Tool::Dnsmasq], folder.path().join("dnsmasq"));
    }

    /// AP-4
    #[test]
    fn missing_capabilities_are_named() {
        let status = "CapBnd:\tffff\nCapAmb:\t0000000000003000\n";
        assert_eq!(missing(ambient(status)), ["CAP_NET_BIND_SERVICE"]);
        assert_eq!(missing(ambient("")).len(), 3);
        assert!(missing(1 << 10 | 1 << 12 | 1 << 13).is_empty());
    }
}
