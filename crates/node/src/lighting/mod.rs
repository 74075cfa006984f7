//! What comes by the protocols of lighting: levels that are merged with the show's, polls that are answered, and receivers
//! that ask for universes.
//!
//! One thread of its own, which waits for datagrams and does nothing else. It merges what the network says of each universe,
//! and leaves the outcome, and who gets which universe of Art-Net, where the lights thread finds them; it never keeps that
//! waiting. Where the node only answers polls it takes broadcasts alone, so another program on the machine that receives
//! Art-Net keeps what is sent to it. Implements DMX-41, DMX-44, DMX-46, DMX-56 and DMX-59.

mod lookout;
mod ports;
mod told;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use cuelight_dmx::artnet::{self, PollReply, PortAddress};
use cuelight_dmx::merge::Outcome;
use cuelight_dmx::presence::Port;
use cuelight_input::{Door, Heard, Intake, IntakeError, Plan, Protocol as Input};
use cuelight_net::clock::LocalClock;
use cuelight_net::wake::{Waker, Wakeup, wake_pair};
use cuelight_output::latest::Publisher;
use cuelight_output::lights::{LightsInput, MixedReader, Protocol, TakenWriter, mixed, taken};
use cuelight_output::universes::{Subscribers, Subscriptions};
use cuelight_wire::ids::Mac;
use cuelight_wire::time::Span;
use tracing::{info, warn};

use crate::settings::NodeSettings;
use crate::start::NodeError;
use lookout::Lookout;
use told::Teller;

/// The longest wait: what is due earlier ends it.
const WAIT: Span = Span::from_s(1);

/// The thread; dropping it ends it.
pub(crate) struct Lighting {
    stop: Arc<AtomicBool>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

/// What the lights are told by it.
#[derive(Debug, Default)]
pub(crate) struct FromNetwork {
    pub(crate) inputs: Vec<LightsInput>,
    pub(crate) subscriptions: Subscriptions,
}

impl Lighting {
    /// Starts it where there is anything to take, to look for or to answer.
    ///
    /// # Errors
    /// When inputs do not go together, or their ports cannot be had. That polls cannot be answered is none: it is told.
    pub(crate) fn start(settings: &NodeSettings, mac: Mac) -> Result<(Option<Self>, FromNetwork), NodeError> {
        let plan = Plan::of(&settings.inputs)?;
        let (sent, subscribed) = ports::sent(settings)?;
        refuse_circles(settings)?;
        let ports = ports::ports(&sent, &plan);
        let (subscriptions, subscribed) = Subscriptions::new(subscribed.into_iter());
        let (mut inputs, mut takes) = (Vec::new(), Vec::new());
        for ((number, wanted), show) in plan.numbers.iter().zip(&plan.wanted).zip(&plan.show) {
            let ((writer, taken), (mixed, reader)) = (taken(), mixed());
            let (universe, mode, show_priority) = (*number, wanted.settings.mode, *show);
            inputs.push(LightsInput { universe, mode, show_priority, taken, mixed });
            takes.push((universe, writer, reader));
        }
        let from_network = FromNetwork { inputs, subscriptions };
        if ports.is_empty() && takes.is_empty() {
            return Ok((None, from_network));
        }
        let is_needed = !takes.is_empty() || !subscribed.is_empty();
        match spawn(settings, mac, plan, ports, subscribed, takes) {
            Ok(thread) => Ok((Some(thread), from_network)),
            Err(error) if is_needed => Err(error),
            Err(error) => {
                warn!("polls of Art-Net are not answered: {error}");
                Ok((None, from_network))
            }
        }
    }
}

impl Drop for Lighting {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.waker.wake();
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell at its end.
            let _ = thread.join();
        }
    }
}

/// What is sent to everybody must not come back as a source of itself, nor go round by another node.
fn refuse_circles(settings: &NodeSettings) -> Result<(), NodeError> {
    let own = settings.own_universes();
    for target in settings.light_targets() {
        let (protocol, reaches_us) = match target.protocol {
            Protocol::Sacn { .. } => (Input::Sacn, target.host.is_none()),
            Protocol::ArtNet { .. } => (Input::ArtNet, true),
        };
        let numbers = target.numbers(&own)?;
        for input in settings.inputs.iter().filter(|input| reaches_us && input.protocol == protocol) {
            if let Some((_, universe)) = numbers.iter().find(|(_, sent_as)| input.range.has(*sent_as)) {
                let (target, input) = (target.to_string(), input.to_string());
                return Err(NodeError::Circle { universe: *universe, target, input });
            }
        }
    }
    Ok(())
}

/// A universe that is taken: its number, where what comes is left, and what became of it.
type Take = (u16, TakenWriter, MixedReader);

