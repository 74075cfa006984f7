//! The task that looks at the nodes once a second, as often as they say how they are.

use std::time::Duration;

use cuelight_net::clock::wall_now;
use cuelight_wire::time::{Time, Wall};

use super::figures::Gatherer;
use super::series::Stretch;
use crate::registry::{self, Register};
use crate::shared::Shared;

/// How often it looks.
const LOOK: Duration = Duration::from_secs(1);

/// Gathers figures as long as it is polled (STORE-7).
pub(crate) async fn gather(shared: Shared) {
    let mut gatherers = Stretch::ALL.map(|stretch| Gatherer::new(stretch.period_s()));
    let mut register = Register::default();
    let mut looks = tokio::time::interval(LOOK);
    // A pause is not made up for: the looks would be all at the same instant.
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let now = wall_now();
        look(&shared, &mut gatherers, now);
        let changes = register.handle_snapshot(&shared.snapshot.load(), now);
        if !changes.is_empty() {
            shared.library.note(move |connection| registry::write(connection, &changes));
        }
    }
}

/// Takes a look; writes the periods that are over.
fn look(shared: &Shared, gatherers: &mut [Gatherer], now: Time<Wall>) {
    let snapshot = shared.snapshot.load();
    for rows in gatherers.iter_mut().filter_map(|gatherer| gatherer.handle_snapshot(&snapshot, now)) {
        shared.chronicle.keep(rows, now);
    }
}

#[cfg(test)]
mod tests {
    use cuelight_wire::time::Span;
    use serde_json::json;

    use super::*;
    use crate::testing::TestHub;

    /// STORE-7
    #[tokio::test]
    async fn how_a_node_was_can_be_read_by_any_of_its_names() {
        let hub = TestHub::start().await;
        let (_node, _) = hub.join("02:00:00:00:00:11").await;
        hub.refresh().await;
        let mut gatherers = Stretch::ALL.map(|stretch| Gatherer::new(stretch.period_s()));
        // Four minutes before now, so that the hub's own looks are at other points; a look every 5 s.
        let start_s = (wall_now().as_ns() / 1_000_000_000 - 240) / 120 * 120;
        for look_s in (0..=130).step_by(5) {
            look(&hub.shared, &mut gatherers, Time::ZERO + Span::from_s(start_s + look_s));
        }
        let hour = hub.get("/api/v1/nodes/1/history").await.ok();
        let points: Vec<_> = (0..13).map(|n| start_s + 10 * n).collect();
        assert_eq!((&hour["node"], &hour["period_s"]), (&json!("02:00:00:00:00:11"), &json!(10)));
        // The hub's own looks may have come to something since.
        assert_eq!(hour["at_s"].as_array().unwrap()[..13], points);
        assert_eq!((&hour["loss_pct"][0], &hour["sigma_ns"][0]), (&json!(0.0), &json!(null)));
        let day = hub.get("/api/v1/nodes/02:00:00:00:00:11/history?span=day").await.ok();
        assert_eq!((&day["at_s"][0], &day["period_s"]), (&json!(start_s), &json!(120)));
        hub.get("/api/v1/nodes/7/history").await.problem(404);
        hub.get("/api/v1/nodes/1/history?span=year").await.problem(400);
        hub.stop().await;
    }
}
