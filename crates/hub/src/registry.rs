//! The nodes that have joined, in `hub.db`: when each was first and last seen, and what its name and number are when the state file
//! is damaged (STORE-9).

use std::collections::BTreeMap;

use cuelight_conductor::{Saved, SavedGroup, SavedNode, Snapshot, State};
use cuelight_wire::control::Text;
use cuelight_wire::ids::{Mac, NodeId, Revision};
use cuelight_wire::time::{Span, Time, Wall};
use rusqlite::{Connection, Row};

use crate::revisions;

/// How often it is written down that a node is there.
const SEEN_EVERY: Span = Span::from_s(3_600);

/// What is written down of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) mac: Mac,
    pub(crate) number: u16,
    pub(crate) name: String,
    pub(crate) firmware: String,
    pub(crate) platform: String,
    pub(crate) last_seen_at: Time<Wall>,
}

/// What is to be changed in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A node is new, or is another than it was.
    Put(Known),
    /// A node was forgotten.
    Remove(Mac),
}

/// Compares snapshots with what was written down. A machine without a clock.
#[derive(Debug, Default)]
pub(crate) struct Register {
    known: BTreeMap<Mac, Known>,
}

impl Register {
    /// What has to be written down since the last look.
    pub(crate) fn handle_snapshot(&mut self, snapshot: &Snapshot, now: Time<Wall>) -> Vec<Change> {
        let mut changes = Vec::new();
        self.known.retain(|mac, _| {
            let is_there = snapshot.nodes.iter().any(|node| node.mac == *mac);
            if !is_there {
                changes.push(Change::Remove(*mac));
            }
            is_there
        });
        for node in snapshot.nodes.iter().filter(|node| !matches!(node.state, State::Removed | State::Lost)) {
            let seen = Known {
                mac: node.mac,
                number: node.id.0,
                name: node.name.as_str().to_owned(),
                firmware: node.fw.as_str().to_owned(),
                platform: node.platform.clone(),
                last_seen_at: now,
            };
            let is_new = self.known.get(&node.mac).is_none_or(|before| {
                let is_due = now - before.last_seen_at >= SEEN_EVERY;
                is_due || Known { last_seen_at: now, ..before.clone() } != seen
            });
            if is_new {
                self.known.insert(node.mac, seen.clone());
                changes.push(Change::Put(seen));
            }
        }
        changes
    }
}

/// Writes changes down.
pub(crate) fn write(connection: &Connection, changes: &[Change]) -> rusqlite::Result<()> {
    for change in changes {
        match change {
            Change::Remove(mac) => {
                connection.execute("DELETE FROM nodes WHERE mac = ?1", [mac.to_string()])?;
            }
            Change::Put(Known { mac, number, name, firmware, platform, last_seen_at }) => {
                connection.execute(
                    "INSERT INTO nodes (mac, number, name, firmware, platform, first_seen_ns, last_seen_ns)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
                     ON CONFLICT (mac) DO UPDATE SET number = excluded.number, name = excluded.name,
                         firmware = excluded.firmware, platform = excluded.platform, last_seen_ns = excluded.last_seen_ns",
                    (mac.to_string(), number, name, firmware, platform, last_seen_at.as_ns()),
                )?;
            }
        }
    }
    Ok(())
}

/// All that is written down, by number.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<Known>> {
    let sql = "SELECT mac, number, name, firmware, platform, last_seen_ns FROM nodes ORDER BY number, mac";
    let mut select = connection.prepare(sql)?;
    let rows = select.query_map([], known)?;
    Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// `None` for a row that is none of this version's.
fn known(row: &Row<'_>) -> rusqlite::Result<Option<Known>> {
    let (mac, number): (String, i64) = (row.get(0)?, row.get(1)?);
    let (Ok(mac), Ok(number)) = (mac.parse(), u16::try_from(number)) else { return Ok(None) };
    let (name, firmware, platform) = (row.get(2)?, row.get(3)?, row.get(4)?);
    Ok(Some(Known { mac, number, name, firmware, platform, last_seen_at: Time::from_ns(row.get(5)?) }))
}

/// What a show can go on from when its state file is damaged: nodes with their numbers and names, and the groups as they were after
/// the newest change. `None` when nothing is known.
pub(crate) fn saved(connection: &Connection) -> rusqlite::Result<Option<Saved>> {
    let nodes = all(connection)?.into_iter().filter_map(|known| {
        let name = Text::try_from(known.name.as_str()).ok()?;
        Some(SavedNode { mac: known.mac, id: NodeId(known.number), name, track: 0, universes: None, geometry: None })
    });
    let groups = revisions::newest_groups(connection)?.into_iter().filter_map(|group| {
        let members = group.members.iter().filter_map(|member| member.parse().ok()).collect();
        let lead_us = group.lead_ms.map(|lead_ms| Span::from_ms(lead_ms).as_us());
        Some(SavedGroup { name: Text::try_from(group.name.as_str()).ok()?, members, lead_us, track: 0 })
    });
    let (nodes, groups): (Vec<_>, Vec<_>) = (nodes.collect(), groups.collect());
    if nodes.is_empty() && groups.is_empty() {
        return Ok(None);
    }
    Ok(Some(Saved { version: Saved::VERSION, rev: Revision(0), nodes, groups, ..Saved::default() }))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use super::*;
    use crate::testing::TestHub;

    /// STORE-9
    #[tokio::test]
    async fn names_numbers_and_groups_are_known_when_the_state_file_is_damaged_and_not_when_it_was_removed() {
        for is_damaged in [true, false] {
            let hub = TestHub::start().await;
            let (node, _) = hub.join("02:00:00:00:00:11").await;
            let (other, _) = hub.join("02:00:00:00:00:12").await;
            hub.send(Method::PATCH, "/api/v1/nodes/2", json!({"name": "bike"})).await.ok();
            hub.put_group("front", &["02:00:00:00:00:12"]).await;
            let mut register = Register::default();
            let changes = register.handle_snapshot(&hub.shared.snapshot.load(), Time::from_ns(1));
            assert_eq!(changes.len(), 2);
            hub.shared.library.write(move |connection| write(connection, &changes)).await.unwrap();
            let again = register.handle_snapshot(&hub.shared.snapshot.load(), Time::from_ns(2));
            assert_eq!(again, []);
            let groups = hub.get("/api/v1/groups").await.ok();
            drop((node, other));
            let folder = hub.stop().await;
            let state = folder.path().join("state.json");
            if is_damaged {
                std::fs::write(&state, "{\"half\":").unwrap();
            } else {
                // As people do for a new show.
                std::fs::remove_file(&state).unwrap();
            }
            let hub = TestHub::on(folder).await;
            let known = hub.get("/api/v1/groups").await.ok();
            assert_eq!(known, if is_damaged { groups } else { json!([]) });
            if is_damaged {
                let name = hub.get("/api/v1/nodes/2/name").await.ok();
                assert_eq!((&name["mac"], &name["name"]), (&json!("02:00:00:00:00:12"), &json!("bike")));
            }
            hub.stop().await;
        }
    }
}
