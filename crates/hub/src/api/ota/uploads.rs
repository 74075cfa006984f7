//! `/api/v1/ota/uploads/{sha256}`: an image comes in parts, each a request of its own, so that a cut costs a part.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use cuelight_fetch::Digest;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::with_images;
use crate::api::Problem;
use crate::api::body::Asked;
use crate::shared::Shared;

/// Bytes of a part, at most: 5 s at 200 kB/s.
pub(crate) const MAX_PART: usize = 1024 * 1024;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// Bytes of the whole image.
    size: u64,
    /// Where the part begins.
    from: u64,
}

/// How much of an upload is here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UploadView {
    sha256: String,
    have: u64,
}

/// How much of an upload is here.
#[utoipa::path(
    get,
    path = "/ota/uploads/{sha256}",
    operation_id = "getUpload",
    tag = "updates",
    params(("sha256" = String, Path, description = "SHA-256 of the whole image, 64 hexadecimal digits")),
    responses((status = OK, description = "What there is", body = UploadView)),
)]
pub(crate) async fn get(State(shared): State<Shared>, Path(sha256): Path<String>) -> Result<Json<UploadView>, Problem> {
    let sha256 = digest(&sha256)?;
    let have = spawn_blocking(move || shared.images.uploaded(&sha256)).await;
    let have = have.map_err(|_| Problem::unavailable("the hub's disk did not answer"))?;
    Ok(Json(UploadView { sha256: sha256.to_string(), have }))
}

/// The next part of an upload, at most 1 MiB. A part from elsewhere is a 409.
#[utoipa::path(
    put,
    path = "/ota/uploads/{sha256}",
    operation_id = "putUpload",
    tag = "updates",
    params(("sha256" = String, Path, description = "SHA-256 of the whole image, 64 hexadecimal digits"), Place),
    request_body(content = [u8], content_type = "application/octet-stream"),
    responses((status = OK, description = "What there is", body = UploadView)),
)]
pub(crate) async fn put(
    State(shared): State<Shared>,
    Path(sha256): Path<String>,
    Asked(Place { size, from }): Asked<Place>,
    part: Result<Bytes, BytesRejection>,
) -> Result<Json<UploadView>, Problem> {
    let sha256 = digest(&sha256)?;
    let part = part.map_err(|_| Problem::too_large(format!("a part has at most {MAX_PART} bytes: send several")))?;
    let have = with_images(&shared, move |images| images.upload(&sha256, size, from, &part)).await?;
    Ok(Json(UploadView { sha256: sha256.to_string(), have }))
}

fn digest(text: &str) -> Result<Digest, Problem> {
    text.parse().map_err(|bad| Problem::bad_request(format!("{bad}")))
}
