//! Finding the hub and opening the control connection to it.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::time::Duration;

use cuelight_net::addresses::{ipv4, is_loopback, is_on_hub_network};
use cuelight_net::mdns::{self, FoundHub};
use cuelight_net::ws::{Call, Channel, ConnectError, Timeouts, connect};
use cuelight_trust::{Code, NodeSecret, Pin, Trust, keep, kept};
use cuelight_wire::limits::{CTRL_HTTP_PORT, CTRL_HTTP_PORT_UNPRIVILEGED, HUB_IP, WS_PATH};
use thiserror::Error;
use tracing::{debug, info, warn};

use crate::settings::{NodeSettings, with_port};
use crate::start::NodeError;

/// How long one look around for a hub takes; the session's backoff decides when the next one begins.
const LOOK_AROUND: Duration = Duration::from_secs(3);
/// File of the secret from which the keys follow by which hubs know the node.
const KEY_FILE: &str = "node-key";
/// File of its hub's authority.
const AUTHORITY_FILE: &str = "hub-ca";

/// Why there is no control connection.
#[derive(Debug, Error)]
pub(crate) enum DialError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("looking for a hub by mDNS failed: {0}; give its address with --hub HOST:PORT")]
    Browse(#[from] mdns::MdnsError),
    #[error("no hub announces itself on this network; start one, or give its address with --hub HOST:PORT")]
    NoHub,
}

/// Whom the node calls, whom it believes and by what it is known.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    hub: Option<Hub>,
    looks_around: bool,
    trust: Trust,
    /// None: it cannot be kept, and the node is known by no key.
    secret: Option<NodeSecret>,
    /// Where the authority is kept.
    path: PathBuf,
}

/// A hub's address as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hub {
    address: String,
    is_tls: bool,
}

impl Hub {
    fn given(text: &str) -> Self {
        let (scheme, host) = text.split_once("://").map_or((None, text), |(scheme, host)| (Some(scheme), host));
        let address = with_port(host.trim_end_matches('/'), CTRL_HTTP_PORT_UNPRIVILEGED);
        // What stays on this machine crosses no network.
        let is_tls = scheme.map_or_else(|| !is_loopback(&address), |scheme| matches!(scheme, "https" | "wss"));
        Self { address, is_tls }
    }
}

impl Caller {
    pub(crate) fn of(settings: &NodeSettings) -> Result<Self, NodeError> {
        let path = settings.data_dir.join(AUTHORITY_FILE);
        let trust = match (&settings.hub_ca, kept(&path)?) {
            (Some(authority), _) => Trust::pinned(
                authority,
                "given with --hub-ca",
                "correct --hub-ca if the hub is the right one; else somebody is in between",
            ),
            (None, Some(pin)) => pinned(pin, &path),
            (None, None) => Trust::nobody_yet(),
        };
        let secret = NodeSecret::load_or_create(&settings.data_dir.join(KEY_FILE));
        // Light before pairing: where hubs want no key the node plays all the same.
        let secret =
            secret.map_err(|error| warn!("{error}; until then hubs that want a key do not admit this node")).ok();
        let hub = settings.hub.as_deref().map(Hub::given);
        Ok(Self { hub, looks_around: settings.looks_around, trust, secret, path })
    }

    /// Whom it believes; what it learns later holds for everybody who has this.
    pub(crate) const fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The hub, which was believed for `authority`, has welcomed the node. Where none was known, it is the node's from now on
    /// (TRUST-3): a hub that has not admitted it is not kept.
    pub(crate) fn on_welcome(&self, authority: Option<Pin>) {
        let Some(pin) = authority.filter(|_| self.trust.pins().is_empty()) else { return };
        self.trust.keep(&pin.into(), format!("kept in {}", self.path.display()), advice(&self.path));
        match keep(&self.path, pin) {
            Ok(()) => {
                info!(authority = %pin, "this hub is the node's from now on; its authority is kept in {}", self.path.display());
            }
            Err(error) => warn!("{error}; the next start believes the first hub again"),
        }
    }

    /// What is said while the hub, which was believed for `authority`, waits for its operator. In plain text nobody is admitted.
    pub(crate) fn asks_to_join(&self, authority: Option<Pin>) -> String {
        let Some(authority) = authority else {
            return "the hub admits nodes over TLS only: leave http:// out of --hub, or have it let in deployed devices with \
                    --allow-legacy"
                .to_owned();
        };
        let Some(secret) = &self.secret else {
            return "the hub admits nodes by their key, and this one has none: its first lines say why".to_owned();
        };
        let code = Code::of(secret.key(authority).hash(), authority);
        format!(
            "this node asks to join. Its code is {code}: where the hub shows the same one, admit it there with \
             `cuelight pairing admit {code}` or on its page"
        )
    }

    async fn call(&self, address: &str, is_tls: bool) -> Result<Channel, ConnectError> {
        let trust = is_tls.then_some(&self.trust);
        let call = Call { address, path: WS_PATH, trust, secret: self.secret.as_ref() };
        connect(call, Timeouts::default()).await
    }
}

fn pinned(pin: Pin, path: &std::path::Path) -> Trust {
    Trust::pinned(&pin.into(), format!("kept in {}", path.display()), advice(path))
}

fn advice(path: &std::path::Path) -> String {
    format!(
        "somebody may be in between. If the hub is a new one, remove {} and admit the node again, or give --hub-ca",
        path.display()
    )
}

