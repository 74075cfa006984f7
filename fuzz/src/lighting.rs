//! Receiving universes: any packets of any sources in any order.

use cuelight_dmx::artnet::{self, Dmx, PortAddress, Sequence};
use cuelight_dmx::merge::Mode;
use cuelight_dmx::priority::Priority;
use cuelight_dmx::receive::{Names, Receiver};
use cuelight_dmx::sacn::{self, Cid, Data, Options, SourceName, StartCode};
use cuelight_dmx::universe::{OnLoss, Settings, SourceId, Universe};
use cuelight_wire::time::{Local, Span, Time};

use crate::script::{START, Script};

const UNIVERSES: usize = 2;
const SOURCES: usize = 3;
type Machine<'u> = Receiver<'u, UNIVERSES, SOURCES>;

/// A data packet from a script, of few different sources.
fn data(script: &mut Script<'_>, buf: &mut [u8; Data::MAX_LEN]) -> usize {
    let options = script.u8();
    let data = Data {
        cid: Cid([script.u8() % 5; 16]),
        source_name: SourceName::new("desk"),
        priority: Priority::new(script.u8()).unwrap_or_default(),
        sync: sacn::Universe::new(u16::from(script.u8() % 3)),
        sequence: script.u8(),
        options: Options { is_preview: options & 7 == 1, is_terminated: options & 7 == 2, is_forced: options & 8 != 0 },
        universe: sacn::Universe::new(1 + u16::from(script.u8() % 3)).expect("1 to 3"),
        start_code: if options & 16 == 0 { StartCode::LEVELS } else { StartCode::PRIORITIES },
        slots: script.chunk(),
    };
    data.encode(buf).expect("the largest packet fits")
}

/// What is promised whatever has come.
fn check(machine: &mut Machine<'_>, now: Time<Local>) {
    for universe in machine.universes() {
        let slots = universe.levels(now).len();
        assert!(slots <= 512);
        let speaking: Vec<_> = universe.sources().filter(|s| s.is_speaking).map(|s| s.id).collect();
        assert!(universe.sources().count() <= SOURCES);
        for slot in [1, 2, 100, 512] {
            if let Some(owner) = universe.owner(slot, now) {
                assert!(speaking.contains(&owner.source) && owner.since <= now);
                assert_eq!(universe.levels(now).get(usize::from(slot) - 1), Some(&owner.level));
            }
        }
    }
}

/// Sources and events stay bounded, owners are sources that count, and silence ends everything that came by network.
pub fn run(bytes: &[u8]) {
    let mut script = Script::new(bytes);
    let mut now = START;
    let settings = |on_loss| Settings { on_loss, ..Settings::default() };
    let mut universes = [OnLoss::Hold, OnLoss::Dark].map(|on_loss| Universe::new(settings(on_loss)));
    let names = [1, 2].map(|n| Names { sacn: sacn::Universe::new(n), artnet: PortAddress::new(n) });
    let mut machine = Machine::new(&mut universes, &names).expect("two universes with two names each");
    let mut buf = [0; Data::MAX_LEN];
    while let Some(step) = script.step() {
        now += script.pause();
        machine.handle_timeout(now);
        let from = [10, 0, 0, step >> 4];
        match step & 0x0F {
            0 => drop(machine.handle_sacn(script.chunk(), now)),
            1 => drop(machine.handle_artnet(script.chunk(), from, now)),
            2..=7 => {
                let len = data(&mut script, &mut buf);
                let _ = machine.handle_sacn(&buf[..len], now);
            }
            8 => {
                let address = sacn::Universe::new(1 + u16::from(script.u8() % 2)).expect("1 or 2");
                let sync = sacn::Sync { cid: Cid([script.u8(); 16]), sequence: script.u8(), address };
                let len = sync.encode(&mut buf).expect("the buffer is longer");
                let _ = machine.handle_sacn(&buf[..len], now);
            }
            9 | 10 => {
                let port_address = PortAddress::new(u16::from(script.u8() % 4)).expect("0 to 3");
                let (sequence, physical) = (Sequence(script.u8()), script.u8() % 2);
                let dmx = Dmx { sequence, physical, port_address, slots: script.chunk() };
                let len = dmx.encode(&mut buf).expect("the largest packet fits");
                let _ = machine.handle_artnet(&buf[..len], from, now);
            }
            11 => {
                let len = artnet::Sync.encode(&mut buf).expect("the buffer is longer");
                let _ = machine.handle_artnet(&buf[..len], from, now);
            }
            12 => {
                let (id, priority) = (script.u8() % 3, Priority::new(script.u8()).unwrap_or_default());
                let _ = machine.universes()[0].handle_local(id.into(), script.chunk(), priority, now);
            }
            13 => machine.universes()[0].handle_release((script.u8() % 3).into()),
            14 => machine.universes()[1].handle_cancel_merge(),
            _ => machine.universes()[1].set_mode(if step & 0x10 == 0 { Mode::Htp } else { Mode::Ltp }),
        }
        check(&mut machine, now);
    }
    // Long enough for everything that waits on something else.
    for _ in 0..200 {
        now += Span::from_ms(200);
        machine.handle_timeout(now);
        check(&mut machine, now);
    }
    for universe in machine.universes() {
        assert!(universe.sources().all(|source| matches!(source.id, SourceId::Local(_))));
        assert_eq!(universe.poll_timeout(), None);
    }
}
