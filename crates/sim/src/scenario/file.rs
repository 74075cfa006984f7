//! The keys of a scenario file. Everything not named here is refused.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::limits::Stated;
use super::paths::PathText;
use super::units::{Length, Lengths, Ppm, PpmPerSecond};
use crate::scenario::worse;

/// A file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    /// What it shows.
    pub(super) shows: String,
    /// What that means for somebody who runs a show.
    pub(super) means: String,
    pub(super) seed: u64,
    pub(super) lasts: Length,
    /// Clocks, frames and changes count from here on.
    #[serde(default)]
    pub(super) judged_from: Length,
    #[serde(default)]
    pub(super) hub: Hub,
    /// Groups of equal nodes, numbered from 1 through all groups.
    pub(super) node: Vec<Group>,
    #[serde(default)]
    pub(super) event: Vec<Event>,
    pub(super) limits: BTreeMap<String, Stated>,
}

/// The hub.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Hub {
    /// Lead of applyAt.
    pub(super) lead: Option<Length>,
    /// Whether changes go to Cuelight nodes on the control plane too.
    pub(super) backstop: Option<bool>,
    /// The number of the first datagram of every session.
    pub(super) first_seq: u32,
    pub(super) speaks: Speaks,
    pub(super) clock: Clock,
}

/// What language a machine speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Speaks {
    #[default]
    Present,
    Later,
    Deployed,
}

/// Equal nodes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Group {
    #[serde(default = "one")]
    pub(super) count: usize,
    pub(super) path: PathText,
    #[serde(default)]
    pub(super) clock: Clock,
    #[serde(default)]
    pub(super) speaks: Speaks,
    /// Nodes of one company are to look alike.
    #[serde(default)]
    pub(super) company: u32,
    /// Whether they start with the show; else an event starts them.
    #[serde(default = "yes")]
    pub(super) starts: bool,
    /// Dealing with one datagram or message takes this long.
    #[serde(default)]
    pub(super) handles_in: Lengths,
    /// The frame thread wakes this much late.
    #[serde(default)]
    pub(super) wakes_late: Lengths,
    /// Datagrams that wait while a node is busy.
    pub(super) inbox: Option<usize>,
}

/// A clock; what is not said is drawn from the seed: offset within 1000 s, skew within 100 ppm, wander of a crystal.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Clock {
    pub(super) offset: Option<Length>,
    pub(super) skew: Option<Ppm>,
    /// Random walk of the frequency, per square root of a second.
    pub(super) wander: Option<Ppm>,
    pub(super) ramp: Option<Ramp>,
    pub(super) step: Option<Step>,
    pub(super) counter: Option<CounterText>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Ramp {
    pub(super) by: PpmPerSecond,
    #[serde(rename = "for")]
    pub(super) lasts: Length,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) at: Length,
    pub(super) by: Length,
}

/// A counter of 32 bits, in microseconds, that local time is read from.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct CounterText {
    pub(super) wraps_at: Length,
    /// Whether the node's shell extends it to 64 bits.
    #[serde(default = "yes")]
    pub(super) extended: bool,
}

