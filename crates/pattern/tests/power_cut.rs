//! A process that is killed at any step of storing, replacing or deleting leaves the old pattern or the new one.
//!
//! The test starts itself again as the process that is killed: the kernel's SIGKILL, at a step of its own choice.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeSet;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cuelight_pattern::store::{Limits, Step, Steps, Store};
use cuelight_wire::tlv::Name;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const FOLDER: &str = "POWER_CUT_FOLDER";
const STEP: &str = "POWER_CUT_STEP";
const WHAT: &str = "POWER_CUT_WHAT";

const OLD: [u8; 9_000] = [1; 9_000];
const NEW: [u8; 10_000] = [2; 10_000];

/// Kills the process before the step with this number.
struct Cut {
    left: AtomicU32,
}

impl Steps for Cut {
    fn before(&self, _: Step) -> io::Result<()> {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 0 {
            kill(Pid::this(), Signal::SIGKILL).unwrap();
        }
        Ok(())
    }
}

fn name() -> Name {
    "ocean".parse().unwrap()
}

fn open(folder: &Path) -> Store {
    Store::open(folder, Limits::default()).unwrap()
}

/// What the killed process does.
#[test]
#[ignore = "run by the others, in a process of its own"]
fn process_that_is_killed() {
    let [folder, step, what] = [FOLDER, STEP, WHAT].map(|variable| std::env::var(variable).unwrap());
    let cut = Cut { left: AtomicU32::new(step.parse().unwrap()) };
    let store = Store::open_with(Path::new(&folder), Limits::default(), Arc::new(cut)).unwrap();
    match what.as_str() {
        "put" => {
            let mut upload = store.begin(&name()).unwrap();
            NEW.chunks(4096).for_each(|chunk| upload.append(chunk).unwrap());
            upload.commit().unwrap();
        }
        "remove" => drop(store.remove(&name()).unwrap()),
        other => panic!("{other}"),
    }
}

/// Runs the process on a copy of a folder with `old` in it, once for each step; returns what was found after each cut.
fn after_each_cut(what: &str, old: Option<&[u8]>) -> Vec<Option<Vec<u8>>> {
    let mut found = Vec::new();
    for step in 0.. {
        let folder = tempfile::tempdir().unwrap();
        if let Some(old) = old {
            open(folder.path()).put(&name(), old).unwrap();
        }
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "process_that_is_killed", "--quiet"])
            .env(FOLDER, folder.path())
            .env(STEP, step.to_string())
            .env(WHAT, what)
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        let store = open(folder.path());
        found.push(store.read_named(&name()).ok().map(|(_, bytes)| bytes));
        assert_eq!(store.listing().set_aside, [], "nothing was found damaged");
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        let expected = 1 + usize::from(found.last().is_some_and(Option::is_some));
        assert_eq!(files.len(), expected, "nothing is left over: {files:?}");
        // The store works on.
        store.put(&name(), &NEW).unwrap();
        assert_eq!(store.read_named(&name()).unwrap().1, NEW);
        match status.signal() {
            Some(signal) => assert_eq!(signal, Signal::SIGKILL as i32),
            None => {
                assert!(status.success(), "{status}");
                return found;
            }
        }
    }
    unreachable!("the process comes to its end after the last step")
}

/// How often what was found changed from one cut to the next.
fn changes(found: &[Option<Vec<u8>>]) -> usize {
    found.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// PATTERN-17
#[test]
fn a_new_pattern_is_there_whole_or_not_at_all() {
    let found = after_each_cut("put", None);
    assert_eq!(found.len(), 8, "create, write three times, sync, rename, sync; and the run that is not cut");
    assert_eq!(found.iter().collect::<BTreeSet<_>>(), BTreeSet::from([&None, &Some(NEW.to_vec())]));
    assert_eq!((changes(&found), found.last()), (1, Some(&Some(NEW.to_vec()))));
}

/// PATTERN-17
#[test]
fn a_replaced_pattern_is_the_old_one_or_the_new_one() {
    let found = after_each_cut("put", Some(&OLD));
    assert_eq!(found.len(), 10, "as a new one, remove the old, sync");
    assert_eq!(found.iter().collect::<BTreeSet<_>>(), BTreeSet::from([&Some(OLD.to_vec()), &Some(NEW.to_vec())]));
    assert_eq!((changes(&found), found.last()), (1, Some(&Some(NEW.to_vec()))));
}

/// PATTERN-17
#[test]
fn a_deleted_pattern_is_there_whole_or_not_at_all() {
    let found = after_each_cut("remove", Some(&OLD));
    assert_eq!(found.len(), 3, "remove, sync; and the run that is not cut");
    assert_eq!(found.iter().collect::<BTreeSet<_>>(), BTreeSet::from([&None, &Some(OLD.to_vec())]));
    assert_eq!((changes(&found), found.last()), (1, Some(&None)));
}
