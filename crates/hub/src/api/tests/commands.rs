//! Scenes, parameters, zones, levels, tempo: right and wrong bodies.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

use crate::testing::{LOCAL, Reply, TestHub};

async fn keyed(hub: &TestHub, key: &str, path: &str, body: Value) -> Reply {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json").header("Idempotency-Key", key);
    hub.request(LOCAL, request.body(Body::from(body.to_string())).unwrap()).await
}

/// HUB-10
#[tokio::test]
async fn whoever_has_an_answer_finds_its_effect() {
    let hub = TestHub::start().await;
    let answer = hub.post("/api/v1/scene", json!({"effect": "fire", "palette": "lava", "speed": 7})).await.ok();
    assert_eq!(answer["repeated"], false);
    assert!(answer["apply_at_us"].as_i64().unwrap() > 0);
    let scene = hub.scene().await;
    assert_eq!((&scene["effect"], &scene["palette"], &scene["speed"]), (&json!("fire"), &json!("lava"), &json!(7)));
    assert_eq!((&scene["rev"], &scene["apply_at_us"]), (&answer["rev"], &answer["apply_at_us"]));

    // What is left out stays, and numbers do as well as names.
    let (effect, palette) = (scene["effect_id"].clone(), scene["palette_id"].clone());
    hub.post("/api/v1/scene", json!({"effect": "solid"})).await.ok();
    hub.post("/api/v1/scene", json!({"effect": effect, "palette": palette, "fade_ms": 250})).await.ok();
    let again = hub.scene().await;
    assert_eq!((&again["effect"], &again["speed"], &again["fade_ms"]), (&json!("fire"), &json!(7), &json!(250)));
    hub.stop().await;
}

#[tokio::test]
async fn colours_seed_and_presets_make_a_scene() {
    let hub = TestHub::start().await;
    let preset = hub.get("/api/v1/presets").await.ok()[0].clone();
    let colors = json!(["#ff9329", "#000000", "#0A0b0C"]);
    hub.post("/api/v1/scene", json!({"preset": preset["name"], "colors": colors, "seed": 9})).await.ok();
    let scene = hub.scene().await;
    assert_eq!((&scene["effect"], &scene["palette"]), (&preset["effect"], &preset["palette"]));
    assert_eq!((&scene["colors"], &scene["seed"]), (&json!(["#ff9329", "#000000", "#0a0b0c"]), &json!(9)));
    hub.stop().await;
}

