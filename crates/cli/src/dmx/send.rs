//! `cuelight dmx send`.

use anyhow::Result;
use clap::Args;

use super::sender::Target;
use super::slots::Slots;
use crate::{print, shutdown};

/// `cuelight dmx send`.
#[derive(Args, Debug)]
pub(super) struct Send {
    #[command(flatten)]
    target: Target,
    /// Levels, like 1=255,5..10=128,20=50%; the other slots up to the last one named are 0
    #[arg(long, value_name = "SLOTS")]
    slots: Slots,
}

impl Send {
    /// Sends until it is stopped.
    pub(super) fn run(self) -> Result<()> {
        let stop = shutdown::flag()?;
        eprintln!("{}; Ctrl-C ends it", self.target.described());
        let levels = self.slots.levels();
        let sent = self.target.play(&stop, |_, _, slots| {
            slots[..levels.len()].copy_from_slice(levels);
            Some(levels.len())
        })?;
        print::text(&sent.told())
    }
}
