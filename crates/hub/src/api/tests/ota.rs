//! Images are published, fetched and rolled out; shows are armed.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use cuelight_fetch::Digest;
use cuelight_update::key::SecretKey;
use cuelight_update::manifest::Manifest;
use cuelight_update::plain;
use cuelight_update::signed::{Purpose, Signed};
use cuelight_update::trust::Trust;
use serde_json::{Value, json};

use crate::api::ota::uploads::MAX_PART;
use crate::testing::{LOCAL, REMOTE, Reply, TestHub, TestNode, hello};

const PLATFORM: &str = "cuelight-node-x86_64-linux";

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

fn signed(version: &str, counter: u64, image: &[u8]) -> Value {
    let manifest = Manifest {
        format: 1,
        product: "cuelight-node".into(),
        hardware: "x86_64-linux".into(),
        channel: "stable".into(),
        version: version.parse().unwrap(),
        counter,
        min_from: None,
        size: image.len() as u64,
        sha256: Digest::of(image),
        expires_s: 4_000_000_000,
        notes: "faster".into(),
        deltas: Vec::new(),
    };
    let mut document = Signed::new(manifest.to_json());
    document.sign(Purpose::Image, &key(1));
    serde_json::from_str(&document.to_json()).unwrap()
}

impl TestHub {
    async fn put_part(&self, sha256: &Digest, size: usize, from: usize, part: Vec<u8>) -> Reply {
        let path = format!("/api/v1/ota/uploads/{sha256}?size={size}&from={from}");
        self.request(LOCAL, Request::put(path).body(Body::from(part)).unwrap()).await
    }
    async fn upload(&self, image: &[u8]) {
        for (index, part) in image.chunks(MAX_PART).enumerate() {
            let from = index * MAX_PART;
            let reply = self.put_part(&Digest::of(image), image.len(), from, part.to_vec()).await;
            assert_eq!(reply.ok()["have"], from + part.len());
        }
    }
    async fn publish(&self, version: &str, counter: u64, image: &[u8]) -> Value {
        self.upload(image).await;
        self.post("/api/v1/ota/images", json!({ "signed": signed(version, counter, image) })).await.ok()
    }
    /// A deployed node that can be updated, and has said that it is well.
    async fn updatable(&self, mac: &str, version: &str) -> (TestNode, Value) {
        let mut node = self.connect().await;
        node.say(json!({"t": "hello", "proto": 1, "mac": mac, "fw": format!("k1-v{version}"),
            "caps": {"udp": true, "ota": true, "clock": true}, "topo": {"leds": 320, "channels": 2}}))
            .await;
        let welcome = node.hear("welcome").await;
        node.say(json!({"t": "ka", "nodeId": welcome["nodeId"], "token": welcome["token"], "uptime_s": 1})).await;
        (node, welcome)
    }
    async fn fetch(&self, path: &str, headers: &[(header::HeaderName, String)]) -> Reply {
        let request =
            headers.iter().fold(Request::get(path), |request, (name, value)| request.header(name, value.as_str()));
        self.request(REMOTE, request.body(Body::empty()).unwrap()).await
    }
}

async fn publish_deployed(hub: &TestHub, version: &str, image: &[u8]) {
    hub.upload(image).await;
    let plain =
        json!({"platform": "k1", "version": version, "size": image.len(), "sha256": Digest::of(image).to_string()});
    hub.post("/api/v1/ota/images", json!({ "plain": plain })).await.ok();
}

