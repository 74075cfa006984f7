//! A run of a scenario, and its verdict.

use cuelight_oracle::{Cast, Entry, Figure, Figures, Judge, NodeNo, What};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Caps, Hello, NodeMessage, Topo};
use cuelight_wire::ids::Mac;
use cuelight_wire::time::Span;

use super::file::{Clock, File, Group, Speaks};
use super::limits::{Bound, Limit, NEVER, Row};
use super::script::{Deed, mac, script};
use super::{Neighbour, Scenario};
use crate::oscillator::OscillatorProfile;
use crate::profiles::LOOPBACK_PATH;
use crate::rng::Rng;
use crate::world::{Counter, Cpu, Restart, Setup, Site, Speech, World};

/// Clocks are looked at this often.
const LOOK_EVERY_NS: i64 = 100_000_000;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed it had.
    pub seed: u64,
    /// What the oracle measured.
    pub figures: Figures,
    /// One number for everything that happened.
    pub run_hash: u64,
    /// What happened to each node, for plots.
    pub course: Course,
}

/// What happened to each node in the course of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// For each node, ten moments a second.
    pub nodes: Vec<Vec<Moment>>,
    /// For each node and second: datagrams sent to it, and how many of them were lost.
    pub losses: Vec<Vec<(u32, u32)>>,
}

/// A node at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Seconds of true time.
    pub at_s: f64,
    /// Its show time minus the hub's, microseconds; `None` while it cannot be scheduled on.
    pub error_us: Option<f64>,
    /// What it is doing.
    pub state: NodeState,
}

/// What a node is doing, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeState {
    /// Its clock is usable and it has its stream.
    InShow,
    /// It has its stream, but no clock that can be scheduled on.
    NoClock,
    /// Its stream is silent.
    NoStream,
    /// It does not run.
    Off,
}

/// How a run met the limits.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// One row for each limit that the scenario states.
    pub stated: Vec<Row>,
    /// One for each of what the protocol allows in no scenario.
    pub always: Vec<Row>,
}

impl Verdict {
    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.stated.iter().chain(&self.always)
    }
    /// Those whose limit is missed.
    pub fn missed(&self) -> impl Iterator<Item = &Row> {
        self.rows().filter(|row| !row.is_met())
    }
}

impl Outcome {
    /// How it meets the limits of its scenario.
    pub fn verdict(&self, scenario: &Scenario) -> Verdict {
        let limits = scenario.limits();
        let is_free = |figure: &Figure| limits.iter().all(|limit| limit.figure != *figure);
        let never = NEVER.iter().filter(|figure| is_free(figure) && self.figures.get(**figure).is_some());
        let zero = |figure: &Figure| Limit { figure: *figure, bound: Bound::Most(0.0) };
        Verdict {
            stated: limits.iter().map(|limit| limit.judge(&self.figures)).collect(),
            always: never.map(|figure| zero(figure).judge(&self.figures)).collect(),
        }
    }
}

impl Neighbour {
    /// The limit it goes beyond, and how it fares there; `own` is the run of the scenario itself. The judgement must fail.
    pub fn judge(&self, own: &Outcome) -> Row {
        match self {
            Self::Tighter(limit) => limit.judge(&own.figures),
            Self::Worse(limit, scenario) => limit.judge(&play(scenario, own.seed).figures),
        }
    }
}

/// Plays a scenario.
pub fn play(scenario: &Scenario, seed: u64) -> Outcome {
    let file = &scenario.file;
    let mut stage = Stage::new(file, seed);
    let end_ns = file.lasts.ns as i64;
    let mut deeds = script(file, seed).into_iter().peekable();
    let mut look_at = LOOK_EVERY_NS;
    loop {
        let deed_at = deeds.peek().map_or(i64::MAX, |(at_ns, _)| *at_ns);
        let next = deed_at.min(look_at).min(end_ns);
        stage.run_to(next);
        if next >= end_ns {
            break;
        }
        while let Some((_, deed)) = deeds.next_if(|(at_ns, _)| *at_ns <= next) {
            stage.carry_out(deed);
        }
        if look_at <= next {
            look_at += LOOK_EVERY_NS;
            stage.look();
        }
    }
    stage.finish(seed)
}

