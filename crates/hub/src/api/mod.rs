//! HTTP: the control calls under `/api/v1/`, health, metrics, the built-in page, and the way to `/ws`.

mod answer;
mod body;
mod groups;
mod guard;
mod health;
mod levels;
mod library;
mod metrics;
mod nodes;
mod page;
mod problem;
mod scene;
mod scene_view;
mod scope;
mod show;
mod tempo;
mod zones;

use axum::Router;
use axum::http::Uri;
use axum::middleware;
use axum::routing::{get, patch, post, put};

pub(crate) use problem::Problem;

use crate::session;
use crate::shared::Shared;

/// All routes of a hub.
pub(crate) fn router(shared: Shared) -> Router {
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
        .route("/effects", get(library::effects))
        .route("/palettes", get(library::palettes))
        .route("/presets", get(library::presets))
        .route_layer(middleware::from_fn_with_state(shared.clone(), guard::operator));
    Router::new()
        .route("/", get(page::page))
        .route("/health", get(health::health))
        .route("/metrics", get(metrics::metrics))
        .route(cuelight_wire::limits::WS_PATH, get(session::upgrade))
        .nest("/api/v1", control)
        .fallback(|uri: Uri| async move { Problem::not_found(format!("nothing is at {uri}")) })
        .method_not_allowed_fallback(|uri: Uri| async move {
            Problem::method_not_allowed(format!("{uri} exists, but not for this method"))
        })
        .layer(middleware::from_fn(guard::own_pages))
        .with_state(shared)
}
