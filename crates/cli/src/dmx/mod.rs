//! `cuelight dmx`: sACN and Art-Net without a hub: looking, sending, checking cables, finding devices.

mod discover;
mod forward;
mod monitor;
mod send;
mod sender;
mod slots;
mod test;

use std::net::Ipv4Addr;

use anyhow::Result;
use clap::{Args, Subcommand};
use cuelight_input::Protocol;

const EXAMPLES: &str = "\
Examples:
  cuelight dmx discover                                    which devices and desks are there?
  cuelight dmx monitor --universe 1..4                     who sends what, at which priority, how often
  cuelight dmx monitor --universe 1 --slot 12 --once       why is slot 12 as it is?
  cuelight dmx send --universe 1 --slots '1=255,5..10=128'
  cuelight dmx send --universe 0 --artnet --to 10.0.0.50 --slots 1..512=50% --seconds 10
  cuelight dmx test chase --universe 1..2                  one slot after the other: are the cables right?
  cuelight dmx forward --take sacn:1..4 --universe 0 --artnet --to 10.0.0.50

sACN and Art-Net have no security: whoever reaches the network drives the lights.

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// `cuelight dmx`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Dmx {
    #[command(subcommand)]
    word: Word,
}

#[derive(Debug, Subcommand)]
enum Word {
    /// Show the levels of universes, their sources, and which source each slot obeys
    Monitor(monitor::Monitor),
    /// Send levels until Ctrl-C, then end the stream
    Send(send::Send),
    /// Send patterns that show whether cables, addresses and fixtures are right
    Test(test::Test),
    /// Take universes from the network, merge them, and send them on
    Forward(forward::Forward),
    /// Find devices of Art-Net and sources of sACN
    Discover(discover::Discover),
}

impl Dmx {
    /// Does what the word says.
    pub(crate) fn run(self) -> Result<()> {
        match self.word {
            Word::Monitor(monitor) => monitor.run(),
            Word::Send(send) => send.run(),
            Word::Test(test) => test.run(),
            Word::Forward(forward) => forward.run(),
            Word::Discover(discover) => discover.run(),
        }
    }
}

/// Which protocols, and on which network.
#[derive(Args, Clone, Copy, Debug)]
struct Network {
    /// Only sACN
    #[arg(long, conflicts_with = "artnet")]
    sacn: bool,
    /// Only Art-Net
    #[arg(long)]
    artnet: bool,
    /// Address of this machine to take datagrams at, and whose network the groups are joined on [default: all, and the default route's]
    #[arg(long, value_name = "IP")]
    at: Option<Ipv4Addr>,
}

impl Network {
    fn has(self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Sacn => !self.artnet,
            Protocol::ArtNet => !self.sacn,
        }
    }
}
