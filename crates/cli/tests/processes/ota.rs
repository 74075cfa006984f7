//! Images from the offline key to a node that is not of this program: signed, published, rolled out, fetched, taken back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use cuelight_fetch::{Digest, Fetch, Http, Progress, Server, Wanted};
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{Finished, Heard, Hub, SOON, Socket, hello, run, until, until_true};

const MAC: &str = "02:C0:E1:7E:0A:01";

/// `cuelight ota ...` or `cuelight show ...` against this hub.
fn cuelight(folder: &Path, hub: &Hub, words: &[&str]) -> Finished {
    let at = hub.at.to_string();
    run(folder, 6 * SOON, [words, &["--hub", &at]].concat())
}

#[track_caller]
fn done(finished: &Finished) -> &str {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    &finished.stdout
}

#[track_caller]
fn failed<'a>(finished: &'a Finished, part: &str) -> &'a str {
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains(part), "no {part:?} in {finished:?}");
    &finished.stderr
}

/// A deployed node of some version: it joins, and says that it is well.
fn join(hub: &Hub, version: &str) -> (Socket, Value) {
    let mut socket = Socket::connect(hub.at);
    let mut hello = hello(MAC);
    hello["fw"] = json!(format!("k1-v{version}"));
    socket.send(&hello);
    let welcome = socket.message("welcome");
    keepalive(&mut socket, &welcome);
    until_true("the node is READY", SOON, || hub.node(MAC).is_some_and(|node| node["state"] == "ready"));
    (socket, welcome)
}
fn keepalive(socket: &mut Socket, welcome: &Value) {
    let (node, token) = (&welcome["nodeId"], &welcome["token"]);
    socket.send(&json!({"t": "ka", "nodeId": node, "token": token, "rssi": -60, "uptime_s": 1, "render_fps": 120}));
}
fn report(socket: &mut Socket, welcome: &Value, status: Value) {
    keepalive(socket, welcome);
    let mut message = json!({"t": "ota_status", "nodeId": welcome["nodeId"], "token": welcome["token"]});
    message.as_object_mut().unwrap().extend(status.as_object().unwrap().clone());
    socket.send(&message);
}

/// The next offer, while the node goes on saying that it is alive.
fn offer(socket: &mut Socket, welcome: &Value) -> Value {
    until("an offer comes", SOON, || {
        keepalive(socket, welcome);
        match socket.hear(SOON / 60) {
            Some(Heard::Message(message)) if message["t"] == "ota_update" => Some(message),
            Some(Heard::Message(_)) | None => None,
            other => panic!("{other:?} instead of an offer"),
        }
    })
}

/// What the hub has on its disk so far.
fn state_file(hub: &Hub) -> String {
    fs::read_to_string(hub.state_file()).unwrap_or_default()
}

fn state(hub: &Hub) -> Value {
    hub.get("/api/v1/ota/rollout")["rollout"]["state"].clone()
}

