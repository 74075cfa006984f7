//! A show over the API: from a file to levels, edits that go on with what runs, and what is refused with which words.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};

use crate::testing::{LOCAL, REMOTE, Reply, TestHub};

pub(super) const SHOW: &str = r#"show-file = 1
label = "Two"
[[fixture-type]]
name = "Dimmer"
[[fixture-type.mode]]
name = "Standard"
channels = [{ attribute = "Dimmer", slots = [1] }]
[[fixture]]
number = 7
label = "Front"
type = "Dimmer"
mode = "Standard"
address = ["2.10"]
[[list]]
number = 1
label = "Main"
[[list.cue]]
number = 1
label = "On"
fade = "60m"
[[list.cue.set]]
slots = ["1.12"]
level = 80
[[list.cue.set]]
fixtures = [7]
levels = { Dimmer = 100 }
[[list.cue]]
number = 2
[[list.cue.set]]
slots = ["1.13"]
level = 50
"#;

async fn put(hub: &TestHub, peer: &str, text: &str, query: &str) -> Reply {
    let request = Request::put(format!("/api/v1/show/file{query}")).header(header::CONTENT_TYPE, "application/toml");
    hub.request(peer, request.body(Body::from(text.to_owned())).unwrap()).await
}

async fn loaded() -> TestHub {
    let hub = TestHub::start().await;
    put(&hub, LOCAL, SHOW, "").await.ok();
    hub
}

async fn current(hub: &TestHub) -> Value {
    hub.get("/api/v1/cues").await.ok()["lists"][0]["current"]["cue"].clone()
}

#[tokio::test]
async fn a_show_is_loaded_played_shown_and_given_back() {
    let hub = loaded().await;
    assert_eq!(hub.get("/api/v1/show/file").await.text, SHOW);
    let shown = hub.get("/api/v1/cues").await.ok();
    assert_eq!((&shown["show"]["label"], &shown["show"]["universes"]), (&json!("Two"), &json!(2)));
    assert_eq!((&shown["lists"][0]["current"], &shown["lists"][0]["next"]["cue"]), (&Value::Null, &json!("1")));

    let go = hub.post("/api/v1/cues/1/go", json!({})).await.ok();
    assert_eq!(go["cue"], "1");
    let list = hub.get("/api/v1/cues").await.ok()["lists"][0].clone();
    assert_eq!((&list["current"]["label"], &list["next"]["cue"]), (&json!("On"), &json!("2")));
    assert_eq!(list["since_us"], go["apply_at_us"]);
    assert!(list["progress"].as_f64().unwrap() < 0.5 && list["remaining_ms"].as_i64().unwrap() > 1_800_000);
    let cues = hub.get("/api/v1/cues/1").await.ok();
    assert_eq!((&cues[0]["fade_up_ms"], &cues[1]["levels"]), (&json!(3_600_000), &json!(1)));

    let second = hub.post("/api/v1/cues/1/goto", json!({"cue": "2", "fade_ms": 0})).await.ok();
    let why = hub.get("/api/v1/cues/why?universe=1&slot=13").await.ok();
    assert_eq!((&why["value"], &why["source"], &why["reason"]), (&json!(128), &json!("slot 1.13"), &json!("highest")));
    assert_eq!((&why["claims"][0]["cue"], &why["claims"][0]["since_us"]), (&json!("2"), &second["apply_at_us"]));
    let front = hub.get("/api/v1/cues/why?universe=2&slot=10").await.ok();
    assert_eq!(front["source"], "fixture 7 \"Front\": Dimmer");
    // CUE-11
    let all = hub.get("/api/v1/universes/1/slots").await.ok();
    let of = |slot: usize| all["slots"][slot].clone();
    assert_eq!((all["universe"].clone(), all["slots"].as_array().map(Vec::len)), (json!(1), Some(2)));
    assert_eq!((&of(0)["slot"], &of(0)["source"]), (&json!(12), &json!("slot 1.12")));
    let expected = json!({"slot": 13, "value": 128, "source": "slot 1.13", "reason": "highest", "list": 1, "cue": "2",
        "since_us": second["apply_at_us"], "fading": false, "others": 0});
    assert_eq!(of(1), expected);

    hub.post("/api/v1/cues/1/pause", json!({})).await.ok();
    assert_eq!(hub.get("/api/v1/cues").await.ok()["lists"][0]["paused"], true);
    hub.post("/api/v1/cues/1/resume", json!({})).await.ok();
    assert_eq!(hub.post("/api/v1/cues/1/back", json!({})).await.ok()["cue"], "1");
    hub.post("/api/v1/cues/1/release", json!({"fade_ms": 500})).await.ok();
    assert_eq!(current(&hub).await, Value::Null);
    hub.send(Method::DELETE, "/api/v1/show/file", Value::Null).await.ok();
    assert_eq!(hub.get("/api/v1/cues").await.ok()["show"], Value::Null);
    hub.get("/api/v1/show/file").await.problem(404);
    hub.stop().await;
}

