//! What cannot work is refused at the start: with an exit code, and with what is wrong, where, and what to do.

use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;

use tempfile::tempdir;

use crate::support::{Finished, HERE, Hub, Node, SOON, free_tcp_port, free_udp_port, run, until_true};

/// Runs `cuelight hub` on free ports with further options; the last of one name counts.
fn hub(folder: &Path, options: &[&str]) -> Finished {
    let http = free_tcp_port().port().to_string();
    let exchange = free_udp_port().port().to_string();
    let data = folder.join("data").display().to_string();
    let pick = |name: &str, free: String| if options.contains(&name) { vec![] } else { vec![name.to_owned(), free] };
    let mut args = vec!["hub".to_owned(), "--bind".to_owned(), HERE.to_string()];
    args.extend([pick("--port", http), pick("--ts-port", exchange), pick("--data-dir", data)].concat());
    args.extend(options.iter().map(|option| (*option).to_owned()));
    run(folder, SOON, args)
}

fn node(folder: &Path, options: &[&str]) -> Finished {
    let here = HERE.to_string();
    let data = folder.join("data").display().to_string();
    let base = ["node", "--bind", &here, "--hub", "127.0.0.1:1", "--mac", "02:00:00:00:00:01", "--data-dir", &data];
    run(folder, SOON, [&base, options].concat())
}

#[track_caller]
fn assert_refused(finished: &Finished, code: i32, parts: &[&str]) {
    assert_eq!(finished.code, Some(code), "{finished:?}");
    assert!(!finished.stderr.contains("panicked"), "{finished:?}");
    let last = finished.stderr.lines().last().unwrap_or_default();
    for part in parts {
        assert!(last.contains(part), "no {part:?} in {finished:?}");
    }
}

/// HUB-2
#[test]
fn a_busy_port_is_named_with_the_flag_that_chooses_another() {
    let folder = tempdir().unwrap();
    let http = TcpListener::bind((HERE, 0)).unwrap();
    let exchange = UdpSocket::bind((HERE, 0)).unwrap();
    let shown = |address: SocketAddr| (address.to_string(), address.port().to_string());
    let (at, port) = shown(http.local_addr().unwrap());
    assert_refused(&hub(folder.path(), &["--port", &port]), 1, &[&at, "in use", "--port"]);
    let (at, port) = shown(exchange.local_addr().unwrap());
    assert_refused(&hub(folder.path(), &["--ts-port", &port]), 1, &[&at, "in use", "--ts-port"]);
    assert_refused(&node(folder.path(), &["--udp-port", &port]), 1, &[&at, "in use", "--udp-port 0"]);
}

/// HUB-2
#[test]
fn a_data_folder_that_cannot_be_used_is_named_with_what_to_do() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("a-file");
    fs::write(&file, "in the way").unwrap();
    let below = file.join("data").display().to_string();
    assert_refused(&hub(folder.path(), &["--data-dir", &below]), 1, &[&below, "--data-dir"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "in the way");
}

/// HUB-2
#[test]
fn a_second_hub_on_the_same_data_folder_is_refused_and_the_first_goes_on() {
    let folder = tempdir().unwrap();
    let mut first = Hub::start(folder.path(), &[]);
    let data = folder.path().join("hub").display().to_string();
    assert_refused(&hub(folder.path(), &["--data-dir", &data]), 1, &[&data, "already runs", "--data-dir"]);
    assert!(first.process.is_running());
    assert_eq!(first.get("/health")["status"], "ok");
}

#[test]
fn a_record_that_cannot_be_written_is_named() {
    let folder = tempdir().unwrap();
    let record = folder.path().join("missing/record.jsonl").display().to_string();
    assert_refused(&hub(folder.path(), &["--record", &record]), 1, &[&record, "folder"]);
    let output = format!("record:{record}");
    assert_refused(&node(folder.path(), &["--udp-port", "0", "--output", &output]), 1, &[&record, "folder"]);
}

