//! `cuelight demo --show --headless`: a show of cues that is measured and judged, without a terminal.
//!
//! GOs are timed first, on a list of snaps. Then the show is played: GO where cues wait for one, a `kill -9` of the hub in the middle
//! of a fade, and, past half of the time, a jump into the middle of the longest list.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use cuelight_measure::quantiles::Quantiles;
use cuelight_measure::universes::Packet;
use cuelight_measure::watch::until;
use cuelight_net::clock::mono_now_ns;
use cuelight_wire::cues::CueOrder;
use cuelight_wire::limits::APPLY_AHEAD;
use cuelight_wire::time::Span;

use super::course::Course;
use super::judge::{Case, judge};
use super::latency::{self, Go};
use super::piece::Piece;
use super::report::{Goes, HubKilled, Report};
use super::theatre::Theatre;
use super::{Plan, Trial};

/// How long a restart may take before the demo gives up.
const RESTART: Duration = Duration::from_secs(20);
/// How often to look what has to be done.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A hub saves what was ordered within half a second; one that is killed before that is another trial than this.
const SAVED: Span = Span::from_ms(1_000);
/// A fade that is to go on over the hub's death has at least this long to go.
const FADE_LEFT: Span = Span::from_ms(300);
/// A cue that waits for GO gets it so long after the fades before it.
const REST: Span = Span::from_ms(500);

/// What was seen while the show ran.
struct Killed {
    fade_for: Span,
    fade_left: Span,
    from_ns: i64,
    to_ns: i64,
}

/// Plays the show and measures it.
pub(super) fn run(plan: &Plan, trial: Trial) -> Result<Report> {
    let piece = Piece::read(plan.file.as_deref())?;
    let goes = latency::piece(piece.universes(), trial.goes)?;
    let mut theatre = Theatre::open(plan, &piece, false)?;
    let pressed = latency::run(&mut theatre, &goes, trial.goes, plan.seed)?;
    theatre.load(&piece)?;
    let mut course = Course::new(&piece);
    let killed = play(&mut theatre, &piece, &mut course, trial)?;
    let to_ns = mono_now_ns();
    // Clocks are recorded ten times a second: one after the end.
    sleep(Duration::from_millis(300));
    let kept = theatre.close()?;

    let away_ns = killed.as_ref().map(|killed| (killed.from_ns, killed.to_ns));
    let found = judge(&Case {
        piece: &piece,
        course: &course,
        shares: piece.shares(plan.nodes.into()),
        packets: &kept.heard.packets,
        hub: &kept.hub.clocks,
        stalls: &kept.stalls,
        to_ns,
        away_ns,
    });
    Ok(Report {
        label: piece.show.label.clone(),
        nodes: plan.nodes,
        universes: piece.universes().len(),
        seconds: trial.seconds,
        seed: plan.seed,
        loss_pct: plan.loss_pct,
        is_timed: kept.heard.is_realtime && plan.loss_pct == 0.0,
        levels: (&found).into(),
        hub_killed: killed.map(|Killed { fade_for, fade_left, from_ns, to_ns }| HubKilled {
            fade_for_ms: fade_for.as_ms(),
            fade_left_ms: fade_left.as_ms(),
            away_ms: (to_ns - from_ns) as f64 / 1e6,
            packets: found.away,
            right: found.away_right,
        }),
        apart_us: found.apart,
        stalled_pct: found.stalled_percent,
        go: timed(&pressed, piece.universes(), &kept.heard.packets),
    })
}

/// Plays for as long as it is to last.
fn play(theatre: &mut Theatre, piece: &Piece, course: &mut Course, trial: Trial) -> Result<Option<Killed>> {
    let start = Instant::now();
    let part = |part: f64| Duration::from_secs(trial.seconds).mul_f64(part);
    let mut killed = None;
    let mut has_jumped = false;
    while start.elapsed() < part(1.0) {
        let now = theatre.show_now();
        for list in course.waiting(now, REST) {
            theatre.order(course, list, CueOrder::Go)?;
        }
        if trial.faults && killed.is_none() {
            let is_saved = course.newest_at().is_some_and(|at| now - at >= SAVED);
            let fade = course.longest_fade(now).filter(|(_, left)| is_saved && *left >= FADE_LEFT);
            // Half of the time at the latest, fade or none: that is told, and judged.
            if fade.is_some() || start.elapsed() > part(0.5) {
                killed = Some(kill(theatre, fade.unwrap_or_default())?);
            }
        }
        if !has_jumped && start.elapsed() > part(0.55) && (killed.is_some() || !trial.faults) {
            has_jumped = true;
            let longest = piece.show.lists.iter().max_by_key(|list| list.cues().len());
            let list = longest.context("a show has a list")?;
            if let Some(cue) = list.cues().get(list.cues().len() / 2) {
                let order = CueOrder::GoTo { cue_milli: cue.number.milli(), fade_ms: None };
                theatre.order(course, list.number, order)?;
            }
        }
        sleep(LOOK_EVERY);
    }
    Ok(killed)
}

/// Kills the hub, starts it again a second later with another clock, and waits until every node plays with it.
fn kill(theatre: &mut Theatre, (fade_for, fade_left): (Span, Span)) -> Result<Killed> {
    let from_ns = mono_now_ns();
    theatre.cast.kill_hub();
    sleep(Duration::from_secs(1));
    theatre.cast.start_hub()?;
    let api = theatre.api();
    until("the restarted hub listens", RESTART, || {
        theatre.cast.check()?;
        anyhow::Ok(api.is_up().then_some(()))
    })?;
    theatre.wait_until_playing("every node plays again", RESTART)?;
    Ok(Killed { fade_for, fade_left, from_ns, to_ns: mono_now_ns() })
}

/// How long the GOs took; nothing when none was seen in every universe.
fn timed(pressed: &[Go], universes: &[u16], packets: &[Packet]) -> Option<Goes> {
    let took: Vec<_> =
        pressed.iter().filter_map(|go| Some((go.took_ns(universes, packets)?, go.frame_wait_ns()))).collect();
    let of = |part: fn(&(i64, i64)) -> i64| Quantiles::of_ns(took.iter().map(part).collect());
    Some(Goes {
        called: pressed.len(),
        seen: took.len(),
        lead_ms: APPLY_AHEAD.as_ns() as f64 / 1e6,
        took_us: of(|(took, _)| *took).unwrap_or_default(),
        frame_wait_us: of(|(_, wait)| *wait).unwrap_or_default(),
        beyond_us: of(|(took, wait)| took - wait - APPLY_AHEAD.as_ns()).unwrap_or_default(),
    })
    .filter(|goes| goes.called > 0)
}
