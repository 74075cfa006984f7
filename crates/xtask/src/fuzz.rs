//! `cargo xtask fuzz`: fuzzes the targets of `fuzz/` with cargo-fuzz.
//!
//! `cargo xtask test` replays the corpora without it. What a fuzzing run finds belongs into `fuzz/corpus/TARGET/`.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{process, workspace};

const VERSION: &str = "0.13.2";

/// Arguments of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The target; all of them, one after the other, when it is not given
    target: Option<String>,
    /// How long to fuzz each target
    #[arg(long, default_value_t = 30)]
    seconds: u32,
}

/// Fuzzes one target or all.
pub(crate) fn run(args: &Args) -> Result<()> {
    let all = targets()?;
    let chosen = match &args.target {
        Some(name) if all.contains(name) => std::slice::from_ref(name),
        Some(name) => bail!("there is no fuzz target {name}; there are: {}", all.join(", ")),
        None => &all,
    };
    let fuzz = process::cargo_tool("cargo-fuzz", VERSION, &workspace::read()?.target)?;
    for name in chosen {
        let mut command = Command::new(&fuzz);
        // Coverage and sanitizers are unstable options of the compiler; the bootstrap switch lets the stable one take them.
        command.current_dir(process::root().join("fuzz")).env("RUSTC_BOOTSTRAP", "1");
        // New inputs go to a folder of their own; the corpus in the repository is read.
        let found = process::root().join("fuzz/target/found").join(name);
        std::fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
        command.args(["fuzz", "run", "--features", "libfuzzer", name]).arg(found).arg(format!("corpus/{name}"));
        command.args(["--", &format!("-max_total_time={}", args.seconds), "-max_len=4096"]);
        process::run(&mut command).with_context(|| {
            format!("{name}: the input that fails is in fuzz/artifacts/{name}; see CONTRIBUTING.md")
        })?;
    }
    Ok(())
}

/// The targets, by their files.
fn targets() -> Result<Vec<String>> {
    let folder = process::root().join("fuzz/fuzz_targets");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".rs").map(String::from))
        .collect();
    names.sort();
    Ok(names)
}
