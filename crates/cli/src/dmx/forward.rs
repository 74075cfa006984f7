//! `cuelight dmx forward`: universes from the network, merged, and sent on.

use anyhow::{Result, bail, ensure};
use clap::Args;
use cuelight_input::{InputSetting, Intake, Plan, Protocol};
use cuelight_net::clock::LocalClock;

use super::sender::Target;
use crate::{print, shutdown};

const MORE: &str = "\
--take is sacn:1..4 or artnet:0..3, and after a ?, joined by &, as needed: as=1 (the first is the show's universe 1), at=IP,
from=IP,NET/BITS (who is listened to), max=120 (the highest priority a source may have), priority=100 (Art-Net's), mode=htp|ltp.
The show's universes, in their order, are sent as --universe and those behind it.

Examples:
  cuelight dmx forward --take sacn:1..4 --universe 0 --artnet --to 10.0.0.50
  cuelight dmx forward --take 'sacn:1..4?max=120' --take 'artnet:0..3?as=1&from=10.1.0.0/16' --universe 101";

/// `cuelight dmx forward`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(super) struct Forward {
    /// Universes to take from the network; may be given several times
    #[arg(long, value_name = "INPUT", required = true)]
    take: Vec<InputSetting>,
    #[command(flatten)]
    target: Target,
}

impl Forward {
    /// Sends on until it is stopped.
    pub(super) fn run(self) -> Result<()> {
        let plan = Plan::of(&self.take)?;
        let target = self.target.of_count(plan.numbers.len())?;
        self.refuse_circles(&target)?;
        let stop = shutdown::flag()?;
        let mut table = Intake::table(&plan.wanted);
        let mut intake = Intake::open(&plan.wanted, &mut table, plan.sacn, plan.artnet, LocalClock::UNCHANGED)?;
        eprintln!("{}; Ctrl-C ends it", target.described());
        let sent = target.play(&stop, |_, i, slots| {
            if i == 0 {
                intake.take(|_, _| {});
            }
            let now = intake.now();
            let levels = intake.universes().get_mut(i)?.levels(now);
            slots[..levels.len()].copy_from_slice(levels);
            // Before anything was heard there is nothing to say.
            (!levels.is_empty()).then_some(levels.len())
        })?;
        print::text(&sent.told())
    }

    /// What is sent must not come back as a source of itself.
    fn refuse_circles(&self, target: &Target) -> Result<()> {
        ensure!(!self.take.is_empty(), "expected --take");
        for input in self.take.iter().filter(|input| target.protocol() == input.protocol) {
            let (sent, taken) = (target.universes(), input.range);
            if sent.meets(taken) && (input.protocol == Protocol::ArtNet || target.is_multicast()) {
                bail!(
                    "universes {sent} are sent and {taken} of the same protocol taken: levels would come back; send others"
                );
            }
        }
        Ok(())
    }
}