#[tokio::test]
async fn a_wrong_show_file_is_refused_with_line_and_column_and_changes_nothing() {
    let hub = loaded().await;
    let wrong = SHOW.replace("level = 50", "level = 500").replace("fixtures = [7]", "fixtures = [8]");
    let reply = put(&hub, LOCAL, &wrong, "").await;
    reply.problem(422);
    let fault = reply.json()["faults"][0].clone();
    let line = wrong.lines().position(|line| line == "level = 500").unwrap() + 1;
    assert_eq!(fault["line"], line, "{fault}");
    assert!(fault["column"].as_u64().unwrap() >= 1 && !fault["sentence"].as_str().unwrap().is_empty());
    assert_eq!(hub.get("/api/v1/show/file").await.text, SHOW);
    let request = Request::put("/api/v1/show/file").body(Body::from(vec![b'a', 0xff])).unwrap();
    assert!(hub.request(LOCAL, request).await.problem(422).contains("UTF-8"));
    hub.stop().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_what_to_do() {
    let hub = TestHub::start().await;
    assert!(hub.post("/api/v1/cues/1/go", json!({})).await.problem(409).contains("load a show file"));
    hub.get("/api/v1/cues/1").await.problem(404);
    hub.get("/api/v1/cues/why?universe=1&slot=1").await.problem(404);
    hub.get("/api/v1/universes/1/slots").await.problem(404);
    put(&hub, LOCAL, SHOW, "").await.ok();
    hub.post("/api/v1/cues/9/go", json!({})).await.problem(404);
    hub.post("/api/v1/cues/1/goto", json!({"cue": "5"})).await.problem(404);
    hub.post("/api/v1/cues/1/goto", json!({})).await.problem(422);
    hub.post("/api/v1/cues/1/fly", json!({})).await.problem(404);
    assert!(hub.post("/api/v1/cues/1/back", json!({})).await.problem(409).contains("GO"));
    hub.get("/api/v1/cues/why?universe=1&slot=600").await.problem(422);
    hub.get("/api/v1/cues/why?universe=1&slot=99").await.problem(404);
    for nothing in ["0", "64000", "x"] {
        assert!(hub.get(&format!("/api/v1/universes/{nothing}/slots")).await.problem(404).contains("1 to 63999"));
    }
    assert_eq!(hub.get("/api/v1/universes/9/slots").await.ok()["slots"], json!([]), "the show drives nothing there");
    put(&hub, REMOTE, SHOW, "").await.problem(401);
    hub.stop().await;
}

#[tokio::test]
async fn edits_change_the_file_and_go_on_with_what_runs() {
    let hub = loaded().await;
    hub.post("/api/v1/cues/1/go", json!({})).await.ok();
    let since = hub.get("/api/v1/cues").await.ok()["lists"][0]["since_us"].clone();
    let edit = |body: Value| hub.post("/api/v1/cues/1/edit", body);
    edit(json!({"edit": "set", "cue": "1", "fade": "0s", "set": [{"slots": ["1.12"], "level": 20}]})).await.ok();
    let why = hub.get("/api/v1/cues/why?universe=1&slot=12").await.ok();
    assert_eq!((&why["value"], &why["claims"][0]["cue"]), (&json!(51), &json!("1")));
    assert_eq!(hub.get("/api/v1/cues").await.ok()["lists"][0]["since_us"], since, "it began when it began");
    edit(json!({"edit": "insert", "cue": "1.5", "label": "Between", "follow": "2s"})).await.ok();
    let cues = hub.get("/api/v1/cues/1").await.ok();
    assert_eq!(
        (&cues[1]["cue"], &cues[1]["label"], &cues[1]["follow_ms"]),
        (&json!("1.5"), &json!("Between"), &json!(2_000))
    );
    edit(json!({"edit": "renumber", "cue": "1", "to": "1.25"})).await.ok();
    assert_eq!(current(&hub).await, "1.25");
    edit(json!({"edit": "delete", "cue": "2"})).await.ok();
    assert_eq!(hub.get("/api/v1/cues/1").await.ok().as_array().unwrap().len(), 2);
    edit(json!({"edit": "insert", "cue": "1.5"})).await.problem(409);
    edit(json!({"edit": "delete", "cue": "8"})).await.problem(404);
    edit(json!({"edit": "set", "cue": "1.5", "fade": "-2s"})).await.problem(422);
    edit(json!({"edit": "set", "cue": "1.5", "sett": []})).await.problem(422);
    let file = hub.get("/api/v1/show/file").await.text;
    assert!(file.contains("Between") && file.contains("1.25"), "{file}");
    // A file that was edited elsewhere may go on with what runs too.
    put(&hub, LOCAL, &file.replace("Between", "Elsewhere"), "?keep=true").await.ok();
    assert_eq!(current(&hub).await, "1.25");
    put(&hub, LOCAL, &file, "").await.ok();
    assert_eq!(current(&hub).await, Value::Null);
    hub.stop().await;
}

/// CUE-5
#[tokio::test]
async fn nodes_fetch_the_show_by_its_digest_and_the_playbacks_whole() {
    let hub = loaded().await;
    hub.post("/api/v1/cues/1/go", json!({})).await.ok();
    let whole = hub.request(REMOTE, Request::get("/cues").body(Body::empty()).unwrap()).await.ok();
    assert_eq!((&whole["number"], &whole["playbacks"]["lists"][0]["runs"][0]["cue"]), (&json!(2), &json!("1")));
    let sha256 = whole["show"]["sha256"].as_str().unwrap();
    assert_eq!(whole["show"]["size"], SHOW.len());
    let part = Request::get(format!("/shows/{sha256}")).header(header::RANGE, "bytes=10-19");
    let part = part.header(header::IF_RANGE, format!("\"{sha256}\"")).body(Body::empty()).unwrap();
    let part = hub.request(REMOTE, part).await;
    assert_eq!((part.status.as_u16(), part.text.as_str()), (206, &SHOW[10..20]));
    hub.get(&format!("/shows/{}", "0".repeat(64))).await.problem(404);
    hub.get("/shows/xyz").await.problem(400);
    hub.stop().await;
}

/// CUE-8
#[tokio::test]
async fn a_hub_that_starts_again_plays_the_show_it_played() {
    let hub = loaded().await;
    hub.post("/api/v1/cues/1/go", json!({})).await.ok();
    let before = hub.get("/cues").await.ok();
    let hub = TestHub::on(hub.stop().await).await;
    assert_eq!(hub.get("/cues").await.ok(), before);
    assert_eq!(hub.get("/api/v1/show/file").await.text, SHOW);
    let folder = hub.stop().await;
    // A file that is damaged is not played, and everything else goes on.
    let file = std::fs::read_dir(folder.path().join("shows")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(file, "show-file = 1\n").unwrap();
    let hub = TestHub::on(folder).await;
    assert_eq!(hub.get("/api/v1/cues").await.ok()["show"], Value::Null);
    hub.stop().await;
}

#[tokio::test]
async fn of_many_shows_the_last_ones_are_kept() {
    let hub = TestHub::start().await;
    for n in 0..12 {
        put(&hub, LOCAL, &SHOW.replace("Two", &format!("Show {n}")), "").await.ok();
    }
    assert_eq!(hub.get("/api/v1/cues").await.ok()["show"]["label"], "Show 11");
    let files = std::fs::read_dir(hub.folder.path().join("shows")).unwrap().count();
    assert_eq!(files, 8);
    hub.stop().await;
}
