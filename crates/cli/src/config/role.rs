//! Files that say what a machine is: a master, which conducts, or a receiver, which follows one. Implements CONF-1 and
//! CONF-2.

use std::net::IpAddr;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value as Json, json};
use tracing::{info, warn};

use super::tree::{Fault, Located, Value};
use super::value::{Name, Port, Switch, Whole, Worded};
use super::{FileOptions, HubOptions, NodeOptions, decode};
use crate::address::HubAddress;

/// The setting that makes it such a file.
pub(super) const KEY: &str = "role";

/// A universe of sACN.
type UniverseNumber = Whole<1, 63_999>;

/// What a machine is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Role {
    /// It conducts.
    Master(Master),
    /// It follows a master.
    Receiver(Receiver),
}

/// A master.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, expecting = "a table of a master's settings")]
pub(crate) struct Master {
    #[serde(rename = "role")]
    _role: Ignored,
    node_id: Worded<Name<63>>,
    listen_port: Option<Port>,
    broadcast_enabled: Option<Switch>,
    #[serde(default)]
    managed_nodes: Vec<ManagedNode>,
}

/// A node that a master expects.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, expecting = "a table with node_id, ip, universe_map and role")]
struct ManagedNode {
    node_id: Worded<Name<32>>,
    ip: Worded<IpAddr>,
    #[serde(default)]
    universe_map: Vec<UniverseNumber>,
    role: ManagedRole,
}

/// What a node is for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case", expecting = "dmx_output or media_server")]
enum ManagedRole {
    DmxOutput,
    MediaServer,
}

/// A receiver.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, expecting = "a table of a receiver's settings")]
pub(crate) struct Receiver {
    #[serde(rename = "role")]
    _role: Ignored,
    node_id: Worded<Name<32>>,
    master_ip: Option<Worded<IpAddr>>,
    master_port: Option<Port>,
    #[serde(default)]
    local_universes: Vec<UniverseNumber>,
    #[serde(default)]
    capabilities: Vec<Capability>,
    auto_discover: Option<Switch>,
}

/// What a receiver can do.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case", expecting = "dmx_output or media_playback")]
enum Capability {
    DmxOutput,
    MediaPlayback,
}

/// A value that has been looked at already.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// Reads such a file.
pub(super) fn read(tree: &Located) -> Result<FileOptions, Fault> {
    let role = tree.at(KEY).ok_or_else(|| fault(tree, &[], "expected the setting role, which is missing"))?;
    match &role.value {
        Value::Text(word) if word == "master" => master(tree),
        Value::Text(word) if word == "receiver" => receiver(tree),
        Value::Text(word) => Err(fault(role, &[KEY], format!("expected master or receiver, found {word:?}"))),
        _ => Err(fault(role, &[KEY], "expected master or receiver")),
    }
}

fn master(tree: &Located) -> Result<FileOptions, Fault> {
    let master: Master = decode::decode(tree)?;
    for (i, node) in master.managed_nodes.iter().enumerate() {
        let here = item(tree, "managed_nodes", i);
        let before = &master.managed_nodes[..i];
        if before.iter().any(|other| other.node_id == node.node_id) {
            let Worded(Name(name)) = &node.node_id;
            let reason = format!("expected a name that no other node has, found {name:?} again");
            return Err(fault(here.at("node_id").unwrap_or(here), &["managed_nodes", "node_id"], reason));
        }
        for (k, number) in node.universe_map.iter().enumerate() {
            // One universe, one node that puts it out: two would be one too many for a fixture.
            let is_output = |node: &&ManagedNode| node.role == ManagedRole::DmxOutput;
            let owner = before.iter().filter(is_output).find(|other| other.universe_map.contains(number));
            if let (Some(owner), ManagedRole::DmxOutput) = (owner, node.role) {
                let (Worded(Name(name)), number) = (&owner.node_id, number.get::<u16>());
                let reason = format!("expected universes of this node alone, but {number} is put out by {name:?}");
                return Err(fault(item(here, "universe_map", k), &["managed_nodes", "universe_map"], reason));
            }
        }
    }
    let hub = HubOptions::of_master(master.node_id.clone(), master.listen_port, master.broadcast_enabled);
    Ok(FileOptions { hub: Some(hub), role: Some(Role::Master(master)), ..FileOptions::default() })
}

