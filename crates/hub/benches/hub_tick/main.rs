//! What one tick of a hub costs with 1000 nodes on real sockets, beside a bare `sendmmsg` loop over the same datagrams to
//! the same addresses in the same run.
//!
//! At every whole multiple of 10 ms the hub's tick runs as in the tick thread: the conductor that ships, the sender that
//! ships, a UDP socket. In every second period a bare loop follows half a period later with the datagrams of the same
//! tick, which a second conductor with the same history has written beforehand, outside the measurement. (In every period
//! both together would need more than the 95 % of a processor that Linux gives to real-time threads.)
//!
//! `cargo bench -p cuelight-hub --bench hub_tick -- [--seconds N] [ROW]`

mod bare;
mod receivers;
mod show;

use std::hint::black_box;
use std::net::{Ipv4Addr, UdpSocket};

use anyhow::{Context, Result, ensure};
use cuelight_hub::send_tick;
use cuelight_net::clock::{LocalClock, mono_now_ns};
use cuelight_net::realtime::make_thread_realtime;
use cuelight_net::timer::sleep_until;
use cuelight_net::udp::{BatchSender, expedite};
use cuelight_wire::limits::UDP_TICK_PERIOD;
use cuelight_wire::time::{Local, Time};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::bare::{Bare, Ready};
use crate::receivers::Receivers;
use crate::show::{Change, Row, Show, WARM_UP};

const ROWS: [Row; 5] = [
    Row { title: "nothing new", nodes: 1000, deployed: 0, change: Change::None },
    Row { title: "changes announced, 3 copies", nodes: 1000, deployed: 0, change: Change::Always },
    Row { title: "every node its own scene", nodes: 1000, deployed: 0, change: Change::OwnScenes },
    Row { title: "255 of them deployed nodes", nodes: 1000, deployed: 255, change: Change::None },
    Row { title: "deployed nodes alone", nodes: 255, deployed: 255, change: Change::None },
];
/// The tick thread's priority in the hub.
const TICK_PRIORITY: u8 = 50;
/// Ticks between two snapshots in the hub.
const SNAPSHOT_EVERY: u64 = 10;
/// Ticks between two runs of the bare loop.
const BARE_EVERY: u64 = 2;
const CLOCK: LocalClock = LocalClock::UNCHANGED;

fn main() -> Result<()> {
    let asked = Asked::read()?;
    let rows: Vec<Row> = ROWS.into_iter().filter(|row| asked.wants(row)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).context("the limit of open files")?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).context("the limit of open files")?;
    if let Err(refused) = make_thread_realtime(TICK_PRIORITY) {
        println!("{refused}");
    }
    println!("{} s a row; microseconds; ratio of the means: hub to bare sendmmsg", asked.seconds);
    println!(
        "{:28} {:>9} {:>6}  {:>22}  {:>22}  {:>5}",
        "", "datagrams", "bytes", "hub p50/p99/max", "bare p50/p99/max", "ratio"
    );
    for row in rows {
        run(row, asked.seconds)?;
    }
    Ok(())
}

/// What the command line asks for. Options of Criterion's are passed over, so that one command runs all benchmarks.
struct Asked {
    seconds: u64,
    words: Vec<String>,
}

impl Asked {
    fn read() -> Result<Self> {
        let mut asked = Self { seconds: 30, words: Vec::new() };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            if argument == "--seconds" {
                let seconds = arguments.next().unwrap_or_default();
                asked.seconds = seconds.parse().with_context(|| format!("--seconds {seconds}"))?;
            } else if !argument.starts_with('-') {
                asked.words.push(argument);
            }
        }
        Ok(asked)
    }
    fn wants(&self, row: &Row) -> bool {
        let name = format!("hub_tick/{}", row.title);
        self.words.is_empty() || self.words.iter().any(|word| name.contains(word.as_str()))
    }
}

/// What a row's ticks cost.
#[derive(Default)]
struct Measured {
    hub: Costs,
    bare: Costs,
    /// Beside the tick, on the same thread: messages for the control plane fetched, a snapshot made.
    messages: Costs,
    snapshots: Costs,
    datagrams: u64,
    bytes: u64,
}

#[derive(Default)]
struct Costs(Vec<u64>);

