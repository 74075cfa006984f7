//! What people made, as a document to read and to compare: groups, names, receivers, the show. Keys, passwords and certificates are
//! not in it, nor is what happens at the moment.

use std::fs;
use std::path::Path;

use cuelight_conductor::Saved;
use cuelight_net::clock::wall_now;
use cuelight_wire::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::events::rfc3339;
use crate::keeper::STATE_FILE;
use crate::receivers::Registered;

/// What a hub's data folder holds, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Export {
    /// The form of this document.
    pub form: u32,
    /// The version of Cuelight that wrote it.
    pub cuelight: String,
    /// When, wall clock.
    #[schema(format = DateTime)]
    pub made_at: String,
    /// The show that is armed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub armed: Option<String>,
    /// Files of patterns that are stored.
    pub patterns: Vec<String>,
    /// Known nodes, by number.
    pub nodes: Vec<ExportedNode>,
    /// Groups, by name.
    pub groups: Vec<ExportedGroup>,
    /// Receivers that follow over HTTP.
    pub receivers: Vec<ExportedReceiver>,
    /// The show that is played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show: Option<ExportedShow>,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportedNode {
    /// Its MAC address.
    pub mac: String,
    /// Its number.
    pub number: u16,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportedGroup {
    /// Its name.
    pub name: String,
    /// MAC addresses.
    pub members: Vec<String>,
    /// Its own lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_ms: Option<i64>,
}

/// One receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportedReceiver {
    /// Its name.
    pub name: String,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// What it drives.
    pub universes: Vec<u16>,
}

/// The show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportedShow {
    /// Of its file.
    pub sha256: String,
    /// Its file.
    pub file: String,
}

/// The form that is written.
const FORM: u32 = 1;

/// Reads a data folder. What cannot be read is left out.
pub(crate) fn gather(folder: &Path, receivers: Vec<Registered>) -> Export {
    let saved: Saved =
        fs::read(folder.join(STATE_FILE)).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let show = saved.cues.and_then(|cues| cues.show).and_then(|show| {
        let sha256 = show.sha256.to_string();
        let file = fs::read_to_string(folder.join("shows").join(format!("{sha256}.toml"))).ok()?;
        Some(ExportedShow { sha256, file })
    });
    let patterns = fs::read_dir(folder.join("patterns")).into_iter().flatten();
    let patterns = patterns.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut patterns: Vec<_> = patterns.filter(|name| name.ends_with(".prism")).collect();
    patterns.sort();
    let name = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Export {
        form: FORM,
        cuelight: env!("CARGO_PKG_VERSION").into(),
        made_at: rfc3339(wall_now()),
        armed: saved.armed.map(|armed| armed.as_str().to_owned()),
        patterns,
        nodes: saved
            .nodes
            .iter()
            .map(|node| ExportedNode { mac: node.mac.to_string(), number: node.id.0, name: name(node.name.as_str()) })
            .collect(),
        groups: saved
            .groups
            .iter()
            .map(|group| ExportedGroup {
                name: group.name.as_str().to_owned(),
                members: group.members.iter().map(ToString::to_string).collect(),
                lead_ms: group.lead_us.map(|lead_us| Span::from_us(lead_us).as_ms()),
            })
            .collect(),
        receivers: receivers
            .into_iter()
            .map(|Registered { name, facts }| ExportedReceiver {
                name,
                capabilities: facts.capabilities,
                universes: facts.universes,
            })
            .collect(),
        show,
    }
}
