//! The thread that talks to the hub: commands as they come, and the state of the show five times a second.
//!
//! One thread does both, so that every state it reports after a command includes it. At most [`CALLS`] commands wait; what is pressed while
//! as many wait is refused. A hub that does not answer holds up nothing but this thread.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use cuelight_measure::hub_api::{HubApi, Show};
use serde_json::Value;

/// How often to look.
const PERIOD: Duration = Duration::from_millis(200);
/// Commands that wait for the one under way.
const CALLS: usize = 32;
/// Reports that wait to be shown; when as many wait, the thread waits too.
const REPORTS: usize = 64;

/// A command for the hub.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    /// Below `/api/v1/`.
    pub(super) path: &'static str,
    pub(super) body: Value,
    /// What to say when it is done.
    pub(super) said: String,
}

/// What the hub said.
#[derive(Debug)]
pub(super) enum Report {
    /// The show as it was at this time of the demo.
    Show(Duration, Box<Show>),
    /// There is no answer.
    Silence(String),
    /// A command was carried out.
    Done(String),
    /// A command was not.
    Refused(String),
}

/// The running thread. It ends with its next report after this is dropped.
#[derive(Debug)]
pub(super) struct Poll {
    calls: SyncSender<Call>,
    reports: Receiver<Report>,
}

impl Poll {
    /// Starts the thread; reports count time from `start` on.
    pub(super) fn start(api: HubApi, start: Instant) -> Result<Self> {
        let (calls, calls_in) = sync_channel(CALLS);
        let (reports_out, reports) = sync_channel(REPORTS);
        let body = move || serve(&api, start, &calls_in, &reports_out);
        thread::Builder::new().name("poll".into()).spawn(body).context("the system gives no thread to ask the hub")?;
        Ok(Self { calls, reports })
    }
    /// Sends a command on its way.
    pub(super) fn call(&self, call: Call) -> Result<()> {
        self.calls.try_send(call).map_err(|error| match error {
            TrySendError::Full(_) => anyhow::anyhow!("the hub is busy with earlier commands: this one was dropped"),
            TrySendError::Disconnected(_) => anyhow::anyhow!("the thread that asks the hub has ended"),
        })
    }
    /// What came since.
    pub(super) fn reports(&self) -> impl Iterator<Item = Report> {
        self.reports.try_iter().take(REPORTS)
    }
}

/// Ends when nobody listens any more.
fn serve(api: &HubApi, start: Instant, calls: &Receiver<Call>, reports: &SyncSender<Report>) {
    let mut due = Instant::now();
    loop {
        let report = match calls.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(call) => {
                // The effect of a command is to be seen at once.
                due = Instant::now();
                match api.command(call.path, call.body) {
                    Ok(_) => Report::Done(call.said),
                    Err(error) => Report::Refused(format!("{error:#}")),
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                due = Instant::now() + PERIOD;
                match api.show() {
                    Ok(show) => Report::Show(start.elapsed(), Box::new(show)),
                    Err(error) => Report::Silence(format!("{error:#}")),
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if reports.send(report).is_err() {
            return;
        }
    }
}
