//! `/api/v1/keys`: keys of programs (ACC-2).

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use cuelight_net::clock::wall_now;
use cuelight_wire::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::body::{Body, Named};
use super::recorded::About;
use super::universes::{read_all, words};
use crate::accounts::{Grant, Key, Role, SecretId};
use crate::events::{read_rfc3339, rfc3339};
use crate::shared::Shared;

/// The longest a key may be good, where it is to end: ten years.
const LONGEST_S: i64 = 10 * 365 * 24 * 3_600;

/// A key, without what is secret of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyView {
    id: String,
    name: String,
    role: Role,
    /// The universes that whoever has it may drive, as 7 or 1..4; null: all.
    universes: Option<Vec<String>>,
    created_at: String,
    /// Null without end.
    expires_at: Option<String>,
    /// Null when it was not used yet.
    last_used_at: Option<String>,
}

impl KeyView {
    fn of(id: &SecretId, key: &Key) -> Self {
        Self {
            id: id.as_str().to_owned(),
            name: key.name.clone(),
            role: key.role,
            universes: key.universes.as_ref().map(words),
            created_at: rfc3339(key.made_at),
            expires_at: key.expires_at.map(rfc3339),
            last_used_at: key.used.at().map(rfc3339),
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What it is for.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._@-]+$")]
    name: String,
    role: Role,
    /// Of the role node: the universes that whoever has it may drive, as 7 or 1..4, at most 32 ranges; all where nothing is said.
    universes: Option<Vec<String>>,
    /// Until when it is good, RFC 3339; for ever where nothing is said.
    #[schema(format = "date-time")]
    expires_at: Option<String>,
    /// The same from now on.
    #[schema(minimum = 1, maximum = 315_360_000)]
    expires_in_s: Option<i64>,
}

/// A key that was made. The hub does not keep the key itself: it is told here and never again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeKey {
    id: String,
    name: String,
    role: Role,
    expires_at: Option<String>,
    key: String,
}

/// The keys of programs, without what is secret of them.
#[utoipa::path(
    get,
    path = "/keys",
    operation_id = "listKeys",
    tag = "access",
    responses((status = OK, description = "What there is", body = Vec<KeyView>)),
)]
pub(crate) async fn list(State(shared): State<Shared>) -> Json<Vec<KeyView>> {
    Json(shared.accounts.directory().keys.iter().map(|(id, key)| KeyView::of(id, key)).collect())
}

/// Makes a key. The answer alone has it.
#[utoipa::path(
    post,
    path = "/keys",
    operation_id = "addKey",
    tag = "access",
    request_body = NewKey,
    responses((status = CREATED, description = "The key", body = MadeKey)),
)]
pub(crate) async fn add(
    State(shared): State<Shared>,
    Body(NewKey { name, role, universes, expires_at, expires_in_s }): Body<NewKey>,
) -> Result<(StatusCode, Extension<About>, Json<MadeKey>), Problem> {
    let now = wall_now();
    let end = match (expires_at, expires_in_s) {
        (None, None) => None,
        (None, Some(seconds)) => Some(now + Span::from_s(seconds.clamp(-1, LONGEST_S + 1))),
        (Some(text), None) => Some(read_rfc3339(&text).ok_or_else(|| {
            Problem::unprocessable("expires_at must be an instant such as 2027-01-31T18:00:00Z (RFC 3339)")
        })?),
        (Some(_), Some(_)) => return Err(Problem::unprocessable("give expires_at or expires_in_s, not both")),
    };
    if end.is_some_and(|end| end <= now || end - now > Span::from_s(LONGEST_S)) {
        return Err(Problem::unprocessable("a key expires later than now and within ten years"));
    }
    let universes = universes.as_deref().map(read_all).transpose()?;
    if universes.is_some() && role != Role::Node {
        return Err(Problem::unprocessable(
            "universes are for keys of the role node: other roles drive none of their own",
        ));
    }
    let (id, key) = shared.accounts.add_key(&name, Grant { role, universes }, end).await?;
    let (id, expires_at) = (id.as_str().to_owned(), end.map(rfc3339));
    let about = Extension(About(format!("{name} ({id}) as {role}")));
    Ok((StatusCode::CREATED, about, Json(MadeKey { id, name: name.to_ascii_lowercase(), role, expires_at, key })))
}

/// Revokes a key: whoever has it is refused from now on.
#[utoipa::path(
    delete,
    path = "/keys/{id}",
    operation_id = "revokeKey",
    tag = "access",
    params(("id" = String, Path, description = "As the list has it")),
    responses((status = OK, description = "It is no more; as it was", body = KeyView)),
)]
pub(crate) async fn revoke(State(shared): State<Shared>, Named(id): Named) -> Result<Json<KeyView>, Problem> {
    let ended = shared.accounts.change(|directory, _| directory.remove_key(&id)).await?;
    Ok(Json(KeyView::of(&SecretId::named(&id), &ended)))
}
