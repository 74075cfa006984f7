//! `/api/v1/ota/images`: what is published.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use cuelight_update::signed::Signed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{refused, with_images};
use crate::api::Problem;
use crate::api::body::{Asked, Body};
use crate::api::pages::Which;
use crate::images::{Entry, Plain};
use crate::shared::Shared;

/// One image.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImageView {
    platform: String,
    channel: String,
    version: String,
    size: u64,
    sha256: String,
    url: String,
    notes: Option<String>,
    /// The signed manifest's; null for images of deployed nodes.
    counter: Option<u64>,
    min_from: Option<String>,
    expires_s: Option<i64>,
    /// Names of the keys that have signed it, as the manifest says.
    signers: Vec<String>,
}

impl From<Entry> for ImageView {
    fn from(entry: Entry) -> Self {
        let url = entry.path();
        let Entry { platform, channel, version, size, sha256, notes, signed, .. } = entry;
        let (document, manifest) = signed.unzip();
        Self {
            platform,
            channel,
            version,
            size,
            sha256: sha256.to_string(),
            url,
            notes: (!notes.is_empty()).then_some(notes),
            counter: manifest.as_ref().map(|manifest| manifest.counter),
            min_from: manifest.as_ref().and_then(|manifest| Some(manifest.min_from.as_ref()?.to_string())),
            expires_s: manifest.as_ref().map(|manifest| manifest.expires_s),
            signers: document.iter().flat_map(Signed::signers).map(str::to_owned).collect(),
        }
    }
}

/// A text and its signatures, as `cuelight ota sign` writes it.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its schema is used; the document itself is `Signed`")]
struct SignedDocument {
    /// The manifest, as the text that was signed.
    signed: String,
    signatures: Vec<SignatureDocument>,
}

/// One signature of it.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "only its schema is used; the document itself is `Signed`")]
struct SignatureDocument {
    /// Which key.
    key: String,
    /// 64 bytes in base64.
    signature: String,
}

/// An image that is no more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeletedImage {
    platform: String,
    version: String,
}

/// What is to be published: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Publish {
    /// A signed manifest.
    #[schema(value_type = Option<SignedDocument>)]
    signed: Option<Signed>,
    /// An image for deployed nodes, which know no signatures.
    plain: Option<Plain>,
}

/// The images that are published.
#[utoipa::path(
    get,
    path = "/ota/images",
    operation_id = "listImages",
    tag = "updates",
    params(Which),
    responses((status = OK, description = "What there is", body = Vec<ImageView>)),
)]
pub(crate) async fn list(State(shared): State<Shared>, Asked(which): Asked<Which>) -> Result<Response, Problem> {
    let key = |image: &Entry| (image.platform.clone(), image.version.clone());
    let read = |text: &str| text.split_once('/').map(|(platform, version)| (platform.to_owned(), version.to_owned()));
    let write = |(platform, version): (String, String)| format!("{platform}/{version}");
    Ok(which.of(shared.images.list().into_iter(), key, read, write)?.map(ImageView::from).into_response())
}

/// Publishes an uploaded image.
#[utoipa::path(
    post,
    path = "/ota/images",
    operation_id = "publishImage",
    tag = "updates",
    request_body = Publish,
    responses((status = OK, description = "What there is", body = ImageView)),
)]
pub(crate) async fn publish(
    State(shared): State<Shared>,
    Body(publish): Body<Publish>,
) -> Result<Json<ImageView>, Problem> {
    let entry = match publish {
        Publish { signed: Some(document), plain: None } => Entry::signed(document),
        Publish { signed: None, plain: Some(plain) } => Entry::plain(plain),
        _ => return Err(Problem::unprocessable("give exactly one of: signed, plain")),
    };
    let entry = entry.map_err(refused)?;
    Ok(Json(with_images(&shared, move |images| images.publish(entry)).await?.into()))
}

/// Deletes an image that is not being rolled out.
#[utoipa::path(
    delete,
    path = "/ota/images/{platform}/{version}",
    operation_id = "deleteImage",
    tag = "updates",
    params(("platform" = String, Path, description = "What the image is for"), ("version" = String, Path, description = "Its version")),
    responses((status = OK, description = "What there is", body = DeletedImage)),
)]
pub(crate) async fn delete(
    State(shared): State<Shared>,
    Path((platform, version)): Path<(String, String)>,
) -> Result<Json<DeletedImage>, Problem> {
    let snapshot = shared.snapshot.load();
    if snapshot.rollout.as_ref().is_some_and(|rollout| !rollout.status.is_over() && rollout.version == version) {
        return Err(Problem::conflict(format!("{version} is being rolled out: wait until that is over, or abort it")));
    }
    let (of, which) = (platform.clone(), version.clone());
    match with_images(&shared, move |images| images.delete(&of, &which)).await? {
        true => Ok(Json(DeletedImage { platform, version })),
        false => Err(Problem::not_found(format!("there is no image {platform} {version}; list the images"))),
    }
}
