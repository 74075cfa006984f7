//! How fast patterns come in over loopback, beside a bare WebSocket echo of the same bytes by the same library in the same
//! run; how long a frame waits for its answer; what all of it takes of the processors; and whether memory grows.
//!
//! Client and server are two threads of this process, each with a runtime of its own, and the thread for the disk is a
//! third. Rows are measured in turns, so that what disturbs the machine disturbs all of them.
//!
//! `cargo bench -p cuelight-pattern --bench upload -- [--seconds N] [--uploads N]`

mod bare;
mod client;
mod figures;
mod memory;
mod servers;

use std::time::{Duration, Instant};

use cuelight_wire::tlv::{Dialect, MAX_PLAIN_CHUNK};

use client::Connection;
use figures::{Latencies, Rates, verdict};
use servers::Servers;

/// Bytes of an upload: long enough that beginning and storing it are a small part.
const FILE: usize = 8 << 20;
/// Frames under way in the pipelined row.
const WINDOW: usize = 64;

#[global_allocator]
static HEAP: memory::Heap = memory::heap();

fn main() {
    let asked = Asked::read();
    if !asked.is_meant {
        return;
    }
    let servers = Servers::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let file: Vec<u8> = (0..FILE as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let rows = runtime.block_on(throughput(&servers, &file, asked.seconds));
    rows.print();
    println!();
    let grown = runtime.block_on(memory::grow(&servers, asked.uploads));
    let [connected, uploading] = runtime.block_on(memory::of_two_sessions(&servers));
    println!("heap grown over {} uploads of 16 KiB, after 1000 to warm up: {grown} bytes", asked.uploads);
    println!("heap of two sessions: {connected} bytes, and in the middle of an upload: {uploading} bytes");
    verdict("heap grows by nothing", grown <= 0, "must");
}

/// What the rows come to.
#[derive(Default)]
struct Rows {
    checked: Rates,
    checked_echo: Rates,
    pipelined: Rates,
    plain: Rates,
    echo: Rates,
    stored: Rates,
    latencies: Latencies,
    echo_latencies: Latencies,
}

async fn throughput(servers: &Servers, file: &[u8], seconds: u64) -> Rows {
    let mut rows = Rows::default();
    let end = Instant::now() + Duration::from_secs(seconds);
    // The first turn warms everything up.
    turn(servers, file).await;
    while rows.checked.is_empty() || Instant::now() < end {
        rows.merge(turn(servers, file).await);
    }
    rows
}

/// Every row once.
async fn turn(servers: &Servers, file: &[u8]) -> Rows {
    const AT_ONCE: usize = FILE / 4;
    let mut turn = Rows::default();
    let mut client = Connection::open(servers.store_at, Dialect::Checked).await;
    client.begin(file).await;
    turn.checked.add(AT_ONCE, client.one_at_a_time(&file[..AT_ONCE], 1024, &mut turn.latencies).await);
    turn.pipelined.add(FILE - AT_ONCE, client.pipelined(&file[AT_ONCE..], AT_ONCE, 1024, WINDOW).await);
    turn.stored.add(FILE, client.end().await);

    let mut client = Connection::open(servers.echo_at, Dialect::Checked).await;
    let spent = client.echoed_one_at_a_time(&file[..AT_ONCE], 1024, &mut turn.echo_latencies).await;
    turn.checked_echo.add(AT_ONCE, spent);

    let mut client = Connection::open(servers.store_at, Dialect::Plain).await;
    client.begin(file).await;
    turn.plain.add(FILE, client.unanswered(file, MAX_PLAIN_CHUNK).await);
    turn.stored.add(FILE, client.end().await);

    let mut client = Connection::open(servers.echo_at, Dialect::Plain).await;
    turn.echo.add(FILE, client.echoed(file, MAX_PLAIN_CHUNK).await);
    turn
}

impl Rows {
    fn merge(&mut self, turn: Self) {
        self.checked.merge(turn.checked);
        self.checked_echo.merge(turn.checked_echo);
        self.pipelined.merge(turn.pipelined);
        self.plain.merge(turn.plain);
        self.echo.merge(turn.echo);
        self.stored.merge(turn.stored);
        self.latencies.merge(turn.latencies);
        self.echo_latencies.merge(turn.echo_latencies);
    }

    fn print(&self) {
        let headings = ["slowest", "median", "fastest", "median per"];
        println!(
            "{:48} {:>9} {:>9} {:>9} {:>12}",
            "MB/s (10^6 bytes)", headings[0], headings[1], headings[2], headings[3]
        );
        println!("{:48} {:>9} {:>9} {:>9} {:>12}", "", "", "", "", "processor s");
        for (title, rates) in [
            ("checked, 1024 bytes, each acknowledged", &self.checked),
            ("bare echo of the same frames, one at a time", &self.checked_echo),
            ("checked, 1024 bytes, 64 frames under way", &self.pipelined),
            ("plain, frames of 4096 bytes", &self.plain),
            ("bare echo of the same frames", &self.echo),
            ("storing: the last block, sync, rename, sync", &self.stored),
        ] {
            let [slowest, median, fastest, processor] = rates.spread();
            println!("{title:48} {slowest:>9.1} {median:>9.1} {fastest:>9.1} {processor:>12.1}");
        }
        let [p50, p99, max] = self.latencies.spread_us();
        println!("a frame's answer, microseconds p50/p99/max: {p50:.0}/{p99:.0}/{max:.0}");
        let [echo_p50, echo_p99, echo_max] = self.echo_latencies.spread_us();
        println!("a frame's bare echo, the same:              {echo_p50:.0}/{echo_p99:.0}/{echo_max:.0}");
        let ratio = self.plain.times_as_long_as(&self.echo);
        println!("plain takes {ratio:.2} times as long as the bare echo (median of the turns)");
        verdict("each acknowledged: above 0.5 MB/s", self.checked.median() > 0.5, "must");
        verdict("each acknowledged: above 8 MB/s", self.checked.median() > 8.0, "goal");
        verdict("pipelined: above 50 MB/s", self.pipelined.median() > 50.0, "goal");
        verdict("plain: above 5 MB/s", self.plain.median() > 5.0, "must");
        verdict("plain: within twice the time of a bare echo", ratio < 2.0, "goal");
        verdict("frame latency p99 below 10 ms", p99 < 10_000.0, "must");
        verdict("frame latency p99 below 1 ms", p99 < 1_000.0, "goal");
    }
}

/// What the command line asks for. Options of Criterion's are passed over, so that one command runs all benchmarks.
struct Asked {
    seconds: u64,
    uploads: u32,
    is_meant: bool,
}

impl Asked {
    fn read() -> Self {
        let mut asked = Self { seconds: 20, uploads: 10_000, is_meant: true };
        let mut words = Vec::new();
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut number = || arguments.next().and_then(|n| n.parse().ok()).expect("a number follows");
            match argument.as_str() {
                "--seconds" => asked.seconds = number(),
                "--uploads" => asked.uploads = u32::try_from(number()).expect("a small number"),
                option if option.starts_with("--") => {}
                _ => words.push(argument),
            }
        }
        asked.is_meant = words.is_empty() || words.iter().any(|word| "upload".contains(word.as_str()));
        asked
    }
}
