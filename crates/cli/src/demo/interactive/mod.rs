//! `cuelight demo`: a show to play with, in a terminal.
//!
//! One thread draws, takes keys and starts and ends processes; another talks to the hub ([`poll`]). Nodes send their pixels here
//! by DDP ([`preview`]), and how far apart they are is measured from their records ([`meter`]). Links between hub and nodes are
//! always there, so that trouble can be switched on.

mod draw;
mod keys;
mod meter;
mod picture;
mod poll;
mod preview;
mod state;
mod tail;
mod terminal;

use std::env;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use cuelight_measure::record::News;
use cuelight_net::clock::mono_now_ns;
use cuelight_render::Geometry;
use cuelight_sim::link::LinkProfile;
use ratatui::crossterm::event::{self, Event};

use super::cast::{Cast, Script};
use super::link::{BUSY_WIFI, CLEAN, lossy};
use keys::Keys;
use meter::Meter;
use picture::{Depth, Picture};
use poll::Poll;
use preview::Preview;
use state::{Network, Order, State};
use tail::Tail;
use terminal::Taken;

/// 30 pictures a second.
const PICTURE: Duration = Duration::from_millis(33);
/// Records are written ten times a second.
const MEASURE: Duration = Duration::from_millis(200);
/// Loss of the lossy network, percent.
const LOSS_PCT: f64 = 20.0;

/// What is to be played.
#[derive(Clone, Debug)]
pub(crate) struct InteractivePlan {
    pub(crate) nodes: u8,
    pub(crate) seed: u64,
    /// Where records and logs stay; `None` removes them at the end.
    pub(crate) out: Option<PathBuf>,
    /// What hangs on each node, in the text form of [`Geometry`].
    pub(crate) geometry: String,
    /// Whether the network loses 20 % from the start on.
    pub(crate) is_lossy: bool,
}

/// Plays until it is told to stop.
///
/// # Errors
/// When there is no terminal, or a process cannot be started or did not end as asked. Everything else is said on the screen.
pub(crate) fn run(plan: &InteractivePlan) -> Result<()> {
    terminal::require()?;
    let geometry: Geometry =
        plan.geometry.parse().map_err(|error| anyhow::anyhow!("{error}, not \"{}\"", plan.geometry))?;
    let folder = Folder::open(plan.out.clone());
    let previews = (0..plan.nodes).map(|_| Preview::open(geometry.len())).collect::<io::Result<Vec<_>>>();
    let previews = previews.context("no UDP port is free on 127.0.0.1")?;
    let network = if plan.is_lossy { Network::Lossy } else { Network::Clean };
    let script = Script {
        nodes: plan.nodes,
        seed: plan.seed,
        dir: folder.path.clone(),
        link: Some(profile(network)),
        has_page: true,
        previews: previews
            .iter()
            .map(Preview::address)
            .collect::<io::Result<_>>()
            .context("a socket has no address")?,
        control_backstop: true,
        geometry: plan.geometry.clone(),
        own_words: Vec::new(),
    };
    let cast = Cast::start(script)?;
    let start = Instant::now();
    let mut demo = Demo {
        state: State::new(cast.page(), cast.len(), network),
        poll: Poll::start(cast.api(), start)?,
        tails: (0..cast.len()).map(|index| Tail::new(cast.node_record(index), plan.out.is_some())).collect(),
        meter: Meter::new(cast.len()),
        picture: Picture::new(&geometry, depth()),
        keys: Keys::default(),
        fault: None,
        measured_at: None,
        start,
        previews,
        cast,
    };
    let played = Taken::take().and_then(|mut taken| demo.play(&mut taken));
    let stopped = demo.cast.stop();
    played.and(stopped)
}

/// Where records and logs go; a folder that nobody asked for is removed at the end.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    is_kept: bool,
}

