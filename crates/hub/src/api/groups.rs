//! `/api/v1/groups`: nodes that are commanded together, with a lead of their own.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use cuelight_conductor::{Command, GroupSnapshot};
use cuelight_wire::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::answer::{CommandAnswer, carry_out_on};
use super::body::{Body, Named};
use super::caller::caller;
use super::conditions::Tagged;
use super::scope::{name, node_ref};
use crate::revisions::{Document, edited};
use crate::shared::Shared;

/// One group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupView {
    name: String,
    /// MAC addresses.
    members: Vec<String>,
    lead_ms: Option<i64>,
}

impl GroupView {
    fn of(group: &GroupSnapshot) -> Self {
        Self {
            name: group.name.as_str().to_owned(),
            members: group.members.iter().map(ToString::to_string).collect(),
            lead_ms: group.lead.map(Span::as_ms),
        }
    }
}

/// A group as it is now.
fn find(shared: &Shared, name: &str) -> Option<GroupView> {
    shared.snapshot.load().groups.iter().find(|group| group.name.as_str() == name).map(GroupView::of)
}

/// One group, with an `ETag` for `If-Match`.
#[utoipa::path(
    get,
    path = "/groups/{name}",
    operation_id = "getGroup",
    tag = "groups",
    params(("name" = String, Path, description = "The name of the group, 1 to 32 bytes")),
    responses((status = OK, description = "What there is", body = GroupView)),
)]
pub(crate) async fn get_group(State(shared): State<Shared>, Named(group): Named) -> Result<Tagged<GroupView>, Problem> {
    let there = find(&shared, &group).map(Tagged);
    there.ok_or_else(|| {
        Problem::not_found(format!("group \"{group}\" does not exist: list the groups, or make it first"))
    })
}

/// Nodes that are commanded together.
#[utoipa::path(
    get,
    path = "/groups",
    operation_id = "listGroups",
    tag = "groups",
    responses((status = OK, description = "What there is", body = Vec<GroupView>)),
)]
pub(crate) async fn list(State(shared): State<Shared>) -> Json<Vec<GroupView>> {
    Json(shared.snapshot.load().groups.iter().map(GroupView::of).collect())
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupBody {
    /// Nodes by number, MAC address or name.
    members: Vec<String>,
    /// 30 suits a wired network, 250 Wi-Fi.
    #[schema(minimum = 10, maximum = 2_000)]
    lead_ms: Option<i64>,
}

/// Makes a group, or replaces its members and lead.
#[utoipa::path(
    put,
    path = "/groups/{name}",
    operation_id = "putGroup",
    tag = "groups",
    params(("name" = String, Path, description = "The name of the group, 1 to 32 bytes")),
    request_body = GroupBody,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn put_group(
    State(shared): State<Shared>,
    Named(group): Named,
    headers: HeaderMap,
    Body(body): Body<GroupBody>,
) -> Result<Json<CommandAnswer>, Problem> {
    let members = body.members.iter().map(|member| node_ref(member)).collect::<Result<_, _>>()?;
    let command = Command::SetGroup { name: name(&group)?, members, lead: body.lead_ms.map(Span::from_ms) };
    let edit = carry_out_on(&shared, &headers, |shared| find(shared, &group), command);
    edited(&shared, Document::Groups, format!("group {group} set"), caller(), edit).await
}

/// Deletes a group; its members go on with what they show.
#[utoipa::path(
    delete,
    path = "/groups/{name}",
    operation_id = "deleteGroup",
    tag = "groups",
    params(("name" = String, Path, description = "The name of the group, 1 to 32 bytes")),
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn delete_group(
    State(shared): State<Shared>,
    Named(group): Named,
    headers: HeaderMap,
) -> Result<Json<CommandAnswer>, Problem> {
    let command = Command::DeleteGroup { name: name(&group)? };
    let edit = carry_out_on(&shared, &headers, |shared| find(shared, &group), command);
    edited(&shared, Document::Groups, format!("group {group} deleted"), caller(), edit).await
}
