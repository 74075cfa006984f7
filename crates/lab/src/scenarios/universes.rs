//! A show on universes: four nodes play one show, each its own universes, and a receiver beside the hub stamps every packet.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use cuelight_measure::quantiles::Quantiles;
use cuelight_measure::verdict::Verdict;
use cuelight_net::clock::mono_now_ns;
use cuelight_net::realtime::make_thread_realtime;
use cuelight_net::udp::StampedSocket;

use crate::cast::{Cast, PATIENCE, Plan, Window};
use crate::network::OPERATOR;
use crate::stage::{Scenario, Stage};

const NODES: usize = 4;
/// Universes of each node.
const EACH: usize = 3;
/// Frames are 22.7 ms apart: what comes within half of it belongs to one.
const APART_NS: i64 = 11_000_000;
/// How long the receiver waits before it looks whether it is over.
const LOOK_EVERY_NS: i64 = 50_000_000;
/// As the time exchange of a hub.
const PRIORITY: u8 = 60;

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
    let receiver = Receiver::start(StampedSocket::bind(SocketAddr::from((OPERATOR, 0)))?)?;
    let to = receiver.address;
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
    let frames = frames(receiver.finish()?, window);
    ensure!(!frames.is_empty(), "no universe came");

    let all: BTreeSet<u16> = (1..=(NODES * EACH) as u16).collect();
    let is_whole = |frame: &&Frame| frame.packets.iter().map(|p| p.universe).collect::<BTreeSet<_>>() == all;
    let judged: Vec<&Frame> =
        frames.iter().filter(|frame| !shown.is_stalled(frame.began_ns(), frame.ended_ns())).collect();
    let whole: Vec<&Frame> = judged.iter().copied().filter(is_whole).collect();
    let equal = whole.iter().filter(|frame| frame.packets.iter().all(|p| p.level == frame.packets[0].level)).count();
    let moving = whole.windows(2).filter(|pair| pair[0].packets[0].level != pair[1].packets[0].level).count();
    let apart = Quantiles::of_ns(whole.iter().map(|frame| frame.ended_ns() - frame.began_ns()).collect());
    let apart = apart.context("no frame of all nodes came")?;
    let seconds = (window.to_ns - window.from_ns) as f64 / 1e9;
    let percent = 100.0 * (frames.len() - judged.len()) as f64 / frames.len() as f64;
    let timed = [
        Verdict::all("frames in which every universe came", whole.len(), judged.len()),
        Verdict::all("of these, with the levels of one instant in all universes", equal, whole.len()),
        // Below 44: levels that stay the same are not said again after the third time.
        Verdict::reported("frames a second", frames.len() as f64 / seconds, ""),
        Verdict::below("universes of one frame apart, four nodes, p99", apart.p99, "us", 1000.0, 200.0),
        Verdict::reported("the same, median", apart.p50, "us"),
        Verdict::reported("the same, largest", apart.max, "us"),
        Verdict::must_be_below("frames not judged for stalls of the machine itself", percent, "%", 10.0),
    ];
    let mut verdicts = vec![Verdict::at_least("frames whose levels are others than before", moving as f64, "", 20.0)];
    verdicts.extend(timed.into_iter().map(|verdict| shown.if_timed(verdict)));
    Ok(verdicts)
}

/// Levels of a universe, as they came.
#[derive(Clone, Copy, Debug)]
struct Packet {
    at_ns: i64,
    universe: u16,
    level: u8,
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

/// Reads levels of slot 1 by the places that E1.31-2018 gives the fields; nothing for what is no levels, or an end.
fn levels(datagram: &[u8]) -> Option<(u16, u8)> {
    const VECTOR_DATA: [u8; 4] = [0, 0, 0, 4];
    const TERMINATED: u8 = 0x40;
    let is_levels = datagram.get(18..22)? == VECTOR_DATA && datagram.get(112)? & TERMINATED == 0;
    let universe = u16::from_be_bytes(datagram.get(113..115)?.try_into().ok()?);
    (is_levels && *datagram.get(125)? == 0).then_some((universe, *datagram.get(126)?))
}

/// A thread that reads and stamps.
struct Receiver {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Packet>>,
}

impl Receiver {
    fn start(mut socket: StampedSocket) -> Result<Self> {
        let address = socket.local_addr()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let thread = thread::Builder::new().name("receiver".into()).spawn(move || {
            // Without it the socket's buffer keeps what comes; the kernel's stamps are as exact.
            let _ = make_thread_realtime(PRIORITY);
            let (mut packets, mut buf) = (Vec::new(), [0; 1_200]);
            while !ends.load(Ordering::Relaxed) {
                let _ = socket.wait(Some(mono_now_ns() + LOOK_EVERY_NS), None);
                while let Ok(Some(received)) = socket.recv(&mut buf) {
                    if let Some((universe, level)) = levels(&buf[..received.len]) {
                        packets.push(Packet { at_ns: received.rx_mono_ns, universe, level });
                    }
                }
            }
            packets
        })?;
        Ok(Self { address, is_over, thread })
    }
    fn finish(self) -> Result<Vec<Packet>> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the receiver has ended by itself"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_come_together_are_a_frame() {
        let packet = |at_ms: i64, universe| Packet { at_ns: at_ms * 1_000_000, universe, level: 0 };
        let packets = vec![packet(46, 1), packet(23, 2), packet(24, 1), packet(47, 2), packet(69, 1)];
        let window = Window { from_ns: 10_000_000, to_ns: 70_000_000 };
        let frames = frames(packets, window);
        let universes = |frame: &Frame| frame.packets.iter().map(|packet| packet.universe).collect::<Vec<_>>();
        // The last may not be whole at the end of the window.
        assert_eq!(frames.iter().map(universes).collect::<Vec<_>>(), [[2, 1], [1, 2]]);
    }

    #[test]
    fn levels_are_read_where_the_standard_has_them() {
        let mut datagram = [0; 638];
        datagram[21] = 4;
        (datagram[113], datagram[114], datagram[126]) = (1, 2, 99);
        assert_eq!(levels(&datagram), Some((258, 99)));
        datagram[112] = 0x40;
        assert_eq!(levels(&datagram), None);
        assert_eq!(levels(&datagram[..100]), None);
    }
}
