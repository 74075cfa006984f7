//! The hub as access point: `cuelight hub --access-point IFACE` makes an interface the show's network, with the programs
//! that Linux has for it. hostapd runs the radio, dnsmasq gives addresses, ip sets the hub's own.
//!
//! Promises: nothing is changed before everything that can be refused has been looked at (AP-4); the tools end with the hub,
//! also when it is killed (AP-6); the password is in one file that its owner alone reads, and nowhere else (AP-2).
//! Implements `docs/protocol/75-access-point.md`.

mod dnsmasq;
mod error;
mod hostapd;
mod interface;
mod leash;
mod leftover;
mod settings;
mod status;
mod supervisor;
mod tools;
mod upkeep;

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use tracing::{info, warn};

pub(crate) use dnsmasq::Lease;
pub use error::AccessPointError;
pub use leash::{LEASH_COMMAND, run_leashed};
pub use settings::{
    AccessPointSettings, BadSetting, Channel, Country, DEFAULT_CHANNEL, DEFAULT_PASSPHRASE, DEFAULT_SSID, Interface,
    Passphrase, Radio, Ssid,
};
pub(crate) use status::{Facts, ProgramState};

use crate::store::DataFolder;
use interface::Address;
use supervisor::{Service, Supervisor};
use tools::{Tool, Tools};

/// Folder of the generated files, in the data folder.
const FOLDER: &str = "access-point";
/// The lease file there.
const LEASES: &str = "leases";

/// An interface that has the hub's address, and everything that is needed to go on. Dropping it takes the address away.
#[derive(Debug)]
pub(crate) struct Prepared(Supervisor);

/// A running access point. Dropping it ends its tools, waits for their end and takes the address away.
#[derive(Debug)]
pub(crate) struct AccessPoint {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Prepared {
    /// Looks at everything that can be wrong, writes the tools' files, and gives the interface its address.
    pub(crate) fn new(settings: &AccessPointSettings, folder: &DataFolder) -> Result<Self, AccessPointError> {
        settings.check()?;
        let tools = Tools::find(settings.radio)?;
        tools::check_privileges()?;
        interface::check(settings)?;
        let services = write_files(settings, folder, &tools)?;
        let names: Vec<Tool> = services.iter().map(|service| service.tool).collect();
        let facts = Facts::new(settings.clone(), folder.path().join(FOLDER).join(LEASES), &names);
        let address = Address::set(&tools, &settings.interface)?;
        let interface = settings.interface.clone();
        info!("{interface} is the show's network, the hub is {} there", cuelight_wire::limits::HUB_IP);
        for risk in settings.risks() {
            warn!("risk: {risk}");
        }
        Ok(Self(Supervisor { interface, address, services, facts }))
    }

    /// What everybody may ask.
    pub(crate) fn facts(&self) -> Facts {
        self.0.facts.clone()
    }

    /// Starts the tools, and the thread that looks after them.
    pub(crate) fn start(self) -> io::Result<AccessPoint> {
        let (stop, stopped) = channel();
        let run = move || self.0.run(&stopped);
        let thread = thread::Builder::new().name("access-point".into()).spawn(run)?;
        Ok(AccessPoint { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for AccessPoint {
    fn drop(&mut self) {
        self.stop = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            warn!("the access point's thread failed; its tools end with the hub");
        }
    }
}

/// Writes the configuration files (AP-2) and says how to start each tool with its own.
fn write_files(
    settings: &AccessPointSettings,
    folder: &DataFolder,
    tools: &Tools,
) -> Result<Vec<Service>, AccessPointError> {
    let own = own_folder(folder)?;
    let write = |name: &str, text: &str| {
        let path = own.join(name);
        match folder.replace(&format!("{FOLDER}/{name}"), text.as_bytes(), 0o600, false) {
            Ok(()) => Ok(path),
            Err(source) => Err(AccessPointError::File { path, source }),
        }
    };
    let mut services = Vec::new();
    if settings.radio == Radio::Off {
        // An earlier run's, with a password that nobody needs.
        let _ = fs::remove_file(own.join("hostapd.conf"));
    } else {
        let config = write("hostapd.conf", &hostapd::config(settings, dnsmasq::POOL))?;
        let program = tools.path(Tool::Hostapd).to_owned();
        services.push(Service::new(Tool::Hostapd, program, vec![config.clone().into()], config));
    }
    let config = write("dnsmasq.conf", &dnsmasq::config(&settings.interface))?;
    let program = tools.path(Tool::Dnsmasq).to_owned();
    let args = [
        option("--conf-file", &config),
        option("--dhcp-leasefile", &own.join(LEASES)),
        "--keep-in-foreground".into(),
        "--log-facility=-".into(),
    ];
    services.push(Service::new(Tool::Dnsmasq, program, args.into(), config));
    Ok(services)
}

/// The folder of the generated files, by its full path: tools are known by it.
fn own_folder(folder: &DataFolder) -> Result<PathBuf, AccessPointError> {
    let path = folder.path().join(FOLDER);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&path).and_then(|()| fs::canonicalize(&path));
    made.map_err(|source| AccessPointError::File { path, source })
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push("=");
    option.push(path);
    option
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// AP-2
    #[test]
    fn the_password_is_in_one_file_that_its_owner_alone_reads_and_in_no_command_line() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path()).unwrap();
        let settings = AccessPointSettings {
            passphrase: "correct horse".parse().unwrap(),
            ..AccessPointSettings::new("wlan0".parse().unwrap())
        };
        let services = write_files(&settings, &folder, &Tools::anywhere()).unwrap();
        let own = fs::canonicalize(temporary.path().join(FOLDER)).unwrap();
        assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o700);
        let mut with_password = Vec::new();
        for entry in fs::read_dir(&own).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
            if fs::read_to_string(&path).unwrap().contains("correct horse") {
                with_password.push(path);
            }
        }
        assert_eq!(with_password, [own.join("hostapd.conf")]);
        assert!(!format!("{services:?}").contains("correct horse"));
        assert_eq!(services.iter().map(|service| service.tool).collect::<Vec<_>>(), [Tool::Hostapd, Tool::Dnsmasq]);
    }

    #[test]
    fn without_a_radio_there_is_no_hostapd_and_no_password() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path()).unwrap();
        let settings = AccessPointSettings::new("eth0".parse().unwrap());
        write_files(&settings, &folder, &Tools::anywhere()).unwrap();
        let settings = AccessPointSettings { radio: Radio::Off, ..settings };
        let services = write_files(&settings, &folder, &Tools::anywhere()).unwrap();
        assert_eq!(services.iter().map(|service| service.tool).collect::<Vec<_>>(), [Tool::Dnsmasq]);
        assert!(!temporary.path().join(FOLDER).join("hostapd.conf").exists());
    }
}
