//! Finding a hub by mDNS (service `_cuelight._tcp.local.`), and being found; as a node, too, by who uploads patterns
//! (service `_cuelight-node._tcp.local.`, PATTERN-26).
//!
//! The TXT record holds `proto`, `id` (the hub's own, stays over restarts), `boot` (its present run) and `ca` (the fingerprint
//! of its authority; it speaks TLS). Anybody can announce anything: what it says chooses between hubs, and what is believed is
//! only what the hub then shows (TRUST-10). A hub that
//! listens on loopback only is not announced, and addresses of loopback are not believed (CTRL-25).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use cuelight_trust::Pin;
use cuelight_wire::ids::Mac;
use cuelight_wire::limits::PROTO_VER;
use mdns_sd::{ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};

/// The service type of nodes that take patterns.
pub const NODE_SERVICE: &str = "_cuelight-node._tcp.local.";
/// The service type of hubs.
pub const SERVICE: &str = "_cuelight._tcp.local.";

/// How long to wait for the daemon to say goodbye.
const GOODBYE: Duration = Duration::from_millis(500);
/// Hubs kept of one search; further ones are passed over.
const MAX_FOUND: usize = 32;

/// mDNS does not work here.
#[derive(Debug, thiserror::Error)]
#[error("mDNS: {0}; give nodes the hub's address instead")]
pub struct MdnsError(#[from] mdns_sd::Error);

/// What a hub tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubRecord {
    /// A name people know it by; unique on the network.
    pub name: String,
    /// Where its control plane listens. An unspecified address stands for all of the machine's.
    pub listen: SocketAddr,
    /// The hub's own id, which stays.
    pub hub_id: String,
    /// Its present run.
    pub boot_id: u32,
    /// The fingerprint of its authority.
    pub authority: Option<Pin>,
}

/// What a node tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRecord {
    /// A name people know it by; its MAC address when it has none.
    pub name: String,
    /// Where it takes patterns. An unspecified address stands for all of the machine's.
    pub listen: SocketAddr,
    /// Its identity.
    pub mac: Mac,
}

/// The name by which a node's machine is found, `cuelight-02c0e17e5701.local`.
pub fn node_host(mac: Mac) -> String {
    let digits: String = mac.0.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("cuelight-{digits}.local")
}

/// A hub on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundHub {
    /// Its name.
    pub name: String,
    /// Where its control plane listens: at least one address, IPv4 first.
    pub addresses: Vec<SocketAddr>,
    /// The protocol version it speaks, when it says so.
    pub proto: Option<u8>,
    /// The hub's own id; empty when it does not tell.
    pub hub_id: String,
    /// Its present run, when it says so.
    pub boot_id: Option<u32>,
    /// The fingerprint that it says its authority has.
    pub authority: Option<Pin>,
}

/// An announcement in force. Dropping it without [`Announcement::stop`] leaves it to the network to forget.
pub struct Announcement {
    daemon: ServiceDaemon,
    full_name: String,
}

/// Announces a hub until the result is stopped. `None` when it listens on loopback only, where nobody could reach it.
///
/// # Errors
/// [`MdnsError`]; the hub works without.
pub fn announce(hub: &HubRecord) -> Result<Option<Announcement>, MdnsError> {
    publish(hub.listen, service_of(hub))
}

/// Announces where a node takes patterns, until the result is stopped. `None` when it listens on loopback only.
///
/// # Errors
/// [`MdnsError`]; the node works without.
pub fn announce_node(node: &NodeRecord) -> Result<Option<Announcement>, MdnsError> {
    let properties = [("mac", node.mac.to_string())];
    let host = format!("{}.", node_host(node.mac));
    publish(node.listen, record_of(NODE_SERVICE, &node.name, &host, node.listen, &properties))
}

fn publish(listen: SocketAddr, record: Result<ServiceInfo, MdnsError>) -> Result<Option<Announcement>, MdnsError> {
    if listen.ip().is_loopback() {
        return Ok(None);
    }
    let record = record?;
    let full_name = record.get_fullname().to_owned();
    let daemon = ServiceDaemon::new()?;
    daemon.register(record)?;
    Ok(Some(Announcement { daemon, full_name }))
}

impl Announcement {
    /// Takes the announcement back, so that nodes stop looking here at once. Blocks for up to half a second.
    pub fn stop(self) {
        // A daemon that does not answer is going away with the process.
        if let Ok(status) = self.daemon.unregister(&self.full_name) {
            let _ = status.recv_timeout(GOODBYE);
        }
        shut_down(&self.daemon);
    }
}

/// Looks for hubs until `limit` is over or `is_enough` says so of one of them; blocks meanwhile. Each hub is given once,
/// with the addresses it told by then; hubs come in the order of their names.
///
/// # Errors
/// [`MdnsError`].
pub fn browse(limit: Duration, mut is_enough: impl FnMut(&FoundHub) -> bool) -> Result<Vec<FoundHub>, MdnsError> {
    let deadline = Instant::now() + limit;
    let daemon = ServiceDaemon::new()?;
    let events = daemon.browse(SERVICE)?;
    let mut hubs = BTreeMap::new();
    while let Ok(event) = events.recv_deadline(deadline) {
        let ServiceEvent::ServiceResolved(service) = event else { continue };
        let Some(hub) = found(&service) else { continue };
        let enough = is_enough(&hub);
        if hubs.len() < MAX_FOUND || hubs.contains_key(&hub.name) {
            hubs.insert(hub.name.clone(), hub);
        }
        if enough {
            break;
        }
    }
    shut_down(&daemon);
    Ok(hubs.into_values().collect())
}

