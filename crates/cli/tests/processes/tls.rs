//! TLS and pairing from outside: nodes and command lines that pin the hub's authority, other authorities in between, renewed and
//! given certificates, nodes that are admitted and refused; OpenSSL and curl as peers that are not ours.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use cuelight_trust::{Authority, Pin};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{HERE, Hub, Node, SOON, run, until, until_true};

/// A node that speaks TLS although its hub is on the same machine, and so has to be admitted.
pub(crate) fn node(number: u8, folder: &Path, at: SocketAddr, options: &[&str]) -> Node {
    Node::start(number, folder, format!("https://{at}"), options)
}

fn hub_folder(folder: &Path) -> std::path::PathBuf {
    folder.join("hub")
}

/// The authority of the hub in `folder`, as it gives it.
fn authority(folder: &Path) -> Authority {
    hub_folder(folder).join("ca.pem").to_str().unwrap().parse().unwrap()
}

fn is_ready(hub: &Hub, node: &Node) -> bool {
    hub.node(&node.mac).is_some_and(|node| node["state"] == "ready")
}

/// The code in the last line of a node's log that tells one.
pub(crate) fn told_code(node: &Node) -> Option<String> {
    let log = node.process.log();
    let (_, rest) = log.rsplit_once("Its code is ")?;
    rest.get(..19).map(str::to_owned)
}

fn waiting(hub: &Hub) -> Vec<Value> {
    hub.get("/api/v1/pairings")["waiting"].as_array().unwrap().clone()
}

fn ctl(folder: &Path, hub: &str, words: &[&str]) -> crate::support::Finished {
    let data_dir = folder.join("elsewhere").display().to_string();
    let words = words.iter().copied().chain(["--hub", hub, "--data-dir", &data_dir]);
    run(folder, SOON, words)
}

/// TRUST-6, TRUST-7, TRUST-3, TRUST-8
#[test]
fn a_node_is_admitted_by_the_code_that_both_sides_show_and_stays_admitted() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::start(folder.path(), &[]);
    let mut first = node(1, folder.path(), hub.at, &[]);
    let code = until("the node tells its code", SOON, || told_code(&first));
    let asks = until("the hub tells of the node", SOON, || waiting(&hub).first().cloned());
    assert_eq!((asks["code"].as_str(), asks["mac"].as_str()), (Some(code.as_str()), Some(first.mac.as_str())));
    assert!(hub.node(&first.mac).is_none(), "it is no node of the show yet");
    assert!(!folder.path().join("node-1/hub-ca").exists(), "a hub that has not welcomed it is not its hub");

    let at = format!("http://{}", hub.at);
    let wrong = ctl(folder.path(), &at, &["pairing", "admit", "0000-0000-0000-0000"]);
    assert!(wrong.code == Some(1) && wrong.stderr.contains("no node waits"), "{wrong:?}");
    let admitted = ctl(folder.path(), &at, &["pairing", "admit", &code.to_lowercase()]);
    assert!(admitted.code == Some(0) && admitted.stdout.contains(&first.mac), "{admitted:?}");
    until_true("the node is there", SOON, || is_ready(&hub, &first));
    let kept: Pin = fs::read_to_string(folder.path().join("node-1/hub-ca")).unwrap().trim().parse().unwrap();
    assert_eq!(authority(folder.path()).pins(), [kept]);

    hub.process.ask_to_end(Signal::SIGTERM, SOON);
    hub.start_again("512.25,11");
    hub.wait_until_it_listens();
    until_true("the restarted hub remembers it", SOON, || is_ready(&hub, &first));

    // The same identity with another key.
    first.process.ask_to_end(Signal::SIGTERM, SOON);
    fs::remove_file(folder.path().join("node-1/node-key")).unwrap();
    first.start_again();
    until_true("the other key is refused", SOON, || first.process.log().contains("wrong-key"));
    assert!(waiting(&hub).is_empty());
}

