//! The settings of `cuelight hub`: keys of the table `[hub]`, variables `CUELIGHT_HUB_*`, flags.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use cuelight_hub::access_point::AccessPointSettings;
use cuelight_hub::{HubSettings, TlsFiles, TlsSettings};
use cuelight_net::clock::LocalClock;
use cuelight_wire::limits::CTRL_HTTP_PORT;
use cuelight_wire::time::Span;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::value::{Name, Port, Switch, Whole, Worded, pattern_limits};
use crate::folders;
use crate::logging::LogFormat;

/// What one source says of a hub. Field names are the keys of a file; flags are the same with hyphens.
#[derive(Args, Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields, expecting = "a table of hub settings")]
pub(crate) struct HubOptions {
    /// Address to listen on [default: 0.0.0.0, all of this machine's].
    #[arg(long, value_name = "IP")]
    bind: Option<Worded<IpAddr>>,
    /// Port of the page, the API and the control plane [default: 8080; 80 with --access-point].
    #[arg(long)]
    port: Option<Port>,
    /// UDP port of the time exchange [default: 49154]. Deployed nodes know only the default.
    #[arg(long, value_name = "PORT")]
    ts_port: Option<Port>,
    /// Folder for the show's state and the operator key [default: ~/.local/state/cuelight/hub].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Name that nodes and people see on the network [default: cuelight].
    #[arg(long)]
    name: Option<Worded<Name<63>>>,
    /// How far ahead changes are scheduled, milliseconds [default: 30]. 250 suits Wi-Fi; groups can have their own.
    #[arg(long, value_name = "MS")]
    lead_ms: Option<Whole<10, 2_000>>,
    /// How long a lost node keeps its place in the roster, seconds [default: 10]. Deployed hubs keep it for 600.
    #[arg(long, value_name = "S")]
    lost_cleanup_s: Option<Whole<1, 86_400>>,
    /// Nodes there is room for [default: 1024].
    #[arg(long, value_name = "N")]
    max_nodes: Option<Whole<1, 65_534>>,
    /// Announce the hub by mDNS, so that nodes find it [default: on].
    #[arg(long, value_name = "on|off")]
    mdns: Option<Switch>,
    /// Ask for real-time priority [default: on]. Where it is refused the hub says so and goes on.
    #[arg(long, value_name = "on|off")]
    realtime: Option<Switch>,
    /// Write clock readings to this file, ten a second, for measurements.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Largest pattern that is stored, bytes [default: 262144].
    #[arg(long, value_name = "BYTES")]
    pattern_max_bytes: Option<Whole<1, 1_073_741_824>>,
    /// All stored patterns together, bytes [default: 67108864].
    #[arg(long, value_name = "BYTES")]
    pattern_quota_bytes: Option<Whole<1, 1_099_511_627_776>>,
    /// Let anybody on the network upload, delete and play patterns without the operator key, as deployed uploaders do [default: off].
    #[arg(long, value_name = "on|off")]
    open_patterns: Option<Switch>,
    /// Make everybody on the hub's own machine an admin without a key [default: off]. For demos and tests.
    #[arg(long, value_name = "on|off")]
    trust_this_machine: Option<Switch>,
    /// Names that browsers may call the hub by besides those of the local network, may be given several times.
    #[arg(long = "host-name", value_name = "NAME", value_delimiter = ',')]
    host_names: Vec<Worded<Name<253>>>,
    /// Requests a second that look, of one key, session or address [default: 200].
    #[arg(long, value_name = "N")]
    reads_per_s: Option<Whole<1, 1_000_000>>,
    /// Requests a second that change something, of one key, session or address [default: 100].
    #[arg(long, value_name = "N")]
    writes_per_s: Option<Whole<1, 1_000_000>>,
    /// The hub's certificate and those that lead to its authority, PEM [default: the hub is its own authority].
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The key of that certificate, PEM.
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Serve everything in plain text too, which the whole network can read [default: off].
    #[arg(long, value_name = "on|off", num_args = 0..=1, default_missing_value = "on")]
    plain_http: Option<Switch>,
    /// Let in deployed devices, which speak plain text and have no keys [default: off].
    #[arg(long, value_name = "on|off", num_args = 0..=1, default_missing_value = "on")]
    allow_legacy: Option<Switch>,
    /// Admit every node that asks to join, without asking you [default: off].
    #[arg(long, value_name = "on|off", num_args = 0..=1, default_missing_value = "on")]
    admit_all: Option<Switch>,
    /// Admit the nodes whose keys are in this file: lines of HASH or MAC,HASH as `cuelight pairing key` tells them.
    #[arg(long, value_name = "FILE")]
    admit_keys: Option<PathBuf>,
    /// How long a certificate is good, seconds, for tests.
    #[arg(long, value_name = "S", hide = true)]
    tls_leaf_life_s: Option<Whole<3, 7_776_000>>,
    /// How log lines are written [default: text].
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) log: Option<LogFormat>,
    /// Send changes to Cuelight nodes on the control plane as well [default: on]. Off only to measure the stream alone.
    #[arg(long, value_name = "on|off", hide = true)]
    control_backstop: Option<Switch>,
    /// Pretend that this machine's clock is OFFSET_S seconds off and PPM parts per million fast, for measurements.
    #[arg(long, value_name = "OFFSET_S,PPM", hide = true, allow_hyphen_values = true)]
    inject_clock: Option<Worded<LocalClock>>,
}

