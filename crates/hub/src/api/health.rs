//! `GET /health`: the hub is there, and its tick thread makes progress (HUB-5).

use axum::Json;
use axum::extract::State;
use cuelight_wire::time::Span;
use serde::Serialize;

use super::Problem;
use crate::shared::Shared;

#[derive(Debug, Serialize)]
pub(crate) struct Health {
    status: &'static str,
    version: &'static str,
    uptime_s: i64,
    show_us: i64,
    /// What is dangerous about how the hub is set up, one sentence each.
    risks: Vec<String>,
}

/// The tick thread makes ten snapshots a second; this old, and it hangs.
const STALE: Span = Span::from_s(2);

pub(crate) async fn health(State(shared): State<Shared>) -> Result<Json<Health>, Problem> {
    let (now, snapshot) = (shared.clock.now(), shared.snapshot.load());
    if now - snapshot.local > STALE {
        return Err(Problem::unavailable("the tick thread has not shown progress for 2 s: nodes get no stream"));
    }
    Ok(Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: (now - shared.started_at).as_ms() / 1000,
        show_us: snapshot.clock.show_at(now).as_us(),
        risks: shared.risks(),
    }))
}
