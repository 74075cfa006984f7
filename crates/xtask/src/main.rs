//! `cargo xtask`: every check CI runs, runnable by hand; one subcommand a file.
//!
//! `demo` and `test` are for everybody, `ci` runs what must pass before a change lands, the others are its parts.

mod bare_metal;
mod bench;
mod ci;
mod dashboard;
mod debian;
mod demo;
mod deny;
mod fuzz;
mod lab;
mod layers;
mod openapi;
mod outcome;
mod process;
mod purity;
mod python;
mod soak;
mod spec;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, checks and shows Cuelight.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build Cuelight and run a show: a hub and four nodes, as separate processes
    Demo(demo::Args),
    /// Run all tests and print how many passed and failed
    Test,
    /// Run everything that must pass before a change lands
    Ci,
    /// Build the hub's page; cargo itself never does
    Dashboard(dashboard::Args),
    /// Play one long show and look for what grows, drifts or comes late
    Soak(soak::Args),
    /// Check that crates import only what the architecture lets them, and that the pure ones build for bare metal
    Layers(layers::Args),
    /// Check that every requirement of docs/protocol is cited by code and by a test
    Spec,
    /// Write the description of the HTTP API, or compare it with the code
    Openapi(openapi::Args),
    /// Check licences, sources and bans of all dependencies
    Deny,
    /// Play shows of real processes in network namespaces and judge them
    Lab(lab::Args),
    /// Fuzz the decoders and machines
    Fuzz(fuzz::Args),
    /// Run the benchmarks
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Test => test::run(),
        Command::Ci => ci::run(),
        Command::Dashboard(args) => dashboard::run(&args),
        Command::Soak(args) => soak::run(&args),
        Command::Layers(args) => layers::run(&args),
        Command::Spec => spec::run(),
        Command::Openapi(args) => openapi::run(&args),
        Command::Deny => deny::run(),
        Command::Lab(args) => lab::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Bench(args) => bench::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is::<outcome::Reported>() {
                eprintln!("error: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_demo_goes_to_the_demo_as_it_is() {
        let words = ["--headless", "--nodes", "4", "--help", "-v", "--", "x"];
        let cli = Cli::try_parse_from(["xtask", "demo"].iter().chain(&words)).unwrap();
        let Command::Demo(args) = cli.command else { panic!("not the demo") };
        assert_eq!(args.rest, words);
    }
}