#[tokio::test]
async fn parameters_change_what_they_name() {
    let hub = TestHub::start().await;
    let given = json!({"brightness": 1, "speed": 2, "hue": 65535, "intensity": 3, "saturation": 4, "complexity": 5,
        "variation": 6, "palette": "lava", "fade_ms": 10});
    hub.post("/api/v1/parameters", given.clone()).await.ok();
    let scene = hub.scene().await;
    for (name, value) in given.as_object().unwrap() {
        assert_eq!(&scene[name], value, "{name}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn zones_are_replaced_and_switched_off() {
    let hub = TestHub::start().await;
    hub.post("/api/v1/scene", json!({"effect": "wave", "speed": 33})).await.ok();
    let zones =
        json!([{"id": 2, "effect": "solid", "blend": "add", "from": 128, "to": 255}, {"id": 0, "from": 0, "to": 127}]);
    hub.post("/api/v1/zones", json!({ "zones": zones })).await.ok();
    let zones = hub.scene().await["zones"].clone();
    assert_eq!(zones.as_array().unwrap().len(), 2);
    assert_eq!((&zones[0]["id"], &zones[0]["effect"], &zones[0]["speed"]), (&json!(0), &json!("wave"), &json!(33)));
    assert_eq!((&zones[1]["effect"], &zones[1]["blend"]), (&json!("solid"), &json!("add")));
    hub.post("/api/v1/zones", json!({"zones": []})).await.ok();
    assert_eq!(hub.scene().await["zones"], json!([]));

    let zone = |id: u8| json!({"id": id, "from": 0, "to": 9});
    for wrong in [vec![zone(1), zone(1)], vec![zone(4)], (0..5).map(zone).collect()] {
        hub.post("/api/v1/zones", json!({ "zones": wrong })).await.problem(422);
    }
    hub.stop().await;
}

#[tokio::test]
async fn levels_and_tempo_are_set() {
    let hub = TestHub::start().await;
    hub.post("/api/v1/blackout", json!({"on": true})).await.ok();
    hub.post("/api/v1/master", json!({"level": 17})).await.ok();
    let answer = hub.post("/api/v1/tempo", json!({"bpm": 120.5, "beats_per_bar": 3})).await.ok();
    for body in [json!({"tap": true}), json!({"downbeat": true})] {
        hub.post("/api/v1/tempo", body).await.ok();
    }
    // They hold from their applyAt on: the show tells what is in force.
    assert!(answer["rev"].as_u64().unwrap() >= 3);
    let saved = hub.stop().await;
    let hub = TestHub::on(saved).await;
    let mut show = hub.get("/api/v1/show").await.ok();
    while show["master"]["level"] != 17 {
        tokio::task::yield_now().await;
        show = hub.get("/api/v1/show").await.ok();
    }
    assert_eq!(show["master"], json!({"level": 17, "blackout": true}));
    assert_eq!((&show["tempo"]["bpm"], &show["tempo"]["beats_per_bar"]), (&json!(120.5), &json!(3)));
    hub.stop().await;
}

/// HUB-5
#[tokio::test]
async fn wrong_values_are_422_and_say_which() {
    let hub = TestHub::start().await;
    for (path, body, says) in [
        ("scene", json!({"effect": "no-such"}), "GET /api/v1/effects"),
        ("scene", json!({"effect": 60000}), "60000"),
        ("scene", json!({"palette": "no-such"}), "GET /api/v1/palettes"),
        ("scene", json!({"preset": "no-such"}), "GET /api/v1/presets"),
        ("scene", json!({"colors": ["#ff9329", "#123", "#000000"]}), "a colour like"),
        ("scene", json!({"colors": ["#ff9329"]}), "colors"),
        ("scene", json!({"brightness": 256}), "brightness"),
        ("scene", json!({"brighness": 1}), "brighness"),
        ("scene", json!({"scope": "everyone"}), "group:NAME"),
        ("scene", json!({"scope": "group:"}), "name"),
        ("scene", json!({"fade_ms": 3_600_001}), "fade"),
        ("parameters", json!({"effect": "fire"}), "effect"),
        ("blackout", json!({}), "on"),
        ("master", json!({"level": -1}), "level"),
        ("master", json!({"level": 256}), "level"),
        ("tempo", json!({}), "exactly one"),
        ("tempo", json!({"bpm": 120, "tap": true}), "exactly one"),
        ("tempo", json!({"bpm": 5}), "20"),
        ("tempo", json!({"bpm": 1e300}), "20"),
        ("tempo", json!({"beats_per_bar": 0}), "beat"),
    ] {
        let detail = hub.post(&format!("/api/v1/{path}"), body.clone()).await.problem(422);
        assert!(detail.contains(says), "{path} {body}: {detail}");
    }
    for (path, body) in [("scene", json!({"scope": "group:none"})), ("zones", json!({"scope": "node:9", "zones": []}))]
    {
        hub.post(&format!("/api/v1/{path}"), body).await.problem(404);
    }
    assert_eq!(hub.scene().await["rev"], 0, "nothing has changed");
    hub.stop().await;
}

/// HUB-10
#[tokio::test]
async fn a_command_repeated_with_its_key_is_answered_and_not_carried_out_again() {
    let hub = TestHub::start().await;
    let path = "/api/v1/scene";
    let first =
        keyed(&hub, "k-1", path, json!({"effect": "fire", "colors": ["#000001", "#000002", "#000003"]})).await.ok();
    hub.post(path, json!({"effect": "solid", "speed": 3})).await.ok();
    // The scene has changed meanwhile; the same request is the same command all the same.
    let again =
        keyed(&hub, "k-1", path, json!({"effect": "fire", "colors": ["#000001", "#000002", "#000003"]})).await.ok();
    assert_eq!((&again["rev"], &again["apply_at_us"]), (&first["rev"], &first["apply_at_us"]));
    assert_eq!((&first["repeated"], &again["repeated"]), (&json!(false), &json!(true)));
    assert_eq!(hub.scene().await["effect"], "solid");

    keyed(&hub, "k-1", path, json!({"effect": "wave"})).await.problem(409);
    keyed(&hub, "k-1", "/api/v1/blackout", json!({"on": true})).await.problem(409);
    for wrong in ["", "two words", &"x".repeat(65), "naïve"] {
        keyed(&hub, wrong, path, json!({"effect": "wave"})).await.problem(400);
    }
    hub.stop().await;
}
