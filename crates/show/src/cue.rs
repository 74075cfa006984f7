//! One cue: what it looks like, how it gets there, and what comes after it.

use alloc::string::String;
use alloc::vec::Vec;

use cuelight_render::Geometry;
use cuelight_wire::scene::Scene;
use cuelight_wire::time::Span;

use crate::attribute::AttributeId;
use crate::fade::Timing;
use crate::fixture::{Address, FixtureNumber};
use crate::level::Level;
use crate::number::CueNumber;

/// The most effects in one cue list.
pub const MAX_EFFECTS: usize = 4_096;
/// The most fixtures, or cells of fixtures, one effect is drawn over.
pub const MAX_EFFECT_CELLS: usize = 1_024;

/// What an instruction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// An attribute of a fixture, or of one of its cells.
    Fixture {
        /// Which fixture.
        fixture: FixtureNumber,
        /// Which of its cells, from 1; 0 is the whole fixture.
        cell: u16,
        /// What of it.
        attribute: AttributeId,
    },
    /// A slot without a fixture. It is worked as a dimmer: an intensity of 8 bits.
    Slot(Address),
}

/// What an instruction says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Go to this level.
    Level(Level),
    /// The list lets go: what other lists say holds, or the default.
    Release,
}

/// One line of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What it is for.
    pub target: Target,
    /// What it says.
    pub value: Value,
}

/// What of a fixture an effect sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Drives {
    /// Its colour: red, green and blue, or cyan, magenta and yellow.
    #[default]
    Color,
    /// Its dimmer: the brightest part of the colour.
    Intensity,
    /// Both.
    Both,
}

/// An effect as content: drawn over fixtures as over pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectContent {
    /// The group whose fixtures, in their order, are the pixels; a fixture with coloured cells is as many pixels.
    pub group: String,
    /// What is drawn. Its phase begins with the cue.
    pub scene: Scene,
    /// How the pixels lie; in a line when nothing is said.
    pub geometry: Option<Geometry>,
    /// What of the fixtures it sets.
    pub drives: Drives,
}

/// Whose picture a scene is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SceneTarget {
    /// Every node.
    Show,
    /// The nodes of a group of the hub.
    Group(String),
    /// One node, by name.
    Node(String),
}

/// A scene of the LED side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneContent {
    /// Who shows it.
    pub target: SceneTarget,
    /// What is shown. It fades in over the cue's rise.
    pub scene: Scene,
}

/// What a cue says. Whatever it leaves out stays as it is: it tracks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Levels, in rising order of their targets, each target once.
    pub instructions: Vec<Instruction>,
    /// Effects; where two set the same, the later one holds, and an instruction holds over both.
    pub effects: Vec<EffectContent>,
    /// Scenes of the LED side; each target once.
    pub scenes: Vec<SceneContent>,
}

impl Look {
    /// Puts `instruction` into its place, over what was there for its target.
    pub fn set(&mut self, instruction: Instruction) {
        match self.instructions.binary_search_by_key(&instruction.target, |i| i.target) {
            Ok(at) => self.instructions[at] = instruction,
            Err(at) => self.instructions.insert(at, instruction),
        }
    }
    /// What it says for `target`.
    pub fn get(&self, target: Target) -> Option<Value> {
        let at = self.instructions.binary_search_by_key(&target, |i| i.target).ok()?;
        Some(self.instructions[at].value)
    }
    /// Removes what it says for `target`; returns whether there was anything.
    pub fn unset(&mut self, target: Target) -> bool {
        let found = self.instructions.binary_search_by_key(&target, |i| i.target);
        if let Ok(at) = found {
            self.instructions.remove(at);
        }
        found.is_ok()
    }
    /// Instructions in any order, the last of a target holding.
    pub fn from_instructions(mut instructions: Vec<Instruction>) -> Self {
        instructions.sort_by_key(|i| i.target);
        instructions.reverse();
        instructions.dedup_by_key(|i| i.target);
        instructions.reverse();
        Self { instructions, ..Self::default() }
    }
}

/// How the cue after this one begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Next {
    /// By GO.
    #[default]
    Go,
    /// By itself, so long after the start of this one, milliseconds.
    Follow(u32),
    /// By itself, so long after the end of this one's last fade, milliseconds; before it where negative, but never before
    /// the start.
    Hang(i32),
}

impl Next {
    /// How long after the start of a cue with these times the next one begins by itself.
    pub fn after(self, timing: &Timing) -> Option<Span> {
        match self {
            Self::Go => None,
            Self::Follow(ms) => Some(Span::from_ms(ms.into())),
            Self::Hang(ms) => Some((timing.duration() + Span::from_ms(ms.into())).max(Span::ZERO)),
        }
    }
}

/// A cue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// Its number, unique in its list.
    pub number: CueNumber,
    /// What people call it; may be empty.
    pub label: String,
    /// Whatever there is to know; may be empty.
    pub notes: String,
    /// How it gets there.
    pub timing: Timing,
    /// What comes after it.
    pub next: Next,
    /// Its changes end with it: the next cue goes on from the one before.
    pub is_cue_only: bool,
    /// Nothing tracks into it: what it does not say is released.
    pub is_block: bool,
    /// It takes everything it shows, also what only tracks into it: again with its own times, and from other lists.
    pub is_assert: bool,
    /// What it says.
    pub look: Look,
}

impl Cue {
    /// An empty cue that cuts.
    pub fn new(number: CueNumber) -> Self {
        Self {
            number,
            label: String::new(),
            notes: String::new(),
            timing: Timing::default(),
            next: Next::Go,
            is_cue_only: false,
            is_block: false,
            is_assert: false,
            look: Look::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hang_counts_from_completion_and_never_reaches_before_the_start() {
        let timing = Timing { fade_up_ms: 2_000, delay_down_ms: 2_500, fade_down_ms: 500, ..Timing::default() };
        let after = |next: Next| next.after(&timing);
        assert_eq!(after(Next::Go), None);
        assert_eq!(after(Next::Follow(1_500)), Some(Span::from_ms(1_500)));
        assert_eq!(after(Next::Hang(250)), Some(Span::from_ms(3_250)));
        assert_eq!(after(Next::Hang(-1_000)), Some(Span::from_ms(2_000)));
        assert_eq!(after(Next::Hang(i32::MIN)), Some(Span::ZERO));
    }

    #[test]
    fn the_last_instruction_for_a_target_holds() {
        let target = |slot| Target::Slot(Address::new(1, slot).unwrap());
        let line = |slot, level| Instruction { target: target(slot), value: Value::Level(Level(level)) };
        let look = Look::from_instructions([line(2, 1), line(1, 2), line(2, 3)].into());
        assert_eq!(look.instructions, [line(1, 2), line(2, 3)]);
        let mut again = Look::default();
        for (slot, level) in [(2, 1), (1, 2), (2, 3)] {
            again.set(line(slot, level));
        }
        assert_eq!(again, look);
        assert_eq!((look.get(target(2)), look.get(target(3))), (Some(Value::Level(Level(3))), None));
        assert!(again.unset(target(2)) && !again.unset(target(2)));
    }
}
