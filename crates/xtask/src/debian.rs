//! Programs that tests and the lab use, from Debian's packages.

use std::process::Command;

use crate::process;

/// Installs programs, each with its package, where they are missing and that is allowed; whoever uses them says what is
/// missing.
pub(crate) fn install_tools(tools: &[(&str, &'static str)]) {
    let is_missing = |tool: &str| Command::new(tool).arg("--help").output().is_err();
    let missing: Vec<_> = tools.iter().filter(|(tool, _)| is_missing(tool)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        install(&missing);
    }
}

/// Installs packages as root on a machine with apt-get; elsewhere whoever uses them says what is missing.
pub(crate) fn install(packages: &[&str]) {
    let is_root = process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim_ascii() == b"0");
    if !is_root {
        return;
    }
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command.args(["install", "--yes", "--no-install-recommends", "--quiet"]).args(packages);
    if process::run(&mut command).is_err() {
        // The list of packages may be missing or old.
        let updated = process::run(Command::new("apt-get").args(["update", "--quiet"]));
        if let Err(error) = updated.and_then(|()| process::run(&mut command)) {
            eprintln!("{error:#}");
        }
    }
}