/// A world with its judge.
struct Stage {
    world: World,
    judge: Judge,
    course: Course,
    stranger: Site,
    rng: Rng,
    nodes: usize,
}

impl Stage {
    fn new(file: &File, seed: u64) -> Self {
        let (setup, cast) = (setup(file, seed), cast(file));
        let nodes = setup.nodes.len();
        let starts: Vec<bool> = each(file).map(|group| group.starts).collect();
        let mut world = World::new(setup);
        let stranger = world.add_guest(LOOPBACK_PATH);
        for (n, _) in starts.iter().enumerate().filter(|(_, starts)| **starts) {
            world.start_node(Site(n));
        }
        let course = Course { nodes: vec![Vec::new(); nodes], losses: vec![Vec::new(); nodes] };
        Self { world, judge: Judge::new(cast), course, stranger, rng: Rng::derived(seed, 0x57a9), nodes }
    }
    fn run_to(&mut self, at_ns: i64) {
        self.world.run(Span::from_ns(at_ns - self.world.now_ns()));
        self.hear();
    }
    /// The judge hears what happened.
    fn hear(&mut self) {
        for entry in self.world.take_trace() {
            self.judge.take(&entry);
            if let Entry { at_ns, what: What::Sent(NodeNo(n), sent), .. } = &entry
                && let Some(losses) = self.course.losses.get_mut(*n)
            {
                let second = usize::try_from(at_ns / 1_000_000_000).expect("true time is not negative");
                losses.resize(losses.len().max(second + 1), (0, 0));
                losses[second].0 += 1;
                losses[second].1 += u32::from(sent.arrivals == [None, None]);
            }
        }
    }
    fn look(&mut self) {
        self.world.look_at_clocks();
        self.hear();
        let at_s = self.world.now_ns() as f64 / 1e9;
        for n in 0..self.nodes {
            let error_us = self.world.clock_error_ns(Site(n)).map(|error_ns| error_ns as f64 / 1e3);
            let state = match self.world.status(Site(n)) {
                None => NodeState::Off,
                Some(status) if status.is_fallback => NodeState::NoStream,
                Some(_) if error_us.is_none() => NodeState::NoClock,
                Some(_) => NodeState::InShow,
            };
            self.course.nodes[n].push(Moment { at_s, error_us, state });
        }
    }
    fn carry_out(&mut self, deed: Deed) {
        let world = &mut self.world;
        match deed {
            Deed::Command(command) if world.is_hub_up() => {
                world.command(*command).expect("a scenario's commands are accepted");
            }
            Deed::Command(_) => {}
            Deed::KillHub(death) => world.kill_hub(death),
            Deed::StartHub { disk, epoch, map_off } => {
                let show_hint = map_off.map(|off| world.show_now() + off);
                world.start_hub(Restart { epoch, show_hint, disk });
            }
            Deed::BackUpHub => world.back_up_hub(),
            Deed::StopHub(span) => world.stop_hub(span),
            Deed::KillNode(site, death) => world.kill_node(site, death),
            Deed::StartNode(site) => world.start_node(site),
            Deed::StopNode(site, span) => world.stop_node(site, span),
            Deed::Cut(site, is_cut) => world.set_cut(site, is_cut),
            Deed::Path(site, path) => world.set_path(site, path),
            Deed::Connect => world.guest_connect(self.stranger),
            Deed::Hello(proto) => world.guest_say(self.stranger, hello(proto)),
            Deed::Stray(site) => {
                let bytes = stray(&mut self.rng);
                world.inject_stream(site, &bytes);
                world.inject_pong(site, &bytes);
            }
        }
    }
    fn finish(self, seed: u64) -> Outcome {
        let run_hash = self.world.run_hash();
        Outcome { seed, figures: self.judge.figures(), run_hash, course: self.course }
    }
}

/// The group of each node, in the order of their numbers.
fn each(file: &File) -> impl Iterator<Item = &Group> {
    file.node.iter().flat_map(|group| std::iter::repeat_n(group, group.count))
}

fn cast(file: &File) -> Cast {
    let unavoidable = |group: &Group| group.path.profile().expect("a path was checked").unavoidable_ns();
    // The last place is the stranger's.
    Cast {
        companies: each(file).map(|group| group.company).chain([u32::MAX]).collect(),
        unavoidable_ns: each(file).map(unavoidable).chain([0.0]).collect(),
        from_ns: file.judged_from.ns as i64,
    }
}

