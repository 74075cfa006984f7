//! Nodes and groups.

use axum::http::Method;
use cuelight_wire::control::Refusal;
use serde_json::json;

use crate::testing::TestHub;

#[tokio::test]
async fn nodes_are_listed_named_and_commanded_by_any_of_their_names() {
    let hub = TestHub::start().await;
    let (node, welcome) = hub.join("02:00:00:00:00:01").await;
    assert_eq!(welcome["nodeId"], 1);
    hub.send(Method::PATCH, "/api/v1/nodes/1", json!({"name": "bike_001"})).await.ok();
    for node in ["1", "02:00:00:00:00:01", "bike_001"] {
        hub.post("/api/v1/scene", json!({"scope": format!("node:{node}"), "effect": "fire"})).await.ok();
        let scene = hub.get(&format!("/api/v1/scene?scope=node:{node}")).await.ok();
        assert_eq!(scene["effect"], "fire");
    }
    let nodes = hub.get("/api/v1/nodes").await.ok();
    assert_eq!(
        (&nodes[0]["name"], &nodes[0]["ip"], &nodes[0]["legacy"]),
        (&json!("bike_001"), &json!("127.0.0.1"), &json!(true))
    );
    assert_eq!(hub.get("/api/v1/show").await.ok()["nodes"][0]["mac"], "02:00:00:00:00:01");

    hub.send(Method::PATCH, "/api/v1/nodes/9", json!({"name": "x"})).await.problem(404);
    for wrong in ["12", "02:00:00:00:00:09", " x", &"x".repeat(33)] {
        hub.send(Method::PATCH, "/api/v1/nodes/1", json!({ "name": wrong })).await.problem(422);
    }
    drop(node);
    hub.stop().await;
}

#[tokio::test]
async fn a_connected_node_is_not_forgotten_and_one_that_is_gone_is() {
    let hub = TestHub::start().await;
    let (node, _) = hub.join("02:00:00:00:00:01").await;
    let (other, _) = hub.join("02:00:00:00:00:02").await;
    hub.send(Method::PATCH, "/api/v1/nodes/2", json!({"name": "bike"})).await.ok();
    hub.send(Method::PATCH, "/api/v1/nodes/1", json!({"name": "bike"})).await.problem(409);
    hub.send(Method::DELETE, "/api/v1/nodes/1", json!(null)).await.problem(409);
    drop((node, other));
    while hub.get("/api/v1/nodes").await.ok().as_array().unwrap().iter().any(|node| node["state"] != "lost") {
        tokio::task::yield_now().await;
    }
    hub.send(Method::DELETE, "/api/v1/nodes/bike", json!(null)).await.ok();
    assert_eq!(hub.get("/api/v1/nodes").await.ok().as_array().unwrap().len(), 1);
    hub.stop().await;
}

#[tokio::test]
async fn groups_are_made_commanded_and_deleted() {
    let hub = TestHub::start().await;
    let (node, _) = hub.join("02:00:00:00:00:01").await;
    let body = json!({"members": ["1", "02:00:00:00:00:07"], "lead_ms": 250});
    hub.send(Method::PUT, "/api/v1/groups/front", body).await.ok();
    let groups = hub.get("/api/v1/groups").await.ok();
    let expected = json!([{"name": "front", "members": ["02:00:00:00:00:01", "02:00:00:00:00:07"], "lead_ms": 250}]);
    assert_eq!(groups, expected);
    assert_eq!(hub.get("/api/v1/nodes").await.ok()[0]["groups"], json!(["front"]));
    let answer = hub.post("/api/v1/scene", json!({"scope": "group:front", "effect": "fire"})).await.ok();
    assert_eq!(answer["nodes"], 1);
    assert_eq!(hub.get("/api/v1/scene?scope=group:front").await.ok()["effect"], "fire");
    assert_ne!(hub.scene().await["effect"], "fire");

    for lead_ms in [9, 2001, i64::MAX, i64::MIN] {
        hub.send(Method::PUT, "/api/v1/groups/a", json!({"members": [], "lead_ms": lead_ms})).await.problem(422);
    }
    hub.send(Method::PUT, "/api/v1/groups/a", json!({"members": ["9"]})).await.problem(404);
    hub.send(Method::PUT, "/api/v1/groups/a", json!({})).await.problem(422);
    hub.send(Method::DELETE, "/api/v1/groups/none", json!(null)).await.problem(404);
    hub.send(Method::DELETE, "/api/v1/groups/front", json!(null)).await.ok();
    assert_eq!(hub.get("/api/v1/groups").await.ok(), json!([]));
    drop(node);
    hub.stop().await;
}

/// HUB-4
#[tokio::test]
async fn a_show_goes_on_after_a_restart() {
    let hub = TestHub::start().await;
    let (node, first) = hub.join("02:00:00:00:00:01").await;
    let (other, _) = hub.join("02:00:00:00:00:02").await;
    hub.send(Method::PATCH, "/api/v1/nodes/2", json!({"name": "bike"})).await.ok();
    hub.send(Method::PUT, "/api/v1/groups/front", json!({"members": ["bike"]})).await.ok();
    hub.post("/api/v1/scene", json!({"effect": "fire", "seed": 77})).await.ok();
    let (scene, show) = (hub.scene().await, hub.get("/api/v1/show").await.ok());
    let folder = tokio::join!(hub.stop(), node.ends(Refusal::Stopping), other.ends(Refusal::Stopping)).0;

    let hub = TestHub::on(folder).await;
    assert_eq!(hub.scene().await, scene);
    assert_eq!(hub.get("/api/v1/groups").await.ok()[0]["members"], json!(["02:00:00:00:00:02"]));
    let after = hub.get("/api/v1/show").await.ok();
    assert!(after["show_us"].as_i64() >= show["show_us"].as_i64(), "show time goes on");
    assert_ne!(after["boot_id"], show["boot_id"]);
    assert_eq!(after["nodes"][1]["name"], "bike");
    // The second node comes first this time: numbers belong to addresses.
    let (node, again) = hub.join("02:00:00:00:00:02").await;
    assert_eq!(again["nodeId"], 2);
    assert_ne!(again["token"], first["token"]);
    drop(node);
    hub.stop().await;
}
