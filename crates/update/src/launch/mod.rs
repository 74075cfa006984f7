//! Starting the chosen image, and falling back when it does not prove itself (OTA-2).
//!
//! The launcher is the parent of the program it starts and is never updated itself, so it decides as little as possible: what
//! the state in the slots says is started; an image on trial that is not confirmed in time is ended; an image that was
//! confirmed a short while ago and keeps dying gives way to the one before it. The image confirms itself, by writing the
//! state; it asks for a restart, into whatever the state then says, by ending with [`RESTART`].

mod tail;

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use thiserror::Error;

use crate::slots::{Boot, RunningIn, Slot, Slots, SlotsError, Start};
use tail::Tail;

/// Exit code of an image that wants to be started again at once, by what the state then says (`EX_TEMPFAIL` of sysexits.h).
pub const RESTART: u8 = 75;
/// Variable that asks a Cuelight program to end with its parent.
pub const LEASH: &str = "CUELIGHT_LEASH";
/// How long an image may take to end when asked.
const GRACE: Duration = Duration::from_secs(5);
/// How often the launcher looks at its image.
const LOOK: Duration = Duration::from_millis(50);
/// How often it looks whether an image on trial has confirmed itself.
const READ: Duration = Duration::from_millis(500);
/// Pause before an image that died is started again: from the first to the last, doubling.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];
/// Deaths within the probation after which the image before it takes over again.
const DEATHS: usize = 2;

/// What to launch.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The two images.
    pub slots: Slots,
    /// What they are started with.
    pub arguments: Vec<OsString>,
    /// How long an image on trial may take to confirm itself.
    pub deadline: Duration,
    /// How long after that its deaths still count against it.
    pub probation: Duration,
}

impl Plan {
    /// 90 s to prove itself: hub, clock and outputs take seconds, a slow machine's start a minute.
    pub const DEADLINE: Duration = Duration::from_secs(90);
    /// 10 minutes.
    pub const PROBATION: Duration = Duration::from_secs(600);
}

