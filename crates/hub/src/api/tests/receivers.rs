//! A receiver that follows over HTTP, with what the specification writes.

use serde_json::{Value, json};

use crate::testing::{LOCAL, REMOTE, TestHub};
use axum::body::Body;
use axum::http::{Request, header};

async fn register(hub: &TestHub) -> Value {
    let body = json!({"node_id": "node-01", "capabilities": ["dmx_output"], "universes": [1, 2]});
    hub.post("/api/nodes/register", body).await.ok()
}

async fn heartbeat(hub: &TestHub) -> Vec<Value> {
    let metrics = json!({"dmx_fps": 44, "cpu_usage": 15.2});
    let body = json!({"node_id": "node-01", "status": "online", "metrics": metrics});
    hub.post("/api/master/heartbeat", body).await.ok()["commands"].as_array().unwrap().clone()
}

/// ACC-8
#[tokio::test]
async fn a_key_for_some_universes_registers_a_receiver_for_no_other() {
    let hub = TestHub::start().await;
    let made = hub.post("/api/v1/keys", json!({"name": "left", "role": "node", "universes": ["1..2", "7"]})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let key = made.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(hub.get("/api/v1/keys").await.ok()[0]["universes"], json!(["1..2", "7"]));
    let register = async |universes: Value| {
        let body = json!({"node_id": "node-01", "universes": universes}).to_string();
        let request = Request::post("/api/nodes/register").header(header::AUTHORIZATION, format!("Bearer {key}"));
        let request = request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body)).unwrap();
        hub.request(REMOTE, request).await
    };
    let refused = register(json!([1, 3])).await;
    assert!(refused.problem(403).contains("universe 3 is not among those of the key left, which are 1..2, 7"));
    assert!(hub.get("/api/v1/universes").await.ok()["receivers"].as_array().unwrap().is_empty());
    register(json!([7, 1])).await.ok();
    register(json!([])).await.ok();

    let wrong = json!({"name": "desk", "role": "operator", "universes": ["1"]});
    assert!(hub.post("/api/v1/keys", wrong).await.problem(422).contains("role node"));
    let wrong = json!({"name": "left", "role": "node", "universes": ["0"]});
    assert!(hub.post("/api/v1/keys", wrong).await.problem(422).contains("1 to 63999"));
    hub.stop().await;
}

/// RECV-2
#[tokio::test]
async fn a_receiver_registers_gets_its_commands_and_acknowledges_them() {
    let hub = TestHub::start().await;
    hub.post("/api/master/heartbeat", json!({"node_id": "node-01", "status": "online"})).await.problem(404);
    assert_eq!((register(&hub).await["new"].clone(), register(&hub).await["new"].clone()), (json!(true), json!(false)));
    let order = json!({"type": "cue", "cue_id": 1.5, "fade_time": 3.0});
    let ordered = hub.post("/api/nodes/node-01/command", order.clone()).await.ok();
    assert_eq!(ordered["state"], "queued");
    let id = ordered["command_id"].as_str().unwrap();
    let ack = json!({"node_id": "node-01", "command_id": id, "status": "executed"});
    hub.post("/api/master/ack", ack.clone()).await.problem(404);

    let commands = heartbeat(&hub).await;
    assert_eq!((&commands[0]["command_id"], &commands[0]["command"]), (&json!(id), &order));
    assert_eq!((&commands[0]["attempt"], commands.len()), (&json!(1), 1));
    assert!(commands[0]["age_ms"].as_i64().unwrap() >= 0);
    assert!(heartbeat(&hub).await.is_empty(), "it was just given out");
    assert_eq!(hub.post("/api/master/ack", ack.clone()).await.ok()["state"], "executed");
    hub.post("/api/master/ack", ack).await.problem(404);

    let status = hub.get("/api/nodes/node-01/status").await.ok();
    assert_eq!(
        (&status["online"], &status["dmx_fps"], &status["cpu_usage"]),
        (&json!(true), &json!(44.0), &json!(15.2))
    );
    assert!(status["last_heartbeat"].as_str().is_some_and(|at| at.ends_with('Z')) && status["degraded"].is_null());
    let log = hub.get("/api/v1/commands").await.ok();
    assert_eq!((&log[0]["command_id"], &log[0]["state"]), (&json!(id), &json!("executed")));
    hub.stop().await;
}

