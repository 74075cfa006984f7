//! Patterns uploaded to real hubs and nodes: by Python, by clients of both dialects, and with power cuts in between.

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use cuelight_pattern::client::{Client, ClientError, Target};
use cuelight_wire::tlv::{Answer, Dialect, ErrorCode, Frame, Request};
use serde_json::json;
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

use crate::support::{HERE, Hub, Node, Record, SOON, free_tcp_port, tcp, until, until_true};

/// A node that takes patterns, and shows what it plays in its record.
pub(crate) struct Lonely {
    pub(crate) node: Node,
    pub(crate) at: SocketAddr,
}

impl Lonely {
    /// A node without a hub: nobody listens where it looks for one.
    pub(crate) fn start(number: u8, folder: &Path) -> Self {
        let lonely = Self::with_hub(number, folder, free_tcp_port());
        until_true("the node is alone", SOON, || lonely.node.process.log().contains("the stream is silent"));
        lonely
    }
    fn with_hub(number: u8, folder: &Path, hub: SocketAddr) -> Self {
        let at = free_tcp_port();
        let port = at.port().to_string();
        let options = ["--geometry", "strip:8", "--dither", "off", "--pattern-port", &port];
        let node = Node::start(number, folder, hub, &options);
        until_true("the node takes patterns", SOON, || node.process.log().contains("takes patterns"));
        Self { node, at }
    }
    fn is_dark(record: &Record, from: usize) -> bool {
        let hashes: Vec<_> = record.frames[from..].iter().map(|frame| &frame.hash).collect();
        hashes.windows(2).all(|pair| pair[0] == pair[1])
    }
}

/// A pattern of 8 LEDs, 4 frames at 120 a second, as `cuelight pattern make` would write it.
fn pattern() -> Vec<u8> {
    use cuelight_wire::prism::{Header, Motion, PrismWriter, Rate, max_len};
    use cuelight_wire::scene::Rgb;
    let rate = Rate::from_field(120).unwrap();
    let header = Header { leds: 8, frames: 4, rate, color_format: 1, compression: 0, motion: Motion::NONE };
    let colors = [Rgb::new(200, 0, 0), Rgb::new(0, 200, 0), Rgb::new(0, 0, 200), Rgb::new(200, 200, 0)];
    let mut file = vec![0; max_len(&header, colors.len())];
    let mut writer = PrismWriter::new(header, &colors, &mut file).unwrap();
    (0..4_u8).for_each(|n| writer.frame(&[n; 8], None).unwrap());
    let len = writer.finish().unwrap();
    file.truncate(len);
    file
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

async fn connect(at: SocketAddr, dialect: Dialect) -> Client {
    Client::connect(&Target { dialect, ..Target::new(at.to_string()) }).await.unwrap()
}

/// A WebSocket by hand.
fn socket(at: SocketAddr) -> WebSocket<std::net::TcpStream> {
    let stream = tcp(HERE, at);
    stream.set_read_timeout(Some(SOON)).unwrap();
    client(format!("ws://{at}/ws"), stream).unwrap().0
}

/// The error that is answered; `None` for STATUS.
fn heard(socket: &mut WebSocket<std::net::TcpStream>) -> Option<ErrorCode> {
    loop {
        if let Message::Binary(bytes) = socket.read().unwrap() {
            return match Answer::read(&Frame::decode(&bytes).unwrap()).unwrap() {
                Answer::Status { code: 0, .. } => None,
                Answer::Error { code, .. } => Some(code),
                other => panic!("{other:?}"),
            };
        }
    }
}

fn stored_in(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.file_name().is_some_and(|name| name != "lock")).collect()
}

