//! `cuelight ota status`.

use anyhow::Result;
use clap::Args;

use super::{follow, picture};
use crate::ctl::client::{Client, Target};
use crate::print;

/// `cuelight ota status`.
#[derive(Args, Debug)]
pub(super) struct Status {
    /// Follow it until it is over or a node fails, or until Ctrl-C
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    target: Target,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) fn run(self) -> Result<()> {
        let client = Client::new(&self.target);
        if self.watch {
            return follow::to_its_end(&client, self.json);
        }
        let shown = client.ask(&follow::call())?;
        if self.json { print::json(&shown) } else { print::text(&picture::of(&shown)) }
    }
}
