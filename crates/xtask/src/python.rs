//! A Python with the packages `websockets` and `sacn`, for the clients, devices and lighting desks that tests have written in
//! it; and schemathesis, which tries the HTTP API against its description.

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

/// The variable by which tests are told where schemathesis is.
pub(crate) const SCHEMATHESIS: &str = "CUELIGHT_SCHEMATHESIS";
/// Its version: another one finds other things.
const SCHEMATHESIS_PACKAGE: &str = "schemathesis==4.32.5";

/// schemathesis, in a folder of its own below `target`. Where it cannot be installed, its test says that it is missing.
pub(crate) fn schemathesis(target: &Path) -> PathBuf {
    let folder = target.join("tools").join(SCHEMATHESIS_PACKAGE.replace("==", "-"));
    let program = folder.join("bin/schemathesis");
    if !process::succeeds(Command::new(&program).arg("--version")) {
        let make = || process::run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        let made = make().or_else(|_| {
            debian::install(&["python3", "python3-venv"]);
            make()
        });
        let pip = || {
            let mut pip = Command::new(folder.join("bin/python3"));
            process::run(pip.args(["-m", "pip", "install", "--quiet", SCHEMATHESIS_PACKAGE]))
        };
        if let Err(error) = made.and_then(|()| pip()) {
            eprintln!("{error:#}");
        }
    }
    program
}

fn has_packages(python: &Path) -> bool {
    process::succeeds(Command::new(python).args(["-c", "import websockets, sacn"]))
}