/// TRUST-6
#[test]
fn a_refused_node_is_out_and_expected_keys_come_in_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    // The hub has an authority once it has started; the keys are those for it.
    let keys = folder.path().join("keys.csv");
    fs::write(&keys, "# none yet\n").unwrap();
    let mut hub = Hub::start(folder.path(), &["--admit-keys", keys.to_str().unwrap()]);
    hub.process.ask_to_end(Signal::SIGTERM, SOON);
    let [node_2, ca] = ["node-2", "hub/ca.pem"].map(|name| folder.path().join(name).display().to_string());
    let key = run(folder.path(), SOON, ["pairing", "key", "--node-data-dir", &node_2, "--hub-ca", &ca]);
    fs::write(&keys, &key.stdout).unwrap();
    hub.start_again("512.25,11");
    hub.wait_until_it_listens();
    let stranger = node(1, folder.path(), hub.at, &[]);
    let expected = node(2, folder.path(), hub.at, &[]);
    until_true("the expected node is there", SOON, || is_ready(&hub, &expected));
    let asks = until("the stranger asks", SOON, || waiting(&hub).first().cloned());
    let path = format!("/api/v1/pairings/{}", asks["id"].as_str().unwrap());
    let (status, answer) = hub.call("DELETE", &path, None, None);
    assert_eq!((status, answer), (200, json!({"nodes": [stranger.mac]})));
    assert!(waiting(&hub).is_empty() && hub.node(&stranger.mac).is_none());
    // One that belonged to the show no longer does.
    let admitted = hub.get("/api/v1/pairings")["admitted"][0].clone();
    assert_eq!(admitted["mac"], expected.mac);
    let (status, _) = hub.call("DELETE", &format!("/api/v1/pairings/{}", admitted["id"].as_str().unwrap()), None, None);
    assert_eq!(status, 200);
    until_true("its session ends", SOON, || !is_ready(&hub, &expected));
    until_true("it is told why", SOON, || expected.process.log().contains("asks to join"));
}

/// Takes TLS with certificates of another authority, and hands what is inside on to the hub, as somebody in between would.
fn in_between(folder: &Path, hub: SocketAddr) -> SocketAddr {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), HERE.to_string()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    fs::write(folder.join("other.pem"), made.cert.pem()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key.into()).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = TcpListener::bind((HERE, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut near) = acceptor.accept(stream).await else { return };
                    let Ok(mut far) = tokio::net::TcpStream::connect(hub).await else { return };
                    // An end is an end, however it comes.
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
    });
    at
}

/// TRUST-1, TRUST-3
#[test]
fn somebody_in_between_with_another_authority_is_refused_by_nodes_and_command_lines() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &["--admit-all"]);
    let between = in_between(folder.path(), hub.at);
    let pin = authority(folder.path()).pins()[0].to_string();

    let pinned = node(1, folder.path(), between, &["--hub-ca", &pin]);
    until_true("the node refuses", SOON, || {
        let log = pinned.process.log();
        log.contains("is refused") && log.contains(&pin) && log.contains("--hub-ca")
    });
    assert!(hub.node(&pinned.mac).is_none());

    // Met first, then changed.
    let mut kept = node(2, folder.path(), hub.at, &[]);
    until_true("the node is there", SOON, || is_ready(&hub, &kept));
    kept.process.ask_to_end(Signal::SIGTERM, SOON);
    let kept = node(2, folder.path(), between, &[]);
    until_true("the node refuses whom it has not met", SOON, || {
        let log = kept.process.log();
        log.contains("is refused") && log.contains("hub-ca")
    });

    // The command line: pinned by a file, and kept when first met.
    let ca = hub_folder(folder.path()).join("ca.pem").display().to_string();
    let at = |at: SocketAddr| format!("https://{at}");
    let good = ctl(folder.path(), &at(hub.at), &["ctl", "nodes", "--hub-ca", &ca]);
    assert_eq!(good.code, Some(0), "{good:?}");
    let bad = ctl(folder.path(), &at(between), &["ctl", "nodes", "--hub-ca", &ca]);
    assert!(bad.code == Some(1) && bad.stderr.contains("refused"), "{bad:?}");
    let met = ctl(folder.path(), &at(hub.at), &["ctl", "nodes"]);
    assert!(met.code == Some(0) && met.stderr.contains(&pin), "{met:?}");
    let again = ctl(folder.path(), &at(hub.at), &["ctl", "nodes"]);
    assert!(again.code == Some(0) && again.stderr.is_empty(), "{again:?}");
    let known = folder.path().join("cuelight/known_hubs");
    let text = fs::read_to_string(&known).unwrap();
    fs::write(&known, text.replace(&hub.at.to_string(), &between.to_string())).unwrap();
    let changed = ctl(folder.path(), &at(between), &["ctl", "nodes"]);
    assert!(changed.code == Some(1) && changed.stderr.contains("known_hubs"), "{changed:?}");
}

