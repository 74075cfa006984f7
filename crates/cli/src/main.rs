//! The program `cuelight`: hub, node, and the tools around them.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage (flags, variables or configuration file), 75 a node that is to be started again
//! by `cuelight-launch`.

mod access;
mod address;
mod check;
mod cli;
mod config;
mod ctl;
mod cue;
mod demo;
mod dmx;
mod doctor;
mod effects;
mod folders;
mod hub;
mod keep;
mod leash;
mod logging;
mod node;
mod ota;
mod pairing;
mod patch;
mod pattern;
mod play;
mod print;
mod run;
mod show;
mod shutdown;
mod sim;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

/// What this program says it is. A build may be given a version of its own, as a release or as the next one in a test.
const VERSION: &str = match option_env!("CUELIGHT_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

fn main() -> ExitCode {
    shutdown::heed_leash();
    let done = match Cli::parse().command {
        Command::Hub(hub) => hub.run(),
        Command::Node(node) => match node.run() {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Demo(demo) => demo.run(),
        Command::Ctl(ctl) => ctl.run(),
        Command::Pairing(pairing) => pairing.run(),
        Command::Dmx(dmx) => dmx.run(),
        Command::Effects(effects) => effects.run(),
        Command::Patch(patch) => patch.run(),
        Command::Pattern(pattern) => pattern.run(),
        Command::Play(play) => play.run(),
        Command::Ota(ota) => ota.run(),
        Command::Run(run) => match run.run() {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Show(show) => show.run(),
        Command::Cue(cue) => cue.run(),
        Command::Key(key) => key.run(),
        Command::Audit(audit) => audit.run(),
        Command::Account(account) => account.run(),
        Command::Backup(backup) => backup.run(),
        Command::Restore(restore) => restore.run(),
        Command::Export(export) => export.run(),
        Command::Check(check) => check.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Leash(leash) => match leash.run() {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Sim(sim) => sim.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody reads any more (`cuelight effects | head`): no reason to complain.
        Err(error) if print::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cuelight: {}", print::told(&error));
            ExitCode::from(if error.is::<config::ConfigError>() { 2 } else { 1 })
        }
    }
}
