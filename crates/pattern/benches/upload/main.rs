//! How fast patterns come in over loopback, beside a bare WebSocket echo of the same bytes by the same library in the same
//! run; how long a frame waits for its answer; and whether memory grows.
//!
//! Client and server are two threads of this process, each with a runtime of its own, and the thread for the disk is a
//! third. Rows are measured in turns, so that what disturbs the machine disturbs all of them.
//!
//! `cargo bench -p cuelight-pattern --bench upload -- [--seconds N] [--uploads N]`

mod client;
mod figures;
mod memory;
mod servers;

use std::time::{Duration, Instant};

use cuelight_wire::tlv::Dialect;

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
    let session = runtime.block_on(memory::of_two_sessions(&servers));
    println!("heap grown over {} uploads of 16 KiB, after 1000 to warm up: {grown} bytes", asked.uploads);
    println!("heap of two sessions, sockets' buffers of the system not counted: {session} bytes");
    verdict("heap grows by nothing", grown <= 0, "must");
}

/// What the rows come to.
struct Rows {
    checked: Rates,
    pipelined: Rates,
    plain: Rates,
    echo: Rates,
    stored: Rates,
    latencies: Latencies,
}

async fn throughput(servers: &Servers, file: &[u8], seconds: u64) -> Rows {
    let mut rows = Rows {
        checked: Rates::default(),
        pipelined: Rates::default(),
        plain: Rates::default(),
        echo: Rates::default(),
        stored: Rates::default(),
        latencies: Latencies::default(),
    };
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut is_warm = false;
    while !is_warm || Instant::now() < end {
        let mut turn = Rows {
            checked: Rates::default(),
            pipelined: Rates::default(),
            plain: Rates::default(),
            echo: Rates::default(),
            stored: Rates::default(),
            latencies: Latencies::default(),
        };
        let mut client = Connection::open(servers.store_at, Dialect::Checked).await;
        client.begin(file).await;
        turn.checked.add(FILE / 4, client.one_at_a_time(&file[..FILE / 4], 1024, &mut turn.latencies).await);
        turn.pipelined.add(FILE - FILE / 4, client.pipelined(&file[FILE / 4..], FILE / 4, 1024, WINDOW).await);
        turn.stored.add(FILE, client.end().await);

        let mut client = Connection::open(servers.store_at, Dialect::Plain).await;
        client.begin(file).await;
        turn.plain.add(FILE, client.unanswered(file, 4093).await);
        turn.stored.add(FILE, client.end().await);

        let mut client = Connection::open(servers.echo_at, Dialect::Plain).await;
        turn.echo.add(FILE, client.echoed(file, 4093).await);
        // The first turn warms everything up.
        if is_warm {
            rows.merge(turn);
        }
        is_warm = true;
    }
    rows
}

impl Rows {
    fn merge(&mut self, turn: Self) {
        self.checked.merge(turn.checked);
        self.pipelined.merge(turn.pipelined);
        self.plain.merge(turn.plain);
        self.echo.merge(turn.echo);
        self.stored.merge(turn.stored);
        self.latencies.merge(turn.latencies);
    }

    fn print(&self) {
        println!("{:48} {:>9} {:>9} {:>9}", "MB/s (10^6 bytes)", "slowest", "median", "fastest");
        for (title, rates) in [
            ("checked, 1024 bytes, each acknowledged", &self.checked),
            ("checked, 1024 bytes, 64 frames under way", &self.pipelined),
            ("plain, frames of 4096 bytes", &self.plain),
            ("bare echo of the same frames", &self.echo),
            ("storing: the last block, sync, rename, sync", &self.stored),
        ] {
            let [slowest, median, fastest] = rates.spread();
            println!("{title:48} {slowest:>9.1} {median:>9.1} {fastest:>9.1}");
        }
        let [p50, p99, max] = self.latencies.spread_us();
        println!("a frame's answer, microseconds p50/p99/max: {p50:.0}/{p99:.0}/{max:.0}");
        let median = |rates: &Rates| rates.spread()[1];
        let ratio = median(&self.echo) / median(&self.plain);
        println!("plain takes {ratio:.2} of the time of the bare echo");
        verdict("each acknowledged: above 0.5 MB/s", median(&self.checked) > 0.5, "must");
        verdict("each acknowledged: above 8 MB/s", median(&self.checked) > 8.0, "goal");
        verdict("pipelined: above 50 MB/s", median(&self.pipelined) > 50.0, "goal");
        verdict("plain: above 5 MB/s", median(&self.plain) > 5.0, "must");
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