/// Something that is done: an instant, and one of the others.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Event {
    pub(super) at: Length,
    /// Scenes change, some with a fade, some in their parameters only.
    pub(super) changes: Option<Changes>,
    /// A new scene fades in.
    pub(super) fade: Option<Fade>,
    /// A group is made.
    pub(super) group: Option<GroupOf>,
    pub(super) kill_hub: Option<Kill>,
    pub(super) start_hub: Option<StartHub>,
    /// A copy of the hub's disk is made.
    pub(super) back_up_hub: Option<Nothing>,
    /// The hub's process does nothing for a while.
    pub(super) stop_hub: Option<For>,
    pub(super) kill_nodes: Option<KillNodes>,
    pub(super) start_nodes: Option<Nodes>,
    /// Nodes' processes do nothing for a while.
    pub(super) stop_nodes: Option<NodesFor>,
    /// Nothing passes to and from nodes for a while.
    pub(super) cut: Option<NodesFor>,
    /// Nodes go over to another path.
    pub(super) roam: Option<Roam>,
    /// Somebody says hello in a version of the protocol.
    pub(super) hello: Option<Hello>,
    /// Datagrams that nobody asked for reach nodes.
    pub(super) strays: Option<Strays>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    pub(super) count: u32,
    pub(super) every: Lengths,
    /// For a group; else for all.
    pub(super) group: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fade {
    pub(super) over: Length,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupOf {
    pub(super) name: String,
    pub(super) nodes: Vec<usize>,
    pub(super) lead: Option<Length>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct For {
    #[serde(rename = "for")]
    pub(super) lasts: Length,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Kill {
    /// Its machine loses power, so nobody is told.
    #[serde(default)]
    pub(super) power: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct StartHub {
    #[serde(default)]
    pub(super) disk: DiskText,
    /// What its clock's epoch is shifted by, against its last start.
    #[serde(default)]
    pub(super) epoch: Length,
    /// It has a saved map through the wall clock, which is off by this.
    pub(super) map_off: Option<Length>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DiskText {
    #[default]
    Saved,
    Backup,
    Empty,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nodes {
    /// All when absent.
    #[serde(default)]
    pub(super) nodes: Vec<usize>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KillNodes {
    #[serde(default)]
    pub(super) nodes: Vec<usize>,
    #[serde(default)]
    pub(super) power: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodesFor {
    #[serde(default)]
    pub(super) nodes: Vec<usize>,
    #[serde(rename = "for")]
    pub(super) lasts: Length,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Roam {
    #[serde(default)]
    pub(super) nodes: Vec<usize>,
    pub(super) path: PathText,
    /// How long nothing passes in between.
    #[serde(default)]
    pub(super) gap: Length,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hello {
    pub(super) proto: u8,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Strays {
    #[serde(default)]
    pub(super) nodes: Vec<usize>,
    pub(super) count: u32,
    pub(super) every: Lengths,
}

const fn one() -> usize {
    1
}
const fn yes() -> bool {
    true
}

impl Event {
    /// How many things it is.
    fn deeds(&self) -> usize {
        let Self { at: _, changes, fade, group, kill_hub, start_hub, back_up_hub, stop_hub, .. } = self;
        let Self { kill_nodes, start_nodes, stop_nodes, cut, roam, hello, strays, .. } = self;
        let hub = [kill_hub.is_some(), start_hub.is_some(), back_up_hub.is_some(), stop_hub.is_some()];
        let nodes = [kill_nodes.is_some(), start_nodes.is_some(), stop_nodes.is_some(), cut.is_some(), roam.is_some()];
        let show = [changes.is_some(), fade.is_some(), group.is_some(), hello.is_some(), strays.is_some()];
        hub.into_iter().chain(nodes).chain(show).filter(|is| *is).count()
    }
    /// The nodes it names.
    fn named(&self) -> impl Iterator<Item = &usize> {
        let lists = [
            self.group.as_ref().map(|of| &of.nodes),
            self.kill_nodes.as_ref().map(|of| &of.nodes),
            self.start_nodes.as_ref().map(|of| &of.nodes),
            self.stop_nodes.as_ref().map(|of| &of.nodes),
            self.cut.as_ref().map(|of| &of.nodes),
            self.roam.as_ref().map(|of| &of.nodes),
            self.strays.as_ref().map(|of| &of.nodes),
        ];
        lists.into_iter().flatten().flatten()
    }
}

/// Nodes of a scenario; a crowd is played by other means.
const MAX_NODES: usize = 256;

impl File {
    /// What the keys alone cannot say.
    pub(super) fn check(&self) -> Result<(), String> {
        let nodes: usize = self.node.iter().map(|group| group.count).sum();
        if nodes == 0 || nodes > MAX_NODES {
            return Err(format!("{nodes} nodes; a scenario has 1 to {MAX_NODES}"));
        }
        for (n, group) in self.node.iter().enumerate() {
            group.path.profile().map_err(|problem| format!("node group {}: {problem}", n + 1))?;
        }
        for (n, event) in self.event.iter().enumerate() {
            let wrong = |problem: String| Err(format!("event {}: {problem}", n + 1));
            if event.deeds() != 1 {
                return wrong(format!("it says {} things; say one beside \"at\"", event.deeds()));
            }
            if event.at.ns < 0.0 || event.at.ns > self.lasts.ns {
                return wrong("\"at\" lies outside the scenario".into());
            }
            if let Some(node) = event.named().find(|node| !(1..=nodes).contains(node)) {
                return wrong(format!("there is no node {node}; there are 1 to {nodes}"));
            }
            if let Some(roam) = &event.roam {
                roam.path.profile().or_else(|problem| wrong(problem).map(|()| unreachable!("it is wrong")))?;
            }
        }
        if self.limits.is_empty() {
            return Err("[limits] is empty: a scenario without limits judges nothing".into());
        }
        self.limits.iter().try_for_each(|(name, limit)| limit.check(name))
    }
    /// Whether every worsened scenario is one.
    pub(super) fn check_worse(&self, table: &toml::Table) -> Result<(), String> {
        for (name, limit) in &self.limits {
            let Some(conditions) = &limit.worse else { continue };
            let worsened: Self = worse::worsened(table, conditions)
                .try_into()
                .map_err(|error: toml::de::Error| format!("limits.{name}.worse: {}", error.message()))?;
            worsened.check().map_err(|problem| format!("limits.{name}.worse: {problem}"))?;
        }
        Ok(())
    }
}