/// PATTERN-5, PATTERN-12
#[test]
fn ten_lines_of_python_list_upload_and_delete_on_a_hub_and_on_a_node() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &[]);
    let lonely = Lonely::start(1, folder.path());
    let file = folder.path().join("ocean.prism");
    let bytes: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(&file, &bytes).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/patterns.py");
    let python = env::var_os("CUELIGHT_PYTHON").unwrap_or_else(|| "/usr/bin/python3".into());
    for at in [hub.at, lonely.at] {
        let mut command = Command::new(&python);
        command.arg(&script).arg(format!("ws://{at}/ws")).args(["Ocean Waves", file.to_str().unwrap()]);
        let output = command.output().expect("there is Python: cargo xtask test installs it");
        let said = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "python3-websockets? cargo xtask test installs it\n{said}{errors}");
        let line = |word: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(word));
            line.unwrap_or_else(|| panic!("no {word}: {said}")).trim().to_owned()
        };
        assert_eq!((line("before"), line("after")), ("300003000000".into(), "300003000000".into()));
        // STATUS 0 and a sentence.
        assert!(line("stored").starts_with("30") && line("stored")[6..].starts_with("00"), "{said}");
        let entry: String = b"ocean-waves".iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(line("listed"), format!("300013000001{:02x}{entry}{:08x}", 11, bytes.len()));
        assert!(line("deleted").starts_with("30"), "{said}");
    }
}

/// PATTERN-12, PATTERN-26
#[test]
fn a_node_without_a_hub_plays_what_it_is_sent_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let lonely = Lonely::start(1, folder.path());
    block_on(async {
        let mut client = connect(lonely.at, Dialect::Checked).await;
        client.put("blink", &pattern(), |_| {}).await.unwrap();
        client.put("broken", &pattern()[..100], |_| {}).await.unwrap();
        client.play("blink").await.unwrap();
        // Four frames, over and over, each other than the one before.
        until_true("the pattern is shown", SOON, || {
            let record = lonely.node.record();
            let last = &record.frames[record.frames.len().saturating_sub(9)..];
            last.len() == 9 && (0..5).all(|n| last[n].hash == last[n + 4].hash && last[n].hash != last[n + 1].hash)
        });
        let broken = client.play("broken").await.unwrap_err();
        assert!(matches!(broken, ClientError::Refused { code: ErrorCode::InvalidTlv, .. }), "{broken}");
        client.brightness(0).await.unwrap();
        until_true("it is dark", SOON, || {
            let record = lonely.node.record();
            record.frames.len() > 20 && Lonely::is_dark(&record, record.frames.len() - 20)
        });
        client.stop().await.unwrap();
        client.close().await;
    });
}

/// PATTERN-25, PATTERN-26
#[test]
fn a_pattern_played_at_the_hub_is_the_shows_and_a_conducted_node_plays_nothing_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &[]);
    let conducted = Lonely::with_hub(1, folder.path(), hub.at);
    until_true("the node is ready", SOON, || {
        hub.node(&conducted.node.mac).is_some_and(|node| node["state"] == "ready")
    });
    block_on(async {
        let mut at_hub = connect(hub.at, Dialect::Checked).await;
        at_hub.put("blink", &pattern(), |_| {}).await.unwrap();
        at_hub.play("blink").await.unwrap();
        until_true("the show plays it", SOON, || hub.get("/api/v1/scene")["pattern"]["loop"] == json!(true));
        at_hub.stop().await.unwrap();
        until_true("the show stops it", SOON, || hub.get("/api/v1/scene")["pattern"].is_null());
        let mut at_node = connect(conducted.at, Dialect::Checked).await;
        at_node.put("blink", &pattern(), |_| {}).await.unwrap();
        let refused = at_node.play("blink").await.unwrap_err();
        assert!(refused.to_string().contains("command the hub"), "{refused}");
    });
    let hash = &hub.get("/api/v1/patterns")[0]["sha256"];
    let files = stored_in(&folder.path().join("node-1/patterns"));
    assert!(files[0].to_str().unwrap().contains(hash.as_str().unwrap()), "both have the same bytes: {files:?}");
}

/// PATTERN-20
#[test]
fn a_third_client_is_refused_by_a_node_when_it_connects_and_by_a_hub_at_its_first_message() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &[]);
    let lonely = Lonely::start(1, folder.path());
    for at in [hub.at, lonely.at] {
        let mut clients = [socket(at), socket(at)];
        for client in &mut clients {
            client.send(Message::binary(vec![0x21, 0, 0])).unwrap();
            assert_eq!(heard(client), None);
        }
        let mut third = socket(at);
        if at == hub.at {
            third.send(Message::binary(vec![0x21, 0, 0])).unwrap();
        }
        assert_eq!(heard(&mut third), Some(ErrorCode::MaxClientsReached));
        assert!(matches!(third.read(), Ok(Message::Close(Some(_)))));
        for client in &mut clients {
            client.send(Message::binary(vec![0x21, 0, 0])).unwrap();
            assert_eq!(heard(client), None);
        }
    }
}

