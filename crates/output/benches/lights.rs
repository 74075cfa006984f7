//! 512 universes at 44 Hz by sACN, from one process: the lights thread that ships, beside a bare `sendmmsg` loop over the
//! datagrams of one frame in the same run. Must: no frame late in 60 s; goals: below 20 % of a core, within 1.5 times the loop.
//!
//! Receivers on loopback drain everything; what was sent and did not arrive fails the benchmark. Half a period after each
//! frame another thread, as urgent, sends 512 datagrams of the same length to the same receivers, as many in one call as the kernel
//! takes. What both cost is what the kernel counts for their threads. In the last row every universe is taken from the network too,
//! with other levels in all slots in every frame, which another thread hands over as a node's receiving thread does: what that row
//! takes beyond the one with the same show is the merging.
//!
//! `cargo bench -p cuelight-output --bench lights -- [--seconds N] [ROW]`

use std::fs;
use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use cuelight_dmx::merge::{Mode, Outcome};
use cuelight_dmx::priority::Priority;
use cuelight_dmx::sacn;
use cuelight_dmx::send::Rate;
use cuelight_net::clock::mono_now_ns;
use cuelight_net::realtime::make_thread_realtime;
use cuelight_net::timer::sleep_until;
use cuelight_output::clock::Uninjected;
use cuelight_output::latest::latest;
use cuelight_output::lights::{
    LightsConfig, LightsFallback, LightsInput, LightsReport, Playing, TakenWriter, identity_of, mixed, taken,
};
use cuelight_output::universes::Subscriptions;
use cuelight_output::{Lights, LightsHandle, Spin};
use cuelight_show::{
    Address, Cue, CueList, Curve, Instruction, Level, ListNumber, Look, Playbacks, Score, Show, Target, Timing, Value,
};
use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Show as ShowClock, Span, Time};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, sendmmsg};

const UNIVERSES: usize = 512;
/// Sockets that stand for receivers; each has 32 universes, which its buffer of 208 KiB holds twice.
const RECEIVERS: usize = 16;
const EACH: usize = UNIVERSES / RECEIVERS;
const LIST: ListNumber = ListNumber(1);
/// Of the lights thread, and of the bare loop.
const PRIORITY: u8 = 69;
/// Below them.
const RECEIVER_PRIORITY: u8 = 10;
/// Between two looks of the receivers.
const DRAIN_EVERY: Duration = Duration::from_millis(4);
/// Stages are made, timers found.
const WARM_UP: Span = Span::from_s(3);

/// What happens in every frame.
struct Row {
    title: &'static str,
    /// Of 64 slots so many fade; the others rest.
    fading: u16,
    /// Whether the universes are taken from the network as well.
    is_taken: bool,
}

const ROWS: [Row; 4] = [
    Row { title: "all 262144 slots fade", fading: 64, is_taken: false },
    Row { title: "one slot in 64 fades", fading: 1, is_taken: false },
    Row { title: "nothing changes", fading: 0, is_taken: false },
    Row { title: "one in 64 fades, merged", fading: 1, is_taken: true },
];

fn main() -> Result<()> {
    let (mut seconds, mut words) = (60, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            seconds = arguments.next().context("--seconds N")?.parse().context("--seconds N")?;
        } else if !argument.starts_with('-') {
            words.push(argument);
        }
    }
    // So that one command runs all benchmarks, words that name none of these rows run none.
    for row in
        ROWS.iter().filter(|row| words.is_empty() || words.iter().any(|w| format!("lights/{}", row.title).contains(w)))
    {
        measure(row, seconds)?;
    }
    Ok(())
}

fn measure(row: &Row, seconds: i64) -> Result<()> {
    let receivers = Receivers::start()?;
    let (inputs, taken): (Vec<_>, Vec<_>) = (1..=UNIVERSES as u16).filter(|_| row.is_taken).map(input).unzip();
    let (mut lights, mut thread) = start(&receivers.addresses, inputs)?;
    let network = Network::start(taken)?;
    let score = Arc::new(Score::new(&show(row, seconds)));
    let (mut playbacks, from) = (Playbacks::default(), now() + Span::from_ms(500));
    playbacks.go(&score, LIST, from)?;
    playbacks.go(&score, LIST, from)?;
    lights.play(Playing { score, playbacks, from });
    let warm_until = now() + WARM_UP;
    let mut bare = Bare::start(receivers.addresses.clone())?;
    sleep_until(warm_until.as_ns());
    let before = (report(&lights), thread.cpu_ns()?, bare.counts()?);
    sleep_until((warm_until + Span::from_s(seconds)).as_ns());
    let after = (report(&lights), thread.cpu_ns()?, bare.counts()?);
    let bare_sent = bare.finish()?;
    network.finish()?;
    let sent = lights.stop().context("the lights thread failed")?.sent;
    let arrived = receivers.finish()?;
    ensure!(
        arrived == sent + bare_sent,
        "{sent} datagrams of the lights and {bare_sent} of the bare loop were sent, {arrived} arrived: the receivers had no processor"
    );

    let (report, cpu_ns) = (after.0, (after.1 - before.1) as f64);
    let frames = report.frames - before.0.frames;
    let bare_frames = (after.2.0 - before.2.0) / UNIVERSES as u64;
    let bare_ns = (after.2.1 - before.2.1) as f64 / bare_frames as f64;
    let each_ns = cpu_ns / frames as f64;
    println!(
        "{:23} {seconds} s: {frames} frames, {} late by more than 1 ms, {} skipped, {} datagrams not taken; {:.0} datagrams a frame",
        row.title,
        report.late - before.0.late,
        report.missed - before.0.missed,
        report.blocked + report.failed,
        (report.sent - before.0.sent) as f64 / frames as f64,
    );
    println!(
        "{:23} {:.1} % of a core; a frame {:.0} us, bare loop {:.0} us: ratio {:.2}; last second p99: work {} us, leaving {} us, late {} us",
        "",
        cpu_ns / (seconds as f64 * 1e7),
        each_ns / 1e3,
        bare_ns / 1e3,
        each_ns / bare_ns,
        report.work_p99.as_us(),
        report.leave_p99.as_us(),
        report.late_p99.as_us(),
    );
    Ok(())
}

