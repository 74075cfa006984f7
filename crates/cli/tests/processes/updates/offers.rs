//! One node and what it is offered.

use std::fs;

use cuelight_update::manifest::Manifest;
use cuelight_update::slots::{Image, Point, Slot};
use tempfile::tempdir;

use super::doorman::Doorman;
use super::images::{NEW, OLD, image, key, manifest, manifests, program, signed};
use super::machine::Machine;
use super::server::{Fault, Server};
use crate::support::{HERE, Process, SOON, until_true};

fn fw(version: &str) -> String {
    format!("cuelight-{version}")
}

/// OTA-1
#[test]
fn what_must_not_be_installed_is_refused_with_its_reason_and_changes_nothing() {
    let (folder, door, server) = (tempdir().unwrap(), Doorman::open(), Server::start());
    let mut machine = Machine::new(1, folder.path(), door.at);
    // An image with counter 7 was verified here once.
    let (slots, mut boot) = (machine.slots(), machine.boot());
    let fetched = slots.download().join("earlier");
    fs::write(&fetched, b"earlier").unwrap();
    let earlier = manifest(b"earlier");
    let staged = Image { version: earlier.version, size: earlier.size, sha256: earlier.sha256, proven: false };
    slots.stage(&mut boot, &fetched, staged, 7).unwrap();
    machine.start();
    let mut guest = door.admit(None);
    assert_eq!(guest.hello["caps"]["ota"], true);
    assert_eq!(guest.hello["fw"], fw(OLD));

    let before = fs::read(slots.folder().join("boot.json")).unwrap();
    let bytes: Vec<u8> = (0..600_000_u32).map(|n| (n / 3) as u8).collect();
    let mut refused = |change: fn(&mut Manifest), signer: u8, served: &[u8]| {
        let mut manifest = Manifest { counter: 8, ..manifest(&bytes) };
        change(&mut manifest);
        server.serve(manifests(&manifest, signed(&manifest, &key(signer))), served, []);
        guest.offer(&server, &manifest, None);
        let reason = guest.refusal();
        assert_eq!(fs::read(slots.folder().join("boot.json")).unwrap(), before, "{reason}");
        assert!(!slots.folder().join("offer.json").exists(), "{reason}");
        assert_eq!(fs::read_dir(slots.download()).unwrap().count(), 0, "what was fetched stays: {reason}");
        (reason, server.asked().len())
    };
    let expect = |(reason, fetched): (String, usize), told: &str, parts: usize| {
        assert!(reason.contains(told), "{reason}");
        assert_eq!(fetched, parts, "{reason}");
    };
    expect(refused(|_| (), 9, &bytes), "signed by 0 of the 1 trusted keys", 0);
    expect(refused(|m| m.expires_s = 1_700_000_000, 1, &bytes), "expired", 0);
    expect(refused(|m| m.counter = 6, 1, &bytes), "counter is 6, below 7", 0);
    expect(refused(|m| m.hardware = "riscv64-linux".into(), 1, &bytes), "riscv64-linux hardware", 0);
    expect(refused(|m| m.product = "cuelight-hub".into(), 1, &bytes), "is for cuelight-hub", 0);
    expect(refused(|m| m.min_from = Some("0.1.1".parse().unwrap()), 2, &bytes), "0.1.1 has to come first", 0);
    let mut other = bytes.clone();
    other[400_000] ^= 1;
    // Three parts, and all of it once more: it may have been damaged on the way.
    expect(refused(|_| (), 1, &other), "not the image that was announced", 6);
    // It says that it has a byte less than it has.
    expect(refused(|m| m.size -= 1, 1, &bytes[..599_999]), "not the image that was announced", 6);

    guest.chat(1);
    assert_eq!(machine.boot().next_start().slot, Slot::A);
    machine.stop();
}

/// OTA-1
#[test]
fn a_node_that_nothing_could_take_back_refuses_every_image() {
    let (folder, door, server) = (tempdir().unwrap(), Doorman::open(), Server::start());
    let hub = door.at.to_string();
    let args = ["node", "--hub", &hub, "--bind", &HERE.to_string(), "--udp-port", "0", "--mac", "02:C0:E1:7E:57:09"];
    let _node = Process::start("alone", folder.path(), args);
    let mut guest = door.admit(None);
    assert_eq!(guest.hello["caps"]["ota"], false);
    guest.offer(&server, &manifest(b"new"), None);
    assert!(guest.refusal().contains("not started by cuelight-launch"));
}

