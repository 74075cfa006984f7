//! Who plays which universes.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};

use super::cues::SHOW;
use crate::testing::{LOCAL, TestHub, hello};

/// CTRL-12
#[tokio::test]
async fn a_node_is_given_universes_hears_of_it_and_has_its_own_again() {
    let hub = TestHub::start().await;
    let show = Request::put("/api/v1/show/file").header(header::CONTENT_TYPE, "application/toml");
    hub.request(LOCAL, show.body(Body::from(SHOW)).unwrap()).await.ok();
    let mut node = hub.connect().await;
    let mut lighting = hello("02:00:00:00:00:11");
    lighting["ext"] = json!(["full-state", "universes"]);
    lighting["universes"] = json!([[9, 9]]);
    lighting["pagePort"] = json!(8090);
    node.say(lighting).await;
    node.hear("welcome").await;
    assert_eq!(node.hear("universes").await["universes"], Value::Null);
    hub.refresh().await;
    let known = hub.get("/api/v1/nodes").await.ok()[0].clone();
    assert_eq!((&known["universes"], &known["page"]), (&json!(["9"]), &json!("http://127.0.0.1:8090/")));

    let path = "/api/v1/nodes/1/universes";
    hub.send(Method::PUT, path, json!({"universes": ["7", "1..4"]})).await.ok();
    assert_eq!(node.hear("universes").await["universes"], json!([[1, 4], [7, 7]]));
    let told = hub.get("/api/v1/universes").await.ok();
    assert_eq!(told["show"], json!(["1..2"]));
    let (own, assigned) = (&told["nodes"][0]["own"], &told["nodes"][0]["assigned"]);
    assert_eq!((own, assigned, &told["nodes"][0]["follows"]), (&json!(["9"]), &json!(["1..4", "7"]), &json!(true)));
    assert_eq!(hub.get(path).await.ok(), told["nodes"][0]);

    for wrong in [json!(["0"]), json!(["4..1"]), json!(["1..64000"]), json!(["x"]), json!([""])] {
        let refused = hub.send(Method::PUT, path, json!({"universes": wrong})).await;
        assert!(refused.problem(422).contains("1 to 63999"), "{}", refused.text);
    }
    let apart: Vec<String> = (1..=33).map(|n| (2 * n).to_string()).collect();
    assert!(hub.send(Method::PUT, path, json!({"universes": apart})).await.problem(422).contains("at most 32"));
    hub.send(Method::DELETE, path, json!({})).await.ok();
    assert_eq!(node.hear("universes").await["universes"], Value::Null);
    hub.get("/api/v1/nodes/99/universes").await.problem(404);
    hub.stop().await;
}

#[tokio::test]
async fn a_deployed_node_is_given_none_and_a_receiver_has_those_it_registered() {
    let hub = TestHub::start().await;
    let (_node, _) = hub.join("02:00:00:00:00:11").await;
    hub.refresh().await;
    let refused = hub.send(Method::PUT, "/api/v1/nodes/1/universes", json!({"universes": ["1"]})).await;
    assert!(refused.problem(409).contains("in its own settings"), "{}", refused.text);
    let body = json!({"node_id": "node-01", "capabilities": ["dmx_output"], "universes": [3, 2, 2, 9]});
    hub.post("/api/nodes/register", body).await.ok();
    let told = hub.get("/api/v1/universes").await.ok();
    assert_eq!(told["receivers"], json!([{"node_id": "node-01", "universes": ["2..3", "9"]}]));
    let facts = &told["nodes"][0];
    assert_eq!((&facts["own"], &facts["assigned"], &facts["follows"]), (&Value::Null, &Value::Null, &json!(false)));
    hub.stop().await;
}
