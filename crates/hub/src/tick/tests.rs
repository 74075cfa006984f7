//! Turns of the tick thread, taken one by one.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use cuelight_conductor::rollout::{Image, Order};
use cuelight_conductor::{Command, Config, Saved};
use cuelight_wire::control::{Caps, Hello, HubMessage, NodeMessage, Topo};
use cuelight_wire::ids::Mac;
use tempfile::TempDir;

use super::*;
use crate::events::Events;
use crate::inbox::Inbox;
use crate::keeper::{STATE_FILE, SaveTrouble};
use crate::store::DataFolder;

const CONN: ConnId = ConnId(1);

fn thread() -> (TickThread, Inbox, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let clock = LocalClock::UNCHANGED;
    let conductor = Conductor::new(Config::default(), Saved::default(), clock.now(), None);
    let timer = TickTimer::new().unwrap();
    let show = SharedShowClock::default();
    let events = Events::new(1, clock, show.clone());
    let (inbox, inputs) = Inbox::new(timer.waker(), events.clone());
    let folder_of_hub = DataFolder::open(folder.path()).unwrap();
    let keeper = Keeper::start(folder_of_hub, None, clock, show.clone(), events, SaveTrouble::default()).unwrap();
    let thread = TickThread {
        snapshot: Arc::new(ArcSwap::from_pointee(conductor.snapshot(clock.now()))),
        sessions: Arc::new(Sessions::default()),
        socket: BatchSender::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).unwrap(),
        conductor,
        clock,
        timer,
        inputs,
        keeper,
        show,
    };
    (thread, inbox, folder)
}

fn hello() -> Hello {
    Hello {
        proto: 1,
        mac: Mac([2, 0, 0, 0, 0, 1]),
        fw: "k1-v2.8.0".try_into().unwrap(),
        caps: Caps::default(),
        topo: Topo::default(),
        udp_port: None,
        name: None,
        ext: Default::default(),
        hardware: None,
        universes: None,
        page_port: None,
        geometry: None,
        show: None,
    }
}

fn change(thread: &mut TickThread) {
    thread.conductor.handle_command(None, Command::Blackout { on: true }, thread.clock.now()).unwrap();
}

fn wait_for_the_keeper(thread: &TickThread) {
    while !thread.keeper.is_free() {
        std::thread::yield_now();
    }
}

/// HUB-4
#[test]
fn a_change_after_a_quiet_time_is_saved_at_the_next_tick_and_more_changes_twice_a_second() {
    let (mut thread, _inbox, folder) = thread();
    let mut memory = Memory::default();
    change(&mut thread);
    thread.tick(&mut memory);
    assert_eq!(memory.saved_revision, thread.conductor.saved_revision());
    wait_for_the_keeper(&thread);

    let mut saves = 0;
    for _ in 0..2 * SAVE_EVERY {
        change(&mut thread);
        let before = memory.saved_revision;
        thread.tick(&mut memory);
        saves += u32::from(memory.saved_revision != before);
        wait_for_the_keeper(&thread);
    }
    assert_eq!(saves, 2);
    let last = thread.conductor.saved();
    thread.keeper.stop(last.clone());
    let data = DataFolder::open(folder.path()).unwrap();
    assert_eq!(data.read::<Saved>(STATE_FILE), Some(last));
}

/// OTA-6
#[test]
fn what_is_on_the_disk_is_told_to_the_conductor_and_only_then_offered() {
    let (mut thread, _inbox, folder) = thread();
    let mut memory = Memory::default();
    let now = thread.clock.now();
    let (outgoing, mut waiting) = mpsc::channel(16);
    thread.take(Input::Open { conn: CONN, ip: IpAddr::from([127, 0, 0, 1]), outgoing }, &mut memory, now);
    let caps = Caps { udp: true, ota: true, clock: true };
    let message = Box::new(NodeMessage::Hello(Hello { caps, ..hello() }));
    let fresh = "0123456789abcdef0123456789abcdef01234567".try_into().unwrap();
    thread.take(Input::Message { conn: CONN, message, fresh, received_at: now }, &mut memory, now);
    let image = Image { platform: "k1".into(), path: "/ota/k1/s3/2.9.0.bin".into(), sha256: "0".repeat(64), size: 9 };
    let second = cuelight_wire::time::Span::from_s(1);
    let order = Order {
        version: "2.9.0".into(),
        images: vec![image],
        nodes: None,
        canary: None,
        limit: second.times(180),
        settle: second.times(5),
        confirm_canary: false,
        in_spite_of: None,
    };
    thread.conductor.handle_command(None, Command::BeginRollout(Box::new(order)), now).unwrap();
    thread.deliver(&mut memory);
    let mut has_offer = || {
        let mut messages = std::iter::from_fn(|| waiting.try_recv().ok());
        messages.any(|sent| matches!(sent, Outgoing::Message(HubMessage::OtaUpdate(_))))
    };
    assert!(!has_offer(), "nothing is saved yet");
    let data = folder.path().join(STATE_FILE);
    while !has_offer() {
        thread.tick(&mut memory);
        thread.deliver(&mut memory);
        std::thread::yield_now();
    }
    let saved: Saved = serde_json::from_slice(&std::fs::read(data).unwrap()).unwrap();
    assert!(saved.rollout.is_some(), "the offer left before the rollout was on the disk");
    thread.keeper.stop(Saved::default());
}

/// HUB-8
#[test]
fn a_node_that_does_not_read_is_let_go_without_waiting_for_it() {
    let (mut thread, _inbox, _folder) = thread();
    let mut memory = Memory::default();
    let now = thread.clock.now();
    // Room for the welcome, and nothing else.
    let (outgoing, mut waiting) = mpsc::channel(1);
    thread.take(Input::Open { conn: CONN, ip: IpAddr::from([127, 0, 0, 1]), outgoing }, &mut memory, now);
    let message = Box::new(NodeMessage::Hello(hello()));
    let fresh = "0123456789abcdef0123456789abcdef01234567".try_into().unwrap();
    thread.take(Input::Message { conn: CONN, message, fresh, received_at: now }, &mut memory, now);
    thread.deliver(&mut memory);
    assert!(matches!(waiting.try_recv(), Ok(Outgoing::Message(_))));
    assert!(matches!(waiting.try_recv(), Err(mpsc::error::TryRecvError::Disconnected)), "its queue is gone");
    let snapshot = thread.conductor.snapshot(now);
    assert_eq!((snapshot.connections, snapshot.refused), (0, 1));
    assert!(memory.connections.is_empty());
    thread.keeper.stop(Saved::default());
}

/// HUB-1
#[test]
fn a_flood_of_inputs_is_taken_in_parts_so_that_a_tick_comes_between() {
    let (mut thread, inbox, _folder) = thread();
    let mut memory = Memory::default();
    for _ in 0..1000 {
        inbox.mention(TokenHash(7));
    }
    thread.take_inputs(&mut memory);
    assert_eq!(thread.inputs.len(), 1000 - INPUTS_AT_ONCE);
    // What finds no room is dropped, and nobody waits.
    for _ in 0..1000 {
        inbox.mention(TokenHash(7));
    }
    assert_eq!(thread.inputs.len(), 1024);
    thread.keeper.stop(Saved::default());
}
