//! The house the show is played in: hub, nodes with their universes, the receiver, and the calls to the hub.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use cuelight_measure::hub_api::{HubApi, Show};
use cuelight_measure::machine::{MachineWatch, Stall};
use cuelight_measure::record::Record;
use cuelight_measure::universes::{Heard, Receiver};
use cuelight_measure::watch::until;
use cuelight_net::clock::mono_now_ns;
use cuelight_show::ListNumber;
use cuelight_wire::cues::CueOrder;
use cuelight_wire::time::{Show as ShowClock, Time};
use serde_json::{Value, json};

use super::Plan;
use super::course::Course;
use super::piece::{Piece, ranges};
use crate::demo::cast::{Cast, Script};
use crate::demo::link::lossy;

/// How long the first lock of all nodes may take before the demo gives up.
const START: Duration = Duration::from_secs(30);
/// How long nodes may take to have a show, and to be back after a restart.
const PATIENCE: Duration = Duration::from_secs(30);

/// The running house. Dropping it ends everything.
pub(super) struct Theatre {
    pub(super) cast: Cast,
    pub(super) receiver: Receiver,
    watch: MachineWatch,
    /// Nodes that have universes.
    players: usize,
    nodes: usize,
    /// Show time less CLOCK_MONOTONIC, to within some milliseconds, nanoseconds.
    offset_ns: i64,
    /// A folder that nobody asked for.
    scratch: Option<PathBuf>,
}

/// What is left of it at the end.
pub(super) struct Kept {
    pub(super) heard: Heard,
    pub(super) hub: Record,
    pub(super) stalls: Vec<Stall>,
}

impl Theatre {
    /// Starts everything and waits until every node plays on a locked clock.
    pub(super) fn open(plan: &Plan, piece: &Piece, has_page: bool) -> Result<Self> {
        let scratch = std::env::temp_dir().join(format!("cuelight-demo-{}", std::process::id()));
        let receiver =
            Receiver::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).context("no UDP port is free here")?;
        let lights = format!("sacn@{}", receiver.address());
        let shares = piece.shares(plan.nodes.into());
        let words = |share: &&[u16]| match share {
            [] => Vec::new(),
            share => ["--universes", &ranges(share), "--lights", &lights].map(str::to_owned).to_vec(),
        };
        let script = Script {
            nodes: plan.nodes,
            seed: plan.seed,
            dir: plan.out.clone().unwrap_or_else(|| scratch.clone()),
            link: (plan.loss_pct > 0.0).then(|| lossy(plan.loss_pct)),
            has_page,
            previews: Vec::new(),
            control_backstop: true,
            geometry: plan.geometry.clone(),
            own_words: shares.iter().map(words).collect(),
        };
        let watch = MachineWatch::start().context("the machine cannot be watched")?;
        let mut theatre = Self {
            cast: Cast::start(script)?,
            receiver,
            watch,
            players: shares.iter().filter(|share| !share.is_empty()).count(),
            nodes: shares.len(),
            offset_ns: 0,
            scratch: plan.out.is_none().then_some(scratch),
        };
        theatre.wait_until_playing("every node plays on a locked clock", START)?;
        Ok(theatre)
    }

    pub(super) fn api(&self) -> HubApi {
        self.cast.api()
    }

    /// Waits until every node plays, and takes the hub's clock.
    pub(super) fn wait_until_playing(&mut self, what: &str, limit: Duration) -> Result<()> {
        let (api, nodes) = (self.api(), self.nodes);
        let all_play = |show: &Show| show.nodes.iter().filter(|node| node.is_playing()).count() == nodes;
        until(what, limit, || {
            self.cast.check()?;
            anyhow::Ok(api.show().ok().filter(all_play))
        })?;
        let before_ns = mono_now_ns();
        let show_us = api.show()?.show_us;
        self.offset_ns = show_us * 1_000 - i64::midpoint(before_ns, mono_now_ns());
        Ok(())
    }
    /// Show time now, to within some milliseconds.
    pub(super) fn show_now(&self) -> Time<ShowClock> {
        Time::from_ns(mono_now_ns() + self.offset_ns)
    }

    /// Has a show played, and waits until every node that has universes has it.
    pub(super) fn load(&mut self, piece: &Piece) -> Result<()> {
        self.api().load_show(&piece.text)?;
        self.wait_until_in_step("every node has the show")
    }
    /// Waits until every node that has universes is at the hub's newest step.
    pub(super) fn wait_until_in_step(&mut self, what: &str) -> Result<()> {
        let api = self.api();
        until(what, PATIENCE, || {
            self.cast.check()?;
            let cues: Value = api.get("/api/v1/cues")?;
            let nodes = cues["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
            let there = nodes.iter().filter(|node| node["number"] == cues["number"]).count();
            let failed = nodes.iter().find(|node| node["failed"] == true);
            ensure!(
                failed.is_none(),
                "a node cannot have the show; its log says why: {}",
                failed.unwrap_or(&Value::Null)
            );
            anyhow::Ok((there >= self.players).then_some(()))
        })
    }
    /// Gives an order, and notes it in the course. Returns from when it holds.
    pub(super) fn order(&mut self, course: &mut Course, list: ListNumber, order: CueOrder) -> Result<Time<ShowClock>> {
        self.cast.check()?;
        let (word, body) = match order {
            CueOrder::GoTo { cue_milli, fade_ms } => {
                let cue = format!("{}.{:03}", cue_milli / 1_000, cue_milli % 1_000);
                ("goto", json!({ "cue": cue, "fade_ms": fade_ms }))
            }
            _ => ("go", json!({})),
        };
        let answer = self.api().command(&format!("cues/{list}/{word}"), body)?;
        let at = Time::from_us(answer.apply_at_us);
        course.note(list, order, at)?;
        Ok(at)
    }

    /// Ends everything in order.
    pub(super) fn close(mut self) -> Result<Kept> {
        self.cast.stop()?;
        let kept = Kept {
            heard: self.receiver.finish(),
            hub: Record::read(&self.cast.hub_record())?,
            stalls: self.watch.finish(),
        };
        if let Some(scratch) = &self.scratch {
            fs::remove_dir_all(scratch).with_context(|| format!("{} cannot be removed", scratch.display()))?;
        }
        Ok(kept)
    }
}
