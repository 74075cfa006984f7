//! Live views and pictures, over a WebSocket to a whole hub.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Method, Request, header};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::cues::SHOW;
use crate::testing::{LOCAL, REMOTE, TestHub, hello};

/// Somebody who watches.
struct Watcher {
    socket: WebSocketStream<TcpStream>,
    /// Of each view the number of the state and the state.
    views: BTreeMap<String, (u64, Value)>,
}

impl Watcher {
    async fn of(hub: &TestHub) -> Self {
        let stream = TcpStream::connect(hub.address).await.unwrap();
        let url = format!("ws://{}/api/v1/live", hub.address);
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
        Self { socket, views: BTreeMap::new() }
    }
    async fn say(&mut self, what: &Value) {
        self.socket.send(Message::text(what.to_string())).await.unwrap();
    }
    async fn subscribe(&mut self, view: &str) {
        self.say(&json!({"t": "subscribe", "view": view})).await;
    }
    /// The next text message that is no pulse.
    async fn hear(&mut self) -> Value {
        loop {
            let Message::Text(text) = self.socket.next().await.unwrap().unwrap() else { continue };
            let message: Value = serde_json::from_str(text.as_str()).unwrap();
            if message["t"] != "pulse" {
                return message;
            }
        }
    }
    async fn picture(&mut self) -> Picture {
        loop {
            if let Message::Binary(bytes) = self.socket.next().await.unwrap().unwrap() {
                return Picture::read(&bytes);
            }
        }
    }
    /// The state of a view, kept up to date until it is as wanted; with its number.
    async fn until(&mut self, view: &str, is: impl Fn(&Value) -> bool) -> (u64, Value) {
        loop {
            let message = self.hear().await;
            let (of, number) = (message["view"].as_str().unwrap().to_owned(), message["number"].as_u64().unwrap());
            let state = match message["t"].as_str().unwrap() {
                "snapshot" => message["state"].clone(),
                "delta" => {
                    let (before, state) = self.views.remove(&of).expect("the whole state comes first");
                    assert_eq!(before + 1, number, "a change of another state");
                    applied(state, &message["patch"])
                }
                other => panic!("{other}"),
            };
            self.views.insert(of.clone(), (number, state.clone()));
            if of == view && is(&state) {
                return (number, state);
            }
        }
    }
}

/// RFC 7396, section 2.
fn applied(target: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut target = if let Value::Object(target) = target { target } else { Default::default() };
    for (key, value) in patch {
        match value {
            Value::Null => drop(target.remove(key)),
            value => {
                let old = target.remove(key).unwrap_or_default();
                target.insert(key.clone(), applied(old, value));
            }
        }
    }
    Value::Object(target)
}

/// A picture, read as `docs/api/live.md` says.
#[derive(Debug)]
struct Picture {
    count: u32,
    show_us: i64,
    now_us: i64,
    nodes: Vec<(u16, u32, u32, Vec<[u8; 3]>)>,
    /// Pixels in a row, of each node.
    columns: Vec<usize>,
}

impl Picture {
    fn read(bytes: &[u8]) -> Self {
        let u16_at = |at: usize| u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap());
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let i64_at = |at: usize| i64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        assert_eq!(bytes[..2], [1, 2]);
        let (mut at, mut nodes, mut rows) = (24, Vec::new(), Vec::new());
        for _ in 0..u16_at(2) {
            let (id, pixels, columns) = (u16_at(at), usize::from(u16_at(at + 2)), usize::from(u16_at(at + 4)));
            let (leds, rev) = (u32_at(at + 6), u32_at(at + 10));
            assert!(pixels.is_multiple_of(columns), "{pixels} in rows of {columns}");
            at += 14;
            let colors = bytes[at..at + 3 * pixels].chunks(3).map(|rgb| rgb.try_into().unwrap()).collect();
            at += 3 * pixels;
            nodes.push((id, leds, rev, colors));
            rows.push(columns);
        }
        assert_eq!(at, bytes.len());
        Self { count: u32_at(4), show_us: i64_at(8), now_us: i64_at(16), nodes, columns: rows }
    }
}

