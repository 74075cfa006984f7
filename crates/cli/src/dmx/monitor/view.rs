//! What the monitor knows: universes, their sources with rates, and whom slots obey.

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;

use cuelight_dmx::merge::Mode;
use cuelight_dmx::universe::{Event, Lost, Owner, SourceId, SourceStatus};
use cuelight_input::Intake;
use cuelight_wire::time::{Local, Span, Time};
use serde::Serialize;
use serde_json::{Value, json};

/// Rates are counted over this long.
const COUNTED: Span = Span::from_s(1);

/// Listens, and counts what universes do not.
pub(super) struct Observer<'u> {
    intake: Intake<'u>,
    /// What the universes are called.
    numbers: Vec<u16>,
    /// Slots that people ask about.
    slots: Vec<u16>,
    rates: HashMap<(usize, SourceId), Rate>,
    counted_at: Time<Local>,
}

/// How often levels of a source come.
#[derive(Clone, Copy, Default)]
struct Rate {
    packets: u32,
    hz: f64,
    /// Still there when it was counted last.
    is_there: bool,
}

/// Everything, as JSON has it and the picture draws it.
#[derive(Debug, Serialize)]
pub(super) struct View {
    pub(super) universes: Vec<UniverseView>,
    /// Datagrams of both protocols since the start.
    pub(super) datagrams: u64,
    /// Of these, from addresses that are not listened to.
    pub(super) not_allowed: u64,
    /// Of these, not as the standards have them.
    pub(super) bad: u64,
    /// Of these, of other universes.
    pub(super) elsewhere: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct UniverseView {
    pub(super) universe: u16,
    pub(super) mode: &'static str,
    pub(super) levels: Vec<u8>,
    pub(super) sources: Vec<SourceView>,
    /// Slots that follow each other and obey the same source.
    pub(super) owners: Vec<OwnerView>,
    /// The slots that were asked about.
    pub(super) slots: Vec<SlotView>,
    /// Packets that were not used.
    pub(super) dropped: DroppedView,
}

#[derive(Debug, Serialize)]
pub(super) struct SourceView {
    pub(super) source: String,
    pub(super) protocol: &'static str,
    pub(super) name: Option<String>,
    pub(super) address: Option<Ipv4Addr>,
    pub(super) priority: u8,
    pub(super) has_slot_priorities: bool,
    /// Whether its levels count: not while its priorities of single slots are waited for.
    pub(super) counts: bool,
    pub(super) rate_hz: f64,
    pub(super) packets: u32,
    pub(super) heard_s_ago: f64,
    /// The synchronisation address its levels name.
    pub(super) sync: Option<u16>,
    /// Whether they wait for it.
    pub(super) synchronised: bool,
    pub(super) sync_lost: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct OwnerView {
    pub(super) first: u16,
    pub(super) last: u16,
    pub(super) source: String,
    pub(super) priority: u8,
}

#[derive(Debug, Serialize)]
pub(super) struct SlotView {
    pub(super) slot: u16,
    pub(super) level: u8,
    /// Nobody: it was never sent, or all sources are gone.
    pub(super) source: Option<String>,
    pub(super) priority: Option<u8>,
    pub(super) since_s: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct DroppedView {
    pub(super) late: u64,
    pub(super) preview: u64,
    pub(super) start_code: u64,
    pub(super) terminated: u64,
    pub(super) sources_exceeded: u64,
    pub(super) sync: u64,
}

impl<'u> Observer<'u> {
    pub(super) fn new(intake: Intake<'u>, numbers: Vec<u16>, slots: Vec<u16>) -> Self {
        let counted_at = intake.now();
        Self { intake, numbers, slots, rates: HashMap::new(), counted_at }
    }
    pub(super) fn now(&self) -> Time<Local> {
        self.intake.now()
    }

    /// Waits for something, at the longest until `until`, takes it, and tells what has happened.
    pub(super) fn observe(&mut self, until: Time<Local>) -> io::Result<Vec<Value>> {
        self.intake.wait(until, None)?;
        self.intake.take(|_, _| {});
        let now = self.now();
        if now - self.counted_at >= COUNTED {
            self.count(now);
        }
        let mut happened = Vec::new();
        for i in 0..self.numbers.len() {
            while let Some(event) = self.intake.universes()[i].poll_event() {
                happened.push(self.told(i, event));
            }
        }
        Ok(happened)
    }
    /// All there is.
    pub(super) fn view(&mut self) -> View {
        let (drops, figures) = (*self.intake.drops(), self.intake.figures());
        View {
            universes: (0..self.numbers.len()).map(|i| self.universe(i)).collect(),
            datagrams: figures.datagrams,
            not_allowed: figures.not_allowed,
            bad: drops.bad + figures.too_long,
            elsewhere: drops.elsewhere,
        }
    }
    /// The same as an event among events.
    pub(super) fn status(&mut self) -> Value {
        let mut status = json!({"event": "status"});
        if let (Value::Object(status), Ok(Value::Object(view))) = (&mut status, serde_json::to_value(self.view())) {
            status.extend(view);
        }
        status
    }