/// PATTERN-13
#[test]
fn five_seconds_of_silence_in_an_upload_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &[]);
    let mut client = socket(hub.at);
    let mut frame = [0; 4096];
    for request in [Request::Begin { name: b"a", declared: None }, Request::Data { offset: None, bytes: &[1; 4000] }] {
        let len = request.write(Dialect::Plain, &mut frame).unwrap();
        client.send(Message::binary(frame[..len].to_vec())).unwrap();
    }
    let patterns = folder.path().join("hub/patterns");
    until_true("the upload is under way", SOON, || stored_in(&patterns).len() == 1);
    until_true("it is given up", SOON, || stored_in(&patterns).is_empty());
    client.send(Message::binary(vec![0x12, 0, 0])).unwrap();
    assert_eq!(heard(&mut client), Some(ErrorCode::InvalidTlv));
}

/// PATTERN-16
#[test]
fn half_a_megabyte_of_ff_is_stored_although_no_answer_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &["--pattern-max-bytes", "512000"]);
    let mut client = socket(hub.at);
    let mut frame = [0; 4096];
    let declared = cuelight_wire::tlv::Declared { size: 512_000, crc32: crc32fast::hash(&[0xff; 512_000]) };
    let mut send = |request: Request<'_>| {
        let len = request.write(Dialect::Checked, &mut frame).unwrap();
        client.send(Message::binary(frame[..len].to_vec())).unwrap();
    };
    send(Request::Begin { name: b"white", declared: Some(declared) });
    for offset in (0..512_000).step_by(100) {
        send(Request::Data { offset: Some(offset), bytes: &[0xff; 100] });
    }
    send(Request::End);
    until_true("all of it is stored", SOON, || hub.get("/api/v1/patterns")[0]["size"] == json!(512_000));
}

/// PATTERN-17
#[test]
fn a_node_that_loses_power_while_patterns_are_replaced_has_the_old_one_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut lonely = Lonely::start(1, folder.path());
    let at = lonely.at;
    let version = |n: u32| -> Vec<u8> { n.to_be_bytes().repeat(10_000) };
    for round in 0..5_u32 {
        let before = round * 100_000;
        block_on(async { connect(at, Dialect::Checked).await.put("a", &version(before), |_| {}).await.unwrap() });
        // One upload after the other, until there is nobody to upload to.
        let uploads = thread::spawn(move || {
            block_on(async {
                let mut client = Client::connect(&Target { window: 64, ..Target::new(at.to_string()) }).await.ok()?;
                let mut acknowledged = before;
                while client.put("a", &version(acknowledged + 1), |_| {}).await.is_ok() {
                    acknowledged += 1;
                }
                Some(acknowledged)
            })
        });
        let patterns = folder.path().join("node-1/patterns");
        // A different moment each time.
        let name = until("some uploads are through", SOON, || {
            stored_in(&patterns).into_iter().find(|path| path.extension().is_some_and(|kind| kind == "prism"))
        });
        until_true("more are", SOON, || !name.exists());
        lonely.node.process.kill();
        let acknowledged = uploads.join().unwrap().unwrap();
        lonely.node.start_again();
        let listed = until("the node is back", SOON, || {
            block_on(async { Client::connect(&Target::new(at.to_string())).await.ok()?.list().await.ok() })
        });
        assert_eq!((listed.len(), listed[0].size), (1, 40_000));
        let files = stored_in(&patterns);
        assert_eq!(files.len(), 1, "nothing is left over: {files:?}");
        let bytes = std::fs::read(&files[0]).unwrap();
        let found = u32::from_be_bytes(*bytes.first_chunk().unwrap());
        assert_eq!(bytes, version(found), "whole");
        assert!((acknowledged..=acknowledged + 1).contains(&found), "{found} after {acknowledged} was acknowledged");
    }
}
