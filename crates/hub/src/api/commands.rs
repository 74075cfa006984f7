//! `/api/v1/commands`: who ordered what, and what became of it.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Problem;
use super::body::Asked;
use super::pages::{Page, check_limit};
use super::scope::{node_of, node_ref};
use crate::chronicle::{Entry, State as CommandState};
use crate::events::rfc3339;
use crate::shared::Shared;

/// Commands of a page, where nothing is said.
const PAGE: usize = 100;

/// Which commands.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WhichCommands {
    /// Items at most; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
    /// Where the page begins: what the header `Link` of the page before says.
    cursor: Option<String>,
    /// Those of one node or receiver: by its name, a node by its number or MAC address too.
    node: Option<String>,
}

/// One command of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommandView {
    command_id: String,
    /// The receiver, or the MAC address of the node, that it was for; null for the show or a group.
    node_id: Option<String>,
    /// What was ordered: `type` and more.
    #[schema(value_type = Object)]
    command: Value,
    ordered_by: String,
    /// Wall clock.
    #[schema(format = DateTime)]
    ordered_at: String,
    /// queued, sent, executed or failed.
    state: &'static str,
    /// When it was carried out, or had failed.
    #[schema(format = DateTime)]
    settled_at: Option<String>,
    /// Why it failed.
    why: Option<String>,
}

impl From<Entry> for CommandView {
    fn from(entry: Entry) -> Self {
        let Entry { id, node, command, ordered_by, ordered_at, settled_at, state, .. } = entry;
        let word = state.word();
        let why = if let CommandState::Failed(why) = state { Some(why) } else { None };
        let (ordered_at, settled_at) = (rfc3339(ordered_at), settled_at.map(rfc3339));
        Self { command_id: id, node_id: node, command, ordered_by, ordered_at, state: word, settled_at, why }
    }
}

/// The commands of operators and those to receivers, and what became of each, newest first: of the last 30 days, at most 100,000.
#[utoipa::path(
    get,
    path = "/commands",
    operation_id = "listCommands",
    tag = "show",
    params(WhichCommands),
    responses((status = OK, description = "What there is", body = Vec<CommandView>)),
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Asked(which): Asked<WhichCommands>,
) -> Result<Response, Problem> {
    let WhichCommands { limit, cursor, node } = which;
    check_limit(limit)?;
    let limit = limit.unwrap_or(PAGE);
    let before =
        cursor.map(|text| text.parse().map_err(|_| Problem::bad_request("cursor is none that this list gave")));
    let nodes = node.map_or_else(Vec::new, |node| names(&shared, node));
    let mut entries = shared.chronicle.commands(before.transpose()?, nodes, limit + 1).await?;
    let is_more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| is_more).map(|entry| entry.number.to_string());
    Ok(Page::new(entries.into_iter().map(CommandView::from).collect::<Vec<_>>(), Some(limit), next).into_response())
}

/// What a node is called in the log.
fn names(shared: &Shared, node: String) -> Vec<String> {
    let known = node_ref(&node).ok().and_then(|wanted| node_of(&shared.snapshot.load(), &wanted).map(|node| node.mac));
    let mut names = vec![node];
    names.extend(known.map(|mac| mac.to_string()));
    names
}