    /// New rates; those of sources that are gone are forgotten.
    fn count(&mut self, now: Time<Local>) {
        let seconds = (now - self.counted_at).as_ns() as f64 / 1e9;
        self.counted_at = now;
        self.rates.values_mut().for_each(|rate| rate.is_there = false);
        for (i, universe) in self.intake.universes().iter().enumerate() {
            for source in universe.sources() {
                let rate = self.rates.entry((i, source.id)).or_default();
                let packets = source.packets.wrapping_sub(rate.packets);
                *rate = Rate { packets: source.packets, hz: f64::from(packets) / seconds, is_there: true };
            }
        }
        self.rates.retain(|_, rate| rate.is_there);
    }

    fn universe(&mut self, i: usize) -> UniverseView {
        let now = self.now();
        let sources: Vec<SourceStatus> = self.intake.universes()[i].sources().collect();
        let sources = sources.into_iter().map(|source| self.source(i, &source, now)).collect();
        let universe = &mut self.intake.universes()[i];
        let levels = universe.levels(now).to_vec();
        let mut owners: Vec<OwnerView> = Vec::new();
        for slot in 1..=levels.len() as u16 {
            let Some(Owner { source, priority, .. }) = universe.owner(slot, now) else { continue };
            let (source, priority) = (told_source(source), priority.number());
            match owners.last_mut() {
                Some(run) if run.last + 1 == slot && run.source == source && run.priority == priority => {
                    run.last = slot
                }
                _ => owners.push(OwnerView { first: slot, last: slot, source, priority }),
            }
        }
        let of_slot = |slot: &u16| {
            let owner = universe.owner(*slot, now);
            SlotView {
                slot: *slot,
                level: levels.get(usize::from(*slot) - 1).copied().unwrap_or(0),
                source: owner.map(|owner| told_source(owner.source)),
                priority: owner.map(|owner| owner.priority.number()),
                since_s: owner.map(|owner| seconds(now - owner.since)),
            }
        };
        let slots = self.slots.iter().map(of_slot).collect();
        let drops = universe.drops();
        let dropped = DroppedView {
            late: drops.late,
            preview: drops.preview,
            start_code: drops.start_code,
            terminated: drops.terminated,
            sources_exceeded: drops.sources_exceeded,
            sync: drops.sync,
        };
        let mode = match universe.settings().mode {
            Mode::Htp => "htp",
            Mode::Ltp => "ltp",
        };
        UniverseView { universe: self.numbers[i], mode, levels, sources, owners, slots, dropped }
    }

    fn source(&self, i: usize, source: &SourceStatus, now: Time<Local>) -> SourceView {
        let (protocol, address) = match source.id {
            SourceId::Sacn(cid) => ("sacn", self.intake.address_of(cid)),
            SourceId::ArtNet { ip, .. } => ("artnet", Some(ip.into())),
            SourceId::Local(_) => ("local", None),
        };
        SourceView {
            source: told_source(source.id),
            protocol,
            name: source.name.map(|name| name.to_string()),
            address,
            priority: source.priority.number(),
            has_slot_priorities: source.has_priorities,
            counts: source.is_speaking,
            rate_hz: self.rates.get(&(i, source.id)).map_or(0.0, |rate| (rate.hz * 10.0).round() / 10.0),
            packets: source.packets,
            heard_s_ago: seconds(now - source.heard_at),
            sync: source.sync.map(|sync| sync.number()),
            synchronised: source.is_synchronised,
            sync_lost: source.is_sync_lost,
        }
    }

    fn told(&self, i: usize, event: Event) -> Value {
        let universe = self.numbers[i];
        match event {
            Event::SourceFound(id) => {
                let now = self.now();
                let found = self.intake.peek(i).sources().find(|source| source.id == id);
                let source = found.map(|source| self.source(i, &source, now));
                let (name, address) = source.map_or((None, None), |source| (source.name, source.address));
                json!({"event": "found", "universe": universe, "source": told_source(id), "name": name, "address": address})
            }
            Event::SourceLost(id, why) => {
                let why = match why {
                    Lost::Silent => "silent",
                    Lost::Terminated => "terminated",
                    Lost::Released => "released",
                };
                json!({"event": "lost", "universe": universe, "source": told_source(id), "why": why})
            }
            Event::SourcesExceeded(id) => {
                json!({"event": "sources-exceeded", "universe": universe, "source": told_source(id)})
            }
            Event::SyncLost(id) => json!({"event": "sync-lost", "universe": universe, "source": told_source(id)}),
        }
    }
}

fn seconds(span: Span) -> f64 {
    (span.as_ns() as f64 / 1e6).round() / 1e3
}

/// `sacn:CID`, `artnet:IP/INPUT`.
fn told_source(id: SourceId) -> String {
    match id {
        SourceId::Sacn(cid) => format!("sacn:{cid}"),
        SourceId::ArtNet { ip, physical } => format!("artnet:{}/{physical}", Ipv4Addr::from(ip)),
        SourceId::Local(number) => format!("local:{number}"),
    }
}
