//! `/ota/`: what nodes fetch. Open to everybody on the network: whoever may not forge an image may well read it (OTA-12).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use cuelight_update::plain;
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;

use crate::api::{Problem, ranges};
use crate::front::Share;
use crate::shared::Shared;

/// Images fetched at once. Nodes are updated one at a time; the others are people with a browser, and repeats.
pub(crate) const DOWNLOADS: usize = 8;
/// Of these, by one address other than the hub's own machine.
const DOWNLOADS_PER_ADDRESS: u32 = 2;
/// Bytes read from the disk at once.
const CHUNK: u64 = 128 * 1024;

/// `GET /ota/manifest.json`
pub(crate) async fn manifest(State(shared): State<Shared>) -> Response {
    let snapshot = shared.snapshot.load();
    // What is being rolled out is what nodes find, also while it is stopped and when it goes back to an older version.
    let rolled_out = snapshot.rollout.as_ref().filter(|rollout| !rollout.status.is_over());
    let releases = shared.images.releases(rolled_out.map(|rollout| rollout.version.as_str()));
    ([(header::CONTENT_TYPE, "application/json")], plain::manifest(&releases)).into_response()
}

/// `GET /ota/{platform}/{version}.bin`
pub(crate) async fn image(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path((platform, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    give(&shared, peer, &platform, &file, &headers).await
}

/// `GET /ota/k1/s3/{version}.bin`, where deployed nodes look.
pub(crate) async fn deployed_image(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    give(&shared, peer, "k1", &file, &headers).await
}

async fn give(
    shared: &Shared,
    peer: SocketAddr,
    platform: &str,
    file: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let entry = file.strip_suffix(".bin").and_then(|version| shared.images.get(platform, version));
    let entry = entry.ok_or_else(|| Problem::not_found(format!("there is no image {platform}/{file}")))?;
    let etag = format!("\"{}\"", entry.sha256);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return Ok(axum::http::StatusCode::NOT_MODIFIED.into_response());
    }
    let busy = || Problem::unavailable("as many images are being fetched as may be at once: try again in some seconds");
    let share = shared.download_shares.take(peer.ip(), DOWNLOADS_PER_ADDRESS).ok_or_else(busy)?;
    let place = shared.downloads.clone().try_acquire_owned().map_err(|_| busy())?;
    let (images, opened) = (shared.images.clone(), entry.clone());
    let opened = spawn_blocking(move || images.file(&opened)).await;
    let opened = opened.map_err(|_| Problem::unavailable("the hub's disk did not answer"))?;
    let file = opened.map_err(|error| Problem::unavailable(format!("the image cannot be read: {error}")))?;
    let mut response =
        ranges::answer_with(headers, &etag, entry.size, |from, length| body(file, from, length, (place, share)));
    // The bytes behind an address never change, but whether there are any does.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// What is left of an image to be given.
struct Rest {
    file: File,
    from: u64,
    left: u64,
    /// Given back with the last byte, or when the other side is gone.
    _place: (OwnedSemaphorePermit, Share),
}

/// `length` bytes of a file, read as fast as they are taken, on a thread that may wait for the disk.
fn body(file: File, from: u64, length: u64, place: (OwnedSemaphorePermit, Share)) -> Body {
    let rest = Rest { file, from, left: length, _place: place };
    Body::from_stream(stream::try_unfold(rest, |rest| async {
        if rest.left == 0 {
            return Ok(None);
        }
        spawn_blocking(move || read_on(rest)).await.map_err(io::Error::other)?.map(Some)
    }))
}

fn read_on(mut rest: Rest) -> io::Result<(Bytes, Rest)> {
    let mut chunk = vec![0; usize::try_from(CHUNK.min(rest.left)).unwrap_or(0)];
    rest.file.seek(SeekFrom::Start(rest.from))?;
    rest.file.read_exact(&mut chunk)?;
    rest.from += chunk.len() as u64;
    rest.left -= chunk.len() as u64;
    Ok((chunk.into(), rest))
}
