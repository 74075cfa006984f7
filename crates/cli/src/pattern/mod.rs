//! `cuelight pattern`: pattern files, and the stores of hubs, nodes and deployed devices.

mod attempts;
mod bar;
mod delete;
mod list;
mod make;
mod play;
mod preview;
mod put;
mod show;
mod store;

use anyhow::Result;
use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  cuelight pattern make --effect aurora --seconds 10 --fps 60 --leds 160 aurora.prism
  cuelight pattern put aurora.prism                        to the hub; its nodes fetch it from there
  cuelight pattern list                                    what there is, and which nodes have it
  cuelight pattern show aurora                             how long, how wide, how it looks
  cuelight pattern play aurora --group front --fade 1s     at the same frame on all of them
  cuelight pattern stop --group front
  cuelight pattern delete aurora
  cuelight pattern put aurora.prism --device 192.168.4.30:80   to one device, without a hub

Exit codes: 0 done, 1 refused or no answer, 2 wrong usage.";

/// `cuelight pattern`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Pattern {
    #[command(subcommand)]
    word: Word,
}

#[derive(Debug, Subcommand)]
enum Word {
    /// Make a pattern from an effect, a preset or a picture
    Make(make::Make),
    /// Upload patterns
    Put(put::Put),
    /// List what is stored, and how far the nodes are
    List(list::List),
    /// Show what a pattern is and how it looks
    Show(show::Show),
    /// Play a pattern on the show, a group or a node
    Play(play::Play),
    /// Stop playing: the effect below shows again
    Stop(play::Stop),
    /// Delete patterns
    Delete(delete::Delete),
}

impl Pattern {
    /// Does what the word says.
    pub(crate) fn run(self) -> Result<()> {
        match self.word {
            Word::Make(make) => make.run(),
            Word::Put(put) => put.run(),
            Word::List(list) => list.run(),
            Word::Show(show) => show.run(),
            Word::Play(play) => play.run(),
            Word::Stop(stop) => stop.run(),
            Word::Delete(delete) => delete.run(),
        }
    }
}