/// The serial number of the certificate that is shown, as OpenSSL reads it, and whether it verifies it with `ca`.
fn openssl(at: SocketAddr, ca: &Path) -> (String, bool) {
    let mut client = Command::new("openssl")
        .args(["s_client", "-connect", &at.to_string(), "-verify_return_error", "-CAfile"])
        .arg(ca)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the tests need openssl");
    let mut said = String::new();
    std::io::Read::read_to_string(&mut client.stdout.take().unwrap(), &mut said).unwrap();
    let is_verified = client.wait().unwrap().success() && said.contains("Verify return code: 0 (ok)");
    let mut reader = Command::new("openssl")
        .args(["x509", "-noout", "-serial"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    reader.stdin.take().unwrap().write_all(said.as_bytes()).unwrap();
    let serial = String::from_utf8(reader.wait_with_output().unwrap().stdout).unwrap();
    (serial.trim().to_owned(), is_verified)
}

/// TRUST-2, TRUST-9
#[test]
fn a_certificate_is_renewed_while_a_node_stays_connected() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &["--admit-all", "--tls-leaf-life-s", "20"]);
    let ca = hub_folder(folder.path()).join("ca.pem");
    let (first, is_verified) = openssl(hub.at, &ca);
    assert!(is_verified && first.starts_with("serial="), "{first}");
    let node = node(1, folder.path(), hub.at, &[]);
    until_true("the node is there", SOON, || is_ready(&hub, &node));
    let welcomes = |node: &Node| node.process.log().matches("welcomed").count();
    for _ in 0..2 {
        let (now, _) = openssl(hub.at, &ca);
        until_true("the certificate is another one", 3 * SOON, || {
            let (serial, is_verified) = openssl(hub.at, &ca);
            is_verified && serial.starts_with("serial=") && serial != now
        });
    }
    assert_ne!(openssl(hub.at, &ca).0, first);
    assert!(is_ready(&hub, &node) && welcomes(&node) == 1, "{}", node.process.log());
}

/// TRUST-4
#[test]
fn certificates_that_were_given_are_shown_and_their_files_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), HERE.to_string()]).unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&cert, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let [cert, key] = [cert, key].map(|path| path.display().to_string());
    let hub = Hub::start(folder.path(), &["--tls-cert", &cert, "--tls-key", &key, "--admit-all"]);
    let node = node(1, folder.path(), hub.at, &["--hub-ca", &cert]);
    until_true("the node is there", SOON, || is_ready(&hub, &node));
    let https = format!("https://{}", hub.at);
    assert_eq!(ctl(folder.path(), &https, &["ctl", "nodes", "--hub-ca", &cert]).code, Some(0));
    let data_dir = folder.path().join("x").display().to_string();
    let ports = ["--bind", "127.0.0.1", "--port", "0", "--ts-port", "0", "--data-dir", &data_dir];
    let no_key = run(folder.path(), SOON, ["hub", "--tls-cert", &cert].into_iter().chain(ports));
    assert!(no_key.code == Some(1) && no_key.stderr.contains("--tls-key"), "{no_key:?}");
}

