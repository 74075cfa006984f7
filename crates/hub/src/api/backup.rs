//! `/api/v1/backup` and `/api/v1/export`: the hub's data folder in one file, and what is in it for people to read.

use std::io;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use super::Problem;
use super::caller::caller;
use crate::backup::{self, COPY, Export};
use crate::database::take_snapshot;
use crate::receivers;
use crate::shared::Shared;

/// Pieces that wait to be sent; a client that does not read holds the writing up.
const PIECES: usize = 4;
/// Bytes of a piece.
const PIECE: usize = 64 * 1024;

/// The hub's data folder as one file: a ZIP archive, made while it is sent. Keys are in it: keep it as you keep them. Images of nodes,
/// the log of commands and figures are not.
#[utoipa::path(
    get,
    path = "/backup",
    operation_id = "backUp",
    tag = "hub",
    responses((status = OK, description = "A ZIP archive", body = Vec<u8>, content_type = "application/zip")),
)]
pub(crate) async fn get(State(shared): State<Shared>) -> Result<Response, Problem> {
    let place = shared.backups.clone().try_acquire_owned();
    let place = place.map_err(|_| Problem::conflict("a backup is being made: ask again when it is done"))?;
    let folder = shared.folder.path().to_owned();
    let copy = folder.join(COPY);
    let into = copy.clone();
    let taken = shared.library.read(move |connection| Ok(take_snapshot(connection, &into).map_err(|e| e.to_string())));
    taken.await?.map_err(|why| Problem::unavailable(format!("no copy of hub.db can be made: {why}")))?;
    let (pieces, sent) = mpsc::channel(PIECES);
    let by = caller();
    spawn_blocking(move || {
        let _place = place;
        let mut into = io::BufWriter::with_capacity(PIECE, Pieces(pieces.clone()));
        let written = backup::write(&folder, &mut into);
        let written = written.map_err(io::Error::other).and_then(|contents| {
            io::Write::flush(&mut into)?;
            Ok(contents)
        });
        // What is left of it is written over by the next backup.
        let _ = std::fs::remove_file(&copy);
        match written {
            Ok(contents) => info!(files = contents.files.len(), by, "backup made"),
            Err(error) => {
                warn!("a backup broke off: {error}");
                // Whoever reads it learns that it is not whole.
                let _ = pieces.blocking_send(Err(error));
            }
        }
    });
    let body = stream::unfold(sent, |mut sent| async move { sent.recv().await.map(|piece| (piece, sent)) });
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"cuelight-backup.zip\""),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

/// What is written goes to the client, piece by piece.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        self.0.blocking_send(Ok(piece)).map_err(|_| io::Error::other("nobody takes it any more"))?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What people made: groups, names, receivers, the show. No keys and no passwords.
#[utoipa::path(
    get,
    path = "/export",
    operation_id = "export",
    tag = "hub",
    responses((status = OK, description = "A document", body = Export)),
)]
pub(crate) async fn export(State(shared): State<Shared>) -> Result<Json<Export>, Problem> {
    let registered = shared.library.read(receivers::registered).await?;
    let folder = shared.folder.path().to_owned();
    let export = spawn_blocking(move || backup::gather(&folder, registered)).await;
    Ok(Json(export.map_err(|_| Problem::unavailable("the hub is stopping"))?))
}