impl HubOptions {
    /// These options, and those of `below` where these say nothing.
    pub(crate) fn over(self, below: Self) -> Self {
        Self {
            bind: self.bind.or(below.bind),
            port: self.port.or(below.port),
            ts_port: self.ts_port.or(below.ts_port),
            data_dir: self.data_dir.or(below.data_dir),
            name: self.name.or(below.name),
            lead_ms: self.lead_ms.or(below.lead_ms),
            lost_cleanup_s: self.lost_cleanup_s.or(below.lost_cleanup_s),
            max_nodes: self.max_nodes.or(below.max_nodes),
            mdns: self.mdns.or(below.mdns),
            realtime: self.realtime.or(below.realtime),
            record: self.record.or(below.record),
            pattern_max_bytes: self.pattern_max_bytes.or(below.pattern_max_bytes),
            pattern_quota_bytes: self.pattern_quota_bytes.or(below.pattern_quota_bytes),
            open_patterns: self.open_patterns.or(below.open_patterns),
            trust_this_machine: self.trust_this_machine.or(below.trust_this_machine),
            host_names: if self.host_names.is_empty() { below.host_names } else { self.host_names },
            reads_per_s: self.reads_per_s.or(below.reads_per_s),
            writes_per_s: self.writes_per_s.or(below.writes_per_s),
            tls_cert: self.tls_cert.or(below.tls_cert),
            tls_key: self.tls_key.or(below.tls_key),
            plain_http: self.plain_http.or(below.plain_http),
            allow_legacy: self.allow_legacy.or(below.allow_legacy),
            admit_all: self.admit_all.or(below.admit_all),
            admit_keys: self.admit_keys.or(below.admit_keys),
            tls_leaf_life_s: self.tls_leaf_life_s.or(below.tls_leaf_life_s),
            log: self.log.or(below.log),
            control_backstop: self.control_backstop.or(below.control_backstop),
            inject_clock: self.inject_clock.or(below.inject_clock),
        }
    }

    /// The options of a master (see `role`).
    pub(super) fn of_master(name: Worded<Name<63>>, port: Option<Port>, mdns: Option<Switch>) -> Self {
        Self { name: Some(name), port, mdns, ..Self::default() }
    }