fn receiver(tree: &Located) -> Result<FileOptions, Fault> {
    let receiver: Receiver = decode::decode(tree)?;
    let looks_around = receiver.auto_discover.is_some_and(|Switch(on)| on);
    if receiver.master_ip.is_none() && !looks_around {
        return Err(fault(tree, &["master_ip"], "expected the master's address, or auto_discover = true"));
    }
    if let (None, Some(_)) = (&receiver.master_ip, receiver.master_port) {
        let here = tree.at("master_port").unwrap_or(tree);
        return Err(fault(
            here,
            &["master_port"],
            "expected only together with master_ip: a master that is found tells its port",
        ));
    }
    let hub = receiver.master_ip.as_ref().map(|Worded(ip)| HubAddress::of(*ip, receiver.master_port.map(Port::get)));
    let is_output = receiver.capabilities.contains(&Capability::DmxOutput);
    let universes = receiver.local_universes.iter().filter(|_| is_output).map(|number| number.get());
    let node = NodeOptions::of_receiver(receiver.node_id.clone(), hub, looks_around, universes);
    Ok(FileOptions { node: Some(node), role: Some(Role::Receiver(receiver)), ..FileOptions::default() })
}

/// Item `i` of a list, or what is nearest.
fn item<'t>(tree: &'t Located, list: &str, i: usize) -> &'t Located {
    match tree.at(list) {
        Some(Located { value: Value::List(items), .. }) => items.get(i).unwrap_or(tree),
        _ => tree,
    }
}

fn fault(here: &Located, path: &[&str], reason: impl Into<String>) -> Fault {
    let path = path.iter().map(|key| (*key).to_owned()).collect();
    Fault { path, ..Fault::at(here.place.clone(), reason) }
}

impl Role {
    /// Says what the file asks for and the program does not do by itself.
    pub(crate) fn tell(&self) {
        match self {
            Self::Master(master) => {
                for node in &master.managed_nodes {
                    let (Worded(Name(name)), Worded(ip)) = (&node.node_id, &node.ip);
                    info!(%ip, universes = ?numbers(&node.universe_map), role = ?node.role, "expects the node {name}");
                }
            }
            Self::Receiver(receiver) => {
                if receiver.capabilities.contains(&Capability::MediaPlayback) {
                    warn!("media_playback: of media a node plays patterns");
                }
            }
        }
    }
    /// The settings of the file as `cuelight check` shows them, beside those of the program.
    pub(crate) fn shown(&self) -> Map<String, Json> {
        let shown = match self {
            Self::Master(master) => {
                let node = |node: &ManagedNode| {
                    let (Worded(Name(name)), Worded(ip)) = (&node.node_id, &node.ip);
                    let role = match node.role {
                        ManagedRole::DmxOutput => "dmx_output",
                        ManagedRole::MediaServer => "media_server",
                    };
                    format!("{name} at {ip}: {role}, universes {:?}", numbers(&node.universe_map))
                };
                let nodes: Vec<_> = master.managed_nodes.iter().map(node).collect();
                json!({"role": "master", "managed_nodes": nodes})
            }
            Self::Receiver(receiver) => json!({
                "role": "receiver",
                "local_universes": numbers(&receiver.local_universes),
                "auto_discover": receiver.auto_discover.is_some_and(|Switch(on)| on),
            }),
        };
        match shown {
            Json::Object(shown) => shown,
            _ => Map::new(),
        }
    }
}

