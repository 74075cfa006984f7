//! Plain text and TLS, as requests see them; and pairing over HTTP.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use cuelight_trust::{Authority, KeyHash};
use cuelight_wire::ids::Mac;
use serde_json::json;

use crate::api::plain::MayBePlain;
use crate::front::Carrier;
use crate::testing::{LOCAL, REMOTE, Reply, TestHub};

async fn ask(hub: &TestHub, peer: &str, carrier: Carrier, path: &str, accept: &str) -> Reply {
    let request = Request::get(path).header(header::HOST, "hub.lan:8080").header(header::ACCEPT, accept);
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(carrier);
    hub.request(peer, request).await
}

/// TRUST-13
#[tokio::test]
async fn in_plain_text_other_machines_get_the_authority_and_are_told_the_rest() {
    let hub = TestHub::start().await;
    let plain = async |path, accept| ask(&hub, REMOTE, Carrier::Plain, path, accept).await;
    assert_eq!(plain("/health", "*/*").await.status, StatusCode::OK);
    let pem = plain("/ca.pem", "*/*").await;
    assert_eq!(Authority::of_pem(pem.text.as_bytes()).unwrap().pins(), [hub.shared.tls.pin()]);
    let page = plain("/?view=network", "text/html,*/*").await;
    assert_eq!(page.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(page.headers[header::LOCATION], "https://hub.lan:8080/?view=network");
    for path in ["/api/v1/show", "/metrics", "/ws", "/patterns", "/cues", "/nothing"] {
        let detail = plain(path, "application/json").await.problem(403);
        assert!(detail.contains("https://hub.lan:8080") && detail.contains("/ca.pem"), "{detail}");
    }
    // Over TLS, and on this machine by any way.
    assert_eq!(ask(&hub, REMOTE, Carrier::Tls, "/patterns", "*/*").await.status, StatusCode::OK);
    let local = Request::get("/patterns").body(Body::empty()).unwrap();
    assert_eq!(hub.request(LOCAL, local).await.status, StatusCode::OK);
    hub.stop().await;
}

/// TRUST-13
#[tokio::test]
async fn a_hub_that_serves_plain_text_says_so() {
    let mut hub = TestHub::start().await;
    assert!(!hub.get("/health").await.text.contains("plain text"));
    for (may, path) in [
        (MayBePlain { all: true, deployed: false }, "/api/v1/show"),
        (MayBePlain { all: false, deployed: true }, "/patterns"),
    ] {
        hub.shared.may_be_plain = may;
        hub.router = crate::api::router(hub.shared.clone());
        let reply = ask(&hub, REMOTE, Carrier::Plain, path, "*/*").await;
        assert_ne!(reply.status, StatusCode::FORBIDDEN, "{}", reply.text);
        let risks = hub.get("/health").await.ok()["risks"].to_string();
        assert!(risks.contains("plain text"), "{risks}");
        assert_eq!(hub.get("/api/v1/show").await.ok()["risks"].to_string(), risks);
    }
    hub.stop().await;
}

/// TRUST-6, TRUST-7
#[tokio::test]
async fn a_node_that_asks_is_listed_admitted_by_its_code_and_kept() {
    let hub = TestHub::start().await;
    let (mac, key) = (Mac([2, 0, 0, 0, 0, 9]), KeyHash([3; 32]));
    hub.shared.pairings.ask_as(mac, key);
    let listed = hub.get("/api/v1/pairings").await.ok();
    let waiting = &listed["waiting"][0];
    let code = hub.shared.pairings.code(key);
    assert_eq!((&waiting["code"], &waiting["mac"]), (&json!(code.to_string()), &json!(mac.to_string())));
    assert!(hub.post("/api/v1/pairings/0000-0000-0000-0000", json!({})).await.problem(404).contains("no node waits"));
    assert!(hub.post("/api/v1/pairings/x", json!({})).await.problem(422).contains("16 characters"));
    let path = format!("/api/v1/pairings/{}", waiting["id"].as_str().unwrap());
    assert_eq!(hub.post(&path, json!({})).await.ok(), json!({"nodes": [mac.to_string()]}));
    let folder = hub.stop().await;

    let hub = TestHub::on(folder).await;
    assert_eq!(hub.get("/api/v1/pairings").await.ok()["admitted"][0]["mac"], mac.to_string());
    let refused = hub.send(axum::http::Method::DELETE, &path, json!({})).await.ok();
    assert_eq!(refused, json!({"nodes": [mac.to_string()]}));
    let listed = hub.get("/api/v1/pairings").await.ok();
    assert_eq!((&listed["admitted"], &listed["refused"][0]["code"]), (&json!([]), &json!(code.to_string())));
    hub.shared.pairings.ask_as(mac, key);
    assert_eq!(hub.get("/api/v1/pairings").await.ok()["waiting"], json!([]), "it is not told of again");
    assert_eq!(hub.post(&path, json!({})).await.ok(), refused);
    hub.stop().await;
}
