//! The monitor as a picture of text.

use ratatui::crossterm::terminal;

use super::view::{SourceView, UniverseView, View};
use crate::print;

/// To the top left, and clear what is below (ECMA-48: CUP, ED).
const REDRAW: &str = "\x1b[H\x1b[J";
/// Slots of a row: four characters each and their sources' letters fit into 100 columns.
const PER_ROW: usize = 16;
/// Columns and rows where nobody says how many there are.
const SCREEN: (u16, u16) = (100, 40);

/// The picture in place of the last one, cut where the screen ends.
pub(super) fn on_screen(view: &View) -> String {
    let (columns, rows) = terminal::size().unwrap_or(SCREEN);
    let lines = of(view);
    let fitting = |line: &str| line.chars().take(usize::from(columns)).collect::<String>();
    let shown: Vec<_> = lines.lines().take(usize::from(rows).saturating_sub(1)).map(fitting).collect();
    format!("{REDRAW}{}", shown.join("\n"))
}

/// Everything there is.
pub(super) fn of(view: &View) -> String {
    let mut text: String = view.universes.iter().map(|universe| of_universe(universe) + "\n").collect();
    let View { datagrams, not_allowed, bad, elsewhere, .. } = view;
    text.push_str(&format!(
        "{datagrams} datagrams; of other universes {elsewhere}, not allowed {not_allowed}, not understood {bad}\n"
    ));
    text
}

fn of_universe(universe: &UniverseView) -> String {
    let count = universe.sources.len();
    let sources = if count == 1 { "source" } else { "sources" };
    let mut text = format!(
        "Universe {} ({}): {} slots, {count} {sources}{}\n",
        universe.universe,
        universe.mode,
        universe.levels.len(),
        dropped(universe)
    );
    if count > 0 {
        let rows: Vec<_> = universe.sources.iter().enumerate().map(|(i, source)| row(letter(i), source)).collect();
        text.push_str(&print::table(["", "source", "from", ">priority", ">hz", "state"], &rows));
    }
    for slot in &universe.slots {
        let why = match (&slot.source, slot.priority, slot.since_s) {
            (Some(source), Some(priority), Some(since)) => {
                format!("{}, priority {priority}, for {since:.1} s", name_of(universe, source))
            }
            _ => "nobody".to_owned(),
        };
        text.push_str(&format!("slot {} is {}: {why}\n", slot.slot, slot.level));
    }
    text + &levels(universe)
}

fn dropped(universe: &UniverseView) -> String {
    let dropped = &universe.dropped;
    let all = [
        ("late", dropped.late),
        ("previews", dropped.preview),
        ("other start codes", dropped.start_code),
        ("of sources too many", dropped.sources_exceeded),
    ];
    let told: Vec<_> =
        all.iter().filter(|(_, count)| *count > 0).map(|(why, count)| format!("{count} {why}")).collect();
    if told.is_empty() { String::new() } else { format!("; not used: {}", told.join(", ")) }
}

/// A, B, C: a table has fewer sources than there are letters.
fn letter(i: usize) -> char {
    char::from(b'A' + (i % 26) as u8)
}

fn name_of(universe: &UniverseView, id: &str) -> String {
    let source = universe.sources.iter().find(|source| source.source == id);
    source.and_then(|source| source.name.clone()).unwrap_or_else(|| id.to_owned())
}

fn row(letter: char, source: &SourceView) -> [String; 6] {
    let name = source.name.clone().unwrap_or_else(|| source.source.clone());
    let address = source.address.map_or_else(|| "-".to_owned(), |address| format!("{} {address}", source.protocol));
    let slots = if source.has_slot_priorities { " (per slot)" } else { "" };
    let sync = source.sync.map_or_else(String::new, |sync| format!(" {sync}"));
    let state = match source {
        source if !source.counts => "waits for its priorities".to_owned(),
        source if source.sync_lost => format!("synchronisation{sync} lost"),
        source if source.synchronised => format!("in step with{sync}"),
        source if source.sync.is_some() => format!("no synchronisation{sync} yet"),
        _ => String::new(),
    };
    [letter.into(), name, address, format!("{}{slots}", source.priority), format!("{:.1}", source.rate_hz), state]
}

/// Rows of levels, each with the letter of the source it is from; rows in which nothing is on are left out.
fn levels(universe: &UniverseView) -> String {
    let owner = |slot: usize| {
        let slot = u16::try_from(slot).ok()?;
        let run = universe.owners.iter().find(|run| (run.first..=run.last).contains(&slot))?;
        universe.sources.iter().position(|source| source.source == run.source).map(letter)
    };
    let mut text = String::new();
    for (i, row) in universe.levels.chunks(PER_ROW).enumerate() {
        if row.iter().all(|level| *level == 0) {
            continue;
        }
        let first = i * PER_ROW + 1;
        let cell = |(k, level): (usize, &u8)| format!(" {level:>3}{}", owner(first + k).unwrap_or(' '));
        text.push_str(&format!("{first:>4}:{}\n", row.iter().enumerate().map(cell).collect::<String>()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::view::{DroppedView, OwnerView, SlotView};
    use super::*;

    fn source(id: &str, name: Option<&str>) -> SourceView {
        SourceView {
            source: id.into(),
            protocol: "sacn",
            name: name.map(str::to_owned),
            address: Some([10, 0, 0, 5].into()),
            priority: 100,
            has_slot_priorities: false,
            counts: true,
            rate_hz: 44.0,
            packets: 9,
            heard_s_ago: 0.0,
            sync: None,
            synchronised: false,
            sync_lost: false,
        }
    }

    #[test]
    fn levels_carry_the_letter_of_the_source_they_obey() {
        let mut levels = vec![0; 33];
        (levels[0], levels[1], levels[32]) = (255, 7, 9);
        let owners = [(1, 1, "a"), (2, 33, "b")];
        let dropped = DroppedView { late: 2, preview: 0, start_code: 0, terminated: 0, sources_exceeded: 0, sync: 0 };
        let universe = UniverseView {
            universe: 7,
            mode: "htp",
            levels,
            sources: vec![
                source("a", Some("desk")),
                SourceView { sync: Some(5), sync_lost: true, ..source("b", None) },
            ],
            owners: owners.map(|(first, last, id)| OwnerView { first, last, source: id.into(), priority: 100 }).into(),
            slots: vec![SlotView {
                slot: 1,
                level: 255,
                source: Some("a".into()),
                priority: Some(100),
                since_s: Some(1.5),
            }],
            dropped,
        };
        let view = View { universes: vec![universe], datagrams: 5, not_allowed: 1, bad: 0, elsewhere: 0 };
        let text = of(&view);
        let expected = [
            "Universe 7 (htp): 33 slots, 2 sources; not used: 2 late",
            "   source  from           priority    hz  state",
            "A  desk    sacn 10.0.0.5       100  44.0",
            "B  b       sacn 10.0.0.5       100  44.0  synchronisation 5 lost",
            "slot 1 is 255: desk, priority 100, for 1.5 s",
            "   1: 255A   7B   0B   0B   0B   0B   0B   0B   0B   0B   0B   0B   0B   0B   0B   0B",
            "  33:   9B",
            "",
            "5 datagrams; of other universes 0, not allowed 1, not understood 0",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}
