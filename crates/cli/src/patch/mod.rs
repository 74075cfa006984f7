//! `cuelight patch`: fixtures, where they are patched, and groups, in a show file.

mod add;
mod change;
mod conflicts;
mod file;
mod import;
mod list;
mod sheet;

use anyhow::Result;
use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  cuelight patch import spot.gdtf --into show.toml      the fixture type, with what is left out
  cuelight patch add show.toml --type Spot --count 6    the next free numbers, the first free addresses
  cuelight patch move show.toml 3 2.101
  cuelight patch group show.toml spots 1..6
  cuelight patch conflicts show.toml
  cuelight patch sheet show.toml --html > sheet.html

Order and comments of the file stay as they are. A change that would make a conflict is refused, with an address that is free.

Exit codes: 0 done, 1 refused, or there are conflicts, 2 wrong usage, or a file that cannot be read.";

/// `cuelight patch`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Patch {
    #[command(subcommand)]
    word: Word,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Word {
    /// List fixtures by their numbers
    List(list::List),
    /// Print the patch by universe and slot, with what is free
    Sheet(sheet::Sheet),
    /// Add fixtures
    Add(add::Add),
    /// Patch a fixture elsewhere
    Move(change::Move),
    /// Take fixtures out, also out of groups
    Remove(change::Remove),
    /// Make, change or delete a group
    Group(change::SetGroup),
    /// Read a GDTF or Open Fixture Library file as a fixture type
    Import(import::Import),
    /// Tell what is wrong with the patch
    Conflicts(conflicts::Conflicts),
}

impl Patch {
    /// Does what the word says.
    pub(crate) fn run(self) -> Result<()> {
        match self.word {
            Word::List(list) => list.run(self.json),
            Word::Sheet(sheet) => sheet.run(self.json),
            Word::Add(add) => add.run(self.json),
            Word::Move(change) => change.run(self.json),
            Word::Remove(change) => change.run(self.json),
            Word::Group(change) => change.run(self.json),
            Word::Import(import) => import.run(self.json),
            Word::Conflicts(conflicts) => conflicts.run(self.json),
        }
    }
}
