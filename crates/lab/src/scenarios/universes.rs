//! A show on universes: four nodes play one show, each its own universes, and a receiver beside the hub stamps every packet.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use cuelight_measure::quantiles::Quantiles;
use cuelight_measure::universes::{Packet, Receiver};
use cuelight_measure::verdict::Verdict;

use crate::cast::{Cast, PATIENCE, Plan, Shown, Window};
use crate::network::OPERATOR;
use crate::stage::{Scenario, Stage};

const NODES: usize = 4;
/// Universes of each node.
const EACH: usize = 3;
/// Frames are 22.7 ms apart: what comes within half of it belongs to one.
const APART_NS: i64 = 11_000_000;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "universes",
    claim: "four nodes send their universes of one show; those of a frame arrive together, with the same levels",
    is_short: true,
    run,
};

/// Every universe has a dimmer that breathes with all others: equal levels are those of one instant.
fn show() -> String {
    let mut text =
        "show-file = 1\nlabel = \"Twelve universes\"\n[[fixture-type]]\nname = \"Lamp\"\n[[fixture-type.mode]]\n\
                    name = \"One\"\nchannels = [{ attribute = \"Dimmer\", slots = [1] }]\n"
            .to_owned();
    let count = NODES * EACH;
    for number in 1..=count {
        text +=
            &format!("[[fixture]]\nnumber = {number}\ntype = \"Lamp\"\nmode = \"One\"\naddress = [\"{number}.1\"]\n");
    }
    text += &format!(
        "[[group]]\nname = \"all\"\nfixtures = [\"1..{count}\"]\n[[list]]\nnumber = 1\n[[list.cue]]\nnumber = 1\n\
         [[list.cue.effect]]\ngroup = \"all\"\ndrives = \"intensity\"\n\
         scene = {{ effect = \"breathe\", palette = \"rainbow\", speed = 255, complexity = 0, variation = 0 }}\n"
    );
    text
}

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let file = stage.dir.join("show.toml");
    fs::write(&file, show()).context("the show file")?;
    let file = file.display().to_string();
    let mut cast = Cast::prepare(stage, Plan::of(NODES))?;
    // The thread that made the network is on the switch: so is what it opens.
    let receiver = Receiver::start(SocketAddr::from((OPERATOR, 0))).context("the receiver")?;
    let to = receiver.address();
    for index in 0..NODES {
        let first = 1 + index * EACH;
        let lights = format!("sacn:{first}..{}@{to}", first + EACH - 1);
        cast.set_own_words(index, &["--show", &file, "--lights", &lights]);
    }
    cast.start_hub()?;
    (0..NODES).try_for_each(|index| cast.start_node(index))?;
    cast.wait_until_playing(PATIENCE)?;
    cast.play_for(stage.choose(Duration::from_secs(10), Duration::from_secs(2)))?;
    let window = cast.play_for(stage.choose(Duration::from_secs(20), Duration::from_secs(4)))?;
    let shown = cast.finish()?;
    let frames = frames(receiver.finish().packets, window);
    ensure!(!frames.is_empty(), "no universe came");

    let all: BTreeSet<u16> = (1..=(NODES * EACH) as u16).collect();
    let is_whole = |frame: &&Frame| frame.packets.iter().map(|p| p.universe).collect::<BTreeSet<_>>() == all;
    let judged: Vec<&Frame> =
        frames.iter().filter(|frame| !shown.is_stalled(frame.began_ns(), frame.ended_ns())).collect();
    let whole: Vec<&Frame> = judged.iter().copied().filter(is_whole).collect();
    let equal = whole.iter().filter(|frame| frame.packets.iter().all(|p| p.first == frame.packets[0].first)).count();
    let moving = whole.windows(2).filter(|pair| pair[0].packets[0].first != pair[1].packets[0].first).count();
    let apart = Quantiles::of_ns(whole.iter().map(|frame| frame.ended_ns() - frame.began_ns()).collect());
    let apart = apart.context("no frame of all nodes came")?;
    let seconds = (window.to_ns - window.from_ns) as f64 / 1e9;
    let timed = [
        Verdict::all("frames in which every universe came", whole.len(), judged.len()),
        Verdict::all("of these, with the levels of one instant in all universes", equal, whole.len()),
        // Below 44: levels that stay the same are not said again after the third time.
        Verdict::reported("frames a second", frames.len() as f64 / seconds, ""),
        Verdict::below("universes of one frame apart, four nodes, p99", apart.p99, "us", 1000.0, 200.0),
        Verdict::reported("the same, median", apart.p50, "us"),
        Verdict::reported("the same, largest", apart.max, "us"),
    ];
    let mut verdicts = vec![Verdict::at_least("frames whose levels are others than before", moving as f64, "", 20.0)];
    verdicts.extend(timed.into_iter().map(|verdict| shown.if_timed(verdict)));
    verdicts.push(Shown::not_judged("frames", frames.len() - judged.len(), frames.len()));
    Ok(verdicts)
}

/// What came together.
#[derive(Debug)]
struct Frame {
    packets: Vec<Packet>,
}

impl Frame {
    fn began_ns(&self) -> i64 {
        self.packets.first().map_or(0, |packet| packet.at_ns)
    }
    fn ended_ns(&self) -> i64 {
        self.packets.last().map_or(0, |packet| packet.at_ns)
    }
}

/// Frames that came within a window whole, in their order.
fn frames(mut packets: Vec<Packet>, window: Window) -> Vec<Frame> {
    packets.sort_by_key(|packet| packet.at_ns);
    let mut frames: Vec<Frame> = Vec::new();
    for packet in packets {
        match frames.last_mut().filter(|frame| packet.at_ns - frame.ended_ns() < APART_NS) {
            Some(frame) => frame.packets.push(packet),
            None => frames.push(Frame { packets: vec![packet] }),
        }
    }
    frames.retain(|frame| frame.began_ns() >= window.from_ns && frame.ended_ns() < window.to_ns - APART_NS);
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_come_together_are_a_frame() {
        let packet = |at_ms: i64, universe| Packet { at_ns: at_ms * 1_000_000, universe, first: 0, levels: 0 };
        let packets = vec![packet(46, 1), packet(23, 2), packet(24, 1), packet(47, 2), packet(69, 1)];
        let window = Window { from_ns: 10_000_000, to_ns: 70_000_000 };
        let frames = frames(packets, window);
        let universes = |frame: &Frame| frame.packets.iter().map(|packet| packet.universe).collect::<Vec<_>>();
        // The last may not be whole at the end of the window.
        assert_eq!(frames.iter().map(universes).collect::<Vec<_>>(), [[2, 1], [1, 2]]);
    }
}
