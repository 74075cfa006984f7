//! `/api/v1/show/file`: the show that is played, as a file.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use cuelight_conductor::{Command, Load};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use super::Problem;
use super::answer::{CommandAnswer, carry_out};
use super::body::Asked;
use super::caller::caller;
use super::cues::{interrupted, none_loaded};
use crate::revisions::{Document, edited};
use crate::shared::Shared;
use crate::shows::{Shows, program_of};

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct How {
    /// Lists go on with what they do, as far as the new show has their cues; else every list begins anew.
    keep: bool,
}

/// The show that is played, as it was loaded or as it is after edits.
#[utoipa::path(
    get,
    path = "/show/file",
    operation_id = "getShowFile",
    tag = "cues",
    responses((status = OK, description = "A show file", body = String, content_type = "application/toml")),
)]
pub(crate) async fn get(State(shared): State<Shared>) -> Result<Response, Problem> {
    let program = shared.snapshot.load().cues.program.clone().ok_or_else(none_loaded)?;
    let sha256 = program.id.sha256;
    let bytes = spawn_blocking(move || shared.shows.read(&sha256)).await.map_err(|_| interrupted())?;
    let bytes = bytes.map_err(|bad| Problem::unavailable(format!("show {sha256}: {bad}")))?;
    let mut response = bytes.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/toml"));
    let etag = HeaderValue::from_str(&format!("\"{sha256}\"")).expect("hex and quotes are header text");
    response.headers_mut().insert(header::ETAG, etag);
    Ok(response)
}

/// Plays a show from a file, in place of the one that is played.
#[utoipa::path(
    put,
    path = "/show/file",
    operation_id = "putShowFile",
    tag = "cues",
    params(How),
    request_body(content = String, content_type = "application/toml"),
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn put(
    State(shared): State<Shared>,
    Asked(How { keep }): Asked<How>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<CommandAnswer>, Problem> {
    let body = body.map_err(|_| Problem::too_large("a show file has at most 64 MiB"))?;
    let text = String::from_utf8(body.into()).map_err(|bad| {
        Problem::unprocessable(format!(
            "the show file is no UTF-8 text from byte {} on",
            bad.utf8_error().valid_up_to()
        ))
    })?;
    let _changing = shared.shows.changing.lock().await;
    let shows = shared.shows.clone();
    let program = spawn_blocking(move || stored(&shows, &text)).await.map_err(|_| interrupted())??;
    let load = Load { program, keeps_playbacks: keep, renumbered: None };
    let what = format!("\"{}\" loaded", load.program.show.label);
    let edit = carry_out(&shared, &headers, Command::LoadShow(Box::new(load)));
    edited(&shared, Document::Show, what, caller(), edit).await
}

fn stored(shows: &Shows, text: &str) -> Result<cuelight_conductor::Program, Problem> {
    let program = program_of(text).map_err(|faults| Problem::faults(&faults))?;
    // On the disk before it is played: a hub that is killed goes on with it.
    shows.keep(&program.id, text).map_err(|error| Problem::unavailable(format!("the show cannot be kept: {error}")))?;
    Ok(program)
}

/// No show is played any more.
#[utoipa::path(
    delete,
    path = "/show/file",
    operation_id = "unloadShow",
    tag = "cues",
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn delete(State(shared): State<Shared>, headers: HeaderMap) -> Result<Json<CommandAnswer>, Problem> {
    let _changing = shared.shows.changing.lock().await;
    let edit = carry_out(&shared, &headers, Command::UnloadShow);
    edited(&shared, Document::Show, "unloaded", caller(), edit).await
}
