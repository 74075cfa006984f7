//! A tool on the hub's leash.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{SOON, until, until_true};

/// Starts a shell on a leash; returns the leash and the shell's process number, which it says in its first line.
fn leashed(script: &str) -> (Child, u32) {
    let mut leash = Command::new(env!("CARGO_BIN_EXE_cuelight"))
        .args(["leash", "sh", "-c", &format!("echo $$; {script}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(leash.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    (leash, line.trim().parse().unwrap())
}

fn runs(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// AP-6
#[test]
fn a_tool_ends_when_its_hub_is_gone_even_one_that_does_not_want_to() {
    for script in ["exec sleep 60", "trap '' TERM; while :; do sleep 1; done"] {
        let (mut leash, pid) = leashed(script);
        assert!(runs(pid) && leash.try_wait().unwrap().is_none());
        // What the kernel does with the files of a process that is killed.
        drop(leash.stdin.take());
        until_true("the tool has ended", SOON, || !runs(pid));
        until("the leash has ended", SOON, || leash.try_wait().unwrap());
    }
}

/// AP-6
#[test]
fn how_a_tool_ended_is_passed_on() {
    let (mut leash, _) = leashed("exit 7");
    assert_eq!(until("its end", SOON, || leash.try_wait().unwrap()).code(), Some(7));
    let (mut leash, _) = leashed("kill -KILL $$");
    assert_eq!(until("its end", SOON, || leash.try_wait().unwrap()).code(), Some(128 + 9));
    let missing = Command::new(env!("CARGO_BIN_EXE_cuelight")).args(["leash", "/nowhere/dnsmasq"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8(missing.stderr).unwrap().contains("/nowhere/dnsmasq"));
}
