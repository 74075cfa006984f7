//! The thread that keeps the access point up: it watches the interface and its address, and the tools, which it starts
//! again when they end (AP-6).

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, PipeReader, Read};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use cuelight_net::clock::LocalClock;
use cuelight_wire::time::{Local, Time};
use tracing::{debug, info, warn};

use super::hostapd::{self, Told};
use super::interface::{self, Address};
use super::leash::Leashed;
use super::leftover::Leftovers;
use super::settings::Interface;
use super::status::Facts;
use super::tools::Tool;
use super::upkeep::Upkeep;

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Looks from one look at the interface to the next: a second.
const LOOKS_PER_INTERFACE: u32 = 5;
/// How long the tools may take to end; a leash ends its tool by force after 3 s.
const END_GRACE: Duration = Duration::from_secs(4);
/// Bytes of a tool's line; what is longer counts as several.
const MAX_LINE: u64 = 512;
/// Last lines of a tool that are told when it ends.
const LAST_LINES: usize = 3;

/// A tool, how to start it, and its run.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) tool: Tool,
    pub(super) program: PathBuf,
    pub(super) args: Vec<OsString>,
    /// Its configuration file, by which a left-over process is known.
    pub(super) config: PathBuf,
    upkeep: Upkeep,
    leftovers: Leftovers,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    leashed: Leashed,
    last_lines: LastLines,
}

/// What a tool said last.
#[derive(Clone, Debug, Default)]
struct LastLines(Arc<Mutex<VecDeque<String>>>);

impl LastLines {
    fn push(&self, line: &str) {
        let Ok(mut lines) = self.0.lock() else { return };
        if lines.len() == LAST_LINES {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }
    fn text(&self) -> String {
        self.0.lock().map(|lines| lines.iter().cloned().collect::<Vec<_>>().join("; ")).unwrap_or_default()
    }
}

impl Service {
    pub(super) fn new(tool: Tool, program: PathBuf, args: Vec<OsString>, config: PathBuf) -> Self {
        let upkeep = Upkeep::new(now());
        Self { tool, program, args, config, upkeep, leftovers: Leftovers::default(), running: None }
    }

    /// Looks after it; starts it only while `may_run`.
    fn look(&mut self, may_run: bool, facts: &Facts) {
        let ended = self.running.as_mut().and_then(|running| match running.leashed.ended() {
            Ok(None) => None,
            Ok(Some(status)) => Some(status.to_string()),
            Err(error) => Some(error.to_string()),
        });
        if let Some(how) = ended {
            let said = self.running.take().map(|running| running.last_lines.text()).unwrap_or_default();
            // One that was let go because its interface went away is no failure.
            let failure = may_run.then(|| format!("{how}: {said}"));
            self.handle_ended(failure, facts);
        }
        if !may_run {
            if let Some(running) = &mut self.running {
                running.leashed.let_go();
            }
        } else if self.running.is_none() && self.upkeep.is_due(now()) {
            self.start(facts);
        }
    }

    fn handle_ended(&mut self, failure: Option<String>, facts: &Facts) {
        let name = self.tool.name();
        let pause = self.upkeep.handle_ended(now());
        match &failure {
            Some(failure) => warn!("{name} ended and is started again in {} ms: {failure}", pause.as_ms()),
            None => info!("{name} is ended until the interface is back"),
        }
        facts.set_ended(self.tool, failure);
    }

