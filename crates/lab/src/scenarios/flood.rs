//! One node is flooded: a machine on the same switch sends it 100,000 datagrams a second, garbage and stolen headers.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use cuelight_measure::verdict::Verdict;
use cuelight_net::clock::mono_now_ns;
use cuelight_net::realtime::make_thread_realtime;
use cuelight_net::timer::sleep_until;
use cuelight_net::udp::BatchSender;
use cuelight_sim::rng::Rng;
use cuelight_wire::limits::{PROTO_VER, UDP_PORT};

use crate::cast::{Cast, Limits, PACE, PATIENCE, Plan, Window};
use crate::network::Host;
use crate::stage::{Scenario, Stage};

/// Datagrams sent at once, every millisecond: 100,000 a second.
const BURST: usize = 100;
const EVERY_NS: i64 = 1_000_000;
/// After the flood, milliseconds: 5 s until what was lost has left the window (STREAM-33), 2 s of good figures (ROSTER-3), the
/// keepalive that tells them, and as much for a slow machine.
const READY_AGAIN_MS: f64 = 9_000.0;
/// Where the flood comes from.
const STRANGER: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 200);

pub(super) const SCENARIO: Scenario = Scenario {
    name: "flood",
    claim: "one of four nodes is sent 100,000 datagrams of garbage and stolen headers a second; it survives, the others notice nothing",
    is_short: true,
    run,
};

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let mut cast = Cast::prepare(stage, Plan::of(4))?;
    let stranger = cast.network().plug("stranger", Some(STRANGER))?;
    cast.start_hub()?;
    (0..cast.len()).try_for_each(|index| cast.start_node(index))?;
    cast.wait_until_playing(PATIENCE)?;
    let flooded = cast.len() - 1;
    cast.play_for(stage.choose(Duration::from_secs(5), Duration::from_secs(2)))?;

    let before = cast.traffic(flooded)?.counts;
    let flood = Flood::start(&stranger, SocketAddr::from((cast.address(flooded), UDP_PORT)), stage.seed)?;
    let window = Window::from_now();
    let revs = cast.change_scenes(stage.choose(20, 10), PACE)?;
    let window = window.until_end_of(cast.play_for(Duration::from_secs(1))?);
    let sent = flood.finish()?;
    let reached = cast.traffic(flooded)?.counts.passed - before.passed;
    let over_ns = mono_now_ns();
    cast.wait_for_node(flooded, "the flooded node is ready", PATIENCE, |node| node.is_ready())?;
    let ready_ms = (mono_now_ns() - over_ns) as f64 / 1e6;
    cast.play_for(Duration::from_secs(1))?;
    let after = Window::from_now();
    let after_revs = cast.change_scenes(5, PACE)?;
    let after = after.until_end_of(cast.play_for(Duration::from_secs(1))?);
    let shown = cast.finish()?;

    let seconds = (window.to_ns - window.from_ns) as f64 / 1e9;
    let others = shown.only(0..flooded);
    let mut verdicts = vec![
        shown.if_timed(Verdict::at_least("datagrams sent to it a second", sent as f64 / seconds, "", 80_000.0)),
        Verdict::reported("of these, frames that reached it a second", reached as f64 / seconds, ""),
        shown.if_timed(Verdict::below("it is ready again after the flood", ready_ms, "ms", READY_AGAIN_MS, 2500.0)),
    ];
    let tell = |who: &str, verdicts: Vec<Verdict>| -> Vec<Verdict> {
        verdicts.into_iter().map(|verdict| Verdict { what: format!("{who}: {}", verdict.what), ..verdict }).collect()
    };
    verdicts.extend(tell("others meanwhile", others.together(&revs, window, Limits::WIRED)?));
    verdicts.extend(tell("all afterwards", shown.together(&after_revs, after, Limits::WIRED)?));
    Ok(verdicts)
}

/// The sending thread.
struct Flood {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Flood {
    fn start(from: &Host, to: SocketAddr, seed: u64) -> Result<Self> {
        let inside = from.enter()?;
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).context("no socket for the flood")?;
        drop(inside);
        let mut sender = BatchSender::new(socket)?;
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let thread = thread::Builder::new().name("flood".into()).spawn(move || {
            // It stands for a machine of its own: before ordinary threads, behind everything of a show that is real-time.
            let _ = make_thread_realtime(1);
            let mut rng = Rng::new(seed);
            let mut sent = 0;
            let mut due_at = mono_now_ns();
            while !ends.load(Ordering::Relaxed) {
                for _ in 0..BURST {
                    sender.push_with(|datagram| Some((to, garbage(&mut rng, datagram))));
                }
                sent += sender.flush().sent;
                due_at += EVERY_NS;
                sleep_until(due_at);
            }
            sent
        })?;
        Ok(Self { is_over, thread })
    }

    /// Ends it and tells how many datagrams were sent.
    fn finish(self) -> Result<u64> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the flood has ended by itself"))
    }
}

/// Half of it noise of any length up to 100 bytes, half of it headers of the stream's form with a token hash that is a guess.
fn garbage(rng: &mut Rng, datagram: &mut [u8]) -> usize {
    let len = (rng.bits() % 101) as usize;
    for chunk in datagram[..len].chunks_mut(8) {
        chunk.copy_from_slice(&rng.bits().to_be_bytes()[..chunk.len()]);
    }
    if len >= 28 && rng.happens(0.5) {
        datagram[0] = PROTO_VER;
        datagram[1] = [0x01, 0x02, 0x03, 0x04, 0x10][(rng.bits() % 5) as usize];
        // payloadLen as it really is.
        datagram[2..4].copy_from_slice(&((len - 28) as u16).to_be_bytes());
    }
    len
}