impl Costs {
    fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = mono_now_ns();
        let result = work();
        self.0.push(mono_now_ns().abs_diff(start));
        result
    }
    fn mean(&self) -> f64 {
        self.0.iter().sum::<u64>() as f64 / self.0.len() as f64
    }
    /// Median, 99th percentile and maximum, microseconds.
    fn figures(&mut self) -> String {
        self.0.sort_unstable();
        let at =
            |percent: usize| self.0.get((self.0.len() * percent / 100).min(self.0.len() - 1)).map_or(0, |ns| ns / 1000);
        format!("{:6} {:7} {:7}", at(50), at(99), at(100))
    }
}

fn run(row: Row, seconds: u64) -> Result<()> {
    let receivers = Receivers::start(row.nodes).context("the nodes' sockets")?;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("the hub's socket")?;
    expedite(&socket).context("the hub's socket")?;
    let mut bare = Bare::new(socket.try_clone().context("the hub's socket")?);
    let mut sender = BatchSender::new(socket).context("the hub's socket")?;
    let now = CLOCK.now();
    let (mut hub, mut twin) = (Show::new(row, &receivers.addresses, now), Show::new(row, &receivers.addresses, now));

    let (mut warm, mut measured) = (Measured::default(), Measured::default());
    let warm_ticks = (WARM_UP.as_ns() / UDP_TICK_PERIOD.as_ns()).unsigned_abs();
    let mut sent = 0;
    for tick in 0..warm_ticks + 100 * seconds {
        let measured = if tick < warm_ticks { &mut warm } else { &mut measured };
        sent += one_tick(tick, &mut hub, &mut twin, &mut sender, &mut bare, measured);
    }
    // What the last tick sent is in the sockets' buffers by now.
    let arrived = receivers.stop();
    ensure!(
        arrived == sent,
        "{}: {sent} datagrams were sent and {arrived} arrived: the receivers had no processor",
        row.title
    );
    report(row, &mut measured, 100 * seconds);
    Ok(())
}

/// A period of 10 ms: the hub's tick, half a period later the bare loop. Returns how many datagrams were sent.
fn one_tick(
    tick: u64,
    hub: &mut Show,
    twin: &mut Show,
    sender: &mut BatchSender,
    bare: &mut Bare,
    measured: &mut Measured,
) -> u64 {
    let deadline = hub.conductor.poll_timeout();
    sleep_until(CLOCK.mono_ns_of(deadline));
    let flushed = measured.hub.measure(|| send_tick(&mut hub.conductor, sender, CLOCK));
    measured.messages.measure(|| black_box(hub.drain()));
    if tick.is_multiple_of(SNAPSHOT_EVERY) {
        let now = CLOCK.now();
        drop(measured.snapshots.measure(|| black_box(hub.snapshot(now))));
    }

    let datagrams = twin.tick(deadline, usize::try_from(flushed.sent).expect("some thousands"));
    twin.drain();
    let ready = Ready::new(&datagrams);
    let mut sent = flushed.sent;
    if tick.is_multiple_of(BARE_EVERY) {
        sleep_until(CLOCK.mono_ns_of(deadline) + UDP_TICK_PERIOD.as_ns() / 2);
        let bare_sent = measured.bare.measure(|| bare.send(&ready));
        assert_eq!(bare_sent, flushed.sent, "both send the same datagrams in tick {tick}");
        sent += bare_sent;
    }

    let now: Time<Local> = CLOCK.now();
    hub.take_inputs(now);
    twin.take_inputs(now);
    measured.datagrams += flushed.sent;
    measured.bytes += flushed.bytes;
    sent
}

fn report(row: Row, measured: &mut Measured, ticks: u64) {
    let ratio = measured.hub.mean() / measured.bare.mean();
    println!(
        "{:28} {:9} {:6}  {}  {}  {ratio:5.2}",
        row.title,
        measured.datagrams / ticks,
        measured.bytes / measured.datagrams.max(1),
        measured.hub.figures(),
        measured.bare.figures(),
    );
    println!("{:28} {:>16}  {}", "", "messages fetched", measured.messages.figures());
    println!("{:28} {:>16}  {}", "", "a snapshot", measured.snapshots.figures());
}
