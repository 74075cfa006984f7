//! Who may call (HUB-3).

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use crate::testing::{LOCAL, REMOTE, Reply, TestHub};

async fn ask(hub: &TestHub, peer: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    hub.request(peer, request.body(Body::empty()).unwrap()).await
}

/// HUB-3, ACC-7
#[tokio::test]
async fn everybody_needs_a_key_and_this_machine_none_where_it_is_trusted() {
    let trusting = TestHub::start().await;
    let hub = TestHub::guarded().await;
    let key =
        |hub: &TestHub| std::fs::read_to_string(hub.folder.path().join("operator.key")).unwrap().trim().to_owned();
    assert_eq!(key(&hub).len(), 80, "320 bits in hex");
    let (right, wrong) = (format!("Bearer {}", key(&hub)), format!("Bearer {}", "0".repeat(80)));
    let show = "/api/v1/show";

    assert_eq!(ask(&trusting, LOCAL, show, &[]).await.status, StatusCode::OK);
    assert_eq!(ask(&trusting, "[::ffff:127.0.0.1]:5", show, &[]).await.status, StatusCode::OK);
    for peer in [LOCAL, REMOTE] {
        assert_eq!(ask(&hub, peer, show, &[("authorization", &right)]).await.status, StatusCode::OK);
    }
    for (hub, peer, headers) in [
        (&hub, LOCAL, vec![]),
        (&hub, REMOTE, vec![]),
        (&trusting, REMOTE, vec![]),
        (&trusting, REMOTE, vec![("authorization", wrong.as_str())]),
        (&trusting, REMOTE, vec![("authorization", "Basic abc")]),
        (&trusting, LOCAL, vec![("authorization", wrong.as_str())]),
        // A proxy on the hub's machine must not lend its address to strangers.
        (&trusting, LOCAL, vec![("x-forwarded-for", "203.0.113.9")]),
        (&trusting, LOCAL, vec![("forwarded", "for=203.0.113.9")]),
    ] {
        let reply = ask(hub, peer, show, &headers).await;
        assert!(reply.problem(401).contains("operator.key"), "{peer} {headers:?}");
        assert_eq!(reply.headers[header::WWW_AUTHENTICATE], "Bearer");
    }
    let risks = async |hub: &TestHub| ask(hub, LOCAL, "/health", &[]).await.ok()["risks"].to_string();
    assert!(risks(&trusting).await.contains("--trust-this-machine") && risks(&hub).await == "[]");
    trusting.stop().await;
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