impl Folder {
    fn open(out: Option<PathBuf>) -> Self {
        let is_kept = out.is_some();
        let scratch = || env::temp_dir().join(format!("cuelight-demo-{}", std::process::id()));
        Self { path: out.unwrap_or_else(scratch), is_kept }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.is_kept {
            // What is left lies where the system cleans up.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

struct Demo {
    state: State,
    poll: Poll,
    tails: Vec<Tail>,
    meter: Meter,
    picture: Picture,
    keys: Keys,
    /// What was said of a process that ended by itself: once is enough.
    fault: Option<String>,
    measured_at: Option<Duration>,
    start: Instant,
    previews: Vec<Preview>,
    cast: Cast,
}

impl Demo {
    fn play(&mut self, taken: &mut Taken) -> Result<()> {
        while !taken.stop.is_set() {
            let now = self.start.elapsed();
            self.look(now);
            if let Some(order) = self.state.due(now) {
                self.carry_out(order, now);
            }
            let pixels: Vec<_> = self.previews.iter().map(|preview| preview.pixels(now)).collect();
            let picture = taken.terminal.draw(|frame| draw::draw(frame, &self.state, &self.picture, &pixels, now));
            picture.context("the terminal cannot be drawn to")?;
            if self.take_keys(now + PICTURE)? {
                return Ok(());
            }
        }
        ensure!(!taken.stop.has_panicked(), "a thread of the demo panicked; its message is above");
        Ok(())
    }

    /// Takes in what nodes, hub, processes and records have to tell.
    fn look(&mut self, now: Duration) {
        for report in self.poll.reports() {
            self.state.handle_report(report, now);
        }
        for preview in &mut self.previews {
            preview.read(now);
        }
        if self.measured_at.is_some_and(|at| now < at + MEASURE) {
            return;
        }
        self.measured_at = Some(now);
        for (node, tail) in self.tails.iter_mut().enumerate() {
            tail.read(|news| match news {
                News::Start => self.meter.handle_start(node),
                News::Frame(frame, line) => self.meter.handle_frame(node, frame, line),
            });
        }
        self.state.figures = self.meter.figures(mono_now_ns());
        self.state.is_hub_running = self.cast.is_hub_running();
        for (index, running) in self.state.running.iter_mut().enumerate() {
            *running = self.cast.is_node_running(index);
        }
        let fault = self.cast.check().err().map(|error| format!("{error:#}"));
        if fault != self.fault {
            if let Some(text) = &fault {
                self.state.complain(text.clone(), now);
            }
            self.fault = fault;
        }
    }

    /// Acts on keys until it is time for the next picture. Returns whether that is enough.
    fn take_keys(&mut self, until: Duration) -> Result<bool> {
        loop {
            let left = until.saturating_sub(self.start.elapsed());
            if !event::poll(left).context("the terminal gives no keys")? {
                return Ok(false);
            }
            let Event::Key(key) = event::read().context("the terminal gives no keys")? else { continue };
            let now = self.start.elapsed();
            let Some(order) = self.keys.handle_key(key).and_then(|action| self.state.act(action, now)) else {
                continue;
            };
            if order == Order::Quit {
                return Ok(true);
            }
            self.carry_out(order, now);
            // However fast keys come, there are pictures in between.
            if left.is_zero() {
                return Ok(false);
            }
        }
    }

    /// What goes wrong is said on the screen.
    fn carry_out(&mut self, order: Order, now: Duration) {
        let done = match order {
            Order::Quit => Ok(()),
            Order::Call(call) => self.poll.call(call),
            Order::StartNode(index) => self.cast.start_node(index),
            Order::KillNode(index) => {
                self.cast.kill_node(index);
                Ok(())
            }
            Order::StartHub => self.cast.start_hub(),
            Order::KillHub => {
                self.cast.kill_hub();
                Ok(())
            }
            Order::SetNetwork(network) => {
                self.set_network(network);
                Ok(())
            }
            Order::SetSync { on, network } => {
                self.set_network(network);
                self.restart_nodes(on)
            }
        };
        if let Err(error) = done {
            self.state.complain(format!("{error:#}"), now);
        }
    }

    fn set_network(&self, network: Network) {
        if let Some(links) = self.cast.links() {
            links.set_profile(profile(network));
        }
    }

    /// Nodes that were stopped stay so.
    fn restart_nodes(&mut self, is_synced: bool) -> Result<()> {
        self.cast.set_on_arrival(!is_synced);
        for index in 0..self.cast.len() {
            if self.cast.is_node_running(index) {
                self.cast.kill_node(index);
                self.cast.start_node(index)?;
            }
        }
        Ok(())
    }
}

fn profile(network: Network) -> LinkProfile {
    match network {
        Network::Clean => CLEAN,
        Network::BusyWifi => BUSY_WIFI,
        Network::Lossy => lossy(LOSS_PCT),
    }
}

fn depth() -> Depth {
    let read = |name| env::var(name).unwrap_or_default();
    Depth::of(&read("COLORTERM"), &read("TERM"), &read("NO_COLOR"))
}