fn shut_down(daemon: &ServiceDaemon) {
    if let Ok(status) = daemon.shutdown() {
        let _ = status.recv_timeout(GOODBYE);
    }
}

fn service_of(hub: &HubRecord) -> Result<ServiceInfo, MdnsError> {
    let mut properties =
        vec![("proto", PROTO_VER.to_string()), ("id", hub.hub_id.clone()), ("boot", hub.boot_id.to_string())];
    properties.extend(hub.authority.map(|authority| ("ca", authority.to_string())));
    // The host name has to be a label of its own; the hub's id is one, and unique.
    let host = format!("cuelight-{}.local.", hub.hub_id);
    record_of(SERVICE, &hub.name, &host, hub.listen, &properties)
}

fn record_of(
    service: &str,
    name: &str,
    host: &str,
    listen: SocketAddr,
    properties: &[(&str, String)],
) -> Result<ServiceInfo, MdnsError> {
    let ip = listen.ip();
    let fixed: &[IpAddr] = if ip.is_unspecified() { &[] } else { &[ip] };
    let record = ServiceInfo::new(service, name, host, fixed, listen.port(), properties)?;
    Ok(if ip.is_unspecified() { record.enable_addr_auto() } else { record })
}

/// What a service record says of a hub; `None` when it cannot be reached from elsewhere.
fn found(service: &ResolvedService) -> Option<FoundHub> {
    let reachable = service.addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr).filter(|ip| {
        let needs_scope = matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local());
        !(ip.is_loopback() || ip.is_unspecified() || needs_scope)
    });
    let mut addresses: Vec<SocketAddr> = reachable.map(|ip| SocketAddr::new(ip, service.port)).collect();
    addresses.sort();
    let text = |key: &str| service.txt_properties.get_property_val_str(key);
    let suffix = format!(".{SERVICE}");
    (!addresses.is_empty()).then(|| FoundHub {
        name: service.fullname.strip_suffix(&suffix).unwrap_or(&service.fullname).to_owned(),
        addresses,
        proto: text("proto").and_then(|proto| proto.parse().ok()),
        hub_id: text("id").unwrap_or_default().to_owned(),
        boot_id: text("boot").and_then(|boot| boot.parse().ok()),
        authority: text("ca").and_then(|ca| ca.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(listen: &str) -> HubRecord {
        let (name, listen, hub_id) = ("stage left".into(), listen.parse().unwrap(), "a1b2".into());
        HubRecord { name, listen, hub_id, boot_id: 7, authority: Some(Pin([9; 32])) }
    }

    /// CTRL-25, TRUST-10
    #[test]
    fn a_hub_is_known_again_from_its_record() {
        let service = service_of(&hub("192.168.4.1:8080")).unwrap().as_resolved_service();
        let hub = found(&service).unwrap();
        assert_eq!(hub.addresses, ["192.168.4.1:8080".parse().unwrap()]);
        assert_eq!((hub.proto, hub.hub_id.as_str(), hub.boot_id), (Some(1), "a1b2", Some(7)));
        assert_eq!((hub.name.as_str(), hub.authority), ("stage left", Some(Pin([9; 32]))));
    }

    /// CTRL-25
    #[test]
    fn a_hub_on_loopback_is_neither_announced_nor_believed() {
        for listen in ["127.0.0.1:8080", "[::1]:8080"] {
            assert!(announce(&hub(listen)).unwrap().is_none());
            assert_eq!(found(&service_of(&hub(listen)).unwrap().as_resolved_service()), None);
        }
    }

    /// PATTERN-26
    #[test]
    fn a_node_is_announced_under_the_name_of_its_identity_and_not_on_loopback() {
        let mac = Mac([2, 0xc0, 0xe1, 0x7e, 0x57, 1]);
        assert_eq!(node_host(mac), "cuelight-02c0e17e5701.local");
        let node = NodeRecord { name: "bike".into(), listen: "127.0.0.1:8081".parse().unwrap(), mac };
        assert!(announce_node(&node).unwrap().is_none());
        let host = format!("{}.", node_host(mac));
        let listen = "192.168.4.7:8081".parse().unwrap();
        let record = record_of(NODE_SERVICE, "bike", &host, listen, &[("mac", mac.to_string())]).unwrap();
        assert_eq!((record.get_hostname(), record.get_port()), ("cuelight-02c0e17e5701.local.", 8081));
        assert_eq!(record.get_fullname(), "bike._cuelight-node._tcp.local.");
    }

    #[test]
    fn a_record_without_text_is_still_a_hub() {
        let empty: &[(&str, &str)] = &[];
        let service = ServiceInfo::new(SERVICE, "x", "x.local.", "10.0.0.7", 80, empty).unwrap();
        let hub = found(&service.as_resolved_service()).unwrap();
        assert_eq!((hub.proto, hub.hub_id.as_str(), hub.boot_id), (None, "", None));
    }
}
