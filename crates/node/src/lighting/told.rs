//! What people are told of what comes: sources that come and go, and whom the slots of a universe obey (DMX-25).

use std::fmt;
use std::net::Ipv4Addr;

use cuelight_dmx::universe::{Event, Lost, SourceId, SourceStatus};
use cuelight_input::{Intake, MAX_SOURCES};
use cuelight_output::lights::{Mixed, MixedReader, SHOW};
use cuelight_wire::time::{Local, Span, Time};
use tracing::{info, warn};

/// Lines in [`WINDOW`] at most: whoever floods a universe with sources does not flood the log.
const LINES: u32 = 40;
const WINDOW: Span = Span::from_s(10);
/// How often it is looked whom slots obey.
const LOOK_EVERY: Span = Span::from_s(1);

/// Tells it as log lines.
#[derive(Debug)]
pub(super) struct Teller {
    universes: Vec<Told>,
    look_at: Time<Local>,
    window_at: Time<Local>,
    lines: u32,
    left_out: u32,
}

/// A universe and what was told of it.
#[derive(Debug)]
struct Told {
    number: u16,
    mixed: MixedReader,
    obeys: Vec<String>,
    /// Its sources as they were told when they came: what is gone has no name any more. As many as its table holds.
    known: Vec<(SourceId, String)>,
}

impl Teller {
    /// Of these universes of the show, in the order of the intake.
    pub(super) fn new(universes: impl Iterator<Item = (u16, MixedReader)>, now: Time<Local>) -> Self {
        let universes =
            universes.map(|(number, mixed)| Told { number, mixed, obeys: Vec::new(), known: Vec::new() }).collect();
        Self { universes, look_at: now, window_at: now, lines: 0, left_out: 0 }
    }

    /// Tells what is new.
    pub(super) fn look(&mut self, intake: &mut Intake<'_>, now: Time<Local>) {
        if now - self.window_at >= WINDOW {
            if self.left_out > 0 {
                warn!(lines = self.left_out, "more came and went of sources of light than is told");
            }
            (self.window_at, self.lines, self.left_out) = (now, 0, 0);
        }
        for i in 0..self.universes.len() {
            while let Some(event) = intake.universes().get_mut(i).and_then(|universe| universe.poll_event()) {
                let line = self.universes[i].described(event, intake.peek(i).sources());
                self.tell(i, &line);
            }
        }
        if now < self.look_at {
            return;
        }
        self.look_at = now + LOOK_EVERY;
        for i in 0..self.universes.len() {
            let Some(mixed) = self.universes[i].mixed.get() else { continue };
            let obeys = obeyed(&mixed, |place| intake.peek(i).source_at(place));
            if obeys != self.universes[i].obeys {
                let whom = if obeys.is_empty() { "nobody".to_owned() } else { obeys.join(", ") };
                self.tell(i, &format!("obeys {whom}"));
                self.universes[i].obeys = obeys;
            }
        }
    }

    fn tell(&mut self, i: usize, what: &str) {
        if self.lines >= LINES {
            self.left_out += 1;
            return;
        }
        self.lines += 1;
        info!("universe {} {what}", self.universes[i].number);
    }
}

/// The owners of slots, each once, in the order of their first slots.
fn obeyed(mixed: &Mixed, source: impl Fn(usize) -> Option<SourceStatus>) -> Vec<String> {
    let mut all: Vec<(usize, u8)> = Vec::new();
    for slot in 0..mixed.levels().len() {
        let owner = mixed.owner(slot).map(|owned| (owned.source, owned.priority.number()));
        if let Some(owner) = owner.filter(|owner| !all.contains(owner)) {
            all.push(owner);
        }
    }
    all.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    let worded = |(place, priority)| match source(place) {
        _ if place == SHOW => format!("the show at priority {priority}"),
        Some(status) => format!("{} at priority {priority}", named(status)),
        None => format!("a source that is gone at priority {priority}"),
    };
    all.into_iter().map(worded).collect()
}

impl Told {
    /// An event in words, `sources` being those that are there now.
    fn described(&mut self, event: Event, mut sources: impl Iterator<Item = SourceStatus>) -> String {
        match event {
            Event::SourceFound(id) => {
                let name = sources.find(|source| source.id == id).map_or_else(|| Nameless(id).to_string(), named);
                self.forget(id);
                if self.known.len() == MAX_SOURCES {
                    self.known.remove(0);
                }
                self.known.push((id, name.clone()));
                format!("has the source {name}")
            }
            Event::SourceLost(id, why) => {
                let why = match why {
                    Lost::Silent => "it fell silent",
                    Lost::Terminated => "it said its end",
                    Lost::Released => "its merging was cancelled",
                };
                let name = self.forget(id).unwrap_or_else(|| Nameless(id).to_string());
                format!("has lost the source {name}: {why}")
            }
            Event::SourcesExceeded(id) => format!("has no room for the source {}", Nameless(id)),
            Event::SyncLost(id) => format!("gets no synchronisation of {} any more", Nameless(id)),
        }
    }
    fn forget(&mut self, id: SourceId) -> Option<String> {
        let known = self.known.iter().position(|(known, _)| *known == id)?;
        Some(self.known.remove(known).1)
    }
}

/// A source as people know it.
fn named(source: SourceStatus) -> String {
    let name = source.name.map_or_else(String::new, |name| format!("\"{}\" ", name.as_str().escape_debug()));
    format!("{name}{}", Nameless(source.id))
}

/// A source of which only its identity is known.
struct Nameless(SourceId);

impl fmt::Display for Nameless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            SourceId::Sacn(cid) => write!(f, "(sacn:{cid})"),
            SourceId::ArtNet { ip, physical } => write!(f, "(artnet:{}/{physical})", Ipv4Addr::from(ip)),
            SourceId::Local(id) => write!(f, "(local:{id})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use cuelight_dmx::sacn::Cid;
    use cuelight_output::lights::mixed;

    use super::*;

    #[test]
    fn a_source_that_is_gone_is_told_by_the_name_it_had_and_no_more_are_known_than_there_may_be() {
        let (_, mixed) = mixed();
        let mut told = Told { number: 1, mixed, obeys: Vec::new(), known: Vec::new() };
        let id = |n: u8| SourceId::ArtNet { ip: [10, 0, 0, n], physical: 0 };
        assert_eq!(told.described(Event::SourceFound(id(1)), [].into_iter()), "has the source (artnet:10.0.0.1/0)");
        told.known[0].1 = "\"desk\"".to_owned();
        let lost = told.described(Event::SourceLost(id(1), Lost::Silent), [].into_iter());
        assert_eq!(lost, "has lost the source \"desk\": it fell silent");
        for n in 0..100 {
            told.described(Event::SourceFound(id(n)), [].into_iter());
        }
        assert_eq!(told.known.len(), MAX_SOURCES);
        let stranger = Event::SourcesExceeded(SourceId::Sacn(Cid([1; 16])));
        assert!(told.described(stranger, [].into_iter()).starts_with("has no room for the source (sacn:01010101-"));
    }
}
