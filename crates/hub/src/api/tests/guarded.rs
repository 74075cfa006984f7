//! Who may call (HUB-3).

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use crate::testing::{LOCAL, REMOTE, Reply, TestHub};

async fn ask(hub: &TestHub, peer: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    hub.request(peer, request.body(Body::empty()).unwrap()).await
}

/// HUB-3
#[tokio::test]
async fn other_machines_need_the_key_and_this_one_does_not() {
    let hub = TestHub::start().await;
    let key = std::fs::read_to_string(hub.folder.path().join("operator.key")).unwrap();
    assert_eq!(key.trim().len(), 80, "320 bits in hex");
    let (right, wrong) = (format!("Bearer {}", key.trim()), format!("Bearer {}", "0".repeat(80)));
    let show = "/api/v1/show";

    assert_eq!(ask(&hub, LOCAL, show, &[]).await.status, StatusCode::OK);
    assert_eq!(ask(&hub, "[::ffff:127.0.0.1]:5", show, &[]).await.status, StatusCode::OK);
    assert_eq!(ask(&hub, REMOTE, show, &[("authorization", &right)]).await.status, StatusCode::OK);
    for (peer, headers) in [
        (REMOTE, vec![]),
        (REMOTE, vec![("authorization", wrong.as_str())]),
        (REMOTE, vec![("authorization", "Basic abc")]),
        (LOCAL, vec![("authorization", wrong.as_str())]),
        // A proxy on the hub's machine must not lend its address to strangers.
        (LOCAL, vec![("x-forwarded-for", "203.0.113.9")]),
        (LOCAL, vec![("forwarded", "for=203.0.113.9")]),
    ] {
        let reply = ask(&hub, peer, show, &headers).await;
        assert!(reply.problem(401).contains("operator.key"), "{peer} {headers:?}");
        assert_eq!(reply.headers[header::WWW_AUTHENTICATE], "Bearer");
    }
    hub.stop().await;
}

#[tokio::test]
async fn the_key_guards_every_call_that_shows_or_changes_the_show_in_detail() {
    let hub = TestHub::start().await;
    let sha256 = format!("ota/uploads/{}", "0".repeat(64));
    for path in
        ["show", "scene", "nodes", "groups", "effects", "palettes", "presets", "ota/images", "ota/rollout", &sha256]
    {
        ask(&hub, REMOTE, &format!("/api/v1/{path}"), &[]).await.problem(401);
    }
    let order = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(format!("/api/v1/{path}"));
        request.header("content-type", "application/json").body(Body::from("{}")).unwrap()
    };
    for path in [
        "scene",
        "parameters",
        "zones",
        "blackout",
        "master",
        "tempo",
        "ota/images",
        "ota/rollout",
        "ota/rollback",
        "ota/rollout/abort",
    ] {
        hub.request(REMOTE, order("POST", path)).await.problem(401);
    }
    for (method, path) in [
        ("PATCH", "nodes/1"),
        ("DELETE", "nodes/1"),
        ("PUT", "groups/a"),
        ("DELETE", "groups/a"),
        ("PUT", "show/armed"),
        ("DELETE", "show/armed"),
        ("DELETE", "ota/images/k1/1"),
        ("PUT", &sha256),
        ("PUT", "patterns/a/file"),
        ("DELETE", "patterns/a/file"),
    ] {
        hub.request(REMOTE, order(method, path)).await.problem(401);
    }
    for path in ["/", "/page.js", "/page.css", "/health", "/metrics", "/ota/manifest.json"] {
        assert_eq!(ask(&hub, REMOTE, path, &[]).await.status, StatusCode::OK, "{path} is for everybody");
    }
    hub.stop().await;
}

/// HUB-3
#[tokio::test]
async fn pages_of_other_sites_and_rebound_names_are_refused_everywhere() {
    let hub = TestHub::start().await;
    for path in ["/", "/ws", "/metrics", "/api/v1/show"] {
        let foreign = [("host", "localhost:8080"), ("origin", "http://evil.example")];
        assert!(ask(&hub, LOCAL, path, &foreign).await.problem(403).contains("evil.example"));
        assert!(ask(&hub, LOCAL, path, &[("host", "evil.example")]).await.problem(403).contains("localhost"));
    }
    let own = [("host", "localhost:8080"), ("origin", "http://localhost:8080")];
    assert_eq!(ask(&hub, LOCAL, "/api/v1/show", &own).await.status, StatusCode::OK);
    hub.stop().await;
}

/// HUB-3
#[tokio::test]
async fn every_answer_forbids_framing_sniffing_and_inline_code() {
    let hub = TestHub::start().await;
    for path in ["/", "/health", "/api/v1/show", "/nowhere"] {
        let headers = ask(&hub, LOCAL, path, &[]).await.headers;
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[header::CACHE_CONTROL], if path == "/" { "no-cache" } else { "no-store" });
    }
    // What the policy forbids is not there.
    let page = ask(&hub, LOCAL, "/", &[]).await.text;
    assert!(!page.contains("<style") && !page.contains("onclick") && !page.contains("<script>"));
    // Either page: the dashboard, where it was built before the hub, or the small one.
    assert!(page.contains("src=\"/page.js\"") || page.contains("src=\"/assets/"));
    assert!(page.contains("href=\"/page.css\"") || page.contains("href=\"/assets/"));
    hub.stop().await;
}