/// RECV-3, RECV-4
#[tokio::test]
async fn a_command_that_fails_four_times_is_an_alert_and_the_receiver_is_degraded_until_it_carries_one_out() {
    let hub = TestHub::start().await;
    register(&hub).await;
    let order = json!({"type": "media", "name": "film.mp4", "action": "play"});
    let id = hub.post("/api/nodes/node-01/command", order).await.ok()["command_id"].clone();
    for state in ["queued", "queued", "queued", "failed"] {
        assert_eq!(heartbeat(&hub).await.len(), 1);
        let ack = json!({"node_id": "node-01", "command_id": id, "status": "failed", "error": "no such file"});
        assert_eq!(hub.post("/api/master/ack", ack).await.ok()["state"], state);
    }
    assert!(heartbeat(&hub).await.is_empty());
    let status = hub.get("/api/nodes/node-01/status").await.ok();
    assert!(status["degraded"].as_str().is_some_and(|why| why.contains("no such file")), "{status}");
    let told = hub.shared.events.after(hub.shared.events.newest() - 1);
    let crate::events::Next::Event(event) = told else { panic!("{told:?}") };
    assert!(event.kind == "alert" && event.text.contains("no such file"), "{event:?}");

    let id = hub.post("/api/nodes/node-01/command", json!({"type": "clear"})).await.ok()["command_id"].clone();
    heartbeat(&hub).await;
    let ack = json!({"node_id": "node-01", "command_id": id, "status": "executed"});
    hub.post("/api/master/ack", ack).await.ok();
    assert!(hub.get("/api/nodes/node-01/status").await.ok()["degraded"].is_null());
    hub.stop().await;
}

