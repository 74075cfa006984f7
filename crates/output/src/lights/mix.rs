//! The show and what comes from the network, slot by slot. Implements DMX-56, DMX-57 and DMX-58.
//!
//! The show is one more source of each universe that is taken, at a priority of its own, for the slots that it drives. What
//! comes from the network has been merged already, and brings for each slot what a second merge needs; the outcome of both
//! is that of one merge of all sources. Nothing here allocates, locks or waits.

use cuelight_dmx::MAX_SLOTS;
use cuelight_dmx::merge::{Contribution, Merged, Outcome};
use cuelight_show::Universes;
use cuelight_show::rig::{Rig, SlotUse};
use cuelight_wire::time::{Local, Time};

use super::input::LightsInput;

/// What becomes of a universe is told once in so many frames, for people: four times a second at 44 Hz.
const FRAMES_A_TELLING: usize = 11;

/// The universes that are taken from the network, rising.
#[derive(Debug)]
pub(crate) struct Mixes {
    all: Vec<Mix>,
    frames: usize,
}

#[derive(Debug)]
struct Mix {
    input: LightsInput,
    /// What the network's sources came to, as it is shown: under a blackout without light.
    taken: Outcome,
    /// Its levels as they came.
    came: [u8; MAX_SLOTS],
    show: Contribution,
    network: Contribution,
    merged: Merged,
    /// Whether anybody says something now.
    is_spoken_for: bool,
    last: Last,
}

/// Who said something last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Nobody,
    /// The show, alone or not: when that is gone the universe is dark, as any of a show that is gone.
    Show,
    /// The network alone: when that is gone its loss is what counts.
    Network,
}

impl Mixes {
    pub(crate) fn new(mut inputs: Vec<LightsInput>) -> Self {
        inputs.sort_by_key(|input| input.universe);
        let all = inputs.into_iter().map(|input| Mix {
            show: Contribution::new(input.show_priority),
            network: Contribution::new(input.show_priority),
            input,
            taken: Outcome::NOTHING,
            came: [0; MAX_SLOTS],
            merged: Merged::new(),
            is_spoken_for: false,
            last: Last::Nobody,
        });
        Self { all: all.collect(), frames: 0 }
    }
    /// Whether nothing is taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Merges what is there now: the show's levels, if one is played, and what has come. `is_dark`: there is a blackout.
    pub(crate) fn work_out(&mut self, show: Option<(&Rig, &Universes)>, is_dark: bool, now: Time<Local>) {
        self.frames = self.frames.wrapping_add(1);
        for (i, mix) in self.all.iter_mut().enumerate() {
            let number = mix.input.universe;
            let said = show.and_then(|(rig, levels)| Some((rig.uses(number)?, levels.get(number)?)));
            mix.work_out(said, is_dark, now);
            if (self.frames + i).is_multiple_of(FRAMES_A_TELLING) {
                mix.input.mixed.publish(&mix.merged, &mix.taken);
            }
        }
    }

    /// The levels of a universe. The outer `None`: it is not taken; the inner: there is nothing to say.
    pub(crate) fn levels(&self, number: u16) -> Option<Option<&[u8]>> {
        let i = self.all.binary_search_by_key(&number, |mix| mix.input.universe).ok()?;
        self.all.get(i).map(Mix::levels)
    }
}

impl Mix {
    fn work_out(&mut self, show: Option<(&[SlotUse], &[u8])>, is_dark: bool, now: Time<Local>) {
        let stamp = self.taken.stamp;
        if self.input.taken.read(&mut self.taken) {
            self.came = self.taken.levels;
            if self.taken.stamp < stamp {
                // The count began again: who was latest is forgotten.
                self.show.clear_stamps();
            }
        }
        self.taken.levels = self.came;
        if is_dark {
            let uses = show.map(|(uses, _)| uses);
            let light = self.taken.levels.iter_mut().enumerate().filter(|(slot, _)| is_light(uses, *slot));
            light.for_each(|(_, level)| *level = 0);
        }
        self.network.set_outcome(&self.taken);
        if let Some((uses, levels)) = show {
            self.speak_for(uses);
            self.show.set_levels(levels, self.taken.stamp);
        }
        self.is_spoken_for = show.is_some() || self.taken.is_speaking;
        self.last = match (show.is_some(), self.taken.is_speaking) {
            (true, _) => Last::Show,
            (false, true) => Last::Network,
            (false, false) => self.last,
        };
        let show = show.is_some().then_some((0, &self.show));
        let network = self.taken.is_speaking.then_some((1, &self.network));
        self.merged.merge(self.input.mode, show.into_iter().chain(network), now);
    }

