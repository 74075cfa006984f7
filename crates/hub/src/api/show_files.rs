//! `/shows/SHA256` and `/cues`: what nodes fetch (CUE-5). Open to everybody on the network, as the stream is.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use cuelight_show::Whole;
use cuelight_wire::cues::ShowDigest;
use tokio::task::spawn_blocking;

use super::{Problem, ranges};
use crate::shared::Shared;

/// `GET /shows/{sha256}`
pub(crate) async fn file(
    State(shared): State<Shared>,
    Path(sha256): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sha256: ShowDigest = sha256.parse().map_err(|bad| Problem::bad_request(format!("{bad}")))?;
    let bytes = spawn_blocking(move || shared.shows.read(&sha256)).await;
    let bytes = bytes.map_err(|_| Problem::unavailable("reading failed"))?;
    let bytes = bytes.map_err(|bad| Problem::not_found(format!("show {sha256}: {bad}")))?;
    Ok(ranges::answer(&headers, &format!("\"{sha256}\""), bytes))
}

/// `GET /cues`
pub(crate) async fn whole(State(shared): State<Shared>) -> Json<Whole> {
    let snapshot = shared.snapshot.load();
    let cues = &snapshot.cues;
    Json(Whole {
        show: cues.program.as_ref().map(|program| program.id),
        number: cues.number,
        from: cues.from,
        playbacks: (*cues.playbacks).clone(),
    })
}
