//! Restarts of nodes, and tests of their connections.

use axum::http::Method;
use serde_json::{Value, json};

use crate::testing::{TestHub, TestNode, hello};

async fn supervised(hub: &TestHub, mac: &str) -> (TestNode, Value) {
    let mut node = hub.connect().await;
    let mut hello = hello(mac);
    hello["ext"] = json!(["full-state", "restart"]);
    node.say(hello).await;
    let welcome = node.hear("welcome").await;
    (node, welcome)
}

/// CTRL-11
#[tokio::test]
async fn a_node_is_restarted_unless_a_show_is_armed_that_is_not_named_or_nothing_would_start_it_again() {
    let hub = TestHub::start().await;
    let (mut node, welcome) = supervised(&hub, "02:00:00:00:00:01").await;
    let (by_hand, _) = hub.join("02:00:00:00:00:02").await;
    let restart = "/api/v1/nodes/02:00:00:00:00:01/restart";
    hub.send(Method::PUT, "/api/v1/show/armed", json!({"name": "Friday"})).await.ok();
    assert!(hub.post(restart, json!({})).await.problem(409).contains("Friday"));
    assert_eq!(hub.post(restart, json!({"override": "Friday"})).await.ok()["nodes"], 1);
    let told = node.hear("restart").await;
    assert_eq!((&told["nodeId"], &told["token"]), (&welcome["nodeId"], &welcome["token"]));
    hub.send(Method::DELETE, "/api/v1/show/armed", json!(null)).await.ok();
    let refused = hub.post("/api/v1/nodes/2/restart", json!({})).await.problem(409);
    assert!(refused.contains("nothing would start it again"), "{refused}");
    hub.post("/api/v1/nodes/9/restart", json!({})).await.problem(404);
    hub.post(restart, json!({"inSpiteOf": "Friday"})).await.problem(422);
    let nodes = hub.get("/api/v1/nodes").await.ok();
    assert_eq!((&nodes[0]["restartable"], &nodes[1]["restartable"]), (&json!(true), &json!(false)));
    drop((node, by_hand));
    hub.stop().await;
}

/// HUB-16
#[tokio::test]
async fn a_connection_is_tested_with_pings_and_what_the_node_measures_itself() {
    let hub = TestHub::start().await;
    let (mut node, welcome) = supervised(&hub, "02:00:00:00:00:01").await;
    let exchange =
        json!({"asked": 32, "lost": 2, "rtt_min_ns": 90_000, "rtt_median_ns": 130_000, "rtt_max_ns": 900_000});
    let sync = json!({"locked": true, "bound_ns": 61_000, "exchange": exchange});
    let (id, token) = (&welcome["nodeId"], &welcome["token"]);
    node.say(json!({"t": "ka", "nodeId": id, "token": token, "loss_pct": 1.5, "sync": sync})).await;
    hub.until("/api/v1/nodes", |nodes| nodes[0]["bound_ns"] == 61_000).await;
    // It reads, and so answers pings, while the test is made.
    let tested = tokio::select! {
        tested = hub.post("/api/v1/nodes/1/test", json!(null)) => tested.ok(),
        _ = node.hear("nothing") => panic!("the connection stays"),
    };
    let control = &tested["control"];
    // On a busy machine a pong may be late, but not all of them.
    assert!(control["sent"] == 20 && control["lost"].as_u64() < Some(20), "{tested}");
    let span = |key: &str| control[key].as_f64().unwrap();
    assert!(0.0 < span("min_us") && span("min_us") <= span("median_us"), "{tested}");
    assert!(span("median_us") <= span("max_us"), "{tested}");
    let expected = json!({"sent": 32, "lost": 2, "min_us": 90.0, "median_us": 130.0, "max_us": 900.0});
    assert_eq!(tested["exchange"], expected);
    assert_eq!((&tested["lock"], &tested["bound_ns"]), (&json!(true), &json!(61_000)));
    assert!((tested["stream_loss_pct"].as_f64().unwrap() - 1.5).abs() < 1e-6);

    hub.post("/api/v1/nodes/9/test", json!(null)).await.problem(404);
    drop(node);
    hub.until("/api/v1/nodes", |nodes| nodes[0]["state"] == "lost").await;
    assert!(hub.post("/api/v1/nodes/1/test", json!(null)).await.problem(409).contains("not connected"));
    hub.stop().await;
}