fn spawn(
    settings: &NodeSettings,
    mac: Mac,
    plan: Plan,
    ports: Vec<Port>,
    subscribed: Vec<(PortAddress, Publisher<Subscribers>)>,
    takes: Vec<Take>,
) -> Result<Lighting, NodeError> {
    let bound = match settings.bind {
        IpAddr::V4(ip) if !ip.is_unspecified() => Some(ip),
        _ => None,
    };
    let has_artnet = !ports.is_empty();
    // Levels and replies are sent to this machine alone; polls come to everybody.
    let broadcasts_only = plan.artnet.is_none() && subscribed.is_empty();
    let door = plan.artnet.clone().unwrap_or(Door { at: bound, broadcasts_only, ..Door::default() });
    let work = Work {
        node: ports::reply(settings.name.as_deref().unwrap_or("cuelight"), door.at, mac),
        artnet: has_artnet.then_some(door),
        seed: u64::from_be_bytes([0, 0, mac.0[0], mac.0[1], mac.0[2], mac.0[3], mac.0[4], mac.0[5]]),
        clock: settings.clock,
        plan,
        ports,
        subscribed,
        takes,
    };
    let (waker, wakeup) = wake_pair().map_err(NodeError::system("a pair of sockets"))?;
    let stop = Arc::new(AtomicBool::new(false));
    let is_stopped = Arc::clone(&stop);
    let (opened, is_open) = sync_channel(1);
    let thread = Builder::new()
        .name("lighting".into())
        .spawn(move || work.run(&is_stopped, &wakeup, &opened))
        .map_err(NodeError::system("a thread"))?;
    // The intake lives with its thread; whether it could be opened is wanted here.
    match is_open.recv() {
        Ok(Ok(())) => Ok(Lighting { stop, waker, thread: Some(thread) }),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(NodeError::system("a thread")(io::Error::other("the thread for lighting ended"))),
    }
}

/// What the thread has.
struct Work {
    plan: Plan,
    artnet: Option<Door>,
    node: PollReply,
    ports: Vec<Port>,
    seed: u64,
    subscribed: Vec<(PortAddress, Publisher<Subscribers>)>,
    takes: Vec<Take>,
    clock: LocalClock,
}

impl Work {
    fn run(self, is_stopped: &AtomicBool, wakeup: &Wakeup, opened: &SyncSender<Result<(), IntakeError>>) {
        let Self { plan, artnet, node, ports, seed, subscribed, mut takes, clock } = self;
        let at = artnet.as_ref().and_then(|door| door.at);
        let mut table = Intake::table(&plan.wanted);
        let mut intake = match Intake::open(&plan.wanted, &mut table, plan.sacn, artnet, clock) {
            Ok(intake) => intake,
            Err(error) => {
                // Whoever started the thread waits for it.
                let _ = opened.send(Err(error));
                return;
            }
        };
        let _ = opened.send(Ok(()));
        tell_beginning(&takes, &ports);
        intake.answer_polls(node, ports, seed);
        let mut lookout = (!subscribed.is_empty()).then(|| Lookout::new(at, subscribed, intake.now()));
        let mut teller = Teller::new(takes.iter().map(|(number, _, mixed)| (*number, mixed.clone())), intake.now());
        let mut outcome = Outcome::NOTHING;
        while !is_stopped.load(Ordering::Acquire) {
            if let (Some(lookout), Some(socket)) = (&mut lookout, intake.artnet_sender()) {
                lookout.look(socket, intake.now());
            }
            let until = intake.now() + WAIT;
            let until = lookout.as_ref().map_or(until, |lookout| until.min(lookout.poll_timeout()));
            if let Err(error) = intake.wait(until, Some(wakeup)) {
                return warn!("nothing is taken from the network any more: {error}");
            }
            intake.take(|heard, from| {
                if let (Heard::ArtNet(artnet::Packet::PollReply(reply)), Some(lookout)) = (heard, &mut lookout) {
                    lookout.handle_reply(reply, *from.ip());
                }
            });
            let now = intake.now();
            for (universe, (_, writer, _)) in intake.universes().iter_mut().zip(&mut takes) {
                if universe.poll_outcome(&mut outcome, now) {
                    writer.publish(&outcome);
                }
            }
            teller.look(&mut intake, now);
        }
    }
}

fn tell_beginning(takes: &[Take], ports: &[Port]) {
    if let (Some((first, ..)), Some((last, ..))) = (takes.first(), takes.last()) {
        info!(universes = takes.len(), first, last, "universes are taken from the network");
    }
    if let Some(port) = ports.first() {
        info!(universes = ports.len(), first = port.port_address.number(), "polls of Art-Net are answered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(inputs: &[&str], lights: &[&str]) -> Option<String> {
        let mut settings = NodeSettings::new("unused".into());
        settings.inputs = inputs.iter().map(|text| text.parse().unwrap()).collect();
        settings.lights = lights.iter().map(|text| text.parse().unwrap()).collect();
        refuse_circles(&settings).err().map(|error| error.to_string())
    }

    /// DMX-59
    #[test]
    fn what_would_come_back_is_refused() {
        assert_eq!(refused(&["sacn:1..4"], &["artnet:1..4@10.0.0.5?first=0"]), None);
        assert_eq!(refused(&["sacn:1..4"], &["sacn:1..4@10.0.0.5"]), None, "to one receiver");
        assert_eq!(refused(&["sacn:1..4"], &["sacn:1..4?first=101"]), None, "under other numbers");
        let message = refused(&["sacn:1..4"], &["sacn:3"]).unwrap();
        assert!(message.contains("universe 3") && message.contains("sacn:1..4"), "{message}");
        assert!(refused(&["artnet:0..3?as=1"], &["artnet:1..4?first=2"]).is_some());
        assert!(refused(&["sacn:7"], &[]).is_some(), "what it takes would go by sACN to everybody");
    }
}
