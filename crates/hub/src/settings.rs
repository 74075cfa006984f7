//! What a hub can be told.

use std::net::IpAddr;
use std::path::PathBuf;

use cuelight_net::clock::LocalClock;
use cuelight_pattern::store::Limits;
use cuelight_wire::limits;
use cuelight_wire::time::Span;

use crate::access_point::AccessPointSettings;
use crate::tls::TlsSettings;

/// A page asks some ten times a second where it cannot watch; twenty of them behind one address still may.
const READS_PER_S: u32 = 200;
/// Twice what each of 20 programs sends that together change the show 1000 times a second, which a hub is built for.
const WRITES_PER_S: u32 = 100;

/// Settings of one hub. Every field has a default that suits a LAN.
#[derive(Clone, Debug)]
pub struct HubSettings {
    /// Address to listen on: HTTP and the time exchange; the stream leaves from here too.
    pub bind: IpAddr,
    /// Port of HTTP and the control plane.
    pub port: u16,
    /// Port of the time exchange.
    pub ts_port: u16,
    /// Folder of the state file, the operator key and the lock.
    pub data_dir: PathBuf,
    /// The name the hub announces.
    pub name: String,
    /// Lead of applyAt over now for nodes whose groups do not say otherwise.
    pub lead: Span,
    /// How long a lost node keeps its place in the roster.
    pub lost_cleanup: Span,
    /// Nodes the roster has room for.
    pub max_nodes: usize,
    /// Whether to announce the hub by mDNS (never done on loopback).
    pub mdns: bool,
    /// Whether changes go to Cuelight nodes on the control plane as well.
    pub control_backstop: bool,
    /// Whether to ask for real-time priority.
    pub realtime: bool,
    /// File for ten `clock` lines a second.
    pub record: Option<PathBuf>,
    /// How much the store of patterns holds.
    pub patterns: Limits,
    /// Whether clients of other machines may upload and play patterns without the operator key, as deployed uploaders do.
    pub open_patterns: bool,
    /// Whether who is on the hub's own machine is an admin without a key.
    pub trust_this_machine: bool,
    /// Names of the hub besides those that only its own network can have given it, such as one of a public domain.
    pub host_names: Vec<String>,
    /// Requests a second that look, of one key, session or address.
    pub reads_per_s: u32,
    /// Requests a second that change something, of one key, session or address.
    pub writes_per_s: u32,
    /// How the hub shows who it is.
    pub tls: TlsSettings,
    /// Whether other machines are served everything in plain text too.
    pub plain_http: bool,
    /// Whether deployed devices, which know nothing of TLS, are let in.
    pub allow_legacy: bool,
    /// Whether nodes that ask to join are admitted without an operator.
    pub admit_all: bool,
    /// File of keys that are admitted without an operator.
    pub admit_keys: Option<PathBuf>,
    /// What makes this hub the access point, when it is one.
    pub access_point: Option<AccessPointSettings>,
    /// The hub's clock; an injected one proves clock sync on one machine.
    pub clock: LocalClock,
}

impl HubSettings {
    /// The defaults, with state in `data_dir`.
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            bind: IpAddr::from([0, 0, 0, 0]),
            port: limits::CTRL_HTTP_PORT_UNPRIVILEGED,
            ts_port: limits::TS_UDP_PORT,
            data_dir,
            name: "cuelight".to_owned(),
            lead: limits::APPLY_AHEAD,
            lost_cleanup: limits::LOST_CLEANUP,
            max_nodes: 1024,
            mdns: true,
            control_backstop: true,
            realtime: true,
            record: None,
            patterns: Limits::default(),
            open_patterns: false,
            trust_this_machine: false,
            host_names: Vec::new(),
            reads_per_s: READS_PER_S,
            writes_per_s: WRITES_PER_S,
            tls: TlsSettings::default(),
            plain_http: false,
            allow_legacy: false,
            admit_all: false,
            admit_keys: None,
            access_point: None,
            clock: LocalClock::UNCHANGED,
        }
    }
}
