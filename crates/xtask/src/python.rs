//! A Python with the packages `websockets` and `sacn`, for the clients, devices and lighting desks that tests have written in
//! it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{debian, process};

/// Where Debian's own Python is, which has Debian's own packages.
const DEBIAN_PYTHON: &str = "/usr/bin/python3";
/// The variable by which tests are told.
pub(crate) const VARIABLE: &str = "CUELIGHT_PYTHON";

/// What is installed; Debian does not have the second one.
const PACKAGES: [&str; 2] = ["websockets==15.0.1", "sacn==1.11.0"];

/// One that is here, or is made in a folder below `target`; what that needs is installed where it is allowed. Where it does
/// not work, whoever uses it says what is missing.
pub(crate) fn with_packages(target: &Path) -> PathBuf {
    let folder = target.join("tools/python");
    let own = folder.join("bin/python3");
    let candidates = [Path::new("python3"), Path::new(DEBIAN_PYTHON), &own];
    let found = || candidates.into_iter().find(|python| has_packages(python)).map(Path::to_owned);
    let make = || {
        process::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        process::run(Command::new(&own).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES))
    };
    found()
        .or_else(|| {
            if make().is_err() {
                debian::install(&["python3", "python3-venv"]);
                make().inspect_err(|error| eprintln!("{error:#}")).ok()?;
            }
            found()
        })
        .unwrap_or_else(|| "python3".into())
}

fn has_packages(python: &Path) -> bool {
    process::succeeds(Command::new(python).args(["-c", "import websockets, sacn"]))
}
