//! Files that are right, and faults as people read them.

use cuelight_show::{CueNumber, Level, ListNumber, Next, Playbacks, Score, Stage};
use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::Time;

use crate::{read, schema, write};

const EXAMPLE: &str = r##"show-file = 1
label = "Two spots"

[[fixture-type]]
name = "Spot"
manufacturer = "Nobody"
[[fixture-type.mode]]
name = "Standard"
channels = [
  { attribute = "Dimmer", slots = [1] },
  { attribute = "Pan", slots = [2, 3], default = 50, range = [-270, 270.5, "deg"] },
  { attribute = "Gobo1", slots = [4], snap = true },
  { attribute = "ColorAdd_R", slots = [5], cell = 1 },
  { attribute = "ColorAdd_R", slots = [6], cell = 2 },
]

[[fixture]]
number = 2
type = "Spot"
mode = "Standard"
address = ["1.111"]

[[fixture]]
number = 1
label = "left"
type = "Spot"
mode = "Standard"
address = ["1.101"]

[[group]]
name = "spots"
fixtures = ["1..2"]

[[list]]
number = 1
label = "Main"
back = "2s"

[[list.cue]]
number = 1.5
label = "Blackout \"slow\""
notes = "before the doors open"
fade = { up = "3s", down = "500ms" }
delay = 0.25
curve = "s-curve"
hang = "-1s"
[[list.cue.set]]
group = "spots"
levels = { Dimmer = 80, Pan = "1/65535", "ColorAdd_R#2" = "128/255" }
[[list.cue.set]]
slots = ["1.1", "1.3..1.5"]
level = 33.333

[[list.cue]]
number = 1
block = true
[[list.cue.set]]
fixtures = [2]
levels = { Dimmer = "release" }
[[list.cue.effect]]
group = "spots"
scene = { preset = "Ocean", speed = 10, colors = ["#ff0000"] }
geometry = "strip:4"
[[list.cue.scene]]
target = "node:left wall"
scene = { effect = "fire" }
"##;

#[test]
fn a_file_is_played_as_it_says() {
    let show = read(EXAMPLE).unwrap();
    let list = show.list(ListNumber(1)).unwrap();
    let [first, second] = list.cues() else { panic!("{list:?}") };
    assert_eq!(
        (first.number, second.number),
        (CueNumber::from_milli(1_000).unwrap(), CueNumber::from_milli(1_500).unwrap())
    );
    assert_eq!((list.back_ms, second.next, second.timing.delay_down_ms), (2_000, Next::Hang(-1_000), 250));
    assert!(first.is_block && first.look.scenes.len() == 1 && first.look.effects.len() == 1);
    let score = Score::new(&show);
    let mut playbacks = Playbacks::default();
    playbacks.go_to(&score, ListNumber(1), second.number, Some(0), Time::ZERO).unwrap();
    let mut stage = Stage::new(&score);
    let levels = stage.levels(&score, &playbacks, &Master::DEFAULT, &Tempo::DEFAULT, Time::ZERO);
    let slots = levels.get(1).unwrap();
    // Dimmer, pan of 1, gobo, cells: cell 1 has the effect of cue 1.
    assert_eq!([slots[100], slots[101], slots[102], slots[103], slots[105]], [204, 0, 1, 0, 128]);
    assert_eq!([slots[0], slots[1], slots[2], slots[4]], [85, 0, 85, 85]);
    assert_eq!(Level::from_percent_milli(33_333).unwrap().byte(0), 85);
}

#[test]
fn a_file_that_was_written_reads_as_the_same_show() {
    let show = read(EXAMPLE).unwrap();
    let text = write(&show).unwrap();
    let again = read(&text).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
    assert_eq!(again.lists, show.lists);
    assert_eq!((again.types(), &again.fixtures, &again.groups), (show.types(), &show.fixtures, &show.groups));
    assert_eq!((again.label.as_str(), write(&again).unwrap()), ("Two spots", text));
}