    /// The settings these options mean; what they leave open is the hub's default.
    pub(crate) fn settings(&self) -> HubSettings {
        let data_dir = self.data_dir.clone().unwrap_or_else(|| folders::state("hub"));
        let default = HubSettings::new(data_dir);
        let switch = |given: Option<Switch>, default| given.map_or(default, |Switch(on)| on);
        HubSettings {
            bind: self.bind.as_ref().map_or(default.bind, |Worded(ip)| *ip),
            port: self.port.map_or(default.port, Whole::get),
            ts_port: self.ts_port.map_or(default.ts_port, Whole::get),
            name: self.name.clone().map_or(default.name, |Worded(Name(name))| name),
            lead: self.lead_ms.map_or(default.lead, |ms| Span::from_ms(ms.get())),
            lost_cleanup: self.lost_cleanup_s.map_or(default.lost_cleanup, |s| Span::from_ms(s.get::<i64>() * 1000)),
            max_nodes: self.max_nodes.map_or(default.max_nodes, Whole::get),
            mdns: switch(self.mdns, default.mdns),
            realtime: switch(self.realtime, default.realtime),
            record: self.record.clone().or(default.record),
            control_backstop: switch(self.control_backstop, default.control_backstop),
            clock: self.inject_clock.as_ref().map_or(default.clock, |Worded(clock)| *clock),
            patterns: pattern_limits(self.pattern_max_bytes, self.pattern_quota_bytes),
            open_patterns: switch(self.open_patterns, default.open_patterns),
            trust_this_machine: switch(self.trust_this_machine, default.trust_this_machine),
            host_names: self.host_names.iter().map(|Worded(Name(name))| name.clone()).collect(),
            reads_per_s: self.reads_per_s.map_or(default.reads_per_s, Whole::get),
            writes_per_s: self.writes_per_s.map_or(default.writes_per_s, Whole::get),
            tls: TlsSettings {
                files: self.tls_files(),
                leaf_life: self.tls_leaf_life_s.map_or(default.tls.leaf_life, |s| Duration::from_secs(s.get())),
            },
            plain_http: switch(self.plain_http, default.plain_http),
            allow_legacy: switch(self.allow_legacy, default.allow_legacy),
            admit_all: switch(self.admit_all, default.admit_all),
            admit_keys: self.admit_keys.clone().or(default.admit_keys),
            data_dir: default.data_dir,
            access_point: default.access_point,
        }
    }

    /// The files that were given; one without the other is a file that cannot be read, and is told so.
    fn tls_files(&self) -> Option<TlsFiles> {
        if self.tls_cert.is_none() && self.tls_key.is_none() {
            return None;
        }
        let file = |given: &Option<PathBuf>, flag: &str| given.clone().unwrap_or_else(|| format!("(no {flag})").into());
        Some(TlsFiles { certificates: file(&self.tls_cert, "--tls-cert"), key: file(&self.tls_key, "--tls-key") })
    }

    /// The settings of a hub that is the access point, if it is one: devices know its port there.
    pub(crate) fn settings_with(&self, access_point: Option<AccessPointSettings>) -> HubSettings {
        let settings = self.settings();
        let port = if access_point.is_some() && self.port.is_none() { CTRL_HTTP_PORT } else { settings.port };
        HubSettings { port, access_point, ..settings }
    }
}

/// Settings as `cuelight check` shows them, by key.
pub(crate) fn shown(options: &HubOptions, access_point: Option<AccessPointSettings>) -> Map<String, Value> {
    let settings = options.settings_with(access_point);
    let mut shown = Map::new();
    let mut show = |key: &str, value| shown.insert(key.to_owned(), value);
    show("bind", json!(settings.bind));
    show("port", json!(settings.port));
    show("ts_port", json!(settings.ts_port));
    show("data_dir", json!(settings.data_dir));
    show("name", json!(settings.name));
    show("lead_ms", json!(settings.lead.as_ms()));
    show("lost_cleanup_s", json!(settings.lost_cleanup.as_ms() / 1000));
    show("max_nodes", json!(settings.max_nodes));
    show("mdns", json!(settings.mdns));
    show("realtime", json!(settings.realtime));
    show("record", json!(settings.record));
    show("pattern_max_bytes", json!(settings.patterns.file_max));
    show("pattern_quota_bytes", json!(settings.patterns.quota));
    show("open_patterns", json!(settings.open_patterns));
    show("trust_this_machine", json!(settings.trust_this_machine));
    show("host_names", json!(settings.host_names));
    show("reads_per_s", json!(settings.reads_per_s));
    show("writes_per_s", json!(settings.writes_per_s));
    show("tls_cert", json!(options.tls_cert));
    show("tls_key", json!(options.tls_key));
    show("plain_http", json!(settings.plain_http));
    show("allow_legacy", json!(settings.allow_legacy));
    show("admit_all", json!(settings.admit_all));
    show("admit_keys", json!(settings.admit_keys));
    show("log", json!(options.log.unwrap_or_default()));
    shown
}