/// LIVE-2
#[tokio::test]
async fn cue_lists_universes_and_their_levels_are_told_as_they_change() {
    let hub = TestHub::start().await;
    let mut watcher = Watcher::of(&hub).await;
    for view in ["cues", "universes", "universe/1", "universe/9"] {
        watcher.subscribe(view).await;
    }
    watcher.until("universe/9", |state| *state == json!({})).await;
    let show = Request::put("/api/v1/show/file").header(header::CONTENT_TYPE, "application/toml");
    hub.request(LOCAL, show.body(Body::from(SHOW)).unwrap()).await.ok();
    watcher.until("universes", |state| state["show"] == json!(["1..2"])).await;
    hub.post("/api/v1/cues/1/goto", json!({"cue": "2"})).await.ok();
    let (_, cues) = watcher.until("cues", |state| state["lists"][0]["current"]["cue"] == "2").await;
    assert_eq!((&cues["show"]["label"], cues.get("show_us")), (&json!("Two"), None));
    // Slot 13 of universe 1 is at half.
    let is_half = |state: &Value| state["levels"].as_str().is_some_and(|levels| matches!(&levels[24..26], "7f" | "80"));
    watcher.until("universe/1", is_half).await;
    hub.stop().await;
}

/// LIVE-2
#[tokio::test]
async fn a_watcher_has_the_state_and_keeps_it_by_what_changes() {
    let hub = TestHub::start().await;
    let mut watcher = Watcher::of(&hub).await;
    watcher.subscribe("show").await;
    let (_, state) = watcher.until("show", |_| true).await;
    assert_eq!(state["master"], json!({"level": 255, "blackout": false}));
    hub.post("/api/v1/blackout", json!({"on": true})).await.ok();
    hub.post("/api/v1/master", json!({"level": 7})).await.ok();
    hub.post("/api/v1/scene", json!({"effect": "fire"})).await.ok();
    let is_there =
        |state: &Value| state["master"] == json!({"level": 7, "blackout": true}) && state["scene"]["effect"] == "fire";
    let (number, state) = watcher.until("show", is_there).await;
    // Whoever asks again has the same from one message.
    watcher.subscribe("show").await;
    watcher.views.clear();
    let whole = loop {
        let message = watcher.hear().await;
        if message["t"] == "snapshot" {
            break message;
        }
    };
    assert!(whole["number"].as_u64().unwrap() >= number);
    for field in ["master", "scene", "tempo", "groups", "boot_id"] {
        assert_eq!(whole["state"][field], state[field], "{field}");
    }
    watcher.say(&json!({"t": "unsubscribe", "view": "show"})).await;
    hub.stop().await;
}

/// LIVE-2, LIVE-4
#[tokio::test]
async fn nodes_come_go_and_change_in_the_view_of_all_and_in_their_own() {
    let hub = TestHub::start().await;
    let (_node, welcome) = hub.join("02:00:00:00:00:11").await;
    let id = welcome["node_id"].as_u64().or(welcome["nodeId"].as_u64()).unwrap().to_string();
    let mut watcher = Watcher::of(&hub).await;
    watcher.subscribe("nodes").await;
    let (_, state) = watcher.until("nodes", |state| state["nodes"][&id]["mac"] == "02:00:00:00:00:11").await;
    let node = state["nodes"][&id].as_object().unwrap();
    assert!(node["seen_us"].is_i64() && !node.contains_key("last_seen_ms") && !node.contains_key("packets"));
    assert!(!node.contains_key("name"), "what is null is left out");
    hub.send(Method::PATCH, &format!("/api/v1/nodes/{id}"), json!({"name": "bike"})).await.ok();
    watcher.say(&json!({"t": "unsubscribe", "view": "nodes"})).await;
    watcher.subscribe(&format!("node/{id}")).await;
    let (_, state) = watcher.until(&format!("node/{id}"), |state| state["name"] == "bike").await;
    assert!(state["scene"]["effect"].is_string() && state["packets"].is_u64());
    watcher.subscribe("node/999").await;
    assert_eq!(watcher.until("node/999", |_| true).await.1, json!({}));
    hub.stop().await;
}

