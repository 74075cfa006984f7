//! Patterns: pre-made pictures shown in place of an effect (`docs/protocol/85-pattern-files.md`).
//!
//! Which frame of a pattern a frame of the show has is arithmetic on show time alone, and the frame's indices follow from the
//! file alone, so all nodes show the same frame, and one that joins late or has to look for the pattern shows the right one
//! from its first frame on. [`Player`] finds frames at a bounded cost, `place` says which LED each pixel shows.

mod place;
mod player;

pub use player::{FRAMES_PER_CHECKPOINT, Player, PlayerError, work_len};

use cuelight_wire::scene::PatternPlay;
use cuelight_wire::time::FrameIndex;

use crate::color::Rgb16;
use crate::geometry::Geometry;

/// The patterns at hand when a frame is drawn.
pub trait Patterns {
    /// Draws what a pattern shows in a frame, as code values, one for each pixel of the geometry in the order of the wiring.
    /// `false`, and nothing drawn, when the pattern is not at hand: then its layer's effect is shown (PLAY-4).
    fn draw(&mut self, play: &PatternPlay, frame: FrameIndex, geometry: &Geometry, out: &mut [Rgb16]) -> bool;
}

/// No patterns: every layer shows its effect.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPatterns;

impl Patterns for NoPatterns {
    fn draw(&mut self, _: &PatternPlay, _: FrameIndex, _: &Geometry, _: &mut [Rgb16]) -> bool {
        false
    }
}

/// The patterns of a slice: the first with the wanted id is drawn.
#[derive(Debug)]
pub struct AtHand<'a, F, W>(pub &'a mut [Player<F, W>]);

impl<F, W> Patterns for AtHand<'_, F, W>
where
    F: AsRef<[u8]>,
    W: AsRef<[u8]> + AsMut<[u8]>,
{
    fn draw(&mut self, play: &PatternPlay, frame: FrameIndex, geometry: &Geometry, out: &mut [Rgb16]) -> bool {
        let player = self.0.iter_mut().find(|player| player.id() == play.id);
        player.map(|player| player.draw(play, frame, geometry, out)).is_some()
    }
}