/// OTA-1, OTA-3, OTA-11, OTA-12
#[test]
fn an_image_is_signed_offline_published_and_fetched_in_parts_by_whoever_is_offered_it() {
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let hub = Hub::start(folder.path(), &[]);
    // Larger than two parts of an upload.
    let image: Vec<u8> = (0..2_500_000_u32).flat_map(|n| n.to_le_bytes()).take(2_500_000).collect();
    fs::write(path("cuelight-image"), &image).unwrap();
    let keygen = run(folder.path(), SOON, ["ota", "keygen", &path("release")]);
    assert!(done(&keygen).contains("cuelight-public:"), "{keygen:?}");
    assert_eq!(fs::metadata(path("release.secret")).unwrap().permissions().mode() & 0o777, 0o600);
    let key = path("release.secret");
    let sign = ["ota", "sign", &path("cuelight-image"), "--release", "7.1.0", "--secret-key", &key, "--counter", "12"];
    done(&run(folder.path(), SOON, sign));
    let manifest = path("cuelight-image-7.1.0.manifest");
    let published = cuelight(folder.path(), &hub, &["ota", "publish", &path("cuelight-image"), &manifest]);
    assert!(done(&published).contains("7.1.0 is published"), "{published:?}");
    let again = cuelight(folder.path(), &hub, &["ota", "publish", &path("cuelight-image"), &manifest, "--json"]);
    let again: Value = serde_json::from_str(done(&again)).unwrap();
    assert_eq!((&again["counter"], &again["size"]), (&json!(12), &json!(2_500_000)));
    fs::write(path("another"), b"another").unwrap();
    failed(&cuelight(folder.path(), &hub, &["ota", "publish", &path("another"), &manifest]), "is not the image of");
    let list = cuelight(folder.path(), &hub, &["ota", "list"]);
    assert!(done(&list).contains("7.1.0") && list.stdout.contains("2.5 MB"), "{list:?}");
    assert!(done(&cuelight(folder.path(), &hub, &["ota", "list", "--json"])).contains("\"signers\""));

    // As a node of this program fetches it.
    let url = format!("http://{}{}", hub.at, again["url"].as_str().unwrap());
    let wanted = Wanted { url, sha256: Digest::of(&image), size: image.len() as u64 };
    let mut fetch = Fetch::open(&folder.path().join("fetched"), wanted).unwrap();
    let mut http = Http::new("test/1", &cuelight_trust::Trust::nobody_yet());
    let mut parts = 1;
    while fetch.step(&mut http).unwrap() != Progress::Whole {
        parts += 1;
    }
    assert_eq!((parts, fs::read(fetch.path()).unwrap()), (10, image));
    let manifest = http.text(&format!("http://{}/ota/manifest.json", hub.at), 1 << 20).unwrap();
    let release = &serde_json::from_slice::<Value>(&manifest).unwrap()[again["platform"].as_str().unwrap()]["stable"];
    assert_eq!((&release["version"], release["signed"].is_object()), (&json!("7.1.0"), true));
    let deleted = ["ota", "delete", again["platform"].as_str().unwrap(), "7.1.0"];
    done(&cuelight(folder.path(), &hub, &deleted));
    failed(&cuelight(folder.path(), &hub, &deleted), "no image");
}

