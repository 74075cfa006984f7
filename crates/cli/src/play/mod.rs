//! `cuelight play`: plays a cue list of a show file on this machine, without a hub, to look whether a rig does what it should.

mod word;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use cuelight_dmx::range::UniverseRange;
use cuelight_net::clock::mono_now_ns;
use cuelight_net::identity::{machine_mac, random_mac};
use cuelight_net::realtime::make_thread_realtime;
use cuelight_output::clock::Uninjected;
use cuelight_output::latest::latest;
use cuelight_output::lights::{LightsConfig, LightsFallback, identity_of};
use cuelight_output::universes::Subscriptions;
use cuelight_output::{Lights, LightsHandle, LightsReport, LightsTarget, Playing, Spin};
use cuelight_show::{CueNumber, ListNumber, Playbacks, Score, Show};
use cuelight_wire::scene::Master;
use cuelight_wire::time::{Show as ShowClock, Span, Time};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{Instant, interval, sleep_until};

use self::word::Word;
use crate::config::lights::{Universes, read_show};
use crate::config::{Switch, value::Worded};
use crate::ctl::words::duration;
use crate::{print, shutdown};

/// From a command to its first frame: what 512 universes need to be made ready.
const LEAD: Span = Span::from_ms(50);
/// How often to look whether a cue followed by itself.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Priority of the lights thread, as in a node.
const PRIORITY: u8 = 69;
/// A year: nobody asked for an end.
const NO_END: Duration = Duration::from_secs(31_536_000);

const EXAMPLES: &str = "\
Enter is GO; a number goes to that cue; b back, p pause, r resume, x release, 0 blackout, q or Ctrl-C end.

Examples:
  cuelight play show.toml                                   list 1, its universes by sACN to everybody, 44 Hz
  cuelight play show.toml --list 2 --cue 12 --lights sacn@10.0.0.5
  cuelight play show.toml --lights 'artnet:1..4@10.255.255.255?first=0&hz=40' --for 30s";

/// `cuelight play`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Play {
    /// The show file; `cuelight check FILE` tells what is in it
    file: PathBuf,
    /// The cue list [default: the first]
    #[arg(long, value_name = "NUMBER")]
    list: Option<u16>,
    /// Begin with this cue [default: the first]
    #[arg(long)]
    cue: Option<CueNumber>,
    /// Which universes, like 1..4,7 [default: all of the show]
    #[arg(long, value_delimiter = ',')]
    universes: Vec<Universes>,
    /// Where they go, may be given several times: sacn, sacn:1..4, sacn@HOST, artnet:1..4@HOST:PORT, with ?OPTIONS
    #[arg(long, default_value = "sacn")]
    lights: Vec<Worded<LightsTarget>>,
    /// End after this time [default: when told to]
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    lasts: Option<Duration>,
    /// Ask for real-time priority
    #[arg(long, value_name = "on|off", default_value = "on")]
    realtime: Switch,
}

impl Play {
    /// Plays until somebody ends it.
    pub(crate) fn run(self) -> Result<()> {
        let show = read_show(&self.file)?;
        let list = self.list(&show)?;
        let ranges: Vec<UniverseRange> = self.universes.iter().map(|Universes(range)| *range).collect();
        let is_mine = |number| ranges.is_empty() || ranges.iter().any(|range| range.has(number));
        let score = Arc::new(Score::for_universes(&show, is_mine));
        let universes: Vec<_> = score.rig().universes().iter().map(|&number| UniverseRange::one(number)).collect();
        if universes.is_empty() {
            bail!("{} has none of these universes", self.file.display());
        }
        let lights = Lights::spawn(self.config(universes)?)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let mut desk =
            Desk { show, score, list, playbacks: Playbacks::default(), lights, master: Master::DEFAULT, told: None };
        desk.handle(self.cue.map_or(Word::Go, Word::GoTo))?;
        let report = runtime.block_on(desk.run(self.lasts.unwrap_or(NO_END)))?;
        // A line that is still waited for does not keep the program.
        runtime.shutdown_background();
        print::text(&summary(&report))
    }

    fn list(&self, show: &Show) -> Result<ListNumber> {
        let number = self.list.map(ListNumber).or_else(|| show.lists.first().map(|list| list.number));
        let number = number.with_context(|| format!("{} has no cue list", self.file.display()))?;
        let there = || show.lists.iter().map(|list| list.number.to_string()).collect::<Vec<_>>().join(", ");
        show.list(number).with_context(|| format!("there is no cue list {number}; there are {}", there()))?;
        Ok(number)
    }

