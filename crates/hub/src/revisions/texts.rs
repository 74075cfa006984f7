//! What the documents are now, as texts, and making one what a text says.

use std::collections::BTreeMap;

use cuelight_conductor::{Command, Load, NodeRef, Snapshot};
use cuelight_wire::control::Text;
use cuelight_wire::ids::Mac;
use cuelight_wire::time::Span;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tracing::warn;

use super::Document;
use crate::api::{Problem, refused};
use crate::shared::Shared;
use crate::shows::program_of;

/// One group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// MAC addresses.
    pub(crate) members: Vec<String>,
    pub(crate) lead_ms: Option<i64>,
}

fn groups(snapshot: &Snapshot) -> Vec<Group> {
    let groups = snapshot.groups.iter().map(|group| Group {
        name: group.name.as_str().to_owned(),
        members: group.members.iter().map(ToString::to_string).collect(),
        lead_ms: group.lead.map(Span::as_ms),
    });
    groups.collect()
}

fn names(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let named = snapshot.nodes.iter().filter(|node| !node.name.is_empty());
    named.map(|node| (node.mac.to_string(), node.name.as_str().to_owned())).collect()
}

/// What a document is now; `None` when it cannot be read.
pub(super) async fn text(shared: &Shared, document: Document) -> Option<String> {
    let snapshot = shared.snapshot.load_full();
    match document {
        Document::Groups => serde_json::to_string(&groups(&snapshot)).ok(),
        Document::Names => serde_json::to_string(&names(&snapshot)).ok(),
        Document::Show => {
            let Some(program) = snapshot.cues.program.clone() else { return Some(String::new()) };
            let shows = shared.shows.clone();
            let bytes = spawn_blocking(move || shows.read(&program.id.sha256)).await.ok()?;
            let bytes = bytes.map_err(|bad| warn!("the show file that is played: {bad}")).ok()?;
            String::from_utf8(bytes).ok()
        }
    }
}

/// Makes a document what a text says.
pub(crate) async fn apply(shared: &Shared, document: Document, text: &str) -> Result<(), Problem> {
    let snapshot = shared.snapshot.load_full();
    let commands = match document {
        Document::Groups => {
            let then: Vec<Group> = read(text)?;
            group_commands(&groups(&snapshot), &then)?
        }
        Document::Names => {
            let mut then: BTreeMap<String, String> = read(text)?;
            // A node that was forgotten meanwhile has no name to get back.
            then.retain(|mac, _| snapshot.nodes.iter().any(|node| node.mac.to_string() == *mac));
            name_commands(&names(&snapshot), &then)?
        }
        Document::Show if text.is_empty() => vec![Command::UnloadShow],
        Document::Show => vec![load(shared, text.to_owned()).await?],
    };
    for command in commands {
        let answered = shared.inbox.command(None, command).await;
        answered.map_err(|_| Problem::unavailable("the hub is stopping"))?.map_err(refused)?;
    }
    Ok(())
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|error| Problem::conflict(format!("the revision cannot be read: {error}")))
}

fn odd(what: &str) -> Problem {
    Problem::conflict(format!("the revision cannot be read: \"{what}\" is out of place"))
}

fn mac(text: &str) -> Result<Mac, Problem> {
    text.parse().map_err(|_| odd(text))
}

/// What leads from some groups to others. A group that was deleted comes back with its members; what it showed is what they show.
fn group_commands(now: &[Group], then: &[Group]) -> Result<Vec<Command>, Problem> {
    let name = |text: &str| Text::try_from(text).map_err(|_| odd(text));
    let mut commands = Vec::new();
    for group in now.iter().filter(|group| !then.iter().any(|other| other.name == group.name)) {
        commands.push(Command::DeleteGroup { name: name(&group.name)? });
    }
    for group in then.iter().filter(|group| !now.contains(group)) {
        let members =
            group.members.iter().map(|member| Ok(NodeRef::Mac(mac(member)?))).collect::<Result<_, Problem>>()?;
        commands.push(Command::SetGroup { name: name(&group.name)?, members, lead: group.lead_ms.map(Span::from_ms) });
    }
    Ok(commands)
}

/// What leads from some names to others. Names go before they are given: two nodes may have changed theirs.
fn name_commands(now: &BTreeMap<String, String>, then: &BTreeMap<String, String>) -> Result<Vec<Command>, Problem> {
    let named = |node: &str, name: &str| {
        let name = Text::try_from(name).map_err(|_| odd(name))?;
        Ok(Command::NameNode { node: NodeRef::Mac(mac(node)?), name })
    };
    let gone = now.iter().filter(|(node, name)| then.get(*node) != Some(name));
    let given = then.iter().filter(|(node, name)| now.get(*node) != Some(name));
    let gone = gone.map(|(node, _)| named(node, ""));
    gone.chain(given.map(|(node, name)| named(node, name))).collect()
}

async fn load(shared: &Shared, text: String) -> Result<Command, Problem> {
    let shows = shared.shows.clone();
    let resolved = spawn_blocking(move || {
        let program = program_of(&text).map_err(|faults| Problem::faults(&faults))?;
        shows
            .keep(&program.id, &text)
            .map_err(|error| Problem::unavailable(format!("the show cannot be kept: {error}")))?;
        Ok::<_, Problem>(program)
    });
    let program = resolved.await.map_err(|_| Problem::unavailable("reading the show was interrupted: try again"))??;
    Ok(Command::LoadShow(Box::new(Load { program, keeps_playbacks: true, renumbered: None })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, members: &[&str]) -> Group {
        Group { name: name.into(), members: members.iter().map(|m| (*m).into()).collect(), lead_ms: None }
    }

    #[test]
    fn only_what_differs_is_changed_back() {
        let (a, b) = ("02:00:00:00:00:01", "02:00:00:00:00:02");
        let now = [group("same", &[a]), group("changed", &[a]), group("new", &[])];
        let then = [group("same", &[a]), group("changed", &[a, b]), group("deleted", &[b])];
        let commands = group_commands(&now, &then).unwrap();
        let said: Vec<_> = commands
            .iter()
            .map(|command| match command {
                Command::SetGroup { name, members, .. } => format!("{name} {}", members.len()),
                Command::DeleteGroup { name } => format!("no {name}"),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(said, ["no new", "changed 2", "deleted 1"]);
        assert!(group_commands(&[], &[group("x", &["nobody"])]).is_err());
    }

    #[test]
    fn two_nodes_that_changed_names_change_back() {
        let (a, b, c) = ("02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03");
        let of = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let commands =
            name_commands(&of(&[(a, "x"), (b, "y"), (c, "z")]), &of(&[(a, "y"), (b, "x"), (c, "z")])).unwrap();
        let said: Vec<_> = commands
            .iter()
            .map(|command| match command {
                Command::NameNode { node, name } => format!("{node} {name}"),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(said, [format!("{a} "), format!("{b} "), format!("{a} y"), format!("{b} x")]);
    }
}
