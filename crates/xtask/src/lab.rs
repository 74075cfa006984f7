//! `cargo xtask lab`: builds Cuelight and plays shows of real processes in network namespaces.
//!
//! As root it installs what is missing with apt-get; else the lab says what is missing. Timing is judged only as root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::{debian, process, python, test, workspace};

/// Arguments of `cargo xtask lab`.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Arguments of `cuelight-lab`: scenarios, --short, --quick, --runs N, --list, --out DIR, --help
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Builds and becomes the lab: Ctrl-C and the exit code are its own.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut lab = prepare()?;
    if plays_update(&args.rest) {
        lab.arg("--next-program").arg(next_program()?);
    }
    let error = lab.args(&args.rest).exec();
    Err(anyhow!(error)).with_context(|| format!("cannot start `{}`", process::shown(&lab)))
}

/// Whether this machine can run the lab; why not has been printed. A lab that cannot even be built is not this machine's fault.
pub(crate) fn can_run() -> bool {
    prepare().map_or(true, |mut lab| process::run(lab.arg("--check")).is_ok())
}

/// Plays the short set. Machines that check changes run other things too: timing is told there and not judged, as the
/// headless demo judges it, and a scenario has a second try.
pub(crate) fn run_short() -> Result<()> {
    let out = workspace::read()?.target.join("ci/lab");
    process::run(prepare()?.args(["--short", "--untimed", "--once-more", "--out"]).arg(out))
}

fn prepare() -> Result<Command> {
    let target = workspace::read()?.target;
    // Built as the tests build it, `cuelight` and `cuelight-launch` beside it.
    let program = test::program("cuelight-lab")?;
    debian::install_tools(&[
        ("ip", "iproute2"),
        ("hostapd", "hostapd"),
        ("dnsmasq", "dnsmasq-base"),
        ("udhcpc", "udhcpc"),
    ]);
    let python = python::with_packages(&target);
    let mut lab = Command::new(program);
    lab.current_dir(process::root()).arg("--python").arg(python);
    Ok(lab)
}

/// Whether the scenario `update` is among what is asked for.
fn plays_update(words: &[String]) -> bool {
    let others = ["--short", "--list", "--check", "--help", "-h", "soak"];
    let has = |word: &str| words.iter().any(|given| given == word);
    let names_none = words.first().is_none_or(|first| first.starts_with('-'));
    has("update") || (names_none && !others.into_iter().any(has))
}

/// The same program built as another version: what the scenario `update` updates to. Kept beside the builds until the
/// program changes.
fn next_program() -> Result<PathBuf> {
    let target = workspace::read()?.target;
    let (built, next) = (test::program("cuelight")?, target.join("lab-next/cuelight"));
    let age = |path: &Path| fs::metadata(path).and_then(|file| file.modified());
    let is_fresh = matches!((age(&built), age(&next)), (Ok(built), Ok(next)) if next >= built);
    if !is_fresh {
        let other = test::program_with("cuelight", |build| {
            build.env("CUELIGHT_VERSION", "0.2.0");
        })?;
        fs::create_dir_all(target.join("lab-next"))?;
        let bytes = fs::read(&other).with_context(|| format!("cannot read {}", other.display()))?;
        test::program("cuelight")?;
        // Written last, so that it is younger than what it is compared with.
        fs::write(&next, bytes).with_context(|| format!("cannot write {}", next.display()))?;
        fs::set_permissions(&next, fs::Permissions::from_mode(0o755))?;
    }
    Ok(next)
}