/// OTA-3, OTA-4, OTA-6, OTA-13
#[test]
fn a_rollout_is_followed_to_its_end_through_a_power_cut_of_the_hub_and_taken_back() {
    let folder = tempdir().unwrap();
    let mut hub = Hub::start(folder.path(), &[]);
    for version in ["2.8.0", "2.9.0"] {
        let file = folder.path().join(version).display().to_string();
        fs::write(&file, format!("image {version}")).unwrap();
        done(&cuelight(folder.path(), &hub, &["ota", "publish", &file, "--platform", "k1", "--release", version]));
    }
    let (mut node, welcome) = join(&hub, "2.8.0");
    failed(&cuelight(folder.path(), &hub, &["ota", "status", "--watch"]), "nothing has been rolled out");
    failed(&cuelight(folder.path(), &hub, &["ota", "rollout", "3.0.0"]), "no image of 3.0.0");
    let (home, at) = (folder.path().to_owned(), hub.at.to_string());
    let follower =
        thread::spawn(move || run(&home, 6 * SOON, ["ota", "rollout", "2.9.0", "--settle", "0s", "--hub", &at]));
    let update = offer(&mut node, &welcome);
    assert_eq!(update["url"], format!("http://{}/ota/k1/s3/2.9.0.bin", hub.at));
    assert_eq!(update["sha256"], Digest::of(b"image 2.9.0").to_string());
    assert!(state_file(&hub).contains("2.9.0"), "it was saved before it was offered");
    report(&mut node, &welcome, json!({"state": "DOWNLOADING", "pct": 50}));
    until_true("the hub shows it", SOON, || hub.get("/api/v1/ota/rollout")["rollout"]["nodes"][0]["pct"] == 50);
    until_true("that is saved", SOON, || state_file(&hub).contains("downloading"));

    hub.process.kill();
    hub.start_again("-300,7");
    hub.wait_until_it_listens();
    let shown = hub.get("/api/v1/ota/rollout");
    assert_eq!(shown["rollout"]["nodes"][0]["state"], "downloading", "{shown}");
    let (mut node, welcome) = join(&hub, "2.9.0");
    let finished = follower.join().unwrap();
    let told = done(&finished);
    for state in ["offered", "downloading", "done"] {
        assert!(told.contains(&format!("{MAC} {state}")), "{finished:?}");
    }
    assert_eq!(hub.get("/metrics")["ota"], json!({"rolling_update": false, "last_version": "2.9.0"}));

    let detached = cuelight(folder.path(), &hub, &["ota", "rollback", "--detach", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(done(&detached)).unwrap()["nodes"], 1);
    assert_eq!(offer(&mut node, &welcome)["version"], "2.8.0");
    report(&mut node, &welcome, json!({"state": "ERROR", "error": "no space left", "log": "last words"}));
    until_true("the rollout stops", SOON, || state(&hub) == "stopped");
    let stopped = cuelight(folder.path(), &hub, &["ota", "status", "--watch"]);
    failed(&stopped, "no space left");
    assert!(stopped.stdout.contains("last words"), "{stopped:?}");
    assert!(done(&cuelight(folder.path(), &hub, &["ota", "status"])).contains("failed: it says: no space left"));
    keepalive(&mut node, &welcome);
    failed(&cuelight(folder.path(), &hub, &["ota", "resume"]), "retry it, pass it over, or abort");
    done(&cuelight(folder.path(), &hub, &["ota", "retry"]));
    assert_eq!(offer(&mut node, &welcome)["version"], "2.8.0");
    done(&cuelight(folder.path(), &hub, &["ota", "abort"]));
    report(&mut node, &welcome, json!({"state": "failed", "error": "again"}));
    until_true("it is over", SOON, || state(&hub) == "aborted");
    failed(&cuelight(folder.path(), &hub, &["ota", "pause"]), "over");
}

/// OTA-5
#[test]
fn an_armed_show_refuses_updates_until_it_is_disarmed_or_named() {
    let folder = tempdir().unwrap();
    let mut hub = Hub::start(folder.path(), &[]);
    let file = folder.path().join("image").display().to_string();
    fs::write(&file, b"image").unwrap();
    done(&cuelight(folder.path(), &hub, &["ota", "publish", &file, "--platform", "k1", "--release", "2.9.0"]));
    assert!(done(&cuelight(folder.path(), &hub, &["show", "arm", "Friday night"])).contains("is armed"));
    until_true("that is saved", SOON, || state_file(&hub).contains("Friday night"));
    hub.process.kill();
    hub.start_again("-300,7");
    hub.wait_until_it_listens();
    assert!(done(&cuelight(folder.path(), &hub, &["show", "armed"])).contains("Friday night"));
    let (mut node, welcome) = join(&hub, "2.8.0");
    failed(&cuelight(folder.path(), &hub, &["ota", "rollout", "2.9.0"]), "\"Friday night\" is armed");
    let other = ["ota", "rollout", "2.9.0", "--in-spite-of", "Saturday"];
    keepalive(&mut node, &welcome);
    failed(&cuelight(folder.path(), &hub, &other), "\"Friday night\" is armed");
    done(&cuelight(folder.path(), &hub, &["ota", "rollout", "2.9.0", "--in-spite-of", "Friday night", "--detach"]));
    assert_eq!(offer(&mut node, &welcome)["version"], "2.9.0");
    done(&cuelight(folder.path(), &hub, &["ota", "abort"]));
    assert!(done(&cuelight(folder.path(), &hub, &["show", "disarm"])).contains("no show is armed"));
    assert!(done(&cuelight(folder.path(), &hub, &["show", "armed"])).contains("no show is armed"));
}
