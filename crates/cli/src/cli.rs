//! The command line.

use clap::{Parser, Subcommand};

use crate::access::{Account, Audit, Key};
use crate::check::Check;
use crate::ctl::Ctl;
use crate::cue::Cue;
use crate::demo::Demo;
use crate::dmx::Dmx;
use crate::doctor::Doctor;
use crate::effects::Effects;
use crate::hub::Hub;
use crate::keep::{Backup, Export, Restore};
use crate::leash::Leash;
use crate::node::Node;
use crate::ota::Ota;
use crate::pairing::Pairing;
use crate::patch::Patch;
use crate::pattern::Pattern;
use crate::play::Play;
use crate::run::Run;
use crate::show::Show;
use crate::sim::Sim;

const EXAMPLES: &str = "\
Examples:
  cuelight hub                              conduct a show; the page is at http://localhost:8080/
  cuelight node --output terminal           show it here; finds the hub on the network
  cuelight node --hub 192.168.1.10 --geometry matrix:16x16:serpentine --output ddp:wled.local
  cuelight ctl scene --preset Ocean --fade 2s
  cuelight effects                          what there is to show
  cuelight doctor                           is this machine fit for exact timing?

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.
Log lines go to standard error; RUST_LOG chooses them (default: info).";

/// One show, many machines, one instant.
#[derive(Debug, Parser)]
#[command(name = "cuelight", version = crate::VERSION, about, after_long_help = EXAMPLES, propagate_version = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Conduct a show
    Hub(Hub),
    /// Follow a hub and put out light
    Node(Node),
    /// Conduct or follow, as the role in a configuration file says
    Run(Run),
    /// Run a show on this machine: a hub, nodes, their lights in the terminal
    Demo(Demo),
    /// Command a running hub
    Ctl(Ctl),
    /// Admit nodes to the show, or refuse them
    Pairing(Pairing),
    /// Look at sACN and Art-Net, send them, test cables, find devices
    Dmx(Dmx),
    /// List effects, palettes and presets
    Effects(Effects),
    /// Fixtures and where they are patched, in a show file; import of GDTF and Open Fixture Library files
    Patch(Patch),
    /// Make, upload, list and play patterns
    Pattern(Pattern),
    /// Play a cue list of a show file on this machine, without a hub
    Play(Play),
    /// Sign images, publish them, update nodes one at a time
    Ota(Ota),
    /// Play a show: its file, its cue lists, orders and edits
    Cue(Cue),
    /// Arm a show: no node is updated meanwhile
    Show(Show),
    /// Keys of programs: list, make, revoke
    Key(Key),
    /// Accounts of people: list, add, change, remove
    Account(Account),
    /// The log of who did what: check that nobody touched it, print it
    Audit(Audit),
    /// Keep a hub's data folder in one file
    Backup(Backup),
    /// Make a hub's data folder what it was when a backup was made
    Restore(Restore),
    /// Write down what a hub holds, for reading: no secrets
    Export(Export),
    /// Check a configuration file and print what it means
    Check(Check),
    /// Simulate, in virtual time
    Sim(Sim),
    /// Check this machine: ports, folders, priorities, clocks, timers, network
    Doctor(Doctor),
    /// Run a program that ends with this one's standard input
    #[command(name = cuelight_hub::access_point::LEASH_COMMAND, hide = true)]
    Leash(Leash),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_subcommand_and_flag_says_what_it_does() {
        fn look(command: &clap::Command) {
            for argument in command.get_arguments().filter(|argument| argument.get_id() != "help") {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
            for sub in command.get_subcommands() {
                assert!(sub.get_about().is_some(), "{}", sub.get_name());
                look(sub);
            }
        }
        look(&Cli::command());
    }
}
