//! Updates from a hub that has what it has, on a machine that may lose power at every step.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::key::SecretKey;
use crate::plain::Release;
use crate::signed::Purpose;
use crate::slots::{Slot, Start};
use cuelight_fetch::Digest;
use cuelight_fetch::{Answer, PART};

const NOW_S: i64 = 1_900_000_000;

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

/// A hub with one release, and its network.
struct Hub {
    image: Vec<u8>,
    manifests: Vec<u8>,
    /// Requests until it answers.
    silent_for: u32,
    requests: u32,
}

impl Hub {
    fn with(image: &[u8], change: impl FnOnce(&mut Manifest), signer: u8) -> Self {
        let mut manifest = Manifest {
            format: 1,
            product: "cuelight-node".into(),
            hardware: Device::this_hardware(),
            channel: "stable".into(),
            version: Version::new(1, 1, 0),
            counter: 5,
            min_from: None,
            size: image.len() as u64,
            sha256: Digest::of(image),
            expires_s: NOW_S + 1_000,
            notes: String::new(),
            deltas: Vec::new(),
        };
        change(&mut manifest);
        let mut signed = Signed::new(manifest.to_json());
        signed.sign(Purpose::Image, &key(signer));
        let release = Release {
            version: "1.1.0".into(),
            url: "/ota/image".into(),
            sha256: manifest.sha256,
            size: Some(manifest.size),
            notes: None,
            signed: Some(signed),
        };
        let platform = format!("cuelight-node-{}", Device::this_hardware());
        let releases = BTreeMap::from([(platform, BTreeMap::from([("stable".to_owned(), release)]))]);
        Self { image: image.into(), manifests: plain::manifest(&releases).into(), silent_for: 0, requests: 0 }
    }
    fn good(image: &[u8]) -> Self {
        Self::with(image, |_| (), 1)
    }
    fn answers(&mut self) -> io::Result<()> {
        self.requests += 1;
        if self.silent_for == 0 {
            return Ok(());
        }
        self.silent_for -= 1;
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}

impl Server for Hub {
    fn get(&mut self, _: &str, from: u64, to: u64, _: &Digest) -> io::Result<(Answer, Box<dyn Read + '_>)> {
        self.answers()?;
        let range = format!("bytes {from}-{to}/{}", self.image.len());
        let answer = Answer { status: 206, content_range: Some(range), content_length: None };
        Ok((answer, Box::new(&self.image[from as usize..=to as usize])))
    }
    fn text(&mut self, _: &str, _: u64) -> io::Result<Vec<u8>> {
        self.answers()?;
        Ok(self.manifests.clone())
    }
}

/// The node around the updater, in virtual time.
#[derive(Default)]
struct Around {
    armed: Option<String>,
    /// Pauses until the show is over.
    armed_for: u32,
    stages: Vec<Stage>,
    complaints: Vec<String>,
    paused: Duration,
    /// What is drawn: pauses are as short as they may be with 0, as long with the largest.
    drawn: u32,
    /// Pauses after which the updater is told to end.
    ends_after: Option<u32>,
}

impl Surroundings for Around {
    fn is_held(&mut self, offer: &Offer) -> bool {
        self.armed_for > 0 && self.armed != offer.in_spite_of
    }
    fn has_hub(&mut self) -> bool {
        true
    }
    fn complain(&mut self, trouble: &str) {
        self.complaints.push(trouble.to_owned());
    }
    fn report(&mut self, stage: Stage) {
        self.stages.push(stage);
    }
    fn pause(&mut self, pause: Duration) -> bool {
        self.paused += pause;
        self.armed_for = self.armed_for.saturating_sub(1);
        match &mut self.ends_after {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }
    fn wall_s(&self) -> i64 {
        NOW_S
    }
    fn draw(&mut self) -> u32 {
        self.drawn
    }
}

struct Machine {
    _folder: tempfile::TempDir,
    slots: Slots,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs::write(&program, b"old").unwrap();
        let slots = Slots::new(folder.path().join("slots"));
        slots.set_up(&program, Version::new(1, 0, 0)).unwrap();
        Self { _folder: folder, slots }
    }
    fn updater(&self) -> Updater {
        self.updater_on(self.slots.clone())
    }
    fn updater_on(&self, slots: Slots) -> Updater {
        let pinned = Trust::new(vec![key(1).public(), key(2).public()], 1).unwrap();
        Updater::new(slots, pinned, "cuelight-node", "stable", Version::new(1, 0, 0))
    }
    /// What the launcher would start now.
    fn next_start(&self) -> Start {
        self.slots.boot().unwrap().next_start()
    }
}

fn offer(image: &[u8]) -> Offer {
    Offer {
        version: "1.1.0".into(),
        url: "http://hub/ota/image".into(),
        manifest_url: "http://hub/ota/manifest.json".into(),
        sha256: Digest::of(image),
        in_spite_of: None,
    }
}
fn image() -> Vec<u8> {
    (0..2 * PART + 100).map(|n| (n % 253) as u8).collect()
}
const OLD: Start = Start { slot: Slot::A, is_trial: false };
const TRIAL: Start = Start { slot: Slot::B, is_trial: true };

/// OTA-8
#[test]
fn an_offer_becomes_a_trial_in_the_other_slot() {
    let (machine, mut around) = (Machine::new(), Around::default());
    let outcome = machine.updater().update(&offer(&image()), &mut Hub::good(&image()), &mut around);
    assert_eq!(outcome.unwrap(), Outcome::Restart);
    assert_eq!(machine.next_start(), TRIAL);
    assert_eq!(fs::read(machine.slots.program(Slot::B)).unwrap(), image());
    let half = (PART * 100 / (2 * PART + 100)) as u8;
    let loading = [0, half, 2 * half + 1].map(Stage::Downloading);
    assert_eq!(around.stages, [&loading[..], &[Stage::Verifying, Stage::Applying, Stage::Rebooting]].concat());
    assert_eq!(machine.updater().kept_offer(), None);
}

/// OTA-1
#[test]
fn what_must_not_be_installed_changes_nothing() {
    let told = |hub: &mut Hub, image: &[u8]| {
        let machine = Machine::new();
        let before = fs::read(machine.slots.folder().join("boot.json")).unwrap();
        let error = machine.updater().update(&offer(image), hub, &mut Around::default()).unwrap_err();
        assert_eq!(machine.next_start(), OLD);
        assert_eq!(fs::read(machine.slots.folder().join("boot.json")).unwrap(), before);
        assert_eq!(machine.updater().kept_offer(), None, "it is not tried again by itself");
        error.to_string()
    };
    let image = image();
    assert!(told(&mut Hub::with(&image, |_| (), 9), &image).contains("signed by 0 of the 1 trusted keys"));
    let other_machine = |manifest: &mut Manifest| manifest.hardware = "riscv64-linux".into();
    assert!(told(&mut Hub::with(&image, other_machine, 1), &image).contains("riscv64-linux hardware"));
    assert!(told(&mut Hub::with(&image, |m| m.expires_s = NOW_S - 86_400, 1), &image).contains("expired 1 days ago"));
    assert!(told(&mut Hub::good(&image), b"another").contains("offered was 1.1.0"));
    // The hub has other bytes than the signed ones.
    let mut lying = Hub::good(&image);
    lying.image[7] ^= 1;
    assert!(told(&mut lying, &image).contains("not the image that was announced"));
    let mut empty = Hub::good(&image);
    empty.manifests = b"{}".to_vec();
    assert!(told(&mut empty, &image).contains("no stable release"));
}

/// OTA-1
#[test]
fn an_older_counter_is_refused_once_a_newer_image_was_verified() {
    let machine = Machine::new();
    machine.updater().update(&offer(&image()), &mut Hub::good(&image()), &mut Around::default()).unwrap();
    let mut boot = machine.slots.boot().unwrap();
    boot.next_start();
    boot.confirm();
    machine.slots.save(&boot).unwrap();
    let mut older = Hub::with(b"older", |manifest| manifest.counter = 4, 1);
    let error = machine.updater().update(&offer(b"older"), &mut older, &mut Around::default()).unwrap_err();
    assert!(error.to_string().contains("counter is 4, below 5"), "{error}");
}

/// OTA-7
#[test]
fn a_hub_that_is_away_is_asked_again_with_longer_pauses() {
    // 0.5 + 1 + 2 + 4 + 8 + 16 + 30 + 30 + 30 s, and half of it at the least.
    for (drawn, paused_ms) in [(u32::MAX, 121_500), (0, 60_750)] {
        let (machine, mut around) = (Machine::new(), Around { drawn, ..Around::default() });
        let mut hub = Hub { silent_for: 9, ..Hub::good(&image()) };
        machine.updater().update(&offer(&image()), &mut hub, &mut around).unwrap();
        assert_eq!(around.paused, Duration::from_millis(paused_ms));
        assert_eq!(hub.requests, 9 + 1 + 3);
        assert_eq!(around.complaints.len(), 9);
    }
}

/// OTA-5
#[test]
fn nothing_is_fetched_or_switched_while_a_show_is_armed_unless_the_offer_names_it() {
    let friday = || Some("Friday".to_owned());
    let (machine, mut hub) = (Machine::new(), Hub::good(&image()));
    let mut around = Around { armed: friday(), armed_for: u32::MAX, ends_after: Some(100), ..Around::default() };
    assert_eq!(machine.updater().update(&offer(&image()), &mut hub, &mut around).unwrap(), Outcome::Ended);
    assert_eq!((hub.requests, machine.next_start()), (0, OLD));
    let kept = machine.updater().kept_offer().unwrap();
    assert_eq!(kept, offer(&image()), "it goes on when the show is over");

    let mut around = Around { armed: friday(), armed_for: 100, ..Around::default() };
    assert_eq!(machine.updater().update(&kept, &mut hub, &mut around).unwrap(), Outcome::Restart);
    let named = Offer { in_spite_of: friday(), ..offer(&image()) };
    let mut around = Around { armed: friday(), armed_for: u32::MAX, ends_after: Some(100), ..Around::default() };
    assert_eq!(Machine::new().updater().update(&named, &mut hub, &mut around).unwrap(), Outcome::Restart);
}

/// OTA-6
#[test]
fn a_second_offer_of_the_image_that_runs_or_is_on_trial_changes_nothing() {
    let (machine, mut hub) = (Machine::new(), Hub::good(&image()));
    let again = |hub: &mut Hub| machine.updater().update(&offer(&image()), hub, &mut Around::default()).unwrap();
    assert_eq!(again(&mut hub), Outcome::Restart);
    assert_eq!(again(&mut hub), Outcome::Nothing);
    let mut boot = machine.slots.boot().unwrap();
    boot.next_start();
    boot.confirm();
    machine.slots.save(&boot).unwrap();
    assert_eq!(again(&mut hub), Outcome::Nothing);
}

/// OTA-8: power failed right after the trial was begun, and the new image fell back.
#[test]
fn an_image_that_failed_is_not_tried_again_by_itself() {
    let machine = Machine::new();
    let failing = machine.slots.clone().failing_at(Point::TrialBegun);
    let mut hub = Hub::good(&image());
    let update = || machine.updater_on(failing).update(&offer(&image()), &mut hub, &mut Around::default());
    assert!(catch_unwind(AssertUnwindSafe(update)).is_err());
    assert_eq!(machine.updater().kept_offer(), Some(offer(&image())));
    let mut boot = machine.slots.boot().unwrap();
    boot.next_start();
    boot.fall_back("it did not reach the hub".into(), Vec::new());
    machine.slots.save(&boot).unwrap();
    assert_eq!(machine.updater().kept_offer(), None);
}

/// OTA-8
#[test]
fn an_image_that_is_in_the_other_slot_is_not_fetched_again() {
    let (machine, mut hub) = (Machine::new(), Hub::good(&image()));
    let update = |hub: &mut Hub| machine.updater().update(&offer(&image()), hub, &mut Around::default()).unwrap();
    assert_eq!(update(&mut hub), Outcome::Restart);
    let mut boot = machine.slots.boot().unwrap();
    boot.next_start();
    boot.fall_back("it did not reach the hub".into(), Vec::new());
    machine.slots.save(&boot).unwrap();
    let requests = hub.requests;
    assert_eq!(update(&mut hub), Outcome::Restart, "the operator tries it again");
    assert_eq!((hub.requests, machine.next_start()), (requests + 1, TRIAL), "the manifest only");
    // What rotted there meanwhile is fetched.
    let mut boot = machine.slots.boot().unwrap();
    boot.fall_back("again".into(), Vec::new());
    machine.slots.save(&boot).unwrap();
    fs::write(machine.slots.program(Slot::B), b"bit rot").unwrap();
    assert_eq!(update(&mut hub), Outcome::Restart);
    assert_eq!(hub.requests, requests + 1 + 4);
}

/// OTA-8
#[test]
fn an_image_is_not_even_asked_for_while_another_is_on_trial() {
    let (machine, mut hub) = (Machine::new(), Hub::good(&image()));
    machine.updater().update(&offer(&image()), &mut hub, &mut Around::default()).unwrap();
    let requests = hub.requests;
    let error = machine.updater().update(&offer(b"a third"), &mut hub, &mut Around::default()).unwrap_err();
    assert!(error.to_string().contains("1.1.0 is on trial"), "{error}");
    assert_eq!((hub.requests, machine.next_start()), (requests, TRIAL));
}

/// OTA-13
#[test]
fn the_image_before_is_taken_back_from_its_slot_without_asking_for_anything() {
    let machine = Machine::new();
    machine.updater().update(&offer(&image()), &mut Hub::good(&image()), &mut Around::default()).unwrap();
    let mut boot = machine.slots.boot().unwrap();
    boot.confirm();
    machine.slots.save(&boot).unwrap();
    assert_eq!(machine.next_start(), Start { slot: Slot::B, is_trial: false });

    // A hub that has nothing of it: neither its manifest, whose counter would be too small by now, nor its bytes.
    let (mut hub, mut around) =
        (Hub::good(b"something else"), Around { armed: Some("Friday".into()), armed_for: 3, ..Around::default() });
    assert_eq!(machine.updater().update(&offer(b"old"), &mut hub, &mut around).unwrap(), Outcome::Restart);
    assert_eq!((hub.requests, around.stages), (0, vec![Stage::Applying, Stage::Rebooting]));
    assert_eq!(around.armed_for, 0, "not while a show is armed");
    assert_eq!(machine.next_start(), Start { slot: Slot::A, is_trial: true });
    assert_eq!(machine.slots.boot().unwrap().counter(), 5, "newer images are not forgotten");

    // A damaged one is not, and one that never proved itself is not.
    let mut boot = machine.slots.boot().unwrap();
    boot.fall_back("it hung".into(), Vec::new());
    machine.slots.save(&boot).unwrap();
    fs::write(machine.slots.program(Slot::A), b"0ld").unwrap();
    assert!(machine.updater().update(&offer(b"old"), &mut hub, &mut Around::default()).is_err());
    assert_eq!(machine.next_start(), Start { slot: Slot::B, is_trial: false });
}

/// OTA-8: at each of the points at which power may fail, the old image starts whole, or the new one does, on trial; and
/// going on with what was kept leads to the new one.
#[test]
fn power_may_fail_at_every_step() {
    for point in Point::ALL {
        let machine = Machine::new();
        let failing = machine.slots.clone().failing_at(point);
        let mut hub = Hub::good(&image());
        let died = catch_unwind(AssertUnwindSafe(|| {
            machine.updater_on(failing).update(&offer(&image()), &mut hub, &mut Around::default())
        }));
        assert!(died.is_err(), "{point:?} is not reached");

        let boot = machine.slots.boot().unwrap();
        let start = machine.next_start();
        assert!(start == OLD || start == TRIAL, "{point:?}");
        assert!(machine.slots.is_whole(start.slot, boot.image(start.slot).unwrap()), "{point:?}: half an image");
        assert_eq!(fs::read(machine.slots.program(Slot::A)).unwrap(), b"old", "{point:?}");

        if start == OLD {
            let kept = machine.updater().kept_offer().unwrap_or_else(|| panic!("{point:?} has forgotten the offer"));
            let outcome = machine.updater().update(&kept, &mut hub, &mut Around::default()).unwrap();
            assert_eq!(outcome, Outcome::Restart, "{point:?}");
            assert_eq!(machine.next_start(), TRIAL, "{point:?}");
        }
    }
}
