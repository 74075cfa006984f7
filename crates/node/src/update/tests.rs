//! The update thread between a desk that a test writes on and a hub of a few lines on loopback.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use cuelight_trust::Trust;
use cuelight_update::key::SecretKey;
use cuelight_update::manifest::Manifest;
use cuelight_update::plain::{self, Release};
use cuelight_update::signed::{Purpose, Signed};
use cuelight_update::slots::{Boot, Slot, Start};
use cuelight_wire::control::{OtaState, Text};
use cuelight_wire::ids::NodeId;

use super::desk::Task;
use super::*;

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}
fn settings(keys: &[u8]) -> UpdateSettings {
    UpdateSettings { keys: keys.iter().map(|seed| key(*seed).public()).collect(), ..UpdateSettings::default() }
}
fn text<const N: usize>(text: &str) -> Text<N> {
    Text::try_from(text).unwrap()
}

/// A hub that has one image and the manifest of it. Its thread ends with the test's process.
struct Hub {
    at: SocketAddr,
    image: Vec<u8>,
}

impl Hub {
    fn start(image: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let (manifests, body) = (manifests(image), image.to_vec());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let head: Vec<String> =
                    BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                let range =
                    head.iter().find_map(|line| line.to_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
                let (head, body) = match range {
                    None => (format!("200 OK\r\nContent-Length: {}", manifests.len()), manifests.as_bytes()),
                    Some(range) => {
                        let (from, to) = range.split_once('-').unwrap();
                        let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
                        let part = &body[from..=to];
                        let range = format!("Content-Range: bytes {from}-{to}/{}", body.len());
                        (format!("206 Partial Content\r\nContent-Length: {}\r\n{range}", part.len()), part)
                    }
                };
                write!(stream, "HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").unwrap();
                stream.write_all(body).unwrap();
            }
        });
        Self { at, image: image.into() }
    }

    fn offer(&self, in_spite_of: Option<&str>) -> OtaUpdate {
        OtaUpdate {
            node_id: NodeId(1),
            token: text("t"),
            version: text("1.1.0"),
            url: text(&format!("http://{}/ota/image.bin", self.at)),
            sha256: text(&Digest::of(&self.image).to_string()),
            size: self.image.len() as u64,
            in_spite_of: in_spite_of.map(text),
        }
    }
}

fn manifests(image: &[u8]) -> String {
    let manifest = Manifest {
        format: 1,
        product: PRODUCT.into(),
        hardware: cuelight_update::manifest::Device::this_hardware(),
        channel: "stable".into(),
        version: Version::new(1, 1, 0),
        counter: 5,
        min_from: None,
        size: image.len() as u64,
        sha256: Digest::of(image),
        expires_s: i64::MAX,
        notes: String::new(),
        deltas: Vec::new(),
    };
    let mut signed = Signed::new(manifest.to_json());
    signed.sign(Purpose::Image, &key(1));
    let release = Release {
        version: "1.1.0".into(),
        url: "/ota/image.bin".into(),
        sha256: manifest.sha256,
        size: Some(manifest.size),
        notes: None,
        signed: Some(signed),
    };
    let platform = format!("{PRODUCT}-{}", manifest.hardware);
    plain::manifest(&BTreeMap::from([(platform, BTreeMap::from([("stable".to_owned(), release)]))]))
}

/// A machine whose slot A has version 1.0.0.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        let program = machine.folder.path().join("program");
        fs::write(&program, b"old").unwrap();
        machine.slots().set_up(&program, Version::new(1, 0, 0)).unwrap();
        machine
    }
    fn slots(&self) -> Slots {
        Slots::new(self.folder.path().join("slots"))
    }
    fn boot(&self) -> Boot {
        self.slots().boot().unwrap()
    }
    /// A node as the launcher would start it now.
    fn start(&self, keys: &[u8]) -> Updates {
        let mut boot = self.boot();
        let Start { slot, is_trial } = boot.next_start();
        self.slots().save(&boot).unwrap();
        let trial = is_trial.then_some(Duration::from_secs(90));
        let running = RunningIn { folder: self.slots().folder().into(), slot, trial };
        start(keys, Some(running))
    }
}

fn start(keys: &[u8], running: Option<RunningIn>) -> Updates {
    let settings = settings(keys);
    let pinned = settings.trust().unwrap();
    Updates::start(&settings, pinned, running, Version::new(0, 9, 0), &Trust::nobody_yet()).unwrap()
}

