//! Runs other programs, in the repository's folder unless said otherwise, with errors that name the command.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The repository's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("this crate lies in crates/xtask")
}

/// The cargo that started xtask.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // Set by `cargo run` for xtask itself; other packages' builds must not see them change.
    for (name, _) in std::env::vars_os() {
        let of_cargo = name.to_str().is_some_and(|n| n.starts_with("CARGO_PKG_") || n.starts_with("CARGO_MANIFEST_"));
        if of_cargo {
            command.env_remove(name);
        }
    }
    command
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let mut words = vec![program.to_string_lossy()];
    words.extend(command.get_args().map(OsStr::to_string_lossy));
    words.join(" ")
}

/// Runs a command to its end; it must succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", shown(command));
    let status = command.status().with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", shown(command));
    }
    Ok(())
}

/// Runs a command and returns what it printed; it must succeed.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output().with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed: {}\n{}", shown(command), output.status, errors.trim());
    }
    Ok(output.stdout)
}

/// Whether the command starts and succeeds; what it prints is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Installs a cargo subcommand into the target folder unless it is there already, and returns the path of its binary.
/// `version` is pinned so that the same check runs everywhere.
pub(crate) fn cargo_tool(name: &str, version: &str, target: &Path) -> Result<PathBuf> {
    let folder = target.join("tools");
    let binary = folder.join("bin").join(name);
    if !succeeds(Command::new(&binary).arg("--version")) {
        let mut install = cargo();
        install.args(["install", "--locked", "--quiet", name, "--version", version, "--root"]).arg(&folder);
        // The tool's own build does not go into the project's target folder.
        install.env_remove("CARGO_TARGET_DIR").env_remove("CARGO_BUILD_TARGET_DIR");
        run(&mut install).with_context(|| format!("{name} {version} is needed and could not be installed"))?;
    }
    Ok(binary)
}