/// Opens a control connection to the hub, or, where it `looks_around` and that one does not answer, to the first that announces
/// itself. Without one: to the hub whose network this is, if it is one (AP-7), else to the first hub that announces itself.
pub(crate) async fn dial(caller: Caller) -> Result<Channel, DialError> {
    let address = match &caller.hub {
        Some(Hub { address, is_tls }) => match caller.call(address, *is_tls).await {
            // That nobody announces itself is no news where a hub was named.
            Err(error) if caller.looks_around => find(&caller.trust).await.map_err(|_| error)?,
            answer => return Ok(answer?),
        },
        None => {
            if let Some(access_point) = access_point(&ipv4()) {
                match caller.call(&access_point.to_string(), true).await {
                    Ok(channel) => return Ok(channel),
                    Err(error) => debug!("this looks like a hub's own network, but {error}"),
                }
            }
            find(&caller.trust).await?
        }
    };
    Ok(caller.call(&address.to_string(), true).await?)
}

/// Where the hub is when one of these addresses was given by it. A machine that has the hub's own address is the hub.
fn access_point(addresses: &[(String, Ipv4Addr)]) -> Option<SocketAddrV4> {
    let is_hub = addresses.iter().any(|(_, address)| *address == HUB_IP);
    let is_there = addresses.iter().any(|(_, address)| is_on_hub_network(*address));
    (is_there && !is_hub).then(|| SocketAddrV4::new(HUB_IP, CTRL_HTTP_PORT))
}

/// The address of the first hub that announces itself; of the node's own, where several do.
async fn find(trust: &Trust) -> Result<SocketAddr, DialError> {
    let pins = trust.pins();
    let found = tokio::task::spawn_blocking(move || {
        let hubs = mdns::browse(LOOK_AROUND, |hub| is_mine(hub, &pins));
        hubs.map(|hubs| chosen(hubs, &pins))
    });
    found.await.map_err(|_| DialError::NoHub)??.ok_or(DialError::NoHub)
}

/// Whether a hub says that it is one whose authority the node believes; any is, where it believes none yet.
fn is_mine(hub: &FoundHub, pins: &[Pin]) -> bool {
    pins.is_empty() || hub.authority.is_some_and(|authority| pins.contains(&authority))
}

/// What is announced is a hint: without a hub that fits, the first is called and says who it is.
fn chosen(hubs: Vec<FoundHub>, pins: &[Pin]) -> Option<SocketAddr> {
    let hub = hubs.iter().find(|hub| is_mine(hub, pins)).or(hubs.first())?;
    hub.addresses.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AP-7
    #[test]
    fn on_a_hubs_own_network_its_address_is_known() {
        let of = |address: &str| access_point(&[("wlan0".to_owned(), address.parse().unwrap())]);
        assert_eq!(of("192.168.4.17"), Some("192.168.4.1:80".parse().unwrap()));
        assert_eq!(of("192.168.1.17"), None);
        assert_eq!(of("192.168.4.1"), None, "the hub's machine finds its hub by mDNS, whatever its port is");
    }

    /// TRUST-11
    #[test]
    fn a_hub_is_spoken_to_in_tls_but_on_this_machine_or_where_plain_text_is_asked_for() {
        let hub = |text| Hub::given(text);
        let is = |address: &str, is_tls| Hub { address: address.into(), is_tls };
        assert_eq!(hub("hub.local"), is("hub.local:8080", true));
        assert_eq!(hub("https://127.0.0.1:9"), is("127.0.0.1:9", true));
        assert_eq!(hub("127.0.0.1:9"), is("127.0.0.1:9", false));
        assert_eq!(hub("localhost"), is("localhost:8080", false));
        assert_eq!(hub("http://hub.local:80/"), is("hub.local:80", false));
    }

    /// TRUST-10
    #[test]
    fn of_several_hubs_the_nodes_own_is_called_and_without_it_the_first() {
        let hub = |n: u8| FoundHub {
            name: format!("hub {n}"),
            addresses: vec![SocketAddr::from(([10, 0, 0, n], 8080))],
            proto: Some(1),
            hub_id: n.to_string(),
            boot_id: None,
            authority: Some(Pin([n; 32])),
        };
        let at = |hubs: &[u8], pins: &[Pin]| chosen(hubs.iter().map(|n| hub(*n)).collect(), pins).map(|at| at.ip());
        assert_eq!(at(&[1, 2], &[Pin([2; 32])]), Some([10, 0, 0, 2].into()));
        assert_eq!(at(&[1, 3], &[Pin([2; 32])]), Some([10, 0, 0, 1].into()));
        assert_eq!(at(&[1, 2], &[]), Some([10, 0, 0, 1].into()));
        assert_eq!(at(&[], &[]), None);
    }

    /// TRUST-3
    #[test]
    fn the_first_hub_that_welcomes_a_node_is_its_hub_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let settings = NodeSettings::new(folder.path().join("node"));
        let caller = Caller::of(&settings).unwrap();
        assert!(caller.trust().pins().is_empty());
        caller.on_welcome(None);
        caller.on_welcome(Some(Pin([1; 32])));
        caller.on_welcome(Some(Pin([2; 32])));
        assert_eq!(caller.trust().pins(), [Pin([1; 32])]);
        let again = Caller::of(&settings).unwrap();
        assert_eq!((again.trust().pins(), again.secret == caller.secret), (vec![Pin([1; 32])], true));
        let given = NodeSettings { hub_ca: Some(Pin([3; 32]).into()), ..settings };
        assert_eq!(Caller::of(&given).unwrap().trust().pins(), [Pin([3; 32])]);
    }
}