/// LIVE-5
#[tokio::test]
async fn pictures_show_what_the_nodes_show_at_the_show_time_they_carry() {
    let hub = TestHub::start().await;
    let (_first, _) = hub.join("02:00:00:00:00:11").await;
    let (_second, _) = hub.join("02:00:00:00:00:12").await;
    hub.put_group("right", &["02:00:00:00:00:12"]).await;
    let color = |scope: &str, color: &str| json!({"scope": scope, "effect": "solid", "brightness": 255, "intensity": 0, "colors": [color, "#000000", "#000000"]});
    hub.post("/api/v1/scene", color("show", "#ff0000")).await.ok();
    hub.post("/api/v1/scene", color("group:right", "#0000ff")).await.ok();
    let mut watcher = Watcher::of(&hub).await;
    watcher.say(&json!({"t": "subscribe", "view": "previews", "pixels": 50})).await;
    let (red, blue) = (vec![[255, 0, 0]; 50], vec![[0, 0, 255]; 50]);
    let picture = loop {
        let picture = watcher.picture().await;
        if picture.nodes.iter().map(|(.., pixels)| pixels).eq([&red, &blue]) {
            break picture;
        }
    };
    assert!(picture.nodes.iter().all(|(id, leds, rev, _)| *id > 0 && *leds == 320 && *rev > 0), "{picture:?}");
    let (show_us, now_us, count) = (picture.show_us, picture.now_us, picture.count);
    let next = watcher.picture().await;
    assert!(next.show_us > show_us && next.now_us > now_us && next.count == count + 1);
    // One node alone, with as many pixels as it has.
    let id = picture.nodes[1].0;
    watcher.say(&json!({"t": "subscribe", "view": "previews", "nodes": [id, 999]})).await;
    let alone = loop {
        let picture = watcher.picture().await;
        if picture.nodes.len() == 1 {
            break picture;
        }
    };
    assert_eq!((alone.nodes[0].0, alone.nodes[0].3.len()), (id, 320));
    hub.post("/api/v1/blackout", json!({"on": true})).await.ok();
    while watcher.picture().await.nodes[0].3.iter().any(|rgb| *rgb != [0; 3]) {}
    hub.stop().await;
}

/// LIVE-5
#[tokio::test]
async fn a_matrix_is_drawn_in_rows_and_keeps_its_shape_where_there_are_few_pixels() {
    let hub = TestHub::start().await;
    let mut wall = hub.connect().await;
    let mut words = hello("02:00:00:00:00:11");
    words["geometry"] = json!("matrix:20x16:serpentine");
    wall.say(words).await;
    wall.hear("welcome").await;
    let (_strip, _) = hub.join("02:00:00:00:00:12").await;
    hub.until("/api/v1/nodes", |nodes| nodes[0]["geometry"] == "matrix:20x16:serpentine").await;
    let mut watcher = Watcher::of(&hub).await;
    for (pixels, columns, lengths) in [(1000, [20, 320], [320, 320]), (80, [10, 80], [80, 80]), (3, [1, 3], [1, 3])] {
        watcher.say(&json!({"t": "subscribe", "view": "previews", "pixels": pixels})).await;
        let lengths_of = |picture: &Picture| picture.nodes.iter().map(|(.., pixels)| pixels.len()).collect::<Vec<_>>();
        let picture = loop {
            let picture = watcher.picture().await;
            if lengths_of(&picture) == lengths {
                break picture;
            }
        };
        assert_eq!(picture.columns, columns, "{pixels}");
    }
    hub.stop().await;
}

/// LIVE-6
#[tokio::test]
async fn what_is_not_understood_is_answered_and_the_connection_goes_on() {
    let hub = TestHub::start().await;
    let mut watcher = Watcher::of(&hub).await;
    for wrong in [
        json!({"t": "subscribe", "view": "lasers"}),
        json!({"t": "subscribe", "view": "node/x"}),
        json!({"t": "subscribe", "view": "show", "nodes": [1]}),
        json!({"t": "subscribe", "view": "show", "more": 1}),
        json!({"t": "dance"}),
        json!([]),
    ] {
        watcher.say(&wrong).await;
        let answer = watcher.hear().await;
        assert!(answer["t"] == "error" && answer["detail"].as_str().unwrap().len() > 10, "{wrong} {answer}");
    }
    for node in 0..32 {
        watcher.subscribe(&format!("node/{node}")).await;
    }
    watcher.subscribe("show").await;
    while watcher.hear().await["detail"].as_str().is_none_or(|detail| !detail.contains("at most 32")) {}
    hub.stop().await;
}

