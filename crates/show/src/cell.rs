//! What a list gives one parameter: nothing, a level, or a part of an effect's picture, in 32 bits.

use crate::cue::{MAX_EFFECT_CELLS, MAX_EFFECTS};
use crate::level::Level;
use crate::rig::Component;

/// Marks a cell that is a part of an effect.
const EFFECT: u32 = 1 << 31;
const COMPONENT_BITS: u32 = 3;
const PIXEL_BITS: u32 = 10;
const _: () =
    assert!(MAX_EFFECT_CELLS == 1 << PIXEL_BITS && MAX_EFFECTS <= 1 << (31 - PIXEL_BITS - COMPONENT_BITS - 1));

/// What a list gives one parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell(u32);

/// A cell, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Nothing,
    Level(Level),
    Effect { effect: usize, pixel: usize, component: Component },
}

impl Cell {
    /// The list does not speak of the parameter.
    pub(crate) const NOTHING: Self = Self(u32::MAX);

    pub(crate) const fn level(level: Level) -> Self {
        Self(level.0 as u32)
    }
    /// Part `component` of pixel `pixel` of the list's effect number `effect`; both below their limits.
    pub(crate) const fn effect(effect: usize, pixel: usize, component: Component) -> Self {
        let component = match component {
            Component::Light(part) => part as u32,
            Component::Dark(part) => 3 + part as u32,
            Component::Brightest => 6,
        };
        Self(EFFECT | (effect as u32) << (PIXEL_BITS + COMPONENT_BITS) | (pixel as u32) << COMPONENT_BITS | component)
    }
    pub(crate) const fn is_nothing(self) -> bool {
        self.0 == Self::NOTHING.0
    }
    pub(crate) const fn is_effect(self) -> bool {
        self.0 & EFFECT != 0 && !self.is_nothing()
    }
    /// The level of a cell that is no effect: off where there is nothing.
    pub(crate) const fn plain(self) -> Level {
        if self.is_nothing() { Level::OFF } else { Level(self.0 as u16) }
    }
    /// The most it may give: an effect may be full.
    pub(crate) const fn most(self) -> Level {
        if self.0 & EFFECT == 0 {
            Level(self.0 as u16)
        } else if self.is_nothing() {
            Level::OFF
        } else {
            Level::FULL
        }
    }
    pub(crate) const fn content(self) -> Content {
        if self.is_nothing() {
            return Content::Nothing;
        }
        if self.0 & EFFECT == 0 {
            return Content::Level(Level(self.0 as u16));
        }
        let component = match (self.0 & ((1 << COMPONENT_BITS) - 1)) as u8 {
            part @ 0..3 => Component::Light(part),
            part @ 3..6 => Component::Dark(part - 3),
            _ => Component::Brightest,
        };
        let pixel = (self.0 >> COMPONENT_BITS) as usize & (MAX_EFFECT_CELLS - 1);
        Content::Effect { effect: ((self.0 & !EFFECT) >> (PIXEL_BITS + COMPONENT_BITS)) as usize, pixel, component }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_gives_back_what_was_put_in() {
        assert_eq!(Cell::NOTHING.content(), Content::Nothing);
        assert_eq!(Cell::level(Level::FULL).content(), Content::Level(Level::FULL));
        for component in [Component::Light(2), Component::Dark(0), Component::Brightest] {
            for (effect, pixel) in [(0, 0), (MAX_EFFECTS - 1, MAX_EFFECT_CELLS - 1), (17, 900)] {
                let cell = Cell::effect(effect, pixel, component);
                assert!(cell.is_effect() && !cell.is_nothing());
                assert_eq!(cell.content(), Content::Effect { effect, pixel, component });
            }
        }
        assert!(!Cell::NOTHING.is_effect() && !Cell::level(Level::FULL).is_effect());
        let effect = Cell::effect(3, 0, Component::Light(0));
        assert_eq!([Cell::NOTHING, Cell::level(Level(7)), effect].map(Cell::most), [Level::OFF, Level(7), Level::FULL]);
    }
}
