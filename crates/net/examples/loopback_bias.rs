//! Measures what the source of timestamps alone does to a clock offset, on loopback, where the true offset is 0.
//!
//! Two threads of this process exchange datagrams of the time exchange's sizes, each with its own socket, both on
//! CLOCK_MONOTONIC, so every offset that comes out is error. Each exchange gives the offset
//! `((t2 - t1) + (t3 - t4)) / 2` (`docs/protocol`, time) three times over:
//!
//! * `user`: all four instants read by the threads, before sending and after receiving;
//! * `kernel receive`: t2 and t4 from the kernel, t1 and t3 read before sending;
//! * `interleaved`: all four from the kernel; t1 and t3 come from the sockets' error queues, as the nanosecond exchange
//!   carries them in the next reply.
//!
//! The bias is the median of the exchanges with the smallest tenth of round trips, which is what an estimator that trusts
//! minimum delays ends up with; no filter removes it. Spread and round trip are over all exchanges.
//!
//! `cargo run --release -p cuelight-net --example loopback_bias [exchanges] [period_us] [--load]`; `--load` keeps every
//! core busy meanwhile.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cuelight_net::clock::mono_now_ns;
use cuelight_net::timer::sleep_until;
use cuelight_net::udp::{Received, Sent, StampedSocket};

const PING_LEN: usize = 20;
const PONG_LEN: usize = 52;
/// An answer on loopback that takes this long is not coming.
const ANSWER_LIMIT_NS: i64 = 1_000_000_000;

/// Four instants of one exchange, nanoseconds.
#[derive(Clone, Copy, Default)]
struct Exchange {
    t1: i64,
    t2: i64,
    t3: i64,
    t4: i64,
}

impl Exchange {
    const fn offset(&self) -> i64 {
        ((self.t2 - self.t1) + (self.t3 - self.t4)) / 2
    }
    const fn delay(&self) -> i64 {
        (self.t4 - self.t1) - (self.t3 - self.t2)
    }
}

/// What the answering thread knows of one exchange, written into its pong: kernel and own receive instants, own send
/// instant, and the kernel's send instant of the previous pong (0 when it has none).
struct Answer {
    t2_kernel: i64,
    t2_user: i64,
    t3_user: i64,
    previous_t3_kernel: i64,
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse::<i64>().ok());
    let exchanges = numbers.next().unwrap_or(5_000);
    let period_ns = numbers.next().unwrap_or(1_000) * 1_000;
    let running = Arc::new(AtomicBool::new(true));
    let hogs = if arguments.iter().any(|argument| argument == "--load") {
        thread::available_parallelism().map_or(1, usize::from)
    } else {
        0
    };
    for _ in 0..hogs {
        let running = Arc::clone(&running);
        thread::spawn(move || while running.load(Ordering::Relaxed) {});
    }

    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut asking = StampedSocket::bind(any_port)?;
    let mut answering = StampedSocket::bind(any_port)?;
    let to = answering.local_addr()?;
    let server = {
        let running = Arc::clone(&running);
        thread::spawn(move || answer_all(&mut answering, &running))
    };
    let [user, receive, interleaved] = measure(&mut asking, to, exchanges, period_ns)?;
    running.store(false, Ordering::Relaxed);
    server.join().expect("the answering thread does not panic")?;

    println!(
        "{exchanges} exchanges, one every {} us, {hogs} busy threads, stamping {:?}",
        period_ns / 1_000,
        asking.stamping()
    );
    println!(
        "{:<16}{:>10}{:>12}{:>14}{:>14}{:>14}",
        "stamps", "exchanges", "bias us", "p1 offset us", "p99 offset us", "min delay us"
    );
    for (name, samples) in [("user", user), ("kernel receive", receive), ("interleaved", interleaved)] {
        report(name, samples);
    }
    Ok(())
}

