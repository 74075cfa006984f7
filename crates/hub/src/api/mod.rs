//! HTTP: the control calls under `/api/v1/`, health, metrics, the built-in page, and the way to `/ws`.
//!
//! Every answer that is an error is a problem document (HUB-5); no request takes longer than [`REQUEST_TIME`] or brings
//! more than `body::MAX_BODY` (HUB-6).

mod access_point;
mod answer;
mod armed;
mod audit;
mod backup;
mod body;
mod caller;
mod calls;
mod commands;
mod conditions;
mod connection;
mod cookie;
mod cues;
mod events;
mod geometry;
mod groups;
pub(crate) mod guard;
mod headers;
mod health;
mod history;
mod keys;
mod levels;
mod library;
mod live;
mod login;
mod me;
mod metrics;
mod nodes;
mod openapi;
mod ota;
mod page;
mod pages;
mod pairings;
mod pattern_files;
mod pattern_store;
mod patterns;
mod people;
pub(crate) mod plain;
mod problem;
mod prometheus;
mod ranges;
mod receivers;
pub(crate) mod recorded;
mod repeats;
mod restart;
mod revisions;
mod scene;
mod scene_view;
mod scope;
mod sessions;
mod setup;
mod show;
mod show_file;
mod show_files;
mod tempo;
#[cfg(test)]
mod tests;
mod universes;
mod zones;

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::Uri;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use answer::refused;
use calls::Calls;
pub(crate) use conditions::Documents;
pub(crate) use cues::view::{CuesView, playbacks_at};
pub(crate) use nodes::NodeView;
pub use openapi::openapi;
pub(crate) use ota::files::DOWNLOADS;
pub(crate) use ota::rollout_view::state_word as rollout_word;
pub(crate) use problem::Problem;
pub(crate) use repeats::Repeats;
pub(crate) use scene_view::SceneView;
pub(crate) use show::TickView;
pub(crate) use universes::UniversesView;

use self::guard::Gate;
use crate::accounts::Least::{Anybody, Known, Role};
use crate::accounts::Role::{Admin, Metrics, Node, Operator, Viewer};
use crate::session;
use crate::shared::Shared;

/// How long a request may take, its body included. A command takes milliseconds.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// What reads a whole image (publishing, beginning a rollout) takes as long as the disk does: 256 MiB at 5 MB/s. A show of
/// 2000 cues for 512 universes is resolved in seconds.
const IMAGE_TIME: Duration = Duration::from_secs(60);

/// All routes of a hub.
pub(crate) fn router(shared: Shared) -> Router {
    let calls = calls(Some(&shared));
    let gate = Gate { shared: shared.clone(), roles: calls.roles() };
    Router::from(calls.router)
        .fallback(|uri: Uri| async move { Problem::not_found(format!("nothing is at {uri}")) })
        .method_not_allowed_fallback(|uri: Uri| async move {
            Problem::method_not_allowed(format!("{uri} exists, but not for this method"))
        })
        .layer(DefaultBodyLimit::max(body::MAX_BODY))
        .layer(middleware::from_fn_with_state(shared.clone(), recorded::record))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn_with_state(gate.clone(), guard::admit))
        .layer(middleware::from_fn_with_state(gate, guard::own_pages))
        .layer(middleware::from_fn_with_state(shared.clone(), plain::only_what_may))
        .layer(middleware::map_response(headers::protect))
        .with_state(shared)
}

/// Everything the hub answers. Without a hub it is only described.
fn calls(shared: Option<&Shared>) -> Calls {
    let repeatable = commands().under("/api/v1").and(receiver_calls().under("/api"));
    let repeatable = repeatable.with(|router| match shared {
        Some(shared) => router.route_layer(middleware::from_fn_with_state(shared.clone(), repeats::once)),
        None => router,
    });
    // Parts of an image, and shows, are larger than a command, and say themselves what they are. What is about keys and
    // passwords is not remembered, also not to be repeated.
    repeatable
        .and(uploads().under("/api/v1"))
        .and(access().under("/api/v1"))
        .and(entrances().under("/api/v1"))
        .and(files())
}

/// What browsers and nodes fetch, the control plane, and what says how the hub is. Nodes come without keys: what they fetch is
/// found by its digest and is no secret, and deployed ones know nothing else.
fn files() -> Calls {
    Calls::new()
        .file(Anybody, "/", page::page)
        .file(Anybody, "/assets/{file}", page::asset)
        .file(Anybody, "/page.js", page::script)
        .file(Anybody, "/page.css", page::style)
        .file(Anybody, "/health", health::health)
        .file(Anybody, plain::AUTHORITY_PATH, plain::authority)
        .file(Role(Metrics), "/metrics", metrics::metrics)
        .file(Anybody, "/patterns", pattern_files::list)
        .file(Anybody, "/patterns/{sha256}", pattern_files::file)
        .file(Anybody, "/shows/{sha256}", show_files::file)
        .file(Anybody, "/cues", show_files::whole)
        .file(Anybody, "/ota/manifest.json", ota::files::manifest)
        .file(Anybody, "/ota/k1/s3/{file}", ota::files::deployed_image)
        .file(Anybody, "/ota/{platform}/{file}", ota::files::image)
        .file(Anybody, cuelight_wire::limits::WS_PATH, session::upgrade)
}