/// Cue 1 at once; cue 2 moves some slots for longer than is measured: by 240 of 255 steps, so that with slots apart by a
/// 37th of a step some of every universe are other bytes in every frame where all fade.
fn show(row: &Row, seconds: i64) -> Show {
    let fade_ms = u32::try_from(1_000 * (seconds + 10)).expect("a benchmark is shorter than weeks");
    let mut list = CueList::new(LIST);
    for (number, up_ms, level) in [("1", 0, 0x1000), ("2", fade_ms, 0xFF00)] {
        let mut cue = Cue::new(number.parse().expect("a number"));
        cue.timing = Timing::even(up_ms, Curve::Linear);
        let slots = (1..=UNIVERSES as u16).flat_map(|universe| (1..=512).map(move |slot| (universe, slot)));
        let lines =
            slots.filter(|(_, slot)| up_ms == 0 || slot % 64 < row.fading).map(|(universe, slot)| Instruction {
                target: Target::Slot(Address { universe, slot }),
                value: Value::Level(Level(level - slot * 7)),
            });
        cue.look = Look::from_instructions(lines.collect());
        list.insert(cue).expect("each number once");
    }
    Show::of_lists(vec![list])
}

fn now() -> Time<ShowClock> {
    Time::from_ns(mono_now_ns())
}

fn report(lights: &LightsHandle) -> LightsReport {
    loop {
        if let Some(report) = lights.report() {
            return report;
        }
        thread::yield_now();
    }
}

/// Lights that ship, and their thread.
fn start(receivers: &[SocketAddr], inputs: Vec<LightsInput>) -> Result<(LightsHandle, Thread)> {
    let targets = receivers.iter().enumerate();
    let targets = targets.map(|(i, to)| format!("sacn:{}..{}@{to}", i * EACH + 1, (i + 1) * EACH).parse());
    let (told, thread) = mpsc::channel();
    let (_, clock) = latest();
    let lights = Lights::spawn(LightsConfig {
        targets: targets.collect::<Result<_, _>>()?,
        universes: Vec::new(),
        identity: identity_of(Mac([2, 0, 0, 0, 0, 1]), "bench"),
        inputs,
        subscriptions: Subscriptions::default(),
        fallback: LightsFallback::Hold,
        clock,
        mono: Uninjected,
        spin: Spin::Auto,
        on_start: Box::new(move || {
            let _ = told.send(Thread::this());
            let granted = make_thread_realtime(PRIORITY);
            granted.inspect_err(|refused| println!("{refused}")).is_ok()
        }),
    })?;
    Ok((lights, thread.recv().context("the lights thread")??))
}

/// A thread of this process, whose time on a processor the kernel counts.
struct Thread(PathBuf);

impl Thread {
    fn this() -> Result<Self> {
        Ok(Self(PathBuf::from("/proc").join(fs::read_link("/proc/thread-self")?).join("schedstat")))
    }
    /// Time on a processor so far, nanoseconds (Documentation/scheduler/sched-stats.rst: the first number).
    fn cpu_ns(&mut self) -> Result<u64> {
        let text = fs::read_to_string(&self.0).context("the kernel counts no processor time of threads")?;
        Ok(text.split_whitespace().next().context("schedstat is empty")?.parse()?)
    }
}

/// A universe that is taken, and where what comes for it is left.
fn input(universe: u16) -> (LightsInput, TakenWriter) {
    let ((writer, reader), (mixed, _)) = (taken(), mixed());
    let (mode, show_priority) = (Mode::Htp, Priority::DEFAULT);
    (LightsInput { universe, mode, show_priority, taken: reader, mixed }, writer)
}

