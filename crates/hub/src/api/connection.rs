//! `/api/v1/nodes/{node}/test`: how well a node is reached (HUB-16).

use axum::Json;
use axum::extract::State;
use cuelight_conductor::NodeSnapshot;
use cuelight_wire::control::ExchangeReport;
use cuelight_wire::time::{Local, Span, Time};
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use super::body::Named;
use super::scope::{known_node, node_ref};
use crate::session::Echoes;
use crate::shared::Shared;

/// How well a node is reached.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionTest {
    id: u16,
    mac: String,
    /// The control connection, measured now by the hub: 20 pings of WebSocket in two seconds.
    control: Trips,
    /// The time exchange by UDP, measured by the node: its newest questions, at most 32, and without the time at the hub. Null for
    /// a node that does not tell.
    exchange: Option<Trips>,
    /// Stream packets lost, percent, as the node says; a deployed node always says 0.
    stream_loss_pct: f32,
    /// Whether its clock is locked; null for a node that does not tell.
    lock: Option<bool>,
    /// The error that its clock cannot exceed; null for a node that does not tell.
    bound_ns: Option<i64>,
    /// How long ago the node said all that.
    told_ms: Option<i64>,
}

/// Questions and their answers.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Trips {
    sent: u16,
    /// Those without an answer within a second (`exchange`: two).
    lost: u16,
    /// The shortest round trip, with its fraction; null where nothing was answered.
    min_us: Option<f64>,
    median_us: Option<f64>,
    max_us: Option<f64>,
}

impl Trips {
    fn of_pings(Echoes { sent, mut round_trips }: Echoes) -> Self {
        round_trips.sort_unstable();
        let at = |place: usize| round_trips.get(place).map(|span: &Span| us(span.as_ns()));
        let (sent, answered) = (u16::from(sent), round_trips.len());
        Self {
            sent,
            lost: sent.saturating_sub(u16::try_from(answered).unwrap_or(u16::MAX)),
            min_us: at(0),
            median_us: at(answered / 2),
            max_us: at(answered.wrapping_sub(1)),
        }
    }
    fn of_exchange(told: ExchangeReport) -> Self {
        let some = |ns: i64| (told.lost < told.asked).then(|| us(ns));
        Self {
            sent: told.asked,
            lost: told.lost,
            min_us: some(told.rtt_min_ns),
            median_us: some(told.rtt_median_ns),
            max_us: some(told.rtt_max_ns),
        }
    }
}

/// Microseconds with their fraction.
fn us(ns: i64) -> f64 {
    ns as f64 / 1e3
}

impl ConnectionTest {
    fn of(node: &NodeSnapshot, echoes: Echoes, now: Time<Local>) -> Self {
        Self {
            id: node.id.0,
            mac: node.mac.to_string(),
            control: Trips::of_pings(echoes),
            exchange: node.sync.and_then(|sync| sync.exchange).map(Trips::of_exchange),
            stream_loss_pct: node.loss_pct,
            lock: node.sync.map(|sync| sync.locked),
            bound_ns: node.sync.map(|sync| sync.bound_ns),
            told_ms: node.seen_at.map(|seen| (now - seen).as_ms()),
        }
    }
}

/// Tests a node's connection, which takes two to three seconds: round trips and losses of the control connection and of the time
/// exchange. Nothing of the show changes.
#[utoipa::path(
    post,
    path = "/nodes/{node}/test",
    operation_id = "testNode",
    tag = "nodes",
    params(("node" = String, Path, description = "Its number, MAC address or name")),
    responses((status = OK, description = "What was measured", body = ConnectionTest)),
)]
pub(crate) async fn test(State(shared): State<Shared>, Named(node): Named) -> Result<Json<ConnectionTest>, Problem> {
    let wanted = node_ref(&node)?;
    let conn = known_node(&shared.snapshot.load(), &wanted)?.conn;
    let conn = conn.ok_or_else(|| Problem::conflict(format!("node \"{node}\" is not connected")))?;
    let echoes = shared.lines.test(conn).await.ok_or_else(|| {
        Problem::conflict(format!("node \"{node}\" is being tested already, or its connection ended: try again"))
    })?;
    let snapshot = shared.snapshot.load();
    Ok(Json(ConnectionTest::of(known_node(&snapshot, &wanted)?, echoes, snapshot.local)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_answered_has_no_round_trip() {
        let round_trips = [9_000, 2_500, 4_000].map(Span::from_ns).to_vec();
        let some = Trips::of_pings(Echoes { sent: 5, round_trips });
        let expected = Trips { sent: 5, lost: 2, min_us: Some(2.5), median_us: Some(4.0), max_us: Some(9.0) };
        assert_eq!(some, expected);
        let nothing = Trips { sent: 5, lost: 5, min_us: None, median_us: None, max_us: None };
        assert_eq!(Trips::of_pings(Echoes { sent: 5, round_trips: vec![] }), nothing);
        let deaf = ExchangeReport { asked: 5, lost: 5, ..ExchangeReport::default() };
        assert_eq!(Trips::of_exchange(deaf), nothing);
    }
}
