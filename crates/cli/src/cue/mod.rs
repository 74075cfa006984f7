//! `cuelight cue`: the show of a running hub - its file, its cue lists, orders to them, edits.

mod edit;
mod file;
mod list;
mod order;
mod why;

use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::ctl::client::Asking;

const MORE: &str = "\
Examples:
  cuelight cue load show.toml              play a show
  cuelight cue list                        where its lists are
  cuelight cue go
  cuelight cue goto 20 --fade 3s
  cuelight cue release --list 2 --fade 2s
  cuelight cue why 1.12                    why is slot 12 of universe 1 as it is?
  cuelight cue why 1                       whom does every slot of universe 1 obey?
  cuelight cue set 20 1.12=80 spots:Dimmer=50 --fade 4s
  cuelight cue save backup.toml

Exit codes: 0 done, 1 the hub refused or does not answer, 2 wrong usage or a wrong show file.";

/// A show of 2000 cues for 512 universes is read and made ready in seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// `cuelight cue`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(crate) struct Cue {
    #[command(subcommand)]
    word: Word,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Debug, Subcommand)]
enum Word {
    /// Show the cue lists, or the cues of one
    List(list::List),
    /// Tell every change of the lists as it happens
    Watch(list::Watch),
    /// Start the next cue; let a paused list go on
    Go(order::ToList),
    /// Go to the cue before
    Back(order::ToList),
    /// Go to any cue
    Goto(order::Goto),
    /// Stop fades and follows where they are
    Pause(order::ToList),
    /// Let a paused list go on
    Resume(order::ToList),
    /// Let go of everything a list holds
    Release(order::Release),
    /// Say which list and cue the level of a slot is from, or of all slots of a universe
    Why(why::WhyWord),
    /// Play a show from a file
    Load(file::Load),
    /// Play no show
    Unload,
    /// Write the show that is played into a file
    Save(file::Save),
    /// Change parts of a cue; levels are set beside those there are
    Set(edit::Set),
    /// Add a cue
    Insert(edit::Insert),
    /// Take a cue out
    Delete(edit::Delete),
    /// Give a cue another number
    Renumber(edit::Renumber),
}

impl Cue {
    /// Does what the word says.
    pub(crate) fn run(self) -> Result<()> {
        let (client, json) = (self.asking.client().with_patience(PATIENCE), self.asking.json);
        match &self.word {
            Word::List(list) => list.run(&client, json),
            Word::Watch(watch) => watch.run(&client, json),
            Word::Go(list) => order::run(&client, &list.call("go"), json),
            Word::Back(list) => order::run(&client, &list.call("back"), json),
            Word::Goto(goto) => order::run(&client, &goto.call(), json),
            Word::Pause(list) => order::run(&client, &list.call("pause"), json),
            Word::Resume(list) => order::run(&client, &list.call("resume"), json),
            Word::Release(release) => order::run(&client, &release.call(), json),
            Word::Why(why) => why.run(&client, json),
            Word::Load(load) => load.run(&client, json),
            Word::Unload => file::unload(&client, json),
            Word::Save(save) => save.run(&client, json),
            Word::Set(set) => order::run(&client, &set.call()?, json),
            Word::Insert(insert) => order::run(&client, &insert.call()?, json),
            Word::Delete(delete) => order::run(&client, &delete.call(), json),
            Word::Renumber(renumber) => order::run(&client, &renumber.call(), json),
        }
    }
}
