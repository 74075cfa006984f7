//! The launcher with real processes: images are shell scripts.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use cuelight_fetch::Digest;
use cuelight_update::slots::{Image, Slot, Slots};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use semver::Version;

/// What a new image does to prove itself: it makes its slot the active one, as a node does.
const CONFIRM: &str =
    r#"sed -i 's/"active": "a"/"active": "b"/; s/"tries_left": [0-9]*/"tries_left": null/' $CUELIGHT_SLOTS/boot.json"#;
const LONG: Duration = Duration::from_secs(30);

struct Machine {
    folder: tempfile::TempDir,
    launcher: Option<Child>,
}

impl Machine {
    /// A machine that runs version 1, which writes down its starts and then does `old`.
    fn new(old: &str) -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap(), launcher: None };
        let program = machine.folder.path().join("program");
        fs::write(&program, script("old", old)).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        machine.slots().set_up(&program, Version::new(1, 0, 0)).unwrap();
        machine
    }
    fn slots(&self) -> Slots {
        Slots::new(self.folder.path().join("slots"))
    }
    /// Version 2, which does `new`, is put on trial.
    fn update(self, new: &str) -> Self {
        let slots = self.slots();
        let (fetched, text) = (slots.download().join("part"), script("new", new));
        fs::write(&fetched, &text).unwrap();
        let image = Image {
            version: Version::new(2, 0, 0),
            size: text.len() as u64,
            sha256: Digest::of(text.as_bytes()),
            proven: false,
        };
        let mut boot = slots.boot().unwrap();
        slots.stage(&mut boot, &fetched, image, 1).unwrap();
        boot.begin_trial(true).unwrap();
        slots.save(&boot).unwrap();
        self
    }
    fn launch(self, deadline_s: u64) -> Self {
        self.launch_with(deadline_s, &[])
    }
    fn launch_with(mut self, deadline_s: u64, options: &[&str]) -> Self {
        // The leash ends it when the test's process dies.
        let launcher = Command::new(env!("CARGO_BIN_EXE_cuelight-launch"))
            .args(["--deadline", &deadline_s.to_string(), "--slots"])
            .arg(self.slots().folder())
            .args(options)
            .args(["--", "node", "--hub", "x"])
            .env("OUT", self.starts_file())
            .env("CUELIGHT_LEASH", "1")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.launcher = Some(launcher);
        self
    }
    fn starts_file(&self) -> PathBuf {
        self.folder.path().join("starts")
    }
    /// What was started so far.
    fn starts(&self) -> Vec<String> {
        fs::read_to_string(self.starts_file()).unwrap_or_default().lines().map(str::to_owned).collect()
    }
    fn wait_for(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let until = Instant::now() + LONG;
        while !is_so(self) {
            assert!(Instant::now() < until, "{what} did not happen; started: {:?}", self.starts());
            sleep(Duration::from_millis(20));
        }
    }
    /// Asks the launcher to stop and returns its exit code.
    fn stop(&mut self) -> Option<i32> {
        let mut launcher = self.launcher.take().unwrap();
        kill(Pid::from_raw(launcher.id() as i32), Signal::SIGTERM).unwrap();
        launcher.wait().unwrap().code()
    }
    /// Waits until the launcher ends by itself.
    fn end(&mut self) -> Option<i32> {
        self.launcher.take().unwrap().wait().unwrap().code()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // A test that fails must not leave an image behind: the launcher ends it when it is asked to, not when it is killed.
        if self.launcher.is_some() {
            self.stop();
        }
    }
}

fn script(name: &str, rest: &str) -> String {
    format!("#!/bin/sh\necho \"{name} $CUELIGHT_SLOT: $*\" >> $OUT\n{rest}\n")
}

/// Runs until it is asked to stop.
const RUN: &str = "trap 'exit 0' TERM; while :; do sleep 0.05; done";

#[test]
fn the_image_runs_with_its_arguments_and_ends_when_the_launcher_is_asked_to() {
    let mut machine = Machine::new(RUN).launch(30);
    machine.wait_for("the start", |machine| machine.starts() == ["old a: node --hub x"]);
    assert_eq!(machine.stop(), Some(0));
}

#[test]
fn the_exit_code_of_an_image_that_ends_well_is_the_launchers() {
    let mut machine = Machine::new("exit 0").launch(30);
    assert_eq!(machine.end(), Some(0));
}

/// OTA-2
#[test]
fn a_new_image_that_proves_itself_is_started_again_as_the_active_one() {
    let machine =
        Machine::new(RUN).update(&format!("[ -e $OUT.again ] && exit 0; touch $OUT.again; {CONFIRM}; exit 75"));
    let mut machine = machine.launch(30);
    assert_eq!(machine.end(), Some(0));
    assert_eq!(machine.starts(), ["new b trial 30: node --hub x", "new b: node --hub x"]);
    assert_eq!(machine.slots().boot().unwrap().active(), Slot::B);
}

