//! `GET /health`: the hub is there.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::shared::Shared;

#[derive(Debug, Serialize)]
pub(crate) struct Health {
    status: &'static str,
    version: &'static str,
    uptime_s: i64,
    show_us: i64,
}

pub(crate) async fn health(State(shared): State<Shared>) -> Json<Health> {
    let (now, snapshot) = (shared.clock.now(), shared.snapshot.load());
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: (now - shared.started_at).as_ms() / 1000,
        show_us: snapshot.clock.show_at(now).as_us(),
    })
}
