//! Who takes universes of Art-Net that this node sends to nobody in particular (DMX-43, DMX-44, DMX-47).

use std::net::{Ipv4Addr, UdpSocket};

use cuelight_dmx::artnet::{self, Poll, PollReply, PortAddress};
use cuelight_dmx::presence::{Controller, NodeEvent};
use cuelight_net::addresses::{broadcasts, ipv4};
use cuelight_output::latest::Publisher;
use cuelight_output::universes::Subscribers;
use cuelight_wire::time::{Local, Time};
use tracing::{info, warn};

/// Receivers that are known, bound parts counted each; one more is passed over.
const MAX_RECEIVERS: usize = 1024;

/// Polls, and tells the lights who gets what.
pub(super) struct Lookout {
    controller: Box<Controller<MAX_RECEIVERS>>,
    /// The address of this machine on the network that is polled; `None`: all its networks.
    at: Option<Ipv4Addr>,
    /// This machine's addresses, as of the last poll.
    own: Vec<Ipv4Addr>,
    /// It was said that nobody can be polled.
    has_complained: bool,
    universes: Vec<(PortAddress, Publisher<Subscribers>, Subscribers)>,
}

impl Lookout {
    /// Looks for receivers of these universes.
    pub(super) fn new(
        at: Option<Ipv4Addr>,
        universes: Vec<(PortAddress, Publisher<Subscribers>)>,
        now: Time<Local>,
    ) -> Self {
        let universes = universes.into_iter().map(|(address, writer)| (address, writer, Subscribers::NONE)).collect();
        Self { controller: Box::new(Controller::new(now)), at, own: Vec::new(), has_complained: false, universes }
    }
    /// A reply to a poll. One that names another address than it came from is not believed, unless it is of a program on this
    /// machine, which has several: whoever could send such replies could point the levels of a show at anybody.
    pub(super) fn handle_reply(&mut self, reply: &PollReply, from: Ipv4Addr) {
        let is_known =
            self.controller.nodes().iter().any(|node| (node.ip, node.bind_index) == (reply.ip, reply.bind_index));
        if !is_known && reply.output_addresses().next().is_none() {
            // It takes nothing, as this node itself, which answers too.
            return;
        }
        if Ipv4Addr::from(reply.ip) == from || self.own.contains(&from) {
            self.controller.handle_reply(reply);
        }
    }
    /// Polls if it is time, forgets who does not answer, and tells what is new.
    pub(super) fn look(&mut self, socket: &UdpSocket, now: Time<Local>) {
        self.controller.handle_timeout(now);
        let mut is_news = false;
        while let Some(event) = self.controller.poll_event() {
            is_news = true;
            self.tell(event);
        }
        if is_news {
            self.publish();
        }
        let mut buf = [0; Poll::LEN];
        if let Some(len) = self.controller.poll_transmit(&mut buf, now) {
            self.own = ipv4().into_iter().map(|(_, address)| address).collect();
            let everybody = broadcasts(self.at);
            if everybody.is_empty() && !std::mem::replace(&mut self.has_complained, true) {
                warn!("no network here has a broadcast address: receivers of Art-Net cannot be looked for");
            }
            for to in everybody {
                // A network that is not there has no receivers; the next poll comes in 2.75 s.
                let _ = socket.send_to(&buf[..len], (to, artnet::PORT));
            }
        }
    }
    /// When [`Self::look`] is wanted next.
    pub(super) fn poll_timeout(&self) -> Time<Local> {
        self.controller.poll_timeout()
    }

    fn tell(&self, event: NodeEvent) {
        match event {
            NodeEvent::Found { ip, bind_index } => {
                let is_it = |node: &&cuelight_dmx::presence::Node| (node.ip, node.bind_index) == (ip, bind_index);
                let Some(node) = self.controller.nodes().iter().find(is_it) else { return };
                let takes: Vec<_> = node.outputs.iter().map(|address| address.number()).collect();
                info!(ip = %Ipv4Addr::from(ip), bind_index, ?takes, "{} takes Art-Net", node.name);
            }
            NodeEvent::Lost { ip, bind_index } => {
                info!(ip = %Ipv4Addr::from(ip), bind_index, "a receiver of Art-Net answers no more");
            }
        }
    }

    fn publish(&mut self) {
        let everybody = broadcasts(self.at);
        for (address, writer, told) in &mut self.universes {
            let receivers = self.controller.receivers_of(*address).map(Ipv4Addr::from);
            let now = Subscribers::of(receivers, &everybody);
            if now != *told {
                writer.publish(now);
                *told = now;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cuelight_dmx::artnet::PortType;
    use cuelight_output::universes::Subscriptions;
    use cuelight_wire::time::Span;

    fn reply(host: u8, universe: u8) -> PollReply {
        let mut reply = PollReply { ip: [127, 0, 73, host], ports: 1, ..PollReply::default() };
        (reply.port_types[0], reply.outputs[0]) = (PortType::DMX_OUTPUT, universe);
        reply
    }

    /// DMX-43, DMX-44, DMX-47
    #[test]
    fn whoever_names_a_universe_from_its_own_address_gets_it_until_it_answers_no_more() {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = PortAddress::new(5).unwrap();
        let (subscriptions, writers) = Subscriptions::new([address].into_iter());
        // No machine has this address, so nobody is polled but the answers count.
        let at = Some(Ipv4Addr::new(192, 0, 2, 1));
        let mut lookout = Lookout::new(at, writers, Time::ZERO);
        let told = || subscriptions.newest(address).unwrap().get().map_or(0, |all| all.all().len());
        let now = |ms| Time::ZERO + Span::from_ms(ms);
        lookout.look(&socket, now(0));
        lookout.handle_reply(&reply(1, 5), Ipv4Addr::new(127, 0, 73, 1));
        lookout.handle_reply(&reply(2, 5), Ipv4Addr::new(127, 0, 73, 9));
        lookout.handle_reply(&reply(3, 6), Ipv4Addr::new(127, 0, 73, 3));
        lookout.look(&socket, now(10));
        assert_eq!(told(), 1, "of three one is elsewhere than it says and one takes another universe");
        // Polled at 2.75 s, it has until 5.75 s.
        for ms in (0..5_740).step_by(10) {
            lookout.look(&socket, now(ms));
        }
        assert_eq!(told(), 1);
        lookout.look(&socket, now(5_760));
        assert_eq!(told(), 0);
    }
}