/// Why nothing can be launched any more.
#[derive(Debug, Error)]
pub enum LaunchError {
    /// The slots cannot be read or written.
    #[error(transparent)]
    Slots(#[from] SlotsError),
    /// The image cannot be started.
    #[error("{program} cannot be started: {source}")]
    Start {
        /// Which.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The image is not what was installed.
    #[error("{0} is damaged on the disk")]
    Damaged(PathBuf),
}

/// How an image ended.
#[derive(Debug)]
enum End {
    /// The launcher was asked to stop, and passed it on.
    Stopped(ExitStatus),
    /// By itself.
    Exited(ExitStatus),
    /// It did not confirm itself in time and was ended.
    TooLate,
}

/// Launches until the image ends for good, or a signal's number is in `asked`; returns the exit code.
///
/// # Errors
/// When there is nothing left that could be started.
pub fn run(plan: &Plan, asked: &AtomicUsize) -> Result<i32, LaunchError> {
    let mut probation = Probation::default();
    let mut pause = PAUSES[0];
    loop {
        let Some(Started { start, mut child, tail, at }) = begin(plan, &mut probation)? else { continue };
        let end = watch(plan, start, &mut child, &mut probation, asked)
            .map_err(|source| start_error(plan, start.slot, source))?;
        let log = tail.lines();
        let mut boot = plan.slots.boot()?;
        probation.look(start, &boot);
        match end {
            End::Stopped(status) => return Ok(code(status)),
            End::TooLate => {
                boot.fall_back(format!("it did not prove itself within {} s", plan.deadline.as_secs()), log);
                plan.slots.save(&boot)?;
                probation.last_words.clear();
            }
            End::Exited(status) if status.code() == Some(i32::from(RESTART)) => {
                // An image on trial that gave up by itself knows why, but not what it wrote.
                if start.is_trial && boot.active() != start.slot && boot.trial().is_none() {
                    boot.note_last_words(log);
                    plan.slots.save(&boot)?;
                }
                // What asks for a restart has work behind it; one that does nothing else must not keep the machine busy.
                if at.elapsed() < PAUSES[0]
                    && let Some(signal) = wait(PAUSES[0], asked)
                {
                    return Ok(128 + signal);
                }
            }
            End::Exited(status) if boot.trial().is_some() => {
                eprintln!("cuelight-launch: the image on trial ended ({status})");
                probation.last_words = log;
            }
            End::Exited(status) if status.success() => return Ok(0),
            End::Exited(status) => {
                if probation.counts_out(plan.probation)
                    && boot.go_back(format!("it ended {DEATHS} times ({status}) shortly after its update"), log)
                {
                    plan.slots.save(&boot)?;
                    continue;
                }
                pause = if at.elapsed() > PAUSES[1] { PAUSES[0] } else { (pause * 2).min(PAUSES[1]) };
                eprintln!("cuelight-launch: the image ended ({status}); it is started again in {pause:?}");
                if let Some(signal) = wait(pause, asked) {
                    return Ok(128 + signal);
                }
            }
        }
    }
}

/// What the launcher remembers of an image that was confirmed while it ran.
#[derive(Debug, Default)]
struct Probation {
    since: Option<Instant>,
    deaths: usize,
    /// What an image on trial said before it ended.
    last_words: Vec<String>,
}

impl Probation {
    /// It begins when the image on trial has confirmed itself.
    fn look(&mut self, start: Start, boot: &Boot) {
        let is_confirmed = start.is_trial && boot.trial().is_none() && boot.active() == start.slot;
        if is_confirmed && self.since.is_none() {
            self.since = Some(Instant::now());
        }
    }
    /// Counts a death; whether it was one too many.
    fn counts_out(&mut self, length: Duration) -> bool {
        if self.since.is_none_or(|since| since.elapsed() > length) {
            return false;
        }
        self.deaths += 1;
        self.deaths >= DEATHS
    }
}

/// An image that runs.
struct Started {
    start: Start,
    child: Child,
    tail: Tail,
    at: Instant,
}

/// Starts what the state says; `None` when that could not be started and the state has changed.
fn begin(plan: &Plan, probation: &mut Probation) -> Result<Option<Started>, LaunchError> {
    let mut boot = plan.slots.boot()?;
    let before = boot.clone();
    let mut start = boot.next_start();
    if before.trial().is_some() && !start.is_trial {
        boot.note_last_words(std::mem::take(&mut probation.last_words));
    }
    // Nothing is written when nothing has changed: a full disk does not keep a proven image from starting. It does keep one
    // on trial from it, because its start could not be counted.
    if boot != before
        && let Err(error) = plan.slots.save(&boot)
    {
        eprintln!("cuelight-launch: {error}");
        boot = before;
        start = Start { slot: boot.active(), is_trial: false };
    }
    if start.is_trial {
        *probation = Probation { last_words: std::mem::take(&mut probation.last_words), ..Probation::default() };
    }
    let image = boot.image(start.slot).expect("what is started next is there");
    let reason = if plan.slots.is_whole(start.slot, image) {
        match spawn(plan, start) {
            Ok(mut child) => {
                let tail = Tail::of(child.stderr.take().expect("it was piped"));
                return Ok(Some(Started { start, child, tail, at: Instant::now() }));
            }
            Err(source) => start_error(plan, start.slot, source),
        }
    } else {
        LaunchError::Damaged(plan.slots.program(start.slot))
    };
    eprintln!("cuelight-launch: {reason}");
    if start.is_trial {
        boot.fall_back(reason.to_string(), Vec::new());
    } else if !boot.go_back(reason.to_string(), Vec::new()) {
        return Err(reason);
    }
    plan.slots.save(&boot)?;
    Ok(None)
}

fn spawn(plan: &Plan, start: Start) -> io::Result<Child> {
    let trial = start.is_trial.then_some(plan.deadline);
    Command::new(plan.slots.program(start.slot))
        .args(&plan.arguments)
        .env(RunningIn::FOLDER, plan.slots.folder())
        .env(RunningIn::SLOT, RunningIn::written(start.slot, trial))
        .env(LEASH, "1")
        .stderr(Stdio::piped())
        .spawn()
}

fn start_error(plan: &Plan, slot: Slot, source: io::Error) -> LaunchError {
    LaunchError::Start { program: plan.slots.program(slot), source }
}

/// Waits until the image ends, and ends it when it must.
fn watch(
    plan: &Plan,
    start: Start,
    child: &mut Child,
    probation: &mut Probation,
    asked: &AtomicUsize,
) -> io::Result<End> {
    let started_at = Instant::now();
    let mut read_at = started_at;
    let mut is_unproven = start.is_trial;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(End::Exited(status));
        }
        if asked.load(Ordering::Relaxed) != 0 {
            return end(child).map(End::Stopped);
        }
        let now = Instant::now();
        if is_unproven && now >= read_at + READ {
            read_at = now;
            // A state that cannot be read just now is read again a moment later.
            if let Ok(boot) = plan.slots.boot() {
                probation.look(start, &boot);
                is_unproven = boot.trial().is_some();
            }
            if is_unproven && now >= started_at + plan.deadline {
                end(child)?;
                return Ok(End::TooLate);
            }
        }
        sleep(LOOK);
    }
}

/// Asks the image to end, and kills it when it does not.
fn end(child: &mut Child) -> io::Result<ExitStatus> {
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("process numbers are positive 32-bit numbers"));
    // It may have ended by itself a moment ago.
    let _ = kill(pid, Signal::SIGTERM);
    let until = Instant::now() + GRACE;
    while Instant::now() < until {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        sleep(LOOK);
    }
    child.kill()?;
    child.wait()
}

/// Waits; returns the signal that asked the launcher to stop meanwhile.
fn wait(pause: Duration, asked: &AtomicUsize) -> Option<i32> {
    let until = Instant::now() + pause;
    while Instant::now() < until {
        match asked.load(Ordering::Relaxed) {
            0 => sleep(LOOK),
            signal => return Some(signal as i32),
        }
    }
    None
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}
