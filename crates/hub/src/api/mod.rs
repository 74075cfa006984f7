//! HTTP: the control calls under `/api/v1/`, health, metrics, the built-in page, and the way to `/ws`.
//!
//! Every answer that is an error is a problem document (HUB-5); no request takes longer than [`REQUEST_TIME`] or brings
//! more than `body::MAX_BODY` (HUB-6).

mod access_point;
mod answer;
mod armed;
mod body;
mod groups;
pub(crate) mod guard;
mod headers;
mod health;
mod levels;
mod library;
mod metrics;
mod nodes;
mod ota;
mod page;
mod pattern_files;
mod patterns;
mod problem;
mod prometheus;
mod ranges;
mod repeats;
mod scene;
mod scene_view;
mod scope;
mod show;
mod tempo;
#[cfg(test)]
mod tests;
mod zones;

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::Uri;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post, put};

pub(crate) use ota::files::DOWNLOADS;
pub(crate) use problem::Problem;
pub(crate) use repeats::Repeats;

use crate::session;
use crate::shared::Shared;

/// How long a request may take, its body included. A command takes milliseconds.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// What reads a whole image (publishing, beginning a rollout) takes as long as the disk does: 256 MiB at 5 MB/s.
const IMAGE_TIME: Duration = Duration::from_secs(60);

/// All routes of a hub.
pub(crate) fn router(shared: Shared) -> Router {
    let parts = DefaultBodyLimit::max(ota::uploads::MAX_PART);
    let control = Router::new()
        .route("/show", get(show::get_show))
        .route("/scene", get(scene::get_scene).post(scene::post_scene))
        .route("/parameters", post(scene::post_parameters))
        .route("/zones", post(zones::post_zones))
        .route("/blackout", post(levels::post_blackout))
        .route("/master", post(levels::post_master))
        .route("/tempo", post(tempo::post_tempo))
        .route("/nodes", get(nodes::list))
        .route("/nodes/{node}", patch(nodes::rename).delete(nodes::forget))
        .route("/groups", get(groups::list))
        .route("/groups/{name}", put(groups::put_group).delete(groups::delete_group))
        .route("/access-point", get(access_point::get))
        .route("/patterns", get(patterns::list))
        .route("/patterns/nodes", get(patterns::nodes))
        .route("/patterns/stop", post(patterns::stop))
        .route("/patterns/{name}/play", post(patterns::play))
        .route("/show/armed", get(armed::get).put(armed::arm).delete(armed::disarm))
        .route("/ota/images", get(ota::images::list).post(ota::images::publish))
        .route("/ota/images/{platform}/{version}", delete(ota::images::delete))
        .route("/ota/rollout", get(ota::rollout::get).post(ota::rollout::begin))
        .route("/ota/rollout/{word}", post(ota::rollout::word))
        .route("/ota/rollback", post(ota::rollback::post))
        .route("/effects", get(library::effects))
        .route("/palettes", get(library::palettes))
        .route("/presets", get(library::presets))
        .route_layer(middleware::from_fn_with_state(shared.clone(), repeats::once))
        // Parts of an image are larger than a command, and say themselves where they belong.
        .route("/ota/uploads/{sha256}", get(ota::uploads::get).put(ota::uploads::put).layer(parts))
        .route_layer(middleware::from_fn_with_state(shared.clone(), guard::operator));
    Router::new()
        .route("/", get(page::page))
        .route("/page.js", get(page::script))
        .route("/page.css", get(page::style))
        .route("/health", get(health::health))
        .route("/metrics", get(metrics::metrics))
        .route("/patterns", get(pattern_files::list))
        .route("/patterns/{sha256}", get(pattern_files::file))
        .route("/ota/manifest.json", get(ota::files::manifest))
        .route("/ota/k1/s3/{file}", get(ota::files::deployed_image))
        .route("/ota/{platform}/{file}", get(ota::files::image))
        .route(cuelight_wire::limits::WS_PATH, get(session::upgrade))
        .nest("/api/v1", control)
        .fallback(|uri: Uri| async move { Problem::not_found(format!("nothing is at {uri}")) })
        .method_not_allowed_fallback(|uri: Uri| async move {
            Problem::method_not_allowed(format!("{uri} exists, but not for this method"))
        })
        .layer(DefaultBodyLimit::max(body::MAX_BODY))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn(guard::own_pages))
        .layer(middleware::map_response(headers::protect))
        .with_state(shared)
}

async fn in_time(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let reads_images =
        ["/images", "/rollout", "/rollback"].iter().any(|end| path.strip_prefix("/api/v1/ota") == Some(end));
    let limit = if reads_images { IMAGE_TIME } else { REQUEST_TIME };
    let answer = tokio::time::timeout(limit, next.run(request)).await;
    let late = || format!("the request was not complete and answered in {} s", limit.as_secs());
    answer.unwrap_or_else(|_| Problem::unavailable(late()).into_response())
}
