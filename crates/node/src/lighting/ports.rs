//! What answers to polls of Art-Net tell: which universes the node sends and takes (DMX-41).

use std::net::Ipv4Addr;

use cuelight_dmx::artnet::{GoodOutput, PollReply, PortAddress, Status2};
use cuelight_dmx::presence::{Port, PortWay};
use cuelight_dmx::text::Text;
use cuelight_input::Plan;
use cuelight_net::addresses::ipv4;
use cuelight_output::LightsError;
use cuelight_output::lights::Protocol;
use cuelight_output::universes::PIXELS_PER_UNIVERSE;
use cuelight_wire::ids::Mac;

use crate::settings::{NodeSettings, OutputSetting};

/// Universes of one target that are told.
const MAX_TOLD: usize = 512;

/// What all replies have in common.
pub(super) fn reply(name: &str, at: Option<Ipv4Addr>, mac: Mac) -> PollReply {
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

/// The universes of Art-Net that it sends, and those of them that go to whoever asks for them.
pub(super) fn sent(settings: &NodeSettings) -> Result<(Vec<PortAddress>, Vec<PortAddress>), LightsError> {
    let count = settings.geometry.len().div_ceil(PIXELS_PER_UNIVERSE);
    let (mut all, mut subscribed) = (Vec::new(), Vec::new());
    for output in &settings.outputs {
        let OutputSetting::ArtNet(target) = output else { continue };
        let its = (target.first.number()..=PortAddress::LAST.number()).take(count).filter_map(PortAddress::new);
        if target.host.is_none() {
            subscribed.extend(its.clone());
        }
        all.extend(its);
    }
    let own = settings.own_universes();
    for target in settings.light_targets() {
        if !matches!(target.protocol, Protocol::ArtNet { .. }) {
            continue;
        }
        let numbers = target.numbers(&own)?;
        let its = numbers.iter().filter_map(|(_, number)| PortAddress::new(*number));
        if target.is_subscribed() {
            subscribed.extend(its.clone());
        }
        all.extend(its.take(MAX_TOLD));
    }
    Ok((all, subscribed))
}

/// Each universe of Art-Net once, as replies tell it.
pub(super) fn ports(sent: &[PortAddress], plan: &Plan) -> Vec<Port> {
    let sent = sent.iter().map(|port_address| Port { port_address: *port_address, way: PortWay::Sends });
    let taken = plan.wanted.iter().filter_map(|wanted| wanted.names.artnet);
    let taken = taken.map(|port_address| Port { port_address, way: PortWay::Takes(GoodOutput::DATA) });
    let mut ports: Vec<Port> = sent.chain(taken).collect();
    ports.sort_by_key(|port| port.port_address);
    ports.dedup_by_key(|port| port.port_address);
    ports
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(settings: &NodeSettings) -> (Vec<u16>, Vec<u16>) {
        let (all, subscribed) = sent(settings).unwrap();
        let plan = Plan::of(&settings.inputs).unwrap();
        let ports = ports(&all, &plan);
        let of = |is_wanted: fn(&PortWay) -> bool| {
            let its = ports.iter().filter(|port| is_wanted(&port.way));
            its.map(|port| port.port_address.number()).collect::<Vec<_>>()
        };
        let subscribed: Vec<_> = subscribed.iter().map(|address| address.number()).collect();
        assert!(subscribed.iter().all(|number| of(|way| *way == PortWay::Sends).contains(number)));
        (of(|way| *way == PortWay::Sends), of(|way| matches!(way, PortWay::Takes(_))))
    }

    /// DMX-41
    #[test]
    fn a_node_tells_each_universe_that_it_sends_and_takes_by_art_net_once() {
        let mut settings = NodeSettings::new("unused".into());
        assert_eq!(told(&settings), (vec![], vec![]), "it sends none");
        // 320 pixels are two universes.
        for output in ["sacn:1", "artnet:7@10.0.0.5", "artnet:8@10.0.0.6"] {
            settings.outputs.push(output.parse().unwrap());
        }
        assert_eq!(told(&settings).0, [7, 8, 9]);
        settings.lights.push("artnet:3..4@10.0.0.5?first=100".parse().unwrap());
        assert_eq!(told(&settings).0, [7, 8, 9, 100, 101]);
        settings.lights.push("artnet:5?first=200".parse().unwrap());
        settings.inputs.push("artnet:20..21?as=3".parse().unwrap());
        assert_eq!(told(&settings), (vec![7, 8, 9, 100, 101, 200], vec![20, 21]));
    }
}
