//! Texts that name nodes and scopes: `show`, `group:NAME`, `node:ID`, `node:MAC`, `node:NAME`.

use cuelight_conductor::{NodeRef, NodeSnapshot, SceneSnapshot, Scope, Snapshot};
use cuelight_wire::control::Text;
use cuelight_wire::ids::NodeId;

use super::Problem;

/// A node by number, MAC address or name.
pub(crate) fn node_ref(text: &str) -> Result<NodeRef, Problem> {
    if let Ok(id) = text.parse() {
        return Ok(NodeRef::Id(NodeId(id)));
    }
    if let Ok(mac) = text.parse() {
        return Ok(NodeRef::Mac(mac));
    }
    name(text).map(NodeRef::Name)
}

/// A name of a node or group: 1 to 32 bytes.
pub(crate) fn name(text: &str) -> Result<Text<32>, Problem> {
    match Text::try_from(text) {
        Ok(name) if !name.is_empty() => Ok(name),
        _ => Err(Problem::unprocessable(format!("\"{text}\" is no name: names have 1 to 32 bytes"))),
    }
}

/// A scope; nothing is the whole show.
pub(crate) fn scope(text: Option<&str>) -> Result<Scope, Problem> {
    match text.unwrap_or("show").split_once(':') {
        None if text.is_none_or(|text| text == "show") => Ok(Scope::Show),
        Some(("group", group)) => name(group).map(Scope::Group),
        Some(("node", node)) => node_ref(node).map(Scope::Node),
        _ => Err(Problem::unprocessable(format!(
            "scope \"{}\" is none of: show, group:NAME, node:NUMBER, node:NAME, node:MAC",
            text.unwrap_or_default()
        ))),
    }
}

/// A node by any of its names.
pub(crate) fn node_of<'a>(snapshot: &'a Snapshot, wanted: &NodeRef) -> Option<&'a NodeSnapshot> {
    snapshot.nodes.iter().find(|node| match wanted {
        NodeRef::Id(id) => node.id == *id,
        NodeRef::Mac(mac) => node.mac == *mac,
        NodeRef::Name(name) => node.name == *name,
    })
}

/// The same; a problem if there is none.
pub(crate) fn known_node<'a>(snapshot: &'a Snapshot, wanted: &NodeRef) -> Result<&'a NodeSnapshot, Problem> {
    node_of(snapshot, wanted).ok_or_else(|| {
        Problem::not_found(format!("node \"{wanted}\" is not known: list the nodes for their numbers and names"))
    })
}

/// The newest scene of a scope.
pub(crate) fn scene_of<'a>(snapshot: &'a Snapshot, scope: &Scope) -> Result<&'a SceneSnapshot, Problem> {
    match scope {
        Scope::Show => Ok(&snapshot.scene),
        Scope::Group(name) => {
            snapshot.groups.iter().find(|group| group.name == *name).map(|group| &group.scene).ok_or_else(|| {
                Problem::not_found(format!("group \"{name}\" does not exist: list the groups, or make it first"))
            })
        }
        Scope::Node(wanted) => known_node(snapshot, wanted).map(|node| &node.scene),
    }
}
