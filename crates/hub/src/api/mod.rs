//! HTTP: the control calls under `/api/v1/`, health, metrics, the built-in page, and the way to `/ws`.
//!
//! Every answer that is an error is a problem document (HUB-5); no request takes longer than [`REQUEST_TIME`] or brings
//! more than `body::MAX_BODY` (HUB-6).

mod access_point;
mod answer;
mod armed;
mod backup;
mod body;
mod caller;
mod commands;
mod conditions;
mod connection;
mod cues;
mod events;
mod groups;
pub(crate) mod guard;
mod headers;
mod health;
mod history;
mod levels;
mod library;
mod live;
mod metrics;
mod nodes;
mod openapi;
mod ota;
mod page;
mod pages;
mod pattern_files;
mod pattern_store;
mod patterns;
mod problem;
mod prometheus;
mod ranges;
mod receivers;
mod repeats;
mod restart;
mod revisions;
mod scene;
mod scene_view;
mod scope;
mod show;
mod show_file;
mod show_files;
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
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use answer::refused;
pub(crate) use conditions::Documents;
pub(crate) use nodes::NodeView;
pub use openapi::openapi;
pub(crate) use ota::files::DOWNLOADS;
pub(crate) use ota::rollout_view::state_word as rollout_word;
pub(crate) use problem::Problem;
pub(crate) use repeats::Repeats;
pub(crate) use scene_view::SceneView;
pub(crate) use show::TickView;

use crate::session;
use crate::shared::Shared;

/// How long a request may take, its body included. A command takes milliseconds.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// What reads a whole image (publishing, beginning a rollout) takes as long as the disk does: 256 MiB at 5 MB/s. A show of
/// 2000 cues for 512 universes is resolved in seconds.
const IMAGE_TIME: Duration = Duration::from_secs(60);

/// All routes of a hub.
pub(crate) fn router(shared: Shared) -> Router {
    let mut control = OpenApiRouter::new().nest("/api/v1", commands()).nest("/api", receiver_calls());
    control = control.route_layer(middleware::from_fn_with_state(shared.clone(), repeats::once));
    // Parts of an image, and shows, are larger than a command, and say themselves what they are.
    control = control.nest("/api/v1", uploads());
    control = control.route_layer(middleware::from_fn_with_state(shared.clone(), guard::operator));
    control = control.nest("/api/v1", entrances());
    Router::new()
        .route("/", get(page::page))
        .route("/assets/{file}", get(page::asset))
        .route("/page.js", get(page::script))
        .route("/page.css", get(page::style))
        .route("/health", get(health::health))
        .route("/metrics", get(metrics::metrics))
        .route("/patterns", get(pattern_files::list))
        .route("/patterns/{sha256}", get(pattern_files::file))
        .route("/shows/{sha256}", get(show_files::file))
        .route("/cues", get(show_files::whole))
        .route("/ota/manifest.json", get(ota::files::manifest))
        .route("/ota/k1/s3/{file}", get(ota::files::deployed_image))
        .route("/ota/{platform}/{file}", get(ota::files::image))
        .route(cuelight_wire::limits::WS_PATH, get(session::upgrade))
        .merge(Router::from(control))
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

/// The calls under `/api/v1`: each is registered together with its description. A call that is not made with `routes!` has
/// none, and the tests notice.
fn commands() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(openapi::get))
        .routes(routes!(show::get_show))
        .routes(routes!(scene::get_scene, scene::post_scene))
        .routes(routes!(scene::post_parameters))
        .routes(routes!(zones::post_zones))
        .routes(routes!(levels::post_blackout))
        .routes(routes!(levels::post_master))
        .routes(routes!(tempo::post_tempo))
        .routes(routes!(nodes::list))
        .routes(routes!(nodes::rename, nodes::forget))
        .routes(routes!(nodes::get_name))
        .routes(routes!(history::get))
        .routes(routes!(backup::get))
        .routes(routes!(backup::export))
        .routes(routes!(commands::list))
        .routes(routes!(revisions::list))
        .routes(routes!(revisions::get))
        .routes(routes!(revisions::undo))
        .routes(routes!(restart::post))
        .routes(routes!(connection::test))
        .routes(routes!(groups::list))
        .routes(routes!(groups::get_group, groups::put_group, groups::delete_group))
        .routes(routes!(access_point::get))
        .routes(routes!(cues::view::lists))
        .routes(routes!(cues::why::get))
        .routes(routes!(cues::view::list))
        .routes(routes!(cues::edit::post))
        .routes(routes!(cues::order::post))
        .routes(routes!(patterns::list))
        .routes(routes!(patterns::nodes))
        .routes(routes!(patterns::stop))
        .routes(routes!(patterns::play))
        .routes(routes!(armed::get, armed::arm, armed::disarm))
        .routes(routes!(ota::images::list, ota::images::publish))
        .routes(routes!(ota::images::delete))
        .routes(routes!(ota::rollout::get, ota::rollout::begin))
        .routes(routes!(ota::rollout::word))
        .routes(routes!(ota::rollback::post))
        .routes(routes!(live::give_ticket))
        .routes(routes!(events::follow))
        .routes(routes!(library::effects))
        .routes(routes!(library::palettes))
        .routes(routes!(library::presets))
}

/// The calls at given paths, for receivers that follow over HTTP.
fn receiver_calls() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(receivers::register))
        .routes(routes!(receivers::command))
        .routes(routes!(receivers::status))
        .routes(routes!(receivers::heartbeat))
        .routes(routes!(receivers::acknowledge))
}

/// The calls whose bodies are files.
fn uploads() -> OpenApiRouter<Shared> {
    let show_file = OpenApiRouter::new().routes(routes!(show_file::get, show_file::put, show_file::delete));
    let parts = OpenApiRouter::new()
        .routes(routes!(ota::uploads::get, ota::uploads::put))
        .routes(routes!(pattern_store::put, pattern_store::delete));
    parts
        .layer(DefaultBodyLimit::max(ota::uploads::MAX_PART))
        .merge(show_file.layer(DefaultBodyLimit::max(cuelight_showfile::MAX_LEN)))
}

/// The calls that look themselves at who calls.
fn entrances() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(live::watch))
}

async fn in_time(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let reads_images =
        ["/images", "/rollout", "/rollback"].iter().any(|end| path.strip_prefix("/api/v1/ota") == Some(end));
    let limit = if reads_images || cues::resolves_a_show(path) { IMAGE_TIME } else { REQUEST_TIME };
    let answer = tokio::time::timeout(limit, next.run(request)).await;
    let late = || format!("the request was not complete and answered in {} s", limit.as_secs());
    answer.unwrap_or_else(|_| Problem::unavailable(late()).into_response())
}
