//! What is kept: documents and the way back, commands, registrations.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};

use crate::events::Next;
use crate::testing::{LOCAL, TestHub};

async fn undo(hub: &TestHub, document: &str, body: Value) -> crate::testing::Reply {
    hub.post(&format!("/api/v1/documents/{document}/undo"), body).await
}

/// STORE-8
#[tokio::test]
async fn an_edit_of_groups_is_undone_and_the_undoing_too() {
    let hub = TestHub::start().await;
    undo(&hub, "groups", json!({})).await.problem(409);
    hub.put_group("front", &["02:00:00:00:00:01"]).await;
    hub.put_group("front", &["02:00:00:00:00:01", "02:00:00:00:00:02"]).await;
    hub.send(Method::DELETE, "/api/v1/groups/front", json!(null)).await.ok();
    let revisions = hub.get("/api/v1/documents/groups/revisions").await;
    assert_eq!(revisions.headers[header::ETAG], "\"groups-4\"");
    let said: Vec<_> = revisions.ok().as_array().unwrap().iter().map(|one| one["what"].clone()).collect();
    assert_eq!(said, ["group front deleted", "group front set", "group front set", "as it was found"]);

    let made = undo(&hub, "groups", json!({})).await.ok();
    assert_eq!((&made["revision"], &made["same_as"], &made["made_by"]), (&json!(5), &json!(3), &json!("this machine")));
    let members = |groups: Value| groups[0]["members"].as_array().map_or(0, Vec::len);
    assert_eq!(members(hub.get("/api/v1/groups").await.ok()), 2);
    undo(&hub, "groups", json!({})).await.ok();
    assert_eq!(members(hub.get("/api/v1/groups").await.ok()), 1);
    undo(&hub, "groups", json!({})).await.ok();
    assert_eq!(hub.get("/api/v1/groups").await.ok(), json!([]));
    undo(&hub, "groups", json!({})).await.problem(409);
    undo(&hub, "groups", json!({"revision": 3})).await.ok();
    assert_eq!(members(hub.get("/api/v1/groups").await.ok()), 2);
    assert_eq!(hub.get("/api/v1/documents/groups/revisions/1").await.text, "[]");

    // Somebody who has read an older state does not undo what he has not seen.
    let stale = Request::post("/api/v1/documents/groups/undo").header(header::CONTENT_TYPE, "application/json");
    let stale = stale.header(header::IF_MATCH, "\"groups-4\"").body(Body::from("{}")).unwrap();
    let answer = hub.request(LOCAL, stale).await;
    answer.problem(412);
    assert_eq!(answer.json()["current"]["revision"], 8);
    undo(&hub, "groups", json!({"revision": 99})).await.problem(404);
    undo(&hub, "scenes", json!({})).await.problem(404);
    hub.get("/api/v1/documents/groups/revisions/99").await.problem(404);
    hub.get("/api/v1/documents/groups/revisions/x").await.problem(400);
    hub.stop().await;
}

/// STORE-8
#[tokio::test]
async fn a_show_file_and_the_names_of_nodes_go_back_over_a_restart() {
    let hub = TestHub::start().await;
    let show = |label: &str| format!("show-file = 1\nlabel = \"{label}\"\n");
    for label in ["One", "Two"] {
        let request = Request::put("/api/v1/show/file").header(header::CONTENT_TYPE, "application/toml");
        hub.request(LOCAL, request.body(Body::from(show(label))).unwrap()).await.ok();
    }
    let (_node, _) = hub.join("02:00:00:00:00:11").await;
    hub.send(Method::PATCH, "/api/v1/nodes/1", json!({"name": "bike"})).await.ok();
    let hub = TestHub::on(hub.stop().await).await;
    undo(&hub, "show", json!({})).await.ok();
    assert_eq!(hub.get("/api/v1/show/file").await.text, show("One"));
    undo(&hub, "show", json!({})).await.ok();
    hub.get("/api/v1/show/file").await.problem(404);
    undo(&hub, "show", json!({"revision": 3})).await.ok();
    assert_eq!(hub.get("/api/v1/show/file").await.text, show("Two"));
    undo(&hub, "names", json!({})).await.ok();
    assert!(hub.get("/api/v1/nodes/1/name").await.ok()["name"].is_null());
    hub.stop().await;
}