/// OTA-7, OTA-8
#[test]
fn a_server_that_cuts_stalls_repeats_itself_and_ignores_ranges_costs_time_only() {
    let (folder, door, server) = (tempdir().unwrap(), Doorman::open(), Server::start());
    let mut machine = Machine::new(1, folder.path(), door.at);
    machine.start();
    let mut guest = door.admit(None);
    let image = image(NEW);
    let manifest = manifest(&image);
    let faults =
        [Fault::WholeCut, Fault::Cut, Fault::Twice, Fault::Elsewhere, Fault::Busy, Fault::Truncated, Fault::Stalls];
    // A good answer between two bad ones, so that pauses stay short.
    let faults = faults.into_iter().flat_map(|fault| [Some(fault), None]);
    server.serve(manifests(&manifest, signed(&manifest, &key(1))), &image, faults);
    guest.offer(&server, &manifest, None);
    guest.see_off();

    let asked = server.asked();
    assert!(asked.iter().all(|asked| asked.if_range == format!("\"{}\"", manifest.sha256)));
    let from: Vec<usize> = asked.iter().map(|asked| asked.from).collect();
    assert_eq!(from[1], 1_000_000, "of the whole file that was cut, what came is kept");
    assert!(from.windows(2).all(|pair| pair[0] <= pair[1]), "nothing is fetched twice: {from:?}");
    assert_eq!(from.iter().filter(|at| **at == 0).count(), 1);

    let guest = door.admit(None);
    assert_eq!(guest.hello["fw"], fw(NEW));
    assert_eq!(machine.boot().trial().map(|image| image.version.to_string()).as_deref(), Some(NEW));
}

/// OTA-21
#[test]
fn an_update_that_the_hub_stops_leaves_nothing_behind_and_can_be_offered_again() {
    let (folder, door, server) = (tempdir().unwrap(), Doorman::open(), Server::start());
    let mut machine = Machine::new(1, folder.path(), door.at);
    machine.start();
    let mut guest = door.admit(None);
    let image = image(NEW);
    let manifest = manifest(&image);
    // Two parts come, then the server is busy for good.
    let faults = || [None, None].into_iter().chain(std::iter::repeat_n(Some(Fault::Busy), 1_000));
    server.serve(manifests(&manifest, signed(&manifest, &key(1))), &image, faults());
    guest.offer(&server, &manifest, None);
    until_true("two parts are there", SOON, || server.asked().len() >= 3);
    let download = machine.slots().download();
    assert_eq!(fs::read_dir(&download).unwrap().count(), 1);
    guest.stop_update(&manifest);
    assert!(guest.refusal().contains("left off"));
    assert_eq!(fs::read_dir(&download).unwrap().count(), 0);
    assert!(!machine.slots().folder().join("offer.json").exists());

    // The same after power has failed in the middle: what was kept is not gone on with.
    server.serve(manifests(&manifest, signed(&manifest, &key(1))), &image, faults());
    guest.offer(&server, &manifest, None);
    until_true("two parts are there", SOON, || server.asked().len() >= 3);
    machine.cut_power();
    machine.start();
    let mut guest = door.admit(None);
    guest.stop_update(&manifest);
    assert!(guest.refusal().contains("left off"));
    assert_eq!(fs::read_dir(&download).unwrap().count(), 0);

    server.serve(manifests(&manifest, signed(&manifest, &key(1))), &image, []);
    guest.offer(&server, &manifest, None);
    guest.see_off();
}

/// OTA-5, OTA-20
#[test]
fn nothing_is_fetched_while_a_show_is_armed_that_the_offer_does_not_name() {
    let (folder, door, server) = (tempdir().unwrap(), Doorman::open(), Server::start());
    let mut machine = Machine::new(1, folder.path(), door.at);
    machine.start();
    let mut guest = door.admit(Some("Friday"));
    let image = image(NEW);
    let manifest = manifest(&image);
    server.serve(manifests(&manifest, signed(&manifest, &key(1))), &image, []);
    guest.offer(&server, &manifest, Some("Saturday"));
    guest.chat(3);
    assert!(server.asked().is_empty(), "it fetches during a show");
    // Power comes back during the show: the offer is kept, and still held.
    machine.cut_power();
    machine.start();
    let mut guest = door.admit(Some("Friday"));
    guest.chat(3);
    assert!(server.asked().is_empty(), "it fetches during a show");
    guest.arm(None);
    guest.see_off();

    // Named, it happens in spite of the show. The image that is on trial has not proven itself: this is another machine.
    let mut other = Machine::new(2, folder.path(), door.at);
    machine.cut_power();
    other.start();
    let mut guest = door.admit(Some("Friday"));
    guest.offer(&server, &manifest, Some("Friday"));
    guest.see_off();
}