#[test]
fn a_wrong_configuration_is_refused_with_file_line_field_and_what_was_expected() {
    let folder = tempdir().unwrap();
    for (name, text, program, place, parts) in [
        ("a.toml", "[hub]\nprot = 8080\n", "hub", "2:1", &["hub.prot", "did you mean"][..]),
        ("b.toml", "[hub]\nname = \"x\"\nport = \"many\"\n", "hub", "3:8", &["hub.port", "expected", "many"]),
        ("c.yaml", "node:\n  geometry: matrix:0x4\n", "node", "2:13", &["node.geometry", "expected", "matrix:0x4"]),
        ("d.json", "{\"node\": {\n  \"outputs\": \"null\"\n}}", "node", "2:14", &["node.outputs", "expected"]),
        ("e.toml", "[hub\n", "hub", "1:", &[]),
        ("f.ini", "", "hub", "", &[".toml", ".json", ".yaml"]),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        let shown = file.display().to_string();
        let finished = run(folder.path(), SOON, [program, "--config", &shown]);
        assert_refused(&finished, 2, parts);
        assert_refused(&finished, 2, &[&format!("{shown}:{place}")]);
        assert_refused(&run(folder.path(), SOON, ["check", &shown]), 2, parts);
    }
    let missing = folder.path().join("missing.toml").display().to_string();
    assert_refused(&run(folder.path(), SOON, ["hub", "--config", &missing]), 2, &[&missing, "cannot be read"]);
}

#[test]
fn every_fault_of_a_show_file_is_told_with_its_place_and_a_right_one_is_described() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("gala.toml");
    let shown = file.display().to_string();
    let list = "[[list]]\nnumber = 1\n[[list.cue]]\nnumber = 1\n[[list.cue.set]]\nslots = [\"1.1\"]\nlevel = 80\n";
    fs::write(&file, format!("show-file = 1\n{list}")).unwrap();
    let right = run(folder.path(), SOON, ["check", &shown]);
    assert_eq!(right.code, Some(0), "{right:?}");
    assert!(right.stdout.contains("List 1 \"\": 1 cues"), "{right:?}");
    let lamps = "[[fixture]]\nnumber = 7\ntype = \"Spot\"\nmode = \"A\"\n[[fixture]]\nnumber = 8\ntype = \"Wash\"\nmode = \"A\"\n";
    fs::write(&file, format!("show-file = 1\n{lamps}{list}")).unwrap();
    let wrong = run(folder.path(), SOON, ["check", &shown]);
    assert_refused(&wrong, 2, &[&format!("{shown}:6:1: fixture 8")]);
    assert!(wrong.stderr.contains(&format!("{shown}:2:1: fixture 7")), "{wrong:?}");
}

/// AP-2, AP-4
#[test]
fn an_access_point_that_cannot_be_one_is_refused_without_its_password() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("a.toml");
    for (text, code, parts) in [
        ("interface = \"nowhere0\"\npassword = \"not to be seen\"", 1, &["access point|interface nowhere0"][..]),
        ("interface = \"nowhere0\"\nchannel = 13\npassword = \"not to be seen\"", 2, &["channel 13", "--country"]),
        ("password = \"not to be seen: ä\"", 2, &["access-point.password", "8 to 63"]),
    ] {
        fs::write(&file, format!("[access-point]\n{text}\n")).unwrap();
        let shown = file.display().to_string();
        let finished = hub(folder.path(), &["--config", &shown]);
        assert_eq!(finished.code, Some(code), "{finished:?}");
        // Which of the things that are missing here is told depends on the machine.
        let told = |part: &&str| part.split('|').any(|either| finished.stderr.contains(either));
        assert!(parts.iter().all(told), "{finished:?}");
        assert!(!finished.stderr.contains("not to be seen"), "{finished:?}");
    }
}

#[test]
fn a_missing_hub_is_told_once_and_joined_when_it_appears() {
    let folder = tempdir().unwrap();
    let at = free_tcp_port();
    let node = Node::start(1, folder.path(), at, &["--geometry", "strip:60"]);
    let complaints = || node.process.log().matches("trying again").count();
    until_true("the node misses its hub", SOON, || complaints() > 0);
    // Four attempts take 250, 500 and 1000 ms at least half each, and the log tells of the first only.
    let frames = node.record().frames.len();
    until_true("the node goes on meanwhile", SOON, || node.record().frames.len() > frames + 240);
    assert_eq!(complaints(), 1, "{}", node.process.log());
    assert!(node.process.log().contains(&at.to_string()), "{}", node.process.log());
    let hub = Hub::start_at(at, folder.path(), &[]);
    until_true("the node has joined", SOON, || hub.node(&node.mac).is_some_and(|node| node["state"] == "ready"));
}

#[test]
fn ctl_without_a_hub_says_how_to_start_one() {
    let folder = tempdir().unwrap();
    let at = free_tcp_port().to_string();
    let finished = run(folder.path(), SOON, ["ctl", "--hub", &at, "status"]);
    assert_refused(&finished, 1, &[&at, "cuelight hub", "--hub"]);
}