/// OTA-11, OTA-12
#[tokio::test]
async fn what_is_published_is_listed_and_in_the_manifest_that_nodes_read() {
    let hub = TestHub::start().await;
    assert_eq!(hub.fetch("/ota/manifest.json", &[]).await.json(), json!({}));
    let image = vec![b'x'; 2 * MAX_PART + 17];
    let published = hub.publish("1.4.0", 7, &image).await;
    publish_deployed(&hub, "2.8.0", b"deployed").await;
    let listed = hub.get("/api/v1/ota/images").await.ok();
    assert_eq!(listed[0], published);
    assert_eq!(
        listed[0],
        json!({"platform": PLATFORM, "channel": "stable", "version": "1.4.0", "size": image.len(),
            "sha256": Digest::of(&image).to_string(), "url": format!("/ota/{PLATFORM}/1.4.0.bin"), "notes": "faster",
            "counter": 7, "min_from": null, "expires_s": 4_000_000_000_u64, "signers": [key(1).public().id().to_string()]})
    );
    let text = hub.fetch("/ota/manifest.json", &[]).await.text;
    // As a Cuelight node reads it.
    let release = plain::release(text.as_bytes(), PLATFORM, "stable").unwrap();
    let trust = Trust::new(vec![key(1).public(), key(2).public()], 1).unwrap();
    let manifest = Manifest::open(&release.signed.unwrap(), &trust).unwrap();
    assert_eq!((manifest.version.to_string(), manifest.sha256), ("1.4.0".into(), Digest::of(&image)));
    // As a deployed node reads it: nothing but what it knows.
    let manifest: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        manifest["k1"],
        json!({"stable": {"version": "2.8.0", "url": "/ota/k1/s3/2.8.0.bin", "size": 8,
            "sha256": Digest::of(b"deployed").to_string()}})
    );
    hub.stop().await;
}

/// OTA-12
#[tokio::test]
async fn images_are_given_whole_and_in_parts_to_everybody() {
    let hub = TestHub::start().await;
    let image: Vec<u8> = (0..300_000_u32).map(|n| b'a' + (n % 26) as u8).collect();
    hub.publish("1.4.0", 7, &image).await;
    publish_deployed(&hub, "2.8.0", b"deployed").await;
    let (path, etag) = (format!("/ota/{PLATFORM}/1.4.0.bin"), format!("\"{}\"", Digest::of(&image)));
    let whole = hub.fetch(&path, &[]).await;
    assert_eq!((whole.status, whole.text.as_bytes()), (StatusCode::OK, image.as_slice()));
    assert_eq!(whole.headers[header::ETAG], *etag);
    assert_eq!(whole.headers[header::ACCEPT_RANGES], "bytes");
    assert_eq!(whole.headers[header::CONTENT_LENGTH], "300000");
    let asked = [(header::RANGE, "bytes=150000-299999".into()), (header::IF_RANGE, etag.clone())];
    let part = hub.fetch(&path, &asked).await;
    assert_eq!((part.status.as_u16(), part.text.as_bytes()), (206, &image[150_000..]));
    assert_eq!(part.headers[header::CONTENT_RANGE], "bytes 150000-299999/300000");
    assert_eq!(part.headers[header::CONTENT_LENGTH], "150000");
    let changed = [(header::RANGE, "bytes=5-9".into()), (header::IF_RANGE, "\"another\"".into())];
    assert_eq!(hub.fetch(&path, &changed).await.text.len(), image.len(), "another file has another beginning");
    let beyond = hub.fetch(&path, &[(header::RANGE, "bytes=300000-".into())]).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.headers[header::CONTENT_RANGE], "bytes */300000");
    assert_eq!(hub.fetch(&path, &[(header::IF_NONE_MATCH, etag)]).await.status, StatusCode::NOT_MODIFIED);
    assert_eq!(hub.fetch("/ota/k1/s3/2.8.0.bin", &[]).await.text, "deployed");
    for missing in ["/ota/k1/s3/9.9.9.bin", "/ota/k1/s3/2.8.0", "/ota/k1/s3/..%2f2.8.0.bin", "/ota/x/2.8.0.bin"] {
        assert!(hub.fetch(missing, &[]).await.problem(404).contains("no image"), "{missing}");
    }
    hub.stop().await;
}