/// What an update says until it wants to be started again, or has failed.
fn told(updates: &mut Updates) -> (Vec<OtaState>, Option<UpdateReport>) {
    let mut states = Vec::new();
    loop {
        match updates.events.blocking_recv().expect("the thread goes on") {
            UpdateEvent::Restart => return (states, None),
            UpdateEvent::Report(report) if report.state == OtaState::Failed => return (states, Some(report)),
            UpdateEvent::Report(report) if states.last() == Some(&report.state) => {}
            UpdateEvent::Report(report) => states.push(report.state),
        }
    }
}
const ALL: [OtaState; 4] = [OtaState::Downloading, OtaState::Verifying, OtaState::Applying, OtaState::Rebooting];
const WELL: Health = Health { has_hub: true, is_locked: true, has_outputs: true, rate_pct: 100.0 };

fn error_of(report: Option<UpdateReport>) -> String {
    report.expect("it was refused").error.unwrap().as_str().to_owned()
}

/// OTA-1
#[test]
fn a_node_without_launcher_or_keys_says_why_it_is_not_updated() {
    let hub = Hub::start(b"new");
    let alone = start(&[1, 2], None);
    assert!(!alone.is_possible() && *alone.version() == Version::new(0, 9, 0));
    assert!(error_of(alone.on_offer(&hub.offer(None))).contains("cuelight-launch"));
    let machine = Machine::new();
    let keyless = machine.start(&[]);
    assert!(!keyless.is_possible() && *keyless.version() == Version::new(1, 0, 0));
    assert!(error_of(keyless.on_offer(&hub.offer(None))).contains("no update keys"));
    assert!(settings(&[1]).trust().unwrap_err().to_string().contains("pin 2 to 8"));
}

#[test]
fn an_offer_that_names_no_file_of_a_server_is_refused() {
    let (machine, hub) = (Machine::new(), Hub::start(b"new"));
    let updates = machine.start(&[1, 2]);
    assert!(updates.is_possible());
    for url in ["", "ftp://hub/image", "http://hub", "/ota/image"] {
        let offer = OtaUpdate { url: text(url), ..hub.offer(None) };
        assert!(error_of(updates.on_offer(&offer)).contains("http://HOST/PATH"), "{url}");
    }
    let offer = OtaUpdate { sha256: text("ab"), ..hub.offer(None) };
    assert!(error_of(updates.on_offer(&offer)).contains("digest"));
}

/// OTA-2, OTA-6
#[test]
fn an_offer_becomes_a_trial_and_the_image_that_proves_itself_stays() {
    let image: Vec<u8> = (0..600_000_u32).map(|n| n as u8).collect();
    let (machine, hub) = (Machine::new(), Hub::start(&image));
    let mut old = machine.start(&[1, 2]);
    old.on_welcome(true);
    old.on_show_lock(None);
    assert_eq!(old.on_offer(&hub.offer(None)), None);
    assert_eq!(told(&mut old), (ALL.to_vec(), None));

    let mut new = machine.start(&[1, 2]);
    assert_eq!((new.version(), new.is_on_trial()), (&Version::new(1, 1, 0), true));
    new.look(&WELL, Duration::from_secs(1));
    new.look(&WELL, Duration::from_secs(6));
    assert!(!new.is_on_trial());
    // The thread writes down one thing after the other: what is refused after it was confirmed finds it confirmed.
    new.on_welcome(false);
    assert_eq!(new.on_offer(&OtaUpdate { sha256: text(&Digest::of(b"x").to_string()), ..hub.offer(None) }), None);
    assert!(error_of(told(&mut new).1).contains("offered was"));
    assert_eq!((machine.boot().active(), machine.boot().trial()), (Slot::B, None));
}

/// OTA-2
#[test]
fn an_image_that_does_not_prove_itself_gives_way_and_the_hub_is_told_once() {
    let (machine, hub) = (Machine::new(), Hub::start(b"new"));
    let mut old = machine.start(&[1, 2]);
    old.on_welcome(false);
    old.on_offer(&hub.offer(None));
    assert_eq!(told(&mut old).0, ALL);

    let mut new = machine.start(&[1, 2]);
    let slow = Health { rate_pct: 50.0, ..WELL };
    new.look(&slow, Duration::from_secs(81));
    assert!(new.is_on_trial());
    new.look(&slow, Duration::from_secs(82));
    assert_eq!(told(&mut new), (Vec::new(), None), "it asks to be started again");
    assert_eq!(machine.boot().next_start(), Start { slot: Slot::A, is_trial: false });

    let mut boot = machine.boot();
    boot.note_last_words(vec!["frames are late".into()]);
    machine.slots().save(&boot).unwrap();
    let mut again = machine.start(&[1, 2]);
    again.on_welcome(true);
    let report = told(&mut again).1.unwrap();
    assert_eq!(report.log.as_deref(), Some("frames are late"));
    assert_eq!(error_of(Some(report)), "it put out 50 % of its frames, 95 % are wanted");
    // The answer to a bad offer comes after all of that.
    let bad_offer = OtaUpdate { sha256: text(&Digest::of(b"x").to_string()), ..hub.offer(None) };
    again.on_show_lock(None);
    again.on_offer(&bad_offer);
    assert!(error_of(told(&mut again).1).contains("offered was"));

    // And it is the first thing that the same node says after its next start.
    let mut third = machine.start(&[1, 2]);
    third.on_welcome(false);
    third.on_offer(&bad_offer);
    assert!(error_of(told(&mut third).1).contains("offered was"));
}

