//! What it costs to receive and merge 512 universes of two sources each over loopback.
//!
//! ```text
//! cargo run -p cuelight-input --example full_load -- [SECONDS]
//! ```
//!
//! A process of its own sends 2 x 512 universes of sACN to their groups, 44 frames a second, all levels new in every frame.
//! This one receives them, and merges all of them 44 times a second. Printed are how many datagrams were sent, how many came,
//! and what the receiving thread used of a processor (CLOCK_THREAD_CPUTIME_ID: its system calls counted, what the kernel does
//! for the sender not).

use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;

use cuelight_dmx::priority::Priority;
use cuelight_dmx::receive::Names;
use cuelight_dmx::sacn::{self, Cid, Data, Options, SourceName, StartCode, Universe};
use cuelight_dmx::send::Rate;
use cuelight_dmx::universe::Settings;
use cuelight_input::{Door, Intake, Wanted};
use cuelight_net::clock::{LocalClock, mono_now_ns};
use cuelight_net::timer::sleep_until;
use cuelight_net::udp::BatchSender;
use cuelight_wire::time::Span;
use nix::time::{ClockId, clock_gettime};

const HERE: Ipv4Addr = Ipv4Addr::new(127, 0, 73, 1);
const UNIVERSES: u16 = 512;
const SOURCES: u8 = 2;

fn main() {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("send"), Some(frames)) => send(frames.parse().expect("a number of frames")),
        (seconds, _) => receive(seconds.map_or(20, |seconds| seconds.parse().expect("a number of seconds"))),
    }
}

/// Sends so many frames of everything.
fn send(frames: i64) {
    let socket = UdpSocket::bind((HERE, 0)).expect("loopback has all of 127/8");
    let mut sender =
        BatchSender::<{ sacn::MAX_DATAGRAM }>::holding(socket, 64).expect("a socket can be made nonblocking");
    let start_ns = mono_now_ns() + 200_000_000;
    for k in 0..frames {
        sleep_until(start_ns + Rate::FULL.show_at(k).as_ns());
        let slots: [u8; 512] = std::array::from_fn(|slot| (slot as i64 * 3 + k) as u8);
        for number in 1..=UNIVERSES {
            let universe = Universe::new(number).expect("they are below 64000");
            for source in 0..SOURCES {
                let data = Data {
                    cid: Cid([source + 1; 16]),
                    source_name: SourceName::new("full load"),
                    priority: Priority::DEFAULT,
                    sync: None,
                    sequence: k as u8,
                    options: Options::default(),
                    universe,
                    start_code: StartCode::LEVELS,
                    slots: &slots,
                };
                let mut bytes = [0; Data::MAX_LEN];
                let len = data.encode(&mut bytes).expect("the buffer holds the longest datagram");
                sender.push((Ipv4Addr::from(universe.group()), sacn::PORT).into(), &bytes[..len]);
            }
        }
    }
    let flushed = sender.flush();
    assert_eq!((flushed.blocked, flushed.failed), (0, 0), "the system took everything");
    println!("{}", flushed.sent);
}

fn receive(seconds: i64) {
    let wanted: Vec<Wanted> = (1..=UNIVERSES)
        .map(|number| {
            let names = Names { sacn: Universe::new(number), artnet: None };
            Wanted { names, settings: Settings { priorities_wait: Span::ZERO, ..Settings::default() } }
        })
        .collect();
    let mut table = Intake::table(&wanted);
    let door = Door { at: Some(HERE), ..Door::default() };
    let mut intake =
        Intake::open(&wanted, &mut table, Some(door), None, LocalClock::UNCHANGED).expect("the port is free");
    println!("kept by the kernel for each socket: {} bytes", intake.granted());

    let frames = seconds * i64::from(Rate::FULL.hz());
    let mut sender = Command::new(std::env::current_exe().expect("this program has a path"));
    let sender = sender.args(["send", &frames.to_string()]).stdout(Stdio::piped()).spawn().expect("it runs twice");
    let (start_ns, start_cpu) = (mono_now_ns(), cpu());
    let mut merge_at = intake.now();
    let mut merges = 0_u64;
    let end = intake.now() + Span::from_s(seconds) + Span::from_ms(1000);
    while intake.now() < end {
        intake.wait(merge_at.min(end), None).expect("the kernel has memory");
        intake.take(|_, _| {});
        let now = intake.now();
        if now >= merge_at {
            merge_at = (merge_at + Rate::FULL.period()).max(now);
            merges += intake.universes().iter_mut().filter_map(|universe| universe.poll_levels(now)).count() as u64;
        }
    }
    let (wall, used) = (Duration::from_nanos((mono_now_ns() - start_ns).unsigned_abs()), cpu() - start_cpu);
    let status = sender.wait_with_output().expect("the sender ends");
    let sent: u64 = String::from_utf8_lossy(&status.stdout).trim().parse().expect("it says how many it sent");
    let received = intake.figures().datagrams;
    let drops = *intake.drops();
    println!("sent {sent}, received {received}, lost {}; {drops:?}", sent.saturating_sub(received));
    println!("{merges} merges of changed universes");
    println!("{:.1} % of a core over {:.1} s", 100.0 * used.as_secs_f64() / wall.as_secs_f64(), wall.as_secs_f64());
}

/// What this thread has used of a processor.
fn cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("Linux has this clock").into()
}
