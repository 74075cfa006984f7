//! `cuelight pattern`: pattern files.

mod make;

use anyhow::Result;
use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  cuelight pattern make --effect aurora --seconds 10 --fps 60 --leds 160 aurora.prism
  cuelight pattern make --preset Ocean --leds 160 ocean.prism
  cuelight pattern make rows.png --fps 30 rows.prism       every row is a frame
  cuelight pattern make fire.gif fire.prism                every picture is a frame";

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
}

impl Pattern {
    /// Does what the word says.
    pub(crate) fn run(self) -> Result<()> {
        match self.word {
            Word::Make(make) => make.run(),
        }
    }
}