/// OTA-8: the process ends at each of the points, and the machine loses its power there.
#[test]
fn power_may_fail_at_every_point_of_an_update_of_a_real_node() {
    let (folder, door, server) = (tempdir().unwrap(), Doorman::open(), Server::start());
    let image = image(NEW);
    let manifest = manifest(&image);
    for (number, point) in (1..).zip(Point::ALL) {
        server.serve(manifests(&manifest, signed(&manifest, &key(1))), &image, []);
        let mut machine = Machine::new(number, folder.path(), door.at);
        machine.start_with(&["--update-fails-at", point.name()]);
        let mut guest = door.admit(None);
        guest.offer(&server, &manifest, None);
        guest.wait_until_gone();
        until_true("the power fails", SOON, || machine.log().contains("ended (signal: 6"));
        assert!(machine.log().contains(&format!("the power fails at {point}")), "{}", machine.log());
        machine.cut_power();
        let parts = server.asked().len();

        machine.start();
        let mut guest = door.admit(None);
        if guest.hello["fw"] == fw(OLD) {
            // By itself: nobody offers it anything.
            guest.see_off();
            guest = door.admit(None);
        }
        assert_eq!(guest.hello["fw"], fw(NEW), "{point}");
        assert_eq!(machine.boot().trial().map(|image| image.sha256), Some(manifest.sha256), "{point}");
        // What had come before the power failed is not fetched again.
        let all = manifest.size.div_ceil(256 * 1024);
        assert_eq!(server.asked().len() as u64, all, "{point}: {parts} parts had come before");
    }
}

/// OTA-7
#[test]
fn an_image_that_does_not_fit_on_the_disk_is_refused_and_the_node_goes_on() {
    let (folder, door, server) = (tempdir().unwrap(), Doorman::open(), Server::start());
    let mut machine = Machine::new(1, folder.path(), door.at);
    // Room for one image and a half.
    if machine.start_on_small_disk(program().len() * 3 / 2).is_none() {
        return;
    }
    let mut guest = door.admit(None);
    assert_eq!(guest.hello["fw"], fw(env!("CARGO_PKG_VERSION")), "what the first image says of itself");
    let image = image(NEW);
    let manifest = manifest(&image);
    server.serve(manifests(&manifest, signed(&manifest, &key(1))), &image, []);
    guest.offer(&server, &manifest, None);
    let reason = guest.refusal();
    assert!(reason.contains("more bytes on the disk"), "{reason}");
    assert!(server.asked().is_empty());
    // The node and its session have not noticed.
    guest.chat(2);
}

/// OTA-7, OTA-8
#[test]
fn a_disk_that_fills_up_while_an_image_comes_leaves_the_slots_as_they_were() {
    let (folder, door, server) = (tempdir().unwrap(), Doorman::open(), Server::start());
    let mut machine = Machine::new(1, folder.path(), door.at);
    let Some(disk) = machine.start_on_small_disk(program().len() * 3 + (4 << 20)) else { return };
    let mut guest = door.admit(None);
    let image = image(NEW);
    let manifest = manifest(&image);
    // Two parts come, then the server is busy; meanwhile somebody else needs the room that is left.
    let faults = [None, None].into_iter().chain([Some(Fault::Busy); 3]);
    server.serve(manifests(&manifest, signed(&manifest, &key(1))), &image, faults);
    let slots = disk.of(machine.process.as_ref().unwrap()).join("slots");
    let kept = || [fs::read(slots.join("boot.json")).unwrap(), fs::read(slots.join("a/image")).unwrap()];
    let before = kept();
    guest.offer(&server, &manifest, None);
    until_true("two parts are there", SOON, || server.asked().len() >= 3);
    disk.fill(machine.process.as_ref().unwrap());
    let reason = guest.refusal();
    // The hub is told as much as has room in a message, the log all of it.
    assert!(reason.contains("cannot be written"), "{reason}");
    until_true("the log says why", SOON, || machine.log().contains("No space left"));
    assert_eq!(fs::read_dir(slots.join("download")).unwrap().count(), 0, "what came is removed");
    assert!(!slots.join("offer.json").exists() && kept() == before);
    guest.chat(2);

    disk.make_room(machine.process.as_ref().unwrap());
    server.serve(manifests(&manifest, signed(&manifest, &key(1))), &image, []);
    guest.offer(&server, &manifest, None);
    guest.see_off();
    assert_eq!(door.admit(None).hello["fw"], fw(NEW));
}