/// OTA-12
#[tokio::test]
async fn one_address_fetches_two_images_at_once_and_all_together_eight() {
    let hub = TestHub::start().await;
    publish_deployed(&hub, "2.8.0", &[7; 500_000]).await;
    let ask = |peer: &str| {
        let mut request = Request::get("/ota/k1/s3/2.8.0.bin").body(Body::empty()).unwrap();
        let peer: std::net::SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        tower::ServiceExt::oneshot(hub.router.clone(), request)
    };
    // Answers that nobody reads keep their places.
    let mut unread = Vec::new();
    for n in 0..10 {
        let answer = ask(&format!("10.0.0.{}:5", n / 2)).await.unwrap();
        assert_eq!(answer.status(), if n < 8 { 200 } else { 503 }, "{n}");
        unread.push(answer);
        if n == 1 {
            assert_eq!(ask("10.0.0.0:6").await.unwrap().status(), 503, "a third of one address");
        }
    }
    drop(unread);
    assert_eq!(ask("10.0.0.9:5").await.unwrap().status(), 200);
    hub.stop().await;
}

/// OTA-11
#[tokio::test]
async fn what_cannot_be_published_is_refused_with_what_to_do() {
    let hub = TestHub::start().await;
    let image = b"an image";
    let sha256 = Digest::of(image);
    let refused = async |body: Value, status| hub.post("/api/v1/ota/images", body).await.problem(status);
    let document = json!({ "signed": signed("1.4.0", 7, image) });
    assert!(refused(document.clone(), 409).await.contains("0 of 8 bytes"));
    hub.put_part(&sha256, 8, 0, image[..3].to_vec()).await.ok();
    assert!(hub.put_part(&sha256, 8, 4, image[4..].to_vec()).await.problem(409).contains("3 bytes of the upload"));
    assert_eq!(hub.get(&format!("/api/v1/ota/uploads/{sha256}")).await.ok()["have"], 3);
    hub.put_part(&sha256, 8, 3, b"other".to_vec()).await.ok();
    assert!(refused(document.clone(), 422).await.contains("thrown away"));
    assert!(hub.put_part(&sha256, MAX_PART * 2, 0, vec![0; MAX_PART + 1]).await.problem(413).contains("1048576"));
    assert!(hub.put_part(&sha256, 1 << 40, 0, vec![0]).await.problem(422).contains("256 MiB"));
    hub.get("/api/v1/ota/uploads/abc").await.problem(400);
    assert!(refused(json!({}), 422).await.contains("exactly one"));
    assert!(refused(json!({"signed": {"signed": "{}", "signatures": []}}), 422).await.contains("manifest"));
    let plain = json!({"platform": PLATFORM, "version": "1", "size": 8, "sha256": sha256.to_string()});
    assert!(refused(json!({ "plain": plain }), 422).await.contains("signed manifest"));
    hub.publish("1.4.0", 7, image).await;
    hub.upload(b"another!").await;
    let other = json!({ "signed": signed("1.4.0", 8, b"another!") });
    assert!(refused(other, 409).await.contains("another version"));
    let gone = hub.send(Method::DELETE, &format!("/api/v1/ota/images/{PLATFORM}/1.4.0"), Value::Null).await;
    assert_eq!(gone.ok(), json!({"platform": PLATFORM, "version": "1.4.0"}));
    hub.send(Method::DELETE, &format!("/api/v1/ota/images/{PLATFORM}/1.4.0"), Value::Null).await.problem(404);
    hub.stop().await;
}

