//! Builds the crates that firmware uses for a target without a standard library, one by one: built together, one crate's
//! features would hide what another lacks.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// ARM Cortex-M4F and M7F: no operating system, hardware floats of single precision only.
const TARGET: &str = "thumbv7em-none-eabihf";
/// The crates, in the order of their imports.
const CRATES: [&str; 4] = ["wire", "proto", "render", "dmx"];
/// Debian's compiler and the sources of its core library.
const PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CORE: &str = "/usr/lib/rustlib/src/rust/library/core/Cargo.toml";

/// Builds each crate, in a target folder of their own under `target`.
pub(crate) fn build(target: &Path, build_std: bool) -> Result<()> {
    let from_rustup = !build_std && has_target();
    if !from_rustup {
        install_debian_compiler()?;
    }
    let folder = target.join(if from_rustup { "bare-metal" } else { "bare-metal-build-std" });
    let mut wrong = Vec::new();
    for name in CRATES {
        let mut command = process::cargo();
        command.args(["build", "--quiet", "--lib", "--target", TARGET, "--package", &format!("cuelight-{name}")]);
        command.arg("--target-dir").arg(&folder);
        if !from_rustup {
            // Build scripts and macros are built by the same compiler, for this machine.
            command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=core");
        }
        if process::run(&mut command).is_err() {
            wrong.push(name);
        }
    }
    if !wrong.is_empty() {
        bail!("these crates do not build without an operating system: {}", wrong.join(", "));
    }
    Ok(())
}

/// Whether the compiler has the target's core library, after asking rustup for it.
fn has_target() -> bool {
    process::succeeds(Command::new("rustup").current_dir(process::root()).args(["target", "add", TARGET]))
}

/// Installs Debian's compiler and the sources of its core library, unless they are there.
fn install_debian_compiler() -> Result<()> {
    if Path::new(DEBIAN_RUSTC).exists() && Path::new(DEBIAN_CORE).exists() {
        return Ok(());
    }
    let advice = format!(
        "rustup cannot add the target {TARGET} here, so the Debian packages {} are needed; install them as root",
        PACKAGES.join(" and ")
    );
    if !process::succeeds(Command::new("apt-get").arg("--version")) {
        bail!("{advice} (there is no apt-get on this machine)");
    }
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "--yes", "--no-install-recommends"]);
    process::run(Command::new("apt-get").arg("update"))
        .and_then(|()| process::run(install.args(PACKAGES)))
        .context(advice)
}