    /// The show says something about the slots that it drives, and leaves the others to the network.
    fn speak_for(&mut self, uses: &[SlotUse]) {
        let mut priorities = [0; MAX_SLOTS];
        let own = self.input.show_priority.number();
        for (priority, its) in priorities.iter_mut().zip(uses) {
            *priority = if *its == SlotUse::Free { 0 } else { own };
        }
        self.show.set_priorities(&priorities);
    }

    fn levels(&self) -> Option<&[u8]> {
        match self.last {
            _ if self.is_spoken_for => Some(self.merged.levels()),
            // DMX-58: the levels that are left, dark or full or as they were.
            Last::Network => Some(&self.taken.levels[..usize::from(self.taken.slots).min(MAX_SLOTS)]),
            Last::Show | Last::Nobody => None,
        }
    }
}

/// Whether a slot is light, as far as the show knows.
fn is_light(uses: Option<&[SlotUse]>, slot: usize) -> bool {
    uses.and_then(|uses| uses.get(slot)).is_none_or(|its| *its != SlotUse::Other)
}

#[cfg(test)]
mod tests {
    use cuelight_dmx::merge::Mode;
    use cuelight_dmx::priority::Priority;
    use cuelight_show::{
        Address, Cue, CueList, Instruction, Level, ListNumber, Look, Playbacks, Score, Show, Stage, Target, Value,
    };
    use cuelight_wire::scene::{Master, Tempo};
    use cuelight_wire::time::Show as ShowClock;

    use super::*;
    use crate::lights::input::{MixedReader, SHOW, TakenWriter, mixed, taken};

    const LIST: ListNumber = ListNumber(1);

    /// A show that brings slots 1 and 2 of universe 1 up, and what a network says about slots 1 to 4.
    struct Rehearsal {
        mixes: Mixes,
        network: TakenWriter,
        seen: MixedReader,
        score: Score,
        stage: Stage,
        playbacks: Playbacks,
    }

    impl Rehearsal {
        fn new(mode: Mode, show_priority: u8) -> Self {
            let mut list = CueList::new(LIST);
            for (number, levels) in [("1", [100_u8, 50]), ("2", [30, 50])] {
                let mut cue = Cue::new(number.parse().unwrap());
                let line = |(slot, level): (u16, u8)| Instruction {
                    target: Target::Slot(Address::new(1, slot).unwrap()),
                    value: Value::Level(Level::from_byte(level)),
                };
                cue.look = Look::from_instructions((1..).zip(levels).map(line).collect());
                list.insert(cue).unwrap();
            }
            let score = Score::new(&Show::of_lists(vec![list]));
            let stage = Stage::new(&score);
            let ((network, taken), (mixed, seen)) = (taken(), mixed());
            let show_priority = Priority::new(show_priority).unwrap();
            let mixes = Mixes::new(vec![LightsInput { universe: 1, mode, show_priority, taken, mixed }]);
            Self { mixes, network, seen, score, stage, playbacks: Playbacks::default() }
        }
        fn go(&mut self) {
            self.playbacks.go(&self.score, LIST, Time::ZERO).unwrap();
        }
        fn say(&mut self, levels: [u8; 4], priority: u8, stamp: u32) {
            let mut said = Outcome { slots: 4, stamp, is_speaking: true, ..Outcome::NOTHING };
            said.levels[..4].copy_from_slice(&levels);
            said.ranks[..4].fill(priority + 1);
            said.owners[..4].fill(3);
            said.stamps[..4].fill(stamp);
            self.network.publish(&said);
        }
        fn lose(&mut self, levels: [u8; 4]) {
            let mut said = Outcome { slots: 4, stamp: 1_000, ..Outcome::NOTHING };
            said.levels[..4].copy_from_slice(&levels);
            self.network.publish(&said);
        }
        /// The first four slots of the next frame.
        fn frame(&mut self, has_show: bool, is_dark: bool) -> Option<Vec<u8>> {
            let at: Time<ShowClock> = Time::from_us(10_000_000);
            let master = Master { blackout: is_dark, ..Master::DEFAULT };
            let levels = self.stage.levels(&self.score, &self.playbacks, &master, &Tempo::DEFAULT, at);
            self.mixes.work_out(has_show.then_some((self.score.rig(), levels)), is_dark, Time::from_ns(7));
            Some(self.mixes.levels(1).expect("it is taken")?[..4].to_vec())
        }
    }