fn numbers(universes: &[UniverseNumber]) -> Vec<u16> {
    universes.iter().map(|number| number.get()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::format::Format;
    use super::super::read_text;
    use super::*;

    const MASTER: &str = r#"{"role":"master","node_id":"master-01","listen_port":9000,"broadcast_enabled":true,"managed_nodes":
[{"node_id":"node-01","ip":"192.168.1.101","universe_map":[1,2],"role":"dmx_output"},
{"node_id":"node-02","ip":"192.168.1.102","universe_map":[3,4],"role":"media_server"}]}"#;
    const RECEIVER: &str = r#"{"role":"receiver","node_id":"node-01","master_ip":"192.168.1.100","master_port":9000,
"local_universes":[1,2],"capabilities":["dmx_output","media_playback"],"auto_discover":true}"#;

    fn read(text: &str, format: Format) -> FileOptions {
        read_text(text, format).unwrap_or_else(|fault| panic!("{fault}")).1
    }
    fn refusal(text: &str, format: Format) -> String {
        read_text(text, format).unwrap_err().to_string()
    }

    /// CONF-1
    #[test]
    fn a_master_is_a_hub_and_a_receiver_a_node_that_looks_around() {
        let hub = read(MASTER, Format::Json).hub.unwrap().settings();
        assert_eq!((hub.name.as_str(), hub.port, hub.mdns), ("master-01", 9000, true));
        let node = read(RECEIVER, Format::Json).node.unwrap().settings();
        assert_eq!((node.name.as_deref(), node.hub.as_deref()), (Some("node-01"), Some("192.168.1.100:9000")));
        assert!(node.looks_around);
        let universes: Vec<_> = node.universes.iter().map(ToString::to_string).collect();
        assert_eq!(universes, ["1", "2"]);
        let without = RECEIVER.replace("\"dmx_output\",", "");
        assert!(read(&without, Format::Json).node.unwrap().settings().universes.is_empty());
    }

    /// CONF-1
    #[test]
    fn the_three_formats_say_the_same() {
        let toml = "role = \"receiver\"\nnode_id = \"node-01\"\nmaster_ip = \"192.168.1.100\"\nmaster_port = 9000\n\
            local_universes = [1, 2]\ncapabilities = [\"dmx_output\", \"media_playback\"]\nauto_discover = true\n";
        let yaml = "role: receiver\nnode_id: node-01\nmaster_ip: 192.168.1.100\nmaster_port: 9000\nlocal_universes: [1, 2]\n\
            capabilities:\n  - dmx_output\n  - media_playback\nauto_discover: true\n";
        let json = read(RECEIVER, Format::Json);
        assert_eq!(read(toml, Format::Toml), json);
        assert_eq!(read(yaml, Format::Yaml), json);
    }

    /// CONF-2
    #[test]
    fn what_is_wrong_is_named_with_line_column_setting_and_what_was_expected() {
        for (text, message) in [
            ("role: boss\n", "1:7: role: expected master or receiver, found \"boss\""),
            ("role: master\n", "1:1: expected the setting node_id, which is missing"),
            (
                "role: master\nnode_id: a\nport: 1\n",
                "3:1: port: there is no such setting; expected one of role, node_id, listen_port, broadcast_enabled, managed_nodes",
            ),
            (
                "role: master\nnode_id: a\nlisten_port: 70000\n",
                "3:14: listen_port: expected a whole number from 0 to 65535, found 70000",
            ),
            ("role: receiver\nnode_id: a\n", "1:1: master_ip: expected the master's address, or auto_discover = true"),
            (
                "role: receiver\nnode_id: a\nauto_discover: true\nmaster_port: 1\n",
                "4:14: master_port: expected only together with master_ip: a master that is found tells its port",
            ),
            (
                "role: receiver\nnode_id: a\nmaster_ip: hub\n",
                "3:12: master_ip: expected an IP address like 0.0.0.0 or 192.168.4.1, found \"hub\"",
            ),
            (
                "role: receiver\nnode_id: a\nauto_discover: true\nlocal_universes: [1, 0]\n",
                "4:22: local_universes: expected a whole number from 1 to 63999, found 0",
            ),
            (
                "role: receiver\nnode_id: a\nauto_discover: true\ncapabilities: [dmx]\n",
                "4:16: capabilities: expected dmx_output or media_playback, found \"dmx\"",
            ),
        ] {
            assert_eq!(refusal(text, Format::Yaml), message);
        }
    }

    /// CONF-2
    #[test]
    fn two_nodes_of_one_name_and_a_universe_with_two_outputs_are_refused_where_they_stand() {
        let twice = MASTER.replace("node-02", "node-01");
        let message = refusal(&twice, Format::Json);
        assert_eq!(
            message,
            "3:12: managed_nodes.node_id: expected a name that no other node has, found \"node-01\" again"
        );
        let shared = MASTER.replace("[3,4]", "[3,2]");
        assert!(read_text(&shared, Format::Json).is_ok(), "a media server does not put universes out");
        let message = refusal(&shared.replace("media_server", "dmx_output"), Format::Json);
        let expected = "expected universes of this node alone, but 2 is put out by \"node-01\"";
        assert_eq!(message, format!("3:61: managed_nodes.universe_map: {expected}"));
    }
}