/// OTA-5, OTA-20
#[test]
fn nothing_is_fetched_before_the_hub_has_said_that_no_other_show_is_armed() {
    let (machine, hub) = (Machine::new(), Hub::start(b"new"));
    let desk = Desk::new(false);
    let offer = offer_of(&hub.offer(Some("Friday"))).unwrap();
    assert!(desk.is_held(&offer), "nobody has said anything");
    desk.welcome(true);
    assert!(desk.is_held(&offer), "this hub is about to say it");
    desk.arm(Some("Saturday"));
    assert!(desk.is_held(&offer));
    desk.hub_gone();
    assert!(desk.is_held(&offer), "a show does not end with a connection");
    desk.arm(Some("Friday"));
    assert!(!desk.is_held(&offer));
    desk.arm(None);
    assert!(!desk.is_held(&offer));

    // The real thread: kept at the offer, then let go by the hub.
    let mut updates = machine.start(&[1, 2]);
    updates.on_welcome(true);
    updates.on_show_lock(Some("Saturday"));
    updates.on_offer(&hub.offer(Some("Friday")));
    updates.on_show_lock(Some("Friday"));
    assert_eq!(told(&mut updates), (ALL.to_vec(), None));
}

/// OTA-21
#[test]
fn an_update_that_the_hub_stops_is_left_off_and_said_so() {
    let (machine, hub) = (Machine::new(), Hub::start(b"new"));
    let stop = |offer: &OtaUpdate| OtaStop { node_id: NodeId(1), token: text("t"), sha256: offer.sha256.clone() };
    let offer = hub.offer(None);
    // Held by a show; whether the thread has begun or not.
    let mut updates = machine.start(&[1, 2]);
    updates.on_welcome(true);
    updates.on_show_lock(Some("Friday"));
    updates.on_offer(&offer);
    updates.on_stop(&stop(&offer));
    assert!(error_of(told(&mut updates).1).contains("left off"));
    assert!(!machine.slots().folder().join("offer.json").exists());
    updates.on_show_lock(None);
    updates.on_stop(&stop(&offer));
    assert!(error_of(told(&mut updates).1).contains("no such update"));
    // The same offer, made again, is a new one.
    updates.on_offer(&offer);
    assert_eq!(told(&mut updates), (ALL.to_vec(), None));

    let desk = Desk::new(false);
    let (offer, other) = (offer_of(&offer).unwrap(), Digest::of(b"other"));
    desk.offer(offer.clone());
    assert_eq!(desk.next(), Some(Task::Update(offer.clone())));
    desk.stop(other);
    assert!(desk.pause(Duration::ZERO), "another image's");
    desk.stop(offer.sha256);
    assert!(!desk.pause(Duration::from_secs(60)));
    desk.resume(offer.clone());
    assert_eq!(desk.next(), Some(Task::Stop { sha256: offer.sha256, was_waiting: true }));
    assert!(desk.pause(Duration::ZERO), "what was kept of it is forgotten with it");
}

/// OTA-6, OTA-8
#[test]
fn an_offer_under_way_is_passed_over_another_takes_its_place_and_what_was_kept_goes_on() {
    let hub = Hub::start(b"new");
    let offer = offer_of(&hub.offer(None)).unwrap();
    let desk = Desk::new(false);
    desk.resume(offer.clone());
    assert_eq!(desk.next(), Some(Task::Update(offer.clone())));
    desk.offer(offer.clone());
    assert!(desk.pause(Duration::ZERO), "the same offer is no reason to begin again");
    let moved = Offer { url: "http://elsewhere/image".into(), ..offer.clone() };
    desk.offer(moved.clone());
    assert!(!desk.pause(Duration::from_secs(60)), "the hub has moved");
    desk.resume(offer.clone());
    assert_eq!(desk.next(), Some(Task::Update(moved)), "what the hub says now goes over what was kept");

    let machine = Machine::new();
    let kept = serde_json::to_vec(&offer).unwrap();
    fs::write(machine.slots().folder().join(Path::new("offer.json")), kept).unwrap();
    let mut updates = machine.start(&[1, 2]);
    updates.on_welcome(false);
    assert_eq!(told(&mut updates), (ALL.to_vec(), None));
}
