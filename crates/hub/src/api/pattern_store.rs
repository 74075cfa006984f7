//! `/api/v1/patterns/{name}/file`: storing a pattern and deleting it, for clients that can send files but no frames of the
//! pattern service.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use cuelight_pattern::store::StoreError;
use cuelight_wire::prism::Prism;
use cuelight_wire::tlv::Name;
use tokio::task::spawn_blocking;

use super::Problem;
use super::body::Named;
use super::patterns::PatternView;
use crate::shared::Shared;

/// Stores a pattern under a name, in place of what had it. What cannot be played is refused.
#[utoipa::path(
    put,
    path = "/patterns/{name}/file",
    operation_id = "putPattern",
    tag = "patterns",
    params(("name" = String, Path, description = "Its name; normalised as in an upload by WebSocket")),
    request_body(content = [u8], content_type = "application/octet-stream"),
    responses((status = OK, description = "What is stored", body = PatternView)),
)]
pub(crate) async fn put(
    State(shared): State<Shared>,
    Named(text): Named,
    file: Result<Bytes, BytesRejection>,
) -> Result<Json<PatternView>, Problem> {
    let name = name(&text)?;
    let most = shared.patterns.store.limits().file_max;
    let too_large = || Problem::too_large(format!("a pattern has at most {most} bytes"));
    let file = file.map_err(|_| too_large())?;
    if file.len() > most as usize {
        return Err(too_large());
    }
    Prism::read(&file)
        .map_err(|bad| Problem::unprocessable(format!("{text} is no pattern that can be played: {bad}")))?;
    let patterns = shared.patterns;
    let stored = spawn_blocking(move || {
        let entry = patterns.store.put(&name, &file)?;
        let look = patterns.look(&entry);
        Ok(PatternView::of(&entry, look))
    });
    stored.await.map_err(|_| no_answer())?.map(Json).map_err(refused)
}

/// Deletes a pattern. Nodes that have it keep it.
#[utoipa::path(
    delete,
    path = "/patterns/{name}/file",
    operation_id = "deletePattern",
    tag = "patterns",
    params(("name" = String, Path, description = "Its name")),
    responses((status = OK, description = "What was deleted", body = PatternView)),
)]
pub(crate) async fn delete(State(shared): State<Shared>, Named(text): Named) -> Result<Json<PatternView>, Problem> {
    let (name, patterns) = (name(&text)?, shared.patterns);
    let removed = spawn_blocking(move || {
        let entry = patterns.store.listing().named(&name).cloned().ok_or(StoreError::NotFound(name))?;
        let look = patterns.look(&entry);
        patterns.store.remove(&entry.name).map(|entry| PatternView::of(&entry, look))
    });
    removed.await.map_err(|_| no_answer())?.map(Json).map_err(refused)
}

fn name(text: &str) -> Result<Name, Problem> {
    Name::normalised(text.as_bytes()).map_err(|error| Problem::unprocessable(error.to_string()))
}

fn refused(error: StoreError) -> Problem {
    let detail = error.to_string();
    match error {
        StoreError::NotFound(_) => Problem::not_found(format!("{detail}: GET /api/v1/patterns lists them")),
        StoreError::Empty => Problem::unprocessable(detail),
        StoreError::Full => Problem::conflict(format!("{detail}: delete patterns that are no longer wanted")),
        StoreError::Damaged { .. } | StoreError::Disk(_) => Problem::unavailable(detail),
    }
}

fn no_answer() -> Problem {
    Problem::unavailable("the hub's disk did not answer")
}