/// STORE-6
#[tokio::test]
async fn commands_of_operators_are_in_the_log_with_who_when_what_and_outcome() {
    let hub = TestHub::start().await;
    let (_node, _) = hub.join("02:00:00:00:00:11").await;
    hub.post("/api/v1/blackout", json!({"on": true})).await.ok();
    hub.send(Method::PATCH, "/api/v1/nodes/1", json!({"name": "bike"})).await.ok();
    hub.post("/api/v1/scene", json!({"scope": "group:nobody", "effect": "fire"})).await.problem(404);
    let log = hub.get("/api/v1/commands").await.ok();
    let said: Vec<_> = log.as_array().unwrap().iter().map(|one| (&one["command"]["type"], &one["state"])).collect();
    let (executed, failed) = (json!("executed"), json!("failed"));
    assert_eq!(said[..2], [(&json!("scene.changed"), &failed), (&json!("node.named"), &executed)]);
    assert!(log[0]["why"].as_str().is_some_and(|why| why.contains("nobody")), "{log}");
    assert!(log[0]["ordered_at"].is_string() && log[0]["settled_at"].is_string());
    assert_eq!((&log[0]["ordered_by"], &log[1]["node_id"]), (&json!("this machine"), &json!("02:00:00:00:00:11")));
    for node in ["1", "bike", "02:00:00:00:00:11"] {
        let of_node = hub.get(&format!("/api/v1/commands?node={node}")).await.ok();
        assert_eq!(
            (of_node.as_array().unwrap().len(), &of_node[0]["command_id"]),
            (1, &log[1]["command_id"]),
            "{node}"
        );
    }
    let first = hub.get("/api/v1/commands?limit=1").await;
    assert!(first.headers[header::LINK].to_str().unwrap().contains("rel=\"next\""));
    hub.get("/api/v1/commands?limit=0").await.problem(422);
    hub.get("/api/v1/commands?cursor=x").await.problem(400);
    hub.stop().await;
}

/// RECV-8, RECV-9
#[tokio::test]
async fn a_restarted_hub_knows_its_receivers_and_says_which_commands_came_to_nothing() {
    let hub = TestHub::start().await;
    let body = json!({"node_id": "node-01", "capabilities": ["dmx_output"], "universes": [1, 2]});
    hub.post("/api/nodes/register", body).await.ok();
    let order = json!({"type": "blackout", "on": true});
    let id = hub.post("/api/nodes/node-01/command", order.clone()).await.ok()["command_id"].clone();
    let hub = TestHub::on(hub.stop().await).await;

    let status = hub.get("/api/nodes/node-01/status").await.ok();
    assert_eq!((&status["online"], &status["universes"]), (&json!(false), &json!([1, 2])));
    assert!(status["degraded"].as_str().is_some_and(|why| why.contains("restarted")), "{status}");
    let log = hub.get("/api/v1/commands?node=node-01").await.ok();
    assert_eq!((&log[0]["command_id"], &log[0]["state"], &log[0]["command"]), (&id, &json!("failed"), &order));
    assert!(log[0]["why"].as_str().is_some_and(|why| why.contains("not carried out")), "{log}");
    let told = |number| match hub.shared.events.after(number) {
        Next::Event(event) => event.kind == "alert" && event.text.contains(id.as_str().unwrap()),
        _ => false,
    };
    assert!((0..hub.shared.events.newest()).any(told));
    // It is not carried out late: the receiver gets nothing but what is ordered now.
    let heartbeat = json!({"node_id": "node-01", "status": "online"});
    assert_eq!(hub.post("/api/master/heartbeat", heartbeat).await.ok()["commands"], json!([]));
    hub.stop().await;
}