/// The calls under `/api/v1`: each is registered together with its description and the least role it wants. A call that is not
/// made with `routes!` has no description, and the tests notice.
fn commands() -> Calls {
    Calls::new()
        .call(Role(Viewer), routes!(openapi::get))
        .call(Role(Viewer), routes!(show::get_show))
        .call(Role(Viewer), routes!(scene::get_scene))
        .call(Role(Operator), routes!(scene::post_scene))
        .call(Role(Operator), routes!(scene::post_parameters))
        .call(Role(Operator), routes!(zones::post_zones))
        .call(Role(Operator), routes!(levels::post_blackout))
        .call(Role(Operator), routes!(levels::post_master))
        .call(Role(Operator), routes!(tempo::post_tempo))
        .call(Role(Viewer), routes!(nodes::list))
        .call(Role(Admin), routes!(nodes::rename, nodes::forget))
        .call(Role(Viewer), routes!(nodes::get_name))
        .call(Role(Viewer), routes!(history::get))
        .call(Role(Admin), routes!(backup::get))
        .call(Role(Viewer), routes!(backup::export))
        .call(Role(Viewer), routes!(commands::list))
        .call(Role(Viewer), routes!(revisions::list))
        .call(Role(Viewer), routes!(revisions::get))
        .call(Role(Admin), routes!(revisions::undo))
        .call(Role(Admin), routes!(restart::post))
        .call(Role(Operator), routes!(connection::test))
        .call(Role(Viewer), routes!(universes::list))
        .call(Role(Viewer), routes!(universes::get))
        .call(Role(Admin), routes!(universes::put, universes::delete))
        .call(Role(Viewer), routes!(geometry::get))
        .call(Role(Admin), routes!(geometry::put, geometry::delete))
        .call(Role(Viewer), routes!(pairings::list))
        .call(Role(Admin), routes!(pairings::admit, pairings::refuse))
        .call(Role(Viewer), routes!(groups::list))
        .call(Role(Viewer), routes!(groups::get_group))
        .call(Role(Admin), routes!(groups::put_group, groups::delete_group))
        .call(Role(Viewer), routes!(access_point::get))
        .call(Role(Viewer), routes!(cues::view::lists))
        .call(Role(Viewer), routes!(cues::why::get))
        .call(Role(Viewer), routes!(cues::slots::get))
        .call(Role(Viewer), routes!(cues::view::list))
        .call(Role(Operator), routes!(cues::edit::post))
        .call(Role(Operator), routes!(cues::order::post))
        .call(Role(Viewer), routes!(patterns::list))
        .call(Role(Viewer), routes!(patterns::nodes))
        .call(Role(Operator), routes!(patterns::stop))
        .call(Role(Operator), routes!(patterns::play))
        .call(Role(Viewer), routes!(armed::get))
        .call(Role(Operator), routes!(armed::arm, armed::disarm))
        .call(Role(Viewer), routes!(ota::images::list))
        .call(Role(Admin), routes!(ota::images::publish))
        .call(Role(Admin), routes!(ota::images::delete))
        .call(Role(Viewer), routes!(ota::rollout::get))
        .call(Role(Admin), routes!(ota::rollout::begin))
        .call(Role(Admin), routes!(ota::rollout::word))
        .call(Role(Admin), routes!(ota::rollback::post))
        .call(Role(Viewer), routes!(live::give_ticket))
        .call(Role(Viewer), routes!(events::follow))
        .call(Role(Viewer), routes!(library::effects))
        .call(Role(Viewer), routes!(library::palettes))
        .call(Role(Viewer), routes!(library::presets))
}

/// The calls at given paths, for receivers that follow over HTTP.
fn receiver_calls() -> Calls {
    Calls::new()
        .call(Role(Node), routes!(receivers::register))
        .call(Role(Operator), routes!(receivers::command))
        .call(Role(Viewer), routes!(receivers::status))
        .call(Role(Node), routes!(receivers::heartbeat))
        .call(Role(Node), routes!(receivers::acknowledge))
}

/// The calls whose bodies are files.
fn uploads() -> Calls {
    let show_file = Calls::new()
        .call(Role(Viewer), routes!(show_file::get))
        .call(Role(Admin), routes!(show_file::put, show_file::delete));
    let parts = Calls::new()
        .call(Role(Admin), routes!(ota::uploads::get, ota::uploads::put))
        .call(Role(Operator), routes!(pattern_store::put, pattern_store::delete));
    let most = |bytes| move |router: OpenApiRouter<Shared>| router.layer(DefaultBodyLimit::max(bytes));
    parts.with(most(ota::uploads::MAX_PART)).and(show_file.with(most(cuelight_showfile::MAX_LEN)))
}

/// The calls about who may do what.
fn access() -> Calls {
    Calls::new()
        .call(Known, routes!(me::get))
        .call(Known, routes!(me::put_password))
        .call(Anybody, routes!(setup::get, setup::post))
        .call(Anybody, routes!(login::post, login::delete))
        .call(Role(Viewer), routes!(sessions::list))
        .call(Role(Viewer), routes!(sessions::end))
        .call(Role(Admin), routes!(people::list, people::add))
        .call(Role(Admin), routes!(people::change, people::remove))
        .call(Role(Admin), routes!(keys::list, keys::add))
        .call(Role(Admin), routes!(keys::revoke))
        .call(Role(Admin), routes!(audit::list))
}

/// The calls that become connections of their own.
fn entrances() -> Calls {
    Calls::new().call(Role(Viewer), routes!(live::watch))
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
