//! What the lab's own paths add, without a model and without a show: two sockets of this program, on one clock.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use cuelight_measure::quantiles::Quantiles;
use cuelight_measure::verdict::Verdict;
use cuelight_net::clock::mono_now_ns;
use cuelight_net::realtime::make_thread_realtime;
use cuelight_net::timer::sleep_until;

use crate::network::{HUB, Host, Network, PathProfile};
use crate::stage::{Scenario, Stage};

/// Who answers.
const PORT: u16 = 7000;
/// Between two questions.
const EVERY_NS: i64 = 2_000_000;
/// As the time exchange of a hub.
const PRIORITY: u8 = 60;
/// A question without answer is given up, and so is a thread that hears no more questions.
const SILENCE: Duration = Duration::from_millis(500);

pub(super) const SCENARIO: Scenario = Scenario {
    name: "bare-path",
    claim: "what a path of the lab adds to a cable when its model adds nothing",
    is_short: true,
    run,
};

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let mut network = Network::new(stage.seed)?;
    let hub = network.plug("hub", Some(HUB))?;
    let by_cable = network.plug("by-cable", Some(Ipv4Addr::new(192, 168, 4, 12)))?;
    let by_path = network.plug_behind("by-path", Some(Ipv4Addr::new(192, 168, 4, 11)), PathProfile::CABLE)?;
    let is_timed = stage.judges_timing && network.is_realtime();
    let count = stage.choose(2000, 500);
    // The node asks, as in the time exchange: the way there meets processors asleep, the way back finds them awake.
    let cable = exchange(&by_cable, &hub, count)?;
    let path = exchange(&by_path, &hub, count)?;

    let added = |way: fn(&Exchanges) -> Quantiles| way(&path).p50 - way(&cable).p50;
    let (up_us, down_us) = (added(|exchanges| exchanges.there), added(|exchanges| exchanges.back));
    let timed = vec![
        Verdict::below("added on the way to a node, median", down_us, "us", 200.0, 50.0),
        Verdict::below("added on the way from a node, median", up_us, "us", 200.0, 50.0),
        Verdict::below("added to a clock, half the difference", (down_us - up_us).abs() / 2.0, "us", 50.0, 5.0),
        Verdict::reported("one way over a path, p99", path.there.p99.max(path.back.p99), "us"),
        Verdict::reported("one way over a cable, p99", cable.there.p99.max(cable.back.p99), "us"),
    ];
    let mut verdicts = vec![Verdict::all("questions answered over the path", path.answered, count)];
    verdicts.extend(timed.into_iter().map(|verdict| if is_timed { verdict } else { verdict.unjudged() }));
    Ok(verdicts)
}

/// Delays of questions and answers, by CLOCK_MONOTONIC, which both ends share.
struct Exchanges {
    answered: usize,
    there: Quantiles,
    back: Quantiles,
}

fn exchange(from: &Host, to: &Host, count: usize) -> Result<Exchanges> {
    let open = |host: &Host, port| -> Result<UdpSocket> {
        let _inside = host.enter()?;
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port))?;
        socket.set_read_timeout(Some(SILENCE))?;
        Ok(socket)
    };
    let (asks, answers) = (open(from, 0)?, open(to, PORT)?);
    let answering = thread::spawn(move || {
        let _ = make_thread_realtime(PRIORITY);
        let mut question = [0; 8];
        while let Ok((8, asker)) = answers.recv_from(&mut question) {
            // A lost answer is counted by who waits for it.
            let _ = answers.send_to(&mono_now_ns().to_be_bytes(), asker);
        }
    });
    let asking = thread::spawn(move || -> Result<(Vec<i64>, Vec<i64>)> {
        // Without it the figures are those of the scheduler, and are not judged.
        let _ = make_thread_realtime(PRIORITY);
        let to = SocketAddr::from((HUB, PORT));
        let (mut there, mut back, mut answer) = (Vec::new(), Vec::new(), [0; 8]);
        let mut due_at = mono_now_ns();
        for _ in 0..count {
            due_at = (due_at + EVERY_NS).max(mono_now_ns());
            let asked_at = sleep_until(due_at);
            asks.send_to(&asked_at.to_be_bytes(), to)?;
            if asks.recv(&mut answer).is_ok() {
                let (answered_at, heard_at) = (i64::from_be_bytes(answer), mono_now_ns());
                there.push(answered_at - asked_at);
                back.push(heard_at - answered_at);
            }
        }
        Ok((there, back))
    });
    let (there, back) = asking.join().map_err(|_| anyhow!("the thread that asks has ended"))??;
    answering.join().map_err(|_| anyhow!("the thread that answers has ended"))?;
    let answered = there.len();
    let quantiles = |delays| Quantiles::of_ns(delays).context("no question was answered");
    Ok(Exchanges { answered, there: quantiles(there)?, back: quantiles(back)? })
}
