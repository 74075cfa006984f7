//! `/api/v1/documents/{document}/...`: documents as they were after each change, and the way back.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::body::{Asked, Body, Named};
use super::caller::caller;
use super::conditions;
use super::pages::{Page, Which};
use crate::events::rfc3339;
use crate::revisions::{self, Back, Document, Revision};
use crate::shared::Shared;

/// Revisions of a page, where nothing is said: all there are.
const PAGE: usize = 50;

/// One revision of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevisionView {
    /// Counts the revisions of the document.
    revision: i64,
    /// Wall clock.
    #[schema(format = DateTime)]
    made_at: String,
    made_by: String,
    /// What was changed.
    what: String,
    /// The revision this one went back to.
    same_as: Option<i64>,
    /// Bytes of its text.
    size: i64,
}

impl From<Revision> for RevisionView {
    fn from(Revision { number, made_at, made_by, what, same_as, size }: Revision) -> Self {
        Self { revision: number, made_at: rfc3339(made_at), made_by, what, same_as, size }
    }
}

fn document(word: &str) -> Result<Document, Problem> {
    Document::of(word).ok_or_else(|| Problem::not_found(format!("\"{word}\" is no document: groups, names, show")))
}

/// The validator of a document's history: it is another after every change.
fn etag(document: Document, newest: i64) -> String {
    format!("\"{}-{newest}\"", document.word())
}

/// The revisions of a document, newest first; at most 50 are kept. The `ETag` is that of `If-Match` of an undo.
#[utoipa::path(
    get,
    path = "/documents/{document}/revisions",
    operation_id = "listRevisions",
    tag = "documents",
    params(("document" = String, Path, description = "groups, names (of nodes) or show (the show file)"), Which),
    responses((status = OK, description = "What there is", body = Vec<RevisionView>)),
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Named(word): Named,
    Asked(which): Asked<Which>,
) -> Result<Response, Problem> {
    which.check()?;
    let document = document(&word)?;
    let limit = which.limit().unwrap_or(PAGE);
    let is_none = |_| Problem::bad_request("cursor is none that this list gave");
    let before = which.cursor().map(|text| text.parse().map_err(is_none)).transpose()?;
    let mut all = revisions::list(&shared, document, before, limit + 1).await?;
    let newest = match before {
        // The first page begins with it.
        None => all.first().map(|revision| revision.number),
        Some(_) => revisions::list(&shared, document, None, 1).await?.first().map(|revision| revision.number),
    };
    let is_more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| is_more).map(|revision| revision.number.to_string());
    let views: Vec<_> = all.into_iter().map(RevisionView::from).collect();
    let mut response = Page::new(views, which.limit(), next).into_response();
    let etag = HeaderValue::from_str(&etag(document, newest.unwrap_or(0))).expect("words and numbers are header text");
    response.headers_mut().insert(header::ETAG, etag);
    Ok(response)
}

/// A document as it was.
#[utoipa::path(
    get,
    path = "/documents/{document}/revisions/{revision}",
    operation_id = "getRevision",
    tag = "documents",
    params(
        ("document" = String, Path, description = "groups, names (of nodes) or show (the show file)"),
        ("revision" = i64, Path, description = "Its number"),
    ),
    responses((status = OK, description = "Its text: JSON, of the show a show file", body = String)),
)]
pub(crate) async fn get(
    State(shared): State<Shared>,
    path: Result<Path<(String, i64)>, axum::extract::rejection::PathRejection>,
) -> Result<Response, Problem> {
    let Path((word, number)) = path.map_err(|bad| Problem::bad_request(bad.body_text()))?;
    let document = document(&word)?;
    let text = revisions::text(&shared, document, number).await?;
    let text = text.ok_or_else(|| {
        Problem::not_found(format!("revision {number} of {word} is not kept: list the revisions for those that are"))
    })?;
    Ok(([(header::CONTENT_TYPE, document.media_type())], text).into_response())
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UndoBody {
    /// The revision to go back to; where nothing is said the one before the newest change, after an undo the one before that.
    revision: Option<i64>,
}

/// Goes back to an earlier state of a document. That is a change too, and its revision says which one it is the same as.
#[utoipa::path(
    post,
    path = "/documents/{document}/undo",
    operation_id = "undo",
    tag = "documents",
    params(("document" = String, Path, description = "groups, names (of nodes) or show (the show file)")),
    request_body = UndoBody,
    responses((status = OK, description = "The revision this made", body = RevisionView)),
)]
pub(crate) async fn undo(
    State(shared): State<Shared>,
    Named(word): Named,
    headers: HeaderMap,
    Body(UndoBody { revision }): Body<UndoBody>,
) -> Result<Json<RevisionView>, Problem> {
    let document = document(&word)?;
    let _changing = shared.shows.changing.lock().await;
    let _held = conditions::hold_alone(&shared).await;
    if let Some(wanted) = headers.get(header::IF_MATCH) {
        let newest = revisions::list(&shared, document, None, 1).await?.pop();
        let etag = etag(document, newest.as_ref().map_or(0, |revision| revision.number));
        if wanted.to_str().is_ok_and(|wanted| wanted.trim() != "*" && wanted.trim() != etag) {
            let newest = newest.and_then(|newest| serde_json::to_value(RevisionView::from(newest)).ok());
            return Err(Problem::changed(newest));
        }
    }
    let to = revision.map_or(Back::One, Back::To);
    let made = revisions::undo(&shared, document, to, caller()).await?;
    let made = made.ok_or_else(|| match revision {
        Some(number) => Problem::not_found(format!("revision {number} of {word} is not kept: list the revisions")),
        None => Problem::conflict(format!("there is no earlier state of {word} to go back to")),
    })?;
    Ok(Json(made.into()))
}