/// TRUST-13, TRUST-8
#[test]
fn curl_fetches_the_authority_in_plain_text_and_everything_else_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &[]);
    let ca = folder.path().join("fetched.pem");
    let curl = |words: &[&str]| {
        let output = Command::new("curl").args(["--silent", "--show-error", "--max-time", "20"]).args(words).output();
        let output = output.expect("the tests need curl");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (is_there, pem) = curl(&[&format!("http://{}/ca.pem", hub.at)]);
    assert!(is_there && pem.starts_with("-----BEGIN CERTIFICATE-----"));
    fs::write(&ca, pem).unwrap();
    let https = format!("https://localhost:{}/health", hub.at.port());
    let (is_there, health) = curl(&["--cacert", ca.to_str().unwrap(), &https]);
    assert!(is_there && health.contains("\"ok\""), "{health}");
    let (is_there, _) = curl(&[&https]);
    assert!(!is_there, "nobody else vouches for it");
    // What is neither has no place to hide: the first byte decides, and a broken handshake ends.
    let mut odd = TcpStream::connect(hub.at).unwrap();
    odd.set_read_timeout(Some(SOON)).unwrap();
    odd.write_all(&[0x16, 0xff, 0xff, 0, 1, 0]).unwrap();
    let mut rest = Vec::new();
    // A reset is an end too.
    let _ = std::io::Read::read_to_end(&mut odd, &mut rest);
    assert!(!String::from_utf8_lossy(&rest).contains("HTTP/"));
    assert_eq!(hub.get("/health")["status"], "ok");
}

/// What the hub at `at` answers in plain text: the status line and everything below.
fn plain(at: SocketAddr, path: &str, accept: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    answer
}

/// TRUST-13, TRUST-12, TRUST-11: what comes to another address than loopback's comes from elsewhere.
#[test]
fn plain_text_from_elsewhere_is_refused_unless_it_was_chosen() {
    let mut own = cuelight_net::addresses::ipv4().into_iter().map(|(_, ip)| ip);
    let Some(ip) = own.find(|ip| !ip.is_loopback()) else {
        return eprintln!("this machine has no address but loopback's: nothing comes from elsewhere");
    };
    let everywhere = ["--bind", "0.0.0.0", "--mdns", "off"];
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &everywhere);
    let at = SocketAddr::new(ip.into(), hub.at.port());
    for (path, accept, status) in [
        ("/health", "*/*", "200"),
        ("/ca.pem", "*/*", "200"),
        ("/?view=network", "text/html", "307"),
        ("/api/v1/show", "application/json", "403"),
        ("/ws", "*/*", "403"),
        ("/patterns", "*/*", "403"),
    ] {
        let answer = plain(at, path, accept);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
        assert!(status == "200" || answer.contains(&format!("https://{at}")), "{path}: {answer}");
    }
    assert_eq!(ctl(folder.path(), &format!("https://{at}"), &["ctl", "nodes"]).code, Some(1), "without a key");
    let in_plain_text = Node::start(1, folder.path(), format!("http://{at}"), &[]);
    until_true("it is told to speak TLS", SOON, || in_plain_text.process.log().contains("this hub speaks TLS"));
    let secured = Node::start(2, folder.path(), at, &[]);
    let asks = until("the other asks to join", SOON, || waiting(&hub).first().cloned());
    assert_eq!(asks["mac"], secured.mac);
    assert!(hub.node(&in_plain_text.mac).is_none() && hub.node(&secured.mac).is_none());

    let folder = tempfile::tempdir().unwrap();
    let open = Hub::start(folder.path(), &[&everywhere[..], &["--plain-http", "on", "--allow-legacy", "on"]].concat());
    let at = SocketAddr::new(ip.into(), open.at.port());
    assert!(plain(at, "/api/v1/show", "*/*").starts_with("HTTP/1.1 401"), "a key is wanted all the same");
    let legacy = Node::start(3, folder.path(), format!("http://{at}"), &[]);
    until_true("it is let in", SOON, || is_ready(&open, &legacy));
    for told in ["plain text", "--allow-legacy off"] {
        assert!(open.process.log().contains(told) && plain(at, "/health", "*/*").contains(told), "{told}");
    }
}