    fn config(&self, universes: Vec<UniverseRange>) -> Result<LightsConfig<Uninjected>> {
        let Switch(is_realtime) = self.realtime;
        let mac = machine_mac().map_or_else(random_mac, Ok).context("no identity for this machine")?;
        // Nobody writes a clock map: show time is this machine's time.
        let (_, clock) = latest();
        Ok(LightsConfig {
            targets: self.lights.iter().map(|Worded(target)| target.clone()).collect(),
            universes,
            identity: identity_of(mac, "cuelight play"),
            inputs: Vec::new(),
            subscriptions: Subscriptions::default(),
            fallback: LightsFallback::Hold,
            clock,
            mono: Uninjected,
            spin: Spin::Auto,
            on_start: Box::new(move || match is_realtime.then(|| make_thread_realtime(PRIORITY)) {
                Some(Ok(())) => true,
                Some(Err(refused)) => {
                    eprintln!("{refused}");
                    false
                }
                None => false,
            }),
        })
    }
}

/// What is played, and what was told of it.
struct Desk {
    show: Show,
    score: Arc<Score>,
    list: ListNumber,
    playbacks: Playbacks,
    lights: LightsHandle,
    master: Master,
    told: Option<CueNumber>,
}

impl Desk {
    async fn run(mut self, lasts: Duration) -> Result<LightsReport> {
        let mut lines = lines();
        let mut look = interval(LOOK_EVERY);
        let end = Instant::now() + lasts;
        let stop = shutdown::requested();
        tokio::pin!(stop);
        print::text(Word::HELP)?;
        let mut is_over = false;
        while !is_over {
            tokio::select! {
                () = &mut stop => break,
                () = sleep_until(end) => break,
                _ = look.tick() => self.tell()?,
                Some(line) = lines.recv() => match line.parse() {
                    Ok(Word::Quit) => is_over = true,
                    Ok(word) => self.handle(word).or_else(|error| print::text(&error.to_string()))?,
                    Err(help) => print::text(&help)?,
                },
            }
            if self.lights.is_finished() {
                bail!("the lights failed; their message is above");
            }
        }
        self.lights.stop().context("the lights failed; their message is above")
    }

    /// Does what a word says, a little later, so that everything is ready.
    fn handle(&mut self, word: Word) -> Result<()> {
        let at = now() + LEAD;
        if word == Word::Blackout {
            self.master.blackout = !self.master.blackout;
            return Ok(self.lights.set_master(self.master, at)?);
        }
        word.apply(&mut self.playbacks, &self.score, self.list, at)?;
        let (score, playbacks) = (Arc::clone(&self.score), self.playbacks.clone());
        self.lights.play(Playing { score, playbacks, from: at });
        Ok(())
    }

    /// Says which cue is current when it is another one, also one that followed by itself.
    fn tell(&mut self) -> Result<()> {
        let mut playbacks = self.playbacks.clone();
        playbacks.advance(&self.score, now());
        let current = playbacks.list(self.list).and_then(|list| list.current());
        if current == self.told {
            return Ok(());
        }
        self.told = current;
        let label = current.and_then(|cue| self.show.list(self.list)?.cue(cue)).map_or("", |cue| cue.label.as_str());
        let line = current.map_or_else(|| "released".to_owned(), |cue| format!("cue {cue} {label}"));
        print::text(&format!("list {}: {}", self.list, line.trim_end()))
    }
}

/// Show time here: CLOCK_MONOTONIC.
fn now() -> Time<ShowClock> {
    Time::from_ns(mono_now_ns())
}

/// Lines of standard input, from a thread that waits for them.
fn lines() -> Receiver<String> {
    let (sender, lines) = channel(16);
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn summary(report: &LightsReport) -> String {
    let LightsReport { frames, sent, late, missed, blocked, failed, late_p99, .. } = report;
    format!(
        "{frames} frames, {sent} datagrams; {late} frames began more than 1 ms late, {missed} were skipped; the device did not \
         take {blocked}, the system refused {failed}; in the last second 99 % began at most {} us late",
        late_p99.as_us()
    )
}