    /// DMX-56
    #[test]
    fn a_show_is_merged_with_what_comes_by_priority_and_leaves_what_it_does_not_drive() {
        let mut at = Rehearsal::new(Mode::Htp, 100);
        at.go();
        assert_eq!(at.frame(true, false).unwrap(), [100, 50, 0, 0], "nothing has come");
        at.say([10, 200, 3, 4], 100, 1);
        assert_eq!(at.frame(true, false).unwrap(), [100, 200, 3, 4]);
        at.say([10, 20, 3, 4], 150, 2);
        assert_eq!(at.frame(true, false).unwrap(), [10, 20, 3, 4]);
        at.say([255, 255, 3, 4], 99, 3);
        assert_eq!(at.frame(true, false).unwrap(), [100, 50, 3, 4]);
        at.lose([255, 255, 3, 4]);
        assert_eq!(at.frame(true, false).unwrap(), [100, 50, 0, 0], "the show alone");
        assert_eq!(at.mixes.levels(2), None, "it is not taken");
    }

    /// DMX-11, DMX-56
    #[test]
    fn with_the_latest_taking_precedence_a_cue_and_a_desk_take_slots_from_each_other() {
        let mut at = Rehearsal::new(Mode::Ltp, 100);
        at.go();
        assert_eq!(at.frame(true, false).unwrap(), [100, 50, 0, 0]);
        at.say([10, 20, 3, 4], 100, 1);
        assert_eq!(at.frame(true, false).unwrap(), [10, 20, 3, 4]);
        at.go();
        assert_eq!(at.frame(true, false).unwrap(), [30, 20, 3, 4], "cue 2 moves slot 1 alone");
        at.say([10, 20, 3, 4], 100, 1);
        assert_eq!(at.frame(true, false).unwrap(), [30, 20, 3, 4], "the desk repeats itself");
        at.say([11, 20, 3, 4], 100, 2);
        assert_eq!(at.frame(true, false).unwrap(), [11, 20, 3, 4]);
    }

    /// DMX-57
    #[test]
    fn a_blackout_takes_the_light_of_the_network_too_and_gives_it_back() {
        let mut at = Rehearsal::new(Mode::Htp, 100);
        at.go();
        at.say([10, 200, 3, 4], 150, 1);
        assert_eq!(at.frame(true, true).unwrap(), [0, 0, 0, 0]);
        assert_eq!(at.frame(true, false).unwrap(), [10, 200, 3, 4]);
        let uses = [SlotUse::Other, SlotUse::Intensity, SlotUse::Free];
        let light: Vec<_> = (0..3).map(|slot| is_light(Some(&uses), slot)).collect();
        assert_eq!(light, [false, true, true], "what a fixture does besides shining stays");
    }

    /// DMX-58
    #[test]
    fn when_all_are_gone_what_the_network_left_stays_and_what_a_show_left_is_dark() {
        let mut at = Rehearsal::new(Mode::Htp, 100);
        assert_eq!(at.frame(false, false), None, "nobody ever said anything");
        at.say([10, 20, 3, 4], 100, 1);
        assert_eq!(at.frame(false, false).unwrap(), [10, 20, 3, 4]);
        at.lose([10, 20, 3, 4]);
        assert_eq!(at.frame(false, false).unwrap(), [10, 20, 3, 4], "held");
        assert_eq!(at.frame(false, true).unwrap(), [0; 4], "and dark in a blackout");
        at.go();
        assert_eq!(at.frame(true, false).unwrap(), [100, 50, 0, 0]);
        assert_eq!(at.frame(false, false), None, "the show is gone");
    }

    /// DMX-25
    #[test]
    fn every_slot_says_whether_it_obeys_the_show_or_which_source() {
        let mut at = Rehearsal::new(Mode::Htp, 100);
        at.go();
        at.say([10, 200, 3, 4], 100, 1);
        assert!(at.seen.get().is_none());
        for _ in 0..FRAMES_A_TELLING {
            at.frame(true, false);
        }
        let seen = at.seen.get().unwrap();
        let owner = |slot| seen.owner(slot).map(|owned| (owned.source, owned.level, owned.priority.number()));
        assert_eq!((owner(0), owner(1)), (Some((SHOW, 100, 100)), Some((3, 200, 100))));
        assert_eq!((owner(3), owner(4)), (Some((3, 4, 100)), None));
        assert_eq!((seen.levels().len(), seen.owner(1).unwrap().since), (512, Time::from_ns(7)));
    }
}
