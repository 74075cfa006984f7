//! `cuelight dmx monitor`.

mod picture;
mod told;
mod view;

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use cuelight_dmx::artnet::PortAddress;
use cuelight_dmx::merge::Mode;
use cuelight_dmx::range::UniverseRange;
use cuelight_dmx::receive::Names;
use cuelight_dmx::sacn::Universe;
use cuelight_dmx::universe::Settings;
use cuelight_input::{Allowed, Door, Intake, MAX_UNIVERSES, Protocol, Wanted};
use cuelight_net::clock::LocalClock;
use cuelight_wire::time::{Local, Span, Time};

use super::Network;
use crate::{print, shutdown};
use view::Observer;

const MORE: &str = "\
A universe of sACN and one of Art-Net with the same number are shown, and merged, as one: by priority, then as --merge says;
Art-Net counts as priority 100. With --json each line is an object: {\"event\": \"found\" or \"lost\", ..} as it happens, and
{\"event\": \"status\", ..} once a second; --once --json prints the last of these alone.

On a machine where another program has the same port, datagrams by unicast reach only one of the two.";

/// From one picture to the next.
const PICTURE: Span = Span::from_ms(250);
/// From one status line to the next; rates are counted over as long.
const STATUS: Span = Span::from_s(1);
/// What `--once` listens for: the longest keep-alive, and the wait for priorities of single slots.
const ONCE_S: f64 = 3.0;

/// `cuelight dmx monitor`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(super) struct Monitor {
    /// The universe, or several like 1..4; may be given several times
    #[arg(long, value_name = "N|N..M", default_value = "1")]
    universe: Vec<UniverseRange>,
    #[command(flatten)]
    network: Network,
    /// Listen only to these addresses and networks, like 10.0.0.5,10.1.0.0/16
    #[arg(long, value_name = "IP,..")]
    from: Option<Allowed>,
    /// How sources of equal priority share a slot
    #[arg(long, value_enum, default_value_t)]
    merge: Merge,
    /// Show previews too
    #[arg(long)]
    previews: bool,
    /// Say also why these slots are as they are; may be given several times
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    slot: Vec<u16>,
    /// Print once what there is, and end
    #[arg(long)]
    once: bool,
    /// How long to listen [default: 3 with --once, else until Ctrl-C]
    #[arg(long, value_name = "S")]
    seconds: Option<f64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How sources of equal priority share a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Merge {
    /// The highest level wins
    #[default]
    Htp,
    /// The level that changed last wins
    Ltp,
}

impl Monitor {
    /// Shows what comes.
    pub(super) fn run(self) -> Result<()> {
        let stop = shutdown::flag()?;
        let numbers = self.numbers()?;
        let wanted: Vec<_> = numbers.iter().map(|number| self.wanted(*number)).collect();
        let mut table = Intake::table(&wanted);
        let door = || Door { at: self.network.at, from: self.from.clone().unwrap_or_default(), ..Door::default() };
        let door_of = |protocol| self.network.has(protocol).then(door);
        let (sacn, artnet) = (door_of(Protocol::Sacn), door_of(Protocol::ArtNet));
        let intake = Intake::open(&wanted, &mut table, sacn, artnet, LocalClock::UNCHANGED)?;
        let seconds = self.seconds.or(self.once.then_some(ONCE_S));
        let until = seconds.map(|seconds| intake.now() + Span::from_ns((seconds.clamp(0.0, 1e9) * 1e9) as i64));
        let mut observer = Observer::new(intake, numbers, self.slot.clone());
        self.follow(&mut observer, &stop, until)
    }

    fn numbers(&self) -> Result<Vec<u16>> {
        let mut numbers: Vec<u16> = self.universe.iter().flat_map(|range| range.iter()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let has =
            |number: &u16| [Protocol::Sacn, Protocol::ArtNet].iter().any(|p| self.network.has(*p) && p.has(*number));
        if let Some(nobody) = numbers.iter().find(|number| !has(number)) {
            bail!("there is no universe {nobody}: sACN has 1 to 63999, Art-Net 0 to 32767");
        }
        if numbers.len() > MAX_UNIVERSES {
            bail!("{} universes are too many: at most {MAX_UNIVERSES}", numbers.len());
        }
        Ok(numbers)
    }
    fn wanted(&self, number: u16) -> Wanted {
        let names = Names { sacn: Universe::new(number), artnet: PortAddress::new(number) };
        let mode = match self.merge {
            Merge::Htp => Mode::Htp,
            Merge::Ltp => Mode::Ltp,
        };
        Wanted { names, settings: Settings { mode, shows_previews: self.previews, ..Settings::default() } }
    }

    fn follow(&self, observer: &mut Observer<'_>, stop: &AtomicBool, until: Option<Time<Local>>) -> Result<()> {
        let is_picture = !self.json && !self.once && io::stdout().is_terminal();
        let period = if is_picture { PICTURE } else { STATUS };
        let mut due_at = observer.now() + period;
        loop {
            let wait_until = until.map_or(due_at, |until| until.min(due_at));
            for event in observer.observe(wait_until)? {
                if self.once || is_picture {
                    continue;
                }
                if self.json { print::text(&event.to_string())? } else { print::text(&told::line(&event))? }
            }
            let now = observer.now();
            if stop.load(Ordering::Acquire) || until.is_some_and(|until| now >= until) {
                break;
            }
            if now >= due_at {
                due_at = (due_at + period).max(now);
                self.show(observer, is_picture)?;
            }
        }
        if !self.once {
            return Ok(());
        }
        let view = observer.view();
        if self.json { print::json(&view) } else { print::text(&picture::of(&view)) }
    }

    /// The state of things, in between.
    fn show(&self, observer: &mut Observer<'_>, is_picture: bool) -> Result<()> {
        if is_picture {
            print::text(&picture::on_screen(&observer.view()))
        } else if self.json && !self.once {
            print::text(&observer.status().to_string())
        } else {
            Ok(())
        }
    }
}
