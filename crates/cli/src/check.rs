//! `cuelight check`: whether a configuration file or a show file is right, and what it means.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use cuelight_hub::access_point::AccessPointSettings;
use serde_json::{Map, Value, json};

use crate::config::{self, Located, Place};
use crate::print;

const MORE: &str = "\
Prints every setting with its value and the line it comes from, or 'default'. The environment and flags are not looked at.
A wrong file is refused with file, line, column, setting, what was expected and what was found; the exit code is 2.

A file that begins with show-file = 1 is a show: fixtures, patch, groups, cue lists. Every fault of it is told at once.

Example file (show.toml):
  [hub]
  name = \"stage left\"
  lead_ms = 250

  [node]
  geometry = \"matrix:16x16:serpentine\"
  outputs = [\"ddp:wled.local\", \"terminal\"]
  fallback = \"idle:Ocean\"";

/// `cuelight check`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(crate) struct Check {
    /// The file: TOML, JSON or YAML, by its ending.
    #[arg(value_name = "CONFIG")]
    path: PathBuf,
    /// Print JSON: {"file": .., "hub": {KEY: {"value": .., "line": ..}}, "access-point": {..}, "node": {..}, "risks": [..]}
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Checks and explains the file.
    pub(crate) fn run(self) -> Result<()> {
        if let Some(text) = fs::read_to_string(&self.path).ok().filter(|text| cuelight_showfile::is_show_file(text)) {
            return self.show(&text);
        }
        let (tree, options) = config::read_file(&self.path)?;
        let hub = options.hub.unwrap_or_default();
        let node = options.node.unwrap_or_default();
        let access_point = options.access_point.unwrap_or_default();
        let network = access_point.settings()?;
        let role = options.role.as_ref().map(config::Role::shown);
        let risks = network.as_ref().map_or_else(Vec::new, AccessPointSettings::risks);
        let is_of = |table: &str| match &options.role {
            None => true,
            Some(config::Role::Master(_)) => table != "node",
            Some(config::Role::Receiver(_)) => table == "node",
        };
        let tables = [
            ("hub", config::hub::shown(&hub, network.clone())),
            ("access-point", config::access_point::shown(&access_point, network.as_ref())),
            ("node", config::node::shown(&node)),
        ];
        let tables =
            role.map(|role| ("role", role)).into_iter().chain(tables.into_iter().filter(|(table, _)| is_of(table)));
        let tables: Vec<_> = tables.collect();
        if self.json {
            return print::json(&as_json(&self.path, &tree, &tables, &risks));
        }
        let mut text = format!("{} is right. It means:\n", self.path.display());
        for (table, settings) in &tables {
            text.push_str(&format!("\n[{table}]\n{}", as_text(table, settings, &tree)));
        }
        for risk in &risks {
            text.push_str(&format!("\nRisk: {risk}.\n"));
        }
        print::text(&text)
    }
}

impl Check {
    /// Checks a show file and says what is in it.
    fn show(&self, text: &str) -> Result<()> {
        let show = config::lights::parse_show(&self.path, text)?;
        let universes: BTreeSet<_> = show.fixtures.iter().flat_map(|f| &f.addresses).map(|a| a.universe).collect();
        let lists = show
            .lists
            .iter()
            .map(|list| json!({ "list": list.number, "label": list.label, "cues": list.cues().len() }));
        if self.json {
            return print::json(&json!({
                "file": self.path,
                "label": show.label,
                "fixtures": show.fixtures.len(),
                "universes": universes,
                "groups": show.groups.len(),
                "lists": lists.collect::<Vec<_>>(),
            }));
        }
        let mut told = format!(
            "{} is right: {} fixtures in {} universes, {} groups.\n",
            self.path.display(),
            show.fixtures.len(),
            universes.len(),
            show.groups.len()
        );
        for list in &show.lists {
            told.push_str(&format!("List {} {:?}: {} cues.\n", list.number, list.label, list.cues().len()));
        }
        print::text(&told)
    }
}

/// The line a setting comes from; nothing for a default.
fn line(tree: &Located, table: &str, key: &str) -> Option<usize> {
    let path = if table == "role" { key.to_owned() } else { format!("{table}.{key}") };
    match tree.at(&path)?.place {
        Place::At { line, .. } => Some(line),
        Place::Variable(_) => None,
    }
}

fn as_json(path: &Path, tree: &Located, tables: &[(&str, Map<String, Value>)], risks: &[String]) -> Value {
    let mut report = Map::from_iter([("file".to_owned(), json!(path))]);
    for (table, settings) in tables {
        let settings = settings
            .iter()
            .map(|(key, value)| (key.clone(), json!({ "value": value, "line": line(tree, table, key) })));
        report.insert((*table).to_owned(), settings.collect());
    }
    report.insert("risks".to_owned(), json!(risks));
    Value::Object(report)
}

fn as_text(table: &str, settings: &Map<String, Value>, tree: &Located) -> String {
    let row = |(key, value): (&String, &Value)| {
        let from = line(tree, table, key).map_or_else(|| "default".to_owned(), |line| format!("line {line}"));
        [key.clone(), worded(value), from]
    };
    print::table(["setting", "value", "from"], &settings.iter().map(row).collect::<Vec<_>>())
}

/// A value as people write it.
fn worded(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(worded).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
