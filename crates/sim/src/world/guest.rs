//! A machine a test plays itself: a deployed node, or somebody who means no good.

use cuelight_conductor::ConnId;
use cuelight_wire::control::{HubMessage, NodeMessage, Refusal};

use super::network::{Path, Site, ToHub, ToSite};
use super::{Place, Who, World};
use crate::profiles::PathProfile;

/// What reaches a guest.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A connection stands.
    Opened,
    /// A message on a connection.
    Message(HubMessage),
    /// A connection is closed, or was refused.
    Closed,
    /// A datagram on the stream port.
    Stream(Vec<u8>),
    /// A datagram of the time exchange.
    Pong(Vec<u8>),
}

/// A guest: its newest connection, and what it has heard. It grows until it is taken.
#[derive(Debug, Default)]
pub(crate) struct Guest {
    conn: Option<ConnId>,
    heard: Vec<(i64, Heard)>,
}

impl World {
    /// A machine without a process of its own.
    pub fn add_guest(&mut self, path: PathProfile) -> Site {
        let site = Site(self.sites.len());
        let path = Path::new(path, &mut self.rng);
        self.sites.push(Place::new(path, false, Who::Guest(Guest::default())));
        site
    }
    /// The guest opens a connection; those it has stay open, and it speaks on the newest.
    pub fn guest_connect(&mut self, guest: Site) {
        let conn = self.dial(guest);
        if let Some(guest) = self.guest_mut(guest) {
            guest.conn = Some(conn);
        }
    }
    /// The guest sends a message.
    pub fn guest_say(&mut self, guest: Site, message: NodeMessage) {
        if let Some(conn) = self.guest_mut(guest).and_then(|guest| guest.conn) {
            self.send_to_hub(conn, ToHub::Message(Box::new(message)));
        }
    }
    /// The guest sends something that is no message, which the hub's shell refuses for this reason.
    pub fn guest_say_rubbish(&mut self, guest: Site, refusal: Refusal) {
        if let Some(conn) = self.guest_mut(guest).and_then(|guest| guest.conn) {
            self.send_to_hub(conn, ToHub::Rubbish(refusal));
        }
    }
    /// The guest sends a datagram to the hub's time exchange.
    pub fn guest_ping(&mut self, guest: Site, bytes: &[u8]) {
        self.ask(guest, bytes.into());
    }
    /// Takes what the guest has heard, with true times.
    pub fn guest_heard(&mut self, guest: Site) -> Vec<(i64, Heard)> {
        self.guest_mut(guest).map(|guest| std::mem::take(&mut guest.heard)).unwrap_or_default()
    }
    /// Somebody sends a datagram to a node's stream port; it arrives now.
    pub fn inject_stream(&mut self, node: Site, bytes: &[u8]) {
        self.with_node(node, |role, now| role.handle_datagram(bytes, now));
    }
    /// Somebody sends a datagram to a node's time exchange port; it arrives now.
    pub fn inject_pong(&mut self, node: Site, bytes: &[u8]) {
        self.with_node(node, |role, now| role.handle_exchange(bytes, now, now));
    }
    /// A message the hub never sent reaches a node on its connection.
    pub fn inject_message(&mut self, node: Site, message: &HubMessage) {
        self.with_node(node, |role, now| role.handle_message(message, now));
    }

    pub(super) fn guest_mut(&mut self, site: Site) -> Option<&mut Guest> {
        match &mut self.sites.get_mut(site.0)?.who {
            Who::Guest(guest) => Some(guest),
            Who::Node(_) | Who::Deployed(_) => None,
        }
    }
    pub(super) fn guest_hears(&mut self, site: Site, heard: Heard) {
        let now_ns = self.now_ns;
        if let Some(guest) = self.guest_mut(site) {
            guest.heard.push((now_ns, heard));
        }
    }
    pub(super) fn on_to_guest(&mut self, site: Site, conn: ConnId, what: ToSite) {
        let heard = match what {
            ToSite::Opened => Heard::Opened,
            ToSite::Message(message) => Heard::Message(*message),
            ToSite::Refused | ToSite::Close => {
                if let Some(guest) = self.guest_mut(site).filter(|guest| guest.conn == Some(conn)) {
                    guest.conn = None;
                }
                Heard::Closed
            }
        };
        self.guest_hears(site, heard);
    }
}
