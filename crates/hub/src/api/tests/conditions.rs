//! Documents under conditions, and lists in pages.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};

use crate::testing::{LOCAL, Reply, TestHub};

async fn change(hub: &TestHub, method: Method, path: &str, etag: &str, body: Value) -> Reply {
    let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    let request = request.header(header::IF_MATCH, etag).body(Body::from(body.to_string())).unwrap();
    hub.request(LOCAL, request).await
}

async fn etag(hub: &TestHub, path: &str) -> String {
    let reply = hub.get(path).await;
    reply.ok();
    reply.headers[header::ETAG].to_str().unwrap().to_owned()
}

/// HUB-15
#[tokio::test]
async fn a_document_is_changed_only_while_it_is_what_was_read() {
    let hub = TestHub::start().await;
    let (_node, _) = hub.join("02:00:00:00:00:11").await;
    // Its answer shows the node too.
    hub.put_group("front", &["02:00:00:00:00:11"]).await;
    let documents = [
        (Method::PUT, "/api/v1/groups/front", "/api/v1/groups/front", json!({"members": [], "lead_ms": 40}), "lead_ms"),
        (Method::POST, "/api/v1/scene", "/api/v1/scene", json!({"effect": "fire"}), "effect"),
        (Method::PATCH, "/api/v1/nodes/1", "/api/v1/nodes/1/name", json!({"name": "bike"}), "name"),
        (Method::PUT, "/api/v1/show/armed", "/api/v1/show/armed", json!({"name": "gala"}), "name"),
    ];
    for (method, path, read, body, field) in documents {
        let read_first = etag(&hub, read).await;
        assert_eq!(etag(&hub, read).await, read_first, "{read}");
        change(&hub, method.clone(), path, &read_first, body.clone()).await.ok();
        let now = etag(&hub, read).await;
        assert_ne!(now, read_first, "{path}");
        // Somebody else has read what was before.
        let refused = change(&hub, method.clone(), path, &read_first, body.clone()).await;
        refused.problem(412);
        assert_eq!(refused.json()["current"][field], hub.get(read).await.ok()[field], "{path}");
        assert_eq!(etag(&hub, read).await, now, "nothing has changed");
        change(&hub, method, path, &format!("\"other\", {now}"), body).await.ok();
    }
    let none = change(&hub, Method::PUT, "/api/v1/groups/none", "*", json!({"members": []})).await;
    none.problem(412);
    assert_eq!(none.json()["current"], Value::Null);
    hub.get("/api/v1/groups/none").await.problem(404);
    hub.stop().await;
}

/// HUB-14
#[tokio::test]
async fn nodes_come_in_pages_that_lead_to_one_another() {
    let hub = TestHub::start().await;
    let mut nodes = Vec::new();
    for n in 1..=5 {
        nodes.push(hub.join(&format!("02:00:00:00:00:0{n}")).await);
    }
    hub.refresh().await;
    let (mut path, mut sizes, mut macs) = ("/api/v1/nodes?limit=2".to_owned(), Vec::new(), Vec::new());
    loop {
        let reply = hub.get(&path).await;
        let page = reply.ok();
        let page = page.as_array().unwrap();
        sizes.push(page.len());
        macs.extend(page.iter().map(|node| node["mac"].as_str().unwrap().to_owned()));
        let Some(link) = reply.headers.get(header::LINK) else { break };
        let link = link.to_str().unwrap();
        assert!(link.ends_with("; rel=\"next\""), "{link}");
        path = format!("/api/v1/nodes{}", link.trim_start_matches('<').split('>').next().unwrap());
    }
    assert_eq!(sizes, [2, 2, 1]);
    macs.dedup();
    assert_eq!(macs.len(), 5);
    assert_eq!(hub.get("/api/v1/nodes").await.ok().as_array().unwrap().len(), 5);
    hub.get("/api/v1/nodes?limit=0").await.problem(422);
    hub.get("/api/v1/nodes?cursor=x").await.problem(400);
    hub.stop().await;
}
