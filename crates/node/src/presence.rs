//! Answers to polls of Art-Net, while the node sends universes by it: controllers see who sends what (DMX-41).
//!
//! A thread of its own, which waits for polls and does nothing else. It touches no light: where it cannot be had the node says
//! so and goes on. Only what is broadcast comes in, so another program on the machine that receives Art-Net keeps what is sent to it.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use cuelight_dmx::artnet::{PollReply, PortAddress, Status2};
use cuelight_dmx::presence::{Port, PortWay};
use cuelight_dmx::text::Text;
use cuelight_input::{Door, Intake};
use cuelight_net::addresses::ipv4;
use cuelight_net::clock::LocalClock;
use cuelight_net::wake::{Waker, wake_pair};
use cuelight_output::LightsTarget;
use cuelight_output::lights::Protocol;
use cuelight_output::universes::PIXELS_PER_UNIVERSE;
use cuelight_wire::ids::Mac;
use cuelight_wire::time::Span;
use tracing::{info, warn};

use crate::settings::{NodeSettings, OutputSetting};

/// Universes of one target that are told.
const MAX_TOLD: usize = 512;
/// The longest wait: nothing is due but what a poll asks for.
const WAIT: Span = Span::from_s(10);

/// The thread; dropping it ends it.
pub(crate) struct Presence {
    stop: Arc<AtomicBool>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Presence {
    /// Starts to answer where there is something to tell.
    pub(crate) fn start(settings: &NodeSettings, mac: Mac) -> Option<Self> {
        let ports = ports(settings);
        let first = ports.first()?;
        info!(universes = ports.len(), first = first.port_address.number(), "polls of Art-Net are answered");
        spawn(settings, mac, ports).inspect_err(|error| warn!("polls of Art-Net are not answered: {error}")).ok()
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.waker.wake();
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell at its end.
            let _ = thread.join();
        }
    }
}

fn spawn(settings: &NodeSettings, mac: Mac, ports: Vec<Port>) -> io::Result<Presence> {
    let at = match settings.bind {
        IpAddr::V4(ip) if !ip.is_unspecified() => Some(ip),
        _ => None,
    };
    let node = reply(settings.name.as_deref().unwrap_or("cuelight"), at, mac);
    let (waker, wakeup) = wake_pair()?;
    let stop = Arc::new(AtomicBool::new(false));
    let is_stopped = Arc::clone(&stop);
    let seed = u64::from_be_bytes([0, 0, mac.0[0], mac.0[1], mac.0[2], mac.0[3], mac.0[4], mac.0[5]]);
    let body = move || {
        let mut table = Intake::table(&[]);
        let door = Door { at, broadcasts_only: true, ..Door::default() };
        let mut intake = match Intake::open(&[], &mut table, None, Some(door), LocalClock::UNCHANGED) {
            Ok(intake) => intake,
            Err(error) => return warn!("polls of Art-Net are not answered: {error}"),
        };
        intake.answer_polls(node, ports, seed);
        while !is_stopped.load(Ordering::Acquire) {
            if let Err(error) = intake.wait(intake.now() + WAIT, Some(&wakeup)) {
                return warn!("polls of Art-Net are answered no more: {error}");
            }
            intake.take(|_, _| {});
        }
    };
    let thread = Builder::new().name("presence".into()).spawn(body)?;
    Ok(Presence { stop, waker, thread: Some(thread) })
}

/// What all replies have in common.
fn reply(name: &str, at: Option<Ipv4Addr>, mac: Mac) -> PollReply {
    let outward = || ipv4().into_iter().map(|(_, address)| address).find(|address| !address.is_loopback());
    let ip = at.or_else(outward).unwrap_or(Ipv4Addr::LOCALHOST).octets();
    PollReply {
        ip,
        bind_ip: ip,
        mac: mac.0,
        port_name: Text::new(name),
        long_name: Text::new(&format!("Cuelight node {name}")),
        status_2: Status2::PORT_ADDRESS_15,
        ..PollReply::default()
    }
}

/// The universes that it sends by Art-Net.
fn ports(settings: &NodeSettings) -> Vec<Port> {
    let count = settings.geometry.len().div_ceil(PIXELS_PER_UNIVERSE);
    let targets = settings.outputs.iter().filter_map(|output| match output {
        OutputSetting::ArtNet(target) => Some(target.first.number()),
        _ => None,
    });
    let of_pixels = targets.flat_map(|first| (first..=PortAddress::LAST.number()).take(count));
    let of_shows = settings.lights.iter().filter(|target| matches!(target.protocol, Protocol::ArtNet { .. }));
    let addresses = of_pixels.chain(of_shows.flat_map(|target| of_show(settings, target)));
    let mut ports: Vec<Port> =
        addresses.filter_map(PortAddress::new).map(|port_address| Port { port_address, way: PortWay::Sends }).collect();
    ports.sort_by_key(|port| port.port_address);
    ports.dedup();
    ports
}

/// The numbers of a show's universes that go to one target; of one that names all there are, and a node that has none of its
/// own, it is not known which the show has.
fn of_show(settings: &NodeSettings, target: &LightsTarget) -> Vec<u16> {
    let own = || settings.universes.clone();
    let ranges = target.universes.map_or_else(own, |range| vec![range]);
    let numbers = ranges.iter().flat_map(|range| range.first..=range.last).take(MAX_TOLD);
    match (target.first, ranges.first()) {
        (Some(first), Some(range)) => {
            let lowest = ranges.iter().map(|range| range.first).fold(range.first, u16::min);
            numbers.filter_map(|number| first.checked_add(number - lowest)).collect()
        }
        _ => numbers.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DMX-41
    #[test]
    fn a_node_tells_each_universe_that_its_outputs_send_by_art_net_once() {
        let mut settings = NodeSettings::new("unused".into());
        assert_eq!(ports(&settings), [], "it sends none");
        // 320 pixels are two universes.
        for output in ["sacn:1", "artnet:7@10.0.0.5", "artnet:8@10.0.0.6"] {
            settings.outputs.push(output.parse().unwrap());
        }
        let told: Vec<_> = ports(&settings).iter().map(|port| port.port_address.number()).collect();
        assert_eq!(told, [7, 8, 9]);
        settings.lights.push("artnet:3..4@10.0.0.5?first=100".parse().unwrap());
        let told: Vec<_> = ports(&settings).iter().map(|port| port.port_address.number()).collect();
        assert_eq!(told, [7, 8, 9, 100, 101]);
        assert!(ports(&settings).iter().all(|port| port.way == PortWay::Sends));
    }
}