/// LIVE-6
#[tokio::test]
async fn a_flood_of_messages_ends_the_connection_and_a_hub_that_stops_says_so() {
    let hub = TestHub::start().await;
    let mut flood = Watcher::of(&hub).await;
    let end = loop {
        // The other end may close while this one still sends.
        let _ = flood.socket.send(Message::text("{}")).await;
        match flood.socket.next().await {
            Some(Ok(Message::Close(frame))) => break frame,
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(end.unwrap().reason.as_str(), "too many messages");
    let mut watcher = Watcher::of(&hub).await;
    watcher.subscribe("show").await;
    watcher.hear().await;
    let stopped = tokio::spawn(hub.stop());
    let reason = loop {
        if let Message::Close(frame) = watcher.socket.next().await.unwrap().unwrap() {
            break frame.unwrap().reason;
        }
    };
    assert_eq!(reason.as_str(), "the hub stops");
    drop(stopped.await.unwrap());
}

/// LIVE-7, HUB-3
#[tokio::test]
async fn from_another_machine_it_takes_the_key_or_a_ticket_and_no_foreign_page_opens_it() {
    let hub = TestHub::start().await;
    let ask = |path: String| Request::get(path).header(header::HOST, "hub.lan").body(Body::empty()).unwrap();
    hub.request(REMOTE, ask("/api/v1/live".into())).await.problem(401);
    hub.request(REMOTE, ask("/api/v1/live?ticket=guess".into())).await.problem(401);
    let given = hub.post("/api/v1/live/tickets", json!({})).await.ok();
    let path = format!("/api/v1/live?ticket={}", given["ticket"].as_str().unwrap());
    // It lets in; that this is no WebSocket is another matter.
    hub.request(REMOTE, ask(path.clone())).await.problem(400);
    hub.request(REMOTE, ask(path)).await.problem(401);

    let mut foreign = format!("ws://{}/api/v1/live", hub.address).into_client_request().unwrap();
    foreign.headers_mut().insert(header::ORIGIN, "http://evil.example".parse().unwrap());
    let stream = TcpStream::connect(hub.address).await.unwrap();
    let refused = tokio_tungstenite::client_async(foreign, stream).await.unwrap_err();
    assert!(refused.to_string().contains("403"), "{refused}");
    hub.stop().await;
}

/// The messages of the documentation are those of the hub.
#[tokio::test]
async fn the_examples_of_the_documentation_are_messages_of_the_hub() {
    let text = include_str!("../../../../../docs/api/live.md");
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("json\n"));
    let examples: Vec<Value> = blocks.map(|block| serde_json::from_str(block).expect(block)).collect();
    let (said, heard): (Vec<&Value>, Vec<&Value>) =
        examples.iter().partition(|example| ["subscribe", "unsubscribe"].map(Some).contains(&example["t"].as_str()));
    assert!(said.len() >= 4 && heard.len() >= 5, "{} {}", said.len(), heard.len());

    let hub = TestHub::start().await;
    let (_node, _) = hub.join("02:00:00:00:00:11").await;
    let mut watcher = Watcher::of(&hub).await;
    for example in said {
        watcher.say(example).await;
    }
    watcher.say(&json!({"t": "subscribe", "view": "lasers"})).await;
    for view in ["show", "nodes", "node/1"] {
        watcher.subscribe(view).await;
    }
    let mut open: Vec<&Value> = heard;
    let (mut errors, mut messages) = (0, 0);
    while !open.is_empty() {
        messages += 1;
        assert!(messages < 500, "nothing is like {open:#?}");
        let Message::Text(text) = watcher.socket.next().await.unwrap().unwrap() else { continue };
        let message: Value = serde_json::from_str(text.as_str()).unwrap();
        errors += usize::from(message["t"] == "error");
        open.retain(|example| !is_of_a_kind(example, &message));
        // Something changes once the nodes were seen as they were.
        if message["view"] == "show" && open.iter().all(|example| example["t"] != "snapshot") {
            let name = json!({"name": format!("n{}", message["number"])});
            hub.send(Method::PATCH, "/api/v1/nodes/1", name).await.ok();
        }
        // It is quiet when nothing is watched.
        if open.iter().all(|example| example["t"] == "pulse") {
            for view in ["show", "nodes", "node/1", "previews"] {
                watcher.say(&json!({"t": "unsubscribe", "view": view})).await;
            }
        }
    }
    assert_eq!(errors, 1, "an example was refused");
    hub.stop().await;
}

/// Whether a message has the kind, the view and the fields of an example. Of a change the example shows some fields.
fn is_of_a_kind(example: &Value, message: &Value) -> bool {
    let keys =
        |value: &Value| value.as_object().map(|o| o.keys().cloned().collect::<BTreeSet<_>>()).unwrap_or_default();
    let (kind, state) = (&example["t"], &example["state"]);
    if kind != &message["t"] || example["view"] != message["view"] || keys(example) != keys(message) {
        return false;
    }
    match &example["view"] {
        Value::String(view) if kind == "snapshot" && view == "nodes" => {
            let nodes = |value: &Value| value["state"]["nodes"].as_object().and_then(|o| o.values().next().map(keys));
            nodes(message) == nodes(example)
        }
        Value::String(_) if kind == "snapshot" => keys(state) == keys(&message["state"]),
        _ => true,
    }
}