/// Asks `exchanges` times and gives the exchanges by user, kernel receive and interleaved stamps.
fn measure(
    socket: &mut StampedSocket,
    to: SocketAddr,
    exchanges: i64,
    period_ns: i64,
) -> io::Result<[Vec<Exchange>; 3]> {
    let (mut user, mut receive, mut interleaved) = (Vec::new(), Vec::new(), Vec::new());
    // The last exchange by kernel stamps, which waits for the other side's t3 in the next pong.
    let mut waiting: Option<Exchange> = None;
    let start = mono_now_ns();
    for n in 0..exchanges {
        sleep_until(start + n * period_ns);
        let t1_user = mono_now_ns();
        let id = socket.send_to(&[0; PING_LEN], to)?;
        let mut pong = [0; PONG_LEN];
        let mut sent = None;
        let Some(received) = await_datagram(socket, &mut pong, ANSWER_LIMIT_NS, &mut sent)? else { continue };
        let t4_user = mono_now_ns();
        let answer = Answer::read(&pong);
        if let Some(previous) = waiting.take().filter(|_| answer.previous_t3_kernel != 0) {
            interleaved.push(Exchange { t3: answer.previous_t3_kernel, ..previous });
        }
        user.push(Exchange { t1: t1_user, t2: answer.t2_user, t3: answer.t3_user, t4: t4_user });
        if received.kernel && answer.t2_kernel != 0 {
            let own = Exchange { t1: t1_user, t2: answer.t2_kernel, t3: answer.t3_user, t4: received.rx_mono_ns };
            receive.push(own);
            let sent = socket.poll_sent().or(sent).filter(|sent| sent.id == id);
            waiting = sent.map(|sent| Exchange { t1: sent.mono_ns, t3: 0, ..own });
        }
    }
    Ok([user, receive, interleaved])
}

fn answer_all(socket: &mut StampedSocket, running: &AtomicBool) -> io::Result<()> {
    let (mut last, mut sent) = (None, None);
    while running.load(Ordering::Relaxed) {
        let mut ping = [0; PING_LEN];
        let Some(received) = await_datagram(socket, &mut ping, 10_000_000, &mut sent)? else { continue };
        let t2_user = mono_now_ns();
        let previous = socket.poll_sent().or(sent.take()).filter(|sent| Some(sent.id) == last);
        let t2_kernel = if received.kernel { received.rx_mono_ns } else { 0 };
        let previous_t3_kernel = previous.map_or(0, |sent| sent.mono_ns);
        let mut pong = Answer { t2_kernel, t2_user, t3_user: 0, previous_t3_kernel }.written();
        pong[16..24].copy_from_slice(&mono_now_ns().to_le_bytes());
        last = Some(socket.send_to(&pong, received.from)?);
    }
    Ok(())
}

/// The next datagram within `limit_ns`. Transmit stamps that come meanwhile go to `sent`, newest last.
fn await_datagram(
    socket: &mut StampedSocket,
    buf: &mut [u8],
    limit_ns: i64,
    sent: &mut Option<Sent>,
) -> io::Result<Option<Received>> {
    let deadline = mono_now_ns() + limit_ns;
    loop {
        if let Some(received) = socket.recv(buf)? {
            return Ok(Some(received));
        }
        let ready = socket.wait(Some(deadline), None)?;
        while let Some(stamp) = socket.poll_sent() {
            *sent = Some(stamp);
        }
        if !ready.datagram && mono_now_ns() >= deadline {
            return Ok(None);
        }
    }
}

impl Answer {
    fn written(&self) -> [u8; PONG_LEN] {
        let mut bytes = [0; PONG_LEN];
        let instants = [self.t2_kernel, self.t2_user, self.t3_user, self.previous_t3_kernel];
        for (place, instant) in bytes.chunks_exact_mut(8).zip(instants) {
            place.copy_from_slice(&instant.to_le_bytes());
        }
        bytes
    }
    fn read(bytes: &[u8; PONG_LEN]) -> Self {
        let mut instants = bytes.as_chunks::<8>().0.iter().map(|chunk| i64::from_le_bytes(*chunk));
        let mut next = || instants.next().unwrap_or(0);
        Self { t2_kernel: next(), t2_user: next(), t3_user: next(), previous_t3_kernel: next() }
    }
}

fn report(name: &str, mut samples: Vec<Exchange>) {
    if samples.is_empty() {
        println!("{name:<16}{:>10}", "none");
        return;
    }
    samples.sort_by_key(Exchange::delay);
    let fastest = samples.first().map_or(0, Exchange::delay);
    let mut best: Vec<i64> = samples.iter().take(samples.len().div_ceil(10)).map(Exchange::offset).collect();
    let mut all: Vec<i64> = samples.iter().map(Exchange::offset).collect();
    best.sort_unstable();
    all.sort_unstable();
    let at = |sorted: &[i64], percent: usize| {
        sorted.get((sorted.len() * percent / 100).min(sorted.len() - 1)).map_or(0.0, |ns| *ns as f64 / 1_000.0)
    };
    println!(
        "{name:<16}{:>10}{:>12.2}{:>14.2}{:>14.2}{:>14.2}",
        all.len(),
        at(&best, 50),
        at(&all, 1),
        at(&all, 99),
        fastest as f64 / 1_000.0
    );
}