/// OTA-2
#[test]
fn a_new_image_that_ends_at_once_is_tried_three_times_and_then_the_old_one_runs() {
    let machine = Machine::new(RUN).update("echo cannot open the output >&2; exit 101").launch(30);
    machine.wait_for("the old image", |machine| machine.starts().last().is_some_and(|last| last.starts_with("old")));
    assert_eq!(machine.starts().len(), 4);
    let boot = machine.slots().boot().unwrap();
    let failed = boot.failed().unwrap();
    assert_eq!(failed.version, Version::new(2, 0, 0));
    assert!(failed.reason.contains("3 times"), "{}", failed.reason);
    assert_eq!(failed.log, ["cannot open the output"]);
}

/// OTA-2
#[test]
fn a_new_image_that_hangs_is_ended_at_its_deadline() {
    // It does not even listen to being asked.
    let machine = Machine::new(RUN).update("trap '' TERM; while :; do sleep 0.05; done").launch(1);
    machine.wait_for("the old image", |machine| machine.starts().last().is_some_and(|last| last.starts_with("old")));
    assert_eq!(machine.starts().len(), 2, "{:?}", machine.starts());
    assert!(machine.slots().boot().unwrap().failed().unwrap().reason.contains("within 1 s"));
}

#[test]
fn an_image_that_rots_on_the_disk_is_not_started() {
    let machine = Machine::new(RUN).update(RUN);
    fs::write(machine.slots().program(Slot::B), script("rotten", RUN)).unwrap();
    let machine = machine.launch(30);
    machine.wait_for("the old image", |machine| machine.starts() == ["old a: node --hub x"]);
    assert!(machine.slots().boot().unwrap().failed().unwrap().reason.contains("damaged"));
}

#[test]
fn a_confirmed_image_that_dies_twice_in_its_probation_gives_way_to_the_one_before() {
    let machine = Machine::new(RUN)
        .update(&format!("[ -e $OUT.again ] && exit 9; touch $OUT.again; {CONFIRM}; exit 9"))
        .launch(30);
    machine.wait_for("the old image", |machine| machine.starts().last().is_some_and(|last| last.starts_with("old")));
    let starts = machine.starts();
    assert!(starts.len() <= 4, "{starts:?}");
    let boot = machine.slots().boot().unwrap();
    assert!(boot.failed().unwrap().reason.contains("shortly after its update"));
}

/// OTA-2
#[test]
fn a_death_long_after_the_update_is_no_reason_to_go_back() {
    // The first death comes when the probation is over, the second one soon after the first.
    let new = format!("[ -e $OUT.again ] && exit 9; touch $OUT.again; {CONFIRM}; sleep 4; exit 9");
    let machine = Machine::new(RUN).update(&new).launch_with(30, &["--probation", "3"]);
    machine.wait_for("the third start", |machine| machine.starts().len() >= 3);
    assert!(machine.starts()[1..].iter().all(|start| start.starts_with("new b:")), "{:?}", machine.starts());
}

/// OTA-2
#[test]
fn a_new_image_that_this_machine_cannot_execute_gives_way_at_once() {
    let machine = Machine::new(RUN);
    let mut boot = machine.slots().boot().unwrap();
    let fetched = machine.slots().download().join("part");
    fs::write(&fetched, b"\x7fELF for another machine").unwrap();
    let (sha256, size) = Digest::of_reader(fs::File::open(&fetched).unwrap()).unwrap();
    let image = Image { version: Version::new(2, 0, 0), size, sha256, proven: false };
    machine.slots().stage(&mut boot, &fetched, image, 1).unwrap();
    boot.begin_trial(true).unwrap();
    machine.slots().save(&boot).unwrap();
    let machine = machine.launch(30);
    machine.wait_for("the old image", |machine| machine.starts() == ["old a: node --hub x"]);
    let reason = machine.slots().boot().unwrap().failed().unwrap().reason.clone();
    assert!(reason.contains("cannot be started"), "{reason}");
}

/// OTA-2
#[test]
fn what_an_image_wrote_that_gave_way_by_itself_is_kept() {
    let gives_way = r#"echo the hub is not there >&2
sed -i 's/"tries_left": [0-9]*/"tries_left": null/' $CUELIGHT_SLOTS/boot.json
sed -i 's/"failed": null/"failed": {"version": "2.0.0", "sha256": "'$(sha256sum $0 | cut -c1-64)'", "reason": "no hub"}/' $CUELIGHT_SLOTS/boot.json
exit 75"#;
    let machine = Machine::new(RUN).update(gives_way).launch(30);
    machine.wait_for("the old image", |machine| machine.starts().last().is_some_and(|last| last.starts_with("old")));
    let boot = machine.slots().boot().unwrap();
    let failed = boot.failed().unwrap();
    assert_eq!((failed.reason.as_str(), failed.log.as_slice()), ("no hub", &["the hub is not there".to_owned()][..]));
    assert_eq!(machine.starts().len(), 2, "{:?}", machine.starts());
}

#[test]
fn the_slots_can_be_asked_for_by_people() {
    let machine = Machine::new(RUN).update(RUN);
    let status = Command::new(env!("CARGO_BIN_EXE_cuelight-launch"))
        .args(["--status", "--slots"])
        .arg(machine.slots().folder())
        .output()
        .unwrap();
    let text = String::from_utf8(status.stdout).unwrap();
    assert!(text.contains("slot a: 1.0.0 (runs)") && text.contains("slot b: 2.0.0 (on trial)"), "{text}");
    assert!(text.contains("counter below 1"), "{text}");
}
