//! `GET /api/v1/audit`: who did what, the newest first (AUD-4).

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use tokio::task::spawn_blocking;

use super::Problem;
use super::body::Asked;
use super::pages::{Page, Which};
use crate::audit::{self, Entry};
use crate::shared::Shared;

/// Entries of a page, where nothing is said.
const PAGE: usize = 100;

/// Who did what, from where, and what came of it: the newest first.
#[utoipa::path(
    get,
    path = "/audit",
    operation_id = "listAudit",
    tag = "access",
    params(Which),
    responses((status = OK, description = "Entries; the header Link leads to earlier ones", body = Vec<Entry>)),
)]
pub(crate) async fn list(State(shared): State<Shared>, Asked(which): Asked<Which>) -> Result<Response, Problem> {
    which.check()?;
    let before = which.cursor().map(|cursor| {
        let number = cursor.parse::<u64>();
        number.map_err(|_| Problem::bad_request("cursor is none that this list gave: begin without one"))
    });
    let before = before.transpose()?;
    let limit = which.limit().unwrap_or(PAGE);
    let folder = shared.audit.folder().to_owned();
    // One more than a page tells whether there is another page.
    let read = spawn_blocking(move || audit::newest(&folder, before, limit + 1)).await;
    let read = read.map_err(|_| Problem::unavailable("reading the audit log failed; the log says how"))?;
    let mut entries = read.map_err(|error| Problem::unavailable(format!("the audit log cannot be read: {error}")))?;
    let is_more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| is_more).map(|last| last.number.to_string());
    Ok(Page::new(entries, Some(limit), next).into_response())
}