    fn start(&mut self, facts: &Facts) {
        if !self.leftovers.are_gone(self.tool.name(), &self.config, now()) {
            return;
        }
        match Leashed::start(&self.program, &self.args) {
            Ok((leashed, said)) => {
                let last_lines = LastLines::default();
                self.upkeep.handle_started(now());
                facts.set_started(self.tool);
                let (tool, facts, last) = (self.tool, facts.clone(), last_lines.clone());
                let listen = move || listen(said, |line| heard(tool, line, &facts, &last));
                if let Err(error) = thread::Builder::new().name(self.tool.name().into()).spawn(listen) {
                    warn!("what {} says is not heard: {error}", self.tool.name());
                }
                self.running = Some(Running { leashed, last_lines });
            }
            Err(error) => self.handle_ended(Some(format!("it does not start: {error}")), facts),
        }
    }
}

/// Reads a tool's lines until its end.
fn listen(said: PipeReader, mut heard: impl FnMut(&str)) {
    let mut said = BufReader::new(said);
    let mut line = Vec::new();
    loop {
        line.clear();
        match said.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) => heard(String::from_utf8_lossy(&line).trim()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn heard(tool: Tool, line: &str, facts: &Facts, last_lines: &LastLines) {
    if line.is_empty() {
        return;
    }
    debug!("{}: {line}", tool.name());
    last_lines.push(line);
    let Some(told) = (tool == Tool::Hostapd).then(|| hostapd::told(line)).flatten() else { return };
    match &told {
        Told::Enabled => info!("the network {} is on the air ({line})", facts.settings.ssid),
        Told::Disabled => info!("the network {} is off the air ({line})", facts.settings.ssid),
        Told::Joined(device) => info!("{device} joined the network"),
        Told::Left(device) => info!("{device} left the network"),
    }
    facts.handle_radio(&told);
}

/// What the thread works on.
#[derive(Debug)]
pub(super) struct Supervisor {
    pub(super) interface: Interface,
    pub(super) address: Address,
    pub(super) services: Vec<Service>,
    pub(super) facts: Facts,
}

impl Supervisor {
    /// Works until the other end of `stop` is gone, then ends everything it started.
    pub(super) fn run(mut self, stop: &Receiver<()>) {
        let mut index = interface::index(&self.interface);
        let mut looks = 0_u32;
        self.facts.set_interface(index.is_some());
        loop {
            for service in &mut self.services {
                service.look(index.is_some(), &self.facts);
            }
            match stop.recv_timeout(LOOK_EVERY) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
            }
            looks = looks.wrapping_add(1);
            if looks.is_multiple_of(LOOKS_PER_INTERFACE) {
                index = self.look_at_interface(index);
            }
        }
        self.end();
    }

    /// The interface's number when the tools may run on it. One that was pulled out and put back is a new one: the tools
    /// are ended and started again, because they still hold the old one.
    fn look_at_interface(&self, before: Option<u32>) -> Option<u32> {
        let interface = &self.interface;
        let index = match (before, interface::index(interface)) {
            (Some(_), None) => {
                warn!("the interface {interface} is gone");
                None
            }
            (Some(before), Some(now)) if before != now => {
                warn!("the interface {interface} was away");
                None
            }
            (None, Some(now)) if self.services.iter().all(|service| service.running.is_none()) => {
                info!("the interface {interface} is there again");
                Some(now)
            }
            (before, _) => before,
        };
        if index.is_some() && !self.address.is_there() {
            if before.is_some() {
                warn!("somebody took the hub's address from {interface}; it gets it back");
            }
            if let Err(error) = self.address.renew() {
                warn!("{interface} has no address: {error}");
            }
        }
        self.facts.set_interface(index.is_some() && self.address.is_there());
        index
    }

    fn end(mut self) {
        for running in self.services.iter_mut().filter_map(|service| service.running.as_mut()) {
            running.leashed.let_go();
        }
        let deadline = Instant::now() + END_GRACE;
        let runs = |service: &mut Service| {
            service.running.as_mut().is_some_and(|running| matches!(running.leashed.ended(), Ok(None)))
        };
        while self.services.iter_mut().any(runs) && Instant::now() < deadline {
            thread::sleep(LOOK_EVERY / 10);
        }
        for service in self.services.iter_mut() {
            if runs(service) {
                warn!("{} did not end in time", service.tool.name());
            }
        }
    }
}

fn now() -> Time<Local> {
    LocalClock::UNCHANGED.now()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_a_line_without_end_is_cut() {
        let (said, mut says) = io::pipe().unwrap();
        let last = LastLines::default();
        let mut text = b"one\n\ntwo\nthree\nfour\n".to_vec();
        text.extend([b'x'; MAX_LINE as usize + 1]);
        says.write_all(&text).unwrap();
        drop(says);
        let mut longest = 0;
        listen(said, |line| {
            longest = longest.max(line.len());
            last.push(line);
        });
        assert_eq!(longest, MAX_LINE as usize);
        assert_eq!(last.text(), format!("four; {}; x", "x".repeat(MAX_LINE as usize)));
    }
}
