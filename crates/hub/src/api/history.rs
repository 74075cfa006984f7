//! `/api/v1/nodes/{node}/history`: how a node was over the last hour or day.

use axum::Json;
use axum::extract::State;
use cuelight_net::clock::wall_now;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::body::{Asked, Named};
use super::scope::{known_node, node_ref};
use crate::chronicle::{Series, Stretch};
use crate::shared::Shared;

/// How far back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Span {
    /// A point for every 10 s.
    #[default]
    Hour,
    /// A point for every 2 minutes.
    Day,
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Which {
    /// hour or day; the hour where nothing is said.
    #[param(inline)]
    span: Span,
}

/// Figures of a node, oldest first, each list with one place for each point. Periods in which the node was not there have none.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryView {
    /// MAC address.
    node: String,
    /// Seconds of a point.
    period_s: i64,
    /// When each point begins, seconds of the wall clock since 1970.
    at_s: Vec<i64>,
    /// How sure the clock was, the worst of the period (standard deviation); null for a deployed node.
    sigma_ns: Vec<Option<i64>>,
    /// The error the clock could not exceed, the worst of the period.
    bound_ns: Vec<Option<i64>>,
    /// 99th percentile of output lateness against show time, the worst of the period.
    late_ns_p99: Vec<Option<i64>>,
    /// Frames a second, the mean.
    fps: Vec<f64>,
    /// Stream packets lost, per cent, the worst of the period.
    loss_pct: Vec<f64>,
}

/// How a node was over the last hour or day.
#[utoipa::path(
    get,
    path = "/nodes/{node}/history",
    operation_id = "getNodeHistory",
    tag = "nodes",
    params(("node" = String, Path, description = "Its number, MAC address or name"), Which),
    responses((status = OK, description = "Its figures", body = HistoryView)),
)]
pub(crate) async fn get(
    State(shared): State<Shared>,
    Named(node): Named,
    Asked(Which { span }): Asked<Which>,
) -> Result<Json<HistoryView>, Problem> {
    let mac = known_node(&shared.snapshot.load(), &node_ref(&node)?)?.mac;
    let stretch = match span {
        Span::Hour => Stretch::Hour,
        Span::Day => Stretch::Day,
    };
    let series = shared.chronicle.series(mac, stretch, wall_now()).await?;
    let Series { at_s, sigma_ns, bound_ns, late_ns, frames_mhz, loss_ppm } = series;
    Ok(Json(HistoryView {
        node: mac.to_string(),
        period_s: stretch.period_s(),
        at_s,
        sigma_ns,
        bound_ns,
        late_ns_p99: late_ns,
        // Both are far below 2^53.
        fps: frames_mhz.into_iter().map(|mhz| mhz as f64 / 1_000.0).collect(),
        loss_pct: loss_ppm.into_iter().map(|ppm| ppm as f64 / 10_000.0).collect(),
    }))
}