/// What stands for the thread that receives and merges: in every frame all slots of all universes have other levels.
struct Network {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Network {
    /// Hands over a quarter of a period after the frames of 44 Hz.
    fn start(mut taken: Vec<TakenWriter>) -> Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let thread = thread::Builder::new().name("network".into()).spawn(move || {
            let _ = make_thread_realtime(RECEIVER_PRIORITY);
            let mut said = Outcome { slots: 512, is_speaking: true, ..Outcome::NOTHING };
            said.owners.fill(0);
            said.ranks.fill(Priority::DEFAULT.number() + 1);
            let quarter = Span::from_ns(Rate::FULL.period().as_ns() / 4);
            let mut k = Rate::FULL.first_at_or_after(now());
            while !taken.is_empty() && !ends.load(Ordering::Relaxed) {
                sleep_until((Rate::FULL.show_at(k) + quarter).as_ns());
                said.stamp += 1;
                said.stamps.fill(said.stamp);
                for (universe, writer) in taken.iter_mut().enumerate() {
                    for (slot, level) in said.levels.iter_mut().enumerate() {
                        *level = (k as usize).wrapping_add(universe).wrapping_add(slot * 7) as u8;
                    }
                    writer.publish(&said);
                }
                k += 1;
            }
        })?;
        Ok(Self { is_over, thread })
    }
    fn finish(self) -> Result<()> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the network panicked"))
    }
}

/// The yardstick.
struct Bare {
    is_over: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: JoinHandle<Result<u64>>,
    cpu: Thread,
}

impl Bare {
    /// Sends in the middle between the frames of 44 Hz.
    fn start(receivers: Vec<SocketAddr>) -> Result<Self> {
        let (is_over, sent, (told, cpu)) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), mpsc::channel());
        let (ends, counts) = (Arc::clone(&is_over), Arc::clone(&sent));
        let thread = thread::Builder::new().name("bare".into()).spawn(move || -> Result<u64> {
            let _ = told.send(Thread::this());
            let _ = make_thread_realtime(PRIORITY);
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            let datagrams = frame();
            let slices: Vec<[IoSlice<'_>; 1]> = datagrams.iter().map(|datagram| [IoSlice::new(datagram)]).collect();
            let address = |universe: usize| match receivers[universe / EACH] {
                SocketAddr::V4(to) => Some(SockaddrIn::from(to)),
                SocketAddr::V6(_) => None,
            };
            let addresses: Vec<_> = (0..UNIVERSES).map(address).collect();
            let mut headers = MultiHeaders::preallocate(UNIVERSES, None);
            let half = Span::from_ns(Rate::FULL.period().as_ns() / 2);
            let mut k = Rate::FULL.first_at_or_after(now());
            while !ends.load(Ordering::Relaxed) {
                sleep_until((Rate::FULL.show_at(k) + half).as_ns());
                let results =
                    sendmmsg(socket.as_raw_fd(), &mut headers, &slices, &addresses, [], MsgFlags::MSG_DONTWAIT)?;
                let sent = results.count();
                ensure!(sent == UNIVERSES, "the bare loop sent {sent}");
                counts.fetch_add(sent as u64, Ordering::Relaxed);
                k += 1;
            }
            Ok(counts.load(Ordering::Relaxed))
        })?;
        Ok(Self { is_over, sent, thread, cpu: cpu.recv().context("the bare loop")?? })
    }
    /// Datagrams so far, and the time on a processor.
    fn counts(&mut self) -> Result<(u64, u64)> {
        Ok((self.sent.load(Ordering::Relaxed), self.cpu.cpu_ns()?))
    }
    fn finish(self) -> Result<u64> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the bare loop panicked"))?
    }
}

/// A frame's datagrams.
fn frame() -> Vec<Vec<u8>> {
    let data = |number: u16| {
        let data = sacn::Data {
            cid: sacn::Cid([9; 16]),
            source_name: sacn::SourceName::new("bare"),
            priority: Priority::DEFAULT,
            sync: None,
            sequence: 0,
            options: sacn::Options::default(),
            universe: sacn::Universe::new(number).expect("1 to 512"),
            start_code: sacn::StartCode::LEVELS,
            slots: &[number as u8; 512],
        };
        let mut datagram = vec![0; sacn::Data::MAX_LEN];
        data.encode(&mut datagram).expect("it fits");
        datagram
    };
    (1..=UNIVERSES as u16).map(data).collect()
}

/// Sockets that are read to the end.
struct Receivers {
    addresses: Vec<SocketAddr>,
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Receivers {
    fn start() -> Result<Self> {
        let open = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            Ok::<_, std::io::Error>(socket)
        };
        let sockets = (0..RECEIVERS).map(|_| open()).collect::<Result<Vec<_>, _>>()?;
        let addresses = sockets.iter().map(UdpSocket::local_addr).collect::<Result<_, _>>()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let thread = thread::Builder::new().name("receivers".into()).spawn(move || {
            let _ = make_thread_realtime(RECEIVER_PRIORITY);
            let (mut arrived, mut buf) = (0, [0; 1_200]);
            loop {
                let is_last = ends.load(Ordering::Relaxed);
                for socket in &sockets {
                    while socket.recv(&mut buf).is_ok() {
                        arrived += 1;
                    }
                }
                if is_last {
                    return arrived;
                }
                thread::sleep(DRAIN_EVERY);
            }
        })?;
        Ok(Self { addresses, is_over, thread })
    }
    /// How many datagrams arrived in all.
    fn finish(self) -> Result<u64> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the receivers panicked"))
    }
}
