//! Small shows for the tests.

use cuelight_show::cue::{Drives, EffectContent};
use cuelight_show::{
    Address, Channel, Cue, CueList, CueNumber, Curve, Fixture, FixtureNumber, FixtureType, Group, Instruction, Level,
    ListNumber, Mode, Next, Playbacks, Score, Show, Stage, Target, Timing, Value,
};
use cuelight_wire::scene::{Master, Scene, Tempo};
use cuelight_wire::time::{Show as ShowClock, Time};

/// Show time in milliseconds.
pub(crate) fn ms(ms: i64) -> Time<ShowClock> {
    Time::from_ns(ms * 1_000_000)
}

pub(crate) fn number(text: &str) -> CueNumber {
    text.parse().unwrap()
}

pub(crate) fn slot(slot: u16) -> Address {
    Address::new(1, slot).unwrap()
}

fn channel(attribute: &str, offsets: &[u16], is_intensity: bool) -> Channel {
    Channel {
        attribute: attribute.into(),
        cell: 0,
        part: 0,
        offsets: offsets.into(),
        default: if attribute == "Pan" { Level(32_768) } else { Level::OFF },
        is_intensity,
        snaps: attribute == "Gobo1",
        physical: None,
    }
}

/// A moving light of eight slots: `Dimmer`, `Pan` in 16 bits, `Gobo1` that snaps, red, green, blue; and a dimmer.
pub(crate) fn types() -> Vec<FixtureType> {
    let spot = vec![
        channel("Dimmer", &[1], true),
        channel("Pan", &[2, 3], false),
        channel("Gobo1", &[4], false),
        channel("ColorAdd_R", &[5], false),
        channel("ColorAdd_G", &[6], false),
        channel("ColorAdd_B", &[7], false),
    ];
    let of = |name: &str, channels| FixtureType {
        name: name.into(),
        manufacturer: String::new(),
        modes: vec![Mode { name: "Standard".into(), channels }],
    };
    vec![of("Spot", spot), of("Dimmer", vec![channel("Dimmer", &[1], true)])]
}

/// Three spots at 1.101, 1.111 and 1.121 in the group `spots`; slots 1.1 to 1.99 are free.
pub(crate) fn spots() -> Show {
    let mut show = Show::default();
    for kind in types() {
        show.put_type(kind).unwrap();
    }
    for n in 1..=3 {
        show.fixtures.push(Fixture {
            number: FixtureNumber(n),
            label: String::new(),
            kind: "Spot".into(),
            mode: "Standard".into(),
            addresses: vec![slot(91 + 10 * n as u16)],
        });
    }
    let fixtures = (1..=3).map(FixtureNumber).collect();
    show.groups.push(Group { name: "spots".into(), fixtures });
    show
}

pub(crate) fn fixture(show: &Show, fixture: u32, attribute: &str) -> Target {
    let attribute = show.attributes().id(attribute).unwrap();
    Target::Fixture { fixture: FixtureNumber(fixture), cell: 0, attribute }
}

pub(crate) fn set(target: Target, percent: u32) -> Instruction {
    Instruction { target, value: Value::Level(Level::from_percent_milli(percent * 1_000).unwrap()) }
}

/// A cue that sets slots of universe 1 to percents, in an even fade.
pub(crate) fn cue(text: &str, fade_ms: u32, slots: &[(u16, u32)]) -> Cue {
    let mut cue = Cue::new(number(text));
    cue.timing = Timing::even(fade_ms, Curve::Linear);
    for (at, percent) in slots {
        cue.look.set(set(Target::Slot(slot(*at)), *percent));
    }
    cue
}

pub(crate) fn following(mut cue: Cue, next: Next) -> Cue {
    cue.next = next;
    cue
}

pub(crate) fn list(n: u16, cues: impl IntoIterator<Item = Cue>) -> CueList {
    let mut list = CueList::new(ListNumber(n));
    for cue in cues {
        list.insert(cue).unwrap();
    }
    list
}

pub(crate) fn effect(show: &Show, group: &str, drives: Drives) -> EffectContent {
    assert!(show.group(group).is_some());
    let scene = Scene { effect: cuelight_render::effects::by_name("rainbow").unwrap().id, ..Scene::default() };
    EffectContent { group: group.into(), scene, geometry: None, drives }
}

/// A show that is played.
pub(crate) struct Desk {
    pub(crate) show: Show,
    pub(crate) score: Score,
    pub(crate) playbacks: Playbacks,
    pub(crate) stage: Stage,
    pub(crate) master: Master,
}

pub(crate) const MAIN: ListNumber = ListNumber(1);
pub(crate) const SECOND: ListNumber = ListNumber(2);

impl Desk {
    pub(crate) fn new(show: Show) -> Self {
        assert_eq!(show.problems(), []);
        let score = Score::new(&show);
        let stage = Stage::new(&score);
        Self { show, score, playbacks: Playbacks::default(), stage, master: Master::DEFAULT }
    }
    pub(crate) fn of_lists(lists: impl IntoIterator<Item = CueList>) -> Self {
        Self::new(Show::of_lists(lists.into_iter().collect()))
    }
    pub(crate) fn go(&mut self, list: ListNumber, at: i64) -> CueNumber {
        self.playbacks.go(&self.score, list, ms(at)).unwrap()
    }
    /// Slot `at` of universe 1.
    pub(crate) fn slot(&mut self, at: u16, now: i64) -> u8 {
        let Self { stage, score, playbacks, master, .. } = self;
        stage.levels(score, playbacks, master, &Tempo::DEFAULT, ms(now)).slot(slot(at)).unwrap()
    }
}