/// OTA-3, OTA-12
#[tokio::test]
async fn a_rollout_offers_a_deployed_node_its_image_by_an_absolute_address() {
    let hub = TestHub::start().await;
    publish_deployed(&hub, "2.9.0", b"deployed").await;
    let (mut node, welcome) = hub.updatable("02:00:00:00:00:01", "2.8.0").await;
    let (_other, _) = hub.join("02:00:00:00:00:02").await;
    hub.until("/api/v1/nodes", |nodes| nodes.as_array().is_some_and(|nodes| nodes.len() == 2)).await;
    assert_eq!(hub.post("/api/v1/ota/rollout", json!({"version": "2.9.0"})).await.ok()["nodes"], 1);
    let update = node.hear("ota_update").await;
    assert_eq!(
        update,
        json!({"t": "ota_update", "nodeId": welcome["nodeId"], "token": welcome["token"], "version": "2.9.0",
            "url": format!("http://{}/ota/k1/s3/2.9.0.bin", hub.address),
            "sha256": Digest::of(b"deployed").to_string(), "size": 8})
    );
    let shown = hub.get("/api/v1/ota/rollout").await.ok();
    let rollout = &shown["rollout"];
    assert_eq!((&rollout["state"], &rollout["nodes"][0]["state"]), (&json!("running"), &json!("offered")));
    assert_eq!(rollout["left_out"][0]["mac"], "02:00:00:00:00:02");
    assert!(rollout["left_out"][0]["reason"].as_str().unwrap().contains("cannot be updated"), "{rollout}");
    assert_eq!(hub.get("/metrics").await.ok()["ota"], json!({"rolling_update": true, "last_version": null}));
    let in_use = hub.send(Method::DELETE, "/api/v1/ota/images/k1/2.9.0", Value::Null).await.problem(409);
    assert!(in_use.contains("being rolled out"), "{in_use}");
    let again = hub.post("/api/v1/ota/rollout", json!({"version": "2.9.0"})).await.problem(409);
    assert!(again.contains("2.9.0 is being rolled out"), "{again}");

    let status = |state: &str, more: Value| {
        let mut status =
            json!({"t": "ota_status", "nodeId": welcome["nodeId"], "token": welcome["token"], "state": state});
        status.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        status
    };
    node.say(status("DOWNLOADING", json!({"pct": 40}))).await;
    let shown = hub.until("/api/v1/ota/rollout", |shown| shown["rollout"]["nodes"][0]["pct"] == 40).await;
    assert_eq!(shown["rollout"]["nodes"][0]["state"], "downloading");
    node.say(status("ERROR", json!({"error": "no space", "log": "line one\nline two"}))).await;
    let shown = hub.until("/api/v1/ota/rollout", |shown| shown["rollout"]["state"] == "stopped").await;
    let failed = &shown["rollout"]["nodes"][0];
    assert_eq!((&failed["state"], &failed["reason"]), (&json!("failed"), &json!("it says: no space")));
    assert_eq!(failed["log"], "line one\nline two");
    assert!(shown["rollout"]["detail"].as_str().unwrap().contains("untouched"), "{shown}");
    let text = hub.get("/metrics?format=prometheus").await.text;
    assert!(text.contains("cuelight_ota_rollout_stopped 1\n"), "{text}");
    assert!(text.contains("cuelight_ota_rollout_nodes{state=\"failed\"} 1\n"), "{text}");
    assert!(hub.post("/api/v1/ota/rollout/resume", json!({})).await.problem(409).contains("retry"));
    assert!(hub.post("/api/v1/ota/rollout/dance", json!({})).await.problem(404).contains("pass-over"));
    hub.post("/api/v1/ota/rollout/abort", json!({})).await.ok();
    assert_eq!(hub.get("/api/v1/ota/rollout").await.ok()["rollout"]["state"], "aborted");
    hub.stop().await;
}

/// OTA-6, OTA-13
#[tokio::test]
async fn a_rollout_goes_on_on_the_next_hub_and_can_be_taken_back() {
    let hub = TestHub::start().await;
    publish_deployed(&hub, "2.8.0", b"the old one").await;
    publish_deployed(&hub, "2.9.0", b"the new one").await;
    assert!(hub.post("/api/v1/ota/rollback", json!({})).await.problem(409).contains("nothing has been rolled out"));
    let (mut node, _) = hub.updatable("02:00:00:00:00:01", "2.8.0").await;
    hub.until("/api/v1/nodes", |nodes| nodes[0]["state"] == "ready").await;
    hub.post("/api/v1/ota/rollout", json!({"version": "2.9.0", "settle_s": 0})).await.ok();
    node.hear("ota_update").await;
    let folder = hub.stop().await;
    let hub = TestHub::on(folder).await;
    assert_eq!(hub.get("/api/v1/ota/rollout").await.ok()["rollout"]["nodes"][0]["state"], "offered");
    let manifest = hub.fetch("/ota/manifest.json", &[]).await.json();
    assert_eq!(manifest["k1"]["stable"]["version"], "2.9.0");
    // It is back, and on the new version.
    let (mut node, _) = hub.updatable("02:00:00:00:00:01", "2.9.0").await;
    hub.until("/api/v1/ota/rollout", |shown| shown["rollout"]["state"] == "finished").await;
    assert_eq!(hub.get("/metrics").await.ok()["ota"], json!({"rolling_update": false, "last_version": "2.9.0"}));

    hub.post("/api/v1/ota/rollback", json!({"settle_s": 0})).await.ok();
    assert_eq!(node.hear("ota_update").await["version"], "2.8.0");
    let manifest = hub.fetch("/ota/manifest.json", &[]).await.json();
    assert_eq!(manifest["k1"]["stable"]["version"], "2.8.0", "while it is rolled out");
    let shown = hub.get("/api/v1/ota/rollout").await.ok();
    assert_eq!((&shown["past"][0]["version"], &shown["past"][0]["done"]), (&json!("2.9.0"), &json!(1)));
    hub.stop().await;
}

