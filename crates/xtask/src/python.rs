//! A Python with the package `websockets`, for the clients and devices that tests have written in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{debian, process};

/// Where Debian's own Python is, which has Debian's own packages.
const DEBIAN_PYTHON: &str = "/usr/bin/python3";
/// The variable by which tests are told.
pub(crate) const VARIABLE: &str = "CUELIGHT_PYTHON";

/// One that is here, or is installed where that is allowed: as root by apt-get, else into a folder below `target`. Where
/// neither works, whoever uses it says what is missing.
pub(crate) fn with_websockets(target: &Path) -> PathBuf {
    let folder = target.join("tools/python");
    let own = folder.join("bin/python3");
    let candidates = [Path::new("python3"), Path::new(DEBIAN_PYTHON), &own];
    let found = || candidates.into_iter().find(|python| has_websockets(python)).map(Path::to_owned);
    found()
        .or_else(|| {
            debian::install(&["python3", "python3-websockets"]);
            found()
        })
        .or_else(|| {
            let made = process::run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
            let pip =
                || process::run(Command::new(&own).args(["-m", "pip", "install", "--quiet", "websockets==15.0.1"]));
            made.and_then(|()| pip()).inspect_err(|error| eprintln!("{error:#}")).ok()?;
            found()
        })
        .unwrap_or_else(|| "python3".into())
}

fn has_websockets(python: &Path) -> bool {
    process::succeeds(Command::new(python).args(["-c", "import websockets"]))
}