/// RECV-4, RECV-5: without anybody asking, what time brings about is told.
#[tokio::test]
async fn a_receiver_that_is_silent_is_lost_and_its_commands_fail() {
    use cuelight_wire::time::Span;
    let hub = TestHub::start().await;
    register(&hub).await;
    heartbeat(&hub).await;
    hub.post("/api/nodes/node-01/command", json!({"type": "clear"})).await.ok();
    let newest = hub.shared.events.newest();
    let later = hub.shared.clock.now() + Span::from_s(11);
    hub.shared.receivers.handle_timeout(&hub.shared.snapshot.load(), later);
    let status = hub.get("/api/nodes/node-01/status").await.ok();
    assert_eq!((&status["online"], &status["pending_commands"]), (&json!(false), &json!(0)));
    assert!(status["degraded"].as_str().is_some_and(|why| why.contains("10 s")), "{status}");
    let kinds: Vec<_> = (newest..hub.shared.events.newest())
        .filter_map(|number| match hub.shared.events.after(number) {
            crate::events::Next::Event(event) => Some(event.kind),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, ["receiver.lost", "alert"]);
    hub.stop().await;
}

/// RECV-6
#[tokio::test]
async fn a_node_of_the_show_network_is_commanded_by_the_stream() {
    let hub = TestHub::start().await;
    let (_node, _) = hub.join("02:00:00:00:00:11").await;
    hub.refresh().await;
    let ordered =
        hub.post("/api/nodes/1/command", json!({"type": "intensity", "level": 77, "fade_time": 0.5})).await.ok();
    assert!(ordered["state"] == "sent" && ordered["apply_at_us"].is_i64());
    let scene = hub.get("/api/v1/scene?scope=node:1").await.ok();
    assert_eq!((&scene["brightness"], &scene["fade_ms"]), (&json!(77), &json!(500)));
    hub.post("/api/nodes/1/command", json!({"type": "clear"})).await.problem(422);
    hub.post("/api/nodes/nobody/command", json!({"type": "clear"})).await.problem(404);
    // It says nothing any more.
    let later = hub.shared.clock.now() + cuelight_wire::time::Span::from_s(11);
    hub.shared.receivers.handle_timeout(&hub.shared.snapshot.load(), later);
    assert_eq!(hub.get("/api/v1/commands").await.ok()[0]["state"], "failed");
    assert!(hub.get("/api/nodes/1/status").await.ok()["degraded"].is_string());
    hub.stop().await;
}

/// RECV-7
#[tokio::test]
async fn a_cue_for_a_node_of_the_show_network_is_gone_to_in_the_first_list_that_has_it() {
    let hub = TestHub::start().await;
    let (_node, _) = hub.join("02:00:00:00:00:11").await;
    hub.refresh().await;
    let cue = |cue_id: f64| json!({"type": "cue", "cue_id": cue_id, "fade_time": 3.0});
    let none = hub.post("/api/nodes/1/command", cue(1.5)).await.problem(404);
    assert!(none.contains("no show is loaded"), "{none}");
    let show = "show-file = 1\n[[list]]\nnumber = 1\n[[list.cue]]\nnumber = 1\n[[list]]\nnumber = 7\n\
                [[list.cue]]\nnumber = 1\n[[list.cue]]\nnumber = 1.5\nfade = \"9s\"\n\
                [[list.cue.set]]\nslots = [\"1.1\"]\nlevel = 80\n";
    let put = Request::put("/api/v1/show/file").header(header::CONTENT_TYPE, "application/toml");
    hub.request(LOCAL, put.body(Body::from(show)).unwrap()).await.ok();

    let ordered = hub.post("/api/nodes/1/command", cue(1.5)).await.ok();
    assert!(ordered["state"] == "sent" && ordered["apply_at_us"].is_i64(), "{ordered}");
    let lists = hub.get("/api/v1/cues").await.ok()["lists"].clone();
    assert_eq!((&lists[0]["current"], &lists[1]["current"]["cue"]), (&Value::Null, &json!("1.5")));
    assert_eq!(lists[1]["since_us"], ordered["apply_at_us"]);
    // Three seconds in place of its own nine.
    assert!(lists[1]["remaining_ms"].as_i64().is_some_and(|ms| ms > 0 && ms <= 3_500), "{lists}");
    assert_eq!(hub.get("/api/v1/commands").await.ok()[0]["command_id"], ordered["command_id"]);

    hub.post("/api/nodes/1/command", cue(1.0)).await.ok();
    assert_eq!(hub.get("/api/v1/cues").await.ok()["lists"][0]["current"]["cue"], "1");
    hub.post("/api/nodes/1/command", cue(9.0)).await.problem(404);
    hub.post("/api/nodes/1/command", cue(0.0)).await.problem(422);
    hub.stop().await;
}

/// RECV-1
#[tokio::test]
async fn receivers_of_other_machines_need_the_key_and_odd_names_are_refused() {
    let hub = TestHub::start().await;
    for (path, body) in [
        ("/api/nodes/register", json!({"node_id": "node-01"})),
        ("/api/nodes/node-01/command", json!({"type": "clear"})),
        ("/api/master/heartbeat", json!({"node_id": "node-01", "status": "online"})),
        ("/api/master/ack", json!({"node_id": "node-01", "command_id": "x", "status": "executed"})),
    ] {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        let request = request.header(header::HOST, "hub.lan").body(Body::from(body.to_string())).unwrap();
        hub.request(REMOTE, request).await.problem(401);
    }
    for wrong in [
        json!({"node_id": ""}),
        json!({"node_id": "a b"}),
        json!({"node_id": "x".repeat(65)}),
        json!({"node_id": "a", "universes": [0]}),
        json!({"node_id": "a", "capabilities": vec!["x"; 33]}),
    ] {
        hub.post("/api/nodes/register", wrong).await.problem(422);
    }
    // The same request with the same key is answered and not carried out again.
    register(&hub).await;
    let once = || {
        let request = Request::post("/api/nodes/node-01/command").header(header::CONTENT_TYPE, "application/json");
        request.header("Idempotency-Key", "k1").body(Body::from(r#"{"type":"clear"}"#)).unwrap()
    };
    let first = hub.request(LOCAL, once()).await.ok();
    assert_eq!(hub.request(LOCAL, once()).await.ok(), first);
    assert_eq!(heartbeat(&hub).await.len(), 1);
    // A key that is none is refused wherever one is taken.
    for path in ["/api/v1/live/tickets", "/api/nodes/node-01/command"] {
        let odd = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        let odd = odd.header("Idempotency-Key", "two words").body(Body::from(r#"{"type":"clear"}"#)).unwrap();
        assert!(hub.request(LOCAL, odd).await.problem(400).contains("visible ASCII"), "{path}");
    }
    hub.stop().await;
}
