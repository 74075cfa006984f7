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

use crate::slots::{RunningIn, Slot, Slots, SlotsError, Start};
use tail::Tail;

/// Exit code of an image that wants to be started again at once, by what the state then says (`EX_TEMPFAIL` of sysexits.h).
pub const RESTART: i32 = 75;
/// Variable that asks a Cuelight program to end with its parent.
const LEASH: &str = "CUELIGHT_LEASH";
/// How long an image may take to end when asked.
const GRACE: Duration = Duration::from_secs(5);
/// How often the launcher looks at its image.
const LOOK: Duration = Duration::from_millis(50);
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
    /// The active image is not what was installed, and there is no other.
    #[error("{0} is damaged and there is no other image; give one with --program FILE")]
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
        let Some((start, mut child, tail)) = begin(plan, &mut probation)? else { continue };
        let started_at = Instant::now();
        let end = watch(plan, start, &mut child, asked).map_err(|source| start_error(plan, start.slot, source))?;
        let log = tail.lines();
        let mut boot = plan.slots.boot()?;
        if start.is_trial && boot.trial().is_none() && boot.active() == start.slot {
            probation.begin();
        }
        match end {
            End::Stopped(status) => return Ok(code(status)),
            End::TooLate => {
                boot.fall_back(format!("it did not prove itself within {} s", plan.deadline.as_secs()), log);
                plan.slots.save(&boot)?;
                probation.last_words.clear();
            }
            End::Exited(status) if status.code() == Some(RESTART) => {}
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
                pause = if started_at.elapsed() > PAUSES[1] { PAUSES[0] } else { (pause * 2).min(PAUSES[1]) };
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
    fn begin(&mut self) {
        *self = Self { since: Some(Instant::now()), ..Self::default() };
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

/// Starts what the state says; `None` when that turned out to be damaged and the state has changed.
fn begin(plan: &Plan, probation: &mut Probation) -> Result<Option<(Start, Child, Tail)>, LaunchError> {
    let mut boot = plan.slots.boot()?;
    let was_on_trial = boot.trial().is_some();
    let start = boot.next_start();
    if was_on_trial && !start.is_trial {
        boot.note_last_words(std::mem::take(&mut probation.last_words));
    }
    plan.slots.save(&boot)?;
    let image = boot.image(start.slot).expect("what is started next is there");
    if !plan.slots.is_whole(start.slot, image) {
        let program = plan.slots.program(start.slot);
        eprintln!("cuelight-launch: {} is damaged", program.display());
        let reason = "it is damaged on the disk".to_owned();
        if start.is_trial {
            boot.fall_back(reason, Vec::new());
        } else if !boot.go_back(reason, Vec::new()) {
            return Err(LaunchError::Damaged(program));
        }
        plan.slots.save(&boot)?;
        return Ok(None);
    }
    let mut child = spawn(plan, start).map_err(|source| start_error(plan, start.slot, source))?;
    let tail = Tail::of(child.stderr.take().expect("it was piped"));
    Ok(Some((start, child, tail)))
}

fn spawn(plan: &Plan, start: Start) -> io::Result<Child> {
    let trial = if start.is_trial { " trial" } else { "" };
    Command::new(plan.slots.program(start.slot))
        .args(&plan.arguments)
        .env(RunningIn::FOLDER, plan.slots.folder())
        .env(RunningIn::SLOT, format!("{}{trial}", start.slot.name()))
        .env(LEASH, "1")
        .stderr(Stdio::piped())
        .spawn()
}

fn start_error(plan: &Plan, slot: Slot, source: io::Error) -> LaunchError {
    LaunchError::Start { program: plan.slots.program(slot), source }
}

/// Waits until the image ends, and ends it when it must.
fn watch(plan: &Plan, start: Start, child: &mut Child, asked: &AtomicUsize) -> io::Result<End> {
    let deadline = Instant::now() + plan.deadline;
    let mut is_unproven = start.is_trial;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(End::Exited(status));
        }
        if asked.load(Ordering::Relaxed) != 0 {
            return end(child).map(End::Stopped);
        }
        if is_unproven && Instant::now() >= deadline {
            // The last word is the state's: it may have been confirmed in this very moment.
            is_unproven = plan.slots.boot().is_ok_and(|boot| boot.trial().is_some());
            if is_unproven {
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