fn setup(file: &File, seed: u64) -> Setup {
    let mut setup = Setup::loopback(each(file).count(), seed);
    setup.is_traced = true;
    setup.first_seq = file.hub.first_seq;
    setup.hub_speech = speech(file.hub.speaks);
    setup.hub_clock = clock(setup.hub_clock, &file.hub.clock);
    if let Some(lead) = file.hub.lead {
        setup.hub.lead = Span::from_ns(lead.ns as i64);
    }
    setup.hub.control_backstop = file.hub.backstop.unwrap_or(setup.hub.control_backstop);
    if file.hub.speaks == Speaks::Deployed {
        setup.hub.ext = Ext::NONE;
    }
    for (n, (node, group)) in setup.nodes.iter_mut().zip(each(file)).enumerate() {
        node.mac = mac(n + 1);
        node.path = group.path.profile().expect("a path was checked");
        node.clock = clock(node.clock, &group.clock);
        node.speech = speech(group.speaks);
        node.cpu = Cpu { handles_ns: group.handles_in.range_ns(), wakes_late_ns: group.wakes_late.range_ns() };
        node.inbox = group.inbox.unwrap_or(node.inbox);
        node.counter = group.clock.counter.map(|counter| {
            let until_wrap_us = (counter.wraps_at.ns / 1e3) as u32;
            Counter { starts_at: 0_u32.wrapping_sub(until_wrap_us), is_extended: counter.extended }
        });
        if node.counter.is_some() {
            // What the counter begins with is its offset.
            node.clock.offset_ns = 0;
        }
    }
    setup
}

const fn speech(speaks: Speaks) -> Speech {
    match speaks {
        Speaks::Present => Speech::Present,
        Speaks::Later => Speech::Later,
        Speaks::Deployed => Speech::Deployed,
    }
}

fn clock(drawn: OscillatorProfile, stated: &Clock) -> OscillatorProfile {
    OscillatorProfile {
        offset_ns: stated.offset.map_or(drawn.offset_ns, |offset| offset.ns as i64),
        ppm: stated.skew.map_or(drawn.ppm, |skew| skew.ppm),
        wander_ppm: stated.wander.map_or(drawn.wander_ppm, |wander| wander.ppm),
        ramp_ppm_per_s: stated.ramp.map_or(drawn.ramp_ppm_per_s, |ramp| ramp.by.ppm_per_s),
        ramp_s: stated.ramp.map_or(drawn.ramp_s, |ramp| ramp.lasts.ns / 1e9),
        step: stated.step.map_or(drawn.step, |step| Some((step.at.ns as i64, step.by.ns as i64))),
    }
}

fn hello(proto: u8) -> NodeMessage {
    NodeMessage::Hello(Hello {
        proto,
        mac: Mac([4; 6]),
        fw: "stranger".try_into().expect("8 characters fit"),
        caps: Caps { udp: true, ota: false, clock: false },
        topo: Topo { leds: 1, channels: 1 },
        udp_port: None,
        name: None,
        ext: Ext::ALL,
        hardware: None,
        universes: None,
        page_port: None,
        geometry: None,
        show: None,
    })
}

/// Something like a packet: of this or another version, of any type, with any token.
fn stray(rng: &mut Rng) -> Vec<u8> {
    let payload = (rng.bits() % 100) as u8;
    let mut bytes: Vec<u8> = (0..28 + usize::from(payload)).map(|_| rng.bits() as u8).collect();
    bytes[0] = 1 + (rng.bits() % 3) as u8;
    bytes[1] = [1, 2, 4, 0x10, 0x11, 0x7f][(rng.bits() % 6) as usize];
    bytes[2..4].copy_from_slice(&u16::from(payload).to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A figure that is not measured misses its limit, whichever way it is bounded.
    #[test]
    fn a_limit_on_what_was_not_measured_is_missed() {
        let figures = Figures::default();
        for bound in [Bound::Most(1.0), Bound::Least(0.0)] {
            assert!(!Limit { figure: Figure::Late, bound }.judge(&figures).is_met());
        }
    }
}