#[test]
fn a_fault_says_where_what_and_what_to_do() {
    let told = |from: &str, to: &str| {
        assert!(EXAMPLE.contains(from), "{from}");
        let faults = read(&EXAMPLE.replacen(from, to, 1)).unwrap_err();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let mut wrong = Vec::new();
    for (from, to, expected) in [
        ("1.111", "1.103", "17:1: fixture 2: fixture 2 at 1.103 to 1.108 and fixture 1 (left) at 1.101 to 1.106 share"),
        ("number = 1.5", "number = 1.2345", "40:10: expected a cue number"),
        ("delay = 0.25", "delay = -1", "39:1: a time is negative: only hang may be"),
        ("hang = \"-1s\"", "hang = \"-1s\"\nfollow = 2", "39:1: cue 1.5 has follow and hang: choose one"),
        ("Dimmer = 80", "Dimmer = 101", "expected a level in percent from 0 to 100"),
        ("Dimmer = 80", "Zoom = 80", "no fixture type has Zoom"),
        ("block = true", "blok = true", "unknown field `blok`"),
        ("preset = \"Ocean\"", "preset = \"Otean\"", "there is no preset \"Otean\""),
        ("show-file = 1", "show-file = 2", "1:13: this program reads show-file = 1, not 2"),
        ("mode = \"Standard\"", "mode = \"Basic\"", "fixture 2: \"Spot\" has no mode \"Basic\"; it has \"Standard\""),
        ("\"1..2\"", "\"1..4000000000\"", "fixtures are named: shorten the range"),
        ("node:left wall", "wall", "expected show, group:NAME or node:NAME, found \"wall\""),
        ("number = 1\nblock", "number = 1.5\nblock", "list 1 cue 1.5: the list has a cue of this number"),
        ("[[list]]", "[[list]", "34:8: unclosed array table"),
    ] {
        let told = told(from, to);
        if !told.contains(expected) {
            wrong.push(format!("{from:?} -> {to:?}: {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_show_file_is_known_by_its_first_key_even_when_the_rest_is_broken() {
    assert!(crate::is_show_file(EXAMPLE) && crate::is_show_file("# a show\nshow-file=1\n[[list]"));
    assert!(
        !crate::is_show_file("[hub]\nshow-file = 1")
            && !crate::is_show_file("show-files = 1")
            && !crate::is_show_file("")
    );
}

#[test]
fn the_schema_that_is_kept_is_that_of_the_format() {
    let kept = include_str!("../schema/show-file.json");
    assert!(
        kept == schema(),
        "renew it: cargo run -p cuelight-showfile --example schema > crates/showfile/schema/show-file.json"
    );
}

const STRIP: &str = r##"show-file = 1

[[fixture-type]]
name = "Strip"
[[fixture-type.mode]]
name = "GRB"
pixels = { count = 300, order = "grb" }

[[fixture]]
number = 1
type = "Strip"
mode = "GRB"
address = ["5.1"]

[[group]]
name = "strip"
fixtures = [1]

[[list]]
number = 1
[[list.cue]]
number = 1
[[list.cue.set]]
fixtures = [1]
levels = { "ColorAdd_R#*" = 100, "ColorAdd_B#171" = 50 }
[[list.cue]]
number = 2
[[list.cue.effect]]
group = "strip"
scene = { effect = "rainbow", palette = "rainbow" }
"##;

#[test]
fn pixels_go_on_in_the_next_universe_and_take_levels_and_effects() {
    let show = read(STRIP).unwrap();
    let addresses: Vec<_> = show.fixtures[0].addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["5.1", "6.1"]);
    let score = Score::new(&show);
    let (mut playbacks, mut stage) = (Playbacks::default(), Stage::new(&score));
    playbacks.go(&score, ListNumber(1), Time::ZERO).unwrap();
    let levels = stage.levels(&score, &playbacks, &Master::DEFAULT, &Tempo::DEFAULT, Time::ZERO);
    assert_eq!(levels.get(5).unwrap()[507..], [0, 255, 0, 0, 0]);
    assert_eq!(levels.get(6).unwrap()[..6], [0, 255, 128, 0, 255, 0]);
    assert_eq!(levels.get(6).unwrap()[387..392], [0, 255, 0, 0, 0]);
    // An effect is drawn over all of them as over one strip: the last pixel is not the first one again.
    playbacks.go(&score, ListNumber(1), Time::from_us(1_000_000)).unwrap();
    let levels = stage.levels(&score, &playbacks, &Master::DEFAULT, &Tempo::DEFAULT, Time::from_us(1_500_000));
    let pixel = |universe, slot: usize| &levels.get(universe).unwrap()[slot..slot + 3];
    assert!(pixel(5, 0) != pixel(5, 300) && pixel(5, 300) != pixel(6, 300));
    assert_eq!(pixel(6, 390), [0; 3]);
}

#[test]
fn pixels_are_written_as_they_were_read() {
    let text = write(&read(STRIP).unwrap()).unwrap();
    assert!(text.contains("pixels = { count = 300, order = \"grb\" }\n"), "{text}");
    assert!(text.contains("address = [\"5.1\"]\n"), "{text}");
    let again = read(&text).unwrap();
    assert_eq!(again.fixtures, read(STRIP).unwrap().fixtures);
    assert_eq!(write(&again).unwrap(), text);
}

#[test]
fn pixels_that_cannot_be_are_told_where_they_stand() {
    let told = |from: &str, to: &str| read(&STRIP.replace(from, to)).unwrap_err()[0].to_string();
    assert_eq!(told("count = 300", "count = 0"), "7:10: expected 1 to 32768 pixels");
    assert!(told("\"grb\"", "\"rgg\"").starts_with("7:10: expected the order of the colours"));
    assert_eq!(
        told("\"5.1\"", "\"5.4\""),
        "9:1: fixture 1: it takes 510 slots from 5.4 on, but universe 5 ends at slot 512: patch it at 5.3 or lower"
    );
    assert_eq!(
        told("\"ColorAdd_R#*\"", "\"ColorAdd_W#*\""),
        "23:1: no fixture type has ColorAdd_W#*: expected an attribute, ATTRIBUTE#CELL or ATTRIBUTE#*"
    );
    assert_eq!(
        told("pixels = { count = 300, order = \"grb\" }", ""),
        "3:1: mode \"GRB\" has neither channels nor pixels"
    );
}