/// OTA-5, CTRL-9
#[tokio::test]
async fn an_armed_show_is_shown_told_and_in_the_way() {
    let hub = TestHub::start().await;
    publish_deployed(&hub, "2.9.0", b"deployed").await;
    let mut node = hub.connect().await;
    let mut cuelight = hello("02:00:00:00:00:01");
    cuelight["ext"] = json!(["full-state", "show-lock"]);
    cuelight["hardware"] = json!("x86_64-linux");
    node.say(cuelight).await;
    assert_eq!(node.hear("show_lock").await["show"], Value::Null);
    let (_deployed, _) = hub.updatable("02:00:00:00:00:02", "2.8.0").await;
    hub.send(Method::PUT, "/api/v1/show/armed", json!({"name": "Friday night"})).await.ok();
    assert_eq!(node.hear("show_lock").await["show"], "Friday night");
    assert_eq!(hub.get("/api/v1/show/armed").await.ok(), json!({"name": "Friday night"}));
    assert_eq!(hub.get("/api/v1/show").await.ok()["armed"], "Friday night");
    assert_eq!(hub.get("/api/v1/nodes").await.ok()[0]["platform"], PLATFORM);
    let refused = hub.post("/api/v1/ota/rollout", json!({"version": "2.9.0"})).await.problem(409);
    assert!(refused.contains("Friday night") && refused.contains("disarm it, or name it"), "{refused}");
    hub.post("/api/v1/ota/rollout", json!({"version": "2.9.0", "in_spite_of": "Friday night"})).await.ok();
    hub.send(Method::DELETE, "/api/v1/show/armed", Value::Null).await.ok();
    assert_eq!(node.hear("show_lock").await["show"], Value::Null);
    for (name, status) in [(String::new(), 422), ("x".repeat(65), 422), (" x".into(), 422)] {
        hub.send(Method::PUT, "/api/v1/show/armed", json!({ "name": name })).await.problem(status);
    }
    hub.stop().await;
}

#[tokio::test]
async fn an_order_that_cannot_be_carried_out_is_refused() {
    let hub = TestHub::start().await;
    publish_deployed(&hub, "2.9.0", b"deployed").await;
    let refused = async |body: Value, status| hub.post("/api/v1/ota/rollout", body).await.problem(status);
    assert!(refused(json!({"version": "3.0.0"}), 404).await.contains("no image of 3.0.0"));
    assert!(refused(json!({"version": "2.9.0"}), 409).await.contains("no nodes"));
    assert!(refused(json!({"version": "2.9.0", "nodes": ["x"]}), 404).await.contains("\"x\" is not known"));
    assert!(refused(json!({"version": "2.9.0", "limit_s": 1}), 422).await.contains("limit_s"));
    assert!(refused(json!({"version": "2.9.0", "limits": 1}), 422).await.contains("limits"));
    let image = hub.folder.path().join("images/k1/2.9.0.bin");
    let folder = hub.stop().await;
    std::fs::write(&image, b"deployeD").unwrap();
    let hub = TestHub::on(folder).await;
    let damaged = hub.post("/api/v1/ota/rollout", json!({"version": "2.9.0"})).await.problem(409);
    assert!(damaged.contains("damaged") && !image.exists(), "{damaged}");
    hub.stop().await;
}
