//! `cuelight demo --show` in the terminal: what plays, cue after cue, and how bright every universe is on the wire.

use std::io::{IsTerminal, Write, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use cuelight_measure::universes::Brightness;
use cuelight_net::clock::mono_now_ns;
use cuelight_show::{CueNumber, ListNumber};
use cuelight_wire::cues::CueOrder;
use cuelight_wire::time::{Show, Span, Time};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::register;

use super::Plan;
use super::course::Course;
use super::judge::{Case, judge};
use super::piece::{Piece, ranges};
use super::theatre::Theatre;
use crate::print;

/// Ten pictures a second.
const PICTURE: Duration = Duration::from_millis(100);
/// A cue that waits for GO gets it so long after the fades before it.
const REST: Span = Span::from_ms(2_000);
/// The last picture stays so long.
const CURTAIN: Duration = Duration::from_secs(1);
/// Clocks are recorded ten times a second: one after the end.
const AFTER: Duration = Duration::from_millis(300);
/// Universes that are pictured; more do not fit into a line.
const PICTURED: usize = 64;

/// Plays until the show is over.
pub(super) fn run(plan: &Plan) -> Result<()> {
    let piece = Piece::read(plan.file.as_deref())?;
    print::text(&format!("{}; starting a hub and {} nodes", summary(&piece), plan.nodes))?;
    let mut theatre = Theatre::open(plan, &piece, true)?;
    for (node, share) in (1..).zip(piece.shares(plan.nodes.into())) {
        print::text(&format!(
            "  node {node}  universes {}",
            if share.is_empty() { "none".into() } else { ranges(share) }
        ))?;
    }
    print::text(&format!("  page    {}", theatre.cast.page()))?;
    theatre.load(&piece)?;
    let is_stopped = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        register(signal, Arc::clone(&is_stopped)).context("signals cannot be waited for")?;
    }
    let mut course = Course::new(&piece);
    let mut playbill = Playbill::default();
    let performed = perform(&mut theatre, &piece, &mut course, &mut playbill, &is_stopped);
    // Ctrl-C ends hub and nodes too: what they do not answer any more is no fault.
    if !is_stopped.load(Ordering::Relaxed) {
        performed?;
    }
    let to_ns = mono_now_ns();
    sleep(AFTER);
    playbill.clear()?;
    let kept = theatre.close()?;
    let found = judge(&Case {
        piece: &piece,
        course: &course,
        shares: piece.shares(plan.nodes.into()),
        packets: &kept.heard.packets,
        hub: &kept.hub.clocks,
        stalls: &kept.stalls,
        to_ns,
        away_ns: None,
    });
    let apart = found.apart.map_or_else(String::new, |apart| {
        format!("; universes of one frame came {:.2} ms apart at most in 99 of 100 frames", apart.p99 / 1e3)
    });
    print::text(&format!("over: {} of {} packets had the levels of their instant{apart}", found.right, found.packets))
}

/// Presses GO and tells what plays, until nothing changes any more or somebody ends it.
fn perform(
    theatre: &mut Theatre,
    piece: &Piece,
    course: &mut Course,
    playbill: &mut Playbill,
    is_stopped: &AtomicBool,
) -> Result<()> {
    while !is_stopped.load(Ordering::Relaxed) {
        let now = theatre.show_now();
        for list in course.waiting(now, REST) {
            let at = theatre.order(course, list, CueOrder::Go)?;
            playbill.say(&format!("{}  list {list}  GO", clock(course, at)))?;
        }
        playbill.tell(piece, course, now)?;
        playbill.picture(&theatre.receiver.brightness(), &clock(course, now))?;
        if course.is_over(now) {
            sleep(CURTAIN);
            break;
        }
        theatre.cast.check()?;
        sleep(PICTURE);
    }
    Ok(())
}

/// How long the show has been on at an instant.
fn clock(course: &Course, at: Time<Show>) -> String {
    let s = course.began_at().map_or(0, |began_at| at.since(began_at).as_ms().max(0) / 1_000);
    format!("{:>3}:{:02}", s / 60, s % 60)
}

fn summary(piece: &Piece) -> String {
    let cues: usize = piece.show.lists.iter().map(|list| list.cues().len()).sum();
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let (cues, lists) = (count(cues, "cue"), count(piece.show.lists.len(), "list"));
    let label = if piece.show.label.is_empty() { "a show" } else { &piece.show.label };
    format!("{label}: {cues} in {lists}, {}", count(piece.universes().len(), "universe"))
}

/// What was said of the show.
#[derive(Default)]
struct Playbill {
    /// The cue that each list was last said to be in.
    told: Vec<(ListNumber, Option<CueNumber>)>,
    /// Whether a picture is on the line.
    is_pictured: bool,
}

impl Playbill {
    /// Says which cues have begun.
    fn tell(&mut self, piece: &Piece, course: &Course, now: Time<Show>) -> Result<()> {
        let playbacks = course.at(now);
        for list in &piece.show.lists {
            let playback = playbacks.list(list.number);
            let current = playback.and_then(|playback| playback.current());
            let told = self.told.iter_mut().find(|(number, _)| *number == list.number);
            match told {
                Some((_, told)) if *told == current => continue,
                Some((_, told)) => *told = current,
                None => self.told.push((list.number, current)),
            }
            let began_at = playback.and_then(|playback| playback.runs.last()).map(|run| run.started_at);
            let (Some(cue), Some(began_at)) = (current.and_then(|cue| list.cue(cue)), began_at) else { continue };
            self.say(&format!("{}  list {}  cue {} {}", clock(course, began_at), list.number, cue.number, cue.label))?;
        }
        Ok(())
    }
    fn say(&mut self, line: &str) -> Result<()> {
        self.clear()?;
        print::text(line.trim_end())
    }
    /// Pictures the universes, on a line that stays where it is; nothing where there is no terminal.
    fn picture(&mut self, brightness: &Brightness, clock: &str) -> Result<()> {
        if !stdout().is_terminal() {
            return Ok(());
        }
        let mut out = stdout().lock();
        write!(out, "\r{clock}  {}", bars(brightness))?;
        out.flush()?;
        self.is_pictured = true;
        Ok(())
    }
    fn clear(&mut self) -> Result<()> {
        if std::mem::take(&mut self.is_pictured) {
            write!(stdout(), "\r{:width$}\r", "", width = PICTURED + 10)?;
        }
        Ok(())
    }
}

/// A bar for each universe.
fn bars(brightness: &Brightness) -> String {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    // Means are low: a strip at full red is a third. The root shows them as eyes do.
    let bar = |mean: &u8| BARS[(f64::from(*mean) / 255.0).sqrt().mul_add(8.0, 0.5) as usize];
    brightness.values().take(PICTURED).map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_universe_is_a_bar_from_dark_to_full() {
        assert_eq!(bars(&[(1, 0), (2, 64), (7, 255)].into()), " ▄█");
        assert_eq!(bars(&(0..500).map(|n| (n, 0)).collect()).chars().count(), PICTURED);
    }

    #[test]
    fn a_show_is_summed_up() {
        let piece = Piece::read(None).unwrap();
        assert_eq!(summary(&piece), "Two minutes: 30 cues in 1 list, 12 universes");
    }
}
