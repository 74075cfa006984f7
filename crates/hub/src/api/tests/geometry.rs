//! How the LEDs of nodes are laid out.

use axum::http::Method;
use serde_json::{Value, json};

use crate::testing::{TestHub, hello};

/// CTRL-13
#[tokio::test]
async fn a_nodes_leds_are_laid_out_here_and_by_its_own_settings_again() {
    let hub = TestHub::start().await;
    let mut node = hub.connect().await;
    let mut matrix = hello("02:00:00:00:00:11");
    matrix["ext"] = json!(["full-state", "geometry"]);
    matrix["topo"] = json!({"leds": 64, "channels": 1});
    matrix["geometry"] = json!("strip:64");
    node.say(matrix).await;
    node.hear("welcome").await;
    assert_eq!(node.hear("geometry").await["geometry"], Value::Null);
    hub.refresh().await;
    let known = hub.get("/api/v1/nodes").await.ok()[0].clone();
    assert_eq!((&known["geometry"], &known["laid_out"]), (&json!("strip:64"), &json!(false)));

    let path = "/api/v1/nodes/1/geometry";
    hub.send(Method::PUT, path, json!({"geometry": " matrix:8x8:serpentine "})).await.ok();
    assert_eq!(node.hear("geometry").await["geometry"], "matrix:8x8:serpentine");
    let told = hub.get(path).await.ok();
    assert_eq!((&told["own"], &told["laid_out"]), (&json!("strip:64"), &json!("matrix:8x8:serpentine")));
    assert_eq!((&told["leds"], &told["follows"]), (&json!(64), &json!(true)));
    let known = hub.get("/api/v1/nodes").await.ok()[0].clone();
    assert_eq!((&known["geometry"], &known["laid_out"]), (&json!("matrix:8x8:serpentine"), &json!(true)));

    for (wrong, why) in
        [("matrix:8x9", "the node has 64"), ("cube:4", "unknown shape"), ("strip:64:serpentine", "option")]
    {
        let refused = hub.send(Method::PUT, path, json!({"geometry": wrong})).await;
        assert!(refused.problem(422).contains(why), "{}", refused.text);
    }
    hub.send(Method::DELETE, path, json!({})).await.ok();
    assert_eq!(node.hear("geometry").await["geometry"], Value::Null);
    hub.get("/api/v1/nodes/99/geometry").await.problem(404);
    hub.stop().await;
}

#[tokio::test]
async fn a_deployed_node_is_laid_out_by_its_own_settings_alone() {
    let hub = TestHub::start().await;
    let (_node, _) = hub.join("02:00:00:00:00:11").await;
    hub.refresh().await;
    let leds = hub.get("/api/v1/nodes/1/geometry").await.ok()["leds"].clone();
    let refused = hub.send(Method::PUT, "/api/v1/nodes/1/geometry", json!({"geometry": format!("ring:{leds}")})).await;
    assert!(refused.problem(409).contains("in its own settings"), "{}", refused.text);
    hub.stop().await;
}
